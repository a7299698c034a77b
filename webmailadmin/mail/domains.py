"""Domains: list, find, install, switch."""

from webmailadmin.database import db
from webmailadmin.mail import (
    account_contacts,
    discretion,
    guard,
    journal,
    keeping,
    limits,
    names,
    owners,
    proofs,
    recipients,
    routing,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusals
from webmailadmin.mail.errors_of_domains import (
    ContactDead,
    ContactInside,
    ContactMissing,
    DomainExists,
    DomainNameMalformed,
    DomainNameMissing,
    LanguageMissing,
)
from webmailadmin.models import Address, Domain

LANGUAGES = {"fr": "Français", "en": "English"}

# Written out: every page asks, and Peewee takes longer to write it than SQLite to answer it.
LIST = f"SELECT * FROM domain WHERE removed_at IS NULL AND {guard.MINE}"  # noqa: S608 - our words


def list_for(by: Actor) -> list[Domain]:
    """Return the domains of the person who asks, by name."""
    rows = Domain.raw(LIST, *guard.whose(by))
    return sorted(rows, key=lambda domain: names.shown(domain.name))


def of(by: Actor, typed: str) -> Domain:
    """Return the domain for the person who asks, named as A-label or U-label. Raises NotFound."""
    try:
        name = names.domain_name(typed)
    except (DomainNameMalformed, DomainNameMissing):
        raise NotFound from None
    domain = routing.domain_named(name)
    if domain is None:
        raise NotFound
    guard.domain(by, domain)
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
