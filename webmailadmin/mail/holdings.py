"""What the mailboxes of a domain hold, one by one and in all, as far as Dovecot was asked.

Of a removed domain: the mailboxes that went with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webmailadmin.database import db
from webmailadmin.models import Domain, Mailbox, moment

PAGE = 100

LIVING = """
    SELECT 0 AS id, email, mailbox.id AS box
    FROM address JOIN mailbox ON mailbox.address_id = address.id WHERE domain_id = :domain
"""
GONE = """
    SELECT id, email, mailbox_id AS box
    FROM removed WHERE domain_id = :domain AND with_domain AND mailbox_id IS NOT NULL
"""
SUM = """
    SELECT count(*), count(*) - count(at), coalesce(sum(messages), 0), coalesce(sum(bytes), 0),
        min(at)
    FROM ({boxes}) LEFT JOIN usage ON usage.mailbox_id = box
    WHERE box NOT IN (SELECT value FROM json_each(:fresh))
"""
EACH = """
    SELECT id, email, messages, bytes, at
    FROM ({boxes}) LEFT JOIN usage ON usage.mailbox_id = box
    WHERE email > :after ORDER BY email LIMIT :limit
"""
# Those never asked come first.
LONGEST_AGO = """
    SELECT mailbox.* FROM ({boxes}) JOIN mailbox ON mailbox.id = box
    LEFT JOIN usage ON usage.mailbox_id = box
    ORDER BY usage.at LIMIT :limit
"""


@dataclass(frozen=True)
class Sum:
    """What mailboxes hold in all. unknown: how many were never asked.

    at: the oldest answer, None when all are of this moment.
    """

    mailboxes: int
    unknown: int
    messages: int
    bytes: int
    at: datetime | None


@dataclass(frozen=True)
class Holding:
    """What one mailbox holds; None when it was never asked. id: its number in the bin, or 0."""

    id: int
    email: str
    messages: int | None
    bytes: int | None
    at: datetime | None


def of(domain: Domain, fresh: Mapping[int, tuple[int, int]]) -> Sum:
    """Return what all mailboxes of a domain hold.

    fresh: messages and bytes of those that were asked just now, by their numbers.
    """
    found = rows(SUM, domain, fresh=json.dumps(list(fresh)))[0]
    count, unknown, messages, size, oldest = found
    return Sum(
        count + len(fresh),
        unknown,
        messages + sum(held for held, _ in fresh.values()),
        size + sum(held for _, held in fresh.values()),
        oldest and moment(oldest),
    )


def each(domain: Domain, after: str = "") -> list[Holding]:
    """Return what each mailbox holds, by address; PAGE of them, and one more if there are more.

    after: the last address of the page before.
    """
    found = rows(EACH, domain, after=after, limit=PAGE + 1)
    return [
        Holding(id_, email, messages, size, at and moment(at))
        for id_, email, messages, size, at in found
    ]


def longest_ago(domain: Domain, most: int) -> list[Mailbox]:
    """Return the mailboxes that were not asked for the longest time, never asked ones first."""
    return list(Mailbox.raw(statement(LONGEST_AGO, domain), domain.id, most))


def rows(template: str, domain: Domain, **values: object) -> list[Any]:
    """Return what a statement on the mailboxes of a domain selects."""
    values["domain"] = domain.id
    return list(db.execute_sql(statement(template, domain), values).fetchall())


def statement(template: str, domain: Domain) -> str:
    """Return a statement on the mailboxes of a domain, living or removed."""
    return template.format(boxes=LIVING if domain.removed_at is None else GONE)
