"""Pages of links: opened from a mail, used once, shown once to who hands them out."""

import json

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, everything
from tests.web.link_pages import (
    ELSEWHERE,
    NEW,
    box_of,
    choose,
    link_in,
    mails_of,
    new_owner,
    shown_link,
)
from tests.web.test_log_in import set_cookies
from webmailadmin.log import AsJson
from webmailadmin.mail import links, people, sessions
from webmailadmin.models import Account, Link, SecondFactor, Session

OF_CONTACT = "/addresses/contact@bonvenon.fr/link"
OF_ALICE = "/accounts/alice/link"


@pytest.fixture
def token(contact, alice):
    """A link for the holder of contact@bonvenon.fr."""
    return links.invite(box_of("contact@bonvenon.fr", alice), by=alice)


@pytest.fixture
def server(app):
    """A mail server that takes what the panel sends."""
    with mails_of(app) as server:
        yield server


def logged_in(app, person):
    """Return the browser of a person who is logged in."""
    browser = Browser(app)
    token = sessions.open_session(people.actor(person))
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


# Opening


def test_the_token_leaves_the_address_at_once(stranger, token):
    reply = stranger.open(f"/link/{token}")

    assert (reply.status, reply.headers["Location"]) == (303, "/link")
    assert token not in reply.text
    assert set_cookies(reply)["__Host-link"] == {
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=600",
        *(part for part in set_cookies(reply)["__Host-link"] if part.startswith("Expires=")),
    }
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    page = stranger.get("/link")
    assert token not in page.text
    assert [one["src"] for one in page.soup.select("[src]") if "://" in one["src"]] == []


def test_the_log_never_holds_a_token(stranger, token, caplog):
    caplog.set_level("INFO")
    stranger.open(f"/link/{token}")
    stranger.open(f"/link/{token}", method="POST")
    stranger.open(f"/link/{token}/more")
    choose(stranger, f"/link/{token}")

    told = [AsJson().format(record) for record in caplog.records]
    paths = [json.loads(line).get("path") for line in told]
    assert paths[:4] == ["/link/…"] * 4
    assert token not in " ".join(told)


def test_whoever_only_looks_uses_nothing_up(app, stranger, token):
    before = everything()
    for method in ("HEAD", "GET", "OPTIONS"):
        scanner = Browser(app)
        scanner.open(f"/link/{token}", method=method)
        scanner.open("/link", method=method)
        scanner.get(f"/link/{token}")
    assert everything() == before

    assert choose(stranger, f"/link/{token}").toast() == "Your password is set. Log in with it."


@pytest.mark.parametrize("made_up", ["x", "0" * 43, "é", "%00", "a" * 4000, "' OR 1=1 --"])
def test_a_link_that_was_made_up_opens_nothing_and_says_what_to_do(stranger, token, made_up):
    page = stranger.get(f"/link/{made_up}")

    assert (page.status, page.words("h1")) == (404, "This link is not good any more")
    assert page.links()["I have forgotten my password"] == "/forgotten"
    assert "ask whoever gave you the link for another one" in page.words("main")


def test_over_plain_http_the_page_says_what_the_browser_did(own_app, monkeypatch):
    own_app.config["TRUSTED_HOSTS"] = ["panel.example.net"]
    page = Browser(own_app, base_url="http://panel.example.net").get(f"/link/{'0' * 43}")
    assert (page.status, page.words("h1")) == (404, "This link opens only over https")
    assert "It was not used." in page.words(".notice.wrong")


def test_without_a_link_the_page_says_so(stranger, contact):
    assert stranger.get("/link").status == 404
    token = stranger.get("/log-in").soup.select_one("input[name=csrf_token]")["value"]
    assert stranger.open("/link", method="POST", data={"csrf_token": token}).status == 303


# Using


def test_a_holder_chooses_the_password_and_logs_in_with_it(stranger, token):
    page = stranger.get(f"/link/{token}")
    assert page.words("h1") == "Choose your password"
    assert "contact@bonvenon.fr" in page.words("form.card")
    assert "At least 12 characters" in page.words("form.card")

    page = choose(stranger, f"/link/{token}")

    assert (page.words("h1"), page.toast()) == ("Log in", "Your password is set. Log in with it.")
    assert "__Host-link" not in stranger.cookies()
    assert Session.select().count() == 0
    assert stranger.log_in("contact@bonvenon.fr", NEW).status == 200


def test_after_it_the_name_is_filled_in_and_the_password_awaited(stranger, token):
    page = choose(stranger, f"/link/{token}")

    assert (page.url, page.focus()) == ("/log-in", "password")
    assert page.value("Name or email address") == "contact@bonvenon.fr"
    assert stranger.get("/log-in").value("Name or email address") == ""


def test_an_account_chooses_a_longer_one(app, stranger, bonvenon, alice):
    new_owner("bruno", bonvenon)
    token = links.invite(Account.get(Account.name == "bruno"), by=alice)

    page = choose(stranger, f"/link/{token}", "short 37 word")
    assert page.status == 422
    assert "needs 15 characters or more" in page.message("New password")
    page = choose(stranger, f"/link/{token}")
    assert page.words("h1") == "Log in"


def test_a_refused_password_stays_typed_and_the_link_stays_good(stranger, token):
    page = stranger.submit(
        f"/link/{token}", "form.card", {"New password": NEW, "Confirm the password": "other"}
    )
    assert page.title() == "Error: Choose your password · webmailadmin"
    assert page.messages() == {"Confirm the password": "The two passwords differ."}
    assert page.value("New password") == NEW
    assert Link.select().count() == 1


def test_a_link_is_good_for_once_also_in_two_tabs(stranger, token):
    page = stranger.get(f"/link/{token}")
    choose(stranger, f"/link/{token}")
    values = {"New password": PASSWORD, "Confirm the password": PASSWORD}

    again = stranger.submit(page, "form.card", values)

    assert (again.status, again.words("h1")) == (404, "This link is not good any more")
    assert stranger.get(f"/link/{token}").status == 404


def test_a_later_link_ends_the_one_that_is_open(stranger, token, alice):
    page = stranger.get(f"/link/{token}")
    links.invite(box_of("contact@bonvenon.fr", alice), by=alice)
    values = {"New password": NEW, "Confirm the password": NEW}

    assert stranger.submit(page, "form.card", values).status == 404


def test_all_sessions_end_and_the_second_factor_stays(app, stranger, token, alice):
    box = box_of("contact@bonvenon.fr", alice)
    inside = logged_in(app, box)
    SecondFactor.create(mailbox=box, secret="x")
    assert inside.open("/contact").status == 200

    choose(stranger, f"/link/{token}")

    assert inside.open("/contact").status == 303
    assert SecondFactor.select().count() == 1
    assert stranger.open("/contact").status == 303


def test_a_link_without_the_token_of_its_form_does_nothing(stranger, token):
    stranger.get(f"/link/{token}")
    reply = stranger.open("/link", method="POST", data={"password": NEW, "confirmation": NEW})
    assert reply.status == 422
    assert links.find(token)


def test_the_page_is_in_french(stranger, token):
    stranger.language = "fr"
    page = stranger.get(f"/link/{token}")
    assert page.words("h1") == "Choisissez votre mot de passe"


# Handing out


def test_an_administrator_sees_a_link_once_to_copy_and_to_scan(browser, stranger, contact):
    asked = browser.get(OF_CONTACT)
    assert asked.soup.select_one("#link") is None

    page = browser.submit(asked, "#show-link")

    link = shown_link(page)
    assert link.startswith("https://localhost/link/")
    field = page.soup.select_one("#link")
    assert field.has_attr("readonly")
    assert page.soup.select_one("button[data-copy]")["data-copy"] == link
    code = page.soup.select_one("svg.qr")
    assert code.select("path")
    assert "style" not in str(code)
    assert link not in browser.get(OF_CONTACT).text
    assert choose(stranger, link).words("h1") == "Log in"


def test_an_account_gets_one_too(browser, stranger, bonvenon):
    new_owner("bruno", bonvenon)
    link = shown_link(browser.submit("/accounts/bruno/link", "#show-link"))

    choose(stranger, link)

    assert stranger.log_in("bruno", NEW).status == 200


def test_a_link_is_sent_to_another_address_and_not_shown(browser, stranger, contact, server):
    page = browser.submit(OF_CONTACT, "#send-link", {"Send it to": "Ann@Elsewhere.org"})

    assert page.toast() == "The link is sent to ann@elsewhere.org."
    assert page.soup.select_one("#link") is None
    (mail,) = server.messages
    assert (mail["To"], mail["From"]) == (ELSEWHERE, "postmaster@bonvenon.fr")
    assert choose(stranger, link_in(mail)).words("h1") == "Log in"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Enter the address that the link is sent to."),
        ("ann", "“ann” is not an address that mail can be sent to."),
        ("a@x.org, b@y.org", "“a@x.org, b@y.org” is not an address that mail can be sent to."),
        (
            "contact@bonvenon.fr",
            "Mail to contact@bonvenon.fr ends in the mailbox whose password is to be chosen: "
            "nobody could read it. Enter an address elsewhere.",
        ),
    ],
)
def test_an_address_that_no_link_is_sent_to_is_said_beside_it(
    browser, contact, server, typed, message
):
    page = browser.submit(OF_CONTACT, "#send-link", {"Send it to": typed})

    assert (page.status, page.messages()) == (422, {"Send it to": message})
    assert page.value("Send it to") == typed
    assert server.messages == []


def test_a_mail_that_is_not_taken_is_said(browser, contact, server):
    server.replies["RCPT"] = "550 5.1.1 Nobody here"
    page = browser.submit(OF_CONTACT, "#send-link", {"Send it to": ELSEWHERE})

    assert page.status == 422
    assert "Reason: 550 5.1.1 Nobody here" in page.words("#send-link")
    assert page.value("Send it to") == ELSEWHERE


def test_without_a_public_address_nothing_is_sent_and_the_page_says_why(browser, contact):
    page = browser.get(OF_CONTACT)
    assert "WEBMAILADMIN_PUBLIC_URL" in page.words("#send-link")

    data = {
        "csrf_token": page.soup.select_one("input[name=csrf_token]")["value"],
        "send": "yes",
        "to": ELSEWHERE,
    }
    reply = browser.open(OF_CONTACT, method="POST", data=data)
    assert (reply.status, Link.select().count()) == (422, 0)


def test_a_forged_host_never_appears_in_a_mail(browser, contact, server):
    token = browser.get(OF_CONTACT).soup.select_one("input[name=csrf_token]")["value"]
    sent = {"csrf_token": token, "send": "yes", "to": ELSEWHERE}
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {},
    ):
        browser.open(
            OF_CONTACT,
            method="POST",
            data=sent,
            headers={**headers, "Referer": "https://localhost/"},
        )
    assert server.messages
    for mail in server.messages:
        assert "evil.example" not in mail.as_string()
        assert link_in(mail).startswith("https://panel.example.net/link/")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_somebody_elses_is_not_there(app, contact, alice, method):
    new_owner("bruno")
    before = everything()
    for person in (
        Account.get(Account.name == "bruno"),
        box_of("contact@bonvenon.fr", alice),
    ):
        browser = logged_in(app, person)
        before = everything()
        csrf = browser.get("/contact").soup.select_one("input[name=csrf_token]")["value"]
        for url in (
            OF_CONTACT,
            OF_ALICE,
            "/addresses/nobody@bonvenon.fr/link",
            "/accounts/nobody/link",
            "/accounts/bruno/link",
        ):
            reply = browser.open(url, method=method, data={"csrf_token": csrf})
            assert (url, reply.status) == (url, 404)
        assert everything() == before


def test_an_owner_makes_links_in_their_domain_alone(app, bonvenon, contact):
    new_owner("bruno", bonvenon)
    browser = logged_in(app, Account.get(Account.name == "bruno"))

    assert shown_link(browser.submit(OF_CONTACT, "#show-link"))
    assert browser.open(OF_ALICE).status == 404


def test_an_alias_has_no_password_to_choose(browser, bonvenon):
    assert browser.open("/addresses/postmaster@bonvenon.fr/link").status == 404


# In the editor


def open_by_link(browser, headers=None):
    """Open ann@ as a mailbox whose holder chooses the password."""
    browser.submit("/domains/bonvenon.fr/", "#add-address", {"Name": "ann"})
    return browser.submit(
        "/addresses/ann@bonvenon.fr/edit", "form.editor", {"by_link": "y"}, headers=headers
    )


@pytest.mark.parametrize("headers", [None, FRAGMENT], ids=["page", "fragment"])
def test_a_new_mailbox_is_opened_by_a_link(browser, stranger, bonvenon, headers):
    page = open_by_link(browser, headers)

    assert page.status == 200
    link = shown_link(page)
    choose(stranger, link)
    assert stranger.log_in("ann@bonvenon.fr", NEW).status == 200


def test_an_existing_mailbox_offers_a_link_and_no_tick(browser, contact):
    page = browser.get(CONTACT)
    assert page.links()["Link to choose a password …"] == OF_CONTACT
    assert "The holder chooses the password by a link" not in page.labels()


def test_a_mailbox_for_nobody_yet_is_refused_while_it_is_off(browser, bonvenon):
    browser.submit("/domains/bonvenon.fr/", "#add-address", {"Name": "ann"})
    page = browser.submit(
        "/addresses/ann@bonvenon.fr/edit",
        "form.editor",
        {"by_link": "y", "Enabled": None},
    )
    assert page.status == 422
    assert "ann@bonvenon.fr may not log in at present" in page.words(".notice.wrong")


def test_a_link_for_an_account_is_sent_and_leads_back_to_the_account(
    browser, stranger, bonvenon, server
):
    new_owner("bruno", bonvenon)
    page = browser.submit("/accounts/bruno/link", "#send-link", {"Send it to": ELSEWHERE})

    assert (page.url, page.toast()) == (
        "/accounts/bruno/",
        "The link is sent to ann@elsewhere.org.",
    )
    assert page.links()["Link to choose a password …"] == "/accounts/bruno/link"
    (mail,) = server.messages
    assert mail["From"] == "postmaster@mail.example.net"
    choose(stranger, link_in(mail))
    assert stranger.log_in("bruno", NEW).status == 200
