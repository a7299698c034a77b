"""The stage of the tests with real mail servers: a database of ours and a private pair on it."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailservers import rows
from tests.mailservers.stage import Stage, free_ports
from webmailadmin import database
from webmailadmin.servers.private import CannotStart, private_servers

fresh_number = itertools.count(1)


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that the servers' users can enter; pytest's own are for its user alone."""
    folder = Path(tempfile.mkdtemp(prefix="webmailadmin-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix and Dovecot on an empty database, which `rows` writes to."""
    database.open_database(open_folder / "database")
    try:
        file = open_folder / "database" / "webmailadmin.db"
        with private_servers(open_folder / "servers", file, free_ports()) as servers:
            yield Stage(servers)
    except CannotStart as reason:
        pytest.fail(str(reason), pytrace=False)
    finally:
        database.db.close()


@pytest.fixture
def new_domain() -> str:
    """The name of a domain that no other test has."""
    return f"bonvenon{next(fresh_number)}.fr"


@pytest.fixture
def bonvenon(stage: Stage, new_domain: str) -> str:
    """A domain of ours, by its name; no other test has it."""
    rows.domain(new_domain)
    return new_domain
