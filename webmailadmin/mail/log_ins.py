"""Log in, by the name of an account or by the address of a mailbox, each with its password."""

from contextlib import suppress
from dataclasses import dataclass

from peewee import OperationalError

from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import accounts, guard, names, passwords, second_factor, sessions, throttle
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_log_ins import FactorMissing, LogInOver, LogInRefused
from webmailadmin.mail.errors_of_passwords import PasswordWrong
from webmailadmin.mail.sessions import LogIn
from webmailadmin.models import Account, Address, Mailbox, Throttle


@dataclass(frozen=True)
class Known:
    """Who has a name that was typed. closed: they may not log in at present."""

    actor: Actor
    password: str
    closed: bool


def log_in(name: str, password: str, network: str, agent: str = "") -> str:
    """Return the token of a new session for the right name and password.

    Where the person has a second factor, it opens nothing until `show_code`.
    network: address of the client. Unknown names cost the same hash as known ones.
    Raises LogInRefused, TooManyFailures with the seconds to wait.
    """
    name = normal_name(name)
    keys = throttle.keys(name, network)
    throttle.refuse(keys)
    before: list[Throttle] | None = None
    # A failure that cannot be counted is refused all the same.
    with suppress(OperationalError):
        before = throttle.begin(keys)
    known = find(name)
    right = passwords.matches(password, known.password if known else dummy_hash(name))
    if known is None or known.closed or not right:
        raise LogInRefused
    with db.atomic():
        if before is not None:
            throttle.take_back(keys, before)
        throttle.forget(name)
        # A password changed while this one was checked: the log-in is too late.
        if find(name) != known:
            raise LogInRefused
        pending = second_factor.of(known.actor) is not None
        return sessions.open_session(known.actor, network=network, agent=agent, pending=pending)


def show_code(token: str, code: str, network: str, agent: str = "") -> str:
    """Return the token of a session that opens the panel, for one that waits for a code.

    Raises LogInOver, CodeMissing, CodeWrong, TooManyFailures.
    """
    waiting = sessions.logged_in(token, pending=True)
    if waiting is None:
        raise LogInOver
    second_factor.show(waiting.actor, code, network)
    with db.atomic():
        # Something ended it while the code was checked: the log-in is too late.
        if not sessions.log_out(token):
            raise LogInOver
        return sessions.open_session(waiting.actor, network=network, agent=agent)


def prove(present: LogIn, password: str, code: str, network: str) -> None:
    """Show once more that it is oneself: by the password, and a code where there is a factor.

    Raises OnlyThemselves, PasswordWrong, CodeMissing, CodeWrong, TooManyFailures.
    """
    prove_person(present.actor, password, code, network)
    sessions.is_proved_now(present)


def turn_off_factor(password: str, code: str, network: str, *, by: Actor) -> None:
    """Take off one's own second factor; raises as `prove` does, and FactorMissing."""
    if second_factor.of(by) is None:
        raise FactorMissing
    prove_person(by, password, code, network)
    second_factor.take_off(by, by=by)


def prove_person(who: Actor, password: str, code: str, network: str) -> None:
    """Check the password of a person, then the code; raises as `prove` does."""
    guard.oneself(who)
    keys = throttle.keys(who.name, network)
    before = throttle.begin(keys)
    known = find(who.name)
    if known is None or known.actor != who or not passwords.matches(password, known.password):
        raise PasswordWrong
    throttle.take_back(keys, before)
    if second_factor.of(who) is not None:
        second_factor.show(who, code, network)
    throttle.forget(who.name)


def find(name: str) -> Known | None:
    """Return who has this name: a holder when it is an address, else an account."""
    if not name.isascii():  # nobody's; a terminal may even send what is no text
        return None
    if "@" in name:
        return holder_named(name)
    account = Account.get_or_none(Account.name == name)
    if account is None:
        return None
    return Known(accounts.actor(account), account.password, not account.enabled)


def holder_named(email: str) -> Known | None:
    """Return the holder of the mailbox at this address."""
    box = Mailbox.select(Mailbox, Address).join(Address).where(Address.email == email).first()
    if box is None:
        return None
    closed = not (box.address.enabled and box.may_log_in)
    return Known(Actor(Kind.HOLDER, box.id, email), box.password, closed)


def dummy_hash(name: str) -> str:
    """Return what the password of an unknown name is checked against, at the same cost."""
    costs = settings.current
    cost = costs.mailbox_bcrypt_cost if "@" in name else costs.account_bcrypt_cost
    return passwords.dummy_hash(cost)


def end_sessions(name: str, *, by: Actor) -> int:
    """End all sessions of an account, or of the holder at an address; return how many.

    Raises NotFound, also for all but administrators.
    """
    return sessions.end_all(person(name), by=by)


def person(name: str) -> Actor:
    """Return who logs in by this name. Raises NotFound."""
    known = find(normal_name(name))
    if known is None:
        raise NotFound
    return known.actor


def known_name(typed: str) -> str | None:
    """Return the name of the person that somebody meant, None when there is none."""
    known = find(normal_name(typed))
    return known.actor.name if known else None


def normal_name(typed: str) -> str:
    """Return a typed name in the form of an account's, or of an address.

    What is not ASCII then is nobody's name: lower() must not make somebody's of it.
    """
    name = typed.strip()[: names.LONGEST_ADDRESS]
    local_part, at, domain = name.rpartition("@")
    if at and not domain.isascii():
        with suppress(Refusal):
            name = f"{local_part}@{names.domain_name(domain)}"
    return name.lower() if name.isascii() else name
