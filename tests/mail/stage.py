"""What the tests of the rules say over and over, in one word each."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from webmailadmin.database import db
from webmailadmin.mail import accounts, addresses, catch_alls, domains, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.models import Account, Address, Domain, Journal, Mailbox, Recipient, Removed, now

Refused = TypeVar("Refused", bound=Exception)

PASSWORD = "a fine long password 27"


def hoster() -> Actor:
    """Return who acts when it does not matter who: the first administrator."""
    return accounts.actor(Account.select().order_by(Account.id).first())


def sql(query: str, *values: object) -> list[Any]:
    """Return all rows of a query, past the models and past the rules."""
    return list(db.execute_sql(query, values).fetchall())


def everything() -> dict[str, list[Any]]:
    """Return the whole database, table by table, row by row."""
    tables = [name for (name,) in sql("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: sql(f"SELECT rowid, * FROM {table} ORDER BY rowid") for table in sorted(tables)}


def refused(act: Callable[[], object], kind: type[Refused]) -> Refused:
    """Do what must be refused with `kind`, and see that nothing changed."""
    before = everything()
    with pytest.raises(kind) as refusal:
        act()
    assert type(refusal.value) is kind
    assert everything() == before
    return refusal.value


def find(email: str) -> Address:
    """Return an address as it is now."""
    found = routing.address_of(email)
    assert found is not None, f"there is no {email}"
    return found


def wish(email: str, **wanted: Any) -> addresses.Wish:
    """Return a wish for what the address is now, but for what is `wanted`.

    mailbox: True also types a password when there is none yet.
    recipients: a list, or the text of the field.
    """
    address = find(email)
    box = Mailbox.get_or_none(Mailbox.address == address)
    led = Recipient.select().where(Recipient.address == address).order_by(Recipient.id)
    as_it_is: dict[str, Any] = {
        "version": address.version,
        "mailbox": box is not None,
        "quota_mb": str(box.quota_mb) if box is not None else "1024",
        "recipients": "\n".join(row.email for row in led),
        "enabled": address.enabled,
    }
    if isinstance(wanted.get("recipients"), list):
        wanted["recipients"] = "\n".join(wanted["recipients"])
    if wanted.get("mailbox") and box is None:
        as_it_is |= {"password": PASSWORD, "confirmation": PASSWORD}
    return addresses.Wish(**(as_it_is | wanted))


def save(email: str, *, by: Actor, **wanted: Any) -> addresses.Saved:
    """Save the editor of an address as it is, but for what is `wanted`."""
    return addresses.save(find(email), wish(email, **wanted), by=by)


def make(email: str, *, by: Actor, **wanted: Any) -> Address:
    """Add an address and save it as `wanted`."""
    local_part, _, domain = email.partition("@")
    addresses.add(domain_of(domain), local_part, by=by)
    return save(email, by=by, **wanted).address


def domain_of(name: str) -> Domain:
    """Return a domain as it is now."""
    found = routing.domain_named(name)
    assert found is not None, f"there is no {name}"
    return found


def install(name: str, *, by: Actor, contact: str = "camille@elsewhere.org") -> Domain:
    """Install a domain whose postmaster@ is redirected outside."""
    return domains.install(name, contact, by=by)


def catch_all(domain: str, to: str, *, by: Actor) -> None:
    """Set the catch-all: an address, a domain of ours (without @), or "" for nothing."""
    kind = CatchAll.ADDRESS if "@" in to else CatchAll.DOMAIN if to else CatchAll.NONE
    address, other = (to, "") if "@" in to else ("", to)
    catch_alls.change(domain_of(domain), kind, address, other, by=by)


def receives(email: str) -> bool:
    """Say what is stored: does mail for this address have an end?"""
    return bool(find(email).receives)


def leads_on(email: str, to: str) -> bool:
    """Say what is stored of one recipient: does mail sent on there arrive?"""
    found = Recipient.get(Recipient.address == find(email), Recipient.email == to)
    return bool(found.receives)


def recipients_of(email: str) -> list[str]:
    """Return the recipients of an address in their order."""
    rows = Recipient.select().where(Recipient.address == find(email)).order_by(Recipient.id)
    return [row.email for row in rows]


def kept_in(domain: Domain) -> list[Removed]:
    """Return what can still be brought back to a domain, the latest first."""
    rows = Removed.select().where(Removed.domain == domain, Removed.until > now())
    return list(rows.order_by(Removed.id.desc()))


def emails_in(domain: Domain) -> list[str]:
    """Return the addresses of a domain, sorted."""
    rows = Address.select().where(Address.domain == domain).order_by(Address.email)
    return [row.email for row in rows]


def acts_on(domain: Domain, email: str | None = None) -> list[str]:
    """Return the acts in the journal of a domain, or of one address, the first one first."""
    rows = Journal.select().where(Journal.domain == domain).order_by(Journal.id)
    return [row.act for row in rows if email in (None, row.email)]
