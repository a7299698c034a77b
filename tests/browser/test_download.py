"""A download in a real browser: a file arrives, and the page stays as it was."""

from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import OpenPage
from tests.browser.pages import CONTACT
from tests.browser.panel import Panel
from tests.browser.watch import Watch
from tests.browser.words import Words
from tests.helper_of import helper_at

CHUNK = bytes(range(256)) * 256


def choose_no(page: Page, words: Words) -> None:
    """Choose to take the mailbox off, and redirect its mail; nothing is saved."""
    pages.choose(page, words.no)
    expect(page.locator(".outcome.warn")).to_be_visible()
    page.get_by_label(words.recipients).fill("ann@x.org")


def test_all_messages_are_downloaded_before_the_mailbox_goes_and_what_was_typed_stays(
    open_page: OpenPage, panel: Panel, watch: Watch, bonvenon: str, words: Words
) -> None:
    watch.expect_aborted()  # a navigation that became a download
    panel.add(CONTACT, mailbox=True)
    with helper_at(panel.helper_socket) as helper:
        helper.holds(1204, 310 * 2**20)
        helper.packs(*[CHUNK] * 100)
        page = open_page(f"/addresses/{CONTACT}/edit", language=words.language)
        choose_no(page, words)
        expect(page.locator(".outcome.warn")).to_contain_text(CONTACT)
        button = page.locator(".outcome.warn [form^=download]")

        with page.expect_download() as began:
            button.click()

        expect(button).to_be_disabled()  # for a moment: a double click begins one download
        assert began.value.suggested_filename.startswith(f"{CONTACT}-2")
        assert began.value.suggested_filename.endswith(".zip")
        assert began.value.path().read_bytes() == CHUNK * 100
        assert [verb for verb, _ in helper.asked].count("archive") == 1
        expect(page.get_by_label(words.recipients)).to_have_value("ann@x.org")
        expect(button).to_be_enabled()


def test_a_download_that_breaks_off_is_no_whole_file_for_the_browser(
    open_page: OpenPage, panel: Panel, watch: Watch, bonvenon: str
) -> None:
    watch.expect_aborted()
    panel.add(CONTACT, mailbox=True)
    with helper_at(panel.helper_socket) as helper:
        helper.holds(1, 1)
        helper.packs(*[CHUNK] * 50, size=len(CHUNK) * 100)
        page = open_page(f"/addresses/{CONTACT}/edit")

        with page.expect_download() as began:
            page.locator(".besides [form^=download]").click()

        assert began.value.failure() is not None
