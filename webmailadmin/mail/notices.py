"""What a person is told of their log-in at their confirmed address elsewhere, whoever did it.

Written down in the transaction of the change, as a row among the links that opens nothing, with
the address of that moment: whoever has taken the log-in must not be able to lead it away. The
worker sends it (`upkeep/letters.py`).
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Any

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
        **column_of(person),
        email=person.contact,
        until=now() + KEPT_FOR,
    )


def column_of(person: Account | Mailbox) -> dict[str, int]:
    """Return by which column what a person is told is found, and its value."""
    return {"account" if isinstance(person, Account) else "mailbox": person.id}


@contextmanager
def kept(person: Account | Mailbox) -> Iterator[None]:
    """Keep what a person is still to be told while a new password ends all their links.

    Who has taken the log-in, led the contact address away and changed the password at once would
    have told nobody.
    """
    untold: list[Any] = list(
        Link.select().filter(**column_of(person)).where(Link.purpose.in_(list(Notice))).dicts()
    )
    yield
    Link.delete().where(Link.id.in_([row["id"] for row in untold])).execute()
    if untold:
        Link.insert_many(untold).execute()


def waiting() -> list[Link]:
    """Return what is to be told, the first one first. What is too old is forgotten."""
    to_send = Link.purpose.in_(list(Notice))
    Link.delete().where(to_send, Link.until <= now()).execute()
    return list(Link.select().where(to_send).order_by(Link.id))


def told(link: Link) -> None:
    """Forget what was told."""
    Link.delete().where(Link.id == link.id).execute()
