"""The whole journey: from the first log-in to the journal, with JavaScript and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.pages import CONTACT, edit_link, entry, toast
from tests.browser.panel import Panel
from tests.browser.watch import Watch
from tests.browser.words import Words
from webmailadmin.mail import accounts

INFO = "info@bonvenon.fr"


@pytest.fixture
def one_time(panel: Panel) -> str:
    """The one-time password of Camille."""
    with panel.rules() as alice:
        return accounts.add("camille", None, by=alice) or ""


# Either language, either size: what one does to the other, `test_look.py` sees.
@pytest.mark.parametrize(
    ("words", "size"), [("en", DESKTOP), ("fr", PHONE)], indirect=["words"], ids=["1280", "390"]
)
def test_from_the_first_log_in_to_the_journal_without_a_reload(
    open_page: OpenPage, watch: Watch, words: Words, size: dict[str, int], one_time: str
) -> None:
    watch.expect(422)  # of warnings that wait for a tick, and of a name that is taken
    page = open_page("/", language=words.language, size=size, logged_in=False)
    pages.first_log_in(page, words, "camille", one_time)
    pages.install(page, words)
    expect(page.locator("#first-steps")).to_be_visible()

    page.evaluate("window.neverReloaded = true")
    a_new_address_becomes_a_mailbox(page, words)
    another_becomes_an_alias(page, words)
    the_mailbox_gets_a_copy(page, words)
    the_mailbox_goes_and_comes_back(page, words)
    the_alias_is_deleted_at_once_and_comes_back(page, words)
    the_mailbox_is_deleted_after_a_tick(page, words)
    its_name_is_taken_again(page, words)
    assert page.evaluate("window.neverReloaded")

    pages.bring_back_under_another_name(page, words)
    pages.send_unknown_mail_to_contact(page, words)
    pages.tab(page, words.journal)
    says = {"en": "camille: ", "fr": "camille\u00a0: "}[words.language]
    expect(page.locator(".journal li").first).to_contain_text(says)
    expect(page.locator(".journal")).to_contain_text("contact-old")
    pages.log_out(page, words)


def a_new_address_becomes_a_mailbox(page: Page, words: Words) -> None:
    pages.add(page, words, "contact")
    row = entry(page, CONTACT)
    expect(page.get_by_label(words.password, exact=True)).to_be_focused()
    expect(row.get_by_label(words.yes, exact=True)).to_be_checked()
    expect(row.get_by_label(words.size_limit)).to_have_value("1024")
    expect(row.get_by_label(words.enabled)).to_be_checked()
    expect(page.get_by_label(words.name, exact=True)).to_have_value("")
    expect(page.locator("#first-steps")).to_have_count(0)
    expect(pages.count_in_menu(page)).to_have_text("2")
    expect(page.locator("#facts")).to_contain_text(words.two_addresses)

    pages.type_password(page, words)
    pages.save(page, words)
    expect(toast(page)).to_contain_text(CONTACT)
    expect(page.locator("#facts")).to_contain_text(words.one_mailbox)
    expect(row.locator(".way")).to_contain_text("1 G")
    expect(row.locator(".programs dd").first).to_contain_text(CONTACT)
    expect(row.locator(".programs")).to_contain_text("mail.example.net")
    expect(row.locator(".programs")).to_contain_text("993")
    expect(row.get_by_role("link", name="https://webmail.example.net")).to_be_visible()
    expect(edit_link(page, words, CONTACT)).to_be_focused()


def another_becomes_an_alias(page: Page, words: Words) -> None:
    pages.add(page, words, "info")
    pages.choose(page, words.no)
    expect(page.get_by_label(words.password, exact=True)).to_have_count(0)
    page.get_by_label(words.recipients).fill("Ann <ann@x.org>; bob@y.org")
    pages.save(page, words)
    expect(entry(page, INFO).locator(".way")).to_contain_text(re.compile(r"ann@x\.org\s+\+1"))
    expect(entry(page, INFO).locator(".editor")).to_have_count(0)


def the_mailbox_gets_a_copy(page: Page, words: Words) -> None:
    pages.edit(page, words, CONTACT)
    expect(page).to_have_url(re.compile(f"/addresses/{CONTACT}/edit$"))
    page.get_by_label(words.recipients).fill("dan@elsewhere.org")
    pages.save(page, words)
    expect(entry(page, CONTACT).locator(".way")).to_contain_text(
        re.compile(r"1 G[Bo]\s+dan@elsewhere\.org")
    )


def the_mailbox_goes_and_comes_back(page: Page, words: Words) -> None:
    row = entry(page, CONTACT)
    for door in (row.get_by_role("button", name=words.restore), toast(page).get_by_role("button")):
        pages.edit(page, words, CONTACT)
        pages.choose(page, words.no)
        expect(row.locator(".outcome.warn")).to_be_visible()
        expect(row.locator(".outcome").last).to_contain_text("dan@elsewhere.org")
        pages.save(page, words)
        expect(page.get_by_label(words.tick_mailbox)).to_be_focused()
        page.get_by_label(words.tick_mailbox).check()
        pages.save(page, words)
        expect(row.get_by_role("button", name=words.restore)).to_be_visible()
        expect(toast(page).get_by_role("button")).to_have_text(words.undo)
        expect(row.locator(".way")).not_to_contain_text("1 G")
        door.click()
        expect(row.locator(".way")).to_contain_text("1 G")
        expect(row.locator(".way")).to_contain_text("dan@elsewhere.org")
        expect(row.get_by_role("button", name=words.restore)).to_have_count(0)
        expect(page.locator("#facts")).to_contain_text(words.one_mailbox)


def the_alias_is_deleted_at_once_and_comes_back(page: Page, words: Words) -> None:
    pages.edit(page, words, INFO)
    pages.delete(page, words)
    expect(entry(page, INFO)).to_have_count(0)
    expect(pages.count_in_menu(page)).to_have_text("2")
    toast(page).get_by_role("button", name=words.undo).click()
    expect(entry(page, INFO)).to_contain_text("ann@x.org")
    expect(pages.count_in_menu(page)).to_have_text("3")


def the_mailbox_is_deleted_after_a_tick(page: Page, words: Words) -> None:
    pages.edit(page, words, CONTACT)
    pages.delete(page, words)
    expect(page.get_by_label(words.tick_address)).to_be_focused()
    pages.delete(page, words)
    expect(page.locator(".message")).to_be_visible()
    page.get_by_label(words.tick_address).check()
    pages.delete(page, words)
    expect(entry(page, CONTACT)).to_have_count(0)
    expect(toast(page).get_by_role("button", name=words.undo)).to_be_visible()


def its_name_is_taken_again(page: Page, words: Words) -> None:
    pages.add(page, words, "contact")
    pages.choose(page, words.no)
    page.get_by_label(words.recipients).fill("eve@elsewhere.org")
    pages.save(page, words)
    expect(entry(page, CONTACT).locator(".way")).to_have_text(re.compile(r"^\s*eve@elsewhere\.org"))


def test_from_the_first_log_in_to_the_journal_without_javascript(
    open_page: OpenPage, watch: Watch, words: Words, one_time: str
) -> None:
    watch.expect(422)
    page = open_page("/", language=words.language, logged_in=False, java_script_enabled=False)
    pages.first_log_in(page, words, "camille", one_time)
    pages.install(page, words)

    pages.add(page, words, "contact")
    expect(page.get_by_label(words.password, exact=True)).to_be_focused()
    page.get_by_role("button", name=words.generate).click()
    generated = page.get_by_label(words.password, exact=True).input_value()
    expect(page.get_by_label(words.confirmation)).to_have_value(generated)
    pages.save(page, words)
    expect(toast(page)).to_contain_text(CONTACT)
    expect(page.locator("#facts")).to_contain_text(words.one_mailbox)
    expect(page.get_by_role("button", name=generated)).to_have_count(0)

    pages.add(page, words, "info")
    pages.choose(page, words.no)
    page.get_by_label(words.recipients).fill("Ann <ann@x.org>; bob@y.org")
    pages.save(page, words)
    expect(entry(page, INFO).locator(".way")).to_contain_text("ann@x.org")
    expect(pages.count_in_menu(page)).to_have_text("3")

    pages.edit(page, words, CONTACT)
    pages.choose(page, words.no)
    page.get_by_label(words.recipients).fill("dan@elsewhere.org")
    pages.save(page, words)
    expect(page.locator(".outcome.warn")).to_be_visible()
    expect(page.get_by_label(words.recipients)).to_have_value("dan@elsewhere.org")
    page.get_by_label(words.tick_mailbox).check()
    pages.save(page, words)
    toast(page).get_by_role("button", name=words.undo).click()
    expect(entry(page, CONTACT).locator(".way")).to_contain_text("1 G")

    page.goto("/domains/bonvenon.fr/")
    pages.edit(page, words, INFO)
    pages.delete(page, words)
    expect(entry(page, INFO)).to_have_count(0)
    toast(page).get_by_role("button", name=words.undo).click()
    expect(entry(page, INFO)).to_contain_text("ann@x.org")

    page.goto("/domains/bonvenon.fr/")
    pages.edit(page, words, CONTACT)
    pages.delete(page, words)
    page.get_by_label(words.tick_address).check()
    pages.delete(page, words)
    expect(entry(page, CONTACT)).to_have_count(0)
    pages.add(page, words, "contact")
    pages.choose(page, words.no)
    page.get_by_label(words.recipients).fill("eve@elsewhere.org")
    pages.save(page, words)
    expect(toast(page)).to_contain_text(CONTACT)

    pages.bring_back_under_another_name(page, words)
    pages.send_unknown_mail_to_contact(page, words)
    pages.tab(page, words.journal)
    expect(page.locator(".journal")).to_contain_text("contact-old")
    pages.log_out(page, words)
