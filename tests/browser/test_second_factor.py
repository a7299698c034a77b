"""A second factor in a real browser: set up by reading the secret, then asked for at the log-in."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.panel import PASSWORD
from tests.browser.words import Words


def next_code(secret: str, last: int = 0) -> tuple[str, int]:
    """Return the code of the app and its step, later than the one used last.

    It may be a step early: so nobody waits for the next one.
    """
    step = max(int(time.time()) // 30, last + 1)
    return pyotp.TOTP(secret).at(step * 30), step


def is_large_enough(drawn: Locator) -> None:
    """See that a QR code is a square of 200 pixels, which a telephone reads."""
    expect(drawn).to_be_visible()
    box = drawn.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(box["height"])
    assert box["width"] >= 200


def fits(page: Page) -> None:
    """See that nothing sticks out of the window."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]


def test_the_way_from_setting_it_up_to_a_log_in_with_it(
    open_page: OpenPage, bonvenon: str, words: Words
) -> None:
    small = words.language == "fr"
    page = open_page("/", language=words.language, size=PHONE if small else DESKTOP)
    if small:
        page.locator(".opener").click()
    page.locator(".foot form a").click()
    page.locator("main a[href='/second-factor']").click()
    is_large_enough(page.locator("svg.qr"))
    fits(page)
    secret = page.locator("#secret").inner_text().replace(" ", "")
    code, step = next_code(secret)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator(".codes li")).to_have_count(10)
    fits(page)
    page.locator("main button.main").click()
    expect(page.locator("h1")).to_have_text("bonvenon.fr")

    if small:
        page.locator(".opener").click()
    page.get_by_role("button", name=words.log_out).click()
    page.get_by_label(words.account_name, exact=True).fill("alice")
    page.get_by_label(words.password, exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/log-in/code"))
    fits(page)
    page.goto("/sessions")
    expect(page).to_have_url(re.compile("/log-in/code"))
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(next_code(secret, step)[0])
    page.keyboard.press("Enter")

    expect(page.locator(".sessions li")).to_have_count(1)
    fits(page)
