"""The write-ahead log is brought back into the database, so that it stays small."""

from webmailadmin.database import db, patience

MILLISECONDS_TO_WAIT = 100


def checkpoint() -> None:
    """Move the log into the database and begin it anew, unless somebody reads or writes just now.

    Its file is kept: see journal_size_limit in `database.py`.
    """
    # While it waits for readers nobody can write: with the usual patience it would hold up a page
    # for seconds. The next try comes soon.
    with patience(MILLISECONDS_TO_WAIT):
        db.execute_sql("PRAGMA wal_checkpoint(RESTART)").fetchall()
