"""What the tests of links share: who opens them, and the mails that bring them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from urllib.parse import urlsplit

from flask import Flask

from tests.browser_of import Browser, Reply
from tests.conftest import PASSWORD
from tests.smtp_of import MailServer, mail_server
from webmailadmin import settings
from webmailadmin.mail import accounts, addresses, contacts, mailboxes, people
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.models import Account, Mailbox, Ownership
from webmailadmin.upkeep import letters

NEW = "quite another phrase 9"
PUBLIC = "https://panel.example.net"
ELSEWHERE = "ann@elsewhere.org"


def new_owner(name: str, *domains: object) -> Actor:
    """Add an owner of these domains."""
    accounts.add(name, PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    account = Account.get(Account.name == name)
    for domain in domains:
        Ownership.create(account=account, domain=domain)
    return accounts.actor(account)


def box_of(email: str, by: Actor) -> Mailbox:
    """Return the mailbox at an address."""
    box = mailboxes.of(addresses.of(by, email))
    assert box is not None
    return box


def confirm(person: people.Person, email: str = ELSEWHERE) -> None:
    """Give a person a confirmed contact address."""
    _, token = contacts.change(email, PASSWORD, by=people.actor(person))
    contacts.confirm(token, PASSWORD)


def path_of(link: str) -> str:
    """Return what a browser asks the panel for when a link is opened."""
    return urlsplit(link).path


def shown_link(page: Reply) -> str:
    """Return the link that a page shows."""
    found = page.soup.select_one("#link")
    assert found is not None, page.words("main")
    return str(found["value"])


def choose(browser: Browser, link: str, password: str = NEW) -> Reply:
    """Open a link and choose a password."""
    values = {"New password": password, "Confirm the password": password}
    return browser.submit(path_of(link), "form.card", values)


def link_in(mail: EmailMessage) -> str:
    """Return the link of a mail; the same one stands in its text and in its HTML."""
    part = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert part is not None
    assert html is not None
    (link,) = re.findall(r"https?://\S+", part.get_content())
    assert f'href="{link}"' in html.get_content()
    return str(link)


@contextmanager
def mails_of(app: Flask, public_url: str = PUBLIC) -> Iterator[MailServer]:
    """Run a mail server that takes what the panel sends."""
    with mail_server() as server:
        before = settings.current
        settings.use(replace(before, smtp_port=server.port, public_url=public_url))
        yield server
        settings.use(before)


def work(app: Flask) -> None:
    """Let the worker send what waits."""
    with app.app_context():
        letters.carry_out()
