"""Accounts: who may log in, with which password, for how long."""

import hashlib
import ipaddress
import re
import secrets
from contextlib import suppress
from datetime import timedelta

from peewee import OperationalError

from webmailadmin import settings
from webmailadmin.database import db, patience
from webmailadmin.mail import journal, passwords
from webmailadmin.mail.errors import (
    AccountExists,
    AccountMissing,
    AccountNameMalformed,
    LogInRefused,
    PasswordWrong,
    TooManyFailures,
)
from webmailadmin.models import Account, Session, Throttle, now

COMMAND_LINE = "command line"  # who acts, in the journal, when nobody is logged in
THE_PANEL = "the panel"  # and when nobody does: what is done after its date
IDLE = timedelta(minutes=30)
LONGEST_SESSION = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=1)
MILLISECONDS_TO_NOTE = 100

# Failures that are free, and the longest wait afterwards in seconds. An account waits shortly:
# a stranger who fails on purpose must not keep its holder out.
FREE_TRIES = {"account": 5, "network": 20}
LONGEST_WAIT = {"account": 60, "network": 900}
# Asked by every request: written out, because Peewee takes longer to write it than SQLite to
# answer it.
LOGGED_IN = """
    SELECT account.*, seen_at FROM session JOIN account ON account.id = account_id
    WHERE token_hash = ? AND seen_at > ? AND session.created_at > ?
"""
FORGET_AFTER = timedelta(hours=1)


def command_line() -> Account:
    """Return who acts at the command line: whoever may read the key and write the database."""
    return Account(name=COMMAND_LINE)


def exist() -> bool:
    """Say whether there is any account yet."""
    return bool(Account.select().exists())


def add(name: str, password: str | None, *, by: str) -> str | None:
    """Add an administrator; return the one-time password made for it when none was given.

    Raises AccountNameMalformed, AccountExists, and what passwords.check refuses.
    """
    if not name.isascii():  # before lower(), which makes an ASCII k of a KELVIN SIGN
        raise AccountNameMalformed
    name = name.strip().lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])", name):
        raise AccountNameMalformed
    one_time, password_hash = first_password(name, password)
    with db.atomic():
        if Account.select().where(Account.name == name).exists():
            raise AccountExists(name=name)
        Account.create(name=name, password=password_hash, one_time=one_time is not None)
        journal.record("account.added", by=by, name=name)
    return one_time


def reset_password(name: str, password: str | None, *, by: str) -> str | None:
    """Give an account another password and end its sessions; returns as `add` does.

    Raises AccountMissing, and what passwords.check refuses.
    """
    account = Account.get_or_none(Account.name == name.strip().lower())
    if account is None:
        raise AccountMissing(name=name)
    one_time, password_hash = first_password(account.name, password)
    write_password(account, password_hash, one_time=one_time is not None, by=by)
    return one_time


def first_password(name: str, password: str | None) -> tuple[str | None, str]:
    """Return the one-time password, if one had to be made, and the hash."""
    one_time = None if password is not None else passwords.generated()
    if password is not None:
        check_password(password, password, name)
    return one_time, hashed(one_time or password or "")


def change_password(account: Account, present: str, typed: str, confirmation: str) -> None:
    """Change one's own password, and end all sessions of the account.

    Raises PasswordWrong when `present` is not the present one, and what passwords.check refuses.
    """
    if not passwords.matches(present, account.password):
        raise PasswordWrong
    check_password(typed, confirmation, account.name)
    write_password(account, hashed(typed), one_time=False, by=account.name)


def write_password(account: Account, password_hash: str, *, one_time: bool, by: str) -> None:
    """Store a password, end the account's sessions, forget its failures."""
    with db.atomic():
        Account.update(password=password_hash, one_time=one_time).where(
            Account.id == account.id
        ).execute()
        Session.delete().where(Session.account == account).execute()
        Throttle.delete().where(Throttle.key == f"account:{account.name}").execute()
        journal.record("account.password", by=by, name=account.name)


def check_password(typed: str, confirmation: str, name: str) -> None:
    """Refuse a password for the account `name`; see passwords.check."""
    least = settings.current.account_password_length
    passwords.check(typed, confirmation, least=least, about=name)


def hashed(password: str) -> str:
    """Return the hash of an account's password."""
    return passwords.hashed(password, settings.current.account_bcrypt_cost)


def log_in(name: str, password: str, network: str) -> str:
    """Return the token of a new session for the right name and password.

    network: address of the client. Unknown names cost the same hash as known ones.
    Raises LogInRefused, TooManyFailures with the seconds to wait.
    """
    name = normal_name(name)
    keys = [f"account:{name}", f"network:{network_of(network)}"]
    refuse_throttled(keys)
    account = Account.get_or_none(Account.name == name)
    right = passwords.matches(password, account.password if account else passwords.dummy_hash())
    if account is None or not right:
        # A failure that cannot be counted is refused all the same.
        with suppress(OperationalError):
            count_failure(keys)
        raise LogInRefused
    with db.atomic():
        Throttle.delete().where(Throttle.key == keys[0]).execute()
        # A password changed while this one was checked: the log-in is too late.
        if not Account.select().where(
            Account.id == account.id, Account.password == account.password
        ):
            raise LogInRefused
        return open_session(account)


def known_name(typed: str) -> str | None:
    """Return the name of the account that somebody meant, None when there is none."""
    account = Account.get_or_none(Account.name == normal_name(typed))
    return account.name if account else None


def normal_name(typed: str) -> str:
    """Return a typed name in the form of an account's."""
    return typed.strip().lower()[:64]


def open_session(account: Account) -> str:
    """Return the token of a new session: 256 random bits, stored only as their hash."""
    token = secrets.token_urlsafe(32)
    Session.delete().where(Session.created_at < now() - LONGEST_SESSION).execute()
    Session.create(token_hash=token_hash(token), account=account)
    return token


def token_hash(token: str) -> str:
    """Return the SHA-256 of a session's token, in hexadecimal."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def logged_in(token: str) -> Account | None:
    """Return whose session this token opens, or None when it is over."""
    moment = now()
    hashed_token = token_hash(token)
    opened = (Session.seen_at.db_value(moment - part) for part in (IDLE, LONGEST_SESSION))
    account: Account | None = next(iter(Account.raw(LOGGED_IN, hashed_token, *opened)), None)
    if account is None:
        return None
    # A column of the session, beside those of the account.
    if account.seen_at < Session.seen_at.db_value(moment - SEEN_EVERY):  # type: ignore[attr-defined]
        # Who only reads needs no database that can be written.
        with suppress(OperationalError), patience(MILLISECONDS_TO_NOTE):
            Session.update(seen_at=moment).where(Session.token_hash == hashed_token).execute()
    return account


def log_out(token: str) -> None:
    """End the session of this token."""
    Session.delete().where(Session.token_hash == token_hash(token)).execute()


def network_of(client: str) -> str:
    """Return the network that failures are counted by: an IPv4 address, a /64 of IPv6."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def refuse_throttled(keys: list[str]) -> None:
    """Raise TooManyFailures while one of the keys has to wait."""
    moment = now()
    for row in Throttle.select().where(Throttle.key.in_(keys)):
        kind = row.key.partition(":")[0]
        over = row.failures - FREE_TRIES[kind]
        wait = min(2**over, LONGEST_WAIT[kind]) if 0 <= over < 32 else LONGEST_WAIT[kind]
        left = (row.last_at + timedelta(seconds=wait) - moment).total_seconds()
        if over >= 0 and left > 0:
            raise TooManyFailures(seconds=int(left))


def count_failure(keys: list[str]) -> None:
    """Count one failure for each key; an hour without one forgets them."""
    moment = now()
    with db.atomic():
        Throttle.delete().where(Throttle.last_at < moment - FORGET_AFTER).execute()
        for key in keys:
            Throttle.insert(key=key, failures=1, last_at=moment).on_conflict(
                conflict_target=[Throttle.key],
                update={Throttle.failures: Throttle.failures + 1, Throttle.last_at: moment},
            ).execute()
