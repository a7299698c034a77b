"""The database: one SQLite file in WAL mode, one connection per thread.

Postfix and Dovecot read the same file as users that can never write. They can open it only while
`-wal` and `-shm` lie beside it, so every connection of ours leaves these files when it closes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
from playhouse.cysqlite_ext import CySqliteDatabase
from playhouse.migrations import Runner

APPLICATION_ID = 0x776D6131  # "wma1": `file` and a restore can tell our file from another's
SQLITE_FCNTL_PERSIST_WAL = 10
MIGRATIONS = Path(__file__).parent / "migrations"
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: a password that was confirmed must survive a power cut
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "mmap_size": 0,
    # So much of the log is kept once it is in the database, and written over: room to log in and
    # to set things right on a disk that is full.
    "journal_size_limit": 2**20,
}


class DatabaseUnusable(Exception):
    """The database cannot be used. Its text is one sentence for the person who starts us."""


class MailDatabase(CySqliteDatabase):  # type: ignore[misc]
    """SQLite whose WAL files outlive its last connection."""

    def _add_conn_hooks(self, conn: Any) -> None:
        conn.file_control(SQLITE_FCNTL_PERSIST_WAL, 1)
        super()._add_conn_hooks(conn)

    def rollback(self) -> None:
        """Undo the transaction, unless SQLite has done so itself, as it does on a full disk."""
        if self.connection().in_transaction:
            super().rollback()

    def savepoint(self, sid: str | None = None) -> "Savepoint":
        """Return a nested transaction."""
        return Savepoint(self, sid)


class Savepoint(peewee._savepoint):
    """A nested transaction whose outer one SQLite may have undone already."""

    def rollback(self, begin: bool = True) -> None:
        """Undo what was done since its begin."""
        if self.db.connection().in_transaction:
            super().rollback(begin)


db = MailDatabase(None, lock_type="IMMEDIATE", pragmas=PRAGMAS, autoconnect=False)


def open_database(folder: Path) -> None:
    """Open, or create, the database in `folder` and bring its schema up to date.

    Raises DatabaseUnusable when the folder cannot be written, the file is not ours or damaged,
    or a newer version of the program has already changed it.
    """
    os.umask(0o027)
    path = folder / "webmailadmin.db"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(f"Cannot make the folder {folder}: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseUnusable(f"The folder {folder} is not writable for this user.")
    db.init(str(path))
    try:
        connect()
        migrate(path)
    except peewee.DatabaseError as error:
        raise DatabaseUnusable(f"{path} cannot be used: {error}.") from error


def open_as_it_is(folder: Path) -> None:
    """Open the database in `folder`; make nothing, change nothing, bring nothing up to date.

    Raises DatabaseUnusable, also when one of its three files is missing: who opens it then makes
    them anew, beside those that a running panel may still write to.
    """
    for path in files(folder):
        if not path.exists():
            raise DatabaseUnusable(f"{path} is missing.")
    db.init(str(folder / "webmailadmin.db"))
    try:
        connect()
        db.pragma("application_id")
    except peewee.DatabaseError as error:
        raise DatabaseUnusable(f"{folder / 'webmailadmin.db'} cannot be used: {error}.") from error


def files(folder: Path) -> list[Path]:
    """Return the three files that are the database in `folder`."""
    return [folder / f"webmailadmin.db{end}" for end in ("", "-wal", "-shm")]


def connect() -> None:
    """Give this thread its connection, unless it has one."""
    db.connect(reuse_if_open=True)


@contextmanager
def patience(milliseconds: int) -> Iterator[None]:
    """Wait no longer than this for somebody else who writes, in what stands in the block."""
    db.pragma("busy_timeout", milliseconds)
    try:
        yield
    finally:
        db.pragma("busy_timeout", PRAGMAS["busy_timeout"])


def rest() -> None:
    """End what a request left open, and keep the thread's connection for the next one."""
    if not db.is_closed() and db.in_transaction():
        db.rollback()


def migrate(path: Path) -> None:
    """Apply the numbered steps in `migrations/` that this file has not seen."""
    found = db.pragma("application_id")
    if found not in (0, APPLICATION_ID) or (found == 0 and db.get_tables()):
        raise DatabaseUnusable(f"{path} is not a database of webmailadmin.")
    runner = Runner(db, str(MIGRATIONS))
    steps = runner.status()
    if any(step.path is None for step in steps):
        raise DatabaseUnusable(
            f"{path} was changed by a newer version of webmailadmin: start that version."
        )
    if all(step.applied for step in steps):
        return
    runner.up()
    if db.execute_sql("PRAGMA foreign_key_check").fetchall():
        raise DatabaseUnusable(f"{path} has rows that refer to nothing: bring back a backup.")
    db.pragma("application_id", APPLICATION_ID, permanent=False)
