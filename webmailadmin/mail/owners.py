"""Owners: which domains are whose, given and taken away, and what came before that.

A domain may have several owners, or none. What was done and removed before it was theirs is none of
their business: they see nothing of it.
"""

from peewee import ModelSelect, fn

from webmailadmin.database import db
from webmailadmin.mail import account_contacts, guard, journal, names, routing
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_accounts import ContactsInside, NotAnOwner
from webmailadmin.mail.errors_of_limits import DomainForHoster
from webmailadmin.models import (
    LARGEST_ID,
    Account,
    Address,
    Domain,
    Journal,
    Mailbox,
    Ownership,
    Removed,
)


def journal_after(by: Actor, domain: Domain) -> int:
    """Return the number after which entries of the domain's journal are theirs to read.

    Raises NotFound when the domain is not. To a holder in it, entries on the own address are, all.
    """
    if by.kind is Kind.HOLDER:
        refuse_elsewhere(by, domain)
        return 0
    found = since(by, domain)
    return found.journal_after if found is not None else 0


def removed_after(by: Actor, domain: Domain) -> int:
    """Return the number after which what was removed from the domain is theirs to bring back.

    Raises NotFound when the domain is not. To a holder in it, nothing is.
    """
    if by.kind is Kind.HOLDER:
        refuse_elsewhere(by, domain)
        return LARGEST_ID
    found = since(by, domain)
    return found.removed_after if found is not None else 0


def refuse_elsewhere(by: Actor, domain: Domain) -> None:
    """Raise NotFound unless the mailbox of this holder is in the domain."""
    at = Address.select(Address.id).where(Address.domain == domain.id)
    if not Mailbox.select().where(Mailbox.id == by.id, Mailbox.address.in_(at)).exists():
        raise NotFound


def since(by: Actor, domain: Domain) -> Ownership | None:
    """Return since when an owner has the domain; None for those whom nothing is kept from."""
    if guard.everything(by):
        return None
    found: Ownership | None = Ownership.get_or_none(
        Ownership.account == by.id, Ownership.domain == domain.id
    )
    if found is None:
        raise NotFound
    return found


def removed(by: Actor, kept: Removed) -> None:
    """Raise NotFound unless they may bring back, or end, what was removed."""
    if kept.id <= removed_after(by, kept.domain):
        raise NotFound


def of(domain: Domain) -> list[Account]:
    """Return the owners of a domain, by name."""
    rows = Account.select().join(Ownership).where(Ownership.domain == domain.id)
    return list(rows.order_by(Account.name))


def domains_of(account: Account) -> list[Domain]:
    """Return the domains of an owner that are not removed, by name."""
    rows = Domain.select().join(Ownership).where(Ownership.account == account.id)
    return list(rows.where(Domain.removed_at.is_null()).order_by(Domain.name))


def give(domain: Domain, account: Account, *, by: Actor) -> None:
    """Let an account own a domain, beside those who do.

    Raises NotAnOwner; ContactsInside when an administrator is written to at the domain.
    """
    guard.administrator(by)
    with db.atomic():
        routing.still_there(domain)
        present = Account.get_or_none(Account.id == account.id)
        if present is None:
            raise NotFound
        if present.kind != Kind.OWNER:
            raise NotAnOwner(name=present.name)
        account_contacts.refuse_administrators_at(domain.name)
        if is_of(domain, present):
            return
        own(domain, present)
        journal.record("domain.given", by=by, domain=domain, name=present.name)


def own(domain: Domain, account: Account, *, added_itself: bool = False) -> None:
    """Write down that a domain is theirs from now on. Inside a transaction."""
    Ownership.create(
        account=account,
        domain=domain,
        added_itself=added_itself,
        journal_after=Journal.select(fn.MAX(Journal.id)).scalar() or 0,
        removed_after=Removed.select(fn.MAX(Removed.id)).scalar() or 0,
    )


def add_own(domain: Domain, *, by: Actor) -> None:
    """Let a domain that an owner adds be its own. Raises DomainForHoster."""
    refuse_contacts_of_others(domain, by=by)
    own(domain, Account.get_by_id(by.id), added_itself=True)


def refuse_contacts_of_others(domain: Domain, *, by: Actor) -> None:
    """Raise DomainForHoster when an owner would come to read the links of somebody else."""
    try:
        account_contacts.refuse_administrators_at(domain.name)
    except ContactsInside:
        raise DomainForHoster(name=names.shown(domain.name)) from None
    if account_contacts.is_of_others_at(domain.name, by=by):
        raise DomainForHoster(name=names.shown(domain.name))


def added_by(by: Actor) -> "ModelSelect[Ownership]":
    """Return the numbers of the domains that an owner added itself, as a query."""
    whose = by.id if by.kind is Kind.OWNER else 0
    return Ownership.select(Ownership.domain).where(
        Ownership.account == whose, Ownership.added_itself
    )


def is_of(domain: Domain, account: Account) -> bool:
    """Say whether an account owns a domain."""
    which = Ownership.account == account.id, Ownership.domain == domain.id
    return bool(Ownership.select().where(*which).exists())


def take(domain: Domain, account: Account, *, by: Actor) -> None:
    """Take a domain away from an owner, who finds it no more from the next click on."""
    guard.administrator(by)
    with db.atomic():
        which = Ownership.account == account.id, Ownership.domain == domain.id
        if Ownership.delete().where(*which).execute():
            journal.record("domain.taken", by=by, domain=domain, name=account.name)


def take_all(account: Account, *, by: Actor) -> None:
    """Take every domain away from an account that is to own none, also what it could bring back.

    Inside a transaction.
    """
    owned = Domain.select().join(Ownership).where(Ownership.account == account.id)
    for domain in list(owned.order_by(Domain.id)):
        take(domain, account, by=by)
