"""The list of a domain's addresses: search, filters, pages. Reads only, as plain tuples."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from webmailadmin.database import db
from webmailadmin.mail import names, removal
from webmailadmin.models import Address, Domain, Removed

PAGE = 50
LONGEST_SEARCH = 100
MOST_COUNTED = 100  # a page says "99+" there: nobody wants the exact number of so many


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
    SELECT address.id, local_part, email, enabled, receives, version, quota_mb
    FROM address LEFT JOIN mailbox ON mailbox.address_id = address.id
    WHERE domain_id = :domain
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
# The index holds all that both halves ask for. SQLite would rather read the addresses themselves.
TROUBLED = """
    SELECT id FROM address WHERE domain_id = :domain AND receives = 0 AND enabled = 1
    UNION ALL
    SELECT DISTINCT address_id FROM recipient
    CROSS JOIN address INDEXED BY address_state ON address.id = address_id
    WHERE NOT recipient.receives AND domain_id = :domain AND address.receives = 1 AND enabled = 1
"""
SHOWN = {
    Show.ALL: "",
    Show.MAILBOXES: "AND quota_mb IS NOT NULL",
    Show.ALIASES: """
        AND quota_mb IS NULL
        AND EXISTS (SELECT 1 FROM recipient WHERE address_id = address.id)
    """,
    Show.TO_LOOK_AT: f"AND address.id IN ({TROUBLED})",
}
REQUIRED = "AND local_part = :postmaster"
OTHERS = "AND local_part > :after AND local_part != :postmaster ORDER BY local_part LIMIT :limit"
RECIPIENTS = """
    SELECT address_id, email, receives FROM recipient
    WHERE address_id IN (SELECT value FROM json_each(:ids)) ORDER BY id
"""


def page(domain: Domain, search: str = "", show: Show = Show.ALL, after: str = "") -> Page:
    """Return the addresses that match, postmaster@ first, then by local part.

    search: part of a name or of a recipient. after: the last local part of the page before.
    """
    text = search.strip().lower()[:LONGEST_SEARCH]
    values = {
        "domain": domain.id,
        "text": text,
        "name": name_in(text, domain),
        "after": after,
        "postmaster": names.POSTMASTER,
        "limit": PAGE + 1,
    }
    found = read([ROWS, MATCHING if text else "", SHOWN[show], OTHERS], values)
    more = found[PAGE - 1][1] if len(found) > PAGE else None
    required = [ROWS, MATCHING_ONE if text else "", SHOWN[show], REQUIRED]
    first = [] if after else read(required, values)
    return Page(completed([*first, *found[:PAGE]]), more)


def row(address: Address) -> Row:
    """Return one address as the list tells it."""
    values = {"domain": address.domain.id, "id": address.id}
    return completed(read([ROWS, "AND address.id = :id"], values))[0]


def read(parts: list[str], values: Mapping[str, object]) -> list[Any]:
    """Return what a statement of these parts selects."""
    return list(db.execute_sql(" ".join(parts), values).fetchall())


def name_in(text: str, domain: Domain) -> str:
    """Return the part of a search that names are compared with: `info` of `info@bonvenon.fr`."""
    return text.removesuffix(f"@{domain.name}").removesuffix(f"@{names.shown(domain.name)}")


def count_troubled(domain: Domain) -> int:
    """Count the addresses that are on and receive nothing, or only in part, to MOST_COUNTED."""
    parts = ["SELECT count(*) FROM (", TROUBLED, "LIMIT :most)"]
    return int(read(parts, {"domain": domain.id, "most": MOST_COUNTED})[0][0])


def completed(found: list[Any]) -> list[Row]:
    """Add recipients and removed mailboxes, each with one query for all rows."""
    led = defaultdict(list)
    ids = [columns[0] for columns in found]
    for address_id, email, receives in read([RECIPIENTS], {"ids": json.dumps(ids)}):
        led[address_id].append((email, bool(receives)))
    kept = removal.boxes_of(ids)
    return [
        Row(
            id_,
            local_part,
            email,
            bool(enabled),
            bool(receives),
            version,
            quota_mb,
            recipients=led[id_],
            removed=kept.get(id_) if quota_mb is None else None,
        )
        for id_, local_part, email, enabled, receives, version, quota_mb in found
    ]
