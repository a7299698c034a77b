"""One's own address elsewhere: where a link goes when the password is forgotten.

It counts once mail to it was answered. Where it leads is looked at again before anything is sent:
an alias may have been led elsewhere since, a domain may have owners now.
"""

from webmailadmin.database import db
from webmailadmin.mail import (
    account_contacts,
    destinations,
    guard,
    links,
    notices,
    people,
    present_password,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import Refusal
from webmailadmin.mail.errors_of_links import ContactIsItself, ContactReceivesNothing, LinkOver
from webmailadmin.mail.links import Handed
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.people import Person
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account

MOST_CHANGES = 5  # an hour, by one person: each is a mail to somebody who may not want it


def change(typed: str, present: str, *, by: Actor) -> tuple[str, str]:
    """Set one's own contact address, or take it away; return it, and the token that confirms it.

    No token when nothing is to be confirmed. present: the password. Who was confirmed until now
    is told. Raises OnlyThemselves, PasswordWrong, ContactMalformed, ContactIsItself,
    ContactOwned, ContactReceivesNothing, TooManyLetters, TooManyFailures.
    """
    guard.oneself(by)
    person = people.of(by)
    email = read(typed, person)
    present_password.check(present, person.password, by=by)
    with db.atomic():
        checked, person = person.password, people.again(person)
        present_password.refuse_changed(checked, person.password)
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
    email = account_contacts.read(typed)
    if email:
        refuse_useless(email, person)
    return email


def refuse_useless(email: str, person: Person) -> None:
    """Raise when the person could not read mail there, or somebody of lower rank could."""
    if isinstance(person, Account):
        account_contacts.refuse_owned(email, Kind(person.kind))
    elif destinations.only_in(email, person):
        raise ContactIsItself(email=email)
    if not destinations.readable_at(email):
        raise ContactReceivesNothing(email=email)


def write(person: Person, email: str, *, confirmed: bool) -> None:
    """Store a contact address."""
    table = type(person)
    table.update(contact=email, contact_confirmed=confirmed).where(table.id == person.id).execute()


def confirm(token: str, present: str) -> str:
    """Confirm the contact address that a link was sent to; return it.

    present: the password of whose contact it is. After a slip, the mail is read by somebody else,
    who would get every link to a new password. Raises LinkOver, PasswordWrong, TooManyFailures.
    """
    person = find_to_confirm(token).person
    present_password.check(present, person.password, by=people.actor(person))
    with db.atomic():
        handed = find_to_confirm(token)
        write(handed.person, handed.email, confirmed=True)
        links.end(handed.person, Purpose.CONTACT)
        links.record(handed.person, "contact-confirmed", by=people.actor(handed.person))
    return handed.email


def find_to_confirm(token: str) -> Handed:
    """Return a link by which a contact address is confirmed. Raises LinkOver."""
    handed = links.find(token)
    if handed.purpose is not Purpose.CONTACT or handed.email != handed.person.contact:
        raise LinkOver
    return handed


def usable(person: Person) -> str:
    """Return the contact address if a link to a new password may be sent there, else ""."""
    if not (person.contact and person.contact_confirmed and people.is_open(person)):
        return ""
    try:
        refuse_useless(person.contact, person)
    except Refusal:
        return ""
    return str(person.contact)
