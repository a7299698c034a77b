"""All that test_helper.py shows, on Debian 13: Dovecot 2.4, and the helper on its Python."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailservers import forms, trixie
from tests.mailservers.helped import helped, home_of
from tests.mailservers.stage import Stage
from tests.mailservers.test_helper import *  # noqa: F403 -- the same tests, on the stage below


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """The servers of Debian 13 and the helper, on an empty database, which `forms` fills."""
    system = trixie.wanted(open_folder)
    with helped(open_folder, system, python="/usr/bin/python3") as stage:
        yield stage


def test_the_inbox_lies_where_dovecot_2_3_has_it_too(stage: Stage, bonvenon: str) -> None:
    email = f"contact@{bonvenon}"
    forms.mailbox(email, "correct horse battery")
    stage.send(email)
    stage.wait_until_delivered()

    maildir = stage.servers.values.mail_root / home_of(email) / "Maildir"
    assert len(list((maildir / "new").iterdir())) == 1
