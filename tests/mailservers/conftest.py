"""The stage of the tests with real mail servers: a database of ours and a private pair on it."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailservers import forms, panel
from tests.mailservers.stage import Stage, free_ports
from webmailadmin import database
from webmailadmin.servers.private import (
    CannotStart,
    System,
    private_servers,
    refuse_what_is_missing,
)

fresh_number = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def prepared_system() -> None:
    """The packages, users and group without which nothing here can be tested."""
    try:
        refuse_what_is_missing(System())
    except CannotStart as reason:
        pytest.fail(str(reason), pytrace=False)
    panel.add_users()


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that the servers' users can enter; pytest's own are for its user alone."""
    folder = Path(tempfile.mkdtemp(prefix="webmailadmin-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix and Dovecot on an empty database, which `forms` fills."""
    forms.open_panel(open_folder / "database")
    file = open_folder / "database" / "webmailadmin.db"
    with private_servers(open_folder / "servers", file, free_ports()) as servers:
        yield Stage(servers)
    database.db.close()


@pytest.fixture
def new_domain() -> str:
    """The name of a domain that no other test has."""
    return f"bonvenon{next(fresh_number)}.fr"


@pytest.fixture
def bonvenon(stage: Stage, new_domain: str) -> str:
    """A domain of ours, by its name; no other test has it."""
    forms.domain(new_domain)
    return new_domain
