"""Accounts: administrators and owners, and their passwords."""

import re

from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import (
    account_contacts,
    guard,
    journal,
    notices,
    owners,
    passwords,
    present_password,
    profiles,
    throttle,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusals
from webmailadmin.mail.errors_of_accounts import (
    AccountChanged,
    AccountExists,
    AccountNameDiffers,
    AccountNameMalformed,
    KindMissing,
    LastAdministrator,
    OwnAccount,
    OwnPassword,
)
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.profiles import Wish
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account, Link


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


def every(by: Actor) -> list[Account]:
    """Return all accounts by name, administrators first. Raises NotFound."""
    guard.administrator(by)
    return list(Account.select().order_by(Account.kind, Account.name))


def named(name: str, *, by: Actor) -> Account:
    """Return the account of this name. Raises NotFound for who may not see accounts, or none."""
    guard.administrator(by)
    account: Account | None = None
    if name.isascii():  # else nobody's; a terminal may even send what is no text
        account = Account.get_or_none(Account.name == name.strip().lower())
    if account is None:
        raise NotFound
    return account


def add(
    name: str,
    password: str | None,
    *,
    by: Actor,
    kind: Kind = Kind.ADMINISTRATOR,
    wish: Wish | None = None,
) -> str | None:
    """Add an account; return the one-time password made for it when none was given.

    Raises AccountNameMalformed, AccountExists, KindMissing, ContactOwned, and what passwords.check
    and profiles.read refuse.
    """
    guard.administrator(by)
    refusals = Refusals()
    columns: dict[str, object] = {}
    with refusals.collect():
        name = read_name(name)
    with refusals.collect():
        refuse_kind(kind)
    with refusals.collect():
        columns = profiles.read(wish or Wish())
    refusals.raise_any()
    one_time, password_hash = first_password(name, password)
    with db.atomic():
        if Account.select().where(Account.name == name).exists():
            raise AccountExists(name=name)
        account_contacts.refuse_owned(str(columns["contact"]), kind)
        Account.create(
            name=name,
            password=password_hash,
            one_time=one_time is not None,
            kind=kind,
            **columns,
        )
        journal.record("account.added", by=by, name=name)
    return one_time


def read_name(typed: str) -> str:
    """Return the name to log in with. Raises AccountNameMalformed."""
    if not typed.isascii():  # before lower(), which makes an ASCII k of a KELVIN SIGN
        raise AccountNameMalformed
    name = typed.strip().lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])", name):
        raise AccountNameMalformed
    return name


def refuse_kind(kind: str) -> None:
    """Raise KindMissing for what no account can be."""
    if kind not in (Kind.ADMINISTRATOR, Kind.OWNER):
        raise KindMissing


def change(
    account: Account, kind: Kind, wish: Wish, *, by: Actor, version: int | None = None
) -> None:
    """Make an account what the person wishes. Another kind ends its sessions; another contact
    address is told to the one that was confirmed.

    version: of the account as the person saw it, None for who looked at none.
    Raises AccountChanged when somebody else was quicker, KindMissing, OwnAccount,
    LastAdministrator, ContactOwned, and what profiles.read refuses; NotFound when it was removed
    meanwhile.
    """
    guard.administrator(by)
    refuse_kind(kind)
    columns = profiles.read(wish)
    with db.atomic():
        present = still_there(account)
        differs = any(getattr(present, name) != value for name, value in columns.items())
        newer = version not in (None, profiles.version_of(present))
        if newer and (differs or present.kind != kind):
            raise AccountChanged
        account_contacts.refuse_owned(str(columns["contact"]), kind)
        if columns["contact"] != present.contact:
            columns["contact_confirmed"] = False
            notices.tell(present, Notice.CONTACT)
            # One that was not sent has no address.
            sent_there = Link.account == present.id, Link.email == present.contact, Link.email != ""
            Link.delete().where(*sent_there, Link.purpose.in_(list(Purpose))).execute()
        if differs:
            Account.update(columns).where(Account.id == present.id).execute()
            journal.record("account.changed", by=by, name=present.name)
        if present.kind != kind:
            change_kind(present, kind, by=by)


def change_kind(account: Account, kind: Kind, *, by: Actor) -> None:
    """Make an account the other kind; who has every domain owns none."""
    if kind is Kind.OWNER:
        refuse_own(account, by)
        refuse_last(account)
    owners.take_all(account, by=by)
    Account.update(kind=kind).where(Account.id == account.id).execute()
    journal.record(f"account.{kind}", by=by, name=account.name)


def switch(account: Account, enabled: bool, *, by: Actor) -> None:
    """Switch an account on or off, which ends its sessions.

    Raises OwnAccount, LastAdministrator; NotFound when it was removed meanwhile.
    """
    guard.administrator(by)
    with db.atomic():
        present = still_there(account)
        if present.enabled == enabled:
            return
        if not enabled:
            refuse_own(present, by)
            refuse_last(present)
        Account.update(enabled=enabled).where(Account.id == present.id).execute()
        act = "account.enabled" if enabled else "account.disabled"
        journal.record(act, by=by, name=present.name)


def remove(account: Account, typed: str, *, by: Actor) -> None:
    """Remove an account for good; its domains stay. `typed` is its name, as a yes.

    Raises AccountNameDiffers, OwnAccount, LastAdministrator; NotFound when it is gone already.
    """
    guard.administrator(by)
    if typed.strip().lower() != account.name:
        raise AccountNameDiffers(name=account.name)
    with db.atomic():
        present = still_there(account)
        refuse_own(present, by)
        refuse_last(present)
        owners.take_all(present, by=by)
        Account.delete().where(Account.id == present.id).execute()
        throttle.forget(present.name)
        journal.record("account.removed", by=by, name=present.name)


def still_there(account: Account) -> Account:
    """Return the account as it is now, under the lock. Raises NotFound."""
    present: Account | None = Account.get_or_none(Account.id == account.id)
    if present is None:
        raise NotFound
    return present


def refuse_own(account: Account, by: Actor) -> None:
    """Raise OwnAccount when somebody would shut itself out."""
    if by.has_account and (by.id == account.id or by.through == account.name):
        raise OwnAccount


def refuse_own_password(account: Account, by: Actor) -> None:
    """Raise OwnPassword to a person's own account: without the present one, nobody changes it."""
    if by.has_account and by.id == account.id:
        raise OwnPassword


def refuse_last(account: Account) -> None:
    """Raise LastAdministrator when nobody would be left who may do everything."""
    others = Account.select().where(
        Account.kind == Kind.ADMINISTRATOR, Account.enabled, Account.id != account.id
    )
    if account.kind == Kind.ADMINISTRATOR and account.enabled and not others.exists():
        raise LastAdministrator(name=account.name)


def reset_password(name: str, password: str | None, *, by: Actor) -> str | None:
    """Give an account another password and end its sessions; returns as `add` does.

    Raises NotFound, OwnPassword, and what passwords.check refuses.
    """
    account = named(name, by=by)
    refuse_own_password(account, by)
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

    Raises OnlyThemselves, PasswordWrong when `present` is not the present one, TooManyFailures,
    and what passwords.check refuses.
    """
    guard.oneself(by)
    account = of(by)
    present_password.check(present, account.password, by=by)
    check_password(typed, confirmation, account.name)
    password_hash = hashed(typed)
    with db.atomic():
        present_password.refuse_changed(account.password, of(by).password)
        write_password(account, password_hash, one_time=False, by=by)


def write_password(account: Account, password_hash: str, *, one_time: bool, by: Actor) -> None:
    """Store a password, which ends the account's sessions; tell its person, forget failures.

    Raises NotFound when the account was removed meanwhile: the hash took a while.
    """
    with db.atomic():
        account = still_there(account)
        Account.update(password=password_hash, one_time=one_time).where(
            Account.id == account.id
        ).execute()
        throttle.forget(account.name)
        notices.tell(account, Notice.CHANGED)
        journal.record("account.password", by=by, name=account.name)


def check_password(typed: str, confirmation: str, name: str) -> None:
    """Refuse a password for the account `name`; see passwords.check."""
    least = settings.current.account_password_length
    passwords.check(typed, confirmation, least=least, about=name)


def hashed(password: str) -> str:
    """Return the hash of an account's password."""
    return passwords.hashed(password, settings.current.account_bcrypt_cost)
