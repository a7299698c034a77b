"""Accounts: administrators and owners, and their passwords."""

import re

from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import guard, journal, notices, passwords, throttle
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import (
    AccountExists,
    AccountMissing,
    AccountNameMalformed,
    NotFound,
    PasswordWrong,
)
from webmailadmin.mail.notices import Notice
from webmailadmin.models import Account


def actor(account: Account) -> Actor:
    """Return the account as who acts."""
    return Actor(Kind(account.kind), account.id, account.name)


def of(by: Actor) -> Account:
    """Return the account of a person who has one. Raises NotFound."""
    account: Account | None = Account.get_or_none(Account.id == by.id) if by.has_account else None
    if account is None:
        raise NotFound
    return account


def exist() -> bool:
    """Say whether there is any account yet."""
    return bool(Account.select().exists())


def add(
    name: str, password: str | None, *, by: Actor, kind: Kind = Kind.ADMINISTRATOR
) -> str | None:
    """Add an account; return the one-time password made for it when none was given.

    Raises AccountNameMalformed, AccountExists, and what passwords.check refuses.
    """
    guard.administrator(by)
    if not name.isascii():  # before lower(), which makes an ASCII k of a KELVIN SIGN
        raise AccountNameMalformed
    name = name.strip().lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])", name):
        raise AccountNameMalformed
    one_time, password_hash = first_password(name, password)
    with db.atomic():
        if Account.select().where(Account.name == name).exists():
            raise AccountExists(name=name)
        Account.create(name=name, password=password_hash, one_time=one_time is not None, kind=kind)
        journal.record("account.added", by=by, name=name)
    return one_time


def reset_password(name: str, password: str | None, *, by: Actor) -> str | None:
    """Give an account another password and end its sessions; returns as `add` does.

    Raises AccountMissing, and what passwords.check refuses.
    """
    guard.administrator(by)
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


def change_password(present: str, typed: str, confirmation: str, *, by: Actor) -> None:
    """Change the password of one's own account, and end all its sessions.

    Raises OnlyThemselves, PasswordWrong when `present` is not the present one, and what
    passwords.check refuses.
    """
    guard.oneself(by)
    account = of(by)
    if not passwords.matches(present, account.password):
        raise PasswordWrong
    check_password(typed, confirmation, account.name)
    write_password(account, hashed(typed), one_time=False, by=by)


def write_password(account: Account, password_hash: str, *, one_time: bool, by: Actor) -> None:
    """Store a password, which ends the account's sessions; tell its person, forget failures."""
    with db.atomic():
        Account.update(password=password_hash, one_time=one_time).where(
            Account.id == account.id
        ).execute()
        throttle.forget(account.name)
        notices.tell(account, Notice.PASSWORD)
        journal.record("account.password", by=by, name=account.name)


def check_password(typed: str, confirmation: str, name: str) -> None:
    """Refuse a password for the account `name`; see passwords.check."""
    least = settings.current.account_password_length
    passwords.check(typed, confirmation, least=least, about=name)


def hashed(password: str) -> str:
    """Return the hash of an account's password."""
    return passwords.hashed(password, settings.current.account_bcrypt_cost)
