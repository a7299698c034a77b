"""Domains: install, switch, catch-all, remove."""

from enum import StrEnum

from webmailadmin.database import db
from webmailadmin.mail import (
    account_contacts,
    discretion,
    guard,
    journal,
    keeping,
    limits,
    mailboxes,
    names,
    owners,
    proofs,
    recipients,
    routing,
)
from webmailadmin.mail.actors import Actor, Kind
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
    DomainNameDiffers,
    DomainNameMalformed,
    DomainNameMissing,
    LanguageMissing,
    NotFound,
    Refusals,
)
from webmailadmin.mail.errors_of_accounts import DomainIsOff
from webmailadmin.models import Address, Domain, Removed, now

LANGUAGES = {"fr": "Français", "en": "English"}

# Written out: every page asks, and Peewee takes longer to write it than SQLite to answer it.
LIST = f"SELECT * FROM domain WHERE removed_at IS NULL AND {guard.MINE}"  # noqa: S608 - our words


class CatchAll(StrEnum):
    """What happens to mail for addresses of a domain that do not exist."""

    NONE = "none"
    ADDRESS = "address"
    DOMAIN = "domain"


def list_for(account: Actor) -> list[Domain]:
    """Return the domains of the person who asks, by name."""
    rows = Domain.raw(LIST, *guard.whose(account))
    return sorted(rows, key=lambda domain: names.shown(domain.name))


def of(account: Actor, typed: str) -> Domain:
    """Return the domain for the person who asks, named as A-label or U-label. Raises NotFound."""
    try:
        name = names.domain_name(typed)
    except (DomainNameMalformed, DomainNameMissing):
        raise NotFound from None
    domain = routing.domain_named(name)
    if domain is None:
        raise NotFound
    guard.domain(account, domain)
    return domain


def install(typed: str, contact: str, *, by: Actor, language: str = "en") -> Domain:
    """Install a domain with its postmaster@, redirected to the contact address.

    language: of the mails that its mailboxes get from us.
    Raises DomainNameMissing, DomainNameMalformed, DomainExists, and for the contact
    ContactMissing, ContactInside, ContactDead, RecipientMalformed; PostmasterNeedsDestination
    and RecipientLoop when mail that left for the domain until now would come to nothing. For an
    owner, whose own it becomes: NotFound, DomainsUsedUp, DomainUnproved, NameServersSilent,
    DomainForHoster, and what limits refuses.
    """
    limits.refuse_domain(by)
    refusals = Refusals()
    name = ""
    with refusals.collect():
        name = names.domain_name(typed)
    with refusals.collect():
        contact = read_contact(contact, name)
    refusals.raise_any()
    proofs.refuse_unproved(name, by=by)
    with db.atomic(), discretion.towards(by):
        if routing.domain_named(name):
            raise DomainExists(name=names.shown(name))
        limits.refuse_domain(by)
        if not routing.arrives(names.without_extension(contact), name):
            raise ContactDead(email=contact)
        domain: Domain = Domain.create(name=name, catch_all_key=f"@{name}", language=language)
        if by.kind is Kind.OWNER:
            owners.add_own(domain, by=by)
        journal.record("domain.installed", by=by, domain=domain, contact=contact)
        with limits.kept(domain, by=by):
            add_postmaster(domain, contact, by=by)
    return domain


def add_postmaster(domain: Domain, contact: str, *, by: Actor) -> None:
    """Give a new domain its postmaster@, redirected to the contact address."""
    postmaster = f"{names.POSTMASTER}@{domain.name}"
    address = Address.create(
        domain=domain,
        local_part=names.POSTMASTER,
        email=postmaster,
        version=keeping.first_version(postmaster),
    )
    recipients.write(address, domain, [contact], by=by)
    routing.refuse_circles(postmaster)
    routing.settle_domain(domain, postmaster)


def read_contact(typed: str, name: str) -> str:
    """Read the contact address of the domain `name`."""
    if not typed.strip():
        raise ContactMissing
    contact = account_contacts.read(typed)
    local_part, _, domain = contact.partition("@")
    if domain == name:
        raise ContactInside(local_part=local_part)
    return contact


def switch(domain: Domain, enabled: bool, *, by: Actor) -> None:
    """Switch a domain on or off; while off, its mail is refused with 550 and nothing is lost.

    Raises PostmasterNeedsDestination when another domain's postmaster@ leads only here.
    """
    guard.administrator(by)
    with db.atomic():
        routing.still_there(domain)
        done = (
            Domain.update(enabled=enabled, version=Domain.version + 1)
            .where(Domain.id == domain.id, Domain.enabled != enabled)
            .execute()
        )
        if done:
            act = "domain.enabled" if enabled else "domain.disabled"
            journal.record(act, by=by, domain=domain)
            routing.settle_domain(domain)


def set_language(domain: Domain, language: str, *, by: Actor) -> None:
    """Say in which language its mailboxes get mails from us. Raises LanguageMissing."""
    if language not in LANGUAGES:
        raise LanguageMissing
    with db.atomic():
        guard.domain(by, routing.still_there(domain))
        done = (
            Domain.update(language=language, version=Domain.version + 1)
            .where(Domain.id == domain.id, Domain.language != language)
            .execute()
        )
        if done:
            name = LANGUAGES[language]
            journal.record("domain.language", by=by, domain=domain, language=name)


def set_catch_all(domain: Domain, kind: CatchAll, to: str, other: str, *, by: Actor) -> None:
    """Say what happens to mail for unknown addresses of the domain.

    to: the address, for CatchAll.ADDRESS. other: name of one of our domains, for CatchAll.DOMAIN.
    Raises CatchAllMissing, CatchAllMalformed, CatchAllDead, CatchAllOutside,
    CatchAllDomainMissing, CatchAllLoop, PostmasterNeedsDestination.
    """
    guard.domain(by, domain)
    email, there = None, None
    if kind is CatchAll.ADDRESS:
        email = read_catch_all(to)
    elif kind is CatchAll.DOMAIN:
        there = read_other_domain(domain, other, by)
    target = names.without_extension(email) if email else None
    with db.atomic(), discretion.towards(by):
        guard.domain(by, domain)
        if email:
            limits.refuse_catch_all_outside(domain, email, by=by)
        for concerned in (domain, there):
            if concerned is not None:
                routing.still_there(concerned)
        live = target is not None and routing.arrives(target, domain.name)
        if target and not (live and is_there(target)):
            raise CatchAllDead(email=email)
        # Names and addresses are told by their words, so that they outlive what they name.
        where = email or (there.name if there else "")
        following = email or (f"@{there.name}" if there else "")
        keep_catch_all(domain, following, by=by)
        Domain.update(
            catch_all_to=email,
            catch_all_target=target,
            catch_all_receives=live,
            catch_all_domain=there,
            version=Domain.version + 1,
        ).where(Domain.id == domain.id).execute()
        journal.record(f"catch-all.{kind}", by=by, domain=domain, to=where)
        changed = Domain.get_by_id(domain.id)
        routing.refuse_catch_all_circle(changed)
        routing.settle_domain(changed)


def catch_all_of(domain: Domain) -> str:
    """Say where mail for unknown names goes: an address, @ and a domain, or "" for nowhere."""
    if domain.catch_all_domain_id:
        return f"@{domain.catch_all_domain.name}"
    return domain.catch_all_to or ""


def keep_catch_all(domain: Domain, following: str = "", *, by: Actor) -> None:
    """Keep the present catch-all, unless there is none or the `following` one is the same."""
    present = Domain.get_by_id(domain.id)
    led = catch_all_of(present)
    if led in ("", following):
        return
    Removed.create(
        domain=present,
        address_id=0,
        email=present.catch_all_key,
        local_part="",
        kind="catch-all",
        recipients=led,
        enabled=True,
        version=present.version,
        removed_at=now(),
        until=mailboxes.kept_until(),
        removed_by=by.name,
    )


def restore_catch_all(kept: Removed, *, by: Actor) -> Domain:
    """Let mail for unknown names go again where it went; the present way is kept in its turn.

    Raises NotFound when it has come back already, its date is past or its domain is gone; and
    what set_catch_all refuses.
    """
    to, _, other = kept.recipients.rpartition("@")
    kind = CatchAll.ADDRESS if to else CatchAll.DOMAIN
    with db.atomic():
        owners.removed(by, kept)
        routing.still_there(kept.domain)
        if not Removed.delete().where(Removed.id == kept.id, Removed.until > now()).execute():
            raise NotFound
        set_catch_all(kept.domain, kind, kept.recipients, other, by=by)
    found: Domain = Domain.get_by_id(kept.domain.id)
    return found


def is_there(target: str) -> bool:
    """Say whether an address exists or lies outside; an unknown one of ours takes no catch-all."""
    return routing.is_outside(target) or routing.address_of(target) is not None


def read_catch_all(typed: str) -> str:
    """Read the address that takes the mail for unknown names."""
    if not typed.strip():
        raise CatchAllMissing
    email = names.email(typed)
    if email is None:
        raise CatchAllMalformed(typed=typed.strip())
    return email


def read_other_domain(domain: Domain, typed: str, account: Actor) -> Domain:
    """Return the other domain that was chosen. Raises CatchAllDomainMissing."""
    try:
        other = of(account, typed)
    except NotFound:
        raise CatchAllDomainMissing from None
    if other.id == domain.id:
        raise CatchAllDomainMissing
    return other


def refuse_other_name(domain: Domain, typed: str) -> None:
    """Raise DomainNameDiffers unless `typed`, meant as a yes, is the name of the domain."""
    try:
        same = names.domain_name(typed) == domain.name
    except (DomainNameMalformed, DomainNameMissing):
        same = False
    if not same:
        raise DomainNameDiffers(name=names.shown(domain.name))


def remove(domain: Domain, *, by: Actor) -> keeping.Count:
    """Remove a domain with all its addresses and mailboxes. It is kept and can come back.

    Raises DomainIsCatchAll, PostmasterNeedsDestination; for an owner DomainIsOff, WouldLeadOutside,
    and NotFound for who did not add it.
    """
    with db.atomic(), discretion.towards(by):
        guard.added(by, domain)
        was = routing.still_there(domain)
        refuse_off(was, by=by)
        limits.refuse_leading_in(was, by=by)
        refuse_catching(domain)
        until = mailboxes.kept_until()
        count = keeping.take_all(was, until, by=by)
        # Settled as if switched off, while the name is still ours: whoever leads only here is
        # refused, rather than sent on to a host outside that nobody chose.
        Domain.update(enabled=False).where(Domain.id == domain.id).execute()
        routing.settle_domain(domain)
        Domain.update(enabled=was.enabled, removed_at=now(), version=Domain.version + 1).where(
            Domain.id == domain.id
        ).execute()
        journal.record(
            "domain.taken-off",
            by=by,
            domain=domain,
            addresses=count.addresses,
            mailboxes=count.mailboxes,
            until=until.date(),
        )
        routing.settle_domain(domain)
    return count


def refuse_off(domain: Domain, *, by: Actor) -> None:
    """Raise DomainIsOff: an owner would install it anew, switched on."""
    if not (domain.enabled or guard.everything(by)):
        raise DomainIsOff(name=names.shown(domain.name))


def refuse_catching(domain: Domain) -> None:
    """Raise DomainIsCatchAll when the unknown names of another domain lead into this one."""
    for other in catching(domain):
        raise DomainIsCatchAll(
            other=names.shown(other.name), name=names.shown(domain.name), domain=other.name
        )


def catching(domain: Domain) -> list[Domain]:
    """Return the other domains whose unknown names lead into this one, by name."""
    leading = (Domain.catch_all_domain == domain) | Domain.catch_all_target.endswith(
        f"@{domain.name}"
    )
    others = Domain.select().where(leading, Domain.removed_at.is_null(), Domain.id != domain.id)
    return list(others.order_by(Domain.name))


def removed_for(account: Actor) -> list[Domain]:
    """Return the removed domains that can still be brought back, the latest first."""
    kept = Removed.select(Removed.domain).where(
        Removed.local_part == names.POSTMASTER, Removed.with_domain, Removed.until > now()
    )
    rows = Domain.select().where(Domain.removed_at.is_null(False), Domain.id.in_(kept))
    if not guard.everything(account):
        rows = rows.where(Domain.id.in_(owners.added_by(account)))
    return list(rows.order_by(Domain.removed_at.desc()))


def removed_of(account: Actor, id_: int) -> Domain:
    """Return the removed domain of this number, while it can come back. Raises NotFound."""
    found = next((domain for domain in removed_for(account) if domain.id == id_), None)
    if found is None:
        raise NotFound
    return found


def bring_back(account: Actor, id_: int) -> Domain:
    """Bring back a removed domain with all that went with it.

    Raises NotFound, DomainExists, CatchAllLoop, RecipientLoop, TooManyInAll, TooManySteps,
    PostmasterNeedsDestination; for an owner DomainsUsedUp, DomainForHoster, and what limits
    refuses.
    """
    with db.atomic(), discretion.towards(account):
        domain = removed_of(account, id_)
        if routing.domain_named(domain.name):
            raise DomainExists(name=names.shown(domain.name))
        limits.refuse_domain(account)
        if account.kind is Kind.OWNER:
            owners.refuse_contacts_of_others(domain, by=account)
        Domain.update(removed_at=None, catch_all_receives=False, version=Domain.version + 1).where(
            Domain.id == domain.id
        ).execute()
        with limits.kept(domain, by=account):
            count = keeping.put_all_back(domain)
        limits.refuse_led_outside(domain, by=account)
        journal.record(
            "domain.put-back",
            by=account,
            domain=domain,
            addresses=count.addresses,
            mailboxes=count.mailboxes,
        )
        other = domain.catch_all_domain
        if other is not None and other.removed_at is not None:
            keep_catch_all(domain, by=account)
            Domain.update(catch_all_domain=None).where(Domain.id == domain.id).execute()
            journal.record("catch-all.none", by=account, domain=domain)
        routing.settle_whole(domain)
        routing.refuse_circles_through(domain)
    found: Domain = Domain.get_by_id(domain.id)
    return found
