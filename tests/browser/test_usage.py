"""What mailboxes hold: the bar that brings itself up to date, the limit that warns, the filters."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import DESKTOP, PHONE, Held, OpenPage
from tests.browser.pages import CONTACT, choose, entry
from tests.browser.panel import Panel
from tests.browser.words import ENGLISH, Words
from tests.helper_of import Helper, helper_at
from webmailadmin.mail import mailboxes, routing, usage
from webmailadmin.mail.usage import MB
from webmailadmin.models import now

LIST = "/domains/bonvenon.fr/"
ASKED = "**/usage"


@pytest.fixture
def helper(panel: Panel) -> Iterator[Helper]:
    """A helper whose homes hold 1,204 messages of 300 MB."""
    with helper_at(panel.helper_socket) as helper:
        helper.holds(1204, 300 * MB)
        yield helper


@pytest.fixture
def known(panel: Panel, bonvenon: str) -> None:
    """contact@ held 212 MB of its 1 GB eight minutes ago."""
    panel.add(CONTACT, mailbox=True)
    at = now() - timedelta(minutes=8)
    with panel.rules():
        box = mailboxes.of(routing.address_of(CONTACT))
        usage.note_all([usage.Answer(box.id, 12, 212 * MB, at, at)])


def test_the_editor_opens_at_once_and_its_bar_brings_itself_up_to_date(
    open_page: OpenPage, known: None, helper: Helper
) -> None:
    page = open_page(LIST)
    page.evaluate("window.neverReloaded = true")
    held = Held()
    page.route(ASKED, held.hold)
    pages.edit(page, ENGLISH, CONTACT)
    bar, limit = page.locator(".held"), page.get_by_label(ENGLISH.size_limit)
    expect(bar).to_contain_text("212 MB of 1 GB")
    expect(bar).to_contain_text("as of")
    limit.fill("2048")

    held[0].continue_()

    expect(bar).to_contain_text("300 MB of 1 GB")
    expect(bar).to_contain_text("1,204 messages")
    expect(bar).not_to_contain_text("as of")
    expect(entry(page, CONTACT).locator(".row .way")).to_have_text("300 MB of 1 GB")
    expect(page.locator("#facts")).to_contain_text("300 MB used, 1 GB allocated")
    expect(limit).to_be_focused()
    expect(limit).to_have_value("2048")
    assert page.evaluate("window.neverReloaded")
    assert len(helper.asked) == 1

    page.locator(".doing").get_by_text(ENGLISH.cancel).click()
    expect(entry(page, CONTACT).locator(".way")).to_have_text("300 MB of 1 GB")


@pytest.mark.parametrize("left", ["closed", "chosen"])
def test_an_answer_that_comes_when_nobody_waits_for_it_any_more_disturbs_nothing(
    open_page: OpenPage, known: None, helper: Helper, left: str
) -> None:
    page = open_page(LIST)
    held = Held()
    page.route(ASKED, held.hold)
    pages.edit(page, ENGLISH, CONTACT)
    if left == "closed":
        page.locator(".doing").get_by_text(ENGLISH.cancel).click()
        expect(page.locator(".editor")).to_have_count(0)
    else:
        choose(page, ENGLISH.no)
        expect(page.locator("[name=may_remove]")).to_be_visible()
    with page.expect_response(ASKED):
        held[0].continue_()

    page.wait_for_timeout(200)
    expect(page.locator("#notice")).to_be_empty()
    expect(page.locator(".entry")).to_have_count(2)
    expect(page.locator(".held")).to_have_count(0)


def test_without_a_helper_the_numbers_stay_as_they_are_known(
    open_page: OpenPage, known: None
) -> None:
    page = open_page(LIST)
    with page.expect_response(ASKED):
        pages.edit(page, ENGLISH, CONTACT)

    expect(page.locator(".held")).to_contain_text(re.compile("212 MB of 1 GB.*as of", re.DOTALL))
    expect(page.locator(".held button")).to_be_hidden()
    expect(page.locator("#notice")).to_be_empty()


def test_a_limit_below_what_is_used_warns_while_it_is_typed_and_is_saved_at_once(
    open_page: OpenPage, known: None
) -> None:
    page = open_page(LIST)
    pages.edit(page, ENGLISH, CONTACT)
    limit, warning = page.get_by_label(ENGLISH.size_limit), page.locator(".held .warn")
    limit.fill("100")
    expect(warning).to_contain_text("The mailbox holds 212 MB already: with a limit of 100 MB")
    expect(page.locator(".editor > .outcome")).to_contain_text("in a mailbox of 100 MB")
    limit.fill("1000")
    expect(warning).to_have_count(0)
    limit.fill("100")
    expect(warning).to_be_visible()
    expect(limit).to_be_focused()
    pages.save(page, ENGLISH)

    expect(pages.toast(page)).to_be_visible()
    expect(entry(page, CONTACT).locator(".way")).to_have_text("212 MB of 100 MBfull")


def test_who_is_quicker_than_the_warning_meets_it_before_the_save(
    open_page: OpenPage, watch, known: None
) -> None:
    watch.expect(422)
    watch.expect_aborted()
    page = open_page(LIST)
    pages.edit(page, ENGLISH, CONTACT)
    page.get_by_label(ENGLISH.size_limit).fill("100")
    page.get_by_label(ENGLISH.size_limit).press("Enter")

    expect(page.locator(".held .warn")).to_contain_text("Save once more")
    expect(page.get_by_label(ENGLISH.size_limit)).to_be_focused()
    page.keyboard.press("Enter")
    expect(entry(page, CONTACT).locator(".way")).to_have_text("212 MB of 100 MBfull")


def test_the_other_filters_drop_down_and_go_away_again(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.fill(bonvenon, 30)
    panel.use()
    page = open_page(LIST)
    more = page.locator(".others summary")
    choices = page.locator(".others div")
    more.press("Enter")
    expect(choices).to_be_visible()
    page.keyboard.press("Escape")
    expect(choices).to_be_hidden()
    more.click()
    expect(choices).to_be_visible()
    page.locator("h1").click()
    expect(choices).to_be_hidden()
    more.click()
    choices.get_by_text("Never used").click()

    expect(page).to_have_url(re.compile("show=never-used"))
    expect(page.locator(".others summary[aria-current]")).to_contain_text("Never used")
    expect(choices).to_be_hidden()
    expect(page.locator("#rows .row")).to_have_count(3)
    page.reload()
    expect(page.locator("#rows .row")).to_have_count(3)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_rows_with_numbers_fit_and_keep_their_height(
    open_page: OpenPage, panel: Panel, bonvenon: str, words: Words, size: dict[str, int]
) -> None:
    for number in range(8):
        to = "somebody.with.a.long.name@a-long-domain-name.example" if number % 2 else ""
        panel.add(f"firstname.lastname{number}@bonvenon.fr", to, mailbox=True)
    panel.use(now=now() - timedelta(days=12))
    page = open_page(LIST, language=words.language, size=size)

    assert page.locator("meter").count() == 8
    assert fits(page)
    if size is DESKTOP:
        heights = page.locator("#rows .row").evaluate_all("rows => rows.map(r => r.offsetHeight)")
        assert all(32 <= height <= 36 for height in heights), heights
        lefts = page.locator(".row .last").evaluate_all(
            "cells => cells.map(c => c.getBoundingClientRect().x)"
        )
        assert len(set(lefts)) == 1, "one column"
    page.locator(".others summary").click()
    assert fits(page)
    inside = page.locator(".others div").bounding_box()
    assert inside is not None
    assert inside["x"] >= 0
    assert inside["x"] + inside["width"] <= size["width"]


def fits(page: Page) -> bool:
    """Say whether nothing stands out to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
