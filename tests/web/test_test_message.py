"""The button that sends a test message, and the page that follows it.

What real servers do with one is seen in `tests/mailservers/test_outgoing.py`.
"""

import time
from dataclasses import replace

import pytest

from tests.browser_of import FRAGMENT
from tests.helper_of import helper_at
from tests.mail.stage import make, save
from tests.smtp_of import mail_server
from tests.web.conftest import CONTACT, everything
from webmailadmin import settings
from webmailadmin.models import Journal
from webmailadmin.upkeep import trials

EMAIL = "contact@bonvenon.fr"
TEST = "/addresses/contact@bonvenon.fr/test"


@pytest.fixture
def server(app, contact):
    """A mail server that takes everything, until a test says otherwise."""
    with mail_server() as server:
        settings.use(replace(settings.current, smtp_port=server.port))
        yield server


@pytest.fixture
def helper(app):
    """A mail-file helper in whose mailboxes nothing has arrived yet."""
    with helper_at(settings.current.helper_socket) as helper:
        helper.answers["find"] = {"arrived": None}
        yield helper


@pytest.fixture
def clock(monkeypatch):
    """The time, in microseconds, which stands still until a test moves it on."""
    clock = [time.time_ns() // 1000]
    monkeypatch.setattr(trials, "microseconds", lambda: clock[0])
    # A page waits for a message no longer than that.
    monkeypatch.setattr("webmailadmin.web.trials.SECONDS_FOR_A_PAGE", 0.05)
    return clock


def press(browser, **more):
    """Press the button in the editor."""
    return browser.submit(CONTACT, "form.test", **more)


def place(page):
    """Return the URL under which the test message is followed."""
    return str(page.soup.select_one("[hx-get*='/test?run=']")["hx-get"])


def outcome(page):
    """Return what is said of the test message, line by line."""
    within = page.soup.select_one("[id^=trial-]") or page.soup
    return [item.get_text(" ", strip=True) for item in within.select("li, p")]


# The way of a message


def test_the_button_stands_in_the_editor_of_every_address(browser, contact, alice):
    make("sales@bonvenon.fr", by=alice, recipients=[EMAIL])
    for email in (EMAIL, "sales@bonvenon.fr", "postmaster@bonvenon.fr"):
        page = browser.get(f"/addresses/{email}/edit")
        assert page.words("form.test") == (
            "Send a test message To the address as it is saved: you see what becomes of its mail."
        )


def test_without_a_script_the_page_says_what_is_seen_and_offers_to_look_again(
    browser, server, helper, clock
):
    waiting = press(browser)

    assert waiting.url == TEST
    assert outcome(waiting) == ["Sent. Waiting for it to arrive …", "Look again"]
    (mail,) = server.messages
    assert (mail["To"], mail["From"]) == (EMAIL, "postmaster@bonvenon.fr")
    assert mail["Subject"] == "Test message to contact@bonvenon.fr"
    assert helper.question["message_id"] == mail["Message-ID"]

    helper.answers["find"] = {"arrived": clock[0] + 800_000}
    arrived = browser.get(waiting.links()["Look again"])
    assert outcome(arrived) == ["Arrived in the mailbox after 0.8 s."]
    assert arrived.value("Mailbox") == "Yes"  # the editor is still there


def test_the_redirect_leads_to_where_the_outcome_stands(browser, server, helper, contact, clock):
    token = browser.get(CONTACT).soup.select_one("form.test input")["value"]

    reply = browser.open(TEST, method="POST", data={"csrf_token": token})

    assert reply.status == 303
    assert reply.headers["Location"].endswith(f"#test-{contact.id}")
    assert browser.get(CONTACT).soup.find(id=f"test-{contact.id}") is not None


def test_the_part_of_the_page_is_asked_for_again_until_there_is_something_to_say(
    browser, server, helper, clock
):
    sent = press(browser, headers=FRAGMENT)
    assert (sent.status, outcome(sent)) == (200, ["Sent. Waiting for it to arrive …", "Look again"])
    assert sent.soup.select_one("[hx-get]")["hx-trigger"] == "every 500ms"

    for _ in range(2):
        reply = browser.open(place(sent), headers=FRAGMENT)
        assert (reply.status, reply.text) == (204, "")

    helper.answers["find"] = {"arrived": clock[0] + 20_000}
    reply = browser.open(place(sent), headers=FRAGMENT)
    assert (reply.status, outcome(reply)) == (200, ["Arrived in the mailbox after 0.1 s."])
    assert reply.soup.select_one("[hx-get]") is None


def test_what_has_not_arrived_after_30_seconds_is_given_up_with_where_to_look(
    browser, server, helper, clock, headers
):
    sent = press(browser, headers=FRAGMENT)
    clock[0] += 31_000_000

    reply = browser.open(place(sent), headers=headers)

    message_id = server.messages[0]["Message-ID"]
    assert outcome(reply) == [
        "Not at contact@bonvenon.fr yet, after 30 seconds.",
        "The mail server has taken it. Whether it still waits, and why, is in its queue (mailq)"
        f" and in its log, under {message_id}",
    ]


def test_without_a_helper_it_is_said_that_nothing_can_be_seen(browser, server, clock, headers):
    sent = press(browser, headers=headers)

    assert outcome(sent) == [
        "Sent to contact@bonvenon.fr; whether it arrived cannot be seen.",
        f"No mail-file helper answers at {settings.current.helper_socket}:"
        " No such file or directory.",
    ]
    assert len(server.messages) == 1


def test_of_an_alias_each_end_is_told(browser, server, helper, contact, alice, clock, headers):
    make("ann@bonvenon.fr", by=alice, mailbox=True)
    save(EMAIL, by=alice, recipients=["ann@bonvenon.fr", "bob@elsewhere.org"])
    helper.answers["find"] = {"arrived": clock[0] + 1_230_000}

    assert outcome(press(browser, headers=headers)) == [
        "Arrived in the mailbox after 1.2 s.",
        "Arrived at ann@bonvenon.fr after 1.2 s.",
        "Handed on to bob@elsewhere.org.",
        "A host outside that does not want it tells postmaster@bonvenon.fr.",
    ]


def test_of_many_mailboxes_only_some_are_looked_into(browser, server, helper, alice, clock):
    boxes = [f"ann{n:02}@bonvenon.fr" for n in range(12)]
    for email in boxes:
        make(email, by=alice, mailbox=True)
    save(EMAIL, by=alice, recipients=boxes)
    helper.answers["find"] = {"arrived": clock[0]}

    said = outcome(press(browser))

    assert len(said) == trials.MOST_LOOKED_INTO + 1
    assert said[-1] == "3 more mailboxes are not looked into."
    assert len(helper.asked) == trials.MOST_LOOKED_INTO


# Refused


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            "550 5.2.1 <c@b.fr>: Recipient address rejected: This domain is switched off",
            "The domain is switched off: its mail is refused.",
        ),
        (
            "552 5.2.2 <c@b.fr>: Recipient address rejected: This mailbox is full",
            "The mailbox is full: mail to it is refused until there is room.",
        ),
        (
            "554 5.7.1 <c@b.fr>: Relay access denied",
            "The mail server does not know the domain yet; within two minutes it will.",
        ),
        (
            "451 4.3.0 <c@b.fr>: Temporary lookup failure",
            "The mail server cannot take it at the moment. Its log tells why.",
        ),
        ("550 5.7.1 <b>No & no</b>", "The mail server refused it."),
    ],
)
def test_a_refusal_is_said_in_words_and_as_the_server_said_it(
    browser, server, helper, headers, reply, words
):
    server.replies["RCPT"] = reply

    page = press(browser, headers=headers)

    assert (page.status, outcome(page)) == (200, [words, reply])
    assert helper.asked == []
    assert page.soup.find("b", string="No & no") is None


def test_without_a_mail_server_it_is_said_that_nothing_was_sent(browser, contact, headers):
    page = press(browser, headers=headers)

    assert outcome(page) == [
        "The mail server cannot be reached: nothing was sent.",
        "No mail server answers at 127.0.0.1, port 1: Connection refused.",
    ]


def test_nobody_sends_many(browser, server, helper, clock, still, headers):
    for _ in range(4):
        press(browser, headers=FRAGMENT)

    reply = press(browser, headers=headers)

    assert reply.status == 422
    assert "These were test messages enough. Send the next one in " in reply.messages()[""]
    assert "Send a test message" in reply.buttons()
    assert len(server.messages) == 4


def test_a_page_that_was_open_for_too_long_sends_nothing_and_can_be_sent_again(
    browser, server, helper, clock, headers
):
    reply = press(browser, values={"csrf_token": "old"}, headers=headers)
    assert (reply.status, server.messages) == (422, [])
    assert "This page had been open for too long." in reply.messages()[""]

    browser.submit(reply, "form.test")
    assert len(server.messages) == 1


# In French, and harmless


def test_it_is_told_in_french_and_sent_in_the_language_of_the_domain(
    french, server, helper, clock, contact
):
    helper.answers["find"] = {"arrived": clock[0] + 800_000}

    page = press(french)

    assert outcome(page) == ["Arrivé dans la boîte en 0,8 s."]
    assert page.words("form.test button") == "Envoyer un message d’essai"
    assert server.messages[0]["Subject"] == "Test message to contact@bonvenon.fr"


def test_following_it_changes_nothing_and_the_journal_has_no_entry(browser, server, helper, clock):
    entries = Journal.select().count()
    sent = press(browser, headers=FRAGMENT)
    before = everything()

    for headers in ({}, FRAGMENT):
        browser.open(place(sent), headers=headers)

    assert everything() == before
    assert Journal.select().count() == entries
    assert len(server.messages) == 1


@pytest.mark.parametrize("run", ["", "x", "e30.x", "é", "\0", "x" * 5000])
def test_a_test_message_that_was_made_up_is_not_found(browser, contact, helper, headers, run):
    reply = browser.open(TEST, query_string={"run": run}, headers=headers)

    assert (reply.status, helper.asked) == (404, [])


def test_one_of_another_address_is_not_found(browser, server, helper, alice, clock, headers):
    """Whoever has a link of ours looks into no other mailbox with it."""
    make("ann@bonvenon.fr", by=alice, mailbox=True)
    run = place(press(browser, headers=FRAGMENT)).partition("?")[2]
    helper.asked.clear()

    reply = browser.open(f"/addresses/ann@bonvenon.fr/test?{run}", headers=headers)

    assert (reply.status, helper.asked) == (404, [])


def test_the_url_of_the_button_leads_to_the_editor(browser, contact):
    assert browser.open(TEST).headers["Location"] == CONTACT
