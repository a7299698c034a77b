"""The list of a domain: search, filters, pages, empty states, and what it costs."""

import gzip

import pytest
from playhouse.test_utils import count_queries

from tests.browser_of import FRAGMENT
from tests.web.conftest import LIST, everything, fill
from webmailadmin.mail import addresses, domains
from webmailadmin.models import Address


@pytest.fixture
def crowd(bonvenon, alice):
    """300 addresses beside postmaster@."""
    fill(bonvenon, 300, by=alice)
    return bonvenon


def alias(domain, name, recipients, alice):
    """Add an alias by the rules."""
    address = addresses.add(domain, name, by=alice)
    addresses.save(address, addresses.Wish(1, mailbox=False, recipients=recipients), by=alice)


def all_pages(browser, url, headers):
    """Follow "Show more" to the end; return the addresses of each page."""
    pages = []
    while url:
        reply = browser.open(url, headers=headers)
        assert reply.status == 200
        pages.append(reply.emails())
        url = reply.links().get("Show more")
    return pages


# Paging


def test_no_row_is_lost_or_doubled_over_the_pages_and_postmaster_stands_first(
    browser, crowd, headers
):
    pages = all_pages(browser, LIST, headers)

    assert [len(page) for page in pages] == [51, 50, 50, 50, 50, 50]
    assert [email for page in pages for email in page] == [
        "postmaster@bonvenon.fr",
        *(f"person{n:03d}@bonvenon.fr" for n in range(300)),
    ]


def test_a_search_and_a_filter_are_kept_over_the_pages(browser, crowd, headers):
    pages = all_pages(browser, f"{LIST}?q=person&show=mailboxes", headers)

    assert [email for page in pages for email in page] == [
        f"person{n:03d}@bonvenon.fr" for n in range(0, 300, 3)
    ]


def test_what_follows_comes_without_filters_as_a_fragment_and_whole_as_a_page(browser, crowd):
    more = f"{LIST}?after=person049"

    fragment, page = browser.open(more, headers=FRAGMENT), browser.open(more)

    assert fragment.emails() == page.emails()
    assert (fragment.soup.select_one(".filters"), fragment.soup.select_one("#rows")) == (None, None)
    assert page.soup.select_one(".filters") is not None


def test_an_address_added_between_two_pages_neither_doubles_nor_hides_one(browser, crowd, alice):
    first = browser.open(LIST, headers=FRAGMENT)
    addresses.add(crowd, "aaa", by=alice)
    second = browser.open(first.links()["Show more"], headers=FRAGMENT)

    assert second.emails()[0] == "person050@bonvenon.fr"


def test_a_place_in_the_list_that_was_made_up_breaks_nothing(browser, crowd, headers):
    for after in ("zzzz", "%00", "postmaster", "x" * 5000, "é", "' OR 1=1 --"):
        reply = browser.open(f"{LIST}?after={after}", headers=headers)

        assert (after, reply.status) == (after, 200)
        assert "postmaster@bonvenon.fr" not in reply.emails()


# Search and filters


def test_a_search_finds_names_and_recipients(browser, bonvenon, contact, alice, headers):
    alias(bonvenon, "sales", "Zoe@Shop.org", alice)
    alias(bonvenon, "shop", "ann@x.org", alice)

    for typed, found in {
        "CONT": ["contact@bonvenon.fr"],
        "shop": ["sales@bonvenon.fr", "shop@bonvenon.fr"],
        " zoe@shop.org ": ["sales@bonvenon.fr"],
        "contact@bonvenon.fr": ["contact@bonvenon.fr"],
        "camille": ["postmaster@bonvenon.fr"],
        "nothing like this": [],
    }.items():
        assert (typed, browser.open(f"{LIST}?q={typed}", headers=headers).emails()) == (
            typed,
            found,
        )


def test_a_search_takes_every_character_as_it_is(browser, contact, headers):
    for typed in ("%25", "_", "%5C", "%27", "%00", "x" * 5000, "a%26b", "[a-z]"):
        reply = browser.open(f"{LIST}?q={typed}", headers=headers)

        assert (typed, reply.status, reply.emails()) == (typed, 200, [])


def test_an_underscore_finds_only_underscores(browser, bonvenon, alice, headers):
    addresses.add(bonvenon, "a_b", by=alice)
    addresses.add(bonvenon, "axb", by=alice)

    assert browser.open(f"{LIST}?q=a_b", headers=headers).emails() == ["a_b@bonvenon.fr"]


def test_what_was_searched_stands_in_the_field_and_in_the_words(browser, bonvenon):
    reply = browser.get(f"{LIST}?q=<b>{{{{7*7}}}}")

    assert reply.soup.select_one("#q")["value"] == "<b>{{7*7}}"
    assert "No name and no recipient holds “<b>{{7*7}}”." in reply.words("#found")
    assert "<b>{{7*7}}" not in reply.text


def test_the_filters_show_what_they_say(browser, contact, alice, headers):
    alias(contact.domain, "sales", "ann@x.org", alice)
    alias(contact.domain, "dead", "nobody@bonvenon.fr", alice)
    addresses.add(contact.domain, "fresh", by=alice)

    def shown(name):
        return browser.open(f"{LIST}?show={name}", headers=headers).emails()

    assert shown("mailboxes") == ["contact@bonvenon.fr"]
    assert shown("aliases") == [f"{name}@bonvenon.fr" for name in ("postmaster", "dead", "sales")]
    assert shown("to-look-at") == ["dead@bonvenon.fr", "fresh@bonvenon.fr"]
    assert len(shown("all")) == len(shown("nonsense")) == 5


def test_the_filter_that_is_on_is_marked_and_the_troubled_are_counted(browser, contact, alice):
    addresses.add(contact.domain, "fresh", by=alice)

    reply = browser.get(f"{LIST}?show=to-look-at")

    assert reply.words('.filters a[aria-current="true"]') == "To look at 1"


def test_a_search_without_a_script_keeps_the_filter(browser, contact):
    page = browser.get(f"{LIST}?show=mailboxes")
    form = page.soup.select_one("#search")

    assert form["method"] == "get"
    assert page.soup.select_one('input[name="show"][form="search"]')["value"] == "mailboxes"


# Empty states


def test_an_empty_domain_teaches_its_first_step(browser, bonvenon):
    words = browser.get(LIST).words("#first-steps")

    assert words.startswith("This domain has only postmaster@ so far.")
    assert browser.get(LIST).links()["which record to set"] == f"{LIST}about"


def test_the_first_steps_go_with_the_first_address(browser, bonvenon, headers):
    reply = browser.submit(LIST, "#add-address", {"Name": "sales"}, headers=headers)

    shown = reply.soup.select_one("#first-steps")
    gone = reply.soup.find("hx-partial", attrs={"hx-target": "#first-steps", "hx-swap": "delete"})
    assert (shown, gone is not None) == (None, bool(headers))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?q=zzz", "No name and no recipient holds “zzz”. Show all"),
        ("?show=to-look-at", "Nothing to look at: every address that is on receives its mail."),
        ("?show=mailboxes", "No such address yet."),
    ],
)
def test_nothing_found_is_said(browser, bonvenon, query, words, headers):
    assert browser.open(f"{LIST}{query}", headers=headers).words(".empty").endswith(words)


# Cost


PAGES = [LIST, "/addresses/person001@bonvenon.fr/edit", f"{LIST}removed/", f"{LIST}journal"]


@pytest.mark.parametrize("url", PAGES, ids=["list", "editor", "removed", "journal"])
def test_a_page_asks_the_database_as_often_for_300_rows_as_for_3(
    browser, bonvenon, alice, url, headers
):
    counts = []
    for count, name in ((3, "bonvenon.fr"), (300, "autre.fr")):
        domain = bonvenon
        if name != "bonvenon.fr":
            domain = domains.install(name, "camille@elsewhere.org", by=alice)
        fill(domain, count, by=alice)
        take_some_away(domain, count)
        with count_queries() as counted:
            reply = browser.open(url.replace("bonvenon.fr", name), headers=headers)
        assert reply.status == 200
        counts.append(counted.count)

    assert counts[0] == counts[1] < 25


def take_some_away(domain, count):
    """Write down `count` removed addresses, and a removed mailbox of each that is left."""
    number, name = domain.id, domain.name
    db = Address._meta.database
    with db.atomic():
        for n in range(count):
            db.execute_sql(
                "INSERT INTO removed (domain_id, address_id, email, local_part, kind, recipients,"
                " enabled, version, removed_at, until)"
                " VALUES (?, ?, ?, ?, 'address', 'ann@x.org', 1, 1, unixepoch(),"
                " unixepoch() + 86400)",
                (number, 100000 + n, f"old{n}@{name}", f"old{n}"),
            )
        db.execute_sql(
            "INSERT INTO removed (domain_id, address_id, email, local_part, kind, recipients,"
            " enabled, version, removed_at, until)"
            " SELECT domain_id, id, email, local_part, 'mailbox', '', 1, 1, unixepoch(),"
            " unixepoch() + 86400 FROM address WHERE domain_id = ?",
            (number,),
        )


def test_the_first_view_of_300_addresses_is_light(browser, crowd):
    """As a browser gets it for the first time: the page, and all that it names."""
    page = browser.open(LIST, headers={"Accept-Encoding": "gzip, br"})
    files = [link["href"] for link in page.soup.select("link[href]:not([href^='data:'])")]
    files += [script["src"] for script in page.soup.select("script[src]")]
    files += [image["src"] for image in page.soup.select("img[src]")]
    weights = {LIST: len(gzip.compress(page.body)) if packed(page) else len(page.body)}
    for url in files:
        file = browser.open(url, headers={"Accept-Encoding": "gzip, br"})
        assert (file.status, file.headers["Content-Encoding"]) == (200, "gzip")
        weights[url] = len(file.body)

    assert len(weights) <= 4, weights
    assert sum(weights.values()) <= 60 * 1024, weights
    assert all(url.startswith("/") for url in weights)


def packed(page):
    """Say whether the page itself came compressed."""
    return page.headers.get("Content-Encoding") == "gzip"


def test_a_list_that_was_only_read_changes_nothing(browser, crowd):
    before = everything()

    for query in ("", "?q=person", "?show=aliases", "?after=person100"):
        browser.get(f"{LIST}{query}")

    assert everything() == before
