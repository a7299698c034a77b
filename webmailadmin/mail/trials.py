"""Test messages: how many may be sent, and where they must be looked for."""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta

from webmailadmin.database import db
from webmailadmin.mail import guard, mailboxes, names, recipients, routing, throttle
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_mailboxes import TooManyTests
from webmailadmin.models import Address, Mailbox

A_MINUTE = timedelta(minutes=1)
MOST_TO_ONE = 4  # a minute, to one address
MOST_BY_ONE = 10  # a minute, by one person


@dataclass(frozen=True)
class Ends:
    """Where mail for an address ends: mailboxes, each with its home, and addresses outside.

    To an owner, addresses of others are outside too: where they lead is not theirs to see.
    """

    boxes: list[tuple[str, str]]
    outside: list[str]


def count(address: Address, *, by: Actor) -> None:
    """Count a test message that is to be sent. It changes nothing, so the journal has none.

    Raises TooManyTests.
    """
    guard.address(by, address)
    with db.atomic():
        count_one(f"tests to:{address.email}", MOST_TO_ONE)
        count_one(f"tests by:{by.name}", MOST_BY_ONE)


def count_one(key: str, most: int) -> None:
    """Count one more of a minute that began with the first."""
    seconds = throttle.spend(key, most, A_MINUTE)
    if seconds:
        raise TooManyTests(seconds=seconds)


def ends(address: Address, *, by: Actor) -> Ends:
    """Return where mail for an address ends at the moment, itself first."""
    guard.address(by, address)
    boxes: dict[str, str] = {}
    outside: list[str] = []
    waiting, seen = deque([address.email]), {address.email}
    while waiting and len(seen) <= routing.MOST_IN_ALL:
        email = waiting.popleft()
        here = names.without_extension(email)
        domain = routing.domain_named(names.domain_of(here))
        if domain is None or not guard.owns(by, domain):
            outside.append(email)
            continue
        box, following = stop_at(here)
        if box is not None:
            boxes[here] = box.home
        waiting.extend(further for further in following if further not in seen)
        seen.update(following)
    return Ends(list(boxes.items()), outside)


def stop_at(email: str) -> tuple[Mailbox | None, list[str]]:
    """Return the mailbox that keeps mail for an address of ours, and where the mail is sent on."""
    address = routing.address_of(email)
    if address is None:
        return None, routing.unknown_stop(email)
    if not address.receives:
        return None, []
    sent_on = [row.email for row in recipients.of(address) if row.receives]
    box = mailboxes.of(address)
    return box if box is not None and box.receives else None, sent_on
