"""Owners and holders for the tests of the rules."""

from webmailadmin.mail import accounts, mailboxes, owners
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import Account, Address, Domain

PASSWORD = "a fine long password 27"


def account_of(name: str) -> Account:
    """Return an account as it is now."""
    found: Account = Account.get(Account.name == name)
    return found


def owner(name: str, *owned: Domain, **limits: str | bool) -> Actor:
    """Add an owner of these domains. limits: see Wish."""
    wish = Wish(**limits)  # type: ignore[arg-type]
    accounts.add(name, PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER, wish=wish)
    for domain in owned:
        owners.give(domain, account_of(name), by=COMMAND_LINE)
    return accounts.actor(account_of(name))


def holder(address: Address) -> Actor:
    """Return the holder of the mailbox at an address."""
    box = mailboxes.of(address)
    assert box is not None
    return Actor(Kind.HOLDER, box.id, address.email)
