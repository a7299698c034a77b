"""The page of a vacation answer: for all who may, with every refusal beside its field."""

from datetime import date, timedelta

import pytest

from tests.browser_of import Browser
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, everything
from webmailadmin.mail import accounts, sessions, vacations
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.models import Account, Mailbox, Ownership, Vacation

PAGE = "/addresses/contact@bonvenon.fr/vacation"
FORM = "main form.card"
ON = {"enabled": "y", "subject": "Away", "text": "Back on Monday."}


def as_person(app, who):
    """Return the browser of somebody who is logged in."""
    browser = Browser(app)
    token = sessions.open_session(who)
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


@pytest.fixture
def holder(app, contact):
    """The browser of who holds contact@bonvenon.fr."""
    box = Mailbox.get(Mailbox.address == contact)
    return as_person(app, Actor(Kind.HOLDER, box.id, contact.email))


@pytest.fixture
def owner(app, alice, bonvenon):
    """The browser of the owner of bonvenon.fr."""
    accounts.add("camille", PASSWORD + " too", by=alice, kind=Kind.OWNER)
    account = Account.get(Account.name == "camille")
    Ownership.create(account=account, domain=bonvenon)
    return as_person(app, accounts.actor(account))


def day(days):
    return (date.today() + timedelta(days)).isoformat()


def test_the_editor_leads_to_it_and_it_leads_back(browser, contact):
    page = browser.get(browser.get(CONTACT).links()["Vacation answer"])

    assert page.url == PAGE
    assert page.words("h1") == "Vacation answer of contact@bonvenon.fr"
    assert page.words(".outcome") == "No answers are sent."
    assert page.links()["Back to contact@bonvenon.fr"] == CONTACT


def test_an_alias_has_no_such_page_nor_a_link_to_it(browser, bonvenon):
    assert browser.get("/addresses/postmaster@bonvenon.fr/vacation").status == 404
    assert "Vacation answer" not in browser.get("/addresses/postmaster@bonvenon.fr/edit").links()


@pytest.mark.parametrize("who", ["browser", "owner", "holder"])
def test_all_who_may_write_it(request, contact, who):
    browser = request.getfixturevalue(who)

    page = browser.submit(PAGE, FORM, ON)

    assert (page.status, page.url) == (200, PAGE)
    assert page.toast() == "Saved. Answers are sent now, until they are switched off."
    assert page.words(".outcome") == "Answers are sent now, until they are switched off."
    assert page.ticked("Answer mail automatically")
    assert (page.value("Subject"), page.value("Text")) == ("Away", "Back on Monday.")


def test_the_holder_finds_it_and_is_shown_no_way_into_the_domain(holder):
    assert holder.get("/mailbox").links()["Vacation answer"] == PAGE


def test_the_overview_says_when_answers_are_sent(holder):
    assert "Answers" not in holder.get("/mailbox").words("main")

    holder.submit(PAGE, FORM, ON)

    said = "Vacation answer · Answers are sent now, until they are switched off."
    assert holder.get("/mailbox").words(".outcome + .outcome") == said
    assert "Back to contact@bonvenon.fr" not in holder.get(PAGE).links()


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (-1, None, "Answers are sent now, until they are switched off."),
        (None, 400, "Answers are sent now, until {ends} inclusive."),
        (500, None, "Answers will be sent from {begins} on."),
        (500, 510, "Answers will be sent from {begins} to {ends}."),
        (-500, -400, "No answers are sent any more: the last day was {ends}."),
    ],
)
def test_what_is_sent_now_is_said_in_a_sentence(browser, contact, begins, ends, said):
    days = {name: "" if n is None else day(n) for name, n in (("begins", begins), ("ends", ends))}
    page = browser.submit(PAGE, FORM, ON | days)
    shown = {
        name: f"{date.fromisoformat(text):%-d %B %Y}" if text else "" for name, text in days.items()
    }

    assert page.words(".outcome") == said.format(**shown)
    assert page.field("From")["type"] == "date"
    assert (page.value("From"), page.value("Until, this day included")) == tuple(days.values())


def test_every_refusal_stands_beside_its_field_and_nothing_is_lost(browser, contact):
    typed = {
        "enabled": "y",
        "begins": "2030-08-17",
        "ends": "2030-08-16",
        "subject": "s" * 201,
        "text": "x" * 10_241,
    }
    page = browser.submit(PAGE, FORM, typed)

    assert page.status == 422
    assert page.messages() == {
        "Until, this day included": "The last day is before the first one.",
        "Subject": "The subject has at most 200 characters; this one has 201.",
        "Text": "The text has at most 10,240 bytes; this one has 10,241.",
    }
    assert page.title().startswith("Error:")
    assert page.ticked("Answer mail automatically")
    assert page.value("From") == "2030-08-17"
    assert page.value("Text") == "x" * 10_241
    assert Vacation.select().count() == 0


def test_in_french(french, contact):
    page = french.submit(PAGE, FORM, {"enabled": "y", "begins": "3 août", "text": ""})

    assert page.status == 422
    assert page.messages() == {
        "Du": "Écrivez la date sous la forme année-mois-jour, par exemple 2026-08-03.",
        "Texte": "Écrivez ce qu’il faut dire aux expéditeurs.",
    }
    page = french.submit(PAGE, FORM, ON)
    assert page.words(".outcome") == "Les réponses partent, jusqu’à ce que vous les désactiviez."


def test_who_comes_second_keeps_what_was_typed(browser, contact, alice):
    form = browser.get(PAGE)
    vacations.save("contact@bonvenon.fr", vacations.Wish(0, enabled=True, text="First."), by=alice)

    second = browser.submit(form, FORM, ON)

    assert second.status == 409
    assert "Meanwhile somebody else changed this answer." in second.messages()[""]
    assert second.value("Text") == "Back on Monday."
    assert browser.submit(second, FORM).value("Text") == "Back on Monday."


@pytest.mark.parametrize(
    "text",
    [
        '"; discard; \\" ${unix}\n.\n\ntext:',
        "\n\n<script>alert(1)</script></textarea> {{ 7 * 7 }} %(email)s",
        "שלום \u202eאבג\u202c 👩‍💻",
    ],
)
def test_a_text_comes_back_as_it_was_typed(browser, contact, text):
    page = browser.submit(PAGE, FORM, ON | {"text": text})

    assert page.value("Text") == text
    assert page.soup.select("main script") == []


def test_a_form_without_its_token_changes_nothing(browser, contact):
    before = everything()

    reply = browser.open(PAGE, "POST", data=ON)

    assert reply.status == 422
    assert everything() == before
