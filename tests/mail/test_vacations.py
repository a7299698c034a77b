"""Vacation answers: who may write them, what is taken, from when to when they are sent."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.mail.stage import acts_on, everything, find, make, save, sql
from webmailadmin.mail import accounts, removal, renaming, vacations
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.vacations import State, Wish
from webmailadmin.models import Account, Address, Domain, Mailbox, Ownership, Removed, Vacation

CONTACT = "contact@bonvenon.fr"
TEXT = "Back on Monday."


@pytest.fixture(autouse=True)
def mailbox(contact: Address) -> None:
    """A mailbox to write for."""


@pytest.fixture
def holder(contact: Address) -> Actor:
    """The holder of contact@bonvenon.fr."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, CONTACT)


def owner(name: str, *domains: Domain, by: Actor) -> Actor:
    """Add an owner of these domains."""
    accounts.add(name, "a fine long password 28", by=by, kind=Kind.OWNER)
    account = Account.get(Account.name == name)
    for domain in domains:
        Ownership.create(account=account, domain=domain)
    return accounts.actor(account)


def answer(by: Actor, **wanted: Any) -> Vacation:
    """Save the answer of contact@ as it is, but for what is wanted; on and with a text at first."""
    before = vacations.of(CONTACT, by=by)
    first, last = vacations.first_day(before), vacations.last_day(before)
    as_it_is = {
        "version": before.version,
        "enabled": before.enabled or not before.version,
        "begins": first.isoformat() if first else "",
        "ends": last.isoformat() if last else "",
        "subject": before.subject,
        "text": before.text or TEXT,
    }
    return vacations.save(CONTACT, Wish(**(as_it_is | wanted)), by=by)


def refused(by: Actor, **wanted: Any) -> list[tuple[str, str | None]]:
    """Return code and field of all that is refused; nothing is changed by it."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        answer(by, **wanted)
    assert everything() == before
    return [(part.code, part.field) for part in caught.value.parts()]


def scripts() -> list[tuple[str, str]]:
    """Return what Dovecot finds."""
    return [(user, script) for user, script in sql("SELECT user, script FROM dovecot_vacation")]


# Who


def test_the_holder_the_owners_and_administrators_write_it(
    alice: Actor, bonvenon: Domain, holder: Actor
) -> None:
    camille = owner("camille", bonvenon, by=alice)
    for number, who in enumerate((alice, camille, holder), 1):
        answer(who, text=f"Words of {who.name}.")
        assert vacations.of(CONTACT, by=who).text == f"Words of {who.name}."
        assert vacations.of(CONTACT, by=who).version == number
    actors = sql("SELECT actor FROM journal WHERE act LIKE 'vacation.%' ORDER BY id")
    assert [name for (name,) in actors] == ["alice", "camille", CONTACT]


def test_for_everybody_else_there_is_nothing(
    alice: Actor, bonvenon: Domain, autre: Domain, holder: Actor
) -> None:
    answer(alice)
    make("bea@bonvenon.fr", by=alice, mailbox=True)
    bea = Mailbox.get(Mailbox.address == find("bea@bonvenon.fr"))
    strangers = (
        owner("stranger", autre, by=alice),
        Actor(Kind.HOLDER, bea.id, "bea@bonvenon.fr"),
        Actor(Kind.OWNER, holder.id, "of the same number"),
    )
    before = everything()
    for who in strangers:
        for email in (CONTACT, "postmaster@bonvenon.fr", "missing@bonvenon.fr"):
            with pytest.raises(NotFound):
                vacations.of(email, by=who)
            with pytest.raises(NotFound):
                vacations.save(email, Wish(1, enabled=False), by=who)
    assert everything() == before


def test_an_alias_has_none(alice: Actor) -> None:
    with pytest.raises(NotFound):
        vacations.of("postmaster@bonvenon.fr", by=alice)


# What


def test_there_is_none_at_first(alice: Actor) -> None:
    first = vacations.of(CONTACT, by=alice)

    assert (first.enabled, first.subject, first.text, first.version) == (False, "", "", 0)
    assert vacations.state(first) is State.OFF
    assert scripts() == []


def test_what_was_typed_is_kept_and_told_in_the_journal(alice: Actor, bonvenon: Domain) -> None:
    answer(alice, subject="Away", begins="2030-08-03", ends="2030-08-17")
    answer(alice, ends="2030-08-18")
    answer(alice, enabled=False)
    answer(alice, text="Nothing new.")

    kept = vacations.of(CONTACT, by=alice)
    assert (kept.enabled, kept.subject, kept.text) == (False, "Away", "Nothing new.")
    assert vacations.first_day(kept) == date(2030, 8, 3)
    assert vacations.last_day(kept) == date(2030, 8, 18)
    assert acts_on(bonvenon, CONTACT)[-4:] == [
        *("vacation.on", "vacation.changed", "vacation.off", "vacation.changed"),
    ]


def test_saved_as_it_is_nothing_moves(alice: Actor) -> None:
    answer(alice)
    before = everything()

    answer(alice)
    answer(alice, version=0)

    assert everything() == before


def test_who_comes_second_is_told(alice: Actor, holder: Actor) -> None:
    answer(alice)

    assert refused(holder, version=0, text="Mine.") == [("vacation-changed", None)]


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        ({"begins": "3 August"}, "vacation-begin-malformed", "begins"),
        ({"begins": "2030-02-30"}, "vacation-begin-malformed", "begins"),
        ({"begins": "0001-01-01"}, "vacation-begin-malformed", "begins"),
        ({"begins": "2030-01-01\0"}, "vacation-begin-malformed", "begins"),
        ({"ends": "9999-12-31"}, "vacation-end-malformed", "ends"),
        ({"ends": "12030-01-01"}, "vacation-end-malformed", "ends"),
        ({"begins": "2030-08-17", "ends": "2030-08-16"}, "vacation-ends-before", "ends"),
        ({"subject": "s" * 201}, "vacation-subject-too-long", "subject"),
        ({"subject": "a\nBcc: b@x.org"}, "vacation-subject-control", "subject"),
        ({"subject": "a\u2028b"}, "vacation-subject-control", "subject"),
        ({"subject": "a\0b"}, "vacation-subject-control", "subject"),
        ({"text": ""}, "vacation-text-missing", "text"),
        ({"text": " \r\n "}, "vacation-text-missing", "text"),
        ({"text": "x" * 10_241}, "vacation-text-too-long", "text"),
        ({"text": "é" * 5121}, "vacation-text-too-long", "text"),
        ({"text": "a\0b"}, "vacation-text-control", "text"),
        ({"text": "a\x1bb"}, "vacation-text-control", "text"),
        ({"text": "a\ud800b"}, "vacation-text-control", "text"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_field(
    alice: Actor, wanted: dict[str, str], code: str, field: str
) -> None:
    assert refused(alice, **wanted) == [(code, field)]


def test_all_that_is_wrong_is_told_at_once(alice: Actor) -> None:
    told = refused(alice, begins="x", ends="y", subject="\t\n", text="")

    assert [field for _, field in told] == ["begins", "ends", "text"]


def test_the_longest_of_each_is_taken(alice: Actor) -> None:
    saved = answer(
        alice, subject="é" * 200, text="é" * 5120, begins="1970-01-02", ends="9999-12-30"
    )

    assert vacations.of(CONTACT, by=alice).text == saved.text
    assert vacations.last_day(vacations.of(CONTACT, by=alice)) == date(9999, 12, 30)


def test_off_it_may_be_without_words(alice: Actor) -> None:
    assert not answer(alice, enabled=False, text="").enabled


# When


def test_a_day_begins_and_ends_where_the_panel_is(alice: Actor) -> None:
    saved = answer(alice, begins="2030-03-31", ends="2030-03-31")  # the clocks change on it

    assert (saved.begins, saved.ends) == (
        datetime(2030, 3, 30, 23),
        datetime(2030, 3, 31, 22),
    )


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Kolkata", "America/New_York"])
def test_without_a_setting_days_are_those_of_the_system_in_summer_and_winter(zone: str) -> None:
    """What the system calls its time changes twice a year: CET, CEST."""
    said = subprocess.run(
        [sys.executable, "-c", "from webmailadmin.mail import days; print(days.time_zone())"],
        env={"TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{zone}\n"


@pytest.mark.parametrize(
    ("begins", "ends", "state"),
    [
        (None, None, State.NOW),
        (0, 0, State.NOW),
        (-1, None, State.NOW),
        (None, 1, State.NOW),
        (2, None, State.LATER),
        (2, 3, State.LATER),
        (None, -2, State.OVER),
        (-3, -2, State.OVER),
    ],
)
def test_what_is_said_and_what_dovecot_finds_are_the_same(
    alice: Actor, begins: int | None, ends: int | None, state: State
) -> None:
    today = vacations.days.day_of(datetime.now(UTC).replace(tzinfo=None))
    days = ["" if n is None else (today + timedelta(n)).isoformat() for n in (begins, ends)]
    saved = answer(alice, begins=days[0], ends=days[1])

    assert vacations.state(saved) is state
    assert len(scripts()) == (state is State.NOW)
    off = answer(alice, enabled=False)
    assert (vacations.state(off), scripts()) == (State.OFF, [])


# What Dovecot finds


def test_a_text_is_a_quoted_value(alice: Actor) -> None:
    answer(alice, subject='Say "no"\\', text='"; discard; \\"\r\n.\r${unix}')
    ((_, script),) = scripts()
    (number,) = (row.number for row in Vacation.select())

    assert script == (
        f'require "vacation"; vacation :days 366 :handle "{number}" :from "{CONTACT}"'
        f' :addresses ["{CONTACT}"] :subject "Say \\"no\\"\\\\"'
        ' "\\"; discard; \\\\\\"\n.\n${unix}";'
    )


def test_own_are_the_aliases_that_lead_nowhere_else(alice: Actor, autre: Domain) -> None:
    answer(alice)
    make("sales@autre.fr", by=alice, recipients=[CONTACT])
    make("tagged@autre.fr", by=alice, recipients=["contact+shop@bonvenon.fr"])
    make("team@autre.fr", by=alice, recipients=[CONTACT, "bea@elsewhere.org"])
    make("kept@autre.fr", by=alice, mailbox=True, recipients=[CONTACT])
    ((_, script),) = scripts()

    assert f':addresses ["{CONTACT}","sales@autre.fr","tagged@autre.fr"]' in script


@pytest.mark.parametrize(
    ("change", "is_news"),
    [
        ({"text": "Other words."}, True),
        ({"subject": "Other words"}, True),
        ({"begins": "2030-01-02"}, True),
        ({"ends": "2031-01-02"}, False),
        ({"ends": ""}, False),
        ({"enabled": False}, False),
    ],
)
def test_a_change_tells_those_who_were_answered_or_not(
    alice: Actor, change: dict[str, Any], is_news: bool
) -> None:
    before = answer(alice, begins="2030-01-01", ends="2030-02-01", subject="Away").number
    after = answer(alice, **change).number

    assert (after > before) is is_news


def test_the_next_absence_is_news_in_the_same_words(alice: Actor) -> None:
    before = answer(alice).number
    answer(alice, enabled=False)

    assert answer(alice, enabled=True).number > before


def test_it_goes_with_the_mailbox_and_comes_back_with_it(alice: Actor) -> None:
    answer(alice)
    save(CONTACT, by=alice, mailbox=False, may_remove=True)
    assert scripts() == []
    with pytest.raises(NotFound):
        vacations.of(CONTACT, by=alice)

    removal.restore(Removed.get(Removed.email == CONTACT), by=alice)

    assert vacations.of(CONTACT, by=alice).text == TEXT
    assert len(scripts()) == 1


def test_it_goes_along_to_a_new_name(alice: Actor, contact: Address) -> None:
    answer(alice)
    renaming.rename(contact, "hello", version=contact.version, keep_alias=True, by=alice)
    ((user, script),) = scripts()

    assert user == "hello@bonvenon.fr"
    assert f':from "hello@bonvenon.fr" :addresses ["hello@bonvenon.fr","{CONTACT}"]' in script


def test_a_purged_mailbox_leaves_none(alice: Actor) -> None:
    answer(alice)
    Mailbox.delete().execute()

    assert Vacation.select().count() == 0
