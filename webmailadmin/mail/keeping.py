"""All addresses of a domain at once: taken off, put back, each in a few statements.

One by one, as `addresses` and `removal` do it, thousands would hold the write lock for minutes.
"""

from dataclasses import dataclass
from datetime import datetime

from webmailadmin.database import db
from webmailadmin.mail import names
from webmailadmin.mail.actors import Actor
from webmailadmin.models import Domain, Recipient, Removed, now, tuples

KEEP = """
    INSERT INTO removed (
        domain_id, address_id, email, local_part, mailbox_id, recipients,
        enabled, version, removed_at, until, kind, with_domain, removed_by
    )
    SELECT domain_id, address.id, email, local_part, mailbox.id,
        coalesce(
            (SELECT group_concat(recipient.email, char(10) ORDER BY recipient.id)
             FROM recipient WHERE recipient.address_id = address.id),
            ''
        ),
        enabled, version, :moment, :until, 'address', 1, :by
    FROM address LEFT JOIN mailbox ON mailbox.address_id = address.id
    WHERE domain_id = :domain
"""
END_SESSIONS = """
    INSERT INTO kick (email, at)
    SELECT email, :moment FROM address JOIN mailbox ON mailbox.address_id = address.id
    WHERE domain_id = :domain
"""
TAKE_OFF_BOXES = """
    UPDATE mailbox SET address_id = NULL
    WHERE address_id IN (SELECT id FROM address WHERE domain_id = :domain)
"""
TAKE_OFF = "DELETE FROM address WHERE domain_id = :domain"
PUT_BACK = """
    INSERT INTO address (id, domain_id, local_part, email, enabled, receives, version, created_at)
    SELECT address_id, domain_id, local_part, email, enabled, 0, version + 1, :moment
    FROM removed WHERE domain_id = :domain AND with_domain
"""
PUT_BACK_BOXES = """
    UPDATE mailbox SET address_id = removed.address_id
    FROM removed
    WHERE removed.mailbox_id = mailbox.id AND removed.domain_id = :domain AND with_domain
"""
RECIPIENTS_AT_ONCE = 500


@dataclass(frozen=True)
class Count:
    """How much went with a domain, or came back with it."""

    addresses: int
    mailboxes: int


def take_all(domain: Domain, removed_at: datetime, until: datetime, *, by: Actor) -> Count:
    """Take all addresses off `domain` and keep them whole, to come back with it.

    Inside a transaction; the caller settles what led to them.
    """
    values = {
        "domain": domain.id,
        "moment": Removed.removed_at.db_value(removed_at),
        "until": Removed.until.db_value(until),
        "by": by.name,
    }
    counted = Count(domain.addresses, domain.mailboxes)
    for statement in (KEEP, END_SESSIONS, TAKE_OFF_BOXES, TAKE_OFF):
        db.execute_sql(statement, values)
    return counted


def put_all_back(domain: Domain) -> Count:
    """Give `domain` back the addresses that went with it, not what was removed before.

    Inside a transaction; none of them receives before the caller has settled them.
    """
    kept = Removed.domain == domain, Removed.with_domain
    values = {"domain": domain.id, "moment": Removed.removed_at.db_value(now())}
    for statement in (PUT_BACK, PUT_BACK_BOXES):
        db.execute_sql(statement, values)
    led = tuples(Removed.select(Removed.address_id, Removed.recipients).where(*kept))
    rows = [recipient(id_, email) for id_, text in led for email in text.splitlines()]
    for first in range(0, len(rows), RECIPIENTS_AT_ONCE):
        Recipient.insert_many(rows[first : first + RECIPIENTS_AT_ONCE]).execute()
    boxes = Removed.select().where(*kept, Removed.mailbox.is_null(False)).count()
    Removed.delete().where(*kept).execute()
    return Count(len(led), boxes)


def recipient(address: int, email: str) -> dict[str, object]:
    """Return the row of one recipient that is put back."""
    return {
        "address": address,
        "email": email,
        "target": names.without_extension(email),
        "domain": names.domain_of(email),
        "receives": False,
    }


def first_version(email: str) -> int:
    """Return the version that a new address begins with.

    It is above that of a removed one of this name: an editor that was left open in another tab
    must not save onto what it never showed.
    """
    (last,) = db.execute_sql(
        "SELECT coalesce(max(version), 0) FROM removed WHERE email = ?", (email,)
    ).fetchone()
    return int(last) + 1
