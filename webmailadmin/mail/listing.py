"""The list of a domain's addresses: search, filters, pages. Reads only, as plain tuples."""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from peewee import JOIN, fn

from webmailadmin.mail import names, removal
from webmailadmin.models import Address, Domain, Mailbox, Recipient, Removed, tuples

PAGE = 50
LONGEST_SEARCH = 100


class Show(StrEnum):
    """Which addresses the list shows."""

    ALL = "all"
    MAILBOXES = "mailboxes"
    ALIASES = "aliases"
    TO_LOOK_AT = "to-look-at"


@dataclass(frozen=True)
class Row:
    """One address as the list tells it.

    quota_mb: None without a mailbox, 0 unlimited. recipients: each with whether mail arrives
    there. removed: the mailbox that was taken off it, while it can come back.
    """

    id: int
    local_part: str
    email: str
    enabled: bool
    receives: bool
    version: int
    quota_mb: int | None
    recipients: list[tuple[str, bool]]
    removed: Removed | None

    @property
    def has_mailbox(self) -> bool:
        """Say whether mail is kept here."""
        return self.quota_mb is not None

    @property
    def required(self) -> bool:
        """Say whether this is the address that every domain must have."""
        return self.local_part == names.POSTMASTER


@dataclass(frozen=True)
class Page:
    """A part of the list, and the local part after which the next one goes on."""

    rows: list[Row]
    after: str | None


def page(domain: Domain, search: str = "", show: Show = Show.ALL, after: str = "") -> Page:
    """Return the addresses that match, postmaster@ first, then by local part.

    search: part of a name or of a recipient. after: the last local part of the page before.
    """
    matching = narrowed(rows_of(domain), domain, search, show)
    others = matching.where(Address.local_part > after, Address.local_part != names.POSTMASTER)
    found = tuples(others.order_by(Address.local_part).limit(PAGE + 1))
    more = found[PAGE - 1][1] if len(found) > PAGE else None
    first = [] if after else tuples(matching.where(Address.local_part == names.POSTMASTER))
    return Page(completed([*first, *found[:PAGE]]), more)


def row(address: Address) -> Row:
    """Return one address as the list tells it."""
    return completed(tuples(rows_of(address.domain).where(Address.id == address.id)))[0]


def rows_of(domain: Domain) -> Any:
    """Select what a row needs of the addresses of a domain."""
    columns = (
        Address.id,
        Address.local_part,
        Address.email,
        Address.enabled,
        Address.receives,
        Address.version,
        Mailbox.quota_mb,
    )
    return Address.select(*columns).join(Mailbox, JOIN.LEFT_OUTER).where(Address.domain == domain)


def narrowed(query: Any, domain: Domain, search: str, show: Show) -> Any:
    """Keep what matches the search and the filter."""
    text = search.strip().lower()[:LONGEST_SEARCH]
    if text:
        leads = Recipient.select(Recipient.id).where(
            Recipient.address == Address.id, Recipient.email.contains(text)
        )
        query = query.where(Address.local_part.contains(name_in(text, domain)) | fn.EXISTS(leads))
    if show is Show.MAILBOXES:
        query = query.where(Mailbox.id.is_null(False))
    if show is Show.ALIASES:
        leads = Recipient.select(Recipient.id).where(Recipient.address == Address.id)
        query = query.where(Mailbox.id.is_null(), fn.EXISTS(leads))
    if show is Show.TO_LOOK_AT:
        query = query.where(Address.id.in_(troubled(domain)))
    return query


def name_in(text: str, domain: Domain) -> str:
    """Return the part of a search that names are compared with: `info` of `info@bonvenon.fr`."""
    return text.removesuffix(f"@{domain.name}").removesuffix(f"@{names.shown(domain.name)}")


def troubled(domain: Domain) -> Any:
    """Select the ids of addresses that are on and receive nothing, or only in part."""
    dead = Address.select(Address.id).where(
        Address.domain == domain, Address.enabled, ~Address.receives
    )
    partly = (
        Address.select(Address.id)
        .join(Recipient)
        .where(Address.domain == domain, Address.enabled, ~Recipient.receives)
    )
    return dead | partly


def count_troubled(domain: Domain) -> int:
    """Count the addresses that want to be looked at."""
    return int(troubled(domain).count())


def completed(found: list[Any]) -> list[Row]:
    """Add recipients and removed mailboxes, each with one query for all rows."""
    ids = [columns[0] for columns in found]
    led = defaultdict(list)
    recipients = (
        Recipient.select(Recipient.address, Recipient.email, Recipient.receives)
        .where(Recipient.address.in_(ids))
        .order_by(Recipient.id)
    )
    for address_id, email, receives in tuples(recipients):
        led[address_id].append((email, bool(receives)))
    kept = removal.boxes_of(ids)
    return [
        Row(*(*columns, led[columns[0]], None if columns[-1] is not None else kept.get(columns[0])))
        for columns in found
    ]
