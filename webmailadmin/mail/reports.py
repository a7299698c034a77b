"""What other programs found and handed over to the panel, to be shown with its age."""

from webmailadmin.database import db
from webmailadmin.models import Report, now

KEEP = """
    INSERT INTO report (name, at, content) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, content = excluded.content
"""


def hand_over(name: str, content: str) -> None:
    """Keep a report in the place of the one before. content: JSON."""
    with db.atomic():
        db.execute_sql(KEEP, (name, Report.at.db_value(now()), content))


def latest(name: str) -> Report | None:
    """Return the last report of this name."""
    found: Report | None = Report.get_or_none(Report.name == name)
    return found
