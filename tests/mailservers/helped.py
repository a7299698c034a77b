"""Private servers with the real mail-file helper beside them."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mailservers import forms
from tests.mailservers.panel import CHECKOUT
from tests.mailservers.stage import Stage, free_ports
from webmailadmin import database
from webmailadmin.models import Address, Mailbox
from webmailadmin.servers.private import System, private_servers
from webmailadmin.servers.private_helper import private_helper, socket_of
from webmailadmin.settings import PREFIX

THIS_SYSTEM = System()
# All that the helper needs.
PARTS = ("__init__.py", "log.py", "settings.py", "servers/__init__.py", "servers/helper")


@contextmanager
def helped(
    folder: Path, system: System = THIS_SYSTEM, python: str = sys.executable
) -> Iterator[Stage]:
    """Run servers and helper below `folder`, on an empty database, which `forms` fills."""
    name = f"{PREFIX}HELPER_SOCKET"
    os.environ[name] = str(socket_of(folder / "servers"))
    forms.open_panel(folder / "database")
    file = folder / "database" / "webmailadmin.db"
    try:
        with (
            private_servers(folder / "servers", file, free_ports(), system=system) as servers,
            private_helper(servers, "root", python, helper_alone(folder / "checkout")),
        ):
            yield Stage(servers)
    finally:
        database.db.close()
        del os.environ[name]


def helper_alone(folder: Path) -> Path:
    """Copy the helper, and nothing else of the program, to where every user can read it."""
    for part in PARTS:
        source, copy = CHECKOUT / "webmailadmin" / part, folder / "webmailadmin" / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    System().run("chmod", "-R", "a+rX", str(folder))
    return folder


def home_of(email: str) -> str:
    """Return the home of a living mailbox."""
    box: Mailbox = Mailbox.select().join(Address).where(Address.email == email).get()
    return str(box.home)
