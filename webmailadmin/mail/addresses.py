"""Addresses: add, find, change, delete."""

from dataclasses import dataclass

from peewee import Expression

from webmailadmin.database import db
from webmailadmin.mail import (
    discretion,
    guard,
    journal,
    keeping,
    kicks,
    limits,
    mailboxes,
    names,
    owners,
    passwords,
    recipients,
    removal,
    reserved,
    routing,
    usage,
)
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.days import day_of
from webmailadmin.mail.errors import Changed, NotFound, Refusal, Refusals
from webmailadmin.mail.errors_of_catch_alls import AddressIsCatchAll
from webmailadmin.mail.errors_of_domains import PostmasterStays
from webmailadmin.mail.errors_of_links import LinkOpensNothing
from webmailadmin.mail.errors_of_mailboxes import MailboxWouldGo
from webmailadmin.mail.errors_of_names import AddressExists, AddressGone
from webmailadmin.mail.errors_of_passwords import PasswordMissing
from webmailadmin.mail.errors_of_recipients import OthersLeadHere, RecipientLoop
from webmailadmin.mail.mailboxes import AS_IT_IS, Switches
from webmailadmin.models import Address, Domain, Journal, Mailbox, Recipient, Removed

# What of the journal gives a mailbox a password.
SET_PASSWORD = ("mailbox.password", *journal.OPENED)


@dataclass(frozen=True)
class Wish:
    """What a person wants an address to be, as typed.

    version: of the address as the person saw it. password: empty keeps the present one.
    quota_mb: MB, 0 is unlimited. may_remove: the box that allows to remove the mailbox.
    agreed_quota: the size limit, as typed, that may be set although the mailbox holds more.
    switches: of the mailbox. by_link: a new one is opened with a password that nobody knows.
    """

    version: int
    mailbox: bool
    password: str = ""
    confirmation: str = ""
    quota_mb: str = ""
    recipients: str = ""
    enabled: bool = True
    may_remove: bool = False
    agreed_quota: str = ""
    switches: Switches = AS_IT_IS
    by_link: bool = False


@dataclass(frozen=True)
class Saved:
    """What a save did. doubles: recipients that stood twice and are kept once."""

    address: Address
    doubles: list[str]
    removed: Removed | None = None


def of(by: Actor, email: str) -> Address:
    """Return the address `email` for the person who asks. Raises AddressGone, NotFound."""
    return found(by, email, Address.email == email)


def found(by: Actor, email: str, which: object) -> Address:
    """Return the address that `which` selects, for the person who asks for `email`."""
    address: Address | None = Address.select(Address, Domain).join(Domain).where(which).first()
    if address is None:
        refuse_gone(by, email)
        raise NotFound
    guard.address(by, address)
    return address


def refuse_gone(by: Actor, email: str) -> None:
    """Raise AddressGone when the address was deleted and can still come back, or NotFound."""
    domain = routing.domain_named(names.domain_of(email))
    if domain is None:
        return
    kept = removal.last_of(domain, email, by=by)
    if kept is not None:
        raise AddressGone(email=email, domain=domain.name, until=day_of(kept.until))


def add(domain: Domain, typed: str, *, by: Actor) -> Address:
    """Add the address that `typed` names in `domain`. It receives nothing yet.

    Raises a LocalPart… refusal, AddressTooLong, NameReserved, AddressExists; AddressesUsedUp,
    OthersLimit; NotFound when the domain is gone.
    """
    local_part = names.local_part(typed, domain.name)
    email = f"{local_part}@{domain.name}"
    with db.atomic(), discretion.towards(by), limits.kept(domain, by=by):
        # IMMEDIATE: the write lock is ours, nobody can add it between look and insert.
        guard.domain(by, routing.still_there(domain))
        if routing.address_of(email):
            raise AddressExists(email=email)
        reserved.refuse_name(local_part, by=by)
        address: Address = Address.create(
            domain=domain,
            local_part=local_part,
            email=email,
            version=keeping.first_version(email),
        )
        journal.record("address.added", by=by, domain=domain, email=email)
        routing.settle(email)
    return address


def save(address: Address, wish: Wish, *, by: Actor) -> Saved:
    """Make the address what the person wishes: mailbox or not, recipients, on or off.

    Raises Changed when somebody else was quicker, MailboxWouldGo when a mailbox would be removed
    and the person has not agreed, LimitBelowUse, PostmasterNeedsDestination, MailboxReserved, and
    what passwords, quotas, recipients, routing and limits refuse; several at once as Several.
    """
    guard.address(by, address)
    if wish.version != address.version:
        if is_already(address, wish, by=by):
            return Saved(address, [])
        raise changed_meanwhile(address, by=by)
    box = mailboxes.of(address)
    pasted, quota_mb = check(address, box, wish)
    password_hash = hash_of(wish, box)
    if box is None and wish.mailbox:
        reserved.refuse_mailbox(address.local_part, by=by)
    with db.atomic(), discretion.towards(by), limits.kept(address.domain, by=by):
        # Once more: the hash took a while.
        guard.address(by, address)
        claim(address, wish.version, by=by)
        changed = recipients.write(address, address.domain, pasted.emails, by=by)
        removed = None
        if box is None and password_hash is not None:
            mailboxes.open_at(address, password_hash, quota_mb, by=by)
        elif box is not None and wish.mailbox:
            mailboxes.change(address, box, password_hash, quota_mb, by=by)
        elif box is not None:
            removed = mailboxes.take_off(address, box, by=by)
        kept = mailboxes.of(address)
        if kept is not None:
            mailboxes.switch(address, kept, wish.switches, by=by)
        switch(address, wish.enabled, by=by)
        if changed:
            routing.refuse_circles(address.email)
        routing.settle(address.email)
    return Saved(of(by, address.email), pasted.doubles, removed)


def check(address: Address, box: Mailbox | None, wish: Wish) -> tuple[recipients.Pasted, int]:
    """Read what was typed; refuse all that is wrong with it at once."""
    refusals = Refusals()
    pasted, quota_mb = recipients.Pasted([], []), 0
    if wish.mailbox:
        with refusals.collect():
            if opens_by_link(wish, box):
                if not wish.enabled or wish.switches.may_log_in is False:
                    raise LinkOpensNothing(name=address.email)
            elif wish.password or wish.confirmation:
                mailboxes.check_password(wish.password, wish.confirmation, address)
            elif box is None:
                raise PasswordMissing
        with refusals.collect():
            quota_mb = mailboxes.read_quota(wish.quota_mb)
            if box is not None and wish.agreed_quota != wish.quota_mb:
                usage.refuse_below(box, quota_mb)
    elif box is not None and not wish.may_remove:
        refusals.found.append(MailboxWouldGo())
    with refusals.collect():
        pasted = recipients.read(wish.recipients, address.email)
    refusals.raise_any()
    return pasted, quota_mb


def opens_by_link(wish: Wish, box: Mailbox | None) -> bool:
    """Say whether a mailbox is to be opened whose holder chooses the password."""
    return wish.mailbox and wish.by_link and box is None


def hash_of(wish: Wish, box: Mailbox | None) -> str | None:
    """Return the hash of the password to be set, None to keep the present one."""
    if opens_by_link(wish, box):
        return mailboxes.hashed(passwords.nobodys())
    return mailboxes.hashed(wish.password) if wish.mailbox and wish.password else None


def is_already(address: Address, wish: Wish, *, by: Actor) -> bool:
    """Say whether the address is what the person wishes: the form was sent twice."""
    box = mailboxes.of(address)
    present = [row.email for row in recipients.of(address)]
    try:
        wished = recipients.read(wish.recipients, address.email).emails
        quota_mb = mailboxes.read_quota(wish.quota_mb) if wish.mailbox else 0
    except Refusal:
        return False
    if (address.enabled, present, box is not None) != (wish.enabled, wished, wish.mailbox):
        return False
    if box is None:
        return True
    if box.quota_mb != quota_mb or wish.switches.beside(box):
        return False
    if wish.by_link or not wish.password:
        return True
    # Of somebody else's, to say whether it is the same would be a place to guess it.
    return has_set_password(address, by) and passwords.matches(wish.password, box.password)


def has_set_password(address: Address, by: Actor) -> bool:
    """Say whether this person set the password of the mailbox that is there now."""
    last = last_entry(address, Journal.act.in_(SET_PASSWORD + journal.OTHER_MAILBOX), by=by)
    return last is not None and (last.act, last.actor, last.through) in [
        (act, by.name, by.through) for act in SET_PASSWORD
    ]


def claim(address: Address, version: int, *, by: Actor) -> None:
    """Raise the version, or raise Changed when it is not the one that the person saw."""
    done = (
        Address.update(version=Address.version + 1)
        .where(Address.id == address.id, Address.version == version)
        .execute()
    )
    if not done:
        raise changed_meanwhile(address, by=by)


def changed_meanwhile(address: Address, *, by: Actor) -> Changed:
    """Say who changed the address last, and what they did.

    Raises NotFound when a backup was brought back from before its time, or it was before the
    domain became theirs.
    """
    last = last_entry(address, by=by)
    if last is None:
        raise NotFound
    return Changed(email=address.email, actor=last.actor, act=last.act, details=last.details)


def last_entry(address: Address, *which: Expression, by: Actor) -> Journal | None:
    """Return the latest entry on an address that this person may read."""
    found: Journal | None = (
        Journal.select()
        .where(
            Journal.domain == address.domain,
            Journal.email == address.email,
            Journal.id > owners.journal_after(by, address.domain),
            *which,
        )
        .order_by(Journal.id.desc())
        .first()
    )
    return found


def switch(address: Address, enabled: bool, *, by: Actor) -> None:
    """Switch the address on or off. Inside a transaction; the caller settles it afterwards."""
    if address.enabled == enabled:
        return
    Address.update(enabled=enabled).where(Address.id == address.id).execute()
    if not enabled and mailboxes.of(address) is not None:
        kicks.order(address.email)
    act = "address.enabled" if enabled else "address.disabled"
    journal.record(act, by=by, domain=address.domain, email=address.email)


def remove(address: Address, *, confirmed: bool, by: Actor) -> Removed:
    """Delete the address; keep it whole, with its mailbox and recipients, until a date.

    Raises PostmasterStays; MailboxWouldGo or OthersLeadHere when it has a mailbox, or others lead
    to it, and the person has not agreed; PostmasterNeedsDestination when a postmaster@ leads only
    here, AddressIsCatchAll when its mail would come back here as mail for an unknown address;
    AddressGone when somebody else was quicker.
    """
    guard.address(by, address)
    if address.local_part == names.POSTMASTER:
        raise PostmasterStays(email=address.email)
    with db.atomic(), discretion.towards(by):
        address = found(by, address.email, Address.id == address.id)
        if not confirmed:
            refuse_unasked(address)
        kept = take_away(address, by=by)
        try:
            routing.refuse_circles(address.email)
        except RecipientLoop as circle:
            domain = address.domain.name
            raise AddressIsCatchAll(
                email=address.email, name=names.shown(domain), domain=domain
            ) from circle
        routing.settle(address.email)
    return kept


def refuse_unasked(address: Address) -> None:
    """Raise MailboxWouldGo, OthersLeadHere for what nobody should delete without being told."""
    if mailboxes.of(address) is not None:
        raise MailboxWouldGo
    led = Recipient.select().where(Recipient.target == address.email)
    caught = Domain.select().where(Domain.catch_all_target == address.email)
    if led.exists() or caught.exists():
        raise OthersLeadHere


def take_away(address: Address, *, by: Actor) -> Removed:
    """Move the address among the removed ones. Inside a transaction; the caller settles it."""
    led = "\n".join(row.email for row in recipients.of(address))
    box = mailboxes.of(address)
    kept = mailboxes.keep(address, kind="address", box=box, recipients=led, by=by)
    Recipient.delete().where(Recipient.address == address).execute()
    Address.delete().where(Address.id == address.id).execute()
    journal.record(
        "address.removed",
        by=by,
        domain=address.domain,
        email=address.email,
        until=day_of(kept.until),
    )
    return kept
