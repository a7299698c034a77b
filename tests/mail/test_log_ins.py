"""One log-in for accounts and holders: every failure is told alike, and costs the same."""

import statistics
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import bcrypt
import pytest

from tests.mail.stage import PASSWORD, install, make, save, sql
from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import accounts, log_ins, passwords, present_password, sessions, throttle
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_log_ins import LogInRefused, TooManyFailures
from webmailadmin.models import Account, Address, Mailbox, Throttle

CONTACT = "contact@bonvenon.fr"
MANY = 12  # tries at once
HEAVY = 9  # cost of a hash that takes longer than all else
REFUSED = (
    "nobody",
    "alice",
    "bob",
    "nobody@bonvenon.fr",
    "nobody@nowhere.fr",
    CONTACT,
    "off@bonvenon.fr",
    "barred@bonvenon.fr",
    "alias@bonvenon.fr",
    "removed@bonvenon.fr",
)


@pytest.fixture
def people(contact: Address, alice: Actor) -> None:
    """Everybody who may not log in, and alice and contact@, who may."""
    accounts.add("bob", PASSWORD, by=alice)
    Account.update(enabled=False).where(Account.name == "bob").execute()
    for name in ("off", "barred", "removed"):
        make(f"{name}@bonvenon.fr", by=alice, mailbox=True)
    save("off@bonvenon.fr", by=alice, enabled=False)
    barred = Address.get(Address.email == "barred@bonvenon.fr")
    Mailbox.update(may_log_in=False).where(Mailbox.address == barred).execute()
    save("removed@bonvenon.fr", by=alice, mailbox=False, may_remove=True)
    make("alias@bonvenon.fr", by=alice, recipients=["ann@x.org"])


def typed(name: str) -> str:
    """Return the right password, unless the name has one that opens: then a wrong one."""
    return "not the right one" if name in ("alice", CONTACT) else PASSWORD


def fail(name: str, network: str = "192.0.2.1") -> LogInRefused:
    """Fail to log in, with what is right of it."""
    with pytest.raises(LogInRefused) as refusal:
        log_ins.log_in(name, typed(name), network)
    return refusal.value


# Who


def test_a_holder_logs_in_with_the_address_and_its_password(contact: Address) -> None:
    opened = sessions.logged_in(log_ins.log_in(f" {CONTACT.upper()} ", PASSWORD, "192.0.2.1"))

    box = Mailbox.get(Mailbox.address == contact)
    assert opened is not None
    assert opened.actor == Actor(Kind.HOLDER, box.id, CONTACT)


def test_a_holder_may_type_the_domain_with_its_accents(alice: Actor) -> None:
    domain = install("théâtre.fr", by=alice)
    make(f"info@{domain.name}", by=alice, mailbox=True)

    assert log_ins.log_in("info@Théâtre.fr", PASSWORD, "192.0.2.1")


@pytest.mark.parametrize("name", ["\u212aate", "\u212aate@bonvenon.fr", "kate@bonvenon.\u017fr"])
def test_a_letter_that_only_folds_to_a_name_is_not_the_name(
    name: str, alice: Actor, contact: Address
) -> None:
    accounts.add("kate", PASSWORD, by=alice)
    make("kate@bonvenon.fr", by=alice, mailbox=True)

    with pytest.raises(LogInRefused):
        log_ins.log_in(name, PASSWORD, "192.0.2.1")


def test_a_mailbox_called_like_an_account_is_somebody_else(alice: Actor, contact: Address) -> None:
    accounts.add("contact", "quite another password 31", by=alice)

    with pytest.raises(LogInRefused):
        log_ins.log_in("contact", PASSWORD, "192.0.2.1")
    with pytest.raises(LogInRefused):
        log_ins.log_in(CONTACT, "quite another password 31", "192.0.2.1")


# The same answer at the same price


@pytest.mark.parametrize("name", REFUSED)
def test_every_failure_is_told_alike_and_costs_one_check(
    name: str, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, really = [], bcrypt.checkpw

    def checkpw(password: bytes, hash_: bytes) -> bool:
        checked.append(hash_[:7])
        return really(password, hash_)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)

    refusal = fail(name)

    assert (refusal.code, refusal.field, refusal.values) == ("log-in-refused", None, {})
    assert checked == [b"$2b$04$"]
    assert sql("SELECT * FROM session") == []


@pytest.mark.parametrize(("name", "cost"), [("nobody", b"05"), ("nobody@bonvenon.fr", b"04")])
def test_an_unknown_name_costs_what_a_known_one_of_its_kind_does(
    name: str, cost: bytes, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.use(replace(settings.current, account_bcrypt_cost=5))
    checked: list[bytes] = []
    monkeypatch.setattr(bcrypt, "checkpw", lambda _, hash_: checked.append(hash_[4:6]))
    fail(name)
    assert checked == [cost]


def test_every_failure_takes_the_same_time(people: None) -> None:
    """In seconds of this process, and with hashes that weigh more than what is around them."""
    settings.use(replace(settings.current, account_bcrypt_cost=HEAVY, mailbox_bcrypt_cost=HEAVY))
    for table in (Account, Mailbox):
        table.update(password=passwords.hashed(PASSWORD, HEAVY)).execute()

    def seconds(name: str) -> float:
        start = time.process_time()
        fail(name)
        spent = time.process_time() - start
        Throttle.delete().execute()
        return spent

    times: dict[str, list[float]] = {name: [] for name in REFUSED}
    for _ in range(9):
        for name in REFUSED:
            times[name].append(seconds(name))

    medians = {name: statistics.median(spent) for name, spent in times.items()}
    assert max(medians.values()) < 1.25 * min(medians.values()), medians


# Throttle


@pytest.mark.parametrize("name", ["alice", CONTACT, "nobody@bonvenon.fr"])
def test_an_address_is_slowed_down_like_an_account_in_every_process(
    name: str, people: None
) -> None:
    for number in range(5):
        with pytest.raises(LogInRefused):
            log_ins.log_in(name, "wrong", f"198.51.100.{number}")
    Throttle.update(failures=12).where(Throttle.key == f"account:{name}").execute()
    db.close()

    said = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, str(settings.current.data), name],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "too-many-failures\n"


OTHER_PROCESS = """
import sys
from pathlib import Path
from webmailadmin import database
from webmailadmin.mail import log_ins
from webmailadmin.mail.errors import Refusal
database.open_database(Path(sys.argv[1]))
try:
    log_ins.log_in(sys.argv[2], "wrong", "203.0.113.1")
except Refusal as refusal:
    print(refusal.code)
"""


def test_an_address_is_never_locked_for_good(contact: Address, still: None) -> None:
    key, moment = f"account:{CONTACT}", throttle.now()
    Throttle.insert(key=key, failures=10**6, last_at=moment).execute()
    with pytest.raises(TooManyFailures) as refusal:
        log_ins.log_in(CONTACT, PASSWORD, "192.0.2.1")
    assert refusal.value.values["seconds"] == 60

    Throttle.update(last_at=sql("SELECT last_at - 60 FROM throttle")[0][0]).execute()

    assert log_ins.log_in(CONTACT, PASSWORD, "192.0.2.1")
    assert sql("SELECT * FROM throttle") == []


@pytest.mark.parametrize("door", ["log-in", "password", "proof"])
def test_many_tries_at_once_are_no_more_than_one_after_another(
    door: str, contact: Address, still: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Mailbox.get(Mailbox.address == contact)
    me, judged = Actor(Kind.HOLDER, box.id, CONTACT), []
    together, really = threading.Barrier(MANY), passwords.matches

    def matches(typed: str, hash_: str) -> bool:
        judged.append(typed)
        time.sleep(0.2)
        return really(typed, hash_)

    def attempt(number: int) -> None:
        db.connect(reuse_if_open=True)
        together.wait()
        with suppress(Refusal):
            if door == "log-in":
                log_ins.log_in(CONTACT, "wrong", f"198.51.100.{number}")
            elif door == "password":
                present_password.check("wrong", box.password, by=me)
            else:
                log_ins.prove_person(me, "wrong", "", f"198.51.100.{number}")
        db.close()

    monkeypatch.setattr(passwords, "matches", matches)
    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(judged) == throttle.FREE_TRIES["account"]


def test_a_right_try_leaves_the_failures_of_others_in_the_network_as_they_were(
    contact: Address, alice: Actor
) -> None:
    for name in ("nobody", "nobody@bonvenon.fr"):
        with pytest.raises(LogInRefused):
            log_ins.log_in(name, "wrong", "192.0.2.1")
    Throttle.update(last_at=sql("SELECT last_at - 90 FROM throttle")[0][0]).execute()
    before = sql("SELECT * FROM throttle ORDER BY key")

    log_ins.log_in(CONTACT, PASSWORD, "192.0.2.1")
    log_ins.prove_person(log_ins.person(CONTACT), PASSWORD, "", "192.0.2.1")

    assert sql("SELECT * FROM throttle ORDER BY key") == before


# Sessions of others


@pytest.mark.parametrize("name", ["alice", CONTACT])
def test_an_administrator_ends_all_sessions_of_somebody(
    name: str, people: None, alice: Actor
) -> None:
    other = "alice" if name == CONTACT else CONTACT
    tokens = [log_ins.log_in(name, PASSWORD, "192.0.2.1") for _ in range(2)]
    kept = log_ins.log_in(other, PASSWORD, "192.0.2.1")

    assert log_ins.end_sessions(name, by=alice) == 2

    assert [sessions.logged_in(token) for token in tokens] == [None, None]
    assert sessions.logged_in(kept)
    act, email, details = sql("SELECT act, email, details FROM journal ORDER BY id DESC LIMIT 1")[0]
    assert (act, details) == ("sessions.ended", f'{{"name": "{name}"}}')
    assert email == (CONTACT if name == CONTACT else None)


def test_nobody_else_ends_sessions_of_somebody(people: None, alice: Actor) -> None:
    token = log_ins.log_in("alice", PASSWORD, "192.0.2.1")
    accounts.add("owen", PASSWORD, by=alice, kind=Kind.OWNER)
    owen = accounts.actor(Account.get(Account.name == "owen"))

    for name in ("alice", "owen", "nobody", CONTACT):
        with pytest.raises(NotFound):
            log_ins.end_sessions(name, by=owen)
    with pytest.raises(NotFound):
        log_ins.end_sessions("nobody", by=alice)

    assert sessions.logged_in(token)
