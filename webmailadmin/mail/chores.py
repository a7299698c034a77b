"""What the worker did last, for whoever wants to know whether it still works."""

from webmailadmin.database import db
from webmailadmin.models import Chore, now

NOTE = """
    INSERT INTO chore (name, at, milliseconds, trouble) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, milliseconds = excluded.milliseconds,
        trouble = excluded.trouble
"""


def note(name: str, milliseconds: int, trouble: str) -> None:
    """Write down a run of the chore `name`. trouble: one sentence, empty when it went well."""
    with db.atomic():
        db.execute_sql(NOTE, (name, Chore.at.db_value(now()), milliseconds, trouble))


def latest() -> list[Chore]:
    """Return the last run of each chore, by name."""
    return list(Chore.select().order_by(Chore.name))
