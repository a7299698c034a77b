"""What a person is told of their log-in at their confirmed address elsewhere, whoever did it.

Written down in the transaction of the change, as a row among the links that opens nothing, with
the address of that moment, and past a new password: whoever has taken the log-in must not be able
to lead it away. The worker sends it (`upkeep/letters.py`).
"""

import secrets
from datetime import timedelta
from enum import StrEnum

from webmailadmin.models import Account, Link, Mailbox, now

KEPT_FOR = timedelta(days=3)  # while no mail server takes it


class Notice(StrEnum):
    """What has happened."""

    CHANGED = "password-changed"
    FACTOR = "factor-changed"
    ENTERED = "entered"
    CONTACT = "contact-changed"


def tell(person: Account | Mailbox, notice: Notice) -> None:
    """Let a person be told, if there is an address where they are sure to be reached.

    Inside the transaction of the change.
    """
    if not (person.contact and person.contact_confirmed):
        return
    Link.create(
        token_hash=secrets.token_hex(32),
        purpose=notice,
        **{"account" if isinstance(person, Account) else "mailbox": person.id},
        email=person.contact,
        until=now() + KEPT_FOR,
    )


def waiting() -> list[Link]:
    """Return what is to be told, the first one first. What is too old is forgotten."""
    to_send = Link.purpose.in_(list(Notice))
    Link.delete().where(to_send, Link.until <= now()).execute()
    return list(Link.select().where(to_send).order_by(Link.id))


def told(link: Link) -> None:
    """Forget what was told."""
    Link.delete().where(Link.id == link.id).execute()
