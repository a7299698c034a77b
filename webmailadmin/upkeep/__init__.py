"""What is done on mail files and mail servers after a rule's commit, and on schedule."""
