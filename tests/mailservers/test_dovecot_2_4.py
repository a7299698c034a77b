"""All that test_mail_flow.py shows, on Debian 13: Dovecot 2.4, whose language is another, and
Postfix 3.10.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailservers import forms, trixie
from tests.mailservers.stage import Stage, free_ports
from tests.mailservers.test_mail_flow import *  # noqa: F403 -- the same tests, on the stage below
from webmailadmin import database
from webmailadmin.servers.private import private_servers


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """The servers of Debian 13 on an empty database, which `forms` fills."""
    system = trixie.wanted(open_folder)
    forms.open_panel(open_folder / "database")
    file = open_folder / "database" / "webmailadmin.db"
    with private_servers(open_folder / "servers", file, free_ports(), system=system) as servers:
        yield Stage(servers)
    database.db.close()


def test_these_are_the_servers_of_debian_13(stage: Stage) -> None:
    dovecot = stage.servers.system.run("dovecot", "--version")
    postfix = stage.servers.postfix("postconf", "-h", "mail_version")

    assert (dovecot[:4], postfix[:5]) == ("2.4.", "3.10.")
