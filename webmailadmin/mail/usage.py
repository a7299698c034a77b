"""What mailboxes hold, as Dovecot said last, and how that goes with their size limits.

1 MB is 1,048,576 bytes, for pages, Postfix and Dovecot alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from webmailadmin.database import db
from webmailadmin.mail.errors_of_mailboxes import LimitBelowUse
from webmailadmin.models import Mailbox, Usage, now

MB = 2**20  # bytes
NEARLY_FULL = 80  # percent of the size limit
FULL = 99  # percent: no mailbox is filled to its last byte, the next message is too large before
UNUSED = timedelta(days=183)  # without a log-in
GOOD_FOR = timedelta(minutes=5)  # numbers of that age are not asked for anew in the background

NOTE = """
    INSERT INTO usage (mailbox_id, messages, bytes, last_log_in, warned, at)
    SELECT id, ?, ?, ?, 0, ? FROM mailbox WHERE id = ?
    ON CONFLICT (mailbox_id) DO UPDATE SET messages = excluded.messages, bytes = excluded.bytes,
        last_log_in = coalesce(excluded.last_log_in, last_log_in), at = excluded.at
"""
# A removed mailbox changes no more: what it held last is kept.
NEXT = """
    SELECT mailbox.id, home FROM mailbox LEFT JOIN usage ON mailbox_id = mailbox.id
    WHERE mailbox.id > ? AND (at IS NULL OR (at < ? AND address_id IS NOT NULL))
    ORDER BY mailbox.id LIMIT ?
"""


@dataclass(frozen=True)
class Answer:
    """What the mailbox of a number holds. size: bytes, as its size limit counts.

    last_log_in: in UTC, None for never. at: when it was asked.
    """

    mailbox_id: int
    messages: int
    size: int
    last_log_in: datetime | None
    at: datetime


def of(box: Mailbox) -> Usage | None:
    """Return what a mailbox holds, as far as it was ever asked."""
    found: Usage | None = Usage.get_or_none(Usage.mailbox == box)
    return found


def note(box: Mailbox, messages: int, size: int, last_log_in: datetime | None) -> None:
    """Write down what a mailbox holds now; see Answer."""
    note_all([Answer(box.id, messages, size, last_log_in, now())])


def note_all(answers: Iterable[Answer]) -> None:
    """Write down what mailboxes hold. One that was purged meanwhile is passed over."""
    with db.atomic():
        for answer in answers:
            last = Usage.last_log_in.db_value(answer.last_log_in)
            at = Usage.at.db_value(answer.at)
            values = (answer.messages, answer.size, last, at, answer.mailbox_id)
            db.execute_sql(NOTE, values)


def next_to_ask(after: int, most: int) -> list[tuple[int, str]]:
    """Return number and home of the mailboxes whose numbers are missing or old, by number.

    after: the number of the mailbox before them.
    """
    old = Usage.at.db_value(now() - GOOD_FOR)
    return [(id_, home) for id_, home in db.execute_sql(NEXT, (after, old, most)).fetchall()]


def refuse_below(box: Mailbox, quota_mb: int) -> None:
    """Raise LimitBelowUse when a new size limit is below what the mailbox holds."""
    used = of(box)
    if used is not None and quota_mb != box.quota_mb:
        refusal = below(quota_mb, used.bytes)
        if refusal is not None:
            raise refusal


def below(quota_mb: int, size: int) -> LimitBelowUse | None:
    """Return what is to be said of a size limit below what is used. size: bytes."""
    if 0 < quota_mb * MB < size:
        return LimitBelowUse(bytes=size, limit=quota_mb)
    return None
