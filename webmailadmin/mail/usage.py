"""What mailboxes hold, as Dovecot said last."""

from datetime import datetime

from webmailadmin.database import db
from webmailadmin.models import Mailbox, Usage, now

NOTE = """
    INSERT INTO usage (mailbox_id, messages, bytes, last_log_in, warned, at)
    SELECT id, ?, ?, ?, 0, ? FROM mailbox WHERE id = ?
    ON CONFLICT (mailbox_id) DO UPDATE SET messages = excluded.messages, bytes = excluded.bytes,
        last_log_in = coalesce(excluded.last_log_in, last_log_in), at = excluded.at
"""


def of(box: Mailbox) -> Usage | None:
    """Return what a mailbox holds, as far as it was ever asked."""
    found: Usage | None = Usage.get_or_none(Usage.mailbox == box)
    return found


def note(box: Mailbox, messages: int, size: int, last_log_in: datetime | None) -> None:
    """Write down what a mailbox holds. size: bytes, as its size limit counts.

    last_log_in: in UTC, None for never. A mailbox that was purged meanwhile is passed over.
    """
    last = Usage.last_log_in.db_value(last_log_in)
    values = (messages, size, last, Usage.at.db_value(now()), box.id)
    with db.atomic():
        db.execute_sql(NOTE, values)
