"""Domains: install, switch, catch-all, remove."""

from enum import StrEnum

from webmailadmin.database import db
from webmailadmin.mail import addresses, journal, names, recipients, removal, routing
from webmailadmin.mail.errors import (
    CatchAllDead,
    CatchAllDomainMissing,
    CatchAllMalformed,
    CatchAllMissing,
    ContactDead,
    ContactInside,
    ContactMissing,
    DomainExists,
    DomainIsCatchAll,
    DomainNameMalformed,
    DomainNameMissing,
    DomainNotEmpty,
    NotFound,
    RecipientMalformed,
    Refusals,
)
from webmailadmin.models import Account, Address, Domain, Removed, now


class CatchAll(StrEnum):
    """What happens to mail for addresses of a domain that do not exist."""

    NONE = "none"
    ADDRESS = "address"
    DOMAIN = "domain"


def list_for(account: Account) -> list[Domain]:
    """Return the domains of the person who asks, by name."""
    # Written out: every page asks, and Peewee takes longer to write it than SQLite to answer it.
    rows = Domain.raw("SELECT * FROM domain WHERE removed_at IS NULL AND ? > 0", account.id)
    return sorted(rows, key=lambda domain: names.shown(domain.name))


def of(account: Account, typed: str) -> Domain:
    """Return the domain for the person who asks, named as A-label or U-label. Raises NotFound."""
    try:
        name = names.domain_name(typed)
    except (DomainNameMalformed, DomainNameMissing):
        raise NotFound from None
    domain = routing.domain_named(name)
    if domain is None or not account.id:
        raise NotFound
    return domain


def install(typed: str, contact: str, *, by: Account) -> Domain:
    """Install a domain with its postmaster@, redirected to the contact address.

    Raises DomainNameMissing, DomainNameMalformed, DomainExists, and for the contact
    ContactMissing, ContactInside, ContactDead, RecipientMalformed; PostmasterNeedsDestination
    and RecipientLoop when mail that left for the domain until now would come to nothing.
    """
    refusals = Refusals()
    name = ""
    with refusals.collect():
        name = names.domain_name(typed)
    with refusals.collect():
        contact = read_contact(contact, name)
    refusals.raise_any()
    with db.atomic():
        if routing.domain_named(name):
            raise DomainExists(name=names.shown(name))
        if not routing.arrives(names.without_extension(contact), name):
            raise ContactDead(email=contact)
        domain: Domain = Domain.create(name=name, catch_all_key=f"@{name}")
        postmaster = f"{names.POSTMASTER}@{name}"
        address = Address.create(domain=domain, local_part=names.POSTMASTER, email=postmaster)
        journal.record("domain.installed", by=by.name, domain=domain, contact=contact)
        recipients.write(address, domain, [contact], by=by.name)
        routing.refuse_circles(postmaster)
        routing.settle_domain(domain, postmaster)
    return domain


def read_contact(typed: str, name: str) -> str:
    """Read the contact address of the domain `name`."""
    if not typed.strip():
        raise ContactMissing
    contact = names.email(typed)
    if contact is None:
        raise ContactMalformed(typed=typed.strip())
    local_part, _, domain = contact.partition("@")
    if domain == name:
        raise ContactInside(local_part=local_part)
    return contact


class ContactMalformed(RecipientMalformed):
    """A contact that is no address."""

    code, field = "contact-malformed", "contact"


def switch(domain: Domain, enabled: bool, *, by: Account) -> None:
    """Switch a domain on or off; while off, its mail is refused with 550 and nothing is lost.

    Raises PostmasterNeedsDestination when another domain's postmaster@ leads only here.
    """
    with db.atomic():
        routing.still_there(domain)
        done = (
            Domain.update(enabled=enabled, version=Domain.version + 1)
            .where(Domain.id == domain.id, Domain.enabled != enabled)
            .execute()
        )
        if done:
            act = "domain.enabled" if enabled else "domain.disabled"
            journal.record(act, by=by.name, domain=domain)
            routing.settle_domain(domain)


def set_catch_all(domain: Domain, kind: CatchAll, to: str, other: str, *, by: Account) -> None:
    """Say what happens to mail for unknown addresses of the domain.

    to: the address, for CatchAll.ADDRESS. other: name of one of our domains, for CatchAll.DOMAIN.
    Raises CatchAllMissing, CatchAllMalformed, CatchAllDead, CatchAllDomainMissing, CatchAllLoop,
    PostmasterNeedsDestination.
    """
    email, there = None, None
    if kind is CatchAll.ADDRESS:
        email = read_catch_all(to)
    elif kind is CatchAll.DOMAIN:
        there = read_other_domain(domain, other, by)
    target = names.without_extension(email) if email else None
    with db.atomic():
        for concerned in (domain, there):
            if concerned is not None:
                routing.still_there(concerned)
        live = target is not None and routing.arrives(target, domain.name)
        if target and not (live and is_there(target)):
            raise CatchAllDead(email=email)
        Domain.update(
            catch_all_to=email,
            catch_all_target=target,
            catch_all_receives=live,
            catch_all_domain=there,
            version=Domain.version + 1,
        ).where(Domain.id == domain.id).execute()
        # Names and addresses are told by their words, so that they outlive what they name.
        where = email or (there.name if there else "")
        journal.record(f"catch-all.{kind}", by=by.name, domain=domain, to=where)
        changed = Domain.get_by_id(domain.id)
        routing.refuse_catch_all_circle(changed)
        routing.settle_domain(changed)


def is_there(target: str) -> bool:
    """Say whether an address exists or lies outside; an unknown one of ours takes no catch-all."""
    outside = routing.domain_named(names.domain_of(target)) is None
    return outside or routing.address_of(target) is not None


def read_catch_all(typed: str) -> str:
    """Read the address that takes the mail for unknown names."""
    if not typed.strip():
        raise CatchAllMissing
    email = names.email(typed)
    if email is None:
        raise CatchAllMalformed(typed=typed.strip())
    return email


def read_other_domain(domain: Domain, typed: str, account: Account) -> Domain:
    """Return the other domain that was chosen. Raises CatchAllDomainMissing."""
    try:
        other = of(account, typed)
    except NotFound:
        raise CatchAllDomainMissing from None
    if other.id == domain.id:
        raise CatchAllDomainMissing
    return other


def remove(domain: Domain, *, by: Account) -> None:
    """Remove a domain that has no address beside postmaster@. It is kept and can come back.

    Raises DomainNotEmpty, DomainIsCatchAll, PostmasterNeedsDestination.
    """
    with db.atomic():
        was = routing.still_there(domain)
        others = Address.local_part != names.POSTMASTER
        if Address.select().where(Address.domain == domain, others).exists():
            raise DomainNotEmpty(name=names.shown(domain.name))
        for catching in Domain.select().where(
            (Domain.catch_all_domain == domain)
            | Domain.catch_all_target.endswith(f"@{domain.name}"),
            Domain.removed_at.is_null(),
            Domain.id != domain.id,
        ):
            raise DomainIsCatchAll(other=names.shown(catching.name), name=names.shown(domain.name))
        kept = addresses.take_away(postmaster_of(domain), by=by.name)
        Removed.update(with_domain=True).where(Removed.id == kept.id).execute()
        # Settled as if switched off, while the name is still ours: whoever leads only here is
        # refused, rather than sent on to a host outside that nobody chose.
        Domain.update(enabled=False).where(Domain.id == domain.id).execute()
        routing.settle_domain(domain, f"{names.POSTMASTER}@{domain.name}")
        Domain.update(enabled=was.enabled, removed_at=now(), version=Domain.version + 1).where(
            Domain.id == domain.id
        ).execute()
        journal.record("domain.removed", by=by.name, domain=domain)
        routing.settle_domain(domain)


def postmaster_of(domain: Domain) -> Address:
    """Return the domain's postmaster@."""
    found: Address = Address.get(Address.domain == domain, Address.local_part == names.POSTMASTER)
    return found


def removed_for(account: Account) -> list[Domain]:
    """Return the removed domains that can still be brought back, the latest first."""
    kept = Removed.select(Removed.domain).where(
        Removed.local_part == names.POSTMASTER, Removed.with_domain, Removed.until > now()
    )
    rows = Domain.select().where(
        Domain.removed_at.is_null(False), Domain.id.in_(kept), account.id > 0
    )
    return list(rows.order_by(Domain.removed_at.desc()))


def bring_back(account: Account, id_: int) -> Domain:
    """Bring back a removed domain with its postmaster@ and its catch-all.

    Raises NotFound, DomainExists, CatchAllLoop, PostmasterNeedsDestination.
    """
    domain = next((d for d in removed_for(account) if d.id == id_), None)
    if domain is None:
        raise NotFound
    with db.atomic():
        if routing.domain_named(domain.name):
            raise DomainExists(name=names.shown(domain.name))
        Domain.update(removed_at=None, version=Domain.version + 1).where(
            Domain.id == domain.id
        ).execute()
        journal.record("domain.restored", by=account.name, domain=domain)
        kept = removal.last_of(domain, f"{names.POSTMASTER}@{domain.name}")
        if kept is None:
            raise NotFound
        removal.restore(kept, by=account)
        other = domain.catch_all_domain
        if other is not None and other.removed_at is not None:
            Domain.update(catch_all_domain=None).where(Domain.id == domain.id).execute()
            journal.record("catch-all.none", by=account.name, domain=domain)
        routing.refuse_catch_all_circle(domain)
        routing.settle_domain(domain)
    found: Domain = Domain.get_by_id(domain.id)
    return found
