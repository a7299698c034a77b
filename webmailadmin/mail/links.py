"""Links that stand in for a password, once: to choose one's own, or to confirm an address.

Whoever reads the database finds only hashes. A link ends with its time, with its use, with a later
one of the same purpose, and by triggers with every change of the password, once its person may not
log in any more, and once who made it lost the right to, or has another password. It opens no
session: the person logs in afterwards, with the second factor if there is one.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from peewee import Expression

from webmailadmin.database import db
from webmailadmin.mail import (
    accounts,
    destinations,
    guard,
    journal,
    mailboxes,
    names,
    people,
    sessions,
    throttle,
)
from webmailadmin.mail.actors import THE_PANEL, Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_links import (
    LinkOpensNothing,
    LinkOver,
    LinkPlaceMalformed,
    LinkPlaceMissing,
    LinkPlaceOwned,
    LinkToItself,
    TooManyLetters,
)
from webmailadmin.mail.people import Person
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account, Link, Mailbox, now

AN_HOUR = timedelta(hours=1)
MOST_INVITATIONS = 100  # by mail, an hour, by one person


LASTS = {
    Purpose.INVITATION: timedelta(hours=72),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.CONTACT: timedelta(hours=72),
}
TO_CHOOSE = (Purpose.INVITATION, Purpose.RESET)


@dataclass(frozen=True)
class Handed:
    """A link that is good now. email: the address that it confirms."""

    id: int
    purpose: Purpose
    person: Person
    email: str


# Handing out


def may_invite(person: Person, *, by: Actor) -> None:
    """Raise NotFound unless they may give this person a link: it opens all that is theirs.

    Raises OwnPassword for a link to oneself.
    """
    if isinstance(person, Account):
        guard.administrator(by)
        accounts.refuse_own_password(person, by)
    elif person.address is None:
        raise NotFound
    else:
        guard.address(by, person.address)


def invite(person: Person, *, by: Actor) -> str:
    """Return the token of a link by which a person chooses their own password.

    Raises LinkOpensNothing.
    """
    return write_invitation(person, "", by=by)


def invite_by_mail(person: Person, typed: str, *, by: Actor) -> tuple[str, str]:
    """Return such a token, and the address that the link is to be sent to.

    Raises LinkOpensNothing, LinkPlaceMissing, LinkPlaceMalformed, LinkToItself, LinkPlaceOwned,
    TooManyLetters.
    """
    may_invite(person, by=by)
    to = read_place(typed, person)
    with db.atomic():
        spend(f"invitations by:{by.kind} {by.id}", MOST_INVITATIONS)
        return write_invitation(person, to, by=by), to


def read_place(typed: str, person: Person) -> str:
    """Read the address that a link is to be sent to.

    Not the mailbox that it opens, nor where somebody of lower rank reads.
    """
    if not typed.strip():
        raise LinkPlaceMissing
    to = names.email(typed)
    if to is None:
        raise LinkPlaceMalformed(typed=typed.strip())
    if isinstance(person, Mailbox):
        if destinations.only_in(to, person):
            raise LinkToItself(email=to)
    elif person.kind == Kind.ADMINISTRATOR and destinations.in_hands_of_owners(to):
        raise LinkPlaceOwned(email=to)
    return to


def spend(key: str, most: int) -> None:
    """Count one mail more of an hour. Raises TooManyLetters."""
    seconds = throttle.spend(key, most, AN_HOUR)
    if seconds:
        raise TooManyLetters(minutes=-(-seconds // 60))


def write_invitation(person: Person, to: str, *, by: Actor) -> str:
    """Hand out an invitation and write it in the journal. to: where it is sent, or ""."""
    with db.atomic():
        may_invite(people.again(person), by=by)
        token = hand_out(person, Purpose.INVITATION, to, made_by=seen_by(by))
        if to:
            record(person, "link-sent", by=by, to=to)
        else:
            record(person, "link-made", by=by)
        return token


def seen_by(by: Actor) -> Account | None:
    """Return the account that sees a link being made: not the one that it has entered as."""
    return Account.get_or_none(Account.name == (by.through or by.name)) if by.has_account else None


def reset(person: Person, contact: str) -> str:
    """Return the token of a link for who has forgotten the password. Raises LinkOpensNothing."""
    with db.atomic():
        return hand_out(person, Purpose.RESET, contact)


def tell_reset(person: Person) -> None:
    """Write in the journal that such a link was sent. Raises NotFound when its person is gone."""
    with db.atomic():
        record(people.again(person), "reset-sent", by=THE_PANEL)


def record(person: Person, act: str, *, by: Actor, **details: Any) -> None:
    """Write in the journal what happens to the log-in of a person."""
    if isinstance(person, Account):
        journal.record(f"account.{act}", by=by, name=person.name, **details)
    else:
        where = people.address(person)
        journal.record(f"mailbox.{act}", by=by, domain=where.domain, email=where.email, **details)


def hand_out(
    person: Person, purpose: Purpose, email: str, *, made_by: Account | None = None
) -> str:
    """Return the token of a new link, which ends the earlier one. Inside a transaction."""
    person = people.again(person)
    if not people.is_open(person):
        raise LinkOpensNothing(name=people.name(person))
    token = secrets.token_urlsafe(32)
    end(person, purpose)
    Link.delete().where(Link.until <= now()).execute()
    Link.create(
        token_hash=sessions.token_hash(token),
        purpose=purpose,
        **sessions.column_of(people.actor(person)),
        made_by=made_by,
        email=email,
        until=now() + LASTS[purpose],
    )
    return token


def end(person: Person, *purposes: Purpose) -> None:
    """End the links of a person that are good for one of these."""
    Link.delete().where(own(person), Link.purpose.in_(purposes)).execute()


def own(person: Person) -> Expression:
    """Return what selects the links of a person."""
    if isinstance(person, Account):
        return Link.account == person.id
    return Link.mailbox == person.id


# Using


def find(token: str) -> Handed:
    """Return what a link is good for. It stays good. Raises LinkOver."""
    link = Link.get_or_none(
        Link.token_hash == sessions.token_hash(token),
        Link.purpose.in_(list(Purpose)),
        Link.until > now(),
    )
    if link is None:
        raise LinkOver
    person: Person | None = link.account or link.mailbox
    if person is None or not people.is_open(person):
        raise LinkOver
    return Handed(link.id, Purpose(link.purpose), person, link.email)


def choose_password(token: str, typed: str, confirmation: str) -> str:
    """Give the person of a link the password that they typed; return their name.

    All their sessions and links end; a second factor stays.
    Raises LinkOver, and what passwords.check refuses.
    """
    person = find_to_choose(token).person
    password_hash = checked_hash(person, typed, confirmation)
    with db.atomic():
        person = find_to_choose(token).person
        by = people.actor(person)
        if isinstance(person, Account):
            accounts.write_password(person, password_hash, one_time=False, by=by)
        else:
            mailboxes.change(people.address(person), person, password_hash, person.quota_mb, by=by)
            throttle.forget(by.name)
    return by.name


def find_to_choose(token: str) -> Handed:
    """Return a link by which a password is chosen. Raises LinkOver."""
    handed = find(token)
    if handed.purpose not in TO_CHOOSE:
        raise LinkOver
    return handed


def checked_hash(person: Person, typed: str, confirmation: str) -> str:
    """Return the hash of a password that the person may have. Slow: outside every transaction."""
    if isinstance(person, Account):
        accounts.check_password(typed, confirmation, person.name)
        return accounts.hashed(typed)
    mailboxes.check_password(typed, confirmation, people.address(person))
    return mailboxes.hashed(typed)
