"""App passwords on pages: made by the holder, shown once, revoked by it and by who manages it."""

from datetime import timedelta

import pytest

from tests.browser_of import FRAGMENT
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, everything, holder_of, log_in_as
from webmailadmin.mail import app_passwords
from webmailadmin.models import AppPassword, Kick, Mailbox, Session, now

PAGE = "/mailbox/app-passwords"
NEW = "h2#new + form"
NAME = "Mail program"


@pytest.fixture
def telephone(contact):
    """An app password of contact@."""
    return app_passwords.create(contact, "Telephone", by=holder_of(contact)).app_password


def test_a_new_one_is_shown_once(me, contact):
    page = me.submit(PAGE, NEW, {NAME: "Thunderbird at home"})

    secret = page.words(".secret code")
    assert page.status == 200
    assert page.words(".new-key h2") == "For “Thunderbird at home”"
    assert page.soup.select_one(".secret .copy")["data-copy"] == secret
    assert "contact@bonvenon.fr" in page.words(".new-key .programs")
    assert AppPassword.get().password == app_passwords.digest(secret)
    page = me.get(PAGE)
    assert secret not in page.text
    assert "Thunderbird at home" in page.words(".keys")
    assert "not used yet" in page.words(".keys")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("  ", "Say which mail program the password is for"),
        ("x" * 61, "The name has at most 60 characters; this one has 61."),
        ("TELEPHONE", "There is an app password named “TELEPHONE” already."),
    ],
)
def test_a_bad_name_is_told_beside_its_field(me, telephone, name, message):
    before = everything()
    page = me.submit(PAGE, NEW, {NAME: name})
    assert page.status == 422
    assert message in page.message(NAME)
    assert page.value(NAME) == name
    assert everything() == before


def test_an_older_session_shows_first_that_it_is_them(me):
    Session.update(proved_at=now() - timedelta(minutes=16)).execute()
    page = me.submit(PAGE, NEW, {NAME: "Tablet"})
    assert page.status == 401
    assert not AppPassword.select().exists()
    me.submit("/prove", "main form", {"Password": PASSWORD})
    assert me.submit(PAGE, NEW, {NAME: "Tablet"}).words(".new-key h2") == "For “Tablet”"


def test_it_is_revoked_with_its_sessions(me, telephone):
    page = me.submit(PAGE, ".keys form")
    assert page.toast() == "“Telephone” opens the mailbox no more."
    assert not page.soup.select(".keys")
    assert not AppPassword.select().exists()
    assert Kick.select().count() == 1  # nobody carries it out here


def test_another_mailboxs_is_missing(app, sales, me, telephone):
    other = log_in_as(app, holder_of(sales))
    token = other.get("/password").soup.select_one("input[name=csrf_token]")["value"]
    for url in (f"{PAGE}/{telephone.id}/revoke", f"{PAGE}/999/revoke"):
        assert other.open(url, "POST", data={"csrf_token": token}).status == 404
    assert AppPassword.select().exists()
    assert not other.get(PAGE).soup.select(".keys")


def test_the_main_password_is_barred_and_let_in_again(me):
    page = me.get(PAGE)
    assert "every mail program of yours would stop" in page.text
    bar = "form[action$='main-password-off']"
    page = me.submit(page, bar)
    assert page.toast() == "Mail programs get in by app passwords only."
    assert not Mailbox.get().main_in_programs
    assert "this panel only" in me.get("/mailbox").text
    page = me.submit(page, "form[action$='main-password-on']")
    assert page.toast() == "Mail programs get in by your main password too."
    assert Mailbox.get().main_in_programs


# In the editor


def test_who_manages_the_domain_sees_names_and_revokes(browser, owner, telephone):
    for who in (owner, browser):
        page = who.get(CONTACT)
        found = page.soup.select_one("[id^=app-passwords-]")
        assert "Telephone" in found.get_text()
        assert [button.get_text() for button in found.select("button")] == ["Revoke"]
    page = owner.submit(CONTACT, "[id^=app-passwords-] form")
    assert page.toast() == "“Telephone” opens the mailbox no more."
    assert "The holder makes them" in page.text
    assert not AppPassword.select().exists()


def test_the_fragment_brings_what_is_left_and_a_toast(browser, telephone):
    reply = browser.submit(CONTACT, "[id^=app-passwords-] form", headers=FRAGMENT)
    assert reply.status == 200
    assert reply.soup.select_one("[id^=app-passwords-]") is not None
    assert reply.partial("#toast") == "“Telephone” opens the mailbox no more."


def test_an_old_page_is_told_and_changes_nothing(browser, telephone):
    url = f"/addresses/contact@bonvenon.fr/app-passwords/{telephone.id}/revoke"
    for headers in ({}, FRAGMENT):
        reply = browser.open(url, "POST", headers=headers)
        assert reply.status == 422
        assert "had been open for too long" in reply.text
    assert AppPassword.select().exists()


def test_a_stranger_to_the_domain_finds_nothing(app, me, telephone, sales):
    url = f"/addresses/contact@bonvenon.fr/app-passwords/{telephone.id}/revoke"
    token = me.get("/password").soup.select_one("input[name=csrf_token]")["value"]
    assert me.open(url, "POST", data={"csrf_token": token}).status == 404
    assert AppPassword.select().exists()
