"""What the tests of pages share: each page twice, and the whole database to compare."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from tests.browser_of import FRAGMENT, Browser
from tests.smtp_of import MailServer
from tests.web.link_pages import mails_of
from webmailadmin import create_app, database, settings
from webmailadmin.mail import accounts, addresses, sessions
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.models import Account, Address, Domain, Mailbox, Ownership

LIST = "/domains/bonvenon.fr/"
OTHER = "quite another password 31"
CONTACT = "/addresses/contact@bonvenon.fr/edit"


@pytest.fixture(scope="session")
def made() -> list[Flask]:
    """The application that all tests share: to make one takes longer than a short test."""
    return []


@pytest.fixture
def app(fresh: Path, made: list[Flask]) -> Iterator[Flask]:
    """The whole application, with the settings of this test, on a fresh database."""
    if made:
        settings.use(settings.read())
        database.open_database(fresh)
    else:
        made.append(create_app())
        made[0].testing = True
    yield made[0]
    database.db.close()


@pytest.fixture
def own_app(data: Path) -> Iterator[Flask]:
    """An application of this test's own, for what it reads once at its start."""
    yield create_app()
    database.db.close()


@pytest.fixture
def browser(app: Flask, alice: Actor) -> Browser:
    """Alice's browser, logged in, in English, without the walk through the log-in page."""
    browser = Browser(app)
    token = sessions.open_session(alice)
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


@pytest.fixture(params=[{}, FRAGMENT], ids=["page", "fragment"])
def headers(request: pytest.FixtureRequest) -> dict[str, str]:
    """Headers of a plain browser, and of htmx that asks for a part of a page."""
    asked: dict[str, str] = request.param
    return asked


@pytest.fixture
def french(browser: Browser) -> Browser:
    """Alice's browser, in French."""
    browser.language = "fr"
    return browser


def everything() -> dict[str, list[Any]]:
    """Return all rows of all tables, to see that nothing moved.

    But for when a session was seen last: any request may note that, once a minute.
    """
    db = database.db
    found = {}
    for table in db.get_tables():
        if table != "sqlite_sequence":  # counts numbers given, also those of rows that are gone
            columns = [column.name for column in db.get_columns(table)]
            names = ", ".join("0" if name == "seen_at" else name for name in columns)
            rows = db.execute_sql(f'SELECT rowid, {names} FROM "{table}" ORDER BY rowid')
            found[table] = rows.fetchall()
    return found


def in_paris(moment: datetime) -> datetime:
    """Return a time in UTC as the pages of the tests show it: late in the evening, another day."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris"))


def columns() -> set[str]:
    """Return the names of all columns of all tables."""
    db = database.db
    return {column.name for table in db.get_tables() for column in db.get_columns(table)}


def fill(domain: Domain, count: int, *, by: Actor) -> None:
    """Give a domain `count` addresses: mailboxes, aliases, some of them off, some dead.

    Straight into the tables: the rules would take a second for each hundred.
    """
    db = database.db
    with db.atomic():
        for n in range(count):
            local_part = f"person{n:03d}"
            has_box, off = n % 3 == 0, n % 17 == 0
            db.execute_sql(
                "INSERT INTO address (domain_id, local_part, email, enabled, receives, version,"
                " created_at) VALUES (?, ?, ?, ?, ?, 1, unixepoch())",
                (domain.id, local_part, f"{local_part}@{domain.name}", not off, not off),
            )
            number = db.execute_sql("SELECT last_insert_rowid()").fetchone()[0]
            if has_box:
                db.execute_sql(
                    "INSERT INTO mailbox (address_id, home, password, quota_mb, created_at)"
                    " VALUES (?, lower(hex(randomblob(16))), 'x', 1024, unixepoch())",
                    (number,),
                )
            else:
                db.execute_sql(
                    "INSERT INTO recipient (address_id, email, target, domain, receives)"
                    " VALUES (?, ?, ?, 'elsewhere.org', 1)",
                    (number, f"home{n}@elsewhere.org", f"home{n}@elsewhere.org"),
                )
            db.execute_sql(
                "INSERT INTO journal (at, actor, act, domain_id, email, details)"
                " VALUES (unixepoch(), ?, 'address.added', ?, ?, '{}')",
                (by.name, domain.id, f"{local_part}@{domain.name}"),
            )


# Others than Alice


def box_of(address: Address) -> Mailbox:
    """Return the mailbox at an address as it is now."""
    found: Mailbox = Mailbox.get(Mailbox.address == address.id)
    return found


def holder_of(address: Address) -> Actor:
    """Return who holds the mailbox at an address."""
    return Actor(Kind.HOLDER, box_of(address).id, address.email)


def log_in_as(app: Flask, actor: Actor) -> Browser:
    """Return the browser of somebody who is logged in."""
    browser = Browser(app)
    token = sessions.open_session(actor)
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


@pytest.fixture
def me(app: Flask, contact: Address) -> Browser:
    """The browser of who holds contact@."""
    return log_in_as(app, holder_of(contact))


@pytest.fixture
def sales(bonvenon: Domain, alice: Actor) -> Address:
    """Another mailbox of the domain."""
    address = addresses.add(bonvenon, "sales", by=alice)
    wish = addresses.Wish(1, mailbox=True, password=OTHER, confirmation=OTHER, quota_mb="0")
    return addresses.save(address, wish, by=alice).address


@pytest.fixture
def owner(app: Flask, bonvenon: Domain) -> Browser:
    """The browser of who has bonvenon.fr."""
    accounts.add("olive", OTHER, kind=Kind.OWNER, by=COMMAND_LINE)
    account = Account.get(Account.name == "olive")
    Ownership.create(account=account, domain=bonvenon)
    return log_in_as(app, accounts.actor(account))


@pytest.fixture
def server(app: Flask) -> Iterator[MailServer]:
    """A mail server that takes what the panel sends, and its public address."""
    with mails_of(app) as server:
        yield server
