"""The test message in a browser: its outcome comes by itself, without a reload."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.panel import Panel
from tests.browser.words import Words
from tests.helper_of import Helper, helper_at
from tests.smtp_of import MailServer, mail_server
from webmailadmin.upkeep.trials import microseconds

SEND = {"en": "Send a test message", "fr": "Envoyer un message d’essai"}
WAITING = {"en": "Waiting for it to arrive", "fr": "On attend qu’il arrive"}
ARRIVED = {"en": "Arrived in the mailbox after", "fr": "Arrivé dans la boîte en"}
REFUSED = {"en": "The mailbox is full", "fr": "La boîte est pleine"}
EDIT = "/addresses/contact@bonvenon.fr/edit"


@pytest.fixture
def server(panel: Panel) -> Iterator[MailServer]:
    """A mail server that takes everything, until a test says otherwise."""
    with mail_server(panel.smtp_port) as server:
        yield server


@pytest.fixture
def helper(panel: Panel) -> Iterator[Helper]:
    """A mail-file helper in whose mailboxes nothing has arrived yet."""
    with helper_at(panel.helper_socket) as helper:
        helper.answers["find"] = {"arrived": None}
        yield helper


def status(page: Page) -> Locator:
    """Return where the outcome stands."""
    return page.locator(".trial [role=status]")


def test_the_outcome_comes_by_itself_and_the_focus_stays(
    open_page: OpenPage,
    panel: Panel,
    bonvenon: str,
    server: MailServer,
    helper: Helper,
    words: Words,
) -> None:
    panel.add("contact@bonvenon.fr", mailbox=True)
    page = open_page(EDIT, language=words.language)
    page.evaluate("window.neverReloaded = true")
    button = page.get_by_role("button", name=SEND[words.language])

    button.focus()
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text(WAITING[words.language])
    expect(button).to_be_focused()
    # For those without a script alone.
    expect(status(page).get_by_role("link")).to_be_hidden()
    while len(helper.asked) < 3:
        page.wait_for_timeout(50)
    expect(status(page)).to_contain_text(WAITING[words.language])

    helper.answers["find"] = {"arrived": microseconds()}
    expect(status(page)).to_contain_text(ARRIVED[words.language])
    expect(button).to_be_focused()
    asked = len(helper.asked)
    page.wait_for_timeout(1200)
    assert len(helper.asked) == asked  # nobody waits any longer
    assert len(server.messages) == 1

    server.replies["RCPT"] = "552 5.2.2 This mailbox is full"
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text(REFUSED[words.language])
    expect(status(page)).not_to_contain_text(ARRIVED[words.language])
    assert page.evaluate("window.neverReloaded")


def test_without_javascript_the_page_tells_the_outcome(
    open_page: OpenPage,
    panel: Panel,
    bonvenon: str,
    server: MailServer,
    helper: Helper,
    words: Words,
) -> None:
    panel.add("contact@bonvenon.fr", mailbox=True)
    page = open_page(EDIT, language=words.language, java_script_enabled=False)

    page.get_by_role("button", name=SEND[words.language]).click()
    expect(status(page)).to_contain_text(WAITING[words.language])
    helper.answers["find"] = {"arrived": microseconds()}
    status(page).get_by_role("link").click()
    expect(status(page)).to_contain_text(ARRIVED[words.language])
