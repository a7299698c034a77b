"""What goes wrong around a form: no answer, no session, somebody quicker, an impatient finger."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import Held, OpenPage
from tests.browser.pages import entry, toast
from tests.browser.panel import PASSWORD, Panel
from tests.browser.watch import Watch
from tests.browser.words import IN, Words

INFO = "info@bonvenon.fr"
EDITOR = f"/addresses/{INFO}/edit"
DOES_NOT_ANSWER = {"en": "The panel does not answer.", "fr": "Le panneau ne répond pas."}
SESSION_IS_OVER = {"en": "Your session is over", "fr": "Votre session est terminée"}
MEANWHILE = {"en": "Meanwhile alice changed", "fr": "Entre-temps, alice a modifié"}


@pytest.fixture
def info(panel: Panel, bonvenon: str) -> str:
    """info@bonvenon.fr is an alias."""
    panel.add(INFO, "ann@x.org")
    return INFO


def type_all(page: Page, words: Words) -> None:
    """Turn the alias into a mailbox with copies, and do not save."""
    pages.choose(page, words.yes)
    pages.type_password(page, words)
    page.get_by_label(words.recipients).fill("bob@y.org")


def is_still_typed(page: Page, words: Words) -> None:
    """See that all of type_all stands there."""
    expect(page.get_by_label(words.password, exact=True)).to_have_value(PASSWORD)
    expect(page.get_by_label(words.confirmation)).to_have_value(PASSWORD)
    expect(page.get_by_label(words.recipients)).to_have_value("bob@y.org")


def is_saved(page: Page, panel: Panel) -> None:
    """See that what was typed arrived."""
    expect(entry(page, INFO).locator(".way")).to_contain_text(re.compile(r"1 G.*bob@y\.org", re.S))
    expect(page.locator("#notice .notice")).to_have_count(0)
    assert panel.recipients_of(INFO) == ["bob@y.org"]


def test_a_panel_that_does_not_answer_says_so_and_nothing_typed_is_lost(
    open_page: OpenPage, panel: Panel, watch: Watch, info: str, words: Words
) -> None:
    watch.expect_unreachable()
    page = open_page(EDITOR, language=words.language)
    type_all(page, words)
    panel.stop()
    try:
        pages.save(page, words)
        expect(page.locator("#notice")).to_contain_text(DOES_NOT_ANSWER[words.language])
        is_still_typed(page, words)
    finally:
        panel.start()
    page.get_by_role("button", name=words.generate).click()
    expect(page.locator("input.code").first).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()
    pages.save(page, words)
    is_saved(page, panel)


def test_after_a_log_in_in_another_tab_the_same_form_can_be_sent(
    open_page: OpenPage, panel: Panel, watch: Watch, info: str, words: Words
) -> None:
    watch.expect(401, 422)
    page = open_page(EDITOR, language=words.language)
    type_all(page, words)
    other = page.context.new_page()
    other.goto("/domains/")
    pages.log_out(other, words)
    other.close()

    pages.save(page, words)
    expect(page.locator("#notice")).to_contain_text(SESSION_IS_OVER[words.language])
    is_still_typed(page, words)
    with page.expect_popup() as popup:
        page.locator("#notice a").click()
    popup.value.get_by_label(words.account_name, exact=True).fill("alice")
    popup.value.get_by_label(words.password, exact=True).fill(PASSWORD)
    popup.value.keyboard.press("Enter")
    expect(popup.value.locator("header.menu")).to_be_visible()

    pages.save(page, words)
    # The form's token was of the old session: it comes back once, filled, with a new one.
    expect(page.locator(".editor .notice")).to_be_visible()
    is_still_typed(page, words)
    pages.save(page, words)
    is_saved(page, panel)


def test_a_link_after_the_session_ended_leads_over_the_log_in_back_to_where_one_was(
    open_page: OpenPage, watch: Watch, info: str
) -> None:
    watch.expect(401)
    page = open_page("/domains/bonvenon.fr/")
    page.context.clear_cookies(name="__Host-session")
    pages.edit_link(page, IN["en"], INFO).click()
    expect(page).to_have_url(re.compile("/log-in"))
    page.get_by_label("Name or email address", exact=True).fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("bonvenon.fr")


def test_who_was_slower_learns_what_the_other_did_and_may_save_again(
    open_page: OpenPage, panel: Panel, watch: Watch, info: str, words: Words
) -> None:
    watch.expect(409)
    page = open_page(EDITOR, language=words.language)
    type_all(page, words)
    panel.change(INFO, "carol@z.org")
    pages.save(page, words)
    said = page.locator(".editor .notice")
    expect(said).to_contain_text(MEANWHILE[words.language])
    expect(said).to_contain_text("carol@z.org")
    is_still_typed(page, words)
    assert panel.recipients_of(INFO) == ["carol@z.org"]
    pages.save(page, words)
    is_saved(page, panel)


def test_an_address_deleted_meanwhile_says_where_it_can_be_brought_back(
    open_page: OpenPage, watch: Watch, info: str
) -> None:
    watch.expect(410)
    words = IN["en"]
    page = open_page(EDITOR)
    other = page.context.new_page()
    other.goto(EDITOR)
    pages.delete(other, words)
    expect(toast(other)).to_contain_text(INFO)
    page.get_by_label(words.recipients).fill("bob@y.org")
    pages.save(page, words)
    expect(page.locator("#notice")).to_contain_text(INFO)
    expect(page.get_by_label(words.recipients)).to_have_value("bob@y.org")
    page.locator("#notice a").click()
    expect(page.locator(".tabs [aria-current=page]")).to_have_text(words.removed)


def test_a_double_click_on_save_sends_once(open_page: OpenPage, panel: Panel, info: str) -> None:
    words = IN["en"]
    page = open_page(EDITOR)
    page.get_by_label(words.recipients).fill("bob@y.org")
    sent = []
    held = Held()
    page.on("request", lambda request: sent.append(request.method + request.url))
    page.route(f"**/addresses/{INFO}/", held.hold)
    page.locator(".doing .main").dblclick()
    expect(page.locator(".doing .main")).to_be_disabled()
    held[0].continue_()
    expect(toast(page)).to_contain_text(INFO)
    assert [line for line in sent if line.startswith("POST")] == [
        f"POST{panel.url}/addresses/{INFO}/"
    ]


def test_enter_twice_in_the_name_adds_once(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    page = open_page("/domains/bonvenon.fr/")
    held = Held()
    page.route("**/addresses/", held.hold)
    expect(page.locator("#local_part")).to_be_focused()
    page.keyboard.type("contact")
    with page.expect_request("**/addresses/"):
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    held[0].continue_()
    expect(page.locator(".editor")).to_be_visible()
    expect(page.locator("#rows .row")).to_have_count(2)
    assert len(held) == 1


def test_who_chooses_no_and_at_once_yes_again_gets_what_belongs_to_yes(
    open_page: OpenPage, panel: Panel, watch: Watch, bonvenon: str
) -> None:
    watch.expect_aborted()  # the request for No, which Yes replaces
    words = IN["en"]
    panel.add("contact@bonvenon.fr", mailbox=True)
    page = open_page("/addresses/contact@bonvenon.fr/edit")
    held = Held()
    page.route("**/edit?mailbox=*", held.hold)
    with page.expect_request("**/edit?mailbox=no"):
        pages.choose(page, words.no)
    with page.expect_event("requestfailed"), page.expect_request("**/edit?mailbox=yes"):
        pages.choose(page, words.yes)
    with page.expect_request_finished(lambda request: "mailbox=yes" in request.url):
        held[-1].continue_()
    expect(page.locator(".htmx-request")).to_have_count(0)
    pages.type_password(page, words)
    pages.save(page, words)
    expect(toast(page)).to_contain_text("contact@bonvenon.fr")
    expect(entry(page, "contact@bonvenon.fr").locator(".way")).to_contain_text("1 GB")


def test_nothing_is_swapped_before_all_scripts_are_there(open_page: OpenPage, info: str) -> None:
    page = open_page("/domains/")
    held = Held()
    page.route("**/app.js", held.hold)
    page.goto(EDITOR, wait_until="commit")
    while not page.evaluate("Boolean(window.htmx)"):  # wait_for_function may not under the policy
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    began = page.evaluate("document.querySelectorAll('[data-htmx-powered]').length")
    held[0].continue_()
    expect(page.locator("[data-htmx-powered]").first).to_be_attached()
    assert began == 0
