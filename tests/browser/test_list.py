"""The list: search, filters, more, and the URL that remembers them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import Held, OpenPage
from tests.browser.pages import edit_link
from tests.browser.panel import Panel
from tests.browser.watch import Watch
from tests.browser.words import ENGLISH

LIST = "/domains/bonvenon.fr/"


@pytest.fixture
def full(panel: Panel, bonvenon: str) -> None:
    """The domain has 60 addresses beside postmaster@."""
    panel.fill(bonvenon, 60)


def rows(page: Page) -> list[str]:
    """Return the names in the list, from top to bottom."""
    return [text.split("@")[0] for text in page.locator("#rows .email").all_inner_texts()]


def search(page: Page, text: str) -> None:
    """Type into the search, letter by letter."""
    page.get_by_label(ENGLISH.search).press_sequentially(text)


def test_typing_searches_names_and_recipients_and_the_url_remembers(
    open_page: OpenPage, watch: Watch, full: None
) -> None:
    watch.expect_aborted()  # a search that the next letter replaces
    page = open_page(LIST)
    page.evaluate("window.neverReloaded = true")
    search(page, "person1")
    expect(page.locator("#rows .row")).to_have_count(10)
    expect(page).to_have_url(re.compile(r"\?.*q=person1"))
    expect(page.get_by_label(ENGLISH.search)).to_be_focused()
    page.get_by_label(ENGLISH.search).fill("")
    search(page, "home31@")
    expect(page.locator("#rows .row")).to_have_count(1)
    assert rows(page) == ["person31"]
    assert page.evaluate("window.neverReloaded")

    page.reload()
    assert rows(page) == ["person31"]
    expect(page.get_by_label(ENGLISH.search)).to_have_value("home31@")
    page.get_by_label(ENGLISH.search).fill("nobody")
    expect(page.locator("#found .empty")).to_contain_text("nobody")
    page.locator("#found .empty a").click()
    expect(page.locator("#rows .row")).to_have_count(51)
    expect(page.get_by_label(ENGLISH.search)).to_have_value("")


def test_filter_and_search_go_together_and_back_goes_back(
    open_page: OpenPage, watch: Watch, full: None
) -> None:
    watch.expect_aborted()
    page = open_page(LIST)
    page.locator(".filters").get_by_text("Mailboxes").click()
    expect(page.locator(".filters [aria-current]")).to_have_text("Mailboxes")
    expect(page).to_have_url(re.compile("show=mailboxes"))
    expect(page.locator("#rows .row")).to_have_count(20)
    search(page, "person1")
    expect(page.locator("#rows .row")).to_have_count(3)
    expect(page).to_have_url(re.compile("q=person1"))
    expect(page).to_have_url(re.compile("show=mailboxes"))

    page.reload()
    expect(page.locator("#rows .row")).to_have_count(3)
    page.locator(".filters").get_by_text("Aliases").click()
    expect(page.locator("#rows .row")).to_have_count(7)
    page.go_back()
    expect(page.locator("#rows .row")).to_have_count(3)
    expect(page.locator(".filters [aria-current]")).to_have_text("Mailboxes")
    expect(page.get_by_label(ENGLISH.search)).to_have_value("person1")
    page.go_forward()
    expect(page.locator("#rows .row")).to_have_count(7)
    expect(page.locator(".filters [aria-current]")).to_have_text("Aliases")


def test_more_brings_the_rows_that_follow_each_once(open_page: OpenPage, full: None) -> None:
    page = open_page(LIST)
    expect(page.locator("#rows .row")).to_have_count(51)
    page.locator("#more a").click()
    expect(page.locator("#rows .row")).to_have_count(61)
    expect(page.locator("#more")).to_have_count(0)
    assert rows(page) == ["postmaster", *(f"person{n:02}" for n in range(60))]


def test_back_from_an_editor_gives_the_whole_list_and_forward_the_editor(
    open_page: OpenPage, full: None
) -> None:
    page = open_page(LIST + "?q=person2")
    pages.edit(page, ENGLISH, "person20@bonvenon.fr")
    expect(page).to_have_url(re.compile("/addresses/person20@bonvenon.fr/edit$"))
    page.reload()
    expect(page.locator(".editor")).to_be_visible()
    page.go_back()
    expect(page.locator(".editor")).to_have_count(0)
    expect(page.locator("#rows .row")).to_have_count(10)
    is_a_whole_page(page)
    page.go_forward()
    expect(page.locator(".editor")).to_be_visible()
    is_a_whole_page(page)
    page.locator(".editor").get_by_text(ENGLISH.cancel).click()
    expect(page.locator(".editor")).to_have_count(0)


def is_a_whole_page(page: Page) -> None:
    """See that there is one menu, one heading, one list, in their places."""
    for part in ("header.menu", "main h1", "#rows", "#toast", "#notice", "#add-address"):
        expect(page.locator(part)).to_have_count(1)
    assert page.evaluate("getComputedStyle(document.body).display") == "grid"


def test_the_answer_to_an_old_search_never_covers_the_new_one(
    open_page: OpenPage, watch: Watch, full: None
) -> None:
    watch.expect_aborted()
    page = open_page(LIST)
    held = Held()
    page.route(re.compile(r"q=person1(&|$)"), held.hold)
    page.get_by_label(ENGLISH.search).fill("person1")
    page.wait_for_function("() => document.querySelector('#search').matches(':has(.htmx-request)')")
    page.get_by_label(ENGLISH.search).fill("person33")
    expect(page.locator("#rows .row")).to_have_count(1)
    for route in held:
        route.abort()
    assert rows(page) == ["person33"]
    expect(page).to_have_url(re.compile("q=person33"))


def test_a_slow_answer_changes_nothing_until_it_is_there(
    open_page: OpenPage, panel: Panel, full: None
) -> None:
    page = open_page(LIST)
    held = Held()
    page.route("**/edit", held.hold)
    with page.expect_request("**/edit"):
        edit_link(page, ENGLISH, "person07@bonvenon.fr").click()
    before = rows(page)
    assert len(before) == len(set(before)) == 51
    expect(page.locator(".editor")).to_have_count(0)
    held[0].continue_()
    expect(page.locator(".editor")).to_be_visible()
    assert rows(page) == before
    is_a_whole_page(page)
