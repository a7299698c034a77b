"""Where mail for an address may be read, as far as we know: what a secret must not be sent to."""

from webmailadmin.mail import names, people, routing
from webmailadmin.mail.errors import Refusal
from webmailadmin.models import Address, Domain, Mailbox, Ownership


def stops(email: str) -> set[str]:
    """Return each address that mail for this one passes, itself included, switches disregarded.

    None when it goes round in a circle.
    """
    try:
        return set(routing.expand(names.without_extension(email))[0])
    except Refusal:
        return set()


def readable_at(email: str) -> set[str]:
    """Return the addresses where mail for this one is kept: outside, or in a mailbox of ours."""
    return {stop for stop in stops(email) if routing.is_outside(stop) or has_mailbox(stop)}


def has_mailbox(email: str) -> bool:
    """Say whether an address of ours has a mailbox."""
    box = Mailbox.select().join(Address).where(Address.email == email)
    return bool(box.exists())


def only_in(email: str, box: Mailbox) -> bool:
    """Say whether mail for an address is kept in this mailbox and nowhere else."""
    own = people.address(box).email
    return readable_at(email) <= {own} and own in stops(email)


def in_hands_of_owners(email: str) -> bool:
    """Say whether mail for an address passes a domain of ours that has owners."""
    domains = {names.domain_of(stop) for stop in stops(email)}
    owned = Ownership.select().join(Domain).where(Domain.name.in_(domains))
    return bool(owned.where(Domain.removed_at.is_null()).exists())
