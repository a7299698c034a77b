"""What mailboxes hold is asked of the helper: all in turn in the background, one at once."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helper_of import Helper, helper_at
from tests.mail.stage import domain_of, make, sql
from webmailadmin import database, settings
from webmailadmin.mail import addresses, mailboxes
from webmailadmin.mail import usage as numbers
from webmailadmin.mail.actors import Actor
from webmailadmin.models import Address, Mailbox, Usage, now
from webmailadmin.models import Chore as Noted
from webmailadmin.servers.mailfiles import HelperUnreachable
from webmailadmin.upkeep import usage
from webmailadmin.upkeep.usage import MailboxesUnread, Round
from webmailadmin.upkeep.worker import CHORES, Worker


@pytest.fixture
def path(app: None) -> Path:
    """Where the helper listens, if there is one."""
    return settings.current.helper_socket


@pytest.fixture
def helper(path: Path) -> Iterator[Helper]:
    """A helper whose homes hold three messages each."""
    with helper_at(path) as helper:
        helper.holds(3, 4096)
        yield helper


@pytest.fixture
def boxes(contact: Address, alice: Actor) -> list[Mailbox]:
    """Five mailboxes, by their numbers."""
    for number in range(4):
        make(f"n{number}@bonvenon.fr", by=alice, mailbox=True)
    return list(Mailbox.select().order_by(Mailbox.id))


def asked(helper: Helper) -> list[str]:
    """Return the homes that were asked for since the last time."""
    homes = [home for _, home in helper.asked]
    helper.asked.clear()
    return homes


def grow_old() -> None:
    """Let all numbers be a day old."""
    Usage.update(at=Usage.at - 86400).execute()


# In the background


def test_all_mailboxes_are_asked_and_asked_again_once_their_numbers_are_old(
    helper: Helper, boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "SECONDS_BETWEEN_ROUNDS", 0)
    homes, asking = [box.home for box in boxes], Round()

    asking.carry_out()
    assert asked(helper) == homes
    assert sql("SELECT messages, bytes, last_log_in FROM usage") == [(3, 4096, None)] * 5
    assert domain_of("bonvenon.fr").used_bytes == 5 * 4096

    asking.carry_out()
    assert asked(helper) == []
    grow_old()
    helper.holds(4, 5000)
    asking.carry_out()
    assert asked(helper) == homes
    assert domain_of("bonvenon.fr").used_bytes == 5 * 5000


def test_between_two_rounds_there_is_rest(helper: Helper, boxes: list[Mailbox]) -> None:
    asking = Round()
    asking.carry_out()
    grow_old()
    asked(helper)

    asking.carry_out()

    assert asked(helper) == []


def test_a_run_ends_in_time_and_the_next_one_goes_on(
    helper: Helper, boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "AT_ONCE", 2)
    clock, held = [0.0], helper.answers["usage"]
    monkeypatch.setattr(usage, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def slowly(_: str) -> Any:
        clock[0] += usage.SECONDS_FOR_A_RUN / 2.5
        return held

    helper.answers["usage"] = slowly
    homes, asking = [box.home for box in boxes], Round()

    asking.carry_out()
    first = asked(helper)
    assert len(first) == 3
    assert Usage.select().count() == len(first)
    while len(first) < 5:
        asking.carry_out()
        first += asked(helper)
    assert first == homes


def test_nobody_waits_for_the_database_while_the_helper_is_asked(
    helper: Helper, boxes: list[Mailbox]
) -> None:
    """A writer beside it gets the lock at once, whenever the helper is busy."""
    held = helper.answers["usage"]

    def write_meanwhile(_: str) -> Any:
        # In the helper's own thread, with a connection of its own.
        mine = database.MailDatabase(database.db.database, pragmas={"busy_timeout": 0})
        mine.connect()
        mine.execute_sql("UPDATE domain SET version = version + 1")
        mine.close()
        return held

    version = domain_of("bonvenon.fr").version
    helper.answers["usage"] = write_meanwhile
    Round().carry_out()

    assert domain_of("bonvenon.fr").version == version + 5


def test_without_a_helper_a_run_is_one_question_and_one_sentence(
    path: Path, boxes: list[Mailbox]
) -> None:
    worker = Worker(())
    (chore,) = (chore for chore in CHORES if chore.name == "usage")

    # A round that has just begun: that of the running worker may be at rest.
    worker.carry_out(replace(chore, do=Round().carry_out))

    noted = Noted.get(Noted.name == "usage")
    assert noted.trouble == f"No mail-file helper answers at {path}: No such file or directory."
    assert Usage.select().count() == 0


def test_a_helper_that_goes_ends_the_run_and_no_answer_is_lost(
    path: Path, helper: Helper, boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "SECONDS_BETWEEN_ROUNDS", 0)
    held, third, away = helper.answers["usage"], boxes[2].home, path.with_name("away")
    homes, asking = [box.home for box in boxes], Round()

    def go(home: str) -> Any:
        if home == third:
            path.rename(away)
        return held

    helper.answers["usage"] = go
    with pytest.raises(HelperUnreachable):
        asking.carry_out()
    assert asked(helper) == homes[:3]
    assert Usage.select().count() == 3

    # Perhaps nothing came because of the fourth mailbox alone: the others have their turn first.
    away.rename(path)
    helper.answers["usage"] = held
    asking.carry_out()
    assert asked(helper) == homes[4:]
    asking.carry_out()
    assert asked(helper) == [homes[3]]


def test_a_mailbox_that_is_refused_holds_up_no_other_and_is_told(
    helper: Helper, boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, second = helper.answers["usage"], boxes[1].home
    refused: Any = {"refused": "That is a symbolic link."}
    helper.answers["usage"] = lambda home: refused if home == second else held
    asking = Round()

    for _ in range(2):  # in the rest after the round it is still true
        with pytest.raises(MailboxesUnread) as told:
            asking.carry_out()
        assert str(told.value) == "1 mailboxes cannot be looked into: That is a symbolic link."
    assert asked(helper) == [box.home for box in boxes]
    assert Usage.select().count() == 4

    helper.answers["usage"] = held
    monkeypatch.setattr(asking, "rests_until", 0)
    asking.carry_out()
    assert asked(helper) == [second]


def test_a_mailbox_that_is_purged_meanwhile_disturbs_nothing(
    helper: Helper, boxes: list[Mailbox], alice: Actor
) -> None:
    addresses.remove(boxes[0].address, confirmed=True, by=alice)
    held = helper.answers["usage"]

    def purge_meanwhile(home: str) -> Any:
        mine = database.MailDatabase(database.db.database, pragmas={"foreign_keys": 0})
        mine.connect()
        mine.execute_sql("DELETE FROM mailbox WHERE address_id IS NULL")
        mine.close()
        return held

    helper.answers["usage"] = purge_meanwhile
    Round().carry_out()

    assert Usage.select().count() == 4


def test_answers_are_written_down_many_at_a_time(
    helper: Helper, boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit is a wait for the disk: thousands of them would wear out the pages' patience."""
    committed: list[int] = []
    note_all = numbers.note_all

    def count(answers: list[numbers.Answer]) -> None:
        committed.append(len(answers))
        note_all(answers)

    monkeypatch.setattr(numbers, "note_all", count)
    monkeypatch.setattr(usage, "AT_ONCE", 3)
    Round().carry_out()

    assert committed == [3, 2]


# At once


def test_what_is_asked_at_once_is_true_and_written_down(helper: Helper, contact: Address) -> None:
    box = mailboxes.of(contact)
    assert box is not None

    held = usage.fresh(box)

    assert held is not None
    assert (held.messages, held.bytes) == (3, 4096)
    assert numbers.of(box) == held


def test_without_an_answer_in_time_there_is_what_was_known(path: Path, contact: Address) -> None:
    box = mailboxes.of(contact)
    assert box is not None
    assert usage.fresh(box) is None
    numbers.note(box, 1, 500, now())

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        began = time.monotonic()
        held = usage.fresh(box, 0.2)
        assert time.monotonic() - began < 1

    assert held is not None
    assert held.bytes == 500
