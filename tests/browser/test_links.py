"""A link by which a holder chooses the password: shown, scanned, opened in another browser."""

import os
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.pages import CONTACT, entry, toast
from tests.browser.panel import Panel
from tests.browser.watch import Watch
from tests.browser.words import IN
from webmailadmin.upkeep.letter_words import Words, templates

WORDS = IN["en"]
NEW = "quite another phrase 9"


def no_wider(page: Page) -> bool:
    """Say whether nothing stands out at the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def shoot(page: Page, name: str) -> None:
    """Keep a picture, for who wants to look: SHOTS=folder."""
    if "SHOTS" in os.environ:
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)


def opened_by_link(page: Page, *, script: bool) -> str:
    """Open contact@ as a mailbox whose holder chooses the password; return the link."""
    pages.add(page, WORDS, "contact")
    page.get_by_label("The holder chooses the password by a link").check()
    if script:
        pages.save(page, WORDS)
    else:
        page.get_by_role("button", name=WORDS.save).last.click()
    field = page.get_by_label(f"Link for {CONTACT}")
    expect(field).to_be_visible()
    return field.input_value()


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desk", "phone"]
)
def test_the_hoster_never_knows_the_password(
    bonvenon: str, open_page: OpenPage, size: dict[str, int], scheme: str
) -> None:
    page = open_page(f"/domains/{bonvenon}/", size=size, color_scheme=scheme)
    link = opened_by_link(page, script=True)
    expect(entry(page, CONTACT).locator("svg.qr")).to_be_visible()
    expect(page.get_by_label(f"Link for {CONTACT}")).to_be_focused()
    assert no_wider(page)
    shoot(page, f"opened-{size['width']}")

    other = open_page("/log-in", size=size, color_scheme=scheme, logged_in=False)
    other.goto(link)
    expect(other).to_have_url(re.compile(r"/link$"))
    assert no_wider(other)
    shoot(other, f"choose-{size['width']}")
    other.get_by_label("New password").fill(NEW)
    other.get_by_label("Confirm the password").fill(NEW)
    other.keyboard.press("Enter")
    expect(toast(other)).to_contain_text("Your password is set.")
    shoot(other, f"log-in-{size['width']}")
    other.get_by_label("Name or email address").fill(CONTACT)
    other.get_by_label(WORDS.password, exact=True).fill(NEW)
    other.keyboard.press("Enter")
    expect(other).not_to_have_url(re.compile("/log-in"))
    other.goto("/contact")
    assert no_wider(other)
    shoot(other, f"contact-{size['width']}")


def test_a_link_is_shown_and_copied(panel: Panel, bonvenon: str, open_page: OpenPage) -> None:
    panel.add(CONTACT, mailbox=True)
    clipboard = ["clipboard-write", "clipboard-read"]
    page = open_page(f"/addresses/{CONTACT}/link", permissions=clipboard)
    page.get_by_role("button", name="Show a link").click()
    link = page.get_by_label(f"Link for {CONTACT}").input_value()

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert no_wider(page)
    shoot(page, "invite")


def test_without_a_script_the_link_comes_on_a_page_of_its_own(
    bonvenon: str, open_page: OpenPage
) -> None:
    page = open_page(f"/domains/{bonvenon}/", java_script_enabled=False)
    link = opened_by_link(page, script=False)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.set_viewport_size(DESKTOP)
    shoot(page, "unscripted")

    page.goto(link)

    expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()


def test_the_pages_of_a_forgotten_password_fit_a_phone(
    panel: Panel, open_page: OpenPage, watch: Watch
) -> None:
    watch.expect(404)
    page = open_page("/log-in", size=PHONE, language="fr", logged_in=False)
    page.get_by_role("link", name="J’ai oublié mon mot de passe").click()
    expect(page).to_have_url(re.compile("/forgotten$"))
    assert no_wider(page)
    shoot(page, "forgotten")
    page.goto("/forgotten/sent")
    assert no_wider(page)
    shoot(page, "sent")
    page.goto("/link")
    assert no_wider(page)
    shoot(page, "over")


def test_a_letter_with_a_link_is_no_wider_than_a_phone(open_page: OpenPage) -> None:
    link = f"https://panel.example.net/link/{'x' * 43}"
    letter = Words("A new password", ("Choose it here:",), link, "Choose it")
    html = templates.get_template("letter.html").render(letter=letter, language="en")
    page = open_page("/log-in", logged_in=False, size=PHONE).context.new_page()
    page.set_content(html)
    assert no_wider(page)
