"""What an earlier state may not bring along when it becomes the present one.

Its rows tell of a time that is over: who was logged in, which links were good, what was due, which
mail files were to be deleted. The files themselves went on meanwhile. It may have an earlier
schema.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webmailadmin.database import db
from webmailadmin.mail import journal, mailboxes
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Chore, Kick, Link, Purge, Removed, Report, Session, Throttle, now

OF_THEIR_TIME = (Session, Link, Throttle, Kick, Chore, Report)
KICKS_AT_ONCE = 500
LOG_INS = "SELECT user, password, home FROM dovecot_user"
APP_LOG_INS = "SELECT user, password, app FROM dovecot_password WHERE app IS NOT NULL"
HOMES = """
    SELECT home, coalesce(address.email, removed.email) FROM mailbox
    LEFT JOIN address ON address.id = mailbox.address_id
    LEFT JOIN removed ON removed.mailbox_id = mailbox.id
"""
ORDERED = "SELECT home FROM purge"


@dataclass(frozen=True)
class State:
    """What a database says of mailboxes.

    log_ins: user, password hash and home of each that may log in, and user, hash and number of
    each app password. homes: whose each one is, by its name. ordered: the homes that are to be
    deleted.
    """

    log_ins: set[tuple[str, str | None, str | int]] = field(default_factory=set)
    homes: dict[str, str] = field(default_factory=dict)
    ordered: set[str] = field(default_factory=set)


def state(database: Any) -> State:
    """Return the state of a database with any schema of ours."""
    there = "purge" in database.get_tables()
    ordered = database.execute_sql(ORDERED).fetchall() if there else []
    log_ins = database.execute_sql(LOG_INS).fetchall()
    if any(view.name == "dovecot_password" for view in database.get_views()):
        log_ins += database.execute_sql(APP_LOG_INS).fetchall()
    return State(
        set(log_ins),
        dict(database.execute_sql(HOMES).fetchall()),
        {home for (home,) in ordered},
    )


def settle(earlier: State, present: State) -> datetime:
    """Make the database that is open, an `earlier` state, fit to follow the `present` one.

    All sessions end; those of mail programs, if their log-in is not the same as now. What was
    removed can be brought back for as long as if it were removed today: it may have come back
    since, and hold mail. Mail files are deleted only where both states order it.
    Return when the earlier state was changed last.
    """
    moment = journal.latest() or now()
    until, tables = mailboxes.kept_until(now()), db.get_tables()
    with db.atomic():
        for table in OF_THEIR_TIME:
            if table._meta.table_name in tables:
                table.delete().execute()
        Removed.update(until=until).where(Removed.until < until).execute()
        if "purge" in tables:
            Purge.delete().where(Purge.home.not_in(earlier.ordered & present.ordered)).execute()
        if "kick" in tables:
            end_sessions(user for user, _, _ in present.log_ins - earlier.log_ins)
        journal.record("database.restored", by=COMMAND_LINE, moment=moment)
    return moment


def end_sessions(users: Iterable[str]) -> None:
    """Order the end of the sessions of these log-ins."""
    rows = [{"email": user, "at": now()} for user in sorted(set(users))]
    for first in range(0, len(rows), KICKS_AT_ONCE):
        Kick.insert_many(rows[first : first + KICKS_AT_ONCE]).execute()
