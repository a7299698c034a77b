"""The panel as a process and a user of its own, beside the mail servers.

The program opens the database as the panel does, then obeys one order a line from its standard
input: a JSON list of the name in ORDERS and its arguments.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.mail.stage import hoster
from tests.mailservers import forms
from tests.turns import turn
from webmailadmin import database
from webmailadmin.mail import addresses
from webmailadmin.models import Domain
from webmailadmin.servers.private import System, add_what_is_missing

USER = "webmailadmin"
GROUP = "webmailadmin-servers"
CHECKOUT = Path(__file__).parents[2]
LIBRARIES = [path for path in sys.path if path.endswith("site-packages")]


def begin_to_add(email: str) -> None:
    """Begin a transaction that adds an address, and never come to its end."""
    domain = Domain.get(Domain.name == email.partition("@")[2])
    database.db.atomic().__enter__()
    addresses.add(domain, email, by=hoster())


ORDERS = {
    "domain": forms.domain,
    "mailbox": forms.mailbox,
    "alias": forms.alias,
    "switch_off": forms.switch_off,
    "switch_domain_off": forms.switch_domain_off,
    "catch_all": forms.catch_all,
    "same_name": forms.same_name,
    "begin_to_add": begin_to_add,
}


class Panel:
    """A running panel process, on the database in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [python(), "-m", "tests.mailservers.panel", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            user=USER,
            group=USER,
            extra_groups=[],
            cwd=CHECKOUT,
        )
        self.wait_for_answer("ready")

    def do(self, order: str, *arguments: object) -> None:
        """Give an order and wait until it is done."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps([order, *arguments]) + "\n")
        self.process.stdin.flush()
        self.wait_for_answer("done")

    def wait_for_answer(self, expected: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{expected}\n"

    def stop(self) -> None:
        """End it as it wishes to end: its connection is closed."""
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        """End it as a power cut or the kernel would."""
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()


def add_users() -> None:
    """Add the users of the panel and of the mail files, unless the system has them.

    One process after the other: on a fresh machine several find at once that they are missing.
    """
    with turn("users"):
        add_what_is_missing(System(), print)
        if System().ask("getent", "passwd", USER).returncode:
            System().run("useradd", "--system", "--user-group", "--no-create-home", USER)


def make_folder(folder: Path) -> None:
    """Make the database's folder as on a VPS: the panel writes, the servers' group reads."""
    System().run("install", "-d", "-o", USER, "-g", GROUP, "-m", "2750", str(folder))


def python() -> str:
    """Return a Python that the panel's user may run and that fits our libraries.

    The one that runs the tests may lie where only root can go; then it is Debian's.
    """
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            tried = subprocess.run(
                [candidate, "-c", "import tests.mailservers.panel"],
                env=environment(),
                cwd=CHECKOUT,
                user=USER,
                group=USER,
                extra_groups=[],
                capture_output=True,
                text=True,
                check=False,
            )
        except PermissionError:
            continue
        if tried.returncode == 0:
            return candidate
    raise AssertionError(f"The user {USER} can run no Python that finds our libraries.")


def environment() -> dict[str, str]:
    """Return an environment in which the checkout and our libraries are found."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *LIBRARIES]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def obey(folder: Path) -> None:
    """Be the program: open the database and do what is ordered until nobody orders any more."""
    forms.open_panel(folder)
    print("ready", flush=True)
    for line in sys.stdin:
        order, *arguments = json.loads(line)
        ORDERS[order](*arguments)
        print("done", flush=True)
    database.db.close()


if __name__ == "__main__":
    obey(Path(sys.argv[1]))
