"""What each person may read of the journal, and what they find in it; quick in a long one."""

import time
from datetime import timedelta

import pytest

from tests.mail.stage import find, make, save, sql
from webmailadmin.database import db
from webmailadmin.mail import (
    accounts,
    addresses,
    domains,
    entering,
    journal,
    mailboxes,
    removal,
    renaming,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound, Several
from webmailadmin.mail.errors_of_journal import SinceMalformed, UntilBeforeSince, UntilMalformed
from webmailadmin.mail.journal_search import PAGE, Search, every, read
from webmailadmin.models import Account, Address, Domain, Journal, Ownership, now

MANY = 100_000
SECONDS_AT_MOST = 1  # of this process, whatever else the machine does


@pytest.fixture
def bruno(bonvenon: Domain) -> Actor:
    """The owner of bonvenon.fr."""
    return owner("bruno", bonvenon)


def owner(name: str, *owned: Domain, after: int = 0) -> Actor:
    """Return a new owner of domains. after: the last entry from before they were theirs."""
    accounts.add(name, None, by=COMMAND_LINE, kind=Kind.OWNER)
    account = Account.get(Account.name == name)
    for domain in owned:
        Ownership.create(account=account, domain=domain, journal_after=after)
    return accounts.actor(account)


def holder(email: str) -> Actor:
    """Return the holder of the mailbox at an address."""
    box = mailboxes.of(find(email))
    assert box is not None
    return Actor(Kind.HOLDER, box.id, email)


def acts(by: Actor, search: Search | None = None) -> list[str]:
    """Return what somebody finds, the first one first."""
    return [entry.act for entry in reversed(read(search or Search(), by=by))]


def about(by: Actor) -> set[str]:
    """Return the domains and addresses that somebody reads of."""
    return {entry.email or entry.domain or "" for entry in read(Search(), by=by)}


# Whose


def test_an_administrator_reads_all_that_was_done_also_to_accounts(
    contact: Address, autre: Domain, bruno: Actor, alice: Actor
) -> None:
    assert about(alice) == {
        "",
        "bonvenon.fr",
        "contact@bonvenon.fr",
        "postmaster@bonvenon.fr",
        "autre.fr",
        "postmaster@autre.fr",
    }
    assert [entry.details for entry in read(Search(act="account.added"), by=alice)] == [
        {"name": "bruno"},
        {"name": "alice"},
    ]


def test_an_owner_reads_of_their_domains_and_their_own_account_alone(
    contact: Address, autre: Domain, bruno: Actor, alice: Actor
) -> None:
    owner("carla", autre)
    accounts.reset_password("alice", None, by=COMMAND_LINE)
    accounts.reset_password("bruno", None, by=alice)

    assert about(bruno) == {"", "bonvenon.fr", "contact@bonvenon.fr", "postmaster@bonvenon.fr"}
    assert acts(bruno)[-2:] == ["account.added", "account.password"]
    assert [entry.details["name"] for entry in read(Search(), by=bruno) if not entry.domain] == [
        "bruno",
        "bruno",
    ]


def test_an_owner_reads_nothing_from_before_the_domain_was_theirs(
    contact: Address, alice: Actor
) -> None:
    before = Journal.select().order_by(Journal.id.desc()).get().id
    later = owner("later", contact.domain, after=before)
    assert acts(later) == ["account.added"]

    save(contact.email, by=alice, enabled=False)

    assert acts(later) == ["account.added", "address.disabled"]
    assert acts(later, Search(domain=contact.domain)) == ["address.disabled"]
    assert acts(later, Search(domain=contact.domain, email=contact.email)) == ["address.disabled"]


def test_an_owner_reads_nothing_of_an_earlier_account_of_the_same_name(
    bruno: Actor, alice: Actor
) -> None:
    Account.update(created_at=now() + timedelta(seconds=1)).where(Account.id == bruno.id).execute()

    assert "account.added" not in acts(bruno)


def test_a_holder_reads_of_their_own_address_alone(
    contact: Address, bruno: Actor, alice: Actor
) -> None:
    make("sales@bonvenon.fr", by=bruno, mailbox=True)
    save(contact.email, by=bruno, recipients=["far@x.org"])

    mine = read(Search(), by=holder(contact.email))

    assert {entry.email for entry in mine} == {contact.email}
    assert [(entry.actor, entry.act) for entry in mine] == [
        ("bruno", "recipients.added"),
        ("alice", "mailbox.opened"),
    ]


def test_a_holder_reads_nothing_of_who_had_the_address_before(
    contact: Address, alice: Actor
) -> None:
    save(contact.email, by=alice, recipients=["secret@x.org"])
    save(contact.email, by=alice, mailbox=False, may_remove=True, recipients=[])
    save(contact.email, by=alice, mailbox=True)

    assert acts(holder(contact.email)) == ["mailbox.opened"]


def test_a_holder_whose_address_is_renamed_reads_nothing_of_others_who_had_the_new_name(
    contact: Address, alice: Actor
) -> None:
    make("sales@bonvenon.fr", by=alice, mailbox=True)
    addresses.remove(find("sales@bonvenon.fr"), confirmed=True, by=alice)
    sql("DELETE FROM removed")

    address = find(contact.email)
    renaming.rename(address, "sales", version=address.version, keep_alias=False, by=alice)

    assert acts(holder("sales@bonvenon.fr")) == ["address.renamed-from"]


def test_who_is_gone_reads_nothing(contact: Address, bruno: Actor, alice: Actor) -> None:
    gone = holder(contact.email)
    addresses.remove(find(contact.email), confirmed=True, by=alice)
    Ownership.delete().execute()
    sql("DELETE FROM account WHERE name = 'bruno'")

    for person in (gone, bruno):
        with pytest.raises(NotFound):
            read(Search(), by=person)


# Filters


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("contact@bonvenon.fr", {"contact@bonvenon.fr"}),
        (" Contact@Bonvenon.FR ", {"contact@bonvenon.fr"}),
        ("contact", {"contact@bonvenon.fr"}),
        ("bonvenon.fr", {"bonvenon.fr", "contact@bonvenon.fr", "postmaster@bonvenon.fr"}),
        ("é.fr", {"xn--9ca.fr", "postmaster@xn--9ca.fr"}),
        ("postmaster@é.fr", {"postmaster@xn--9ca.fr"}),
        ("nobody", set()),
        ("%", set()),
        ("_", set()),
        ("' OR 1=1 --", set()),
        ("a\0b", set()),
        ("x" * 5000, set()),
    ],
)
def test_an_address_is_found_whole_by_a_part_or_by_its_domain(
    contact: Address, alice: Actor, typed: str, found: set[str]
) -> None:
    domains.install("é.fr", "camille@elsewhere.org", by=alice)

    entries = read(Search(address=typed), by=alice)

    assert {entry.email or entry.domain for entry in entries} == found


def test_a_person_is_found_by_name_also_through_whom_they_entered(
    contact: Address, bruno: Actor, alice: Actor
) -> None:
    entered = Actor(Kind.OWNER, bruno.id, bruno.name, through="zoe")
    save(contact.email, by=bruno, enabled=False)
    save(contact.email, by=entered, enabled=True)

    assert acts(alice, Search(person=" Bruno ")) == ["address.disabled", "address.enabled"]
    assert acts(alice, Search(person="zoe")) == ["address.enabled"]
    assert acts(alice, Search(person="brun")) == []
    (entry,) = read(Search(person="zoe"), by=bruno)
    assert (entry.actor, entry.through) == ("bruno", "zoe")


def test_days_are_those_of_the_panels_time_zone(bonvenon: Domain, alice: Actor) -> None:
    """In Paris, 22:00 UTC in summer is midnight."""
    for time_, act in (
        (1_785_707_999, "address.added"),  # 2 August 2026, 23:59:59 in Paris
        (1_785_708_000, "address.enabled"),  # 3 August, 0:00
        (1_785_794_399, "address.disabled"),  # 3 August, 23:59:59
        (1_785_794_400, "address.removed"),  # 4 August, 0:00
    ):
        sql(
            "INSERT INTO journal (at, actor, act, domain_id, details) VALUES (?, 'x', ?, ?, '{}')",
            time_,
            act,
            bonvenon.id,
        )
    search = {"person": "x"}

    day = acts(alice, Search(**search, since="2026-08-03", until="2026-08-03"))
    assert day == ["address.enabled", "address.disabled"]
    assert acts(alice, Search(**search, since="2026-08-04")) == ["address.removed"]
    assert acts(alice, Search(**search, until="2026-08-02")) == ["address.added"]


@pytest.mark.parametrize("typed", ["x", "2026-13-01", "3.8.2026", "0000-01-01", "99999-01-01", "é"])
def test_what_is_no_day_is_refused_at_its_field(alice: Actor, typed: str) -> None:
    with pytest.raises(SinceMalformed):
        read(Search(since=typed), by=alice)
    with pytest.raises(UntilMalformed):
        read(Search(until=typed), by=alice)
    with pytest.raises(Several) as both:
        every(Search(since=typed, until=typed), by=alice)
    assert [part.field for part in both.value.parts()] == ["since", "until"]


def test_days_in_the_wrong_order_are_refused(alice: Actor) -> None:
    with pytest.raises(UntilBeforeSince):
        read(Search(since="2026-08-03", until="2026-08-02"), by=alice)


def test_all_entries_come_page_by_page_each_once(bonvenon: Domain, alice: Actor) -> None:
    for _ in range(2 * PAGE):
        journal.record("domain.enabled", by=alice, domain=bonvenon)

    numbers = [entry.id for entry in every(Search(), by=alice)]

    assert numbers == [id_ for (id_,) in sql("SELECT id FROM journal ORDER BY id DESC")]
    assert len(numbers) == 2 * PAGE + 3


# A long journal


@pytest.fixture
def long_journal(contact: Address, autre: Domain, alice: Actor) -> None:
    """A hundred thousand entries, half of them of bonvenon.fr."""
    with db.atomic():
        db.execute_sql(
            """INSERT INTO journal (at, actor, through, act, domain_id, email, details)
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            SELECT 1700000000 + i, 'person' || i % 50, '', 'address.enabled',
                iif(i % 2, ?, ?),
                'name' || i % 1000 || iif(i % 2, '@bonvenon.fr', '@autre.fr'), '{}' FROM n""",
            (MANY - 1, contact.domain.id, autre.id),
        )
    db.execute_sql("ANALYZE")


SEARCHES = [
    Search(),
    Search(person="person7"),
    Search(person="nobody"),
    Search(address="name7@bonvenon.fr"),
    Search(address="nobody"),
    Search(since="2023-11-20", until="2023-11-21"),
    Search(until="2001-01-01"),
    Search(person="nobody", address="nobody", since="2023-11-20"),
]


def test_every_search_in_a_long_journal_is_quick_for_each_person(
    long_journal: None, contact: Address, alice: Actor, bruno: Actor
) -> None:
    people = (alice, bruno, holder(contact.email), owner("nobody"))
    for person in people:
        for search in SEARCHES:
            began = time.process_time()
            read(search, by=person)
            took = time.process_time() - began
            assert took < SECONDS_AT_MOST, (person.kind, search, took)
    # An owner and a holder read their entries by an index, whatever else the journal holds.
    for person in (bruno, holder(contact.email)):
        plan = plan_of(Search(), person)
        assert "SEARCH journal USING INDEX" in plan
        assert "SCAN journal" not in plan
    for search in (Search(domain=contact.domain), Search(domain=contact.domain, email="x@y.fr")):
        assert "SEARCH journal USING INDEX journal_" in plan_of(search, bruno)


def plan_of(search: Search, by: Actor) -> str:
    """Return how SQLite finds what a search asks for."""
    asked: list[tuple[str, object]] = []
    run = db.execute_sql

    def note(statement: str, values: object = None) -> object:
        asked.append((statement, values))
        return run(statement, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "execute_sql", note)
        read(search, by=by)
    statement, values = asked[-1]
    return "\n".join(row[3] for row in run(f"EXPLAIN QUERY PLAN {statement}", values).fetchall())


def test_a_holder_still_reads_on_when_an_earlier_address_comes_back_under_another_name(
    contact: Address, bruno: Actor, alice: Actor
) -> None:
    kept = addresses.remove(contact, confirmed=True, by=alice)
    make("contact@bonvenon.fr", by=alice, mailbox=True)
    me = holder("contact@bonvenon.fr")
    entering.enter_mailbox(find("contact@bonvenon.fr"), by=alice)
    before = acts(me)

    removal.restore(kept, "older", by=bruno)

    assert "mailbox.entered" in before
    assert acts(me) == before
    assert acts(holder("older@bonvenon.fr")) == ["address.restored"]
