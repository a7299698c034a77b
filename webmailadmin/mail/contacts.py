"""One's own address elsewhere: where a link goes when the password is forgotten.

It counts once mail to it was answered. Where it leads is looked at again before anything is sent:
an alias may have been led elsewhere since, a domain may have owners now.
"""

from webmailadmin.database import db
from webmailadmin.mail import destinations, guard, links, names, notices, people, present_password
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import Refusal
from webmailadmin.mail.errors_of_links import (
    ContactIsItself,
    ContactIsOwned,
    ContactNotAnAddress,
    ContactReceivesNothing,
    LinkOver,
)
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.people import Person
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account

MOST_CHANGES = 5  # an hour, by one person: each is a mail to somebody who may not want it


def change(typed: str, present: str, *, by: Actor) -> tuple[str, str]:
    """Set one's own contact address, or take it away; return it, and the token that confirms it.

    No token when nothing is to be confirmed. present: the password. Who was confirmed until now
    is told. Raises OnlyThemselves, PasswordWrong, ContactNotAnAddress, ContactIsItself,
    ContactIsOwned, ContactReceivesNothing, TooManyLetters, TooManyFailures.
    """
    guard.oneself(by)
    person = people.of(by)
    email = read(typed, person)
    present_password.check(present, person.password, by=by)
    with db.atomic():
        person = people.again(person)
        if email == person.contact and (person.contact_confirmed or not email):
            return email, ""
        links.spend(f"contacts by:{by.kind} {by.id}", MOST_CHANGES)
        notices.tell(person, Notice.CONTACT)
        write(person, email, confirmed=False)
        links.end(person, Purpose.RESET, Purpose.CONTACT)
        links.record(person, "contact", by=by)
        return email, links.hand_out(person, Purpose.CONTACT, email) if email else ""


def read(typed: str, person: Person) -> str:
    """Read a contact address; "" for none."""
    if not typed.strip():
        return ""
    email = names.email(typed)
    if email is None:
        raise ContactNotAnAddress(typed=typed.strip())
    refuse_useless(email, person)
    return email


def refuse_useless(email: str, person: Person) -> None:
    """Raise when the person could not read mail there, or somebody of lower rank could."""
    if isinstance(person, Account):
        if person.kind == Kind.ADMINISTRATOR and destinations.in_hands_of_owners(email):
            raise ContactIsOwned(email=email)
    elif destinations.only_in(email, person):
        raise ContactIsItself(email=email)
    if not destinations.readable_at(email):
        raise ContactReceivesNothing(email=email)


def write(person: Person, email: str, *, confirmed: bool) -> None:
    """Store a contact address."""
    table = type(person)
    table.update(contact=email, contact_confirmed=confirmed).where(table.id == person.id).execute()


def confirm(token: str) -> str:
    """Confirm the contact address that a link was sent to; return it. Raises LinkOver."""
    with db.atomic():
        handed = links.find(token)
        if handed.purpose is not Purpose.CONTACT or handed.email != handed.person.contact:
            raise LinkOver
        write(handed.person, handed.email, confirmed=True)
        links.end(handed.person, Purpose.CONTACT)
        links.record(handed.person, "contact-confirmed", by=people.actor(handed.person))
    return handed.email


def usable(person: Person) -> str:
    """Return the contact address if a link to a new password may be sent there, else ""."""
    if not (person.contact and person.contact_confirmed and people.is_open(person)):
        return ""
    try:
        refuse_useless(person.contact, person)
    except Refusal:
        return ""
    return str(person.contact)
