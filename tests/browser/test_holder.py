"""A holder in a browser: by keyboard alone, and without a script."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Held, OpenPage
from tests.browser.pages import CONTACT
from tests.browser.panel import PASSWORD, Panel
from tests.browser.watch import Watch
from webmailadmin.mail import addresses, switches
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Session, now


@pytest.fixture
def holder(panel: Panel, bonvenon: str) -> str:
    """The address of who may redirect their mail."""
    panel.add(CONTACT, mailbox=True)
    with panel.rules() as alice:
        contact = addresses.of(alice, CONTACT)
        wished = Switches(may_redirect=True)
        switches.change(contact, wished, version=contact.version, by=alice)
    return CONTACT


def grow_old(panel: Panel) -> None:
    """Let all log-ins be older than a quarter of an hour."""
    with panel.rules():
        Session.update(proved_at=now() - timedelta(hours=1)).execute()


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "plain"])
def test_mail_is_redirected_by_keyboard_with_the_password_once_more(
    open_page: OpenPage, panel: Panel, watch: Watch, holder: str, scripted: bool
) -> None:
    watch.expect(422)
    page = open_page("/mailbox", holder=holder, java_script_enabled=scripted)
    page.get_by_role("link", name="Redirect mail").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Redirect to")).to_be_focused()
    grow_old(panel)
    page.keyboard.type("ann@elsewhere.org")
    for key in ("Tab", "Space", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_label("Present password")).to_be_focused()
    expect(page.get_by_label("Redirect to")).to_have_value("ann@elsewhere.org")
    expect(page.get_by_label("Keep a copy in the mailbox")).not_to_be_checked()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Saved.")
    expect(page.locator(".outcome")).to_have_text(
        f"Mail to {CONTACT} is sent on to ann@elsewhere.org."
    )
    assert panel.recipients_of(CONTACT) == ["ann@elsewhere.org"]


def test_an_app_password_is_made_copied_and_revoked_by_keyboard(
    open_page: OpenPage, panel: Panel, holder: str
) -> None:
    page = open_page("/mailbox/app-passwords", holder=holder)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=panel.url)
    page.get_by_label("Mail program").focus()
    page.keyboard.type("Telephone")
    page.keyboard.press("Enter")
    copy = page.locator(".secret .copy")
    expect(copy).to_be_focused()
    page.keyboard.press("Enter")
    expect(copy).to_have_text("Copied")
    secret = page.locator(".secret code").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("button", name="Revoke Telephone").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("opens the mailbox no more")
    expect(page.locator(".keys")).to_have_count(0)


def test_the_editor_revokes_in_place_and_keeps_what_is_typed(
    open_page: OpenPage, panel: Panel, holder: str
) -> None:
    mine = open_page("/mailbox/app-passwords", holder=holder)
    mine.get_by_label("Mail program").fill("Telephone")
    mine.keyboard.press("Enter")
    expect(mine.locator(".secret")).to_be_visible()
    page = open_page(f"/addresses/{CONTACT}/edit")
    page.get_by_label("Redirect to").fill("typed@elsewhere.org")
    page.locator("[id^=app-passwords-] summary").click()
    page.get_by_role("button", name="Revoke Telephone").click()
    expect(page.locator(".toast")).to_contain_text("opens the mailbox no more")
    expect(page.locator("[id^=app-passwords-]")).to_contain_text("The holder makes them")
    expect(page.locator("[id^=app-passwords-] summary")).to_be_focused()
    expect(page.get_by_label("Redirect to")).to_have_value("typed@elsewhere.org")


def test_a_double_click_on_a_new_password_is_one_change(
    open_page: OpenPage, panel: Panel, holder: str
) -> None:
    page = open_page("/password", holder=holder)
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("quite another phrase 9")
    page.get_by_label("Confirm the password").fill("quite another phrase 9")
    held, sent = Held(), []
    page.route("**/password", held.hold)
    page.on("request", lambda request: sent.append(request.method))
    page.locator("main .main").scroll_into_view_if_needed()
    box = page.locator("main .main").bounding_box()
    assert box is not None
    for _ in range(2):
        page.mouse.click(box["x"] + 9, box["y"] + 9)
    page.wait_for_timeout(300)  # for what must not come
    held[0].continue_()
    expect(page.locator(".toast")).to_contain_text("Your password is changed.")
    assert sent.count("POST") == 1
