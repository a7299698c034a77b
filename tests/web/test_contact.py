"""One's own contact address: set with the password, confirmed by a link, told to nobody else."""

import pytest
from bs4 import BeautifulSoup

from tests.browser_of import Browser
from tests.conftest import PASSWORD
from tests.web.link_pages import (
    ELSEWHERE,
    box_of,
    confirm,
    link_in,
    new_owner,
    path_of,
    work,
)
from webmailadmin.mail import people, sessions
from webmailadmin.models import Account, Mailbox

HOLDER = "contact@bonvenon.fr"


@pytest.fixture(params=["alice", "bruno", HOLDER])
def person(request, contact, alice):
    """An administrator, an owner, a holder."""
    if request.param == HOLDER:
        return box_of(HOLDER, alice)
    if request.param == "bruno":
        new_owner("bruno", contact.domain)
    return Account.get(Account.name == request.param)


@pytest.fixture
def inside(app, person):
    """The browser of that person, logged in."""
    browser = Browser(app)
    token = sessions.open_session(people.actor(person))
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


def change(browser, contact, password=PASSWORD):
    """Set the contact address."""
    values = {"Contact address": contact, "Present password": password}
    return browser.submit("/contact", "main form.card", values)


def state(person):
    """Return the contact address of a person, and whether it is confirmed."""
    row = people.again(person)
    return row.contact, row.contact_confirmed


def test_a_contact_address_is_confirmed_by_a_mail_to_it(inside, stranger, person, server):
    page = change(inside, "Ann@Elsewhere.org")
    assert page.toast() == "A mail is on its way to ann@elsewhere.org: open its link."
    assert "ann@elsewhere.org is not confirmed yet" in page.words(".notice")
    assert state(person) == (ELSEWHERE, False)

    (mail,) = server.messages
    name = people.name(person)
    assert (mail["To"], mail["Subject"]) == (
        ELSEWHERE,
        f"Confirm your contact address for {name}",
    )
    asked = stranger.get(path_of(link_in(mail)))
    assert f"ann@elsewhere.org becomes the contact address of {name}" in asked.words("form.card")
    assert state(person) == (ELSEWHERE, False)

    refused = stranger.submit(asked, "form.card", {"Password": "not the right one"})
    assert refused.messages() == {"Password": "This is not your present password."}
    assert state(person) == (ELSEWHERE, False)

    done = stranger.submit(refused, "form.card", {"Password": PASSWORD})

    assert done.toast() == "ann@elsewhere.org is confirmed."
    assert state(person) == (ELSEWHERE, True)
    assert "ann@elsewhere.org is confirmed." in inside.get("/contact").words(".notice")
    assert stranger.get(path_of(link_in(mail))).status == 404


def test_the_present_password_is_asked_for(inside, person, server):
    page = change(inside, ELSEWHERE, "not the right one")

    assert (page.status, page.messages()) == (
        422,
        {"Present password": "This is not your present password."},
    )
    assert page.value("Contact address") == ELSEWHERE
    assert state(person) == ("", False)
    assert server.messages == []


def test_another_address_is_confirmed_anew_and_the_last_one_is_told(app, inside, person, server):
    confirm(person)
    change(inside, "bob@elsewhere.org")
    assert state(person) == ("bob@elsewhere.org", False)

    work(app)

    told = {mail["To"]: mail["Subject"] for mail in server.messages}
    assert told[ELSEWHERE] == f"The contact address of {people.name(person)} was changed"


def test_it_can_be_taken_away(inside, person, server):
    confirm(person)
    page = change(inside, "")
    assert page.toast() == "You have no contact address any more."
    assert (state(person), server.messages) == (("", False), [])


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("ann", "“ann” is not an address that mail can be sent to."),
        ("a@x.org\r\nBcc: b@x.org", "is not an address"),
        ("<script>alert(1)</script>@x.org", "is not an address"),
        ("nobody@bonvenon.fr", "nobody@bonvenon.fr receives nothing."),
    ],
)
def test_what_is_no_use_is_said_beside_the_field_and_stays_typed(
    inside, person, server, typed, message
):
    page = change(inside, typed)
    assert page.status == 422
    assert message in page.message("Contact address")
    assert "<script>alert" not in page.text
    assert state(person) == ("", False)


def test_a_holder_is_not_their_own_contact(app, contact, alice, server):
    browser = Browser(app)
    browser.log_in(HOLDER, PASSWORD)
    page = change(browser, HOLDER)
    assert page.message("Contact address").startswith(f"Mail to {HOLDER} ends in this mailbox")


def test_an_administrator_is_not_reached_where_an_owner_reads(app, browser, contact, server):
    new_owner("bruno", contact.domain)
    page = change(browser, HOLDER)
    assert "comes through a domain that has owners" in page.message("Contact address")


def test_a_mail_that_is_not_taken_is_said_and_can_be_sent_again(inside, person, server):
    server.replies["RCPT"] = "450 4.7.1 Later"
    page = change(inside, ELSEWHERE)
    assert page.status == 422
    assert "Reason: 450 4.7.1 Later" in page.words(".notice.wrong")

    server.replies.clear()
    change(inside, ELSEWHERE)
    assert len(server.messages) == 1


def test_without_a_public_address_nothing_changes_and_the_page_says_why(inside, person):
    page = change(inside, ELSEWHERE)
    assert page.status == 422
    assert "WEBMAILADMIN_PUBLIC_URL" in page.words(".notice.wrong")
    assert state(person) == ("", False)


def test_the_mail_is_in_the_language_of_the_person(inside, person, server):
    if isinstance(person, Account):
        Account.update(language="fr").execute()
    else:
        Mailbox.update(language="fr").execute()
    change(inside, ELSEWHERE)
    (mail,) = server.messages
    assert mail["Subject"].startswith("Confirmez votre adresse de contact pour ")
    assert '<html lang="fr">' in mail.get_body(("html",)).get_content()


def test_what_stands_in_an_address_is_no_markup_in_the_mail(inside, person, server):
    odd = "x&lt=1'&amp@elsewhere.org"
    change(inside, odd)
    (mail,) = server.messages
    html = BeautifulSoup(mail.get_body(("html",)).get_content(), "html.parser")
    assert html.p.get_text().startswith(f"{odd} was entered as the contact address of ")


def test_the_page_of_ones_password_leads_there(browser, bonvenon):
    assert browser.get("/password").links()["Contact address"] == "/contact"
