"""What was removed and can come back, as pages tell it. Reads only, as plain tuples."""

import json
from dataclasses import dataclass
from datetime import datetime

from webmailadmin.database import db
from webmailadmin.mail import guard, owners, removed_domains
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.listing import LONGEST_SEARCH, name_in
from webmailadmin.models import LARGEST_ID, Domain, Removed, moment, now

PAGE = 100


@dataclass(frozen=True)
class Entry:
    """Something that was removed from a domain.

    kind: "address", "mailbox" or "catch-all". mailbox_id: None when none was removed. quota_mb:
    0 is unlimited. messages, bytes: what the mailbox holds, None when Dovecot was never asked.
    removed_by: the name of who removed it.
    """

    id: int
    kind: str
    email: str
    recipients: list[str]
    removed_at: datetime
    removed_by: str
    until: datetime
    mailbox_id: int | None
    quota_mb: int | None
    messages: int | None
    bytes: int | None


@dataclass(frozen=True)
class Page:
    """A part of the bin, and the number before which the next one goes on."""

    entries: list[Entry]
    before: int | None


@dataclass(frozen=True)
class RemovedDomain:
    """A domain that was removed with all that it had.

    messages, bytes: of its mailboxes in all, as far as Dovecot was asked; unknown: of how many
    of them it was not.
    """

    id: int
    name: str
    removed_at: datetime
    removed_by: str
    until: datetime
    addresses: int
    mailboxes: int
    unknown: int
    messages: int
    bytes: int


ENTRIES = """
    SELECT removed.id, kind, email, recipients, removed_at, removed_by, until,
        mailbox.id, quota_mb, messages, bytes
    FROM removed
    LEFT JOIN mailbox ON mailbox.id = removed.mailbox_id
    LEFT JOIN usage ON usage.mailbox_id = mailbox.id
    WHERE removed.domain_id = :domain AND until > :moment AND removed.id > :after
"""
ONE = "AND removed.id = :id"
MATCHING = "AND (instr(local_part, :name) OR instr(recipients, :text))"
LATEST = "AND removed.id < :before ORDER BY removed.id DESC LIMIT :limit"
DOMAINS = """
    SELECT domain.id, name, domain.removed_at, max(removed_by), min(until),
        count(*), count(removed.mailbox_id), count(removed.mailbox_id) - count(usage.mailbox_id),
        coalesce(sum(messages), 0), coalesce(sum(bytes), 0)
    FROM removed
    JOIN domain ON domain.id = removed.domain_id
    LEFT JOIN usage ON usage.mailbox_id = removed.mailbox_id
    WHERE with_domain AND removed.domain_id IN (SELECT value FROM json_each(:domains))
    GROUP BY domain.id ORDER BY domain.removed_at DESC, domain.id DESC
"""


def page(domain: Domain, search: str = "", before: int | None = None, *, by: Actor) -> Page:
    """Return what can come back to a domain, the latest first, PAGE of it.

    search: part of a name or of a recipient. before: only what was removed before this number.
    """
    text = search.strip().lower()[:LONGEST_SEARCH]
    values = {
        "text": text,
        "name": name_in(text, domain),
        "before": LARGEST_ID if before is None else max(0, min(before, LARGEST_ID)),
        "limit": PAGE + 1,
    }
    found = read(domain, [MATCHING if text else "", LATEST], values, by=by)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return Page(found[:PAGE], more)


def of(domain: Domain, id_: int, *, by: Actor) -> Entry:
    """Return what was removed from `domain` under this number. Raises NotFound."""
    for entry in read(domain, [ONE], {"id": min(id_, LARGEST_ID)}, by=by):
        return entry
    raise NotFound


def read(domain: Domain, parts: list[str], values: dict[str, object], *, by: Actor) -> list[Entry]:
    """Return the entries of a domain that a statement of these parts selects."""
    guard.domain(by, domain)
    values |= {
        "domain": domain.id,
        "moment": Removed.until.db_value(now()),
        "after": owners.removed_after(by, domain),
    }
    rows = db.execute_sql(" ".join([ENTRIES, *parts]), values).fetchall()
    return [
        Entry(id_, kind, email, led.splitlines(), moment(at), remover, moment(until), *held)
        for id_, kind, email, led, at, remover, until, *held in rows
    ]


def domains_for(by: Actor) -> list[RemovedDomain]:
    """Return the removed domains that can still be brought back, the latest first."""
    ids = [domain.id for domain in removed_domains.list_for(by)]
    rows = db.execute_sql(DOMAINS, {"domains": json.dumps(ids)}).fetchall()
    return [
        RemovedDomain(id_, name, moment(at), remover, moment(until), *counts)
        for id_, name, at, remover, until, *counts in rows
    ]


def domain_of(by: Actor, id_: int) -> RemovedDomain:
    """Return the removed domain of this number, while it can come back. Raises NotFound."""
    for domain in domains_for(by):
        if domain.id == id_:
            return domain
    raise NotFound
