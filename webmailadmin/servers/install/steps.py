"""What a set-up consists of: one thing of the machine each, that can be told, put and put back.

What a step reads and puts is plain data, None where there is nothing: it is kept as JSON until
somebody takes the set-up back.
"""

import difflib
import grp
import os
import pwd
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from webmailadmin.servers.private import System

MACHINE = System()


@dataclass(frozen=True)
class Step:
    """One thing of the machine, and what it shall be.

    kind: of which class it is, for what is kept. touches: which server reads it.
    stays: whether it outlives an uninstallation, as what belongs to people does.
    """

    name: str
    wanted: Any = None
    touches: str = ""
    stays: bool = False
    kind: ClassVar[str]

    def now(self) -> Any:
        """Return what it is."""
        raise NotImplementedError

    def put(self, what: Any) -> None:
        """Make it `what`. Raises OSError, private.CannotStart."""
        raise NotImplementedError

    def differs(self) -> bool:
        """Say whether it is not what it shall be."""
        return bool(self.now() != self.wanted)

    def also(self, before: Any, more: Any) -> Any:  # noqa: ARG002
        """Return what was there before the first set-up; `more` is what a later one found."""
        return before

    def title(self) -> str:
        """Name the thing, for a person who reads the difference."""
        return f"{self.kind} {self.name}"

    def difference(self, to: Any) -> str:
        """Show what putting `to` would change, as a unified diff."""
        before, after = (self.lines(what) for what in (self.now(), to))
        return "\n".join(
            difflib.unified_diff(before, after, self.title(), self.title(), n=2, lineterm="")
        )

    def lines(self, what: Any) -> list[str]:
        """Return the lines in which `what` is shown."""
        return [] if what in (None, False) else ["there" if what is True else str(what)]


class File(Step):
    """A file: text, mode, owner and group."""

    kind = "file"

    @property
    def path(self) -> Path:
        return Path(self.name)

    def now(self) -> dict[str, str] | None:
        if not self.path.is_file():
            return None
        text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        return {"text": text} | rights(self.path)

    def put(self, what: dict[str, str] | None) -> None:
        if what is None:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        # Readable by nobody else before it has its owner.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as opened:  # noqa: PTH123
            opened.write(what["text"])
            opened.flush()
            os.fsync(opened.fileno())
        give(fresh, what)
        fresh.replace(self.path)

    def lines(self, what: dict[str, str] | None) -> list[str]:
        if what is None:
            return []
        return [f"# {what['mode']} {what['owner']}:{what['group']}", *what["text"].splitlines()]

    def title(self) -> str:
        return self.name


class Folder(Step):
    """A folder: mode, owner and group. Taken back, it goes only when it is empty."""

    kind = "folder"

    @property
    def path(self) -> Path:
        return Path(self.name)

    def now(self) -> dict[str, str] | None:
        return rights(self.path) if self.path.is_dir() else None

    def put(self, what: dict[str, str] | None) -> None:
        if what is None:
            if self.path.is_dir() and not any(self.path.iterdir()):
                self.path.rmdir()
            return
        if not self.path.is_dir():
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700)
        give(self.path, what)

    def lines(self, what: dict[str, str] | None) -> list[str]:
        return [] if what is None else [f"{what['mode']} {what['owner']}:{what['group']}"]


class Link(Step):
    """A symbolic link, by what it points to."""

    kind = "link"

    def now(self) -> str | None:
        path = Path(self.name)
        return str(path.readlink()) if path.is_symlink() else None

    def put(self, what: str | None) -> None:
        Path(self.name).unlink(missing_ok=True)
        if what is not None:
            Path(self.name).symlink_to(what)


class Parts(Step):
    """Several named parts of a file of Postfix, which postconf(1) reads and writes.

    All at once: after each change Postfix takes two seconds before it trusts the file.
    """

    def present(self) -> dict[str, Any]:
        """Return all parts of the file."""
        raise NotImplementedError

    def now(self) -> dict[str, Any]:
        there = self.present()
        return {name: there.get(name) for name in self.wanted}

    def also(self, before: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
        return more | before

    def title(self) -> str:
        return self.name

    def cool(self) -> None:
        """Make the file look as if it was written a while ago, since it is whole."""
        a_while_ago = time.time() - 60
        os.utime(self.name, (a_while_ago, a_while_ago))


class Settings(Parts):
    """Parameters in main.cf."""

    kind = "settings"

    def present(self) -> dict[str, str]:
        return settings_now()

    def put(self, what: dict[str, str | None]) -> None:
        there = self.present()
        gone = [name for name, value in what.items() if value is None and name in there]
        if gone:
            MACHINE.run("postconf", "-X", *gone)
            self.cool()
        if lines := self.lines(what):
            MACHINE.run("postconf", "-e", *lines)
            self.cool()

    def lines(self, what: dict[str, str | None]) -> list[str]:
        return [f"{name} = {value}" for name, value in what.items() if value is not None]


class Services(Parts):
    """Services in master.cf, each its line and then its options: master(5)."""

    kind = "services"

    def present(self) -> dict[str, list[str]]:
        return services_now()

    def put(self, what: dict[str, list[str] | None]) -> None:
        for name in what.keys() & self.present().keys():
            MACHINE.run("postconf", "-MX", name)
        there = {name: lines for name, lines in what.items() if lines is not None}
        if there:
            MACHINE.run("postconf", "-M", *(f"{name}={lines[0]}" for name, lines in there.items()))
            options = [f"{name}/{one}" for name, lines in there.items() for one in lines[1:]]
            MACHINE.run("postconf", "-P", *options)
        self.cool()

    def lines(self, what: dict[str, list[str] | None]) -> list[str]:
        return [
            line
            for lines in what.values()
            if lines
            for line in (lines[0], *(f"  -o {option}" for option in lines[1:]))
        ]


class Group(Step):
    """A system group, there or not."""

    kind = "group"

    def now(self) -> bool:
        return any(group.gr_name == self.name for group in grp.getgrall())

    def put(self, what: bool) -> None:
        if what != self.now():
            MACHINE.run(*(["groupadd", "--system"] if what else ["groupdel"]), self.name)


class User(Step):
    """A system user that nobody logs in as, with a group of its own; there or not."""

    kind = "user"

    def now(self) -> bool:
        return any(user.pw_name == self.name for user in pwd.getpwall())

    def put(self, what: bool) -> None:
        if what and not self.now():
            nobody_logs_in = ("--no-create-home", "--shell", "/usr/sbin/nologin")
            MACHINE.run("useradd", "--system", "--user-group", *nobody_logs_in, self.name)
        elif not what and self.now():
            MACHINE.run("userdel", self.name)


class Member(Step):
    """That a user is in a group: `user:group`."""

    kind = "member"

    def now(self) -> bool:
        user, _, group = self.name.partition(":")
        return any(user in found.gr_mem for found in grp.getgrall() if found.gr_name == group)

    def put(self, what: bool) -> None:
        user, _, group = self.name.partition(":")
        if what != self.now():
            MACHINE.run("gpasswd", "--add" if what else "--delete", user, group)


class Enabled(Step):
    """That systemd starts a unit at a boot, and that it runs now."""

    kind = "unit"

    def now(self) -> bool:
        return not MACHINE.ask("systemctl", "is-enabled", "--quiet", self.name).returncode

    def put(self, what: bool) -> None:
        MACHINE.run("systemctl", "enable" if what else "disable", "--now", self.name)


KINDS: dict[str, type[Step]] = {
    step.kind: step
    for step in (File, Folder, Link, Settings, Services, Group, User, Member, Enabled)
}


# What is read and written


def rights(path: Path) -> dict[str, str]:
    """Return mode, owner and group as `chmod` and `chown` name them."""
    found = path.stat()
    return {
        "mode": f"{found.st_mode & 0o7777:04o}",
        "owner": name_of(pwd.getpwuid, found.st_uid),
        "group": name_of(grp.getgrgid, found.st_gid),
    }


def name_of(find: Any, number: int) -> str:
    """Return the name of a user or group, or its number when it has none."""
    try:
        return str(find(number)[0])
    except KeyError:
        return str(number)


def give(path: Path, rights: dict[str, str]) -> None:
    """Give a file or folder its owner, group and mode."""
    owner, group = (
        int(name) if name.isdigit() else name for name in (rights["owner"], rights["group"])
    )
    shutil.chown(path, owner, group)
    path.chmod(int(rights["mode"], 8))  # last: chown takes setgid away


def settings_now() -> dict[str, str]:
    """Return the parameters that stand in main.cf."""
    found = {}
    for line in MACHINE.run("postconf", "-n").splitlines():
        name, _, value = line.partition("=")
        found[name.strip()] = " ".join(value.split())
    return found


def services_now() -> dict[str, list[str]]:
    """Return the services in master.cf by `name/type`: the line without options, then these."""
    found: dict[str, list[str]] = {}
    for line in MACHINE.run("postconf", "-M").splitlines():
        fields = line.split(" -o ")[0].split()
        found[f"{fields[0]}/{fields[1]}"] = [" ".join(fields)]
    for line in MACHINE.run("postconf", "-P").splitlines():
        name, kind, option = line.split("/", 2)
        parameter, _, value = option.partition("=")
        found[f"{name}/{kind}"].append(f"{parameter.strip()}={value.strip()}")
    return found
