"""Enter as: an administrator sees and does what somebody else may.

The session is the person's, and names who has entered. What is done in it stands in the journal
under both names; what guards the person stays out of reach (`guard.oneself`).
"""

from datetime import datetime, timedelta

from webmailadmin.database import db
from webmailadmin.mail import (
    accounts,
    addresses,
    guard,
    journal,
    journal_search,
    mailboxes,
    notices,
    sessions,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.days import day_of
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_entering import AdministratorsStayThemselves, MayNotLogIn
from webmailadmin.mail.journal_search import Search
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.sessions import LogIn
from webmailadmin.models import Account, Address, now

# How long a person is told at their log-in that somebody had entered as them.
TOLD_FOR = timedelta(days=7)


def enter_account(name: str, *, by: Actor, network: str = "", agent: str = "") -> str:
    """Return the token of a session as an owner, opened by an administrator.

    Raises NotFound, also for everybody but administrators; AdministratorsStayThemselves,
    MayNotLogIn.
    """
    refuse_others(by)
    with db.atomic():
        account: Account | None = Account.get_or_none(Account.name == name)
        if account is None:
            raise NotFound
        if account.kind == Kind.ADMINISTRATOR:
            raise AdministratorsStayThemselves(name=account.name)
        if not account.enabled:
            raise MayNotLogIn(name=account.name)
        journal.record("account.entered", by=by, name=account.name)
        notices.tell(account, Notice.ENTERED)
        return sessions.open_session(
            accounts.actor(account), network=network, agent=agent, entered_by=by
        )


def enter_mailbox(address: Address, *, by: Actor, network: str = "", agent: str = "") -> str:
    """Return the token of a session as the holder of a mailbox; as enter_account."""
    refuse_others(by)
    with db.atomic():
        address = addresses.found(by, address.email, Address.id == address.id)
        box = mailboxes.of(address)
        if box is None:
            raise NotFound
        if not (address.enabled and box.may_log_in):
            raise MayNotLogIn(name=address.email)
        holder = Actor(Kind.HOLDER, box.id, address.email)
        journal.record("mailbox.entered", by=by, domain=address.domain, email=address.email)
        notices.tell(box, Notice.ENTERED)
        return sessions.open_session(holder, network=network, agent=agent, entered_by=by)


def refuse_others(by: Actor) -> None:
    """Raise NotFound for everybody but an administrator who is logged in."""
    if by.kind is not Kind.ADMINISTRATOR:
        raise NotFound


def leave(token: str) -> None:
    """End a session that was entered, and tell so. Raises NotFound when it is none."""
    log_in = sessions.logged_in(token)
    if log_in is None or not log_in.actor.through:
        raise NotFound
    person = log_in.actor
    with db.atomic():
        sessions.log_out(token)
        if person.kind is Kind.HOLDER:
            address = Address.get(Address.email == person.name)
            journal.record("mailbox.left", by=person, domain=address.domain, email=address.email)
        else:
            journal.record("account.left", by=person, name=person.name)


def still_there(log_in: LogIn | None, own_token: str) -> LogIn | None:
    """Return the log-in, unless it was entered and the administrator's own one is over."""
    if log_in is None or not log_in.actor.through:
        return log_in
    own = sessions.logged_in(own_token)
    same = own and own.actor.kind is Kind.ADMINISTRATOR and own.actor.name == log_in.actor.through
    return log_in if same else None


def last(token: str) -> tuple[str, datetime] | None:
    """Return which administrator has entered of late as the person of a session, and when."""
    log_in = sessions.logged_in(token)
    if log_in is None or guard.everything(log_in.actor):
        return None
    act = "mailbox.entered" if log_in.actor.kind is Kind.HOLDER else "account.entered"
    since = day_of(now() - TOLD_FOR).isoformat()
    for entry in journal_search.read(Search(act=act, since=since), by=log_in.actor):
        return entry.actor, entry.at
    return None
