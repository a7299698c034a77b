"""The write-ahead log is brought back into the database, so that it stays small."""

from webmailadmin.database import PRAGMAS, db

MILLISECONDS_TO_WAIT = 100


def checkpoint() -> None:
    """Move the log into the database and empty it, unless somebody reads or writes just now."""
    # While it waits for readers nobody can write: with the usual patience it would hold up a page
    # for seconds. The next try comes soon.
    db.pragma("busy_timeout", MILLISECONDS_TO_WAIT)
    try:
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.pragma("busy_timeout", PRAGMAS["busy_timeout"])
