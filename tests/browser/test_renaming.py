"""Renaming in the row, without a reload, by keyboard; and the bin searched as one types."""

import re

from playwright.sync_api import expect

from tests.browser import pages
from tests.browser.conftest import OpenPage
from tests.browser.pages import CONTACT, edit_link, entry, toast
from tests.browser.panel import Panel
from tests.browser.watch import Watch
from tests.browser.words import ENGLISH, Words

ANN = "ann@bonvenon.fr"


def test_a_mailbox_is_renamed_in_its_row_by_keyboard_without_a_reload(
    open_page: OpenPage, panel: Panel, watch: Watch, words: Words, bonvenon: str
) -> None:
    watch.expect(422)  # of the name that is taken
    panel.add(CONTACT, mailbox=True)
    panel.add("info@bonvenon.fr", "ann@x.org")
    page = open_page("/domains/bonvenon.fr/", language=words.language)
    page.evaluate("window.neverReloaded = true")
    pages.edit(page, words, CONTACT)
    page.get_by_role("link", name=words.rename).focus()
    page.keyboard.press("Enter")
    name = page.get_by_label(words.new_name, exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_value("contact")

    # What stands there is selected: the first key replaces it.
    page.keyboard.type("info")
    page.keyboard.press("Enter")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    expect(entry(page, CONTACT).locator(".message")).to_contain_text("info-2")

    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text(ANN)
    expect(edit_link(page, words, ANN)).to_be_focused()
    expect(entry(page, ANN).locator(".programs")).to_contain_text(ANN)
    expect(entry(page, CONTACT).locator(".way")).to_have_text(ANN)
    expect(pages.count_in_menu(page)).to_have_text("4")
    expect(page).to_have_url(re.compile(f"/addresses/{ANN}/edit"))
    assert page.evaluate("window.neverReloaded")

    page.reload()
    expect(entry(page, ANN).locator(".editor")).to_be_visible()


def test_a_rename_taken_back_leaves_one_row_of_each_name(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.add(CONTACT, mailbox=True)
    page = open_page("/domains/bonvenon.fr/")
    for old, new in ((CONTACT, "ann"), (ANN, "contact")):
        pages.edit(page, ENGLISH, old)
        page.get_by_role("link", name=ENGLISH.rename).click()
        page.get_by_label(ENGLISH.new_name, exact=True).fill(new)
        page.keyboard.press("Enter")
        expect(toast(page)).to_contain_text(f"is {new}@bonvenon.fr now.")

    expect(entry(page, CONTACT)).to_have_count(1)
    expect(entry(page, CONTACT).locator(".way")).to_contain_text("1 GB")
    expect(entry(page, ANN)).to_have_count(1)
    expect(entry(page, ANN).locator(".way")).to_have_text(CONTACT)


def test_escape_and_cancel_lead_back_to_the_editor(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.add(CONTACT, mailbox=True)
    page = open_page(f"/addresses/{CONTACT}/edit")
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.get_by_role("link", name=ENGLISH.cancel).click(),
    ):
        page.get_by_role("link", name=ENGLISH.rename).click()
        expect(page.get_by_label(ENGLISH.new_name, exact=True)).to_be_focused()
        leave()
        expect(page.get_by_label(ENGLISH.size_limit)).to_be_visible()


def test_the_bin_is_searched_as_one_types(open_page: OpenPage, panel: Panel, bonvenon: str) -> None:
    for n in range(22):
        panel.remove(f"old{n:02}@bonvenon.fr")
    page = open_page("/domains/bonvenon.fr/removed/")
    page.evaluate("window.neverReloaded = true")

    page.get_by_label(ENGLISH.search).press_sequentially("old17")

    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator(".entry .email")).to_contain_text("old17@bonvenon.fr")
    expect(page).to_have_url(re.compile(r"removed/\?q=old17$"))
    assert page.evaluate("window.neverReloaded")
