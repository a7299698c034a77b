"""What a child of the doctor does as the panel's user, who alone opens the database.

Root opens nothing: as the last one to close, it would take -wal and -shm away, and the mail
servers could read no more. `python -m webmailadmin.upkeep.doctor.asked look` prints JSON;
`... keep` keeps the report on its standard input.
"""

import json
import os
import sys
from dataclasses import replace
from typing import Any

from webmailadmin import settings
from webmailadmin.database import DatabaseUnusable, db, open_as_it_is
from webmailadmin.mail import reports
from webmailadmin.mail.errors import N_
from webmailadmin.upkeep.doctor import around, deep, own, page, work
from webmailadmin.upkeep.doctor.finding import Finding, run, unknown

WITH_DATABASE = (*own.CHECKS, *work.CHECKS, *deep.CHECKS)
# What the mail servers are asked: a key that each view has, and what it must find.
KEYS = {
    "postfix_domain": "SELECT name, name FROM postfix_domain LIMIT 1",
    "postfix_mailbox": "SELECT email, email FROM postfix_mailbox LIMIT 1",
    "postfix_alias": "SELECT email, recipient FROM postfix_alias LIMIT 1",
    "postfix_same_name": (
        "SELECT local_part || '@' || domain, recipient FROM postfix_same_name LIMIT 1"
    ),
    "postfix_refused": "SELECT email, action FROM postfix_refused WHERE email LIKE '%@%' LIMIT 1",
    "postfix_sender": "SELECT email, login FROM postfix_sender LIMIT 1",
    # Of who has the main password barred, Dovecot finds none.
    "dovecot_user": "SELECT user, home FROM dovecot_user ORDER BY password IS NULL LIMIT 1",
}
DOMAINS = "SELECT name FROM domain WHERE removed_at IS NULL"
# Each home with the messages that it held when Dovecot was asked last.
HOMES = """
    SELECT home, coalesce(messages, 0) FROM mailbox LEFT JOIN usage ON mailbox_id = mailbox.id
    UNION ALL SELECT home, 0 FROM purge
"""


def look() -> dict[str, Any]:
    """Return findings and facts, as far as the database can be opened."""
    findings: list[Finding] = []
    facts: dict[str, Any] = {}
    reason = ""
    try:
        open_as_it_is(settings.current.data.resolve())
    except (DatabaseUnusable, OSError) as error:
        reason = str(error)
    findings += run((*own.BEFORE_OPENING, *around.CHECKS))
    if reason:
        text = N_("It could not be looked at: %(reason)s")
        findings += [
            replace(unknown(text, reason=reason), code=check.code) for check in WITH_DATABASE
        ]
    else:
        findings += run(WITH_DATABASE)
        facts = known()
        db.close()
    return {"findings": [finding.as_dict() for finding in findings], "facts": facts}


def known() -> dict[str, Any]:
    """Return what the doctor needs of the database to question the mail servers."""
    found = {view: db.execute_sql(statement).fetchone() for view, statement in KEYS.items()}
    return {
        "keys": {view: list(row) for view, row in found.items() if row},
        "domains": [name for (name,) in db.execute_sql(DOMAINS).fetchall()],
        "homes": dict(db.execute_sql(HOMES).fetchall()),
    }


def keep() -> None:
    """Keep the report on standard input for the page."""
    try:
        open_as_it_is(settings.current.data.resolve())
    except DatabaseUnusable as unusable:
        sys.exit(str(unusable))
    reports.hand_over(page.REPORT, sys.stdin.read())
    db.close()


if __name__ == "__main__":
    os.umask(0o027)
    settings.use(settings.read())
    if sys.argv[1:] == ["keep"]:
        keep()
    else:
        json.dump(look(), sys.stdout)
