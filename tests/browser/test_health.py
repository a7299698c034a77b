"""The page Health in a real browser: looked at again without a reload, and at home on a phone."""

import json
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.panel import Panel
from tests.browser.words import Words
from webmailadmin.mail import chores, reports
from webmailadmin.models import Report, now
from webmailadmin.upkeep.doctor.finding import well, wrong


def hand_over(panel: Panel) -> None:
    """Let the doctor have looked an hour ago; let the worker have met trouble."""
    told = {
        "certificate": wrong(
            "The certificate %(file)s has ended on %(ends)s.",
            "certbot renew",
            file="/etc/letsencrypt/live/mail.example.net/fullchain.pem",
            ends="2026-01-02",
        ),
        "rights": wrong(
            "%(file)s has the rights %(found)s instead of %(expected)s.",
            "chown webmailadmin:webmailadmin-servers /var/lib/webmailadmin/webmailadmin.db"
            " && chmod 0640 /var/lib/webmailadmin/webmailadmin.db",
            file="/var/lib/webmailadmin/webmailadmin.db",
            found="0666 root:root",
            expected="0640 webmailadmin:webmailadmin-servers",
        ),
        "smuggling": well("No mail can hide in another one."),
        "lmtp": well("Dovecot takes mail from Postfix."),
    }
    with panel.rules():
        report = [{**one.as_dict(), "code": code} for code, one in told.items()]
        reports.hand_over("doctor", json.dumps(report))
        Report.update(at=now() - timedelta(hours=1)).execute()
        chores.note("kicks", 1, "No mail-file helper answers.")


def test_look_again_shows_what_has_changed_and_keeps_the_place(
    panel: Panel, open_page: OpenPage, words: Words
) -> None:
    hand_over(panel)
    page = open_page("/health", language=words.language)
    expect(page.locator("#finding-chores-wrong")).to_be_visible()
    page.evaluate("document.title = 'the same page'")
    with panel.rules():
        chores.note("kicks", 1, "")

    page.locator("#look-again").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#finding-chores-wrong")).to_have_count(0)
    expect(page.locator("#finding-rights-wrong")).to_be_visible()
    expect(page.locator("#look-again")).to_be_focused()
    assert page.title() == "the same page"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_long_commands_and_paths_stay_within_the_page(
    panel: Panel, open_page: OpenPage, words: Words, size: dict[str, int]
) -> None:
    hand_over(panel)
    page = open_page("/health", language=words.language, size=size)

    page.locator("#health summary").click()
    expect(page.locator("#health details li").first).to_be_visible()

    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
