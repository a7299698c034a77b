"""Log in, log out, one's own password; and that no secret is left lying about."""

import logging

import bcrypt
import pytest

from tests.browser_of import Browser
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin.mail import accounts, addresses
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.mail.errors_of_log_ins import TooManyFailures
from webmailadmin.models import Account, Session, Throttle
from webmailadmin.words import in_language, in_words

WHO = "Name or email address"
NEW = "quite another phrase 9"
MARKER = "Zq9-marker-that-nobody-sees-7x"


def wrong(browser, name="alice", password="not the right one"):
    """Try to log in with a wrong password."""
    return browser.submit("/log-in", "form.card", {WHO: name, "Password": password})


def set_cookies(reply):
    """Return the cookies that an answer sets: their attributes by name."""
    found = {}
    for line in reply.headers.getlist("Set-Cookie"):
        pair, *attributes = line.split("; ")
        found[pair.partition("=")[0]] = set(attributes)
    return found


# Log in


def test_a_log_in_leads_to_the_first_domain(stranger, bonvenon):
    page = stranger.log_in("alice", PASSWORD)

    assert (page.status, page.words("h1")) == (200, "bonvenon.fr")
    assert page.words(".foot form a") == "alice"


def test_the_focus_is_on_what_is_to_be_typed_next(stranger, alice):
    assert stranger.get("/log-in").focus() == "name"
    assert wrong(stranger).focus() == "password"
    assert wrong(stranger, name="").focus() == "name"


@pytest.mark.parametrize("name", ["alice", " Alice ", "ALICE"])
def test_the_name_of_an_account_is_trimmed_and_folded(stranger, alice, name):
    assert stranger.log_in(name, PASSWORD).words(".foot form a") == "alice"


def test_a_log_in_leads_back_to_where_the_person_was(stranger, contact):
    asked = stranger.get(f"{LIST}?q=contact&show=mailboxes")
    assert asked.title() == "Log in · webmailadmin"

    page = stranger.submit(asked, "form.card", {WHO: "alice", "Password": PASSWORD})

    assert page.emails() == ["contact@bonvenon.fr"]
    assert page.soup.select_one("#show")["value"] == "mailboxes"


def test_who_is_logged_in_already_is_led_on(browser, contact):
    assert browser.open(f"/log-in?next={CONTACT}").headers["Location"] == CONTACT


ELSEWHERE = [
    "//elsewhere.org",
    "///elsewhere.org",
    "/\\elsewhere.org",
    "\\\\elsewhere.org",
    "/\telsewhere.org",
    "/\t/elsewhere.org",
    "/\n/elsewhere.org",
    "\r\n//elsewhere.org",
    " //elsewhere.org",
    "https://elsewhere.org",
    "https:elsewhere.org",
    "javascript:alert(1)",
    "data:text/html,x",
    "elsewhere.org",
    "@elsewhere.org",
    "",
    "\0",
    "/\0/elsewhere.org",
    "/ok\r\nSet-Cookie: x=y",
    "\u2028//elsewhere.org",
]


def test_nothing_that_is_asked_for_leads_away_from_the_site(app, alice, browser):
    own = browser.get("/password").soup.select_one("input[name=csrf_token]")["value"]
    for there in ELSEWHERE:
        door = Browser(app)
        by_address = door.open("/log-in", query_string={"next": there})
        assert by_address.soup.select_one("input[name=next]")["value"] == "/", there
        token = by_address.soup.select_one("input[name=csrf_token]")["value"]
        form = {"name": "alice", "password": PASSWORD, "next": there, "csrf_token": token}
        replies = [
            door.open("/log-in", method="POST", data=form),
            browser.open("/log-in", query_string={"next": there}),
            browser.open(
                "/language",
                method="POST",
                data={"language": "fr", "next": there, "csrf_token": own},
            ),
        ]
        for reply in replies:
            assert (there, reply.status, reply.headers["Location"]) == (there, 303, "/")


def test_the_log_in_page_says_to_use_https_where_the_browser_would_drop_the_cookie(
    data, monkeypatch, request
):
    monkeypatch.setenv("WEBMAILADMIN_TRUSTED_HOSTS", "panel.example.net,192.0.2.7")
    app = request.getfixturevalue("own_app")
    words = "Log-in works only over https, or on this machine itself."

    for base, unsafe in {
        "http://panel.example.net": True,
        "http://panel.example.net:8025": True,
        "http://192.0.2.7:8025": True,
        "https://panel.example.net": False,
        "http://localhost:8025": False,
        "http://localhost": False,
        "http://127.0.0.1:8025": False,
        "http://127.0.0.1": False,
    }.items():
        page = Browser(app, base_url=base).get("/log-in")
        assert (base, page.status, page.words(".notice").startswith(words)) == (base, 200, unsafe)


def test_browsers_are_told_to_insist_on_https_only_over_https(app):
    assert (
        "Strict-Transport-Security"
        not in Browser(app, base_url="http://localhost").get("/log-in").headers
    )


# Refused


def test_an_unknown_name_and_a_wrong_password_are_told_the_same(app, alice):
    replies = {}
    for name in ("alice", "nobody"):
        door = Browser(app)
        door.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{len(name)}"
        replies[name] = wrong(door, name)
    known, unknown = replies["alice"], replies["nobody"]

    assert (known.status, unknown.status) == (422, 422)
    assert known.messages() == unknown.messages() == {"": "Name or password is wrong."}
    assert shape(known) == shape(unknown)


def shape(reply):
    """Return the page without what differs at each request."""
    for field in reply.soup.select("input"):
        field["value"] = ""
    return str(reply.soup.main)


@pytest.fixture
def verified(monkeypatch):
    """Cost of each password that bcrypt is asked to verify; it still verifies."""
    costs, real = [], bcrypt.checkpw

    def checkpw(password, hash_):
        costs.append(hash_.split(b"$")[2])
        return real(password, hash_)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return costs


def test_every_try_costs_one_verification_of_the_same_cost(stranger, alice, verified):
    for n, name in enumerate(["alice", "nobody", "", "é", "x" * 5000]):
        stranger.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{n}"
        for password in ("wrong", "", "é" * 40, "a\0b"):
            verified.clear()
            wrong(stranger, name, password)

            assert (name, password, verified) == (name, password, [b"04"])


def tries(browser, name):
    """Fail until told to wait; return the answers before that."""
    statuses = [wrong(browser, name).status for _ in range(5)]
    # The first wait is a second: over before a slow machine comes to the next try.
    Throttle.update(failures=12).where(Throttle.failures == 5).execute()
    return statuses


@pytest.mark.parametrize(
    ("language", "seconds", "words"),
    [
        ("en", 1, "Too many wrong tries. Try again in 1 second."),
        ("fr", 1, "Trop d’essais manqués. Réessayez dans 1 seconde."),
        ("fr", 2, "Trop d’essais manqués. Réessayez dans 2 secondes."),
    ],
)
def test_one_second_is_not_several(app, language, seconds, words):
    with app.test_request_context(), in_language(language):
        assert in_words(TooManyFailures(seconds=seconds)) == words


def test_after_some_failures_the_account_must_wait_and_is_told_how_long(stranger, alice):
    assert tries(stranger, "alice") == [422] * 5

    late = wrong(stranger, password=PASSWORD)

    assert late.status == 429
    seconds = int(late.headers["Retry-After"])
    assert 0 < seconds <= 60
    said = "1 second" if seconds == 1 else f"{seconds} seconds"
    assert late.messages() == {"": f"Too many wrong tries. Try again in {said}."}
    assert late.value(WHO) == "alice"
    assert late.title().startswith("Error:")
    assert Session.select().count() == 0


def test_who_waited_gets_in_and_is_forgiven(stranger, alice):
    for _ in range(6):
        wrong(stranger)
    Throttle.update(last_at=Throttle.last_at - 61).execute()

    assert stranger.log_in("alice", PASSWORD).status == 200
    assert Throttle.get_or_none(Throttle.key == "account:alice") is None


def test_an_unknown_name_waits_as_a_known_one_does(stranger, alice):
    assert tries(stranger, "nobody") == [422] * 5
    assert wrong(stranger, "nobody").status == 429


def many_names(browser):
    """Fail with twenty names, and a little later with more."""
    assert [wrong(browser, f"name{n}").status for n in range(20)] == [422] * 20
    Throttle.update(failures=30).where(Throttle.failures == 20).execute()


def test_a_network_that_tries_many_names_must_wait(stranger, alice):
    many_names(stranger)

    assert wrong(stranger, "another").status == 429
    assert stranger.log_in("alice", PASSWORD).status == 429


def test_a_whole_network_of_ipv6_counts_as_one(stranger, alice):
    for n in range(3):
        stranger.client.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{n + 1:x}"
        wrong(stranger, f"name{n}")
    assert Throttle.get(Throttle.key == "network:2001:db8:1:2::/64").failures == 3
    Throttle.update(failures=30).where(Throttle.failures == 3).execute()

    stranger.client.environ_base["REMOTE_ADDR"] = "2001:db8:1:2:ffff::1"
    assert wrong(stranger, "other").status == 429
    stranger.client.environ_base["REMOTE_ADDR"] = "2001:db8:1:3::1"
    assert wrong(stranger, "other").status == 422


def test_a_forged_forwarded_address_does_not_change_who_waits(stranger, alice):
    many_names(stranger)
    page = stranger.get("/log-in")
    for n in range(3):
        form = {"name": f"other{n}", "password": "x"}
        headers = {
            "X-Forwarded-For": f"203.0.113.{n}",
            "Forwarded": f"for=203.0.113.{n}",
            "X-Real-IP": f"203.0.113.{n}",
        }
        assert stranger.submit(page, "form.card", form, headers=headers).status == 429


def test_failures_are_counted_in_the_database_for_all_workers(stranger, alice):
    wrong(stranger)

    assert {row.key: row.failures for row in Throttle.select()} == {
        "account:alice": 1,
        "network:127.0.0.1": 1,
    }


def test_a_log_in_page_that_was_open_for_too_long_loses_nothing(stranger, bonvenon):
    """The server was reinstalled meanwhile, or the browser dropped its cookie."""
    page = stranger.get("/log-in?next=/domains/")
    stranger.client.delete_cookie("__Host-form", domain="localhost")

    late = stranger.submit(page, "form.card", {WHO: "alice", "Password": PASSWORD})

    assert late.status == 422
    assert late.messages() == {
        "": "This page had been open for too long. Nothing is lost: send it again."
    }
    assert (late.value(WHO), late.value("Password")) == ("alice", PASSWORD)
    assert stranger.submit(late, "form.card").words("h1") == "Email addresses"


# Sessions and cookies


def test_the_cookies_are_bound_to_the_host_and_hidden_from_scripts(stranger, alice):
    page = stranger.get("/log-in")
    form = {"name": "alice", "password": PASSWORD}
    form["csrf_token"] = page.soup.select_one("input[name=csrf_token]")["value"]

    replies = [page, stranger.open("/log-in", method="POST", data=form)]
    token = stranger.get("/password").soup.select_one("input[name=csrf_token]")["value"]
    form = {"language": "fr", "next": "/", "csrf_token": token}
    replies.append(stranger.open("/language", method="POST", data=form))
    replies.append(stranger.open("/log-out", method="POST", data={"csrf_token": token}))

    seen = set()
    for reply in replies:
        for name, attributes in set_cookies(reply).items():
            seen.add(name)
            assert name.startswith("__Host-")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes, name
            assert not [one for one in attributes if one.startswith("Domain")], name
    assert seen == {"__Host-session", "__Host-form", "__Host-language"}


def test_the_token_is_new_at_each_log_in(app, alice):
    tokens = set()
    for _ in range(3):
        door = Browser(app)
        door.log_in("alice", PASSWORD)
        tokens.add(door.cookies()["__Host-session"])

    assert len(tokens) == 3
    assert all(len(token) == 43 for token in tokens)


def test_a_token_that_was_there_before_the_log_in_is_not_taken_over(stranger, alice):
    stranger.client.set_cookie("__Host-session", "planted" * 6, domain="localhost", secure=True)

    stranger.log_in("alice", PASSWORD)

    assert stranger.cookies()["__Host-session"] != "planted" * 6


def test_the_form_token_is_new_after_the_log_in(stranger, alice):
    before = stranger.get("/log-in").soup.select_one("input[name=csrf_token]")["value"]
    stranger.log_in("alice", PASSWORD)

    reply = stranger.open("/log-out", method="POST", data={"csrf_token": before})

    assert Session.select().count() == 1
    assert reply.headers["Location"] == "/"


def test_after_the_log_out_the_session_is_dead_on_the_server_too(browser, contact):
    token = browser.cookies()["__Host-session"]

    page = browser.get(LIST)
    out = browser.open(
        "/log-out",
        method="POST",
        data={"csrf_token": page.soup.select_one("input[name=csrf_token]")["value"]},
    )

    assert (out.status, out.headers["Location"]) == (303, "/log-in")
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert Session.select().count() == 0
    assert "__Host-session" not in browser.cookies()
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    assert browser.open(LIST).status == 303


def test_the_log_out_ends_only_the_own_session(app, browser, contact):
    other = Browser(app)
    other.log_in("alice", PASSWORD)

    browser.submit(LIST, ".foot form", button="Log out")

    assert browser.open(LIST).status == 303
    assert other.open(LIST).status == 200


# One's own password


def change(browser, present=PASSWORD):
    """Change one's own password through its page."""
    values = {"Present password": present, "New password": NEW, "Confirm the password": NEW}
    return browser.submit("/password", "form.card", values)


def test_a_changed_password_ends_all_sessions_and_opens_a_new_one(app, browser, contact):
    other = Browser(app)
    other.log_in("alice", PASSWORD)
    old = browser.cookies()["__Host-session"]

    page = change(browser)

    assert (page.status, page.toast()) == (200, "Your password is changed.")
    assert browser.cookies()["__Host-session"] != old
    assert Session.select().count() == 1
    assert other.open(LIST).status == 303
    other.client.set_cookie("__Host-session", old, domain="localhost", secure=True)
    assert other.open(LIST).status == 303
    assert wrong(Browser(app), password=PASSWORD).status == 422
    assert Browser(app).log_in("alice", NEW).status == 200


def test_a_changed_password_is_written_in_the_journal_without_it(browser, alice):
    change(browser)

    rows = everything()["journal"]
    assert [row for row in rows if "account.password" in row]
    assert NEW not in str(rows)


# Secrets


def test_no_secret_is_left_in_logs_journal_database_cookies_or_pages(
    app, alice, bonvenon, caplog, capfd, monkeypatch
):
    caplog.set_level(logging.INFO)
    accounts.add("bruno", MARKER, by=COMMAND_LINE)
    door = Browser(app)
    pages = [wrong(door, "bruno", f"{MARKER}-wrong"), door.log_in("bruno", MARKER)]
    session = door.cookies()["__Host-session"]
    editor = door.submit(LIST, "#add-address", {"Name": "sales"})
    values = {"Password": f"{MARKER}1", "Confirm the password": f"{MARKER}1"}
    pages.append(door.submit(editor, "form.editor", values))
    pages += [door.get(LIST), door.get("/addresses/sales@bonvenon.fr/edit")]
    values = {
        "Present password": MARKER,
        "New password": f"{MARKER}2",
        "Confirm the password": f"{MARKER}2",
    }
    pages.append(door.submit("/password", "form.card", values))
    generated = door.submit("/addresses/sales@bonvenon.fr/edit", "form.editor", button="Generate")
    one_time = generated.value("Password")
    monkeypatch.setitem(app.view_functions, "journal.of_domain", lambda name: 1 / 0)
    pages.append(door.open(f"{LIST}journal"))

    secrets = (MARKER, session, door.cookies()["__Host-session"], one_time, "$2b$")
    seen = capfd.readouterr()
    places = {
        "log": caplog.text,
        "terminal": seen.out + seen.err,
        "journal": str(everything()["journal"]),
        "cookies": str({k: v for k, v in door.cookies().items() if k != "__Host-session"}),
        "pages": "".join(page.text for page in pages[1:]),
    }
    for place, text in places.items():
        for secret in secrets:
            assert secret not in text, place
    database = str(everything())
    for secret in secrets[:-1]:
        assert secret not in database


def test_an_account_never_shares_its_session_with_a_mailbox_of_the_same_name(
    browser, bonvenon, alice
):
    """A session holds an account's number, never a name that can be given anew."""
    addresses.add(bonvenon, "alice", by=alice)

    assert Session.get().account_id == Account.get(Account.name == "alice").id


# What strangers wrote is shown as text

EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}{% raw %}&amp;<div hx-get=/log-out hx-trigger=load>"


def harmless(reply):
    """Check that nothing of the text became an element, an attribute or a result."""
    assert reply.soup.find("img") is None
    assert reply.soup.select("[onerror], div[hx-trigger=load], div[hx-get='/log-out']") == []
    assert "<img" not in reply.text
    assert "49" not in reply.words("main") or "{{7*7}}" in reply.words("main")


def test_text_with_tags_quotes_and_braces_is_shown_as_it_is(app, browser, contact):
    stranger = Browser(app)
    replies = [
        browser.submit(LIST, "#add-address", {"Name": EVIL}),
        browser.submit(CONTACT, "form.editor", {"Redirect to": EVIL, "Size limit (MB)": EVIL}),
        browser.submit(CONTACT, "form.editor", {"Password": EVIL, "Confirm the password": "x"}),
        browser.submit("/domains/", "form.card", {"Domain": EVIL, "Contact address": EVIL}),
        browser.submit(f"{LIST}unknown", "form.card", {"kind": "address", "to": EVIL}),
        browser.open(LIST, query_string={"q": EVIL, "show": EVIL, "after": EVIL}),
        browser.open("/log-in", query_string={"next": EVIL}),
        browser.open(f"/{EVIL}"),
        stranger.submit("/log-in", "form.card", {WHO: EVIL, "Password": EVIL}),
        stranger.open("/log-in", query_string={"next": f"/{EVIL}".replace(" ", "")}),
        browser.open(LIST, headers={"User-Agent": EVIL, "Referer": EVIL, "HX-Current-URL": EVIL}),
    ]

    for reply in replies:
        harmless(reply)
    assert replies[0].value("Name") == EVIL
    assert replies[8].value(WHO) == EVIL


def test_recipients_with_quotes_and_braces_are_shown_as_they_are(browser, contact):
    email = "o'neil{{7*7}}&co@x.org"

    saved = browser.submit(CONTACT, "form.editor", {"Redirect to": email})

    assert email in saved.row("contact@bonvenon.fr")
    assert browser.get(CONTACT).value("Redirect to") == email
    assert email in browser.get(f"{LIST}journal").words("ol.journal")
    asked = browser.submit(CONTACT, "form.editor", button="Delete")
    browser.submit(asked, "form.editor", {"Yes, delete contact@bonvenon.fr": "on"})
    assert email in browser.get(f"{LIST}removed/").row("contact@bonvenon.fr")


def test_a_percent_sign_in_what_was_typed_is_no_format(browser, contact):
    typed = "%(email)s%s%d%%@x.org"

    reply = browser.submit(CONTACT, "form.editor", {"Redirect to": typed})

    assert reply.message("Redirect to") == f"“{typed}” is not an address that mail can be sent to."
