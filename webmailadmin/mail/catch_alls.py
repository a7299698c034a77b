"""Catch-alls: what becomes of mail for the unknown names of a domain."""

from enum import StrEnum

from webmailadmin.database import db
from webmailadmin.mail import (
    discretion,
    domains,
    guard,
    journal,
    limits,
    mailboxes,
    names,
    owners,
    routing,
)
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_catch_alls import (
    CatchAllDead,
    CatchAllDomainMissing,
    CatchAllMalformed,
    CatchAllMissing,
    DomainIsCatchAll,
)
from webmailadmin.models import Domain, Removed, now


class CatchAll(StrEnum):
    """What happens to mail for addresses of a domain that do not exist."""

    NONE = "none"
    ADDRESS = "address"
    DOMAIN = "domain"


def change(domain: Domain, kind: CatchAll, to: str, other: str, *, by: Actor) -> None:
    """Say what happens to mail for unknown addresses of the domain.

    to: the address, for CatchAll.ADDRESS. other: name of one of our domains, for CatchAll.DOMAIN.
    Raises CatchAllMissing, CatchAllMalformed, CatchAllDead, CatchAllOutside,
    CatchAllDomainMissing, CatchAllLoop, PostmasterNeedsDestination.
    """
    guard.domain(by, domain)
    email, there = None, None
    if kind is CatchAll.ADDRESS:
        email = read_address(to)
    elif kind is CatchAll.DOMAIN:
        there = read_other_domain(domain, other, by=by)
    target = names.without_extension(email) if email else None
    with db.atomic(), discretion.towards(by):
        for concerned in (domain, there):
            if concerned is not None:
                guard.domain(by, routing.still_there(concerned))
        if email:
            limits.refuse_catch_all_outside(domain, email, by=by)
        live = target is not None and routing.arrives(target, domain.name)
        if target and not (live and is_there(target)):
            raise CatchAllDead(email=email)
        # Names and addresses are told by their words, so that they outlive what they name.
        where = email or (there.name if there else "")
        following = email or (f"@{there.name}" if there else "")
        keep(domain, following, by=by)
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


def where_to(domain: Domain) -> str:
    """Say where mail for unknown names goes: an address, @ and a domain, or "" for nowhere."""
    if domain.catch_all_domain_id:
        return f"@{domain.catch_all_domain.name}"
    return domain.catch_all_to or ""


def keep(domain: Domain, following: str = "", *, by: Actor) -> None:
    """Keep the present catch-all, unless there is none or the `following` one is the same."""
    present = Domain.get_by_id(domain.id)
    led = where_to(present)
    if led in ("", following):
        return
    moment = now()
    Removed.create(
        domain=present,
        address_id=0,
        email=present.catch_all_key,
        local_part="",
        kind="catch-all",
        recipients=led,
        enabled=True,
        version=present.version,
        removed_at=moment,
        until=mailboxes.kept_until(moment),
        removed_by=by.name,
    )


def restore(kept: Removed, *, by: Actor) -> Domain:
    """Let mail for unknown names go again where it went; the present way is kept in its turn.

    Raises NotFound when it has come back already, its date is past or its domain is gone; and
    what change refuses.
    """
    to, _, other = kept.recipients.rpartition("@")
    kind = CatchAll.ADDRESS if to else CatchAll.DOMAIN
    with db.atomic():
        owners.removed(by, kept)
        routing.still_there(kept.domain)
        if not Removed.delete().where(Removed.id == kept.id, Removed.until > now()).execute():
            raise NotFound
        change(kept.domain, kind, kept.recipients, other, by=by)
    found: Domain = Domain.get_by_id(kept.domain.id)
    return found


def is_there(target: str) -> bool:
    """Say whether an address exists or lies outside; an unknown one of ours takes no catch-all."""
    return routing.is_outside(target) or routing.address_of(target) is not None


def read_address(typed: str) -> str:
    """Read the address that takes the mail for unknown names."""
    if not typed.strip():
        raise CatchAllMissing
    email = names.email(typed)
    if email is None:
        raise CatchAllMalformed(typed=typed.strip())
    return email


def read_other_domain(domain: Domain, typed: str, *, by: Actor) -> Domain:
    """Return the other domain that was chosen. Raises CatchAllDomainMissing."""
    try:
        other = domains.of(by, typed)
    except NotFound:
        raise CatchAllDomainMissing from None
    if other.id == domain.id:
        raise CatchAllDomainMissing
    return other


def into(domain: Domain) -> list[Domain]:
    """Return the other domains whose unknown names lead into this one, by name."""
    leading = (Domain.catch_all_domain == domain) | Domain.catch_all_target.endswith(
        f"@{domain.name}"
    )
    others = Domain.select().where(leading, Domain.removed_at.is_null(), Domain.id != domain.id)
    return list(others.order_by(Domain.name))


def refuse_into(domain: Domain) -> None:
    """Raise DomainIsCatchAll when the unknown names of another domain lead into this one."""
    for other in into(domain):
        raise DomainIsCatchAll(
            other=names.shown(other.name), name=names.shown(domain.name), domain=other.name
        )
