"""The mail-file helper: counts, packs and deletes mail files for the panel, as their owner.

A process of its own (`python -m webmailadmin.servers.helper`) that never opens the database.
What it is asked, it takes for hostile; what it finds in a mailbox too.
"""
