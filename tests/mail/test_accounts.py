"""Accounts: log-in, sessions, throttle. Time stands still; what is stored moves to the past."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import bcrypt
import pytest

from tests.mail.stage import PASSWORD, everything, sql
from webmailadmin import settings
from webmailadmin.mail import accounts, log_ins, passwords, sessions, throttle
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_accounts import AccountExists, AccountNameMalformed
from webmailadmin.mail.errors_of_log_ins import LogInRefused, TooManyFailures
from webmailadmin.mail.errors_of_passwords import (
    PasswordIsAddress,
    PasswordsDiffer,
    PasswordTooShort,
    PasswordWrong,
)
from webmailadmin.models import Account, Session, Throttle, now

OTHER = "quite another password 31"
HERE = "192.0.2.1"
fresh = itertools.count(1)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, so that a wait of one second is not over before it is looked at."""
    moment = now()
    for module in (sessions, throttle):
        monkeypatch.setattr(module, "now", lambda: moment)


def log_in(name: str = "alice", password: str = PASSWORD, network: str = HERE) -> str:
    return log_ins.log_in(name, password, network)


def fail(name: str = "alice", network: str = HERE) -> None:
    """Fail once to log in."""
    with pytest.raises(LogInRefused):
        log_in(name, "wrong", network)


def wait_of(name: str = "alice", network: str = HERE, password: str = PASSWORD) -> int:
    """Return the seconds that a throttled try is told to wait."""
    with pytest.raises(TooManyFailures) as refusal:
        log_in(name, password, network)
    seconds = refusal.value.values["seconds"]
    assert isinstance(seconds, int)
    return seconds


def actor_of(token: str) -> Actor | None:
    """Return who is logged in with this token."""
    opened = sessions.logged_in(token)
    return opened.actor if opened else None


def later(seconds: int) -> None:
    """Let time pass for failures and sessions: what is stored moves into the past."""
    span = timedelta(seconds=seconds)
    for row in list(Throttle.select()):
        Throttle.update(last_at=row.last_at - span).where(Throttle.key == row.key).execute()
    for row in list(Session.select()):
        Session.update(seen_at=row.seen_at - span, created_at=row.created_at - span).where(
            Session.token_hash == row.token_hash
        ).execute()


# Accounts


def test_an_account_is_added_with_the_password_given(alice: Actor) -> None:
    assert accounts.exist()
    assert accounts.add("Bob.2 ", OTHER, by=alice) is None

    bob = Account.get(Account.name == "bob.2")
    assert (bob.one_time, bob.password[:7]) == (False, "$2b$04$")
    assert passwords.matches(OTHER, bob.password)
    assert everything()["journal"][-1][3:6] == ("alice", "account.added", None)


def test_without_a_password_a_one_time_password_is_made(alice: Actor) -> None:
    made = accounts.add("bob", None, by=alice)

    assert made is not None
    bob = sessions.logged_in(log_in("bob", made))
    assert bob is not None
    assert bob.one_time is True


@pytest.mark.parametrize(
    "name",
    ["", "a", "-ab", "ab-", ".ab", "a b", "a@b", "a_b", "é", "\u212aate", "a\0b", "a" * 65, "a\nb"],
)
def test_a_strange_name_of_an_account_is_refused(name: str, app: object) -> None:
    with pytest.raises(AccountNameMalformed):
        accounts.add(name, PASSWORD, by=COMMAND_LINE)

    assert not accounts.exist()


def test_an_account_is_not_added_twice(alice: Actor) -> None:
    before = everything()

    with pytest.raises(AccountExists):
        accounts.add(" ALICE", OTHER, by=COMMAND_LINE)

    assert everything() == before


@pytest.mark.parametrize(
    ("password", "refusal"),
    [("too short 14ch", PasswordTooShort), ("a-long-account-name", PasswordIsAddress)],
)
def test_a_bad_password_adds_no_account(
    password: str, refusal: type[Exception], app: object
) -> None:
    with pytest.raises(refusal):
        accounts.add("a-long-account-name", password, by=COMMAND_LINE)

    assert not accounts.exist()


def test_a_password_is_reset_and_all_sessions_end(alice: Actor) -> None:
    token = log_in()

    assert accounts.reset_password(" Alice", OTHER, by=COMMAND_LINE) is None

    assert sessions.logged_in(token) is None
    fail()
    assert actor_of(log_in(password=OTHER)) == alice
    assert everything()["journal"][-1][3:5] == ("command line", "account.password")


def test_a_reset_without_a_password_makes_a_one_time_password(alice: Actor) -> None:
    made = accounts.reset_password("alice", None, by=COMMAND_LINE)

    assert made is not None
    found = sessions.logged_in(log_in(password=made))
    assert found is not None
    assert found.one_time is True


def test_the_password_of_an_account_that_does_not_exist_is_not_reset(app: object) -> None:
    for name in ("nobody", "al\udcffce"):  # the second, as a terminal sends what is no text
        with pytest.raises(NotFound):
            accounts.reset_password(name, OTHER, by=COMMAND_LINE)


def test_an_account_removed_while_its_password_is_hashed_is_not_written_to(
    alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("bruno", PASSWORD, by=alice)
    Account.update(contact="b@elsewhere.org", contact_confirmed=True).execute()
    hashed, found = accounts.hashed, []

    def slowly(password: str) -> str:
        monkeypatch.undo()
        accounts.remove(Account.get(Account.name == "bruno"), "bruno", by=COMMAND_LINE)
        found.append(everything())
        return hashed(password)

    monkeypatch.setattr(accounts, "hashed", slowly)
    with pytest.raises(NotFound):
        accounts.reset_password("bruno", None, by=alice)
    assert [everything()] == found


def test_a_reset_ends_the_throttle_of_the_account(alice: Actor) -> None:
    for _ in range(5):
        fail(network=f"192.0.2.{next(fresh)}")

    accounts.reset_password("alice", OTHER, by=COMMAND_LINE)

    assert log_in(password=OTHER)


def test_a_new_account_does_not_wait_for_the_failures_of_a_removed_one(alice: Actor) -> None:
    accounts.add("bruno", PASSWORD, by=alice)
    for number in range(6):
        fail("bruno", f"198.51.100.{number}")
        later(60)

    accounts.remove(Account.get(Account.name == "bruno"), "bruno", by=alice)
    accounts.add("bruno", OTHER, by=alice)
    fail("bruno", "192.0.2.7")

    assert log_in("bruno", OTHER)


def test_one_changes_ones_own_password_with_the_present_one(alice: Actor) -> None:
    tokens = [log_in(), log_in()]

    accounts.change_password(PASSWORD, OTHER, OTHER, by=alice)

    assert [sessions.logged_in(token) for token in tokens] == [None, None]
    changed = sessions.logged_in(log_in(password=OTHER))
    assert changed is not None
    assert changed.one_time is False


@pytest.mark.parametrize(
    ("present", "typed", "confirmation", "refusal"),
    [
        ("wrong", OTHER, OTHER, PasswordWrong),
        ("", OTHER, OTHER, PasswordWrong),
        (PASSWORD, OTHER, OTHER + "x", PasswordsDiffer),
        (PASSWORD, "short", "short", PasswordTooShort),
    ],
)
def test_a_refused_change_of_password_changes_nothing(
    present: str, typed: str, confirmation: str, refusal: type[Exception], alice: Actor
) -> None:
    log_in()
    before = everything()

    with pytest.raises(refusal):
        accounts.change_password(present, typed, confirmation, by=alice)

    assert everything() | {"throttle": []} == before


def test_a_password_reset_while_another_is_chosen_stays(
    alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has taken the log-in is not quicker than who takes it back."""
    hashed = accounts.hashed

    def slowly(password: str) -> str:
        monkeypatch.undo()
        accounts.reset_password("alice", OTHER, by=COMMAND_LINE)
        return hashed(password)

    monkeypatch.setattr(accounts, "hashed", slowly)
    with pytest.raises(PasswordWrong):
        accounts.change_password(PASSWORD, "a thief's own phrase", "a thief's own phrase", by=alice)

    log_in(password=OTHER)


# Sessions


def test_a_session_is_stored_only_as_its_hash(alice: Actor) -> None:
    token = log_in()

    assert len(token) == 43  # 256 bits
    assert token not in str(everything())
    assert actor_of(token) == alice


def test_each_log_in_is_a_session_of_its_own(alice: Actor) -> None:
    first, second = log_in(), log_in()

    sessions.log_out(first)

    assert sessions.logged_in(first) is None
    assert actor_of(second) == alice


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "' OR 1=1 --", "x" * 100_000])
def test_a_token_of_ones_own_making_opens_nothing(token: str, alice: Actor) -> None:
    log_in()

    assert sessions.logged_in(token) is None
    sessions.log_out(token)
    assert len(everything()["session"]) == 1


def test_an_idle_session_ends_after_half_an_hour(alice: Actor) -> None:
    token = log_in()
    later(29 * 60)
    assert actor_of(token) == alice  # and counts from here anew
    later(29 * 60)
    assert actor_of(token) == alice

    later(30 * 60)

    assert sessions.logged_in(token) is None


def test_a_session_that_is_always_used_ends_after_a_day(alice: Actor) -> None:
    token = log_in()
    for _ in range(48):
        assert actor_of(token) == alice
        later(29 * 60 + 50)
        Session.update(seen_at=throttle.now()).execute()
    assert actor_of(token) == alice

    later(10 * 60)
    Session.update(seen_at=throttle.now()).execute()

    assert sessions.logged_in(token) is None


def test_a_session_is_written_at_most_once_a_minute(alice: Actor) -> None:
    token = log_in()
    later(50)
    before = everything()
    sessions.logged_in(token)
    assert everything() == before

    later(20)
    sessions.logged_in(token)

    (session,) = Session.select()
    assert now() - session.seen_at < timedelta(minutes=1)


def test_sessions_of_the_past_are_swept_at_a_log_in(alice: Actor) -> None:
    log_in()
    later(15 * 24 * 3600)

    log_in()

    assert len(everything()["session"]) == 1


def test_a_password_changed_during_the_log_in_is_too_late(
    alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = passwords.matches

    def matches(password: str, hash_: str) -> bool:
        same = really(password, hash_)
        accounts.reset_password("alice", OTHER, by=COMMAND_LINE)
        return same

    monkeypatch.setattr(passwords, "matches", matches)

    with pytest.raises(LogInRefused):
        log_in()

    assert everything()["session"] == []


# The same answer at the same price


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The hashes that were checked, each still really checked."""
    hashes: list[bytes] = []
    really = bcrypt.checkpw

    def checkpw(password: bytes, hash_: bytes) -> bool:
        hashes.append(hash_)
        return really(password, hash_)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return hashes


@pytest.mark.parametrize("name", ["alice", "nobody", "", "\0", "' OR 1=1 --", "é", "x" * 100_000])
@pytest.mark.parametrize("password", ["wrong", "", "x" * 100, "a\0b", "\ud800"])
def test_every_failed_log_in_costs_one_check_at_the_same_cost(
    name: str, password: str, alice: Actor, checked: list[bytes]
) -> None:
    with pytest.raises(LogInRefused) as refusal:
        log_in(name, password)

    assert (refusal.value.field, refusal.value.values) == (None, {})
    assert [hash_[:7] for hash_ in checked] == [b"$2b$04$"]


def test_a_right_log_in_costs_one_check_too(alice: Actor, checked: list[bytes]) -> None:
    log_in(" Alice ")

    assert len(checked) == 1


def test_the_price_of_an_unknown_name_follows_the_setting(
    alice: Actor, checked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "current", settings.Settings(account_bcrypt_cost=5))

    fail("nobody")

    assert [hash_[:7] for hash_ in checked] == [b"$2b$05$"]


# Throttle


def test_five_failures_are_free_and_then_the_wait_grows_up_to_a_minute(alice: Actor) -> None:
    waits = []
    for number in range(12):
        if number >= 5:
            waits.append(wait_of())
            later(waits[-1])
        fail(network=f"198.51.100.{number}")

    assert waits == [1, 2, 4, 8, 16, 32, 60]


def test_an_account_is_never_locked_for_good(alice: Actor) -> None:
    Throttle.insert(key="account:alice", failures=10**6, last_at=throttle.now()).execute()
    assert wait_of() == 60

    later(60)

    assert actor_of(log_in()) == alice
    assert Throttle.get_or_none(Throttle.key == "account:alice") is None


def test_a_throttled_try_is_not_checked_nor_counted(alice: Actor, checked: list[bytes]) -> None:
    Throttle.insert(key="account:alice", failures=50, last_at=throttle.now()).execute()
    before = everything()

    wait_of(password=PASSWORD)

    assert (checked, everything()) == ([], before)


def test_an_unknown_name_is_throttled_like_a_known_one(alice: Actor) -> None:
    for name in ("alice", "nobody"):
        for number in range(5):
            fail(name, f"198.51.100.{number}")

    assert wait_of("alice", "192.0.2.7") == wait_of("nobody", "192.0.2.7") == 1


def test_the_throttle_of_one_account_leaves_the_others_alone(alice: Actor) -> None:
    accounts.add("bob", OTHER, by=alice)
    for number in range(5):
        fail("alice", f"198.51.100.{number}")

    assert log_in("bob", OTHER)


def test_a_network_that_guesses_names_waits_longer_and_longer(alice: Actor) -> None:
    for number in range(20):
        fail(f"guess{number}")
    assert wait_of() == 1

    Throttle.update(failures=10**4).where(Throttle.key == f"network:{HERE}").execute()

    assert wait_of() == 900
    assert log_in(network="192.0.2.200")  # elsewhere the door is open


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "unix:", True),
        ("192.0.2.1", "2001:db8::1", False),
    ],
)
def test_ipv6_is_counted_by_its_first_64_bits(
    one: str, other: str, together: bool, alice: Actor
) -> None:
    assert (throttle.network_of(one) == throttle.network_of(other)) is together


def test_a_right_password_forgets_the_failures_of_the_account_only(alice: Actor) -> None:
    for _ in range(4):
        fail()

    log_in()

    assert sql("SELECT key, failures FROM throttle") == [(f"network:{HERE}", 4)]


def test_failures_are_forgotten_after_an_hour_without_one(alice: Actor) -> None:
    for _ in range(4):
        fail()
    later(3601)

    fail("somebody", "192.0.2.9")

    assert sorted(key for (key,) in sql("SELECT key FROM throttle")) == [
        "account:somebody",
        "network:192.0.2.9",
    ]
