"""Sessions: how long each kind lasts, what ends them, and the list of one's own."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.mail.stage import PASSWORD, find, save
from webmailadmin.mail import (
    accounts,
    addresses,
    removal,
    removed_domains,
    renaming,
    sessions,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_entering import OnlyThemselves
from webmailadmin.models import Account, Address, Mailbox, Session, now

OTHER = "quite another password 31"
CONTACT = "contact@bonvenon.fr"
HALF_HOUR, HALF_DAY = timedelta(minutes=30), timedelta(hours=12)
DAY, FORTNIGHT = timedelta(hours=24), timedelta(days=14)
SHORTLY = timedelta(seconds=5)


@pytest.fixture
def owen(alice: Actor) -> Actor:
    """An owner."""
    accounts.add("owen", PASSWORD, by=alice, kind=Kind.OWNER)
    return accounts.actor(Account.get(Account.name == "owen"))


@pytest.fixture
def holder(contact: Address) -> Actor:
    """The holder of contact@bonvenon.fr."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, CONTACT)


@pytest.fixture
def people(alice: Actor, owen: Actor, holder: Actor) -> dict[str, Actor]:
    """One of each kind."""
    return {"administrator": alice, "owner": owen, "holder": holder}


def is_open(token: str) -> bool:
    return sessions.logged_in(token) is not None


def make_older(begun: timedelta, seen: timedelta) -> None:
    """Let all sessions have begun, and been seen last, so long ago."""
    Session.update(created_at=now() - begun, seen_at=now() - seen).execute()


def test_of_what_a_browser_calls_itself_so_much_is_kept(alice: Actor) -> None:
    sessions.open_session(alice, agent="x" * 1000)

    assert Session.get().agent == "x" * 200


# How long


@pytest.mark.parametrize(
    ("kind", "entered", "idle", "longest"),
    [
        ("administrator", False, HALF_HOUR, DAY),
        ("owner", False, HALF_DAY, FORTNIGHT),
        ("holder", False, HALF_DAY, FORTNIGHT),
        ("owner", True, HALF_HOUR, DAY),
        ("holder", True, HALF_HOUR, DAY),
    ],
)
def test_each_kind_has_its_limits(
    kind: str,
    entered: bool,
    idle: timedelta,
    longest: timedelta,
    people: dict[str, Actor],
    alice: Actor,
) -> None:
    token = sessions.open_session(people[kind], entered_by=alice if entered else None)

    make_older(idle, idle - SHORTLY)
    assert is_open(token)
    make_older(idle, idle)
    assert not is_open(token)
    make_older(longest - SHORTLY, SHORTLY)
    assert is_open(token)
    make_older(longest, SHORTLY)
    assert not is_open(token)


def test_a_log_in_waits_ten_minutes_for_its_code_and_opens_nothing(alice: Actor) -> None:
    token = sessions.open_session(alice, pending=True)
    minutes = timedelta(minutes=10)

    assert not is_open(token)
    make_older(minutes - SHORTLY, SHORTLY)
    assert sessions.logged_in(token, pending=True)
    make_older(minutes, SHORTLY)
    assert sessions.logged_in(token, pending=True) is None


# What ends them, by each door


def alone(name: str, **values: object) -> None:
    """Change an account past the rules, as any door may come to do."""
    Account.update(**values).where(Account.name == name).execute()


@pytest.mark.parametrize(
    "end",
    [
        lambda by: accounts.reset_password("owen", OTHER, by=by),
        lambda by: accounts.reset_password("owen", None, by=COMMAND_LINE),
        lambda by: accounts.change_password(
            PASSWORD, OTHER, OTHER, by=accounts.actor(Account.get(Account.name == "owen"))
        ),
        lambda _: alone("owen", enabled=False),
        lambda _: alone("owen", kind="administrator"),
        lambda _: Account.delete().where(Account.name == "owen").execute(),
    ],
    ids=["reset", "one-time", "own password", "disabled", "another kind", "removed"],
)
def test_what_ends_the_sessions_of_an_account(
    end: Callable[[Actor], object], alice: Actor, owen: Actor
) -> None:
    tokens = [sessions.open_session(owen), sessions.open_session(owen, pending=True)]
    entered = sessions.open_session(owen, entered_by=alice)
    kept = sessions.open_session(alice)

    end(alice)

    assert not any(is_open(token) for token in (tokens[0], entered))
    assert sessions.logged_in(tokens[1], pending=True) is None
    assert is_open(kept)
    assert Session.select().count() == 1  # none waits for the log-in to be given back


@pytest.mark.parametrize(
    "end",
    [
        lambda by: save(CONTACT, by=by, password=OTHER, confirmation=OTHER),
        lambda by: save(CONTACT, by=by, enabled=False),
        lambda by: addresses.switch(find(CONTACT), False, by=by),
        lambda by: save(CONTACT, by=by, mailbox=False, may_remove=True),
        lambda by: addresses.remove(find(CONTACT), confirmed=True, by=by),
        lambda by: removed_domains.remove(find(CONTACT).domain, by=by),
        lambda _: Mailbox.update(may_log_in=False).execute(),
    ],
    ids=["password", "off", "switched off", "no mailbox", "deleted", "domain removed", "barred"],
)
def test_what_ends_the_sessions_of_a_holder(
    end: Callable[[Actor], object], alice: Actor, holder: Actor
) -> None:
    tokens = [sessions.open_session(holder), sessions.open_session(holder, entered_by=alice)]
    waiting = sessions.open_session(holder, pending=True)
    kept = sessions.open_session(alice)

    end(alice)

    assert not any(is_open(token) for token in tokens)
    assert sessions.logged_in(waiting, pending=True) is None
    assert is_open(kept)
    assert Session.select().count() == 1


@pytest.mark.parametrize(
    "close",
    [
        lambda: alone("owen", enabled=False),
        lambda: Address.update(enabled=False).execute(),
        lambda: Mailbox.update(may_log_in=False).execute(),
    ],
    ids=["disabled", "switched off", "barred"],
)
def test_a_session_opened_while_the_log_in_is_taken_away_opens_nothing(
    close: Callable[[], object], owen: Actor, holder: Actor
) -> None:
    close()

    tokens = [sessions.open_session(owen), sessions.open_session(holder)]
    assert [is_open(token) for token in tokens].count(True) == 1


def test_a_mailbox_that_comes_back_brings_no_session(alice: Actor, holder: Actor) -> None:
    token = sessions.open_session(holder)

    removal.restore(addresses.remove(find(CONTACT), confirmed=True, by=alice), by=alice)

    assert not is_open(token)


def test_a_new_name_keeps_the_session_of_its_holder(alice: Actor, holder: Actor) -> None:
    token = sessions.open_session(holder)
    address = find(CONTACT)

    renaming.rename(address, "hello", version=address.version, keep_alias=False, by=alice)

    opened = sessions.logged_in(token)
    assert opened is not None
    assert (opened.actor.id, opened.actor.name) == (holder.id, "hello@bonvenon.fr")


def test_what_an_administrator_entered_ends_with_their_own_right(
    alice: Actor, holder: Actor
) -> None:
    entered, own = sessions.open_session(holder, entered_by=alice), sessions.open_session(holder)

    accounts.reset_password("alice", OTHER, by=COMMAND_LINE)

    assert (is_open(entered), is_open(own)) == (False, True)


# One's own


@pytest.mark.parametrize("kind", ["administrator", "owner", "holder"])
def test_one_sees_and_ends_ones_own_and_nobody_elses(kind: str, people: dict[str, Actor]) -> None:
    me = people[kind]
    others = [sessions.open_session(who) for who in people.values() if who != me]
    mine = [sessions.open_session(me, network=f"192.0.2.{n}") for n in range(3)]
    sessions.open_session(me, pending=True)

    found = sessions.open_of(me)
    assert [one.network for one in found] == ["192.0.2.2", "192.0.2.1", "192.0.2.0"]
    sessions.end(found[2].id, by=me)
    assert [is_open(token) for token in mine] == [False, True, True]
    foreign = Session.select().where(Session.token_hash << [*map(sessions.token_hash, others)])
    for row in list(foreign):
        with pytest.raises(NotFound):
            sessions.end(row.id, by=me)
    present = sessions.logged_in(mine[2])
    assert present is not None
    sessions.end_others(present)

    assert [is_open(token) for token in mine] == [False, False, True]
    assert all(is_open(token) for token in others)


@pytest.mark.parametrize("number", [0, -1, 10**30])
def test_a_session_that_is_not_there_is_not_found(number: int, alice: Actor) -> None:
    with pytest.raises(NotFound):
        sessions.end(number, by=alice)


def test_who_has_entered_is_shown_to_the_person_and_sees_no_sessions(
    alice: Actor, holder: Actor
) -> None:
    token = sessions.open_session(holder, entered_by=alice)
    sessions.open_session(holder)

    assert sorted(one.entered_by for one in sessions.open_of(holder)) == ["", "alice"]
    entered = sessions.logged_in(token)
    assert entered is not None
    with pytest.raises(OnlyThemselves):
        sessions.open_of(entered.actor)
    with pytest.raises(OnlyThemselves):
        sessions.end_others(entered)


def test_sessions_that_are_over_are_not_shown(alice: Actor, holder: Actor) -> None:
    sessions.open_session(holder, entered_by=alice)
    sessions.open_session(holder)
    make_older(HALF_HOUR, HALF_HOUR)

    assert [one.entered_by for one in sessions.open_of(holder)] == [""]


def test_ending_all_others_ends_what_one_entered_as_well(alice: Actor, holder: Actor) -> None:
    entered, token = sessions.open_session(holder, entered_by=alice), sessions.open_session(alice)
    present = sessions.logged_in(token)
    assert present is not None

    assert sessions.end_others(present) == 1

    assert (is_open(entered), is_open(token)) == (False, True)
