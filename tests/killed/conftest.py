"""The stage of those who are killed: a small database in which everything leads somewhere."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.killed.dying import Place, open_quickly
from tests.mail.stage import PASSWORD, catch_all, hoster, install, make
from webmailadmin import create_app
from webmailadmin.database import db
from webmailadmin.mail import accounts, sessions
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.upkeep.worker import Worker


@dataclass(frozen=True)
class Panel:
    """The panel over a small database that is closed, and Alice's browser, logged in."""

    data: Path
    browser: Browser

    @contextmanager
    def arranged(self) -> Iterator[Place]:
        """Open a copy of the database, for what must be there first; it is closed at the end."""
        place = Place(self.data.with_name("arranged"), work_round)
        shutil.rmtree(place.folder, ignore_errors=True)
        shutil.copytree(self.data, place.folder)
        open_quickly(place.folder)
        try:
            yield place
        finally:
            db.close()

    def kill(
        self,
        kind: str,
        page: str,
        form: str,
        values: Mapping[str, str | None] | None = None,
        button: str | None = None,
        before: Callable[[], object] = int,
    ) -> None:
        """Kill the panel wherever that can be while it answers to a form of a page.

        before: what is done first.
        """
        with self.arranged() as place:
            before()
            seen = self.browser.get(page)

        def send() -> None:
            reply = self.browser.submit(seen, form, values, headers=FRAGMENT, button=button)
            assert reply.status in (200, 204, 303), reply.words()

        place.kill(kind, send)


def work_round() -> None:
    """Let the worker do each of its chores, as it does at its start."""
    worker = Worker()
    for chore in worker.due:
        worker.carry_out(chore)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """The panel over two domains."""
    data = tmp_path_factory.mktemp("killed") / "data"
    values = {
        "DATA": str(data),
        "HELPER_SOCKET": str(data.with_name("nobody-answers-here")),
        "MAILBOX_BCRYPT_COST": "4",
        "ACCOUNT_BCRYPT_COST": "4",
        "SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(f"WEBMAILADMIN_{name}", value)
        browser = Browser(create_app())
    fill(browser)
    db.close()
    yield Panel(data, browser)
    db.close()


def fill(browser: Browser) -> None:
    """Two domains whose addresses lead to each other, outside, and from unknown names; Alice."""
    accounts.add("alice", PASSWORD, by=COMMAND_LINE)
    alice = hoster()
    token = sessions.open_session(alice)
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    for name in ("one.example", "two.example"):
        install(name, by=alice)
        make(f"ann@{name}", by=alice, mailbox=True, recipients=["away@far.example"])
    make("bob@one.example", by=alice, recipients=["ann@one.example"])
    make("carol@two.example", by=alice, recipients=["bob@one.example", "ann@two.example"])
    catch_all("one.example", "ann@two.example", by=alice)
