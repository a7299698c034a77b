"""Mailboxes: open, password, size limit, take off, put back."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import guard, journal, kicks, notices, passwords
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.days import day_of
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_mailboxes import QuotaMalformed, QuotaTooLarge
from webmailadmin.mail.notices import Notice
from webmailadmin.models import Address, Domain, Mailbox, Removed, now

LARGEST_QUOTA = 2**31  # MB
# By the switch, once it is on and once it is off.
SWITCHED = {
    "receives": ("mailbox.receives", "mailbox.receives-not"),
    "may_log_in": ("mailbox.log-in", "mailbox.no-log-in"),
    "may_redirect": ("mailbox.redirect", "mailbox.no-redirect"),
}


@dataclass(frozen=True)
class Switches:
    """What a mailbox is for, each None to leave it as it is; see models.Mailbox."""

    receives: bool | None = None
    may_log_in: bool | None = None
    may_redirect: bool | None = None

    def beside(self, box: Mailbox) -> dict[str, bool]:
        """Return those that are not as the mailbox has them."""
        return {
            name: wished
            for name in SWITCHED
            if (wished := getattr(self, name)) not in (None, getattr(box, name))
        }


AS_IT_IS = Switches()


def of(address: Address) -> Mailbox | None:
    """Return the mailbox behind an address, or None for an alias."""
    found: Mailbox | None = Mailbox.get_or_none(Mailbox.address == address)
    return found


def read_quota(typed: str) -> int:
    """Return the size limit that was typed, in MB; 0 is unlimited.

    Raises QuotaMalformed, QuotaTooLarge.
    """
    text = "".join(typed.split())
    if not (text.isascii() and text.isdigit()):
        raise QuotaMalformed
    if len(text) > len(str(LARGEST_QUOTA)) or int(text) > LARGEST_QUOTA:
        raise QuotaTooLarge(most=LARGEST_QUOTA)
    return int(text)


def check_password(typed: str, confirmation: str, address: Address) -> None:
    """Refuse a password for the mailbox of `address`; see passwords.check."""
    least = settings.current.mailbox_password_length
    passwords.check(typed, confirmation, least=least, about=address.email)


def hashed(password: str) -> str:
    """Return the hash that Dovecot checks at each log-in. Slow: outside every transaction."""
    return passwords.hashed(password, settings.current.mailbox_bcrypt_cost)


def open_at(address: Address, password_hash: str, quota_mb: int, *, by: Actor) -> None:
    """Open a mailbox with a home of its own, never used before.

    Inside a transaction; the caller settles the address afterwards.
    """
    Mailbox.create(
        address=address, home=secrets.token_hex(16), password=password_hash, quota_mb=quota_mb
    )
    act = "mailbox.opened" if quota_mb else "mailbox.opened-unlimited"
    journal.record(act, by=by, domain=address.domain, email=address.email, quota_mb=quota_mb)


def change(
    address: Address, box: Mailbox, password_hash: str | None, quota_mb: int, *, by: Actor
) -> None:
    """Change password and size limit of the mailbox behind `address`, what differs of them."""
    if password_hash is not None:
        Mailbox.update(password=password_hash).where(Mailbox.id == box.id).execute()
        kicks.order(address.email)
        notices.tell(box, Notice.CHANGED)
        journal.record("mailbox.password", by=by, domain=address.domain, email=address.email)
    if quota_mb != box.quota_mb:
        Mailbox.update(quota_mb=quota_mb).where(Mailbox.id == box.id).execute()
        journal.record(
            "mailbox.quota",
            by=by,
            domain=address.domain,
            email=address.email,
            old=box.quota_mb,
            new=quota_mb,
        )


def switch(address: Address, box: Mailbox, wished: Switches, *, by: Actor) -> None:
    """Set the switches that differ. Inside a transaction; the caller settles the address."""
    differing = wished.beside(box)
    if differing:
        Mailbox.update(differing).where(Mailbox.id == box.id).execute()
    for name, on in differing.items():
        act = SWITCHED[name][0 if on else 1]
        journal.record(act, by=by, domain=address.domain, email=address.email)
    if differing.get("may_log_in") is False:
        kicks.order(address.email)


def keep_copies(address: Address, box: Mailbox, keep: bool, *, by: Actor) -> None:
    """Say whether mail that is redirected is kept in the mailbox too, as its holder wishes.

    Inside a transaction; the caller settles the address.
    """
    if box.receives != keep:
        Mailbox.update(receives=keep).where(Mailbox.id == box.id).execute()
        act = "mailbox.copies" if keep else "mailbox.no-copies"
        journal.record(act, by=by, domain=address.domain, email=address.email)


def take_off(address: Address, box: Mailbox, *, by: Actor) -> Removed:
    """Take the mailbox off its address and keep it whole, messages included, until a date.

    Inside a transaction; the caller settles the address afterwards.
    """
    kept = keep(address, kind="mailbox", box=box, recipients="", by=by)
    journal.record(
        "mailbox.removed",
        by=by,
        domain=address.domain,
        email=address.email,
        until=day_of(kept.until),
    )
    return kept


def tell_download(box: Mailbox, email: str, domain: Domain, *, by: Actor) -> None:
    """Write in the journal that a person takes a copy of all messages of a mailbox.

    email: its address, present or former. Raises NotFound when it is gone for good.
    """
    with db.atomic():
        guard.domain(by, domain)
        if not Mailbox.select().where(Mailbox.id == box.id).exists():
            raise NotFound
        journal.record("messages.downloaded", by=by, domain=domain, email=email)


def kept_until(removed_at: datetime) -> datetime:
    """Return until when something removed at a time, that of now, can be brought back.

    Counted from the journal's latest time when the clock shows an earlier one: once that is set
    right, the date would be past too soon.
    """
    counted_from = max(removed_at, journal.latest() or removed_at)
    return counted_from + timedelta(days=settings.current.restore_days)


def keep(
    address: Address, *, kind: str, box: Mailbox | None, recipients: str, by: Actor
) -> Removed:
    """Write down what is taken off `address`, so that it can come back."""
    if box is not None:
        Mailbox.update(address=None).where(Mailbox.id == box.id).execute()
        kicks.order(address.email)
    moment = now()
    kept: Removed = Removed.create(
        domain=address.domain,
        address_id=address.id,
        email=address.email,
        local_part=address.local_part,
        kind=kind,
        mailbox=box,
        recipients=recipients,
        enabled=address.enabled,
        version=address.version,
        removed_at=moment,
        until=kept_until(moment),
        removed_by=by.name,
    )
    return kept
