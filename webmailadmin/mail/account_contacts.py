"""Contact addresses of accounts: where links that set a password may be sent.

Who owns a domain reads the mail of it. So no administrator is written to at a domain that has
owners: one of them could ask for a link, read it, and be an administrator. And who may add
domains adds none where others get their links.
"""

from webmailadmin.mail import destinations, names
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors_of_accounts import ContactMalformed, ContactOwned, ContactsInside
from webmailadmin.models import Account, Address, Mailbox, Ownership, Removed


def read(typed: str) -> str:
    """Return the address that was typed, "" for none. Raises ContactMalformed."""
    if not typed.strip():
        return ""
    contact = names.email(typed)
    if contact is None:
        raise ContactMalformed(typed=typed.strip())
    return contact


def refuse_owned(contact: str, kind: Kind) -> None:
    """Raise ContactOwned when owners could read what is sent to an administrator.

    Inside the transaction of the change; and again before anything is sent.
    """
    if kind == Kind.ADMINISTRATOR and contact and destinations.in_hands_of_owners(contact):
        raise ContactOwned(email=contact)


def refuse_administrators_at(name: str) -> None:
    """Raise ContactsInside when an administrator's contact lies in the domain of this name."""
    which = Account.kind == Kind.ADMINISTRATOR, Account.contact.endswith(f"@{name}")
    for account in Account.select().where(*which).order_by(Account.name):
        raise ContactsInside(email=account.contact, account=account.name)


def is_of_others_at(name: str, *, by: Actor) -> bool:
    """Say whether somebody else than this owner and its holders gets links in a domain."""
    mine = Ownership.select(Ownership.domain).where(Ownership.account == by.id)
    living = Mailbox.select(Mailbox.id).join(Address).where(Address.domain.in_(mine))
    removed = Removed.select(Removed.mailbox).where(
        Removed.domain.in_(mine), Removed.mailbox.is_null(False)
    )
    accounts = Account.select().where(
        Account.contact.endswith(f"@{name}"), Account.contact_confirmed, Account.id != by.id
    )
    boxes = Mailbox.select().where(
        Mailbox.contact.endswith(f"@{name}"),
        Mailbox.contact_confirmed,
        Mailbox.id.not_in(living),
        Mailbox.id.not_in(removed),
    )
    return bool(accounts.exists() or boxes.exists())
