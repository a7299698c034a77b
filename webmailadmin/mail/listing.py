"""The list of a domain's addresses: search, filters, pages. Reads only, as plain tuples."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webmailadmin.database import db
from webmailadmin.mail import filters, guard, names, owners, removal, usage
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.filters import Show
from webmailadmin.models import Address, Domain, Removed

PAGE = 50
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class Used:
    """What a mailbox holds, as Dovecot said last, at the time `at`.

    percent: of its size limit, None without one. last_log_in: None for never.
    """

    messages: int
    bytes: int
    percent: int | None
    last_log_in: datetime | None
    at: datetime

    @property
    def nearly_full(self) -> bool:
        """Say whether little more fits in."""
        return self.percent is not None and self.percent >= usage.NEARLY_FULL

    @property
    def full(self) -> bool:
        """Say whether next to nothing fits in."""
        return self.percent is not None and self.percent >= usage.FULL


@dataclass(frozen=True)
class Row:
    """One address as the list tells it.

    quota_mb: None without a mailbox, 0 unlimited. keeps: mail is kept in its mailbox. may_log_in:
    the holder of its mailbox. recipients: each with whether mail arrives
    there. removed: the mailbox that was taken off it, while it can come back. used: None without
    a mailbox, or as long as its numbers are not known.
    """

    id: int
    local_part: str
    email: str
    enabled: bool
    receives: bool
    version: int
    quota_mb: int | None
    keeps: bool
    may_log_in: bool
    recipients: list[tuple[str, bool]]
    removed: Removed | None
    used: Used | None

    @property
    def has_mailbox(self) -> bool:
        """Say whether there is a mailbox here."""
        return self.quota_mb is not None

    @property
    def sends_only(self) -> bool:
        """Say whether its mailbox is there to send from, and takes no mail."""
        return self.has_mailbox and self.may_log_in and not self.keeps

    @property
    def dead(self) -> list[str]:
        """Return the recipients that mail does not arrive at."""
        return [email for email, receives in self.recipients if not receives]

    @property
    def required(self) -> bool:
        """Say whether this is the address that every domain must have."""
        return self.local_part == names.POSTMASTER


@dataclass(frozen=True)
class Page:
    """A part of the list, and the local part after which the next one goes on."""

    rows: list[Row]
    after: str | None


# Written out: Peewee would take five times as long to write these as SQLite to answer them.
# A text is found with instr(), which knows no wildcards; all that is searched is lower case.
ROWS = """
    SELECT address.id, local_part, email, enabled, address.receives, version, quota_mb,
        mailbox.receives, may_log_in, messages, bytes, percent, last_log_in, at
    FROM address LEFT JOIN mailbox ON mailbox.address_id = address.id
    LEFT JOIN usage ON mailbox_id = mailbox.id
    WHERE address.domain_id = :domain
"""
# Through a whole domain, all recipients are read once; of a single address only its own.
MATCHING = """
    AND (instr(local_part, :name) OR address.id IN (
        SELECT address_id FROM recipient WHERE instr(email, :text)
    ))
"""
MATCHING_ONE = """
    AND (instr(local_part, :name) OR EXISTS (
        SELECT 1 FROM recipient WHERE address_id = address.id AND instr(email, :text)
    ))
"""
REQUIRED = "AND local_part = :postmaster"
OTHERS = "AND local_part > :after AND local_part != :postmaster ORDER BY local_part LIMIT :limit"
RECIPIENTS = """
    SELECT address_id, email, receives FROM recipient
    WHERE address_id IN (SELECT value FROM json_each(:ids)) ORDER BY id
"""


def page(
    domain: Domain, search: str = "", show: Show = Show.ALL, after: str = "", *, by: Actor
) -> Page:
    """Return the addresses that match, postmaster@ first, then by local part.

    search: part of a name or of a recipient. after: the last local part of the page before.
    """
    guard.domain(by, domain)
    text = search.strip().lower()[:LONGEST_SEARCH]
    values = {
        **filters.values(domain),
        "text": text,
        "name": name_in(text, domain),
        "after": after,
        "postmaster": names.POSTMASTER,
        "limit": PAGE + 1,
    }
    shown = filters.condition(domain, show)
    found = read([ROWS, MATCHING if text else "", shown, OTHERS], values)
    more = found[PAGE - 1][1] if len(found) > PAGE else None
    required = [ROWS, MATCHING_ONE if text else "", shown, REQUIRED]
    first = [] if after else read(required, values)
    since = owners.removed_after(by, domain)
    return Page(completed([*first, *found[:PAGE]], since), more)


def row(address: Address, *, by: Actor) -> Row:
    """Return one address as the list tells it."""
    guard.mailbox(by, address)
    values = {"domain": address.domain.id, "id": address.id}
    since = owners.removed_after(by, address.domain)
    return completed(read([ROWS, "AND address.id = :id"], values), since)[0]


def read(parts: list[str], values: Mapping[str, object]) -> list[Any]:
    """Return what a statement of these parts selects."""
    return list(db.execute_sql(" ".join(parts), values).fetchall())


def name_in(text: str, domain: Domain) -> str:
    """Return the part of a search that names are compared with: `info` of `info@bonvenon.fr`."""
    return text.removesuffix(f"@{domain.name}").removesuffix(f"@{names.shown(domain.name)}")


def completed(found: list[Any], since: int) -> list[Row]:
    """Add recipients and removed mailboxes, each with one query for all rows.

    since: of what was removed, only what has a higher number.
    """
    led = defaultdict(list)
    ids = [columns[0] for columns in found]
    for address_id, email, receives in read([RECIPIENTS], {"ids": json.dumps(ids)}):
        led[address_id].append((email, bool(receives)))
    kept = removal.boxes_of(ids, since)
    return [row_of(columns, led[columns[0]], kept.get(columns[0])) for columns in found]


def row_of(columns: Any, led: list[tuple[str, bool]], kept: Removed | None) -> Row:
    """Return an address with its recipients, and with the mailbox that was taken off it last."""
    id_, local_part, email, enabled, receives, version, quota_mb, keeps, log_in, *used = columns
    return Row(
        id_,
        local_part,
        email,
        bool(enabled),
        bool(receives),
        version,
        quota_mb,
        bool(keeps),
        bool(log_in),
        recipients=led,
        removed=kept if quota_mb is None else None,
        used=told(*used) if used[0] is not None else None,
    )


def told(messages: int, size: int, percent: int | None, last_log_in: int | None, at: int) -> Used:
    """Return what was read of a mailbox. size: in bytes. Times: in seconds since 1970."""
    last = None if last_log_in is None else moment(last_log_in)
    return Used(messages, size, percent, last, moment(at))


def moment(seconds: int) -> datetime:
    """Return a time in UTC, as the models do but sooner."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
