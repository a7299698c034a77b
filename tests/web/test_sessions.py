"""Where one is logged in: the page of one's own, and an administrator's end of all."""

from datetime import timedelta

import pytest

from tests.browser_of import Browser
from tests.conftest import PASSWORD
from tests.web.conftest import LIST
from webmailadmin.mail import accounts, addresses, domains, mailboxes, sessions
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.models import Account, Journal, Mailbox, Session
from webmailadmin.web.agents import in_words
from webmailadmin.web.security import OWN_COOKIE, SESSION_COOKIE

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
EVIL = "<script>alert(1)</script>{{7*7}}<b hx-get=/x>"


@pytest.fixture
def holder(contact):
    """The holder of contact@bonvenon.fr."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, contact.email)


@pytest.fixture
def owen(alice):
    """An owner."""
    accounts.add("owen", PASSWORD, by=alice, kind=Kind.OWNER)
    return accounts.actor(Account.get(Account.name == "owen"))


def as_(app, who, **kwargs):
    """Return a browser in which somebody is logged in."""
    browser = Browser(app)
    token = sessions.open_session(who, **kwargs)
    cookies = {SESSION_COOKIE: token}
    if by := kwargs.get("entered_by"):
        cookies[OWN_COOKIE] = sessions.open_session(by)
    for name, value in cookies.items():
        browser.client.set_cookie(name, value, domain="localhost", secure=True)
    return browser


def shown(page):
    """Return what the page says of each session."""
    return [" ".join(one.get_text(" ").split()) for one in page.soup.select(".sessions li")]


# Who


def test_a_holder_lands_on_the_page_of_the_mailbox(app, stranger, contact):
    reply = stranger.open("/log-in")
    token = reply.soup.select_one("input[name=csrf_token]")["value"]
    sent = {"name": contact.email, "password": PASSWORD, "csrf_token": token}
    assert stranger.open("/log-in", method="POST", data=sent).headers["Location"] == "/"

    assert stranger.open("/").headers["Location"] == "/mailbox"


@pytest.mark.parametrize("kind", ["alice", "owen", "contact@bonvenon.fr"])
def test_the_page_of_ones_own_names_one_and_leads_on(app, alice, owen, holder, kind):
    who = {person.name: person for person in (alice, owen, holder)}[kind]
    page = as_(app, who).get("/me")

    assert page.words("h1") == "Your account"
    assert kind in page.words("main dl")
    links = page.links()
    assert links["Where you are logged in"] == "/sessions"
    assert links["Set it up"] == "/second-factor"
    assert links["Change the password"] == "/password"
    assert links["For when you forget the password"] == "/contact"
    assert page.words(".foot form a") == kind


def test_the_page_of_ones_own_tells_the_contact_address(app, owen):
    account = Account.update(contact="owen@" + "théâtre.example".encode("idna").decode())
    account.where(Account.name == "owen").execute()
    page = as_(app, owen).get("/me")
    assert "owen@théâtre.example not confirmed · Change it" in page.words("main dl")

    Account.update(contact_confirmed=True).where(Account.name == "owen").execute()
    assert "not confirmed" not in as_(app, owen).get("/me").words("main dl")


def test_who_has_entered_is_told_no_contact_address(app, owen, alice):
    Account.update(contact="owen@elsewhere.org").where(Account.name == "owen").execute()
    page = as_(app, owen, entered_by=alice).get("/me")
    assert "elsewhere.org" not in page.words("main")


def test_a_domain_with_accents_is_shown_with_them(app, alice):
    domain = domains.install("théâtre.fr", "camille@elsewhere.org", by=alice)
    address = addresses.add(domain, "salle", by=alice)
    wish = addresses.Wish(
        1, mailbox=True, password=PASSWORD, confirmation=PASSWORD, quota_mb="1024"
    )
    addresses.save(address, wish, by=alice)
    box = Mailbox.get(Mailbox.address == address)
    mailboxes.change(address, box, None, 512, by=Actor(Kind.HOLDER, box.id, address.email))

    page = as_(app, Actor(Kind.HOLDER, box.id, address.email)).get("/me")

    assert page.words(".foot form a") == "salle@théâtre.fr"
    assert "salle@théâtre.fr" in page.words("main dl")
    journal = as_(app, alice).get("/journal").words(".journal")
    assert "salle@théâtre.fr:" in journal
    assert "xn--" not in journal


# The page


@pytest.mark.parametrize("kind", ["alice", "owen", "contact@bonvenon.fr"])
def test_one_sees_where_one_is_logged_in(app, alice, owen, holder, kind):
    who = {person.name: person for person in (alice, owen, holder)}[kind]
    browser = as_(app, who, network="192.0.2.1", agent=FIREFOX)
    as_(app, who, network="2001:db8::1", agent="curl/8")
    for other in (alice, owen, holder):
        if other != who:
            as_(app, other, network="198.51.100.1")

    page = browser.get("/sessions")

    first, second = sorted(shown(page), reverse=True)
    assert second.startswith("Firefox on Linux this session since ")
    assert second.endswith(", from 192.0.2.1")
    assert first.startswith("curl/8 since ")
    assert first.endswith(", from 2001:db8::1 End this one")
    assert "198.51.100.1" not in page.text


def test_a_session_is_ended_by_its_button(app, browser, alice):
    other = as_(app, alice)

    page = browser.submit("/sessions", ".sessions form")

    assert (page.url, page.toast(), len(shown(page))) == ("/sessions", "The session has ended.", 1)
    assert other.open("/me").status == 303
    assert "End all others" not in page.buttons()


def test_all_others_are_ended_by_one_button(app, browser, alice):
    others = [as_(app, alice) for _ in range(3)]

    page = browser.submit("/sessions", "main > form")

    assert (page.toast(), len(shown(page))) == ("3 sessions have ended.", 1)
    assert [other.open("/me").status for other in others] == [303] * 3


def test_the_session_of_somebody_else_is_not_found(app, browser, alice, owen):
    other = as_(app, owen)
    number = Session.select().order_by(Session.id.desc()).first().id
    token = browser.get("/me").soup.select_one("input[name=csrf_token]")["value"]

    for id_ in (number, 0, 10**30):
        reply = browser.open(f"/sessions/{id_}/end", method="POST", data={"csrf_token": token})
        assert reply.status == 404
    assert other.open("/me").status == 200


def test_the_page_says_who_has_entered(app, alice, holder):
    entered = as_(app, holder, entered_by=alice)

    page = as_(app, holder).get("/sessions")

    assert any("administrator alice, entered as you" in one for one in shown(page))
    refused = entered.open("/sessions")
    assert (refused.status, "Only contact@bonvenon.fr sees" in refused.words(".notice")) == (
        403,
        True,
    )


AGENTS = {
    FIREFOX: "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0": "Edge on Windows",
    "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36": "Chrome on Android",
    "Mozilla/5.0 (iPhone; like Mac OS X) Version/18.0 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Intel Mac OS X 10_15_7) Chrome/130.0 Safari/537.36": "Chrome on macOS",
    "curl/8.5": "",
    "": "",
}


@pytest.mark.parametrize(("agent", "words"), AGENTS.items())
def test_a_browser_is_named_in_plain_words(app, agent, words):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert in_words(agent) == words


def test_what_a_stranger_calls_their_browser_is_shown_as_text(app, browser, alice):
    as_(app, alice, agent=EVIL)
    as_(app, alice, agent="")

    page = browser.get("/sessions")

    assert any(EVIL in one for one in shown(page))
    assert any("an unknown browser" in one for one in shown(page))
    assert page.soup.select(".sessions script, .sessions b") == []
    assert all(
        one.parent.has_attr("hx-ignore")
        for one in page.soup.find_all(string=lambda text: "alert(1)" in text)
    )


# An administrator ends all


@pytest.mark.parametrize("name", ["owen", "contact@bonvenon.fr"])
def test_an_administrator_ends_all_sessions_of_somebody(app, browser, owen, holder, name):
    theirs = [as_(app, who) for who in (owen, holder) for _ in range(2)]
    token = browser.get("/me").soup.select_one("input[name=csrf_token]")["value"]

    reply = browser.open(
        f"/sessions/of/{name}/end",
        method="POST",
        data={"csrf_token": token},
        headers={"Referer": f"https://localhost{LIST}"},
    )

    assert (reply.status, reply.headers["Location"]) == (303, LIST)
    assert browser.get(LIST).toast() == "2 sessions have ended."
    ended = [one.open("/me").status == 303 for one in theirs]
    assert ended == [name == "owen"] * 2 + [name != "owen"] * 2
    entry = Journal.select().order_by(Journal.id.desc()).first()
    assert (entry.act, entry.actor) == ("sessions.ended", "alice")


def test_nobody_else_does(app, browser, owen, holder):
    for who in (owen, holder):
        theirs = as_(app, who)
        token = theirs.get("/me").soup.select_one("input[name=csrf_token]")["value"]
        for name in ("alice", "owen", "contact@bonvenon.fr", "nobody"):
            reply = theirs.open(
                f"/sessions/of/{name}/end", method="POST", data={"csrf_token": token}
            )
            assert (who.name, name, reply.status) == (who.name, name, 404)
    assert browser.open("/me").status == 200


def test_it_asks_for_the_password_again(browser, owen):
    Session.update(proved_at=Session.proved_at - timedelta(minutes=16).seconds).execute()
    token = browser.get("/me").soup.select_one("input[name=csrf_token]")["value"]

    reply = browser.open("/sessions/of/owen/end", method="POST", data={"csrf_token": token})

    assert reply.headers["Location"] == "/prove?next="
