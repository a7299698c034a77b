"""The list: search, filters, pages; postmaster@ first."""

from datetime import timedelta

import pytest
from playhouse.test_utils import count_queries

from tests.mail.stage import find, install, make, save
from webmailadmin.mail import addresses, domains, listing
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.filters import Show, count
from webmailadmin.models import Address, Domain, Removed, now


@pytest.fixture
def mixed(contact: Address, autre: Domain, alice: Actor) -> Domain:
    """A domain with an address of each kind."""
    make("alias@bonvenon.fr", by=alice, recipients=["far@x.org", "missing@bonvenon.fr"])
    make(
        "both@bonvenon.fr", by=alice, mailbox=True, recipients=["contact@bonvenon.fr"], quota_mb="0"
    )
    make("dead@bonvenon.fr", by=alice, recipients=["off@autre.fr"])
    make("empty@bonvenon.fr", by=alice)
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    make("x_y@bonvenon.fr", by=alice, recipients=["percent@x-y.org"])
    return contact.domain


def names(domain: Domain, search: str = "", show: Show = Show.ALL, after: str = "") -> list[str]:
    """Return the local parts on a page of the list."""
    return [
        row.local_part for row in listing.page(domain, search, show, after, by=COMMAND_LINE).rows
    ]


def test_postmaster_stands_first_and_the_others_by_name(mixed: Domain) -> None:
    assert names(mixed) == [
        *("postmaster", "alias", "both", "contact", "dead", "empty", "off", "x_y")
    ]
    assert [row.required for row in listing.page(mixed, by=COMMAND_LINE).rows] == [True] + [
        False
    ] * 7


@pytest.mark.parametrize(
    ("show", "wanted"),
    [
        (Show.ALL, ["postmaster", "alias", "both", "contact", "dead", "empty", "off", "x_y"]),
        (Show.MAILBOXES, ["both", "contact", "off"]),
        (Show.ALIASES, ["postmaster", "alias", "dead", "x_y"]),
        (Show.TO_LOOK_AT, ["alias", "dead", "empty"]),
    ],
)
def test_each_filter_shows_what_it_says(show: Show, wanted: list[str], mixed: Domain) -> None:
    assert names(mixed, show=show) == wanted


def test_what_wants_to_be_looked_at_is_counted(mixed: Domain) -> None:
    assert count(mixed, Show.TO_LOOK_AT)[Show.TO_LOOK_AT] == 3


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("con", ["both", "contact"]),
        (" CONTACT ", ["both", "contact"]),
        ("contact@bonvenon.fr", ["both", "contact"]),
        ("far@x.org", ["alias"]),
        ("autre.fr", ["dead"]),
        ("x_y", ["x_y"]),
        ("_", ["x_y"]),
        ("%", []),
        ("\\", []),
        ("'", []),
        ("\0", []),
        ("post", ["postmaster"]),
        ("nothing of that", []),
        ("far@x.org" + "x" * 200, []),
        ("   ", ["postmaster", "alias", "both", "contact", "dead", "empty", "off", "x_y"]),
    ],
)
def test_the_search_finds_parts_of_names_and_of_recipients(
    search: str, wanted: list[str], mixed: Domain
) -> None:
    assert names(mixed, search) == wanted


def test_search_and_filter_narrow_together(mixed: Domain) -> None:
    assert names(mixed, "o", Show.MAILBOXES) == ["both", "contact", "off"]
    assert names(mixed, "o", Show.ALIASES) == ["postmaster", "alias", "dead", "x_y"]
    assert names(mixed, "far", Show.TO_LOOK_AT) == ["alias"]


def test_a_whole_address_is_found_with_the_accents_of_its_domain(alice: Actor) -> None:
    domain = install("été.fr", by=alice)
    make("ann@xn--t-9fab.fr", by=alice)

    for search in ("ann@été.fr", "ANN@ÉTÉ.FR", "ann@xn--t-9fab.fr"):
        assert names(domain, search) == ["ann"]


def test_a_row_tells_all_of_its_address(mixed: Domain) -> None:
    rows = {row.local_part: row for row in listing.page(mixed, by=COMMAND_LINE).rows}

    alias, both, contact = rows["alias"], rows["both"], rows["contact"]
    assert (alias.has_mailbox, alias.quota_mb, alias.receives) == (False, None, True)
    assert alias.recipients == [("far@x.org", True), ("missing@bonvenon.fr", False)]
    assert (both.has_mailbox, both.quota_mb) == (True, 0)
    assert (contact.quota_mb, contact.recipients, contact.removed) == (1024, [], None)
    assert (rows["off"].enabled, rows["off"].receives) == (False, False)
    assert (rows["dead"].enabled, rows["dead"].receives) == (True, False)
    for name, row in rows.items():
        assert listing.row(find(f"{name}@bonvenon.fr"), by=COMMAND_LINE) == row


def test_a_row_tells_of_the_mailbox_that_can_come_back(contact: Address, alice: Actor) -> None:
    kept = save(contact.email, by=alice, mailbox=False, may_remove=True).removed
    assert listing.row(contact, by=COMMAND_LINE).removed == kept

    save(contact.email, by=alice, mailbox=True)
    assert listing.row(contact, by=COMMAND_LINE).removed is None

    second = save(contact.email, by=alice, mailbox=False, may_remove=True).removed
    assert listing.row(contact, by=COMMAND_LINE).removed == second

    Removed.update(until=now() - timedelta(seconds=1)).execute()
    assert listing.row(contact, by=COMMAND_LINE).removed is None


def test_a_deleted_address_offers_no_mailbox_to_one_of_the_same_name(
    contact: Address, alice: Actor
) -> None:
    addresses.remove(contact, confirmed=True, by=alice)
    make(contact.email, by=alice)

    assert listing.row(find(contact.email), by=COMMAND_LINE).removed is None


def test_pages_follow_each_other_without_gap_or_double(bonvenon: Domain, alice: Actor) -> None:
    for number in range(120):
        addresses.add(bonvenon, f"n{number:03}", by=alice)
    seen, after, pages = [], "", 0
    while True:
        page = listing.page(bonvenon, after=after, by=COMMAND_LINE)
        seen += [row.local_part for row in page.rows]
        pages += 1
        if page.after is None:
            break
        after = page.after

    assert seen == ["postmaster", *(f"n{number:03}" for number in range(120))]
    assert pages == 3


@pytest.mark.parametrize("count", [listing.PAGE - 1, listing.PAGE, listing.PAGE + 1])
def test_more_is_offered_only_when_there_is_more(
    count: int, bonvenon: Domain, alice: Actor
) -> None:
    for number in range(count):
        addresses.add(bonvenon, f"n{number:03}", by=alice)

    page = listing.page(bonvenon, by=COMMAND_LINE)

    assert page.after == (None if count <= listing.PAGE else f"n{listing.PAGE - 1:03}")
    assert len(page.rows) == 1 + min(count, listing.PAGE)


def test_a_search_goes_on_over_pages(bonvenon: Domain, alice: Actor) -> None:
    for number in range(60):
        addresses.add(bonvenon, f"n{number:03}", by=alice)
        addresses.add(bonvenon, f"other{number:03}", by=alice)

    first = listing.page(bonvenon, "n0", by=COMMAND_LINE)
    assert first.after is not None
    second = listing.page(bonvenon, "n0", after=first.after, by=COMMAND_LINE)

    found = [row.local_part for row in [*first.rows, *second.rows]]
    assert found == [f"n{number:03}" for number in range(60)]


def test_a_domain_lists_its_own_addresses_only(mixed: Domain, alice: Actor) -> None:
    (autre,) = [d for d in domains.list_for(alice) if d.name == "autre.fr"]

    assert names(autre) == ["postmaster"]
    assert names(autre, "contact") == []
    assert count(autre, Show.TO_LOOK_AT)[Show.TO_LOOK_AT] == 0


def test_three_hundred_rows_cost_no_more_queries_than_three(bonvenon: Domain, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["far@x.org"])
    with count_queries() as few:
        listing.page(bonvenon, by=COMMAND_LINE)
    for number in range(60):
        addresses.add(bonvenon, f"n{number:03}", by=alice)

    with count_queries() as many:
        listing.page(bonvenon, by=COMMAND_LINE)

    assert many.count == few.count > 0


def test_what_to_look_at_is_counted_to_a_hundred(bonvenon, alice):
    for number in range(101):
        addresses.add(bonvenon, f"empty{number}", by=alice)

    assert count(bonvenon, Show.TO_LOOK_AT)[Show.TO_LOOK_AT] == 100
