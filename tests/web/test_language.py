"""French and English: chosen by the browser, by the switch, and with the names that users know."""

import pytest

from tests.browser_of import Browser
from tests.web.conftest import CONTACT, LIST
from webmailadmin.mail import addresses


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("fr", "fr"),
        ("fr-CH, fr;q=0.9", "fr"),
        ("en-GB,en;q=0.8", "en"),
        ("de,fr;q=0.5,en;q=0.3", "fr"),
        ("en;q=0.3,fr;q=0.5", "fr"),
        ("de", "en"),
        ("", "en"),
        ("*", None),
        ("fr" * 5000, "en"),
        (";;;q=,", "en"),
    ],
)
def test_the_browser_chooses_the_language(app, accepted, spoken):
    page = Browser(app, accepted).get("/log-in")

    assert page.status == 200
    assert page.soup.html["lang"] in ((spoken,) if spoken else ("fr", "en"))
    title = {"fr": "Se connecter · webmailadmin", "en": "Log in · webmailadmin"}
    assert page.title() == title[page.soup.html["lang"]]


def test_the_switch_is_remembered_and_leads_back_to_where_the_person_was(browser, contact):
    there = f"{LIST}?q=contact&show=mailboxes"
    page = browser.get(there)

    switched = browser.submit(page, "form.language", button="Français")

    assert switched.soup.html["lang"] == "fr"
    assert switched.emails() == ["contact@bonvenon.fr"]
    assert switched.soup.select_one("#show")["value"] == "mailboxes"
    assert browser.get("/domains/").words("h1") == "Adresses email"
    back = browser.submit(switched, "form.language", button="English")
    assert back.soup.html["lang"] == "en"


def test_the_switch_works_before_the_log_in_and_stays_after_it(app, alice):
    stranger = Browser(app)
    page = stranger.submit("/log-in", "form.language", button="Français")
    assert page.title() == "Se connecter · webmailadmin"

    stranger.log_in("alice", "a fine long password 27")
    assert stranger.get("/domains/").soup.html["lang"] == "fr"


def test_the_language_that_is_on_is_marked(french, bonvenon):
    page = french.get(LIST)

    assert page.words('.language [aria-current="true"]') == "Français"
    assert [b["lang"] for b in page.soup.select(".language button")] == ["fr", "en"]


@pytest.mark.parametrize("code", ["de", "", "../../etc", "<b>", "fr\r\nX: y"])
def test_a_language_that_we_do_not_speak_is_not_remembered(browser, bonvenon, code):
    reply = browser.submit(LIST, "form.language", {"language": code})

    assert reply.soup.html["lang"] == "en"
    assert not [name for name in browser.cookies() if "language" in name]


def test_a_cookie_with_another_language_is_disregarded(browser, bonvenon):
    for name in ("language", "__Host-language"):
        browser.client.set_cookie(name, "xx", domain="localhost", secure=True)

    assert browser.get(LIST).soup.html["lang"] == "en"


NAMES = [
    ("Email addresses", "Adresses email"),
    ("Name", "Nom"),
    ("Add this address", "Ajouter cette adresse email"),
    ("Edit", "Modifier"),
    ("Save this address", "Modifier cette adresse email"),
    ("Cancel", "Annuler"),
    ("Delete", "Supprimer"),
    ("Restore", "Restaurer"),
    ("Undo", "Rétablir"),
    ("Mailbox", "Boîte mail"),
    ("Yes", "Oui"),
    ("No", "Non"),
    ("Password", "Mot de passe"),
    ("Confirm the password", "Confirmer le mot de passe"),
    ("Generate", "Proposer un mot de passe"),
    ("Size limit (MB)", "Taille limite (Mo)"),
    ("Redirect to", "Rediriger vers"),
    ("Enabled", "Adresse active"),
    ("Removed", "Retirées"),
    ("Unknown addresses", "Adresses inconnues"),
    ("Journal", "Journal"),
    ("Log in", "Se connecter"),
    ("Log out", "Se déconnecter"),
]


def names_on(browser, language):
    """Walk the pages in one language; return where each visible name stands, in the same order."""
    browser.language = language
    stranger = Browser(browser.client.application, language)
    door = stranger.get("/log-in")
    page = browser.get(CONTACT)
    gone = browser.submit(page, "form.editor", {"mailbox": "no", "may_remove": "y"})
    edit = gone.soup.select_one("#address-1 .end a")
    toast = gone.soup.select_one(".toast button").get_text(strip=True)
    restore = gone.soup.select_one(".entry .end form button").get_text(strip=True)
    browser.submit(gone, ".toast form")
    tabs = [tab.find(string=True).strip() for tab in page.soup.select(".tabs a")]
    choice = [label.get_text(strip=True) for label in page.soup.select(".choice label")]
    labels = [label for label in page.labels() if label not in choice]
    doing = page.soup.select_one(".doing")
    buttons = [button.get_text(strip=True) for button in doing.select("button, a")]
    return [
        page.words("nav h2"),
        labels[0],
        page.words("#add-address button"),
        edit.get_text(strip=True),
        buttons[0],
        buttons[1],
        buttons[-1],
        restore,
        toast,
        page.words(".editor legend"),
        *choice,
        labels[1],
        labels[2],
        page.words(".links button"),
        labels[3],
        *labels[7:9],  # after the three switches of a mailbox
        tabs[2],
        tabs[1],
        tabs[3],
        door.words("form.card button"),
        page.words(".foot form button"),
    ]


def test_the_names_that_users_and_manuals_rely_on_are_these(browser, contact):
    assert names_on(browser, "en") == [english for english, _ in NAMES]


def test_the_french_names_are_these(browser, contact):
    assert names_on(browser, "fr") == [french for _, french in NAMES]


def test_figures_dates_and_sizes_are_written_as_each_language_does(browser, contact, alice):
    wish = addresses.Wish(contact.version, mailbox=True, quota_mb="1536")
    addresses.save(contact, wish, by=alice)

    assert "1.5 GB" in browser.get(LIST).row("contact@bonvenon.fr")
    browser.language = "fr"
    assert "1,5 Go" in browser.get(LIST).row("contact@bonvenon.fr")


def test_one_and_many_are_told_apart_in_both_languages(browser, bonvenon, alice):
    assert browser.get(LIST).words("#facts") == "1 address · 0 mailboxes"
    browser.language = "fr"
    assert browser.get(LIST).words("#facts") == "1 adresse · 0 boîte mail"
    addresses.add(bonvenon, "sales", by=alice)
    assert browser.get(LIST).words("#facts") == "2 adresses · 0 boîte mail"
