"""What mailboxes hold: written down, summed up, filtered by, and held against size limits."""

import time
from datetime import timedelta

import pytest

from tests.mail import truth
from tests.mail.stage import domain_of, everything, find, install, make, save, sql
from webmailadmin.database import db
from webmailadmin.mail import (
    addresses,
    filters,
    listing,
    mailboxes,
    removal,
    removed_domains,
    usage,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.errors import Several
from webmailadmin.mail.errors_of_mailboxes import LimitBelowUse
from webmailadmin.mail.errors_of_passwords import PasswordTooShort
from webmailadmin.mail.filters import Show
from webmailadmin.mail.usage import MB
from webmailadmin.models import Address, Domain, Mailbox, Usage, now

CONTACT = "contact@bonvenon.fr"
MANY = 1100


def box_of(address: Address) -> Mailbox:
    """Return the mailbox behind an address."""
    box = mailboxes.of(address)
    assert box is not None
    return box


def use(email: str, size: int, days: int | None = 0) -> None:
    """Let a mailbox hold so many bytes; its last log-in was so many days ago, or never."""
    last = None if days is None else now() - timedelta(days=days)
    usage.note(box_of(find(email)), 1, size, last)


def sums(name: str = "bonvenon.fr") -> tuple[int, int, int]:
    """Return what a domain holds in bytes, what it may in MB, and its mailboxes without limit."""
    domain = domain_of(name)
    return domain.used_bytes, domain.allocated_mb, domain.unlimited


def names(domain: Domain, show: Show, search: str = "") -> list[str]:
    """Return the local parts that a filter shows."""
    return [row.local_part for row in listing.page(domain, search, show, by=COMMAND_LINE).rows]


# Written down


def test_what_was_asked_last_counts_and_a_log_in_is_never_forgotten(contact: Address) -> None:
    box, yesterday = box_of(contact), now() - timedelta(days=1)
    assert usage.of(box) is None

    usage.note(box, 3, 5000, yesterday)
    usage.note(box, 4, 7000, None)

    held = usage.of(box)
    assert held is not None
    assert (held.messages, held.bytes, held.last_log_in) == (4, 7000, yesterday)
    assert now() - held.at < timedelta(minutes=1)


def test_what_a_purged_mailbox_held_is_passed_over(contact: Address) -> None:
    box = box_of(contact)
    gone = Mailbox(id=box.id + 1)
    before = everything()

    usage.note(gone, 3, 5000, None)

    assert everything() == before


# Sums


def test_used_and_allocated_are_summed_apart_whatever_becomes_of_a_mailbox(
    contact: Address, alice: Actor
) -> None:
    make("free@bonvenon.fr", by=alice, mailbox=True, quota_mb="0")
    make("alias@bonvenon.fr", by=alice, recipients=["ann@x.org"])
    assert sums() == (0, 1024, 1)

    use(CONTACT, 3000)
    use("free@bonvenon.fr", 500)
    assert sums() == (3500, 1024, 1)
    use(CONTACT, 2000)
    assert sums() == (2500, 1024, 1)
    save(CONTACT, by=alice, quota_mb="0")
    save("free@bonvenon.fr", by=alice, quota_mb="10")
    assert sums() == (2500, 10, 1)
    kept = addresses.remove(find(CONTACT), confirmed=True, by=alice)
    assert sums() == (500, 10, 0)
    truth.check()

    removal.restore(kept, by=alice)
    assert sums() == (2500, 10, 1)
    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    truth.check()
    removed_domains.bring_back(contact.domain.id, by=alice)
    assert sums() == (2500, 10, 1)
    truth.check()


def test_a_removed_mailbox_keeps_what_it_held_last(contact: Address, alice: Actor) -> None:
    use(CONTACT, 3000)
    kept = addresses.remove(contact, confirmed=True, by=alice)

    held = usage.of(kept.mailbox)
    assert held is not None
    assert (held.bytes, held.domain) == (3000, None)


# Filters


@pytest.fixture
def mixed(contact: Address, autre: Domain, alice: Actor) -> Domain:
    """Mailboxes of 100 MB, each holding another share of them, and some beside."""
    for number, percent in enumerate((0, 79, 80, 98, 99, 100, 130)):
        email = f"at{percent}@bonvenon.fr"
        make(email, by=alice, mailbox=True, quota_mb="100")
        use(email, percent * MB, days=(None, 0, 100, 182, 184, 400, None)[number])
    make("free@bonvenon.fr", by=alice, mailbox=True, quota_mb="0")
    use("free@bonvenon.fr", 10**12, days=200)
    make("full@autre.fr", by=alice, mailbox=True, quota_mb="1")
    use("full@autre.fr", MB, days=None)
    return contact.domain


FOUND = {
    Show.NEARLY_FULL: ["at100", "at130", "at80", "at98", "at99"],
    Show.FULL: ["at100", "at130", "at99"],
    Show.UNUSED: ["at100", "at99", "free"],
    Show.NEVER_USED: ["at0", "at130"],
}


@pytest.mark.parametrize("few", [0, 1000], ids=["many", "few"])
@pytest.mark.parametrize("show", FOUND)
def test_each_filter_shows_and_counts_what_it_says(
    show: Show, few: int, mixed: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "FEW", few)

    assert names(mixed, show) == FOUND[show]
    assert filters.count(mixed, show) == {show: len(FOUND[show])}
    assert names(mixed, show, "at1") == [name for name in FOUND[show] if name.startswith("at1")]
    assert names(mixed, show, "nothing") == []


def test_a_mailbox_that_was_never_asked_is_in_no_filter(mixed: Domain) -> None:
    """Nobody knows whether it was never used."""
    assert not any("contact" in names(mixed, show) for show in FOUND)
    assert listing.row(find(CONTACT), by=COMMAND_LINE).used is None


def test_a_filter_follows_the_size_limit_and_the_removal(mixed: Domain, alice: Actor) -> None:
    save("at80@bonvenon.fr", by=alice, quota_mb="1000")
    addresses.remove(find("at98@bonvenon.fr"), confirmed=True, by=alice)

    assert names(mixed, Show.NEARLY_FULL) == ["at100", "at130", "at99"]
    truth.check()


def test_filters_go_on_over_pages(bonvenon: Domain, alice: Actor) -> None:
    fill(bonvenon, 120)

    for show in (Show.NEARLY_FULL, Show.NEVER_USED):
        found, after = [], ""
        for _ in range(3):
            page = listing.page(bonvenon, "", show, after, by=COMMAND_LINE)
            found += [row.local_part for row in page.rows]
            after = page.after or ""
        assert (found, after) == ([f"n{number:06}" for number in range(120)], "")


def fill(domain: Domain, count: int) -> None:
    """Give a domain nearly full mailboxes of which no one was ever used."""
    numbers = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)"
    with db.atomic():
        sql(
            f"""INSERT INTO address (domain_id, local_part, email, enabled, receives, created_at)
            {numbers} SELECT ?, printf('n%06d', i), printf('n%06d@bonvenon.fr', i), 1, 1, 1
            FROM n""",
            count,
            domain.id,
        )
        sql(
            """INSERT INTO mailbox (address_id, home, password, quota_mb, created_at)
            SELECT id, lower(hex(randomblob(16))), 'x', 1, 1 FROM address
            WHERE local_part != 'postmaster'"""
        )
        sql(
            """INSERT INTO usage (mailbox_id, messages, bytes, warned, at)
            SELECT id, 1, 900000, 0, unixepoch() FROM mailbox"""
        )


@pytest.mark.parametrize("show", FOUND)
def test_no_filter_reads_the_whole_domain(show: Show, bonvenon: Domain) -> None:
    """Of few, only they are read; of many, the list is read in its order until a page is full."""
    fill(bonvenon, MANY)
    steps = plan(bonvenon, show)
    assert any("USING COVERING INDEX usage_" in step for step in steps)
    assert not any(step.startswith("SCAN") for step in steps)

    before = time.process_time()
    listing.page(bonvenon, "", show, by=COMMAND_LINE)
    assert time.process_time() - before < 0.5


def plan(domain: Domain, show: Show) -> list[str]:
    """Return how SQLite finds the page of a filter, and its count."""
    asked = {**filters.values(domain), "after": "", "postmaster": "", "limit": 51, "most": 100}
    parts = (listing.ROWS, filters.AMONG_FEW, listing.OTHERS)
    page = " ".join(parts).format(condition=filters.USED[show])
    count = f"SELECT count(*) FROM ({filters.COUNTED[show]} LIMIT :most)"
    found = []
    for statement in (page, count):
        used = {name: value for name, value in asked.items() if f":{name}" in statement}
        rows = db.execute_sql(f"EXPLAIN QUERY PLAN {statement}", used).fetchall()
        found += [step for *_, step in rows if step != "SCAN (subquery-1)"]
    return found


# Size limits


def test_a_limit_below_what_is_used_is_said_first_and_allowed(
    contact: Address, alice: Actor
) -> None:
    use(CONTACT, 300 * MB)
    before = everything()

    with pytest.raises(LimitBelowUse) as caught:
        save(CONTACT, by=alice, quota_mb="200")
    assert caught.value.values == {"bytes": 300 * MB, "limit": 200}
    with pytest.raises(LimitBelowUse):
        save(CONTACT, by=alice, quota_mb="200", agreed_quota="100")
    assert everything() == before

    save(CONTACT, by=alice, quota_mb="200", agreed_quota="200")
    assert box_of(find(CONTACT)).quota_mb == 200
    assert listing.row(find(CONTACT), by=COMMAND_LINE).used.percent == 150
    save(CONTACT, by=alice, recipients=["ann@x.org"])  # the limit stays, nothing is new


@pytest.mark.parametrize("quota_mb", ["300", "1000", "0"])
def test_a_limit_that_holds_what_is_used_is_set_at_once(
    quota_mb: str, contact: Address, alice: Actor
) -> None:
    use(CONTACT, 300 * MB)

    save(CONTACT, by=alice, quota_mb=quota_mb)

    assert box_of(find(CONTACT)).quota_mb == int(quota_mb)


def test_a_small_limit_is_said_together_with_what_else_is_wrong(
    contact: Address, alice: Actor
) -> None:
    use(CONTACT, 300 * MB)

    with pytest.raises(Several) as caught:
        save(CONTACT, by=alice, quota_mb="200", password="short", confirmation="short")

    assert {type(part) for part in caught.value.parts()} == {LimitBelowUse, PasswordTooShort}


def test_nothing_is_said_as_long_as_nothing_is_known(contact: Address, alice: Actor) -> None:
    save(CONTACT, by=alice, quota_mb="1")

    assert box_of(find(CONTACT)).quota_mb == 1


# Whom to ask next


def test_those_are_asked_whose_numbers_are_missing_or_old_by_their_number(
    contact: Address, alice: Actor
) -> None:
    install("petit.fr", by=alice)
    ids = [box_of(contact).id]
    ids += [box_of(make(f"n{n}@petit.fr", by=alice, mailbox=True)).id for n in range(4)]
    use("n1@petit.fr", 5)
    use("n2@petit.fr", 5)
    old = now() - usage.GOOD_FOR - timedelta(seconds=1)
    Usage.update(at=old).where(Usage.mailbox << ids[2:4]).execute()

    def asked(after: int, most: int) -> list[int]:
        return [id_ for id_, _ in usage.next_to_ask(after, most)]

    assert asked(0, 10) == ids
    use("n2@petit.fr", 6)
    assert asked(0, 10) == [*ids[:3], ids[4]]
    assert asked(0, 2) == ids[:2]
    assert asked(ids[1], 10) == [ids[2], ids[4]]
    assert usage.next_to_ask(0, 1) == [(ids[0], box_of(contact).home)]


def test_a_removed_mailbox_is_asked_only_if_it_never_was(contact: Address, alice: Actor) -> None:
    known = make("known@bonvenon.fr", by=alice, mailbox=True)
    use(known.email, 5)
    Usage.update(at=now() - timedelta(days=1)).execute()
    home = box_of(contact).home
    for address in (contact, known):
        addresses.remove(find(address.email), confirmed=True, by=alice)

    assert [home for _, home in usage.next_to_ask(0, 10)] == [home]
