"""Arranging what guards mailboxes, by the rules themselves, and what the panel does after each."""

from tests.mail.stage import find, hoster
from webmailadmin.mail import app_passwords, mailboxes, switches
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.app_passwords import Created
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.upkeep import kicks


def holder(email: str) -> Actor:
    """Return the holder of a mailbox."""
    box = mailboxes.of(find(email))
    assert box is not None
    return Actor(Kind.HOLDER, box.id, email)


def app_password(email: str, name: str = "Telephone") -> Created:
    """Make an app password."""
    return app_passwords.create(find(email), name, by=holder(email))


def revoke(email: str, created: Created) -> None:
    """Revoke an app password."""
    app_passwords.revoke(find(email), created.app_password.id, by=holder(email))
    kicks.carry_out()


def bar_main(email: str) -> None:
    """Bar the main password from mail programs."""
    app_passwords.bar_main(find(email), True, by=holder(email))
    kicks.carry_out()


def switch(email: str, **wished: bool) -> None:
    """Set switches of a mailbox."""
    address = find(email)
    switches.change(address, Switches(**wished), version=address.version, by=hoster())
    kicks.carry_out()
