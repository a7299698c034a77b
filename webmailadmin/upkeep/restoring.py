"""A backup is brought back, in place, while the panel and the mail servers have the file open.

All is made ready on a copy. Then that is written into the living file in one transaction: whoever
reads sees the state before or the one after. The file is never replaced by another: its readers
would stay with the old one, and a new one would find the old -wal beside it.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import cysqlite
import peewee

from webmailadmin import database, snapshot
from webmailadmin.database import DatabaseUnusable, MailDatabase
from webmailadmin.mail import restored
from webmailadmin.mail.restored import State
from webmailadmin.servers import mailfiles

# SQLITE_DBCONFIG_RESET_DATABASE: whatever is in the file counts as nothing, and is written over.
RESET = 1009
NAME = "webmailadmin.db"
WORK = "restoring"

Backup = Sequence[BinaryIO]  # the file, and its log if it has one


class CannotRestore(Exception):
    """Nothing was brought back, and the database is as before. Its text is one sentence."""


@dataclass
class Outcome:
    """What a restore did.

    moment: when the state that came back was changed last. kept: the file with the state before,
    None when there was none. emptied: addresses whose messages are not on the disk. left: homes
    on the disk that are nobody's any more, each with the address it had. unasked: why the mail
    files could not be looked at.
    """

    moment: datetime
    kept: Path | None
    emptied: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    unasked: str = ""


@contextmanager
def opened(file: Path) -> Iterator[Backup]:
    """Open a backup, and the log beside it if there is one. Raises CannotRestore."""
    with ExitStack() as files:
        try:
            backup = [files.enter_context(file.open("rb"))]
            with suppress(FileNotFoundError):
                backup.append(files.enter_context(Path(f"{file}-wal").open("rb")))
        except OSError as error:
            raise CannotRestore(f"Cannot read {file}: {error.strerror}.") from error
        yield backup


def restore(backup: Backup, data: Path, *, as_it_is: bool = False) -> Outcome:
    """Make what `backup` holds the database in the folder `data`.

    as_it_is: with the schema that it has, for the version of the program that goes with it.
    Raises CannotRestore.
    """
    try:
        with made_ready(backup, data / WORK, as_it_is=as_it_is):
            earlier = restored.state(database.db)
            moment, kept, present = put_back(earlier, data / NAME)
    except OSError as error:
        raise CannotRestore(f"Cannot restore into {data}: {error.strerror}.") from error
    except (peewee.DatabaseError, cysqlite.Error) as error:
        raise CannotRestore(f"Cannot restore into {data / NAME}: {error}.") from error
    except DatabaseUnusable as error:
        raise CannotRestore(str(error)) from error
    outcome = Outcome(moment, kept)
    look_for_files(outcome, earlier, present)
    return outcome


@contextmanager
def made_ready(backup: Backup, work: Path, *, as_it_is: bool) -> Iterator[None]:
    """Have a copy of `backup` open in the folder `work`, checked and with the schema it will have.

    Raises CannotRestore, DatabaseUnusable.
    """
    shutil.rmtree(work, ignore_errors=True)  # of one that was broken off
    work.mkdir(mode=0o700)
    try:
        for file, ending in zip(backup, ("", "-wal"), strict=False):
            with (work / (NAME + ending)).open("wb") as copy:
                shutil.copyfileobj(file, copy)
        refuse_unsound(work / NAME, backup[0].name)
        try:
            open_copy(work, backup[0].name, as_it_is=as_it_is)
            yield
        finally:
            database.db.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def refuse_unsound(copy: Path, name: str) -> None:
    """Raise CannotRestore unless a copy of the file `name` is a whole database of ours."""
    try:
        with snapshot.opened(copy) as found:
            snapshot.refuse_unsound(found)
    except snapshot.Unsound as trouble:
        raise CannotRestore(f"{name} {trouble}.") from trouble


def open_copy(work: Path, name: str, *, as_it_is: bool) -> None:
    """Open the copy of the file `name`. Raises CannotRestore when a newer version made it."""
    try:
        if as_it_is:
            database.db.init(str(work / NAME))
            database.connect()
            database.pending(work / NAME)
        else:
            database.open_database(work)
    except DatabaseUnusable as error:
        if isinstance(error.__cause__, peewee.OperationalError):
            raise error.__cause__ from error  # the disk's fault, and not the file's
        raise CannotRestore(str(error).replace(str(work / NAME), name)) from error


def put_back(earlier: State, path: Path) -> tuple[datetime, Path | None, State]:
    """Write the database that is open into the one at `path`, which may be damaged or missing.

    Return when it was changed last, the file that keeps what was there, and what that said.
    """
    if not path.exists() or not path.stat().st_size:
        with database.another(path) as live:
            moment = restored.settle(earlier, State())
            database.db.backup(live)
            return moment, None, State()
    if is_sound(path):
        return put_over(earlier, path)
    kept = copy_damaged(path)
    moment = restored.settle(earlier, State())
    put_over_damage(path)
    return moment, kept, State()


def is_sound(path: Path) -> bool:
    """Say whether the living database can be read to its end.

    Raises CannotRestore when it is the whole database of another program.
    """
    try:
        with database.another(path) as live:
            snapshot.refuse_unsound(live)
    except snapshot.NotOurs as trouble:
        raise CannotRestore(f"{path} {trouble}: take it away first.") from trouble
    except peewee.OperationalError:
        raise  # locked, or the disk: it says nothing of the file
    except (snapshot.Unsound, peewee.DatabaseError):
        return False
    return True


def put_over(earlier: State, path: Path) -> tuple[datetime, Path, State]:
    """Write the database that is open over a sound one, which is kept."""
    with database.another(path) as live:
        with live.atomic():
            # Nobody writes from here on, but for what comes in between this transaction's end
            # and the next one: all that was confirmed is in what is kept.
            kept = database.keep_before(path, "restore")
            present = restored.state(live)
            moment = restored.settle(earlier, present)
        database.db.backup(live)
    return moment, kept, present


def copy_damaged(path: Path) -> Path:
    """Copy a damaged database and its log as they are, byte by byte; return the first.

    While no connection of ours is open: to close a file takes away its locks.
    """
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    kept = path.with_name(f"damaged-{moment}.db")
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError), Path(f"{path}{ending}").open("rb") as damaged:
            target = os.open(f"{kept}{ending}", snapshot.FOR_US_ALONE, 0o600)
            with os.fdopen(target, "wb") as copy:
                shutil.copyfileobj(damaged, copy)
    return kept


def put_over_damage(path: Path) -> None:
    """Write the database that is open over whatever is in the file at `path`."""
    live = MailDatabase(str(path))
    live.connect()
    connection: Any = live.connection()
    connection.db_config(RESET, 1)
    try:
        database.db.backup(live)
    finally:
        connection.db_config(RESET, 0)
        live.close()
    with database.another(path):
        pass  # what had lost its header learns again that it has a log


def look_for_files(outcome: Outcome, earlier: State, present: State) -> None:
    """Find out which messages are gone, and which are nobody's now; nothing is deleted."""
    try:
        for home in earlier.homes.keys() - present.homes.keys():
            if not mailfiles.exists(home):
                outcome.emptied.append(earlier.homes[home])
        for home in present.homes.keys() - earlier.homes.keys():
            if mailfiles.exists(home):
                outcome.left.append((home, present.homes[home]))
    except mailfiles.HelperTrouble as trouble:
        outcome.unasked = str(trouble)
    outcome.emptied.sort()
    outcome.left.sort(key=lambda one: one[1])
