"""Checks of the panel's own things: its database, its key, the room on its disk."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import cysqlite
from playhouse.migrations import Runner

from webmailadmin import settings
from webmailadmin.database import MIGRATIONS, PRAGMAS, db, files
from webmailadmin.mail.errors import N_
from webmailadmin.snapshot import APPLICATION_ID
from webmailadmin.upkeep.doctor.finding import Check, Finding, setting_right, warning, well, wrong

RESTART = "systemctl restart webmailadmin-web webmailadmin-worker"
# Both must have closed their files before one of them makes new ones.
STOP_AND_START = (
    "systemctl stop webmailadmin-web webmailadmin-worker"
    " && systemctl start webmailadmin-web webmailadmin-worker"
)
WAIVER = "WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS"
LARGE_LOG = 64 * 2**20  # bytes
KEY_MODE = 0o600
# Where the race of a checkpoint with a commit (WAL reset) is mended: later 3.51 and these.
MENDED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
LITTLE_ROOM = {"wrong": 100 * 2**20, "warning": 2**30}  # bytes
FEW_FILES = {"wrong": 0.01, "warning": 0.05}  # of all that the disk can hold


def three_files() -> Iterator[Finding]:
    """All three are there. Looks without opening any."""
    first, *others = files(settings.current.data.resolve())
    if not first.exists():
        yield wrong(
            N_("There is no database at %(file)s, where WEBMAILADMIN_DATA says that it is."),
            *("ls", "-la", str(first.parent)),
            file=str(first),
        )
        return
    for path in others:
        if not path.exists():
            yield wrong(
                N_("%(file)s is missing: some program opened the database as root."),
                STOP_AND_START,
                file=str(path),
            )


def database() -> Iterator[Finding]:
    """It is ours, of this version, and opened as we mean it."""
    if db.pragma("application_id") != APPLICATION_ID:
        yield wrong(N_("The database is not one of this program."), "webmailadmin restore --help")
        return
    steps = Runner(db, str(MIGRATIONS)).status()
    if any(step.path is None for step in steps):
        yield wrong(
            N_("A newer version of the program has changed the database: start that version."),
            "webmailadmin restore --help",
        )
    elif not all(step.applied for step in steps):
        yield wrong(N_("The database still has the form of an older version."), RESTART)
    for name, expected in PRAGMAS.items():
        if (found := db.pragma(name)) != expected:
            yield wrong(
                N_("The panel has opened it with %(name)s = %(found)s instead of %(expected)s."),
                RESTART,
                name=name,
                found=str(found),
                expected=str(expected),
            )


def sqlite() -> Iterator[Finding]:
    """The panel's own SQLite has no known damage."""
    version: str = cysqlite.sqlite_version  # type: ignore[attr-defined]
    if is_mended(tuple(int(number) for number in version.split("."))):
        yield well(N_("The panel uses SQLite %(version)s."), version=version)
    else:
        yield wrong(
            N_("The panel uses SQLite %(version)s; it needs 3.51.3 or later."),
            "make upgrade",
            version=version,
        )


def is_mended(version: tuple[int, ...]) -> bool:
    """Say whether a SQLite is without the WAL-reset fault."""
    same = [mended for mended in MENDED if mended[:2] == version[:2]]
    return version >= (same or MENDED[-1:])[0]


def log_size() -> Iterator[Finding]:
    """The log is brought back into the database again and again."""
    _, log, _ = files(settings.current.data.resolve())
    size = log.stat().st_size
    if size > LARGE_LOG:
        yield warning(
            N_("%(file)s has grown to %(bytes)s: a program reads the database without an end."),
            *("fuser", "-v", str(log)),
            file=str(log),
            bytes=size,
        )


def key() -> Iterator[Finding]:
    """Nobody but the panel can read its key."""
    path = settings.current.data.resolve() / "key"
    try:
        found = path.lstat()
    except FileNotFoundError:
        yield warning(N_("There is no key yet at %(file)s."), RESTART, file=str(path))
        return
    folder = path.parent.stat()
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != folder.st_uid or mode != KEY_MODE:
        yield wrong(
            N_("%(file)s is not for the panel alone: it has the rights %(mode)s."),
            setting_right(path, str(folder.st_uid), str(folder.st_gid), KEY_MODE),
            file=str(path),
            mode=f"{mode:04o}",
        )


def second_factor() -> Iterator[Finding]:
    """Administrators log in with more than a password."""
    if not settings.current.second_factor_for_administrators:
        yield warning(
            N_("Administrators may log in with a password alone: %(name)s is off."),
            f"sed -i /^{WAIVER}=/d /etc/webmailadmin.env && {RESTART}",
            name=WAIVER,
        )


def room_for_data() -> Iterator[Finding]:
    """The disk of the database has room."""
    return room(settings.current.data.resolve())


def room(folder: Path) -> Iterator[Finding]:
    """Tell when little is left of the disk that `folder` is on: bytes, or files (inodes)."""
    found = os.statvfs(folder)
    left = found.f_bavail * found.f_frsize
    if left < LITTLE_ROOM["warning"]:
        tell = wrong if left < LITTLE_ROOM["wrong"] else warning
        text = N_("Only %(bytes)s are left on the disk of %(file)s.")
        yield tell(text, "df", "-h", str(folder), bytes=left, file=str(folder))
    share = found.f_favail / found.f_files if found.f_files else 1
    if share < FEW_FILES["warning"]:
        tell = wrong if share < FEW_FILES["wrong"] else warning
        text = N_("Only %(count)s more files fit on the disk of %(file)s.")
        yield tell(text, "df", "-i", str(folder), count=found.f_favail, file=str(folder))


# Without the database: they say why it cannot be opened.
BEFORE_OPENING = (
    Check(
        "wal-files",
        N_("Files of the database"),
        N_("Without all three, Postfix and Dovecot cannot open the database, and mail waits."),
        N_("The database, its -wal and its -shm are in place."),
        three_files,
    ),
    Check(
        "key",
        N_("Key"),
        N_("Who reads it can forge what the panel signs."),
        N_("Only the panel can read its key."),
        key,
    ),
    Check(
        "disk",
        N_("Room for the database"),
        N_("On a full disk no change can be saved."),
        N_("The disk of the database has room."),
        room_for_data,
    ),
    Check(
        "sqlite",
        N_("SQLite of the panel"),
        N_("Older ones can damage the database when two programs write at the same moment."),
        "",
        sqlite,
    ),
)
CHECKS = (
    Check(
        "database",
        N_("Database"),
        N_("Every address is in it, and Postfix and Dovecot read it at each mail."),
        N_("The database is of this version, and opened with the settings that keep it safe."),
        database,
    ),
    Check(
        "wal-size",
        N_("Log of the database"),
        N_("Every look into the database goes through its log: a large one slows all down."),
        N_("The log of the database is small."),
        log_size,
    ),
    Check(
        "second-factor",
        N_("Second factor"),
        N_("Who learns an administrator’s password can redirect all mail."),
        N_("Administrators log in with a second factor."),
        second_factor,
    ),
)
