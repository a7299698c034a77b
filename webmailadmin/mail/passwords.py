"""Passwords: what is allowed, how they are hashed, checked and generated."""

import secrets
import threading
import unicodedata

import bcrypt

from webmailadmin.mail import common
from webmailadmin.mail.errors_of_passwords import (
    PasswordCommon,
    PasswordControl,
    PasswordGuessable,
    PasswordIsAddress,
    PasswordsDiffer,
    PasswordTooLong,
    PasswordTooShort,
)
from webmailadmin.mail.names import has_hidden, shown

LONGEST = 72  # bytes: bcrypt sees no more, and Dovecot would cut there in silence
# What people here try first and an English list does not know.
COMMON = ("webmailadmin", "motdepasse", "azertyuiop", "qsdfghjklm", "wxcvbn", "bonjour", "soleil")
WEAK = 1  # zxcvbn's score 0 and 1: less than 10**6 tries
# Without 0 o 1 l i: a password is also read out over the telephone.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

# bcrypt holds a core for its whole time: two at once, and pages still have one to go on with.
at_once = threading.BoundedSemaphore(2)


def normal(password: str) -> str:
    """Return the password as it is counted and hashed: NFC, so that é is one letter everywhere."""
    return unicodedata.normalize("NFC", password)


def check(password: str, confirmation: str, *, least: int, about: str) -> None:
    """Refuse a password that must not be used.

    least: characters at the least. about: the address or name that it is for.
    Raises PasswordTooShort, PasswordTooLong, PasswordControl, PasswordIsAddress,
    PasswordCommon, PasswordGuessable, PasswordsDiffer (NIST SP 800-63B-4, 3.1.1.2).
    """
    password = normal(password)
    if has_hidden(password):
        raise PasswordControl
    if len(password.encode()) > LONGEST:
        raise PasswordTooLong(length=len(password.encode()))
    if len(password) < least:
        raise PasswordTooShort(least=least, length=len(password))
    refuse_guessable(password, about)
    if password != normal(confirmation):
        raise PasswordsDiffer


def refuse_guessable(password: str, about: str) -> None:
    """Raise when the password is the address, a part of it, or one that is tried early."""
    name, _, domain = about.partition("@")
    for named in (domain, shown(domain)):
        site = named.partition(".")[0]
        if password.casefold() in (f"{name}@{named}", name, named, site, name + named):
            raise PasswordIsAddress
    if common.is_common(password):
        raise PasswordCommon
    from zxcvbn import zxcvbn  # noqa: PLC0415 - slow import, needed by few requests

    if zxcvbn(password, user_inputs=[*COMMON, about, name, domain])["score"] <= WEAK:
        raise PasswordGuessable


def hashed(password: str, cost: int) -> str:
    """Return the bcrypt hash (`$2b$`) of an allowed password. Takes 2 ** cost steps."""
    with at_once:
        return bcrypt.hashpw(normal(password).encode(), bcrypt.gensalt(cost)).decode()


def matches(password: str, hash_: str) -> bool:
    """Say whether the password is the one behind the hash. Never raises for what was typed."""
    typed = normal(password.encode(errors="replace").decode()).encode()
    with at_once:
        same = bcrypt.checkpw(typed[:LONGEST], hash_.encode())
    return same and len(typed) <= LONGEST


def dummy_hash(cost: int) -> str:
    """Return the hash that an unknown name is checked against, so that it costs the same."""
    return f"$2b${cost:02d}$" + "." * 53


def generated(groups: int = 4) -> str:
    """Return a new random password: so many groups of four letters, 19.8 bits each."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(groups))


def nobodys() -> str:
    """Return a password that is never told to anybody, not even by us: 256 bits."""
    return secrets.token_urlsafe(32)
