"""App passwords: each opens one mailbox to one mail program, and is revoked alone.

Kept as SHA-256, by which Dovecot finds it: of 138 random bits nobody guesses any, however fast
they are tried, and a slow hash could not be searched for. The panel is opened by none of them.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import guard, journal, kicks, mailboxes, names, passwords, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_app_passwords import (
    AppPasswordForHolderOnly,
    AppPasswordNameControl,
    AppPasswordNameMissing,
    AppPasswordNameTaken,
    AppPasswordNameTooLong,
    TooManyAppPasswords,
)
from webmailadmin.models import LARGEST_ID, Address, AppPassword, Mailbox, now

MOST = 30
LONGEST_NAME = 60  # characters
GROUPS = 7  # of four letters: 138 bits

NOTE = """
    UPDATE app_password SET last_used = told.value FROM json_each(?) AS told
    WHERE app_password.id = CAST(told.key AS INTEGER)
    AND told.value BETWEEN max(created_at, coalesce(last_used, 0)) AND ?
"""


@dataclass(frozen=True)
class Created:
    """A new app password. secret: what to type into the mail program; it is kept nowhere."""

    app_password: AppPassword
    secret: str


def of(address: Address, *, by: Actor) -> list[AppPassword]:
    """Return the app passwords of the mailbox at an address, the oldest first.

    For its holder and for who manages its domain. Raises NotFound.
    """
    guard.mailbox(by, address)
    box, _ = there(address)
    return those_of(box)


def those_of(box: Mailbox) -> list[AppPassword]:
    """Return the app passwords of a mailbox, the oldest first."""
    rows = AppPassword.select().where(AppPassword.mailbox == box)
    return list(rows.order_by(AppPassword.id))


def create(address: Address, typed: str, *, by: Actor) -> Created:
    """Make an app password named as typed. For the holder alone: nobody else ever sees it.

    Raises AppPasswordName… refusals, AppPasswordForHolderOnly when an administrator has entered,
    TooManyAppPasswords, NotFound.
    """
    name = read_name(typed)
    secret = passwords.generated(GROUPS)
    with db.atomic():
        guard.holder(by, address)
        if by.through:
            raise AppPasswordForHolderOnly
        box, address = there(address)
        named = [row.name.casefold() for row in those_of(box)]
        if name.casefold() in named:
            raise AppPasswordNameTaken(name=name)
        if len(named) >= MOST:
            raise TooManyAppPasswords(most=MOST)
        made = AppPassword.create(mailbox=box, name=name, password=digest(secret))
        record("app-password.created", address, by=by, name=name)
    return Created(made, secret)


def read_name(typed: str) -> str:
    """Return the name of an app password. Raises an AppPasswordName… refusal."""
    name = unicodedata.normalize("NFC", typed).strip()
    if not name:
        raise AppPasswordNameMissing
    if names.has_hidden(name):
        raise AppPasswordNameControl
    if len(name) > LONGEST_NAME:
        raise AppPasswordNameTooLong(most=LONGEST_NAME, length=len(name))
    return name


def digest(secret: str) -> str:
    """Return what is kept of an app password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def revoke(address: Address, number: int, *, by: Actor) -> str:
    """Let an app password open nothing any more, and end the open sessions of its mailbox.

    Returns its name. For its holder and for who manages its domain. Dovecot does not tell which
    session came in by which password: all end, and mail programs with another one come back by
    themselves. Raises NotFound.
    """
    with db.atomic():
        guard.mailbox(by, address)
        box, address = there(address)
        row = AppPassword.get_or_none(
            AppPassword.id == min(number, LARGEST_ID), AppPassword.mailbox == box
        )
        if row is None:
            raise NotFound
        row.delete_instance()
        kicks.order(address.email)
        record("app-password.revoked", address, by=by, name=row.name)
    return str(row.name)


def bar_main(address: Address, barred: bool, *, by: Actor) -> None:
    """Say whether the mailbox's own password opens no mail program, only the panel.

    For its holder alone: mail programs of others stop. Raises OnlyThemselves, NotFound.
    """
    guard.oneself(by)
    with db.atomic():
        guard.holder(by, address)
        box, address = there(address)
        if box.main_in_programs != barred:
            return
        Mailbox.update(main_in_programs=not barred).where(Mailbox.id == box.id).execute()
        if barred:
            kicks.order(address.email)
        record("main-password.barred" if barred else "main-password.let-in", address, by=by)


def there(address: Address) -> tuple[Mailbox, Address]:
    """Return the mailbox at an address, and the address, as they are now. Raises NotFound."""
    now_there = routing.address_of(address.email)
    box = mailboxes.of(address)
    if now_there is None or now_there.id != address.id or box is None:
        raise NotFound
    return box, now_there


def record(act: str, address: Address, *, by: Actor, **details: object) -> None:
    """Write an entry on an address."""
    journal.record(act, by=by, domain=address.domain, email=address.email, **details)


def note_used(moments: Mapping[int, int]) -> None:
    """Write down when app passwords were used last, each by its number, in Unix seconds.

    Whoever told it may be wrong: only what can be so is believed.
    """
    with db.atomic():
        db.execute_sql(NOTE, (json.dumps(moments), AppPassword.last_used.db_value(now())))
