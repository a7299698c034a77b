"""What was removed and can be brought back: mailboxes and whole addresses."""

import json

from webmailadmin.database import db
from webmailadmin.mail import (
    discretion,
    guard,
    journal,
    keeping,
    limits,
    mailboxes,
    names,
    owners,
    recipients,
    reserved,
    routing,
)
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_names import NameTaken
from webmailadmin.models import LARGEST_ID, Address, Domain, Mailbox, Removed, now

# Asked by every list: written out, because Peewee takes longer to write it than SQLite to answer.
BOXES = """
    SELECT * FROM removed
    WHERE address_id IN (SELECT value FROM json_each(?)) AND kind = 'mailbox'
    AND until > ? AND id > ?
    ORDER BY id
"""


def of(domain: Domain, id_: int, *, by: Actor) -> Removed:
    """Return what was removed from `domain` under this number. Raises NotFound."""
    found: Removed | None = (
        Removed.select()
        .where(Removed.id == min(id_, LARGEST_ID), Removed.domain == domain, Removed.until > now())
        .first()
    )
    if found is None:
        raise NotFound
    owners.removed(by, found)
    return found


def boxes_of(addresses: list[int], after: int = 0) -> dict[int, Removed]:
    """Return, for each of these addresses by id, the latest mailbox taken off it.

    after: only what was removed under a higher number; see owners.removed_after.
    """
    moment = Removed.until.db_value(now())
    rows = Removed.raw(BOXES, json.dumps(addresses), moment, after)
    return {row.address_id: row for row in rows}


def last_of(domain: Domain, email: str, *, by: Actor) -> Removed | None:
    """Return the address `email` as it was removed last, while it can be brought back."""
    rows = Removed.select().where(
        Removed.domain == domain,
        Removed.email == email,
        Removed.kind == "address",
        Removed.until > now(),
        Removed.id > owners.removed_after(by, domain),
    )
    found: Removed | None = rows.order_by(Removed.id.desc()).first()
    return found


def former(email: str, *, by: Actor) -> Removed | None:
    """Return what an address was that does not live now, while it can be brought back."""
    target = names.without_extension(email)
    domain = routing.domain_named(names.domain_of(target))
    if domain is None or routing.address_of(target) is not None or not guard.owns(by, domain):
        return None
    return last_of(domain, target, by=by)


def restore(kept: Removed, typed: str = "", *, by: Actor) -> Address:
    """Bring back what was removed, under its own name or, when that is taken, under another.

    typed: another name before the @; empty for its own. Nothing is merged or overwritten: a
    mailbox returns to its address only while that has none.
    Raises NameTaken with a free name to propose, a LocalPart… refusal, RecipientLoop,
    NameReserved, and what limits refuses;
    NotFound when it has come back already, its date is past or its domain is gone. A catch-all
    comes back by `catch_alls.restore`.
    """
    domain = kept.domain
    owners.removed(by, kept)
    if kept.kind == "catch-all":
        raise NotFound
    local_part = names.local_part(typed, domain.name) if typed.strip() else kept.local_part
    reserved.refuse_name(local_part, by=by)
    with db.atomic(), discretion.towards(by), limits.kept(domain, by=by):
        owners.removed(by, kept)
        routing.still_there(domain)
        if not Removed.delete().where(Removed.id == kept.id, Removed.until > now()).execute():
            raise NotFound
        address = place_for(kept, local_part)
        if kept.mailbox_id is not None:
            Mailbox.update(address=address).where(Mailbox.id == kept.mailbox_id).execute()
        record(kept, address, by=by)
        follow(address)
        if kept.whole:
            emails = recipients.read(kept.recipients, address.email).emails
            recipients.write(address, domain, emails, by=by)
            routing.refuse_circles(address.email)
        routing.settle(address.email)
    return routing.address_of(address.email) or address


def place_for(kept: Removed, local_part: str) -> Address:
    """Return the address that `kept` comes back to: its own while it waits, else a new one."""
    domain = kept.domain
    living = Address.get_or_none(Address.id == kept.address_id)
    if not kept.whole and living is not None and local_part == living.local_part:
        if mailboxes.of(living) is not None:
            raise taken(kept, local_part)
        Address.update(version=Address.version + 1).where(Address.id == living.id).execute()
        return living
    if routing.address_of(f"{local_part}@{domain.name}"):
        raise taken(kept, local_part)
    again: Address = Address.create(
        # Its own number again, so that an earlier mailbox of it still finds the way back.
        id=kept.address_id if kept.whole and living is None else None,
        domain=domain,
        local_part=local_part,
        email=f"{local_part}@{domain.name}",
        enabled=kept.enabled,
        version=max(kept.version + 1, keeping.first_version(f"{local_part}@{domain.name}")),
    )
    return again


def follow(address: Address) -> None:
    """Let the mailboxes taken off `address` come back to it under the name that it has now."""
    Removed.update(email=address.email, local_part=address.local_part).where(
        Removed.address_id == address.id, Removed.kind == "mailbox"
    ).execute()


def taken(kept: Removed, local_part: str) -> NameTaken:
    """Refuse a name that lives again, and propose a free one."""
    proposal = free_name(kept.domain, kept.local_part)
    return NameTaken(email=f"{local_part}@{kept.domain.name}", proposal=proposal)


def free_name(domain: Domain, local_part: str, ending: str = "-old") -> str:
    """Return a name that no address of the domain has: contact-old, contact-old-2 …"""
    stem = f"{local_part[:50]}{ending}"
    number, free = 1, stem
    while routing.address_of(f"{free}@{domain.name}"):
        number += 1
        free = f"{stem}-{number}"
    return free


def proposed_name(kept: Removed) -> str:
    """Return the name under which `kept` can come back: its own, unless that is taken."""
    living = routing.address_of(kept.email)
    own = living is not None and not kept.whole and living.id == kept.address_id
    if living is None or (own and mailboxes.of(living) is None):
        return kept.local_part
    return free_name(kept.domain, kept.local_part)


def record(kept: Removed, address: Address, *, by: Actor) -> None:
    """Write in the journal what came back, under its old name and under its new one."""
    act = "address.restored" if kept.whole else "mailbox.restored"
    if address.email != kept.email:
        journal.record(
            "address.restored-as",
            by=by,
            domain=kept.domain,
            email=kept.email,
            name=address.local_part,
        )
    journal.record(act, by=by, domain=kept.domain, email=address.email)
