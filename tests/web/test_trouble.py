"""What the panel cannot write: a full disk, a locked database, a file that is not its own.

It says so, does nothing by halves, and goes on reading.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from peewee import OperationalError

from tests.browser_of import Browser
from tests.conftest import PASSWORD
from tests.mail import truth
from tests.mail.stage import hoster
from webmailadmin import create_app, database
from webmailadmin.database import db
from webmailadmin.mail import accounts, domains, sessions
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Address, Session, Throttle, now
from webmailadmin.upkeep.checkpoint import checkpoint

LIST = "/domains/bonvenon.fr/"
FULL = "The server’s disk is full, so nothing was changed. Try again when there is room."
BUSY = "The database is busy. Nothing was changed; try again."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "disk", place], check=True)
    yield place
    database.db.close()
    subprocess.run(["umount", place], check=True)


@pytest.fixture
def on_small_disk(data: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The panel on it, with Alice and a domain; the worker went round."""
    monkeypatch.setenv("WEBMAILADMIN_DATA", str(small_disk / "data"))
    app = create_app()
    accounts.add("alice", PASSWORD, by=COMMAND_LINE)
    domains.install("bonvenon.fr", "camille@elsewhere.org", by=hoster())
    checkpoint()
    return app


def fill(disk: Path) -> None:
    """Leave not a byte."""
    with (disk / "log").open("wb", 0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0


def add_until_refused(browser: Browser) -> tuple[int, str]:
    """Add addresses until the panel says no; what it said."""
    page = browser.get(LIST)
    for number in range(1000):
        reply = browser.submit(page, "#add-address", {"Name": f"name{number}"})
        if reply.status != 200:
            return reply.status, reply.words(".notice")
    raise AssertionError("never full")


def test_an_error_has_a_heading_and_a_way_on(browser, stranger, contact):
    page = browser.get("/nothing-here")
    assert (page.words("h1"), page.links()["To your domains"]) == ("Page not found", "/")

    page = stranger.get("/nothing-here")
    assert (page.words("h1"), page.links()["Log in"]) == ("Page not found", "/")


def test_a_full_disk_is_said_and_what_was_confirmed_is_there(
    on_small_disk: Flask, small_disk: Path
) -> None:
    browser = Browser(on_small_disk)
    browser.log_in("alice", PASSWORD)
    fill(small_disk)

    said = add_until_refused(browser)

    assert said == (507, FULL)
    truth.check()
    there = Address.select().count() - 1
    assert there > 0
    assert f"name{there - 1}@" in browser.get(f"{LIST}?q=name{there - 1}").text
    assert f"name{there}@" not in browser.get(f"{LIST}?q=name{there}").text
    assert browser.get("/domains/").status == 200
    (small_disk / "log").unlink()
    page = browser.get(LIST)
    assert browser.submit(page, "#add-address", {"Name": f"name{there}"}).status == 200
    truth.check()


def test_an_administrator_logs_in_on_a_disk_that_is_full(
    on_small_disk: Flask, small_disk: Path
) -> None:
    fill(small_disk)

    assert Browser(on_small_disk).log_in("alice", PASSWORD).status == 200
    refused = Browser(on_small_disk).log_in("alice", "a wrong long password 27")

    assert (refused.status, Session.select().count()) == (422, 1)


def test_a_wrong_password_stays_wrong_when_the_failure_cannot_be_counted(
    on_small_disk: Flask, small_disk: Path
) -> None:
    """The log's own room is gone as well: the right one is told why it does not open."""
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    fill(small_disk)

    refused = Browser(on_small_disk).log_in("alice", "a wrong long password 27")
    told = Browser(on_small_disk).log_in("alice", PASSWORD)

    assert (refused.status, Throttle.select().count()) == (422, 0)
    assert (told.status, told.words(".notice")) == (507, FULL)


def test_a_full_disk_is_said_also_from_within_a_nested_transaction(
    on_small_disk: Flask, small_disk: Path
) -> None:
    fill(small_disk)

    def write() -> None:
        with db.atomic(), db.atomic():
            Throttle.create(key="x" * 2_000_000, failures=1, last_at=now())

    with pytest.raises(OperationalError, match="disk is full"):
        write()
    assert not db.in_transaction()
    truth.check()


@pytest.fixture
def locked(app: Flask, bonvenon: object, browser: Browser) -> Iterator[None]:
    """Somebody else writes, and does not come to an end."""
    db.pragma("busy_timeout", 10)
    other = type(db)(db.database, pragmas={"busy_timeout": 1})
    other.connect()
    other.execute_sql("BEGIN IMMEDIATE")
    yield
    other.execute_sql("ROLLBACK")
    other.close()


def test_a_locked_database_is_read_on(
    locked: None, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the session was last seen so long ago that it would be noted."""
    monkeypatch.setattr(sessions, "SEEN_EVERY", -sessions.SEEN_EVERY)

    pages = [browser.get(url) for url in (LIST, f"{LIST}journal", f"{LIST}removed/", "/domains/")]

    assert [page.status for page in pages] == [200] * 4
    refused = browser.submit(pages[0], "#add-address", {"Name": "sales"})
    assert (refused.status, refused.words(".notice")) == (503, BUSY)
    assert Address.select().count() == 1


@pytest.fixture
def read_only(app: Flask, bonvenon: object, browser: Browser) -> Iterator[Path]:
    """Nobody may write the file, as after a copy that root made."""
    file = Path(db.database)
    db.close()
    subprocess.run(["chattr", "+i", file], check=True)
    yield file
    db.close()
    subprocess.run(["chattr", "-i", file], check=True)


def test_a_database_that_may_not_be_written_is_read_on(read_only: Path, browser: Browser) -> None:
    page = browser.get(LIST)
    assert page.status == 200

    refused = browser.submit(page, "#add-address", {"Name": "sales"})

    assert refused.status == 503
    assert refused.words(".notice").startswith("The panel may not write its database, so nothing")
    assert Address.select().count() == 1
    assert browser.get(LIST).status == 200
