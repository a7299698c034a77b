"""Sessions: who is logged in, for how long, and what ends that.

A session holds the number of an account or of a mailbox, never a name. Triggers of the database
end it when a password is changed, or the right to log in is taken away, by whichever door.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN, OperationalError, fn

from webmailadmin import settings
from webmailadmin.database import db, patience
from webmailadmin.mail import guard, journal
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.models import LARGEST_ID, Account, Session, moment, now

# Without a request, and in all. Who has entered as somebody is an administrator all the same.
IDLE = {
    Kind.ADMINISTRATOR: timedelta(minutes=30),
    Kind.OWNER: timedelta(hours=12),
    Kind.HOLDER: timedelta(hours=12),
}
LONGEST = {
    Kind.ADMINISTRATOR: timedelta(hours=24),
    Kind.OWNER: timedelta(days=14),
    Kind.HOLDER: timedelta(days=14),
}
# Between the password and the second factor.
PENDING = timedelta(minutes=10)
# How long it counts that somebody showed that it is them.
PROOF = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
MILLISECONDS_TO_NOTE = 100
LONGEST_AGENT = 200

# Asked by every request: written out, because Peewee takes longer to write it than SQLite to
# answer it.
LOGGED_IN = """
    SELECT session.id, session.created_at, seen_at, proved_at,
        coalesce(account.kind, 'holder'), coalesce(account.id, mailbox.id),
        coalesce(account.name, address.email), coalesce(entering.name, ''),
        coalesce(account.one_time, 0),
        EXISTS (SELECT 1 FROM second_factor AS factor WHERE factor.account_id = session.account_id
            OR factor.mailbox_id = session.mailbox_id),
        coalesce(account.language, nullif(mailbox.language, ''), domain.language)
    FROM session
    LEFT JOIN account ON account.id = session.account_id
    LEFT JOIN account AS entering ON entering.id = session.entered_by_id
    LEFT JOIN mailbox ON mailbox.id = session.mailbox_id
    LEFT JOIN address ON address.id = mailbox.address_id
    LEFT JOIN domain ON domain.id = address.domain_id
    WHERE token_hash = ? AND pending = ?
    AND (account.enabled OR (address.enabled AND mailbox.may_log_in))
"""


@dataclass(frozen=True)
class LogIn:
    """A session that is open now.

    one_time: the person must choose a password first. has_factor: and has a second one. proved_at:
    when it showed last that it is them. language: that they chose for what we write to them.
    """

    id: int
    actor: Actor
    one_time: bool
    has_factor: bool
    language: str
    proved_at: datetime

    @property
    def is_proved(self) -> bool:
        """Say whether the person showed lately that it is them."""
        return self.proved_at > now() - PROOF

    @property
    def needs_factor(self) -> bool:
        """Say whether the person must set up a second factor first."""
        required = settings.current.second_factor_for_administrators
        itself = self.actor.kind is Kind.ADMINISTRATOR and not self.actor.through
        return required and itself and not self.has_factor


def open_session(
    who: Actor,
    *,
    network: str = "",
    agent: str = "",
    pending: bool = False,
    entered_by: Actor | None = None,
    proved_at: datetime | None = None,
) -> str:
    """Return the token of a new session: 256 random bits, stored only as their hash.

    network, agent: what the browser says of itself, for the person to recognise it by.
    pending: it opens nothing until a second factor was shown. entered_by: the administrator.
    proved_at: when the person showed that it is them, if not now.
    """
    token = secrets.token_urlsafe(32)
    Session.delete().where(Session.created_at < now() - max(LONGEST.values())).execute()
    Session.create(
        token_hash=token_hash(token),
        **column_of(who),
        entered_by=entered_by.id if entered_by else None,
        pending=pending,
        network=network,
        agent=agent[:LONGEST_AGENT],
        proved_at=proved_at or now(),
    )
    return token


def open_after(present: LogIn, *, network: str = "", agent: str = "") -> str:
    """Return the token of a session in the place of one that its person ended by a new password.

    They have typed the present one. Where there is a second factor, that is no proof.
    """
    shown = present.proved_at if present.has_factor else None
    return open_session(present.actor, network=network, agent=agent, proved_at=shown)


def column_of(who: Actor) -> dict[str, int]:
    """Return by which column what belongs to a person is found, and its value."""
    return {"account" if who.has_account else "mailbox": who.id}


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token, in hexadecimal."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def logged_in(token: str, *, pending: bool = False) -> LogIn | None:
    """Return the session that this token opens, or None when it is over."""
    row = db.execute_sql(LOGGED_IN, (token_hash(token), pending)).fetchone()
    if row is None:
        return None
    id_, created, seen, proved, kind, person, name, through, one_time, factor, language = row
    actor = Actor(Kind(kind), person, name, through)
    if is_over(actor, moment(created), moment(seen), pending=pending):
        return None
    if moment(seen) < now() - SEEN_EVERY:
        # Who only reads needs no database that can be written.
        with suppress(OperationalError), patience(MILLISECONDS_TO_NOTE):
            Session.update(seen_at=now()).where(Session.id == id_).execute()
    return LogIn(id_, actor, bool(one_time), bool(factor), language, moment(proved))


def is_proved_now(present: LogIn) -> None:
    """Note that a person just showed that it is them."""
    Session.update(proved_at=now()).where(Session.id == present.id).execute()


def opened_before(log_in: LogIn) -> datetime | None:
    """Return when the same person logged in last before, as far as that session is kept."""
    ((name, person),) = column_of(log_in.actor).items()
    query = Session.select(fn.MAX(Session.created_at)).where(
        getattr(Session, name) == person, Session.id != log_in.id, Session.entered_by.is_null()
    )
    before: datetime | None = query.scalar()
    return before


def is_over(actor: Actor, created: datetime, seen: datetime, *, pending: bool = False) -> bool:
    """Say whether a session has lasted too long, rested too long, or waited for a code so."""
    if pending and created <= now() - PENDING:
        return True
    kind = Kind.ADMINISTRATOR if actor.through else actor.kind
    return seen <= now() - IDLE[kind] or created <= now() - LONGEST[kind]


def log_out(token: str) -> bool:
    """End the session of this token; say whether there was one."""
    return bool(Session.delete().where(Session.token_hash == token_hash(token)).execute())


# The sessions of one person


@dataclass(frozen=True)
class Open:
    """A session as its person sees it. entered_by: the administrator who has entered, or ""."""

    id: int
    begun: datetime
    seen: datetime
    network: str
    agent: str
    entered_by: str


def open_of(by: Actor) -> list[Open]:
    """Return the open sessions of a person, the one seen last first. Raises OnlyThemselves."""
    guard.oneself(by)
    rows = (
        Session.select(Session, Account)
        .join(Account, JOIN.LEFT_OUTER, on=Session.entered_by)
        .where(belongs_to(by), ~Session.pending)
        .order_by(Session.seen_at.desc(), Session.id.desc())
    )
    found = [
        Open(
            row.id,
            row.created_at,
            row.seen_at,
            row.network,
            row.agent,
            row.entered_by.name if row.entered_by else "",
        )
        for row in rows
    ]
    return [
        one
        for one in found
        if not is_over(replace(by, through=one.entered_by), one.begun, one.seen)
    ]


def belongs_to(who: Actor) -> Any:
    """Return the condition on the sessions of a person."""
    ((column, number),) = column_of(who).items()
    return getattr(Session, column) == number


def end(id_: int, *, by: Actor) -> None:
    """End one session of one's own. Raises OnlyThemselves, NotFound."""
    guard.oneself(by)
    if not Session.delete().where(Session.id == min(id_, LARGEST_ID), belongs_to(by)).execute():
        raise NotFound


def end_others(present: LogIn) -> int:
    """End all sessions of a person but the present one; return how many. Raises OnlyThemselves."""
    guard.oneself(present.actor)
    return end_every(present.actor, but=present.id)


def end_all(who: Actor, *, by: Actor) -> int:
    """End all sessions of somebody; return how many. Raises NotFound for all but administrators."""
    guard.administrator(by)
    with db.atomic():
        journal.record_about("sessions.ended", who, by=by)
        return end_every(who)


def end_every(who: Actor, *, but: int = 0) -> int:
    """End the sessions of a person, also those in which they have entered as somebody else."""
    theirs = belongs_to(who)
    if who.has_account:
        theirs |= Session.entered_by == who.id
    count: int = Session.delete().where(theirs, Session.id != but).execute()
    return count
