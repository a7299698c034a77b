"""A forgotten password: the same answer for every name, and a link for who confirmed an address."""

import statistics
import time
from datetime import datetime

import pytest

from tests.conftest import PASSWORD
from tests.web.conftest import everything
from tests.web.link_pages import (
    ELSEWHERE,
    NEW,
    box_of,
    choose,
    confirm,
    link_in,
    mails_of,
    new_owner,
    path_of,
    work,
)
from webmailadmin.mail import forgotten, links, notices, throttle
from webmailadmin.mail.notices import Notice
from webmailadmin.models import (
    Account,
    Address,
    Journal,
    Link,
    Mailbox,
    SecondFactor,
    Session,
    Throttle,
)
from webmailadmin.upkeep import letter_words, letters
from webmailadmin.words import in_language

HOLDER = "contact@bonvenon.fr"


@pytest.fixture
def holder(contact, alice):
    """The mailbox of contact@bonvenon.fr, whose holder confirmed an address elsewhere."""
    confirm(box_of(HOLDER, alice))
    return box_of(HOLDER, alice)


def ask(browser, name):
    """Say that one has forgotten the password of this name."""
    return browser.submit("/forgotten", "form.card", {"Name or email address": name})


def subjects(server):
    """Return the subjects of the mails that arrived."""
    return [mail["Subject"] for mail in server.messages]


def told_sent():
    """Return how many links to a new password the journal says were sent."""
    return Journal.select().where(Journal.act == "mailbox.reset-sent").count()


@pytest.mark.parametrize("name", [HOLDER, "bruno", "alice"])
def test_who_confirmed_an_address_gets_a_link_there(
    app, stranger, bonvenon, holder, alice, server, name
):
    new_owner("bruno", bonvenon)
    for account in Account.select():
        confirm(account)

    page = ask(stranger, f" {name.upper()} ")
    assert (page.status, page.words("h1")) == (200, "Look into your other mailbox")
    assert server.messages == []
    work(app)

    (mail,) = server.messages
    assert (mail["To"], mail["Subject"]) == (ELSEWHERE, f"A new password for {name}")
    sender = "bonvenon.fr" if "@" in name else "mail.example.net"
    assert mail["From"] == f"postmaster@{sender}"
    choose(stranger, path_of(link_in(mail)))
    assert stranger.log_in(name, NEW).status == 200


def test_the_log_in_page_leads_there(stranger, alice):
    assert stranger.get("/log-in").links()["I have forgotten my password"] == "/forgotten"


def test_a_reset_opens_no_session_and_leaves_the_second_factor(app, stranger, holder, server):
    SecondFactor.create(mailbox=holder, secret="x")
    ask(stranger, HOLDER)
    work(app)

    page = choose(stranger, link_in(server.messages[0]))

    assert page.words("h1") == "Log in"
    assert (Session.select().count(), SecondFactor.select().count()) == (0, 1)


@pytest.mark.parametrize(
    "close",
    [
        lambda: Mailbox.update(contact_confirmed=False).execute(),
        lambda: Mailbox.update(contact="").execute(),
        lambda: Mailbox.update(may_log_in=False).execute(),
        lambda: Address.update(enabled=False).where(Address.email == HOLDER).execute(),
        lambda: Mailbox.update(contact=HOLDER).execute(),
    ],
    ids=["not confirmed", "none", "no log-in", "off", "the mailbox itself"],
)
def test_nobody_else_gets_a_mail_and_all_read_the_same(app, stranger, holder, server, close):
    sent = ask(stranger, HOLDER)
    work(app)
    assert len(server.messages) == 1

    close()
    Throttle.delete().execute()
    replies = [ask(stranger, name) for name in (HOLDER, "nobody", "nobody@bonvenon.fr", "\0")]
    work(app)

    assert {reply.words() for reply in replies} == {sent.words()}
    assert {reply.status for reply in replies} == {200}
    assert len(server.messages) == 1
    assert forgotten.waiting() == []


def test_a_known_name_takes_no_longer_than_an_unknown_one(stranger, holder, server, monkeypatch):
    """In seconds of this process, whatever else the machine does."""
    monkeypatch.setattr(links, "spend", lambda key, most: throttle.spend(key, 10**6, links.AN_HOUR))
    token = stranger.get("/forgotten").soup.select_one("input[name=csrf_token]")["value"]
    names = (HOLDER, "nobody@bonvenon.fr")
    took = {name: [] for name in names}
    for _ in range(40):
        for name in names:
            began = time.process_time()
            sent = {"csrf_token": token, "name": name}
            assert stranger.open("/forgotten", method="POST", data=sent).status == 303
            took[name].append(time.process_time() - began)
    known, unknown = (statistics.median(took[name]) for name in names)
    assert 0.5 < known / unknown < 2


def test_the_same_statements_are_carried_out_for_every_name(stranger, holder, server, monkeypatch):
    """What is measured can lie; what is asked of the database cannot."""
    heard = {}
    carry_out = type(Throttle._meta.database).execute_sql

    def listen(self, sql, params=None):
        heard[name].append(sql)
        return carry_out(self, sql, params)

    token = stranger.get("/forgotten").soup.select_one("input[name=csrf_token]")["value"]
    monkeypatch.setattr(type(Throttle._meta.database), "execute_sql", listen)
    for name in ("first@bonvenon.fr", HOLDER, "nobody@bonvenon.fr"):
        heard[name] = []
        stranger.open("/forgotten", method="POST", data={"csrf_token": token, "name": name})

    assert heard[HOLDER] == heard["nobody@bonvenon.fr"]
    assert any("throttle" in statement for statement in heard[HOLDER])


def test_a_link_is_asked_for_three_times_an_hour(stranger, holder, server):
    for name in (HOLDER, "nobody"):
        for _ in range(3):
            assert ask(stranger, name).status == 200
        page = ask(stranger, name)
        assert page.status == 429
        assert "These were mails enough" in page.words(".notice.wrong")
        assert page.value("Name or email address") == name


def test_a_later_link_ends_the_one_that_was_sent(app, stranger, holder, server):
    for _ in range(2):
        ask(stranger, HOLDER)
        work(app)
    first, second = (path_of(link_in(mail)) for mail in server.messages)

    assert stranger.get(first).status == 404
    assert stranger.get(second).status == 200


def test_a_name_is_needed(stranger, alice, server):
    page = ask(stranger, "  ")
    assert (page.status, page.messages()) == (
        422,
        {"Name or email address": "Enter the name or the address that you log in with."},
    )


def test_without_a_public_address_the_page_says_whom_to_ask(stranger, alice):
    page = stranger.get("/forgotten")
    assert "This panel sends no links by mail." in page.words("main")
    assert "ask your hoster" in page.words("main")

    token = page.soup.select_one("input[name=csrf_token]")["value"]
    sent = {"csrf_token": token, "name": "alice"}
    assert stranger.open("/forgotten", method="POST", data=sent).status == 422
    assert forgotten.waiting() == []


def test_without_a_public_address_no_link_is_made_for_who_asked_before(app, stranger, holder):
    with mails_of(app):
        ask(stranger, HOLDER)
        assert forgotten.waiting() == [HOLDER]
    before = Link.select().count()
    work(app)
    assert (forgotten.waiting(), Link.select().count()) == ([], before)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "for=1;host=evil.example"},
        {"Host": "localhost:444"},
    ],
    ids=str,
)
def test_a_forged_host_never_appears_in_a_mail(app, stranger, holder, server, headers):
    token = stranger.get("/forgotten").soup.select_one("input[name=csrf_token]")["value"]
    sent = {"csrf_token": token, "name": HOLDER}
    stranger.open("/forgotten", method="POST", data=sent, headers=headers)
    stranger.open("/forgotten", method="POST", data=sent, headers={"Referer": "https://localhost/"})
    work(app)

    for mail in server.messages:
        assert link_in(mail).startswith("https://panel.example.net/link/")
        assert "evil" not in mail.as_string()
    assert server.messages


@pytest.mark.parametrize(
    ("command", "reply", "why"),
    [("", None, "No mail"), ("RCPT", "450 4.7.1 Come back later", "450 4.7.1 Come")],
)
def test_what_the_mail_server_cannot_take_now_is_tried_again_for_an_hour(
    app, stranger, holder, server, command, reply, why
):
    server.replies[command] = reply
    ask(stranger, HOLDER)
    with pytest.raises(letters.LettersStuck, match=f"were not taken: 1; the first one: {why}"):
        work(app)
    assert forgotten.waiting() == [HOLDER]
    assert told_sent() == 0

    server.replies.clear()
    work(app)
    assert told_sent() == 1
    assert (subjects(server), forgotten.waiting()) == ([f"A new password for {HOLDER}"], [])
    assert Link.select().count() == 1


def test_a_mail_that_is_refused_for_good_is_not_sent_for_ever(app, stranger, holder, server):
    server.replies["RCPT"] = "550 5.1.1 Nobody here"
    ask(stranger, HOLDER)
    with pytest.raises(letters.LettersStuck, match=r"550 5\.1\.1"):
        work(app)
    assert (forgotten.waiting(), told_sent()) == ([], 0)


def test_asking_changes_no_more_than_what_is_counted(stranger, holder, server):
    before = everything()
    ask(stranger, HOLDER)
    after = everything()
    del before["throttle"], after["throttle"]
    assert after == before


# What else is told


def test_a_changed_password_is_told_elsewhere_in_the_language_of_the_person(
    app, browser, holder, server
):
    Mailbox.update(language="fr").execute()
    values = {"Password": NEW, "Confirm the password": NEW}
    browser.submit(f"/addresses/{HOLDER}/edit", "form.editor", values)
    assert server.messages == []

    work(app)
    work(app)

    (mail,) = server.messages
    assert mail["To"] == ELSEWHERE
    assert mail["Subject"] == f"Le mot de passe de {HOLDER} a été changé"
    assert link_in(mail) == "https://panel.example.net/forgotten"
    text = mail.get_body(("plain",)).get_content()
    assert "Si ce n’était pas vous, demandez-en un autre ici\N{NO-BREAK SPACE}:" in text
    assert NEW not in mail.as_string()


def test_what_no_mail_server_takes_now_is_told_later(app, holder, server):
    notices.tell(holder, Notice.CHANGED)
    server.replies["RCPT"] = "450 4.7.1 Come back later"
    with pytest.raises(letters.LettersStuck):
        work(app)

    server.replies.clear()
    work(app)
    work(app)

    assert subjects(server) == [f"The password of {HOLDER} was changed"]


@pytest.mark.parametrize("notice", Notice)
def test_each_notice_tells_when_as_its_reader_writes_it_and_leads_only_to_a_password(
    app, holder, server, notice
):
    at = datetime(2020, 1, 5, 13, 2)  # in UTC
    with app.app_context(), in_language("fr"):
        words = letter_words.notice(notice, HOLDER, at)

    assert "5 janv. 2020 14:02." in words.paragraphs[0]
    assert bool(words.link) == bool(words.label) == (notice is Notice.CHANGED)


def test_ones_own_change_is_told_too_and_without_a_public_address_without_a_link(
    app, browser, alice
):
    confirm(Account.get())
    values = {"Present password": PASSWORD, "New password": NEW, "Confirm the password": NEW}
    browser.submit("/password", "form.card", values)

    with mails_of(app, public_url="") as server:
        work(app)

    (mail,) = server.messages
    assert mail["Subject"] == "The password of alice was changed"
    for part in mail.iter_parts():
        assert "http" not in part.get_content()
        assert "forgotten" not in part.get_content()
