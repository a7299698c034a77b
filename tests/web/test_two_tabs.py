"""Two tabs, two people, a form sent twice, an address gone meanwhile, a URL typed by hand."""

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin.mail import accounts, passwords
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Address, Mailbox, Recipient, Session

GOOD = "correct horse battery"


@pytest.fixture
def bruno(app, alice):
    """Another administrator's browser."""
    accounts.add("bruno", PASSWORD, by=COMMAND_LINE)
    browser = Browser(app)
    browser.log_in("bruno", PASSWORD)
    return browser


def led(email="contact@bonvenon.fr"):
    """Return where an address is redirected."""
    rows = Recipient.select().join(Address).where(Address.email == email).order_by(Recipient.id)
    return [row.email for row in rows]


def test_an_old_form_says_who_did_what_keeps_what_was_typed_and_then_goes_through(
    browser, bruno, contact, headers
):
    page = browser.get(CONTACT)
    bruno.submit(CONTACT, "form.editor", {"Redirect to": "bob@y.org"})
    before = everything()
    typed = {
        "Password": GOOD,
        "Confirm the password": GOOD,
        "Size limit (MB)": "77",
        "Redirect to": "ann@x.org",
    }

    stale = browser.submit(page, "form.editor", {**typed, "Enabled": None}, headers=headers)

    assert stale.status == 409
    assert stale.messages() == {
        "": "Meanwhile bruno changed contact@bonvenon.fr: redirected to bob@y.org."
        " What you typed is still here; save again to put it in place."
    }
    assert headers or stale.title().startswith("Error:")
    assert {label: stale.value(label) for label in typed} == typed
    assert not stale.ticked("Enabled")
    assert everything() == before

    saved = browser.submit(stale, "form.editor", headers=headers)

    assert (saved.status, saved.toast()) == (200, "contact@bonvenon.fr is saved.")
    assert led() == ["ann@x.org"]
    assert not Address.get(Address.email == "contact@bonvenon.fr").enabled
    assert passwords.matches(GOOD, Mailbox.get().password)


def test_an_old_form_says_in_french_who_did_what(french, bruno, contact, headers):
    page = french.get(CONTACT)
    bruno.submit(CONTACT, "form.editor", {"Size limit (MB)": "2048"})

    stale = french.submit(page, "form.editor", {"Taille limite (Mo)": "77"}, headers=headers)

    assert stale.messages() == {
        "": "Entre-temps, bruno a modifié contact@bonvenon.fr : taille limite passée de 1024 à"
        " 2048 Mo. Votre saisie est toujours là ; enregistrez de nouveau pour l’appliquer."
    }


def test_an_old_form_with_the_box_still_warns_before_a_mailbox_goes(browser, bruno, contact):
    page = browser.get(CONTACT)
    bruno.submit(CONTACT, "form.editor", {"Size limit (MB)": "5"})

    stale = browser.submit(page, "form.editor", {"Mailbox": "No"})
    assert (stale.status, stale.value("Mailbox")) == (409, "No")

    warned = browser.submit(stale, "form.editor")
    assert warned.status == 422
    assert "This takes the mailbox off, with all its messages." in warned.words()


def test_the_same_form_sent_twice_is_no_error_and_changes_nothing_more(browser, contact, headers):
    page = browser.get(CONTACT)
    values = {"Redirect to": "ann@x.org", "Password": GOOD, "Confirm the password": GOOD}
    browser.submit(page, "form.editor", values, headers=headers)
    browser.get(LIST)
    before = everything()

    again = browser.submit(page, "form.editor", values, headers=headers)

    assert (again.status, again.toast()) == (200, "contact@bonvenon.fr is saved.")
    assert everything() == before


def test_a_name_added_twice_is_open_and_added_once(browser, bonvenon, headers):
    page = browser.get(LIST)
    browser.submit(page, "#add-address", {"Name": "sales"}, headers=headers)
    before = everything()

    again = browser.submit(page, "#add-address", {"Name": "sales"}, headers=headers)

    assert again.messages()["Name"] == "sales@bonvenon.fr exists already. It is open below."
    assert again.value("Mailbox") == "Yes"
    assert everything() == before


def test_a_deletion_sent_twice_is_told_that_it_is_gone(browser, contact, headers):
    asked = browser.submit(CONTACT, "form.editor", button="Delete")
    box = {"Yes, delete contact@bonvenon.fr": "on"}
    browser.submit(asked, "form.editor", box, headers=headers)
    before = everything()

    again = browser.submit(asked, "form.editor", box, headers=headers)

    assert (again.status, everything()) == (410, before)


def test_an_address_deleted_meanwhile_is_told_with_the_way_back(
    browser, bruno, contact, alice, headers
):
    page = browser.get(CONTACT)
    asked = bruno.submit(CONTACT, "form.editor", button="Delete")
    bruno.submit(asked, "form.editor", {"Yes, delete contact@bonvenon.fr": "on"})
    before = everything()

    tries = [
        browser.submit(page, "form.editor", {"Redirect to": "ann@x.org"}, headers=headers),
        browser.submit(page, "form.editor", headers=headers, button="Generate"),
        browser.submit(page, "form.editor", headers=headers, button="Delete"),
        browser.open(CONTACT, headers=headers),
        browser.open(f"{CONTACT}?mailbox=no", headers=headers),
        browser.open("/addresses/contact@bonvenon.fr/journal", headers=headers),
    ]

    for reply in tries:
        assert reply.status == 410
        assert reply.words(".notice").startswith("contact@bonvenon.fr has been deleted. Until ")
        assert reply.words(".notice").endswith("it can be brought back. Removed")
        assert reply.links()["Removed"] == f"{LIST}removed/"
    assert everything() == before


def test_a_form_of_an_ended_session_changes_nothing_and_goes_through_after_a_log_in(
    browser, contact, headers
):
    page = browser.get(CONTACT)
    Session.delete().execute()
    before = everything()

    late = browser.submit(page, "form.editor", {"Redirect to": "ann@x.org"}, headers=headers)

    assert late.status == 401
    assert late.words(".notice").startswith(
        "Your session is over; nothing was changed, and what you typed is still here."
    )
    assert late.links()["Log in in another tab"] == "/log-in"
    assert everything() == before

    browser.log_in("alice", PASSWORD)
    stale = browser.submit(page, "form.editor", {"Redirect to": "ann@x.org"}, headers=headers)
    assert stale.status == 422
    assert stale.messages() == {
        "": "This page had been open for too long. Nothing is lost: send it again."
    }
    assert stale.value("Redirect to") == "ann@x.org"

    assert browser.submit(stale, "form.editor", headers=headers).status == 200
    assert led() == ["ann@x.org"]


@pytest.mark.parametrize(
    ("url", "form", "typed"),
    [
        (LIST, "#add-address", {"Name": "sales"}),
        ("/domains/", "form.card", {"Domain": "neuf.fr", "Contact address": "a@x.org"}),
        (f"{LIST}unknown", "form.card", {"kind": "address", "Address": "a@x.org"}),
        (
            "/password",
            "form.card",
            {
                "Present password": PASSWORD,
                "New password": "quite another phrase 9",
                "Confirm the password": "quite another phrase 9",
            },
        ),
    ],
    ids=["add", "install", "unknown", "password"],
)
def test_a_page_that_was_open_for_too_long_loses_nothing(browser, bonvenon, url, form, typed):
    page = browser.get(url)
    browser.client.delete_cookie("__Host-form", domain="localhost")
    before = everything()

    late = browser.submit(page, form, typed)

    assert (late.status, late.title()[:6]) == (422, "Error:")
    assert late.messages() == {
        "": "This page had been open for too long. Nothing is lost: send it again."
    }
    shown = {label: value for label, value in typed.items() if label != "kind"}
    assert {label: late.value(label) for label in shown} == shown
    assert everything() == before
    assert browser.submit(late, form).status == 200
    assert everything() != before


URLS = [
    "/domains/{}/",
    "/domains/{}/about",
    "/domains/{}/unknown",
    "/domains/{}/removed/",
    "/domains/{}/journal",
    "/addresses/{}/edit",
    "/addresses/{}/journal",
    "/addresses/{}@bonvenon.fr/edit",
    "/addresses/contact@{}/edit",
    "/static/{}/style.css",
    "/{}",
]
ODD = [
    "nothing",
    "elsewhere.org",
    "bonvenon.fr.",
    "%00",
    "a%00b",
    "%0d%0aSet-Cookie:x=y",
    "%ff%fe",
    "%ed%a0%80",
    "%e2%80%ae",
    "xn--",
    "xn--a",
    "xn--" + "9" * 300,
    "..",
    "%2e%2e%2fetc%2fpasswd",
    "%27%20OR%201=1",
    "{{7*7}}",
    "%3Cscript%3E",
    "x" * 10000,
    "@",
    "@@",
    "%20",
    "%F0%9F%92%8C",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_typed_by_hand_for_what_does_not_exist_is_not_found(browser, contact, url):
    before = everything()

    for odd in ODD:
        for headers in ({}, FRAGMENT):
            reply = browser.open(url.format(odd), headers=headers)
            found = odd == "bonvenon.fr." and ("domains" in url or "@{}" in url)
            expected = {200, 303} if found and "addresses" not in url else {404, 308}
            assert reply.status in expected, (url, odd, reply.status)
            assert "HX-Request-Type" in reply.headers.get("Vary", ""), (url, odd)
    assert everything() == before


def test_what_is_not_found_says_so_and_shows_the_way_to_the_domains(browser, bonvenon):
    page = browser.open("/addresses/nobody@bonvenon.fr/edit")
    fragment = browser.open("/addresses/nobody@bonvenon.fr/edit", headers=FRAGMENT)

    words = "There is nothing at this address, or not any more."
    assert (page.status, page.title()) == (404, f"Error: {words} · webmailadmin")
    assert page.links()["To your domains"] == "/"
    assert (fragment.status, fragment.words()) == (404, words)


def test_a_place_in_the_journal_that_was_made_up_breaks_nothing(browser, contact):
    made_up = ["0", "-1", "x", "", "9" * 19, "9" * 30, "-" + "9" * 30, "9" * 5000, "1.5", "%00"]
    for before in made_up:
        for url in (f"{LIST}journal", "/addresses/contact@bonvenon.fr/journal"):
            assert (before, browser.open(f"{url}?before={before}").status) == (before, 200)


def test_a_removed_domain_that_never_was_is_not_found(browser, bonvenon):
    token = browser.get("/domains/").soup.select_one("form.card input")["value"]

    for id_ in ("0", "99", "9" * 19, "9" * 30, "x", "-1"):
        reply = browser.open(
            f"/domains/removed/{id_}/restore", method="POST", data={"csrf_token": token}
        )
        assert (id_, reply.status) == (id_, 404)
