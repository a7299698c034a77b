"""The database: one SQLite file in WAL mode, one connection per thread.

Postfix and Dovecot read the same file as users that can never write. They can open it only while
`-wal` and `-shm` lie beside it, so every connection of ours leaves these files when it closes.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import peewee
from playhouse.cysqlite_ext import CySqliteDatabase
from playhouse.migrations import Runner

from webmailadmin import snapshot
from webmailadmin.snapshot import APPLICATION_ID

SQLITE_FCNTL_PERSIST_WAL = 10
MIGRATIONS = Path(__file__).parent / "migrations"
MILLISECONDS_TO_MIGRATE = 60_000  # so long another process waits that starts at the same time
BEFORE = re.compile(r"before-(?:[0-9]{4}|restore)-([0-9]{8}-[0-9]{6})\.db")
BEFORE_KEPT = 5
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


def open_database(folder: Path) -> Path | None:
    """Open, or create, the database in `folder` and bring its schema up to date.

    Return the file that holds it as it was before, if it had another schema.
    Raises DatabaseUnusable when the folder cannot be written, the file is not ours or damaged,
    a newer version of the program has already changed it, or it could not be kept as it was.
    """
    os.umask(0o027)
    path = folder / "webmailadmin.db"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(f"Cannot make the folder {folder}: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise DatabaseUnusable(f"The folder {folder} is not writable for this user.")
    db.init(str(path))
    try:
        connect()
        return migrate(path)
    except peewee.OperationalError as error:  # locked, or the disk: it says nothing of the file
        raise DatabaseUnusable(f"{path} cannot be used: {error}.") from error
    except peewee.DatabaseError as error:
        raise DatabaseUnusable(
            f"{path} cannot be used: {error}; `webmailadmin restore FILE` brings back a backup."
        ) from error


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


@contextmanager
def another(path: Path) -> Iterator[MailDatabase]:
    """Open a database a second time, or another one, whatever its schema."""
    database = MailDatabase(str(path), lock_type="IMMEDIATE", pragmas=PRAGMAS)
    database.connect()
    try:
        yield database
    finally:
        database.close()


def migrate(path: Path) -> Path | None:
    """Apply the numbered steps in `migrations/` that this file has not seen: all, or none.

    Return the file that holds the database as it was before, unless it was empty or up to date.
    """
    if not pending(path):
        return None
    before = None
    db.pragma("foreign_keys", 0)  # a step may make a table anew; all is looked at in the end
    try:
        # One at a time: who comes second finds nothing left to do.
        with patience(MILLISECONDS_TO_MIGRATE), db.atomic():
            if steps := pending(path):
                before = keep_before(path, steps[0][:4]) if db.get_tables() else None
                apply(path)
    except BaseException:
        if before:
            before.unlink()  # it is what is still there
        raise
    finally:
        db.pragma("foreign_keys", 1)
    return before


def pending(path: Path) -> list[str]:
    """Return the steps that are still to be done. Raises DatabaseUnusable if it is not ours."""
    found = db.pragma("application_id")
    if found not in (0, APPLICATION_ID) or (found == 0 and db.get_tables()):
        raise DatabaseUnusable(f"{path} is not a database of webmailadmin.")
    steps = Runner(db, str(MIGRATIONS)).status()
    if any(step.path is None for step in steps):
        raise DatabaseUnusable(
            f"{path} was changed by a newer version of webmailadmin: start that version."
        )
    return [step.name for step in steps if not step.applied]


def apply(path: Path) -> None:
    """Apply all steps, within a transaction."""
    Runner(db, str(MIGRATIONS)).up()
    if db.execute_sql("PRAGMA foreign_key_check").fetchall():
        raise DatabaseUnusable(
            f"{path} has rows that refer to nothing, and is left as it is: bring back a backup."
        )
    db.pragma("application_id", APPLICATION_ID, permanent=False)


def keep_before(path: Path, what: str) -> Path:
    """Back up a database before `what` is done to it; of the earlier such files, keep a few.

    what: the number of a step, or "restore". Somebody holds the write lock: what a connection of
    its own reads is then all that was ever committed.
    Raises DatabaseUnusable.
    """
    before = before_named(path, what)
    try:
        with another(path) as reader:
            snapshot.write(reader, before)
    except snapshot.NoSnapshot as trouble:
        raise DatabaseUnusable(f"{path} is left as it is. {trouble}") from trouble
    names = {file.name for file in path.parent.iterdir()} - {before.name}
    earlier = [found for name in names if (found := BEFORE.fullmatch(name))]
    for found in sorted(earlier, key=lambda found: found[1])[: 1 - BEFORE_KEPT]:
        path.with_name(found[0]).unlink()
    return before


def before_named(path: Path, what: str) -> Path:
    """Return a free name with the time of now; a second later, if that is taken."""
    moment = datetime.now(UTC)
    while (before := path.with_name(f"before-{what}-{moment:%Y%m%d-%H%M%S}.db")).exists():
        moment += timedelta(seconds=1)
    return before
