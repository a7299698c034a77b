"""The second factor: codes that an app makes from a secret and the time (TOTP, RFC 6238).

The mail servers may read the database, so the secret in it is encrypted with the key file, and
recovery codes are there as hashes alone.
"""

import hashlib
import re
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hmac import compare_digest

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.key import secret_key
from webmailadmin.mail import guard, journal, notices, people, sessions, throttle
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_log_ins import (
    CodeMissing,
    CodeWrong,
    FactorMissing,
    FactorThere,
    ProposalOver,
)
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.passwords import LETTERS
from webmailadmin.models import RecoveryCode, SecondFactor

STEP = 30  # seconds that a code stands in the app
ISSUER = "webmailadmin"
SECONDS_TO_SET_UP = 3600
RECOVERY_CODES = 10
# Of four letters: 119 bits, so that no slow hash is needed.
GROUPS = 6


@dataclass(frozen=True)
class Proposal:
    """A secret that is not in use yet. sealed: the same, to go through a page and come back."""

    sealed: str
    secret: str
    uri: str


def of(who: Actor) -> SecondFactor | None:
    """Return the second factor of a person."""
    found: SecondFactor | None = SecondFactor.select().filter(**sessions.column_of(who)).first()
    return found


def propose(by: Actor) -> Proposal:
    """Return a new secret for the app of a person. Raises OnlyThemselves."""
    guard.oneself(by)
    secret = pyotp.random_base32()
    return proposal(box(by).encrypt(secret.encode()).decode(), secret, by)


def proposed(sealed: str, by: Actor) -> Proposal:
    """Return what was proposed to this person before. Raises ProposalOver."""
    try:
        secret = box(by).decrypt(sealed.encode(errors="replace"), ttl=SECONDS_TO_SET_UP)
    except InvalidToken:
        raise ProposalOver from None
    return proposal(sealed, secret.decode(), by)


def proposal(sealed: str, secret: str, by: Actor) -> Proposal:
    """Return the secret with what a QR code says of it."""
    uri = pyotp.TOTP(secret, name=by.name, issuer=ISSUER).provisioning_uri()
    return Proposal(sealed, secret, uri)


def turn_on(sealed: str, code: str, *, by: Actor) -> list[str]:
    """Let a person log in with the proposed secret from now on; return the recovery codes.

    All sessions of the person end: none of them has shown the factor.
    Raises OnlyThemselves, ProposalOver, CodeMissing, CodeWrong, FactorThere.
    """
    guard.oneself(by)
    secret = proposed(sealed, by).secret
    if not plain(code):
        raise CodeMissing
    step = step_of(secret, plain(code), after=0)
    if step is None:
        raise CodeWrong
    with db.atomic():
        if of(by) is not None:
            raise FactorThere
        factor = SecondFactor.create(
            **sessions.column_of(by), secret=stored(secret), last_step=step
        )
        sessions.end_every(by)
        journal.record_about("factor.on", by, by=by)
        notices.tell(people.of(by), Notice.FACTOR)
        return renew_codes(factor)


def new_recovery_codes(*, by: Actor) -> list[str]:
    """Return recovery codes instead of the former ones. Raises OnlyThemselves, FactorMissing."""
    guard.oneself(by)
    with db.atomic():
        factor = of(by)
        if factor is None:
            raise FactorMissing
        journal.record_about("factor.codes", by, by=by)
        return renew_codes(factor)


def renew_codes(factor: SecondFactor) -> list[str]:
    """Make the recovery codes of a factor anew."""
    codes = [recovery_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.delete().where(RecoveryCode.factor == factor).execute()
    RecoveryCode.insert_many(
        [{"factor": factor, "code_hash": hash_of(plain(code))} for code in codes]
    ).execute()
    return codes


def codes_left(factor: SecondFactor) -> int:
    """Return how many recovery codes were not used yet."""
    count: int = RecoveryCode.select().where(RecoveryCode.factor == factor).count()
    return count


def show(who: Actor, code: str, network: str) -> None:
    """Use up a code of the person's app, or a recovery code.

    network: address of the client. Raises CodeMissing, CodeWrong, TooManyFailures.
    """
    if not plain(code):
        raise CodeMissing
    keys = throttle.keys_of_codes(who, network)
    # One transaction: of two who send the same code at once, one is refused.
    with db.atomic():
        throttle.refuse(keys)
        right = is_used_up(who, plain(code))
        if right:
            throttle.forget_codes(who)
        else:
            throttle.count(keys)
    if not right:
        raise CodeWrong


def is_used_up(who: Actor, code: str) -> bool:
    """Say whether a code is right, and good for the first time."""
    factor = of(who)
    if factor is None:
        return False
    secret = opened(factor)
    step = step_of(secret, code, after=factor.last_step) if secret else None
    if step is not None:
        SecondFactor.update(last_step=step).where(SecondFactor.id == factor.id).execute()
        return True
    mine = (RecoveryCode.factor == factor) & (RecoveryCode.code_hash == hash_of(code))
    if not RecoveryCode.delete().where(mine).execute():
        return False
    journal.record_about("factor.recovery-code", who, by=who)
    return True


def turn_off(who: Actor, *, by: Actor) -> None:
    """Take the second factor off a person who lost it. Raises NotFound, FactorMissing."""
    guard.administrator(by)
    take_off(who, by=by)


def take_off(who: Actor, *, by: Actor) -> None:
    """Delete a second factor. Raises FactorMissing."""
    with db.atomic():
        factor = of(who)
        if factor is None:
            raise FactorMissing
        factor.delete_instance()
        throttle.forget_codes(who)
        journal.record_about("factor.off", who, by=by)
        notices.tell(people.of(who), Notice.FACTOR)


# Codes


def plain(code: str) -> str:
    """Return a typed code without what only helps to read it."""
    return re.sub(r"[\s-]", "", code).lower()


def step_of(secret: str, code: str, *, after: int) -> int | None:
    """Return the step of time that a code belongs to: this one or a neighbour, later than `after`.

    All of them are looked at, so that the time it takes says nothing.
    """
    totp, this = pyotp.TOTP(secret), this_step()
    steps = [step for step in (this - 1, this, this + 1) if step > after]
    typed = code.encode(errors="replace")
    right = [step for step in steps if compare_digest(totp.at(step * STEP).encode(), typed)]
    return right[0] if right else None


def this_step() -> int:
    """Return the step of time that it is now."""
    return int(time.time()) // STEP


def recovery_code() -> str:
    """Return a new recovery code."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(GROUPS))


def hash_of(code: str) -> str:
    """Return the SHA-256 of a recovery code, in hexadecimal."""
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()


# Secrets


def stored(secret: str) -> str:
    """Return a secret as it stands in the database."""
    return box().encrypt(secret.encode()).decode()


def opened(factor: SecondFactor) -> str | None:
    """Return the secret of a factor; None when the key file is another one than it was."""
    try:
        return box().decrypt(factor.secret.encode()).decode()
    except InvalidToken:
        return None


def box(proposed_to: Actor | None = None) -> Fernet:
    """Return what encrypts secrets: those in use, or those proposed to a person.

    Each has a key of its own: what somebody read in the database, no page opens for them.
    """
    who = f" proposed to {proposed_to.kind} {proposed_to.id}" if proposed_to else ""
    info = f"webmailadmin second factor{who}".encode()
    key = HKDF(SHA256(), length=32, salt=None, info=info).derive(secret_key(settings.current.data))
    return Fernet(urlsafe_b64encode(key))
