"""Browsers of people beside Alice: owners and holders."""

from flask import Flask

from tests.browser_of import Browser
from tests.conftest import PASSWORD
from webmailadmin.mail import accounts, owners, sessions
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import Account, Domain


def owner(name: str, *owned: Domain, by: Actor, **limits: str | bool) -> Actor:
    """Add an owner of these domains. limits: see Wish."""
    accounts.add(name, PASSWORD, by=by, kind=Kind.OWNER, wish=Wish(**limits))  # type: ignore[arg-type]
    account = Account.get(Account.name == name)
    for domain in owned:
        owners.give(domain, account, by=by)
    return accounts.actor(account)


def browser_of(app: Flask, who: Actor) -> Browser:
    """Return a browser in which this person is logged in."""
    browser = Browser(app)
    token = sessions.open_session(who)
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser
