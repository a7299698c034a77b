"""A copy of the database in one file: consistent, checked, and whole or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import peewee
from playhouse.cysqlite_ext import CySqliteDatabase

APPLICATION_ID = 0x776D6131  # "wma1": `file` and a restore can tell our file from another's
FOR_US_ALONE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
# Nothing in a file that came from elsewhere is trusted.
PRAGMAS = {"query_only": 1, "trusted_schema": 0, "cell_size_check": 1}


class NoSnapshot(Exception):
    """The copy was not made, and nothing is left of it. Its text is one sentence."""


class Unsound(Exception):
    """A file is not a whole database of ours. Its text is what follows the file's name."""


class NotOurs(Unsound):
    """A file is the whole database of another program."""


def write(database: CySqliteDatabase, path: Path, *, replace: bool = False) -> int:
    """Copy what `database` holds at this moment into `path`; return the bytes of that file.

    It is readable for us alone from its first byte. Others go on reading and writing meanwhile.
    replace: also over an existing file.
    Raises NoSnapshot.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if not replace and os.path.lexists(path):
            raise NoSnapshot(f"{path} exists already.")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, FOR_US_ALONE, 0o600))
        # One reading transaction; the copy needs no -wal beside it.
        database.execute_sql("VACUUM INTO ?", (str(partial),))
        with opened(partial) as copy:
            refuse_unsound(copy)
        sync(partial)
        put(partial, path, replace=replace)
        sync(path.parent)
        return path.stat().st_size
    except OSError as error:
        raise NoSnapshot(f"Cannot back up to {path}: {error.strerror}.") from error
    except peewee.DatabaseError as error:
        raise NoSnapshot(f"Cannot back up to {path}: {error}.") from error
    except Unsound as trouble:
        raise NoSnapshot(f"Cannot back up to {path}: the copy {trouble}.") from trouble
    finally:
        with suppress(OSError):
            partial.unlink()


def put(partial: Path, path: Path, *, replace: bool) -> None:
    """Give a file its name. Raises FileExistsError when that was taken meanwhile."""
    if replace:
        partial.rename(path)
    else:
        path.hardlink_to(partial)  # unlike a rename, never over another file


def sync(path: Path) -> None:
    """Return once a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def refuse_unsound(database: CySqliteDatabase) -> None:
    """Raise Unsound unless this is a whole database of ours, with every row where it belongs.

    Raises NotOurs, which is one of them, when it is sound and somebody else's.
    """
    try:
        damage = first(database, "PRAGMA integrity_check")
        if damage != ("ok",):
            raise Unsound(f"is damaged: {damage[0]}")
        if database.pragma("application_id") != APPLICATION_ID:
            raise NotOurs("is not a database of webmailadmin")
        if first(database, "PRAGMA foreign_key_check"):
            raise Unsound("has rows that refer to nothing")
    except peewee.OperationalError:
        raise  # locked, or the disk: it says nothing of the file
    except peewee.DatabaseError as error:
        raise Unsound("is damaged, or no database at all") from error


@contextmanager
def opened(path: Path) -> Iterator[CySqliteDatabase]:
    """Open a file that nobody else has open, to read it. Raises Unsound."""
    database = CySqliteDatabase(str(path), pragmas=PRAGMAS)
    try:
        database.connect()
    except peewee.DatabaseError as error:
        raise Unsound("is damaged, or no database at all") from error
    try:
        yield database
    finally:
        database.close()


def first(database: CySqliteDatabase, statement: str) -> Any:
    """Return the first row of an answer, None if there is none."""
    return database.execute_sql(statement).fetchone()
