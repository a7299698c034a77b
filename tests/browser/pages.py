"""What a person does on the pages, by the names that they read there."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.panel import PASSWORD
from tests.browser.words import Words

CONTACT = "contact@bonvenon.fr"


def entry(page: Page, email: str) -> Locator:
    """Return the row of an address with what is open beneath it."""
    name = page.locator(".email", has_text=re.compile(rf"^\s*{re.escape(email)}(\s|$)"))
    return page.locator(".entry").filter(has=name)


def edit_link(page: Page, words: Words, email: str) -> Locator:
    """Return the link that opens the editor of an address."""
    return page.get_by_role("link", name=f"{words.edit} {email}", exact=True)


def toast(page: Page) -> Locator:
    """Return the sentence on what was just done, with its undo."""
    return page.locator("#toast .toast")


def count_in_menu(page: Page) -> Locator:
    """Return the number of addresses beside the only domain of the menu."""
    return page.locator("#menu-domains .number")


def add(page: Page, words: Words, name: str) -> None:
    """Type a name in the line that adds, and press Enter."""
    page.get_by_label(words.name, exact=True).fill(name)
    page.get_by_label(words.name, exact=True).press("Enter")


def edit(page: Page, words: Words, email: str) -> None:
    """Open the editor of an address in its row."""
    edit_link(page, words, email).click()
    expect(entry(page, email).locator(".editor")).to_be_visible()


def choose(page: Page, answer: str) -> None:
    """Choose Yes or No for the mailbox."""
    page.locator(".choice").get_by_text(answer, exact=True).click()


def type_password(page: Page, words: Words) -> None:
    """Type the same password in both fields."""
    page.get_by_label(words.password, exact=True).fill(PASSWORD)
    page.get_by_label(words.confirmation, exact=True).fill(PASSWORD)


def save(page: Page, words: Words) -> None:
    """Press the editor's main button."""
    page.locator(".doing").get_by_role("button", name=words.save).click()


def delete(page: Page, words: Words) -> None:
    """Press Delete in the open editor."""
    page.locator(".doing").get_by_role("button", name=words.delete).click()


def open_menu(page: Page) -> None:
    """Open the menu where it hides behind a button, as on a phone."""
    if page.locator(".opener").is_visible():
        page.locator(".opener").click()


def first_log_in(page: Page, words: Words, name: str, one_time: str) -> None:
    """Log in with a one-time password and choose one's own."""
    page.get_by_label(words.account_name, exact=True).fill(name)
    page.get_by_label(words.password, exact=True).fill(one_time)
    page.get_by_role("button", name=words.log_in).click()
    expect(page).to_have_url(re.compile("/password$"))
    page.get_by_label(words.present_password).fill(one_time)
    page.get_by_label(words.new_password).fill(PASSWORD)
    page.get_by_label(words.confirmation).fill(PASSWORD)
    page.get_by_role("button", name=words.change_password).click()
    expect(toast(page)).to_be_visible()


def install(page: Page, words: Words) -> None:
    """Install bonvenon.fr; its page says what it needs, and leads to its addresses."""
    page.get_by_label(words.domain, exact=True).fill("bonvenon.fr")
    page.get_by_label(words.contact, exact=True).fill("camille@elsewhere.org")
    page.get_by_role("button", name=words.install).click()
    expect(page.locator("pre")).to_have_text("bonvenon.fr. MX 10 mail.example.net.")
    page.get_by_role("link", name=words.first_address).click()
    expect(page).to_have_url(re.compile("/domains/bonvenon.fr/$"))


def tab(page: Page, name: str) -> None:
    """Go to one of the domain's tabs."""
    page.locator(".tabs").get_by_role("link", name=name).click()
    expect(page.locator(".tabs [aria-current=page]")).to_contain_text(name)


def bring_back_under_another_name(page: Page, words: Words) -> None:
    """Restore contact@ from the tab Removed, where its name is taken."""
    tab(page, words.removed)
    restore = page.get_by_role("button", name=f"{words.restore} {CONTACT}", exact=True)
    restore.click()
    expect(page.locator("#local_part")).to_have_value("contact-old")
    page.locator(".editor").get_by_role("button", name=words.restore).click()
    expect(entry(page, "contact-old@bonvenon.fr").locator(".way")).to_contain_text("1 G")
    expect(toast(page)).to_contain_text("contact-old@bonvenon.fr")


def send_unknown_mail_to_contact(page: Page, words: Words) -> None:
    """Let one address take the mail for names that do not exist."""
    tab(page, words.unknown)
    page.get_by_label(words.one_address).check()
    page.locator("#to").fill(CONTACT)
    page.get_by_role("button", name=words.save_unknown, exact=True).click()
    expect(toast(page)).to_be_visible()
    expect(page.locator("#to")).to_have_value(CONTACT)


def log_out(page: Page, words: Words) -> None:
    """Log out; no page opens any more."""
    open_menu(page)
    page.get_by_role("button", name=words.log_out).click()
    expect(page.get_by_role("heading", name=words.log_in)).to_be_visible()
    page.goto("/domains/bonvenon.fr/")
    expect(page.get_by_role("heading", name=words.log_in)).to_be_visible()
