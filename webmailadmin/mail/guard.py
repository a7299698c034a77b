"""The one guard: who may do what to which domain, address, mailbox or account.

Every rule asks here with who acts. What is missing and what is somebody else's are refused alike,
with NotFound. Whether a domain is somebody's is read from its row at that moment, never from what
a request says.
"""

from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_entering import OnlyThemselves
from webmailadmin.models import Address, Domain, Mailbox, Ownership

# The domains of a person, within a statement that is given `whose`.
MINE = "(? OR domain.id IN (SELECT domain_id FROM ownership WHERE account_id = ?))"


def whose(by: Actor) -> tuple[bool, int]:
    """Return what MINE is given for this person."""
    return everything(by), by.id if by.kind is Kind.OWNER else 0


def everything(by: Actor) -> bool:
    """Say whether nothing is foreign to them: an administrator, or a program of the server."""
    return by.kind in (Kind.ADMINISTRATOR, Kind.PROGRAM)


def administrator(by: Actor) -> None:
    """Raise NotFound for everybody but administrators and programs of the server."""
    if not everything(by):
        raise NotFound


def oneself(by: Actor) -> None:
    """Raise OnlyThemselves for an administrator who has entered as somebody.

    Asked by what shows or changes what guards a person: password, second factor, sessions,
    contact address, app passwords, links.
    """
    if by.through:
        raise OnlyThemselves(name=by.name, through=by.through)


def account(by: Actor) -> None:
    """Raise NotFound for a holder, who has no domains."""
    if by.kind is Kind.HOLDER:
        raise NotFound


def owns(by: Actor, domain: Domain) -> bool:
    """Say whether the domain is theirs to manage."""
    if everything(by):
        return True
    return by.kind is Kind.OWNER and bool(
        Ownership.select().where(Ownership.account == by.id, Ownership.domain == domain.id).exists()
    )


def domain(by: Actor, domain: Domain) -> None:
    """Raise NotFound unless they may manage the domain."""
    if not owns(by, domain):
        raise NotFound


def has_added(by: Actor, domain: Domain) -> bool:
    """Say whether the domain is theirs to remove and to bring back: they added it themselves."""
    if everything(by):
        return True
    which = Ownership.account == by.id, Ownership.domain == domain.id, Ownership.added_itself
    return by.kind is Kind.OWNER and bool(Ownership.select().where(*which).exists())


def added(by: Actor, domain: Domain) -> None:
    """Raise NotFound unless they may remove the domain and bring it back."""
    if not has_added(by, domain):
        raise NotFound


def address(by: Actor, address: Address) -> None:
    """Raise NotFound unless they may manage the domain that the address is in."""
    domain(by, address.domain)


def holds(by: Actor, address: Address) -> bool:
    """Say whether they are the holder of the mailbox at this address."""
    return by.kind is Kind.HOLDER and bool(
        Mailbox.select().where(Mailbox.id == by.id, Mailbox.address == address.id).exists()
    )


def holder(by: Actor, address: Address) -> None:
    """Raise NotFound unless they hold the mailbox at the address."""
    if not holds(by, address):
        raise NotFound


def mailbox(by: Actor, address: Address) -> None:
    """Raise NotFound unless they hold the mailbox at the address, or may manage its domain."""
    if not holds(by, address):
        domain(by, address.domain)
