"""Removed domains: removed with all they had, kept, brought back."""

from webmailadmin.database import db
from webmailadmin.mail import (
    catch_alls,
    discretion,
    guard,
    journal,
    keeping,
    limits,
    mailboxes,
    names,
    owners,
    routing,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.days import day_of
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_domains import (
    DomainExists,
    DomainNameDiffers,
    DomainNameMalformed,
    DomainNameMissing,
)
from webmailadmin.mail.errors_of_limits import DomainIsOff
from webmailadmin.models import Domain, Removed, now


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
        catch_alls.refuse_into(domain)
        moment = now()
        until = mailboxes.kept_until(moment)
        count = keeping.take_all(was, moment, until, by=by)
        # Settled as if switched off, while the name is still ours: whoever leads only here is
        # refused, rather than sent on to a host outside that nobody chose.
        Domain.update(enabled=False).where(Domain.id == domain.id).execute()
        routing.settle_domain(domain)
        Domain.update(enabled=was.enabled, removed_at=moment, version=Domain.version + 1).where(
            Domain.id == domain.id
        ).execute()
        journal.record(
            "domain.taken-off",
            by=by,
            domain=domain,
            addresses=count.addresses,
            mailboxes=count.mailboxes,
            until=day_of(until),
        )
        routing.settle_domain(domain)
    return count


def refuse_off(domain: Domain, *, by: Actor) -> None:
    """Raise DomainIsOff: an owner would install it anew, switched on."""
    if not (domain.enabled or guard.everything(by)):
        raise DomainIsOff(name=names.shown(domain.name))


def refuse_other_name(domain: Domain, typed: str) -> None:
    """Raise DomainNameDiffers unless `typed`, meant as a yes, is the name of the domain."""
    try:
        same = names.domain_name(typed) == domain.name
    except (DomainNameMalformed, DomainNameMissing):
        same = False
    if not same:
        raise DomainNameDiffers(name=names.shown(domain.name))


def list_for(by: Actor) -> list[Domain]:
    """Return the removed domains that can still be brought back, the latest first."""
    kept = Removed.select(Removed.domain).where(
        Removed.local_part == names.POSTMASTER, Removed.with_domain, Removed.until > now()
    )
    rows = Domain.select().where(Domain.removed_at.is_null(False), Domain.id.in_(kept))
    if not guard.everything(by):
        rows = rows.where(Domain.id.in_(owners.added_by(by)))
    return list(rows.order_by(Domain.removed_at.desc(), Domain.id.desc()))


def of(by: Actor, id_: int) -> Domain:
    """Return the removed domain of this number, while it can come back. Raises NotFound."""
    found = next((domain for domain in list_for(by) if domain.id == id_), None)
    if found is None:
        raise NotFound
    return found


def bring_back(id_: int, *, by: Actor) -> Domain:
    """Bring back a removed domain with all that went with it.

    Raises NotFound, DomainExists, CatchAllLoop, RecipientLoop, TooManyInAll, TooManySteps,
    PostmasterNeedsDestination; for an owner DomainsUsedUp, DomainForHoster, and what limits
    refuses.
    """
    with db.atomic(), discretion.towards(by):
        domain = of(by, id_)
        if routing.domain_named(domain.name):
            raise DomainExists(name=names.shown(domain.name))
        limits.refuse_domain(by)
        if by.kind is Kind.OWNER:
            owners.refuse_contacts_of_others(domain, by=by)
        Domain.update(removed_at=None, catch_all_receives=False, version=Domain.version + 1).where(
            Domain.id == domain.id
        ).execute()
        with limits.kept(domain, by=by):
            count = keeping.put_all_back(domain)
        limits.refuse_led_outside(domain, by=by)
        journal.record(
            "domain.put-back",
            by=by,
            domain=domain,
            addresses=count.addresses,
            mailboxes=count.mailboxes,
        )
        other = domain.catch_all_domain
        if other is not None and other.removed_at is not None:
            catch_alls.keep(domain, by=by)
            Domain.update(catch_all_domain=None).where(Domain.id == domain.id).execute()
            journal.record("catch-all.none", by=by, domain=domain)
        routing.settle_whole(domain)
        routing.refuse_circles_through(domain)
    found: Domain = Domain.get_by_id(domain.id)
    return found
