"""The stage of most tests: a database, the account of Alice, the domain bonvenon.fr."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from xdist.scheduler import LoadFileScheduling

from tests.browser_of import Browser
from tests.killed.dying import DEATHS
from webmailadmin import create_app, database
from webmailadmin.mail import accounts, addresses, domains, throttle
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.models import Account, Address, Domain

PASSWORD = "a fine long password 27"
BROWSER = "tests/browser/"


# Tests run in several processes, a file in one of them. All with a browser in the same: several
# browsers at once would wait for each other longer than a person does.


class ByFile(LoadFileScheduling):
    """Says which tests must run in the same process."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Distribute the tests to processes in our way, whatever `--dist` says."""
    return ByFile(config, log)


# Each process tells the first one how often it killed, and at what.


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process counted."""
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["deaths"] = dict(DEATHS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what another process counted."""
    DEATHS.update(getattr(node, "workeroutput", {}).get("deaths", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often somebody was killed."""
    if DEATHS:
        each = ", ".join(f"{kind} {count}" for kind, count in sorted(DEATHS.items()))
        terminalreporter.write_line(f"kill points: {DEATHS.total()} ({each})")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a test: its own folder, and hashes that cost next to nothing."""
    for name, value in {
        "DATA": str(tmp_path / "data"),
        "MAILBOX_BCRYPT_COST": "4",
        "ACCOUNT_BCRYPT_COST": "4",
        "SECOND_FACTOR_FOR_ADMINISTRATORS": "off",  # its own tests set it on
        "OWNERS_PROVE_DOMAINS": "off",  # so do its
        "MAIL_HOST": "mail.example.net",
        "TIME_ZONE": "Europe/Paris",
        "HELPER_SOCKET": str(tmp_path / "helper"),
        "SMTP_PORT": "1",  # where nobody listens: no mail of a test goes to a server of its own
    }.items():
        monkeypatch.setenv(f"WEBMAILADMIN_{name}", value)
    return tmp_path / "data"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row, up to date: to copy it is quicker than to make one."""
    folder = tmp_path_factory.mktemp("empty")
    database.open_database(folder)
    database.db.close()
    return folder / "webmailadmin.db"


@pytest.fixture
def fresh(data: Path, empty: Path) -> Path:
    """The folder of a test's own database, without a row."""
    data.mkdir(mode=0o750)
    shutil.copy(empty, data)
    return data


@pytest.fixture
def app(data: Path) -> Iterator[Flask]:
    """The whole application on a fresh database."""
    app = create_app()
    app.testing = True
    yield app
    database.db.close()


@pytest.fixture
def alice(app: Flask) -> Actor:
    """The hoster."""
    accounts.add("alice", PASSWORD, by=COMMAND_LINE)
    return accounts.actor(Account.get(Account.name == "alice"))


@pytest.fixture
def bonvenon(alice: Actor) -> Domain:
    """A domain with its postmaster@, redirected outside."""
    return domains.install("bonvenon.fr", "camille@elsewhere.org", by=alice)


@pytest.fixture
def contact(bonvenon: Domain, alice: Actor) -> Address:
    """contact@bonvenon.fr with a mailbox of 1024 MB."""
    address = addresses.add(bonvenon, "contact", by=alice)
    wish = addresses.Wish(
        version=1, mailbox=True, password=PASSWORD, confirmation=PASSWORD, quota_mb="1024"
    )
    return addresses.save(address, wish, by=alice).address


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the throttle's clock: its first wait is a second, which may be over before one looks."""
    moment = throttle.now()
    monkeypatch.setattr(throttle, "now", lambda: moment)


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """A browser in which nobody is logged in."""
    return Browser(app)


@pytest.fixture
def browser(app: Flask, alice: Actor) -> Browser:
    """Alice's browser, logged in, in English."""
    browser = Browser(app)
    browser.log_in("alice", PASSWORD)
    return browser
