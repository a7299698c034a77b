"""Another name for an address, which keeps its mailbox, its recipients and its way to them."""

from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import (
    addresses,
    discretion,
    guard,
    journal,
    kicks,
    limits,
    mailboxes,
    names,
    recipients,
    removal,
    reserved,
    routing,
)
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_domains import PostmasterKeepsName
from webmailadmin.mail.errors_of_names import NameStays, NewNameTaken
from webmailadmin.models import Address, Domain, Removed


@dataclass(frozen=True)
class Renamed:
    """What a rename did.

    alias: the old name, when it stays. gave_way: the alias that had the new name until now.
    """

    address: Address
    alias: Address | None
    gave_way: Removed | None


def refuse_postmaster(address: Address) -> None:
    """Raise PostmasterKeepsName for the address that every domain must have."""
    if address.local_part == names.POSTMASTER:
        raise PostmasterKeepsName(email=address.email)


def rename(address: Address, typed: str, *, version: int, keep_alias: bool, by: Actor) -> Renamed:
    """Give the address the name that `typed` says in its own domain.

    version: of the address as the person saw it. keep_alias: the old name stays, redirected to
    the new one; without it, whatever led to the old name leads nowhere.
    Raises PostmasterKeepsName, NameStays, NewNameTaken with a free name to propose, Changed when
    somebody else was quicker, AddressGone, a LocalPart… refusal, AddressTooLong, RecipientLoop,
    TooManySteps, PostmasterNeedsDestination, NameReserved, AddressesUsedUp, OthersLimit.
    """
    guard.address(by, address)
    domain, old = address.domain, address.email
    local_part = names.local_part(typed, domain.name)
    new = f"{local_part}@{domain.name}"
    refuse_postmaster(address)
    reserved.refuse_name(local_part, by=by)
    with db.atomic(), discretion.towards(by), limits.kept(domain, by=by):
        address = addresses.found(by, old, Address.id == address.id)
        addresses.claim(address, version, by=by)
        if new == address.email:
            raise NameStays(email=new)
        gave_way = make_way(address, new, by=by)
        Address.update(local_part=local_part, email=new).where(Address.id == address.id).execute()
        journal.record("address.renamed", by=by, domain=domain, email=old, to=new)
        journal.record("address.renamed-from", by=by, domain=domain, email=new, was=old)
        alias = leave_alias(address, domain, new, by=by) if keep_alias else None
        renamed = addresses.found(by, new, Address.id == address.id)
        removal.follow(renamed)
        if mailboxes.of(renamed) is not None:
            kicks.order(old)
        for name in (new, old):
            routing.refuse_circles(name)
        routing.settle(new, old)
    return Renamed(addresses.of(by, new), alias and addresses.of(by, old), gave_way)


def make_way(address: Address, new: str, *, by: Actor) -> Removed | None:
    """Remove the alias that has the new name, when it leads only here. Raises NewNameTaken."""
    standing = routing.address_of(new)
    if standing is None:
        return None
    led = [row.email for row in recipients.of(standing)]
    spare = mailboxes.of(standing) is None and standing.local_part != names.POSTMASTER
    if not spare or led != [address.email]:
        proposal = removal.free_name(address.domain, standing.local_part, ending="")
        raise NewNameTaken(email=new, proposal=proposal)
    return addresses.take_away(standing, by=by)


def leave_alias(address: Address, domain: Domain, new: str, *, by: Actor) -> Address:
    """Leave the old name of `address` behind, redirected to the new one."""
    alias: Address = Address.create(
        domain=domain,
        local_part=address.local_part,
        email=address.email,
        # Above that of any page on which the old name still is the mailbox.
        version=address.version + 1,
    )
    journal.record("address.added", by=by, domain=domain, email=alias.email)
    recipients.write(alias, domain, [new], by=by)
    return alias
