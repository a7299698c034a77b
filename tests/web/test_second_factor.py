"""The second factor on its pages: set up, log in, off; required of administrators."""

import re
import time
from datetime import timedelta

import pyotp
import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import LIST, everything
from webmailadmin import settings
from webmailadmin.mail import log_ins, second_factor
from webmailadmin.models import Account, SecondFactor, Session
from webmailadmin.web.qr import svg
from webmailadmin.web.security import OPEN

# What an administrator may open that still has to set one up.
WITHOUT_FACTOR = {
    "log_in.own_password",
    "log_in.change_password",
    "log_in.log_out",
    "second_factor.page",
    "second_factor.turn_on",
    "proving.form",
    "proving.submit",
}

NEW = "quite another password 31"
CHANGED = "Your password is changed."
NEW_PASSWORD = {"Present password": PASSWORD, "New password": NEW, "Confirm the password": NEW}


@pytest.fixture
def required(data, monkeypatch, app):
    """Administrators must have a second factor, as is the default."""
    monkeypatch.delenv("WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS")
    settings.use(settings.read())


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved on by steps."""
    now = [int(time.time()) // second_factor.STEP]
    monkeypatch.setattr(second_factor, "this_step", lambda: now[0])

    def tick(steps=1):
        now[0] += steps

    return tick


def secret_of(page):
    """Return the secret that a page shows."""
    return page.words("#secret").replace(" ", "")


def code_of(secret):
    """Return the code that the app shows now."""
    return pyotp.TOTP(secret).at(second_factor.this_step() * second_factor.STEP)


def enrol(browser):
    """Set up a second factor; return its secret and the page that follows."""
    page = browser.get("/second-factor")
    secret = secret_of(page)
    return secret, browser.submit(page, "form.card", {"Code": code_of(secret)})


@pytest.fixture
def secret(browser, clock, contact):
    """The secret of alice, who has a second factor; its present code is used."""
    secret, _ = enrol(browser)
    clock()
    return secret


def long_ago(minutes):
    """Let the last proof be so much longer ago."""
    Session.update(proved_at=Session.proved_at - minutes * 60).execute()


def routes(app, method):
    """Return (endpoint, URL) of all that take this method. What stands in them does not matter."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        if method in rule.methods and rule.endpoint != "static":
            given = {argument: "off" if argument == "way" else 1 for argument in rule.arguments}
            found.append((rule.endpoint, adapter.build(rule.endpoint, given, method)))
    return found


# Set up


def test_it_is_set_up_by_reading_a_secret_and_typing_a_code(browser, bonvenon, clock):
    page = browser.get("/second-factor")
    assert (page.status, page.words("h1"), page.focus()) == (200, "Second factor", "code")
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.words("#secret"))
    before = browser.cookies()["__Host-session"]

    _, shown = enrol(browser)

    assert (shown.status, shown.words("h1")) == (200, "Recovery codes")
    codes = [text.get_text() for text in shown.soup.select(".codes code")]
    assert len(set(codes)) == 10
    assert browser.cookies()["__Host-session"] != before
    assert browser.get("/").words("h1") == "bonvenon.fr"
    again = browser.get("/second-factor")
    assert "10 recovery codes are left." in again.words("main")
    assert "secret" not in again.text
    assert not set(codes) & set(again.words().split())


def test_the_picture_says_the_same_as_the_text(browser, alice):
    page = browser.get("/second-factor")

    uri = pyotp.TOTP(secret_of(page), name="alice", issuer="webmailadmin").provisioning_uri()
    assert svg(uri) in page.text
    assert page.soup.select("main [style], main style, main script") == []


def test_a_wrong_first_code_is_told_and_the_secret_stays(browser, alice, clock):
    page = browser.get("/second-factor")
    for typed, words in (("", "Type the code that your app shows now."), ("12", "This code is")):
        reply = browser.submit(page, "form.card", {"Code": typed})
        assert reply.status == 422
        assert reply.message("Code").startswith(words)
        assert (secret_of(reply), reply.value("Code")) == (secret_of(page), typed)

    assert browser.submit(reply, "form.card", {"Code": code_of(secret_of(page))}).status == 200
    late = browser.submit(page, "form.card", {"Code": code_of(secret_of(page))})
    assert (late.status, SecondFactor.select().count()) == (422, 1)


@pytest.mark.parametrize("sealed", ["", "x", "é", "x" * 10_000])
def test_a_secret_of_ones_own_making_is_not_taken(browser, alice, sealed):
    page = browser.get("/second-factor")

    reply = browser.submit(page, "form.card", {"sealed": sealed, "Code": "123456"})

    assert reply.status == 422
    assert "This page had been open for too long: here is a new secret." in reply.words(".notice")
    assert secret_of(reply) != secret_of(page)


# Log in


def test_the_log_in_asks_for_the_code_and_leads_to_where_one_was(stranger, secret, clock):
    asked = stranger.submit(
        stranger.get(f"{LIST}?q=contact"),
        "form.card",
        {"Name or email address": "alice", "Password": PASSWORD},
    )
    assert (asked.url, asked.words("h1"), asked.focus()) == (
        "/log-in/code",
        "Second factor",
        "code",
    )
    half = stranger.cookies()["__Host-session"]

    page = stranger.submit(asked, "form.card", {"Code": code_of(secret)})

    assert page.emails() == ["contact@bonvenon.fr"]
    assert stranger.cookies()["__Host-session"] != half
    for token in (half, stranger.cookies()["__Host-session"]):
        row = Session.select().where(Session.token_hash == log_ins.sessions.token_hash(token))
        assert row.count() == (0 if token == half else 1)


def test_before_the_code_nothing_opens(app, stranger, secret):
    stranger.log_in("alice", PASSWORD)
    before = everything()

    for endpoint, url in routes(app, "GET"):
        if endpoint not in OPEN:
            reply = stranger.open(url)
            assert (endpoint, reply.status) == (endpoint, 303)
            assert reply.headers["Location"].startswith("/log-in/code?next=/")
            fragment = stranger.open(url, headers=FRAGMENT)
            assert fragment.headers["HX-Redirect"].startswith("/log-in/code?next=/")
    for endpoint, url in routes(app, "POST"):
        if endpoint not in OPEN:
            assert (endpoint, stranger.open(url, method="POST").status) == (endpoint, 401)
    assert everything() == before


def test_a_wrong_or_used_code_is_told_and_then_one_waits(stranger, secret, still):
    page = stranger.log_in("alice", PASSWORD)
    used = pyotp.TOTP(secret).at((second_factor.this_step() - 1) * second_factor.STEP)

    for typed in (used, "000000x", "x", "1", "2"):
        reply = stranger.submit(page, "form.card", {"Code": typed})
        assert (reply.status, reply.value("Code")) == (422, typed)
        assert reply.message("Code").startswith("This code is wrong, or was used already.")
    late = stranger.submit(page, "form.card", {"Code": code_of(secret)})

    assert (late.status, late.headers["Retry-After"]) == (429, "1")


def test_the_page_of_codes_is_for_who_gave_the_password(stranger, secret):
    assert stranger.get("/log-in/code?next=/domains/").url == "/log-in"
    page = stranger.log_in("alice", PASSWORD)
    Session.update(created_at=Session.created_at - timedelta(minutes=11).seconds).execute()

    late = stranger.submit(page, "form.card", {"Code": code_of(secret)})

    assert late.status == 422
    assert late.messages() == {"": "This log-in took too long. Begin again with name and password."}
    assert late.links()["Begin again with name and password"].startswith("/log-in")


def test_a_recovery_code_opens_once(app, browser, bonvenon, clock):
    _, shown = enrol(browser)
    code = shown.soup.select_one(".codes code").get_text()

    first, second = Browser(app), Browser(app)
    page = first.submit(first.log_in("alice", PASSWORD), "form.card", {"Code": code})
    refused = second.submit(second.log_in("alice", PASSWORD), "form.card", {"Code": code})

    assert page.words("h1") == "bonvenon.fr"
    assert (refused.status, refused.url) == (422, "/log-in/code")
    assert "9 recovery codes are left." in first.get("/second-factor").words("main")


# Change it


def test_new_recovery_codes_are_shown_once(browser, secret):
    page = browser.get("/second-factor")

    shown = browser.submit(page, "main form")

    assert len(shown.soup.select(".codes code")) == 10
    assert browser.get("/second-factor/recovery-codes").url == "/second-factor"


def test_it_is_turned_off_by_password_and_code(browser, secret, clock):
    page = browser.get("/second-factor/off")
    clock()

    wrong = browser.submit(page, "form.card", {"Password": "no", "Code": code_of(secret)})
    assert (wrong.status, wrong.message("Password")) == (422, "This is not your present password.")
    wrong = browser.submit(page, "form.card", {"Password": PASSWORD, "Code": "1"})
    assert (wrong.status, bool(wrong.message("Code"))) == (422, True)
    done = browser.submit(page, "form.card", {"Password": PASSWORD, "Code": code_of(secret)})

    assert (done.url, done.toast()) == ("/me", "Your second factor is off.")
    assert SecondFactor.select().count() == 0


def test_what_guards_asks_for_password_and_code_again(browser, secret, clock):
    Session.update(proved_at=Session.proved_at - 16 * 60).execute()

    asked = browser.get("/second-factor/off")
    assert (asked.url, asked.labels()) == ("/prove", ["Password", "Code"])
    clock()
    wrong = browser.submit(asked, "form.card", {"Password": PASSWORD, "Code": "1"})
    assert (wrong.status, list(wrong.messages())) == (422, ["Code"])
    page = browser.submit(wrong, "form.card", {"Code": code_of(secret)})

    assert page.words("h1") == "Turn off the second factor"


def test_a_new_password_is_no_proof_of_the_second_factor(browser, secret, clock):
    long_ago(14)
    assert browser.submit("/password", "main form", NEW_PASSWORD).toast() == CHANGED
    long_ago(2)

    assert browser.get("/second-factor").url == "/prove"


@pytest.mark.parametrize(
    ("guarded", "fields"),
    [
        ("/password", NEW_PASSWORD),
        ("/contact", {"Contact address": "", "Present password": PASSWORD}),
    ],
)
def test_the_password_alone_changes_nothing_that_guards_its_person(
    browser, secret, clock, guarded, fields
):
    page = browser.get(guarded)
    long_ago(15)
    before = everything()

    reply = browser.submit(page, "main form", fields)
    asked = browser.get(guarded)

    assert (reply.status, everything()) == (401, before)
    assert (asked.url, "Code" in asked.labels()) == ("/prove", True)
    clock()
    back = browser.submit(asked, "form.card", {"Password": PASSWORD, "Code": code_of(secret)})
    assert back.url == guarded


def test_who_has_a_one_time_password_and_waited_shows_the_factor_first(browser, secret, clock):
    Account.update(one_time=True).execute()
    long_ago(15)

    asked = browser.get("/")
    clock()
    page = browser.submit(asked, "form.card", {"Password": PASSWORD, "Code": code_of(secret)})

    assert (asked.url, page.url) == ("/prove", "/password")
    assert browser.submit(page, "main form", NEW_PASSWORD).toast() == CHANGED


# Required


def test_an_administrator_without_one_is_led_to_it_and_nothing_else_opens(
    app, browser, bonvenon, required, clock
):
    token = browser.get("/password").soup.select_one("input[name=csrf_token]")["value"]
    before = everything()

    for method in ("GET", "POST"):
        for endpoint, url in routes(app, method):
            if endpoint in {*OPEN, *WITHOUT_FACTOR}:
                continue
            sent = {"csrf_token": token} if method == "POST" else None
            reply = browser.open(url, method=method, data=sent)
            assert (endpoint, reply.status, reply.headers.get("Location")) == (
                endpoint,
                303,
                "/second-factor",
            )
    assert everything() == before
    page = browser.get("/")
    assert page.words(".notice").startswith("Administrators log in with a second factor.")

    _, shown = enrol(browser)

    opened = browser.submit(shown, "main form")
    assert opened.url == "/"
    assert browser.get(LIST).words("h1") == "bonvenon.fr"


def test_a_new_administrator_chooses_a_password_then_sets_up_the_factor(stranger, alice, required):
    Account.update(one_time=True).execute()

    page = stranger.log_in("alice", PASSWORD)
    assert page.words("h1") == "Your password"
    assert not page.soup.select(".menu nav, .foot ul")
    page = stranger.submit(
        page,
        "form.card",
        {
            "Present password": PASSWORD,
            "New password": "quite another phrase 9",
            "Confirm the password": "quite another phrase 9",
        },
    )

    assert (page.url, page.words("h1")) == ("/second-factor", "Second factor")
    assert not page.soup.select(".menu nav, .foot ul")


def test_owners_and_who_waived_it_are_not_led_there(browser, bonvenon, data, required):
    Account.update(kind="owner").execute()
    stranger = Browser(browser.client.application)
    assert stranger.log_in("alice", PASSWORD).words("h1") != "Second factor"

    settings.use(settings.Settings(data=data, second_factor_for_administrators=False))
    Account.update(kind="administrator").execute()
    stranger = Browser(browser.client.application)
    assert stranger.log_in("alice", PASSWORD).words("h1") == "bonvenon.fr"


def test_health_says_that_it_is_waived(browser, alice, required):
    waived = "Administrators may log in with a password alone"
    settings.use(settings.Settings(data=settings.current.data))
    assert settings.current.second_factor_for_administrators

    enrol(browser)
    assert waived not in browser.get("/health").words()
    settings.use(
        settings.Settings(data=settings.current.data, second_factor_for_administrators=False)
    )

    assert waived in browser.get("/health").words()
