"""webmailadmin: a panel for the mail addresses of a small hoster."""
