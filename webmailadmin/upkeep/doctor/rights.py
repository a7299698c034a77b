"""Checks, as root, of who owns what, and of what the mail servers' users can read."""

import grp
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from webmailadmin import settings
from webmailadmin.database import files
from webmailadmin.mail.errors import N_
from webmailadmin.servers import used
from webmailadmin.servers.render import MAIL_USER, Values
from webmailadmin.upkeep.doctor.finding import Check, Finding, setting_right, well, wrong
from webmailadmin.upkeep.doctor.machine import Machine

INSTALL = "webmailadmin servers install"
FOLDER_MODE = 0o2750  # setgid: what the panel makes in it belongs to the servers' group
FILE_MODE = 0o640
MAP_FILE = re.compile(r"sqlite:(?P<file>/[^\s,{}]+)")
VIEW = re.compile(r"\bFROM\s+(?P<view>postfix_\w+)", re.IGNORECASE)
READ_VIEWS = """
import pathlib, sqlite3, sys
base = sqlite3.connect(pathlib.Path(sys.argv[1]).as_uri() + "?mode=ro", uri=True)
for view in sys.argv[2:]:
    base.execute("SELECT 1 FROM " + view + " LIMIT 1").fetchall()
"""
DOVECOT_VIEWS = ("dovecot_user", "dovecot_password")


def data(_: Machine) -> Iterator[Finding]:
    """The panel writes the database, the servers' group reads it, nobody else does either.

    Both write when app passwords are used.
    """
    folder = settings.current.data.resolve()
    owner, group = settings.current.panel_user, Values.servers_group
    yield from right(folder, owner, group, FOLDER_MODE)
    for path in files(folder):
        yield from right(path, owner, group, FILE_MODE)
    for path in used.files(folder):
        yield from right(path, owner, group, used.MODE)


def right(path: Path, owner: str, group: str, mode: int) -> Iterator[Finding]:
    """Tell when a file or folder has another owner, group or mode. What is missing is passed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    have = (user_name(found.st_uid), group_name(found.st_gid), stat.S_IMODE(found.st_mode))
    if stat.S_ISLNK(found.st_mode) or have != (owner, group, mode):
        yield wrong(
            N_("%(file)s has the rights %(found)s instead of %(expected)s."),
            setting_right(path, owner, group, mode),
            file=str(path),
            found=f"{have[2]:04o} {have[0]}:{have[1]}",
            expected=f"{mode:04o} {owner}:{group}",
        )


def user_name(number: int) -> str:
    """Return the name of a user; its number when it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    """Return the name of a group; its number when it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def mail_root(_: Machine) -> Iterator[Finding]:
    """Nobody but their owner gets at the mail files."""
    path = settings.current.mail_root
    try:
        found = path.lstat()
    except FileNotFoundError:
        make = ("install", "-d", "-o", MAIL_USER, "-g", MAIL_USER, "-m", "0700", str(path))
        yield wrong(N_("There is no folder %(file)s."), *make, file=str(path))
        return
    owner, mode = user_name(found.st_uid), stat.S_IMODE(found.st_mode)
    if owner != MAIL_USER or not stat.S_ISDIR(found.st_mode) or mode & 0o007:
        yield wrong(
            N_("%(file)s has the rights %(found)s instead of %(expected)s."),
            setting_right(path, MAIL_USER, MAIL_USER, 0o700),
            file=str(path),
            found=f"{mode:04o} {owner}:{group_name(found.st_gid)}",
            expected=f"0700 {MAIL_USER}:{MAIL_USER}",
        )


def map_files(machine: Machine) -> list[Path]:
    """Return the SQLite map files that Postfix's settings name."""
    named = (MAP_FILE.findall(value) for value in machine.postconf.values())
    return [Path(name) for name in dict.fromkeys(name for names in named for name in names)]


def view_of(path: Path) -> str:
    """Return the view of ours that a map file asks; "" for another's file, or one that is gone."""
    try:
        found = VIEW.search(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found["view"].lower() if found else ""


def maps(machine: Machine) -> Iterator[Finding]:
    """The map files are root's, Postfix reads them."""
    named = map_files(machine)
    if not named:
        yield wrong(N_("Postfix has no map that reads the panel's database."), INSTALL)
    for path in named:
        if not path.exists():
            yield wrong(
                N_("Postfix looks in %(file)s, which is not there."), INSTALL, file=str(path)
            )
        yield from right(path, "root", "postfix", FILE_MODE)


def dovecot_file(machine: Machine) -> Iterator[Finding]:
    """Only root writes what Dovecot asks the database."""
    # Dovecot 2.4 has the queries among its settings.
    named = {machine.doveconf.get(f"{kind}/args", "") for kind in ("passdb", "userdb")}
    for path in [Path(name) for name in sorted(named - {""})] or [machine.dovecot]:
        try:
            found = path.stat()
        except FileNotFoundError:
            text = N_("Dovecot looks in %(file)s, which is not there.")
            yield wrong(text, INSTALL, file=str(path))
            continue
        if found.st_uid or found.st_mode & 0o022:
            yield wrong(
                N_("Others than root can write %(file)s."),
                f"chown root {path} && chmod go-w {path}",
                file=str(path),
            )


def views(machine: Machine) -> Iterator[Finding]:
    """The users of both servers read the database by themselves, with their own SQLite."""
    database = files(settings.current.data.resolve())[0]
    for path in map_files(machine):
        if view_of(path):
            answer = machine.ask(
                *("postmap", "-c", str(machine.postfix), "-q", "nobody@nowhere.invalid"),
                f"sqlite:{path}",
                user="postfix",
            )
            # Nothing found is status 1 without a word.
            if answer.err:
                yield wrong(
                    N_("Postfix cannot read the database by %(file)s: %(reason)s"),
                    *("usermod", "-aG", Values.servers_group, "postfix"),
                    file=str(path),
                    reason=answer.words,
                )
                break
    user, groups = auth_worker(machine)
    if user == "root":
        yield wrong(N_("Dovecot's auth-worker runs as root."), INSTALL)
        return
    answer = machine.ask(
        *("/usr/bin/python3", "-I", "-c", READ_VIEWS, str(database), *DOVECOT_VIEWS),
        user=user,
        more_groups=groups,
    )
    if answer.status:
        yield wrong(
            N_("Dovecot's user %(user)s cannot read the database: %(reason)s"),
            INSTALL,
            user=user,
            reason=answer.words,
        )
    elif map_files(machine):
        yield well(N_("Postfix and Dovecot's user %(user)s read the database."), user=user)


def auth_worker(machine: Machine) -> tuple[str, list[str]]:
    """Return the user and the groups that Dovecot asks the database as; root is its default."""
    user = machine.doveconf.get("service auth-worker/user", "") or "root"
    if user.startswith("$"):
        user = machine.doveconf.get("default_internal_user", "dovecot")
    return user, machine.doveconf.get("service auth-worker/extra_groups", "").split()


CHECKS = (
    Check(
        "rights",
        N_("Rights on the database"),
        N_("Too narrow, and mail waits; too wide, and others on this machine read or change it."),
        N_("The panel writes the database, the mail servers read it, nobody else does."),
        data,
    ),
    Check(
        "mail-root",
        N_("Rights on the mail files"),
        N_("Others on this machine could read everybody's mail."),
        N_("Only their owner gets at the mail files."),
        mail_root,
    ),
    Check(
        "map-files",
        N_("Postfix's map files"),
        N_("Without them Postfix knows no address; who can write them can redirect all mail."),
        N_("Postfix's map files are in place."),
        maps,
    ),
    Check(
        "dovecot-file",
        N_("Dovecot's queries"),
        N_("Who can write them can log in as anybody."),
        N_("Only root can change Dovecot's queries."),
        dovecot_file,
    ),
    Check(
        "views",
        N_("Reading as the mail servers"),
        N_("A server that cannot read the database lets all mail wait."),
        "",
        views,
    ),
)
