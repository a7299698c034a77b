"""Checks that read the whole database: too slow for a page, made by the doctor alone."""

from collections.abc import Iterator

import cysqlite

from webmailadmin.database import db
from webmailadmin.mail import invariants
from webmailadmin.mail.errors import N_
from webmailadmin.upkeep.doctor.finding import Check, Finding, wrong

RESTORE = "webmailadmin restore --help"
MOST_SHOWN = 5


def integrity() -> Iterator[Finding]:
    """SQLite finds every page and every index whole, and every reference met."""
    try:
        lines = [told for (told,) in db.execute_sql("PRAGMA integrity_check(5)").fetchall()]
    except cysqlite.DatabaseError as error:
        lines = [str(error)]
    for told in lines:
        if told != "ok":
            yield wrong(N_("The database is damaged: %(reason)s"), RESTORE, reason=told)
    dangling = db.execute_sql("PRAGMA foreign_key_check").fetchall()
    if dangling:
        text = N_("Rows that refer to nothing: %(count)s, the first one in the table %(table)s.")
        yield wrong(text, RESTORE, count=len(dangling), table=dangling[0][0])


def rules() -> Iterator[Finding]:
    """What is true after every change is true now."""
    for found in invariants.broken()[:MOST_SHOWN]:
        text = N_("%(words)s: %(example)s (in all: %(count)s).")
        values = {"words": found.text, "example": found.example, "count": found.count}
        yield wrong(text, RESTORE, **values)


CHECKS = (
    Check(
        "integrity",
        N_("Database file"),
        N_("A damaged file gives wrong answers, then none."),
        N_("The database file is whole."),
        integrity,
    ),
    Check(
        "invariants",
        N_("Rules of the database"),
        N_("Mail may be refused or go where nobody expects it."),
        N_("What is stored fits together."),
        rules,
    ),
)
