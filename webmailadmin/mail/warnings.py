"""Which mailboxes must be told that they are nearly full: at each mark once per crossing.

`usage.warned` is the mark that was told last. The one that holds now follows from what is used
and from the size limit, so a limit that was changed counts as mail that came or went.

A warning is written down (`Warning`) before it is sent, and told once it was taken. Whoever is
killed between leaves it standing: the next one looks into the mailbox for its Message-ID, and
sends it again only if it is not there. If it were told first, it might never be sent; without its
Message-ID it might come twice.
"""

from dataclasses import dataclass
from typing import Any

from webmailadmin.database import db
from webmailadmin.mail import usage
from webmailadmin.models import Usage, Warning

MARKS = {"nearly_full": usage.NEARLY_FULL, "almost_full": 95}  # percent
AT_ONCE = 100  # so that no run takes very long
ROOM = 8192  # bytes that a warning takes itself, with what the servers add to it

# The mark that holds for each mailbox; 0 below both, and without a size limit.
PRESENT = """
    WITH present (id, mark) AS (
        SELECT mailbox_id, CASE
            WHEN quota_mb = 0 THEN 0
            WHEN bytes * 100 >= quota_mb * 1048576 * :almost_full THEN :almost_full
            WHEN bytes * 100 >= quota_mb * 1048576 * :nearly_full THEN :nearly_full
            ELSE 0
        END
        FROM usage JOIN mailbox ON mailbox.id = mailbox_id
    )
"""
# Where there is no room for the warning itself, it is due once there is.
DUE = """
    SELECT mailbox.id, home, email, domain.name,
        coalesce(nullif(mailbox.language, ''), domain.language) AS language, bytes, quota_mb, mark
    FROM present JOIN usage ON mailbox_id = present.id JOIN mailbox ON mailbox.id = present.id
    JOIN address ON address.id = address_id JOIN domain ON domain.id = address.domain_id
    WHERE mark > warned AND bytes + :room <= quota_mb * 1048576
    AND address.enabled AND domain.enabled
"""
# In no order: one that cannot be sent must not hold up another for ever.
SOME = "ORDER BY random() LIMIT :most"
STILL = "AND mailbox.id = :id AND mark = :mark"
FALL_BACK = """
    UPDATE usage SET warned = mark FROM present WHERE present.id = mailbox_id AND mark < warned
"""
FORGET = """
    DELETE FROM warning WHERE percent > (SELECT mark FROM present WHERE present.id = mailbox_id)
"""
CLAIM = """
    INSERT INTO warning (mailbox_id, percent, message_id) VALUES (?, ?, ?)
    ON CONFLICT (mailbox_id) DO UPDATE SET percent = excluded.percent,
        message_id = iif(percent = excluded.percent, message_id, excluded.message_id)
    RETURNING message_id
"""


@dataclass(frozen=True)
class Due:
    """A mailbox to be warned, by its number.

    domain: its name. language: of the mail. bytes: used. mark: the one to tell, in percent.
    """

    id: int
    home: str
    email: str
    domain: str
    language: str
    bytes: int
    quota_mb: int
    mark: int

    @property
    def percent(self) -> int:
        """Return how full it is."""
        return self.bytes * 100 // (self.quota_mb * 2**20)


def due() -> list[Due]:
    """Return mailboxes that are to be warned, AT_ONCE at most.

    What has fallen below a mark is told again when it crosses it again.
    """
    with db.atomic():
        carry_out(FALL_BACK)
        carry_out(FORGET)
    return [Due(*row) for row in carry_out(DUE, SOME, most=AT_ONCE)]


def carry_out(*parts: str, **values: int) -> list[Any]:
    """Carry out a statement of these parts, which know the mark of each mailbox."""
    statement = " ".join([PRESENT, *parts])
    return list(db.execute_sql(statement, {**MARKS, "room": ROOM, **values}).fetchall())


def standing(due: Due) -> Warning | None:
    """Return the warning that was to be sent to this mailbox, and may have been."""
    found: Warning | None = Warning.get_or_none(Warning.mailbox == due.id)
    return found


def claim(due: Due, message_id: str) -> str | None:
    """Write down that a warning is sent now; return its Message-ID, None if it is not due any more.

    message_id: of a new one. One of the same mark that is standing keeps its own.
    """
    with db.atomic():
        if not carry_out(DUE, STILL, id=due.id, mark=due.mark):
            return None
        claimed = db.execute_sql(CLAIM, (due.id, due.mark, message_id)).fetchall()
        return str(claimed[0][0])


def told(mailbox: int, mark: int) -> None:
    """Write down that the mailbox of this number was told this mark."""
    with db.atomic():
        Usage.update(warned=mark).where(Usage.mailbox == mailbox, Usage.warned < mark).execute()
        Warning.delete().where(Warning.mailbox == mailbox).execute()
