"""The journal: in the same transaction as what it tells of, and never rewritten."""

import json
from datetime import datetime, timedelta

import peewee
import pytest

from tests.mail.stage import acts_on, everything, find, make, save, sql
from webmailadmin.database import db
from webmailadmin.mail import (
    addresses,
    domains,
    journal,
    mailboxes,
    removal,
    removed_domains,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.days import day_of
from webmailadmin.mail.errors_of_names import AddressGone
from webmailadmin.mail.journal_search import PAGE, Search, read
from webmailadmin.models import Address, Domain, Journal, Removed, now


def test_each_act_tells_who_did_what_to_which_address(contact: Address, alice: Actor) -> None:
    save(contact.email, by=alice, recipients=["far@x.org"])
    save(contact.email, by=alice, mailbox=False, may_remove=True)
    removal.restore(addresses.remove(find(contact.email), confirmed=True, by=alice), by=alice)

    entries = read(Search(domain=contact.domain, email=contact.email), by=alice)

    assert [entry.act for entry in reversed(entries)] == [
        "address.added",
        "mailbox.opened",
        "recipients.added",
        "mailbox.removed",
        "address.removed",
        "address.restored",
        "recipients.added",
    ]
    assert {(entry.actor, entry.email) for entry in entries} == {("alice", contact.email)}
    assert all(abs(entry.at - now()) < timedelta(minutes=1) for entry in entries)
    told = {entry.act: entry.details for entry in entries}
    until = day_of(Removed.get(Removed.kind == "mailbox").until).isoformat()
    assert told["mailbox.opened"] == {"quota_mb": "1024"}
    assert told["recipients.added"] == {"emails": "far@x.org"}
    assert told["mailbox.removed"] == {"until": until}


def test_until_when_something_is_kept_is_told_as_the_day_that_pages_show(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (mailboxes, removed_domains):
        monkeypatch.setattr(module, "now", lambda: datetime(2100, 6, 30, 22, 30))
    save(contact.email, by=alice, mailbox=False, may_remove=True)
    addresses.remove(find(contact.email), confirmed=True, by=alice)
    with pytest.raises(AddressGone) as refusal:
        addresses.refuse_gone(alice, contact.email)
    removed_domains.remove(contact.domain, by=alice)

    told = [json.loads(row.details).get("until") for row in Journal.select()]
    # In Paris, it was July already.
    assert [day for day in told if day] == ["2100-07-31"] * 3
    assert str(refusal.value.values["until"]) == "2100-07-31"


def test_every_act_that_is_written_has_its_words(contact: Address, alice: Actor) -> None:
    domains.switch(contact.domain, False, by=alice)

    for row in Journal.select():
        assert journal.ACTS[row.act] % json.loads(row.details)


def test_the_command_line_is_told_as_such(bonvenon: Domain) -> None:
    domains.install("nouveau.fr", "a@x.org", by=COMMAND_LINE)

    assert sql("SELECT DISTINCT actor FROM journal WHERE domain_id != ?", bonvenon.id) == [
        ("command line",)
    ]


def test_a_domain_tells_of_all_its_addresses_and_an_address_of_itself(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("a@autre.fr", by=alice)

    assert [entry.act for entry in reversed(read(Search(domain=autre), by=alice))] == [
        "domain.installed",
        "recipients.added",
        "address.added",
    ]
    alone = read(Search(domain=autre, email="a@autre.fr"), by=alice)
    assert [entry.act for entry in alone] == ["address.added"]
    assert read(Search(domain=autre, email=contact.email), by=alice) == []


def test_a_page_of_the_journal_goes_on_where_the_one_before_ended(
    bonvenon: Domain, alice: Actor
) -> None:
    for number in range(130):
        by = Actor(Kind.ADMINISTRATOR, 1, f"no. {number}")
        journal.record("domain.enabled", by=by, domain=bonvenon)
    search = Search(domain=bonvenon)

    first = read(search, by=alice)
    assert len(first) == PAGE + 1
    second = read(search, by=alice, before=first[PAGE - 1].id)

    actors = [entry.actor for entry in [*first[:PAGE], *second]]
    assert actors == [*(f"no. {number}" for number in range(129, -1, -1)), "alice", "alice"]
    assert read(search, by=alice, before=2**100) == first
    assert read(search, by=alice, before=-1) == []


# One transaction


@pytest.mark.parametrize("broken", ["journal", "address", "mailbox", "recipient"])
def test_when_one_write_fails_none_is_done(broken: str, contact: Address, alice: Actor) -> None:
    for verb in ("INSERT", "UPDATE", "DELETE"):
        db.execute_sql(
            f"CREATE TRIGGER broken_{verb} BEFORE {verb} ON {broken}"
            " BEGIN SELECT raise(ABORT, 'broken'); END"
        )
    before = everything()
    acts = [
        lambda: make("new@bonvenon.fr", by=alice, mailbox=True, recipients=["far@x.org"]),
        lambda: save(contact.email, by=alice, mailbox=False, may_remove=True, recipients="a@x.org"),
        lambda: addresses.remove(find(contact.email), confirmed=True, by=alice),
        lambda: domains.install("nouveau.fr", "a@x.org", by=alice),
    ]
    if broken == "mailbox":
        del acts[3], acts[0]
    if broken == "recipient":
        del acts[2], acts[0]

    for act in acts:
        with pytest.raises(peewee.IntegrityError, match="broken"):
            act()
        assert everything() == before


def test_an_act_that_fails_at_its_end_is_not_told(contact: Address, alice: Actor) -> None:
    told = acts_on(contact.domain)
    with db.atomic() as outer:
        save(contact.email, by=alice, enabled=False)
        assert acts_on(contact.domain) == [*told, "address.disabled"]
        outer.rollback()

    assert find(contact.email).enabled
    assert acts_on(contact.domain) == told


# Never rewritten


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET actor = 'nobody'",
        "UPDATE journal SET id = id + 1000",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE id = 1",
    ],
)
def test_the_journal_is_neither_rewritten_nor_shortened(statement: str, contact: Address) -> None:
    before = everything()

    with pytest.raises(peewee.IntegrityError):
        db.execute_sql(statement)

    assert everything() == before


def test_entries_older_than_a_year_may_be_pruned(bonvenon: Domain) -> None:
    young, old = now() - timedelta(days=364), now() - timedelta(days=366)
    for at in (young, old):
        Journal.create(at=at, actor="alice", act="domain.enabled", domain=bonvenon, details="{}")

    Journal.delete().where(Journal.at == old).execute()
    with pytest.raises(peewee.IntegrityError, match="kept for a year"):
        Journal.delete().where(Journal.at == young).execute()

    assert [row.at for row in Journal.select().where(Journal.at < now() - timedelta(days=9))] == [
        young
    ]
