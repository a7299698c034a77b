"""Forgotten passwords: who asks for a link, by which name, and whether anybody gets one.

Asking does the same for every name, known or not, so that neither the answer nor its time tells
which: the name is written down among the counts of tries. The worker looks who that is.
"""

from peewee import fn

from webmailadmin.database import db
from webmailadmin.mail import contacts, links, log_ins, people, throttle
from webmailadmin.mail.errors_of_links import ForgottenNameMissing
from webmailadmin.mail.people import Person
from webmailadmin.models import Throttle, now

ASKED = "asked:"
MOST_BY_NAME = 3  # an hour
MOST_BY_NETWORK = 20  # an hour


def ask(typed: str, client: str) -> None:
    """Note that somebody has forgotten the password of this name. client: their address.

    Raises ForgottenNameMissing, TooManyLetters: for known names and others alike.
    """
    name = log_ins.normal_name(typed)
    if not name:
        raise ForgottenNameMissing
    with db.atomic():
        links.spend(f"forgotten by:{throttle.network_of(client)}", MOST_BY_NETWORK)
        links.spend(f"forgotten:{name}", MOST_BY_NAME)
        Throttle.insert(key=ASKED + name, failures=0, last_at=now()).on_conflict(
            "REPLACE"
        ).execute()


def waiting() -> list[str]:
    """Return the names that were asked for and not yet looked at, the first one first."""
    asked = Throttle.select(Throttle.key).where(fn.SUBSTR(Throttle.key, 1, len(ASKED)) == ASKED)
    return [row.key.removeprefix(ASKED) for row in asked.order_by(Throttle.last_at, Throttle.key)]


def done(name: str) -> None:
    """Forget that this name was asked for."""
    Throttle.delete().where(Throttle.key == ASKED + name).execute()


def addressee(name: str) -> Person | None:
    """Return who has this name, if there is an address where a link may be sent to."""
    known = log_ins.find(name)
    person = people.of(known.actor) if known is not None else None
    return person if person is not None and contacts.usable(person) else None
