"""The machines on which the set-up is tried."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.machine import Machine, machine, own_libraries
from tests.mailservers import panel

PASSWORD = "seventeen green kettles"


@pytest.fixture(scope="module")
def system() -> tuple[str, Path]:
    """The file systems below the machine, and the libraries for its Python: this Debian's own."""
    return "/", own_libraries()


@pytest.fixture(scope="module")
def fresh(system: tuple[str, Path]) -> Iterator[Machine]:
    """A Debian with Postfix and Dovecot as they are after `apt-get install`, running."""
    panel.add_users()  # by now: what is below the machine must not change any more
    lower, libraries = system
    with (
        tempfile.TemporaryDirectory(prefix="webmailadmin-machine-") as folder,
        machine(Path(folder), lower, libraries) as running,
    ):
        running.sh("dovecot; postfix start")
        yield running


@pytest.fixture(scope="module")
def stock(fresh: Machine) -> dict[str, list[str]]:
    """What the machine was before anything was set up."""
    return fresh.picture()


@pytest.fixture(scope="module")
def installed(fresh: Machine, stock: dict[str, list[str]]) -> Machine:
    """The machine with mail servers set up for the panel, and two people's mailboxes."""
    done = fresh.install()
    assert done.returncode == 0, done.stdout + done.stderr
    fresh.people(["ann@bonvenon.fr", PASSWORD, []], ["bob@bonvenon.fr", PASSWORD, []])
    return fresh
