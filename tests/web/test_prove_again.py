"""Is it you? What guards a person asks for the password once more when that is long ago."""

from datetime import timedelta

import pytest

from tests.browser_of import FRAGMENT
from tests.conftest import PASSWORD
from tests.web.conftest import LIST, everything
from webmailadmin.mail import sessions
from webmailadmin.models import Session
from webmailadmin.web import security
from webmailadmin.web.security import OWN_COOKIE

ASKED = "This needs your password once more; nothing was changed, and what you typed is still here."


@pytest.fixture
def guarded(app, monkeypatch):
    """Guard the list of a domain and the form that adds to it, as if they guarded a person."""
    for endpoint in ("addresses.list_", "addresses.add"):
        view = app.view_functions[endpoint]
        monkeypatch.setitem(app.view_functions, endpoint, security.prove_again(view))


def long_ago(minutes=15):
    """Let the proof of all sessions be so long ago."""
    for row in list(Session.select()):
        moment = row.proved_at - timedelta(minutes=minutes)
        Session.update(proved_at=moment).where(Session.id == row.id).execute()


def prove(page, browser, password=PASSWORD):
    """Type the password into the page that asks for it."""
    return browser.submit(page, "form.card", {"Password": password})


def test_who_just_logged_in_is_not_asked(browser, bonvenon, guarded):
    long_ago(14)

    assert browser.open(LIST).status == 200


def test_a_page_is_found_again_after_the_password(browser, contact, guarded):
    long_ago()

    asked = browser.get(f"{LIST}?q=contact")
    assert (asked.url, asked.words("h1"), asked.focus()) == ("/prove", "Is it you?", "present")
    assert "Code" not in asked.labels()
    page = prove(asked, browser)

    assert page.emails() == ["contact@bonvenon.fr"]
    assert browser.open(LIST).status == 200


def test_a_part_of_a_page_leads_to_the_question_and_back_to_the_page(browser, contact, guarded):
    long_ago()

    reply = browser.open(
        f"{LIST}?q=c", headers={**FRAGMENT, "HX-Current-URL": f"https://localhost{LIST}?show=all"}
    )

    assert (reply.status, reply.text) == (401, "")
    assert reply.headers["HX-Redirect"] == f"/prove?next={LIST}?show%3Dall"


def test_a_wrong_password_is_told_and_counted(browser, bonvenon, guarded, still):
    long_ago()
    asked = browser.get(LIST)

    for _ in range(5):
        reply = prove(asked, browser, "not the right one")
        assert (reply.status, reply.message("Password")) == (
            422,
            "This is not your present password.",
        )
    reply = prove(asked, browser)

    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert browser.open(LIST).status == 303


def test_a_form_that_comes_too_late_changes_nothing_and_can_be_sent_again(
    browser, bonvenon, guarded, headers
):
    page = browser.get(LIST)
    long_ago()
    before = everything()

    reply = browser.submit(page, "#add-address", {"Name": "sales"}, headers=headers)

    assert (reply.status, reply.words(".notice").startswith(ASKED)) == (401, True)
    assert everything() == before
    prove(reply.links()["Show that it is you in another tab"], browser)
    again = browser.submit(page, "#add-address", {"Name": "sales"}, headers=headers)
    assert again.status == 200


def test_a_button_leads_to_the_question_and_back_to_its_page(browser, bonvenon, guarded):
    token = browser.get(LIST).soup.select_one("input[name=csrf_token]")["value"]
    long_ago()

    reply = browser.open(
        f"{LIST}addresses/",
        method="POST",
        data={"csrf_token": token},
        headers={"Referer": f"https://localhost{LIST}?show=all"},
    )

    assert (reply.status, reply.headers["Location"]) == (303, f"/prove?next={LIST}?show%3Dall")


@pytest.mark.parametrize("there", ["//elsewhere.org", "https://elsewhere.org", "/\\x.org", ""])
def test_the_proof_leads_nowhere_else(browser, bonvenon, there):
    asked = browser.get("/prove")

    reply = browser.open(
        "/prove",
        method="POST",
        data={
            "present": PASSWORD,
            "next": there,
            "csrf_token": asked.soup.select_one("input[name=csrf_token]")["value"],
        },
    )

    assert (reply.status, reply.headers["Location"]) == (303, "/")


def test_a_proof_counts_for_its_own_session_only(app, browser, stranger, bonvenon, guarded):
    stranger.log_in("alice", PASSWORD)
    long_ago()

    prove(browser.get(LIST), browser)

    assert browser.open(LIST).status == 200
    assert stranger.open(LIST).status == 303


def test_who_has_entered_as_somebody_is_never_asked_for_their_password(
    browser, bonvenon, alice, guarded
):
    own = sessions.open_session(alice)
    browser.client.set_cookie(OWN_COOKIE, own, domain="localhost", secure=True)
    Session.update(entered_by=alice.id).where(
        Session.token_hash != sessions.token_hash(own)
    ).execute()

    reply = browser.open(LIST)

    assert reply.status == 403
    assert "You are here as administrator alice." in reply.words(".notice")
