"""Who logs in, as a row: the account of an administrator or owner, the mailbox of a holder."""

from webmailadmin.mail import accounts
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.models import Account, Address, Mailbox

Person = Account | Mailbox


def of(actor: Actor) -> Person:
    """Return the row of who acts. Raises NotFound for a program, and for who is gone."""
    if actor.has_account:
        return accounts.of(actor)
    box: Mailbox | None = Mailbox.get_or_none(Mailbox.id == actor.id)
    if actor.kind is not Kind.HOLDER or box is None or box.address is None:
        raise NotFound
    return box


def address(box: Mailbox) -> Address:
    """Return the address of a mailbox that was not removed."""
    found: Address | None = box.address
    assert found is not None
    return found


def again(person: Person) -> Person:
    """Return the row as it is now, inside the transaction that relies on it. Raises NotFound."""
    found: Person | None = type(person).get_or_none(type(person).id == person.id)
    if found is None or (isinstance(found, Mailbox) and found.address is None):
        raise NotFound
    return found


def actor(person: Person) -> Actor:
    """Return a person as who acts."""
    if isinstance(person, Account):
        return accounts.actor(person)
    return Actor(Kind.HOLDER, person.id, address(person).email)


def name(person: Person) -> str:
    """Return what they type to log in."""
    return actor(person).name


def is_open(person: Person) -> bool:
    """Say whether they may log in."""
    if isinstance(person, Account):
        return bool(person.enabled)
    return bool(person.address and person.address.enabled and person.may_log_in)


def language(person: Person) -> str:
    """Return the language of the mails that they get from us."""
    if isinstance(person, Account):
        return str(person.language)
    return str(person.language or address(person).domain.language)
