"""All that test_app_passwords.py and test_switches.py show, on Debian 13: Dovecot 2.4, whose
language is another.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailservers import trixie
from tests.mailservers.helped import helped
from tests.mailservers.stage import Stage
from tests.mailservers.test_app_passwords import *  # noqa: F403 -- the same tests, on the stage below
from tests.mailservers.test_switches import *  # noqa: F403


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """The servers of Debian 13 and the helper, on an empty database, which `forms` fills."""
    system = trixie.wanted(open_folder)
    with helped(open_folder, system, python="/usr/bin/python3") as stage:
        yield stage
