"""The person behind an account, and how much an owner may have: as typed, as kept."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from webmailadmin.mail import account_contacts, names
from webmailadmin.mail.domains import LANGUAGES
from webmailadmin.mail.errors import Refusals
from webmailadmin.mail.errors_of_accounts import LimitMalformed, PersonMalformed
from webmailadmin.mail.errors_of_domains import LanguageMissing
from webmailadmin.models import Account

LONGEST_PERSON = 100
LARGEST_LIMIT = 2**31
LIMITS = ("most_addresses", "most_mailboxes", "most_mb", "most_mb_each")


@dataclass(frozen=True)
class Wish:
    """What a person wants an account to be, as typed. An empty limit is none.

    most_domains: how many domains an owner may add itself; empty for none.
    """

    person: str = ""
    contact: str = ""
    language: str = "en"
    most_addresses: str = ""
    most_mailboxes: str = ""
    most_mb: str = ""
    most_mb_each: str = ""
    may_redirect_outside: bool = True
    most_domains: str = ""


def wish_of(account: Account) -> Wish:
    """Return the wish that leaves an account as it is."""
    limits = {name: typed(getattr(account, name)) for name in LIMITS}
    return Wish(
        person=account.person,
        contact=account.contact,
        language=account.language,
        may_redirect_outside=account.may_redirect_outside,
        most_domains=typed(account.most_domains or None),
        **limits,
    )


def version_of(account: Account) -> int:
    """Return a number that is another one once something of this was changed."""
    seen = repr((account.kind, wish_of(account)))
    return int.from_bytes(hashlib.sha256(seen.encode()).digest()[:7], "big")


def typed(limit: int | None) -> str:
    """Return a limit as it is typed."""
    return "" if limit is None else str(limit)


def read(wish: Wish) -> dict[str, object]:
    """Return the columns that a wish is kept in; refuse all that is wrong with it at once.

    Raises PersonMalformed, ContactMalformed, LanguageMissing, LimitMalformed.
    """
    columns: dict[str, object] = {"may_redirect_outside": wish.may_redirect_outside}
    readers: dict[str, Callable[[str], object]] = {
        "person": read_person,
        "contact": account_contacts.read,
        "language": read_language,
    }
    refusals = Refusals()
    for name, read_one in readers.items():
        with refusals.collect():
            columns[name] = read_one(getattr(wish, name))
    for name in (*LIMITS, "most_domains"):
        with refusals.collect():
            columns[name] = read_limit(name, getattr(wish, name))
    refusals.raise_any()
    columns["most_domains"] = columns["most_domains"] or 0
    return columns


def read_person(typed: str) -> str:
    """Return what people call somebody. Raises PersonMalformed."""
    person = " ".join(typed.split())
    if len(person) > LONGEST_PERSON or names.has_hidden(person):
        raise PersonMalformed
    return person


def read_language(typed: str) -> str:
    """Return the language of what we write to somebody. Raises LanguageMissing."""
    if typed not in LANGUAGES:
        raise LanguageMissing
    return typed


def read_limit(name: str, typed: str) -> int | None:
    """Return a limit, None for none. Raises LimitMalformed."""
    text = "".join(typed.split())
    if not text:
        return None
    whole = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_LIMIT))
    if not whole or int(text) > LARGEST_LIMIT:
        raise LimitMalformed(name, most=LARGEST_LIMIT)
    return int(text)
