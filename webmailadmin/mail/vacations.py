"""Vacation answers: what a mailbox tells senders while its holder is away.

Dovecot's own Sieve sends them, once to each sender in an absence, never to lists, bulk mail or
other answers (RFC 5230), and keeps whom it has answered in the mailbox's home. Its script is made
of the row at each delivery, by the view `dovecot_vacation`, which Dovecot reads over its dict
service. The other ways do not do: a script in a file would need somebody who writes in the
mailbox's home, and settings that come with the user would break deliveries by their length.
"""

import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum

from webmailadmin.database import db
from webmailadmin.mail import days, guard, journal, mailboxes, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound, Refusal, Refusals
from webmailadmin.mail.errors_of_vacations import (
    VacationBeginMalformed,
    VacationChanged,
    VacationEndMalformed,
    VacationEndsBefore,
    VacationSubjectControl,
    VacationSubjectTooLong,
    VacationTextControl,
    VacationTextMissing,
    VacationTextTooLong,
)
from webmailadmin.models import Address, Mailbox, Vacation, now

LONGEST_SUBJECT = 200  # characters
LONGEST_TEXT = 10_240  # bytes; with every one escaped, Dovecot's dict still carries it


class State(Enum):
    """Whether answers are sent: not at all, from a day to come, now, or no longer."""

    OFF = "off"
    LATER = "later"
    NOW = "now"
    OVER = "over"


@dataclass(frozen=True)
class Wish:
    """What the person wants, as typed.

    version: of the answer as the person saw it. begins, ends: the first day and the last one, as
    2026-08-03, or "" for no bound.
    """

    version: int
    enabled: bool
    begins: str = ""
    ends: str = ""
    subject: str = ""
    text: str = ""


def of(email: str, *, by: Actor) -> Vacation:
    """Return the answer of the mailbox at an address; one that is off, if there was never any.

    Raises NotFound, as all here do, for what is not there and for what is somebody else's.
    """
    _, box = mailbox_at(email, by)
    return kept(box)


def mailbox_at(email: str, by: Actor) -> tuple[Address, Mailbox]:
    """Return the address and its mailbox, for its holder and for who manages its domain."""
    address = routing.address_of(email)
    if address is None:
        raise NotFound
    guard.mailbox(by, address)
    box = mailboxes.of(address)
    if box is None:
        raise NotFound
    return address, box


def kept(box: Mailbox) -> Vacation:
    """Return the answer of a mailbox as it is in the database, or a new one."""
    found: Vacation | None = Vacation.get_or_none(Vacation.mailbox == box)
    return found if found is not None else Vacation(mailbox=box)


def save(email: str, wish: Wish, *, by: Actor) -> Vacation:
    """Make the answer what the person wishes.

    Raises VacationChanged when somebody else was quicker, and a Vacation… refusal for each field
    that cannot be taken, several at once as Several.
    """
    wanted = read(wish)
    with db.atomic():
        address, box = mailbox_at(email, by)
        before = kept(box)
        if all(getattr(before, name) == value for name, value in wanted.items()):
            return before
        if before.version != wish.version:
            raise VacationChanged
        after = Vacation(mailbox=box, number=before.number, version=before.version + 1, **wanted)
        if is_another(before, after):
            # Above every earlier one, also those of a state that a restore has taken back.
            after.number = max(int(time.time()), before.number + 1)
        after.save(force_insert=not before.version)
        act = "vacation.changed" if after.enabled == before.enabled else "vacation.off"
        if after.enabled and not before.enabled:
            act = "vacation.on"
        journal.record(act, by=by, domain=address.domain, email=address.email)
    return after


def is_another(before: Vacation, after: Vacation) -> bool:
    """Say whether senders who had the answer before must have this one too.

    They must when there is something new to tell, and when another absence begins; a few days
    more of the same are no news.
    """
    newly_on = after.enabled and not before.enabled
    return newly_on or any(
        getattr(before, name) != getattr(after, name) for name in ("begins", "subject", "text")
    )


def read(wish: Wish) -> dict[str, object]:
    """Return the columns that were wished for. Raises the refusals of all fields at once."""
    refusals = Refusals()
    begins = ends = None
    with refusals.collect():
        begins = read_day(wish.begins, VacationBeginMalformed)
    with refusals.collect():
        ends = read_day(wish.ends, VacationEndMalformed)
        if begins and ends and ends < begins:
            raise VacationEndsBefore
    with refusals.collect():
        subject = read_subject(wish.subject)
    with refusals.collect():
        text = read_text(wish.text)
        if wish.enabled and not text.strip():
            raise VacationTextMissing
    refusals.raise_any()
    return {
        "enabled": wish.enabled,
        "begins": days.begin_of(begins) if begins else None,
        "ends": days.begin_of(ends + days.A_DAY) if ends else None,
        "subject": subject,
        "text": text,
    }


def read_day(typed: str, refusal: Callable[[], Refusal]) -> date | None:
    """Return the day that was typed; None for nothing."""
    try:
        return days.read(typed)
    except ValueError:
        raise refusal() from None


def read_subject(typed: str) -> str:
    """Return the subject, which is one line."""
    subject = typed.strip()
    if has_control(subject):
        raise VacationSubjectControl
    if len(subject) > LONGEST_SUBJECT:
        raise VacationSubjectTooLong(most=LONGEST_SUBJECT, length=len(subject))
    return subject


def read_text(typed: str) -> str:
    """Return the text as it was typed, whatever ended its lines there."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n")
    if has_control(text.replace("\n", "").replace("\t", "")):
        raise VacationTextControl
    length = len(text.encode())
    if length > LONGEST_TEXT:
        raise VacationTextTooLong(most=LONGEST_TEXT, length=length)
    return text


def has_control(text: str) -> bool:
    """Say whether there is anything that is no character to be read, as NUL or half of one.

    What turns the direction or joins signs stays: some languages are written so.
    """
    return any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)


def state(vacation: Vacation) -> State:
    """Say whether answers are sent now."""
    if not vacation.enabled:
        return State.OFF
    moment = now()
    if vacation.begins and moment < vacation.begins:
        return State.LATER
    return State.OVER if vacation.ends and moment >= vacation.ends else State.NOW


def first_day(vacation: Vacation) -> date | None:
    """Return the first day of the absence; None for no bound."""
    return days.day_of(vacation.begins) if vacation.begins else None


def last_day(vacation: Vacation) -> date | None:
    """Return the last day of the absence; None for no bound."""
    return days.day_of(vacation.ends) - days.A_DAY if vacation.ends else None
