"""By keyboard alone: few keys, a focus that is always seen, an order that makes sense."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import OpenPage
from tests.browser.pages import CONTACT, edit_link, entry, toast
from tests.browser.panel import PASSWORD, Panel
from tests.browser.words import ENGLISH, FRENCH, Words

# What has the focus: its name, as it is read aloud; and whether anybody sees it.
NAME_OF_FOCUS = """() => {
  const it = document.activeElement;
  const label = it.labels?.[0]?.textContent;
  const name = it.getAttribute("aria-label") || label || it.textContent || it.placeholder || "";
  return it === document.body ? "" : name.trim().replace(/\\s+/g, " ");
}"""
FOCUS_IS_SEEN = """() => {
  const it = document.activeElement;
  const shown = it.closest(".choice") || it;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.width > 1 && box.top >= 0 && box.bottom <= innerHeight;
}"""


def keys(page: Page, *presses: str) -> None:
    """Press keys one after the other."""
    for key in presses:
        page.keyboard.press(key)


def test_name_enter_password_tab_password_enter_makes_a_mailbox(
    open_page: OpenPage, bonvenon: str, words: Words
) -> None:
    page = open_page("/domains/bonvenon.fr/", language=words.language)
    expect(page.locator("#local_part")).to_be_focused()
    page.keyboard.type("contact")
    page.keyboard.press("Enter")
    expect(page.get_by_label(words.password, exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text(CONTACT)
    expect(entry(page, CONTACT).locator(".way")).to_contain_text("1 G")
    expect(edit_link(page, words, CONTACT)).to_be_focused()


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_name_enter_generate_enter_makes_a_mailbox(
    open_page: OpenPage, bonvenon: str, key: str
) -> None:
    page = open_page("/domains/bonvenon.fr/")
    expect(page.locator("#local_part")).to_be_focused()
    page.keyboard.type("contact")
    page.keyboard.press("Enter")
    password = page.get_by_label(ENGLISH.password, exact=True)
    expect(password).to_be_focused()
    keys(page, "Tab", "Tab")
    expect(page.get_by_role("button", name=ENGLISH.generate)).to_be_focused()
    page.keyboard.press(key)
    expect(password).to_have_value(re.compile(r"^\S{12,}$"))
    expect(password).to_be_focused()
    expect(password).to_have_attribute("type", "text")
    expect(page.get_by_label(ENGLISH.confirmation)).to_have_value(password.input_value())
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text(CONTACT)
    expect(edit_link(page, ENGLISH, CONTACT)).to_be_focused()
    expect(page.locator("input.code")).to_have_count(0)


def test_escape_closes_the_editor_and_the_focus_is_on_its_edit(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.add(CONTACT, mailbox=True)
    page = open_page("/domains/bonvenon.fr/")
    edit_link(page, ENGLISH, CONTACT).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".editor")).to_be_visible()
    page.get_by_label(ENGLISH.recipients).focus()
    page.keyboard.press("Escape")
    expect(page.locator(".editor")).to_have_count(0)
    expect(edit_link(page, ENGLISH, CONTACT)).to_be_focused()


def test_an_editor_that_opens_has_the_focus_also_on_a_page_of_its_own(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.fill(bonvenon, 40)
    page = open_page("/domains/bonvenon.fr/")
    edit_link(page, ENGLISH, "person33@bonvenon.fr").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label(ENGLISH.yes, exact=True)).to_be_focused()
    page.reload()
    expect(page.get_by_label(ENGLISH.yes, exact=True)).to_be_focused()
    expect(page.locator(".editor")).to_be_in_viewport()
    keys(page, "Tab", "Escape")
    expect(edit_link(page, ENGLISH, "person33@bonvenon.fr")).to_be_focused()


def test_arrows_choose_yes_and_no_and_the_focus_stays_there(
    open_page: OpenPage, bonvenon: str
) -> None:
    page = open_page("/domains/bonvenon.fr/")
    expect(page.locator("#local_part")).to_be_focused()
    page.keyboard.type("contact")
    page.keyboard.press("Enter")
    password = page.get_by_label(ENGLISH.password, exact=True)
    expect(password).to_be_focused()
    page.get_by_label(ENGLISH.recipients).fill("ann@x.org")
    page.locator("[name=mailbox]:checked").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label(ENGLISH.no, exact=True)).to_be_focused()
    expect(password).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(password).to_be_visible()
    expect(page.get_by_label(ENGLISH.yes, exact=True)).to_be_focused()
    expect(page.get_by_label(ENGLISH.recipients)).to_have_value("ann@x.org")


def test_the_first_tab_offers_the_way_to_the_content(open_page: OpenPage, bonvenon: str) -> None:
    page = open_page("/domains/bonvenon.fr/journal")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    keys(page, "Enter", "Tab")
    expect(page.locator(".tabs a").first).to_be_focused()


def walk(page: Page, steps: int) -> list[str]:
    """Press Tab that often; return the names of what had the focus, all of it seen."""
    names = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        names.append(page.evaluate(NAME_OF_FOCUS))
        assert page.evaluate(FOCUS_IS_SEEN), f"Nobody sees that {names[-1]!r} has the focus."
    return names


def test_tab_goes_from_the_menu_over_the_tabs_to_the_rows_and_is_always_seen(
    open_page: OpenPage, bonvenon: str
) -> None:
    page = open_page("/domains/bonvenon.fr/", language="fr")
    page.locator(".skip").focus()
    assert walk(page, 26) == [
        "webmailadmin",
        "Adresses email",
        "bonvenon.fr 1",
        "Installer un domaine",
        "Comptes",
        "Santé",
        "Journal",
        "alice",
        "Se déconnecter",
        "Français",
        "English",
        "Adresses",
        "Adresses inconnues refusées",
        "Retirées",
        "Journal",
        "Domaine",
        "Nom",
        "Ajouter cette adresse email",
        "quel enregistrement créer",
        "Chercher un nom ou un destinataire",
        "Toutes",
        "Boîtes",
        "Redirections",
        "À voir 0",
        "Autres ▾",
        "Modifier postmaster@bonvenon.fr",
    ]


def test_tab_goes_through_the_editor_from_top_to_bottom_and_is_always_seen(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.add(CONTACT, mailbox=True)
    page = open_page(f"/addresses/{CONTACT}/edit", language="fr")
    entry(page, CONTACT).locator(".end a").focus()
    assert walk(page, 19) == [
        FRENCH.yes,
        FRENCH.password,
        FRENCH.confirmation,
        FRENCH.generate,
        "Lien pour choisir un mot de passe…",
        FRENCH.size_limit,
        "Ce qu’elle peut faire reçoit du courrier · connexion permise",
        FRENCH.recipients,
        FRENCH.enabled,
        FRENCH.save,
        FRENCH.cancel,
        FRENCH.delete,
        FRENCH.journal,
        "Réponse d’absence",
        "Télécharger les messages",
        "Entrer à la place du titulaire",
        FRENCH.rename,
        "Réglages pour les logiciels de messagerie",
        "Mots de passe d’application 0",
    ]


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(
    open_page: OpenPage, bonvenon: str
) -> None:
    page = open_page("/domains/bonvenon.fr/", size={"width": 390, "height": 844})
    domains = page.locator("#menu-domains")
    expect(domains).to_be_hidden()
    page.locator(".opener").focus()
    page.keyboard.press("Enter")
    expect(domains).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate(NAME_OF_FOCUS) == ENGLISH.email_addresses
    page.keyboard.press("Escape")
    expect(domains).to_be_hidden()
    expect(page.locator(".opener")).to_be_focused()
    expect(pages.count_in_menu(page)).to_have_text("1")
