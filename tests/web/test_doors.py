"""Every way in, walked from the application's own table: a new page is covered at once."""

import time

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import LIST, columns, everything
from tests.web.rights import FULL_FORM
from webmailadmin import database
from webmailadmin.mail import accounts, addresses, domains, links, removed_domains
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Account, Removed, Session
from webmailadmin.web.security import HEADERS, POLICY

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
# What anybody may open, by name: everything else wants a log-in.
OPEN = {
    "static",
    "log_in.form",
    "log_in.submit",
    "log_in.code",
    "log_in.submit_code",
    "language.switch",
    *("links.open_", "links.form", "links.use"),
    *("forgotten.form", "forgotten.ask", "forgotten.asked"),
}
# What an account may open that has not yet chosen its password.
WITH_ONE_TIME = {
    "log_in.own_password",
    "log_in.change_password",
    "log_in.log_out",
    "proving.form",
    "proving.submit",
}
# What only the holder of a mailbox finds: see test_holder.py.
OF_A_HOLDER = {
    "holder.redirect_mail",
    "app_passwords.create",
    "app_passwords.revoke",
    "app_passwords.main_password",
}


@pytest.fixture
def kept(contact, alice):
    """One address that can be brought back, beside contact@."""
    sales = addresses.add(contact.domain, "sales", by=alice)
    return addresses.remove(sales, confirmed=True, by=alice)


@pytest.fixture
def gone(kept, alice):
    """A removed domain that can be brought back, with a mailbox."""
    domain = domains.install("gone.fr", "camille@elsewhere.org", by=alice)
    address = addresses.add(domain, "sales", by=alice)
    wish = addresses.Wish(1, mailbox=True, password=PASSWORD, confirmation=PASSWORD, quota_mb="1")
    addresses.save(address, wish, by=alice)
    removed_domains.remove(domain, by=alice)
    return domain


@pytest.fixture
def values(kept, gone):
    """What stands in URLs; a parameter that is not here fails the test, so that it is added."""
    return {
        "name": "bonvenon.fr",
        "email": "contact@bonvenon.fr",
        "id_": kept.id,
        "domain_id": gone.id,
        "kept": Removed.get(Removed.email == "sales@gone.fr").id,
        "way": "off",
        "account": "alice",
        "mark": "0" * 12,
        "token": "0" * 43,
    }


def every_route(app, values):
    """Return (endpoint, methods, URL) of all there is."""
    found = []
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        given = {}
        for argument in rule.arguments:
            given[argument] = values[argument]
        if rule.endpoint == "static":
            given["name"] = "style.css"
        url = adapter.build(rule.endpoint, given, method=sorted(rule.methods)[0])
        found.append((rule.endpoint, rule.methods, url))
    return found


def takes(routes, method):
    """Return (endpoint, URL) of the routes that take this method."""
    return [(endpoint, url) for endpoint, methods, url in routes if method in methods]


def without_failures(rows):
    """Leave out what counts wrong log-ins: that is to move."""
    return {table: found for table, found in rows.items() if table != "throttle"}


def token_of(browser):
    """Return the token that stands in the forms of this browser."""
    return browser.get("/password").soup.select_one("input[name=csrf_token]")["value"]


# Nobody


def test_nobody_who_asks_for_a_page_is_sent_to_log_in(app, stranger, values):
    before = everything()
    for endpoint, url in takes(every_route(app, values), "GET"):
        if endpoint in OPEN:
            continue
        page = stranger.open(url)
        assert (endpoint, page.status) == (endpoint, 303)
        assert page.headers["Location"].startswith("/log-in?next=/"), endpoint
        fragment = stranger.open(
            url, headers={**FRAGMENT, "HX-Current-URL": f"https://localhost{LIST}?q=a&show=all#x"}
        )
        assert (endpoint, fragment.status, fragment.text) == (endpoint, 401, "")
        assert fragment.headers["HX-Redirect"] == (
            "/log-in?next=/domains/bonvenon.fr/?q%3Da%26show%3Dall"
        )
    assert everything() == before


def test_nobody_who_sends_a_form_is_told_to_log_in_and_changes_nothing(app, stranger, values):
    before = everything()
    token = stranger.get("/log-in").soup.select_one("input[name=csrf_token]")["value"]
    for endpoint, url in takes(every_route(app, values), "POST"):
        if endpoint in OPEN:
            continue
        for headers in ({}, FRAGMENT):
            sent = {**FULL_FORM, "csrf_token": token}
            reply = stranger.open(url, method="POST", data=sent, headers=headers)
            assert (endpoint, reply.status) == (endpoint, 401)
            assert "Your session is over; nothing was changed" in reply.words(".notice")
            assert reply.links()["Log in in another tab"] == "/log-in"
    assert everything() == before


def test_a_session_that_was_made_up_opens_nothing(stranger, contact):
    for token in ("x", "0" * 43, "' OR 1=1 --", "%00", "é", "a" * 4000, "../../../etc/passwd"):
        stranger.client.set_cookie("__Host-session", token, domain="localhost", secure=True)

        assert (token, stranger.open(LIST).status) == (token, 303)


def test_the_cookie_of_a_removed_account_opens_nothing(browser, contact):
    Session.delete().execute()
    assert browser.open(LIST).status == 303


def test_the_hash_of_a_session_is_not_its_token(browser, stranger, contact):
    """Who reads the database cannot log in with what stands there."""
    token = browser.cookies()["__Host-session"]
    stored = Session.get().token_hash
    assert token not in str(everything())

    stranger.client.set_cookie("__Host-session", stored, domain="localhost", secure=True)
    assert stranger.open(LIST).status == 303


@pytest.mark.parametrize(("column", "seconds"), [("seen_at", 31 * 60), ("created_at", 25 * 3600)])
def test_a_session_ends_by_itself(browser, contact, column, seconds):
    assert browser.open(LIST).status == 200
    Session._meta.database.execute_sql(f"UPDATE session SET {column} = unixepoch() - ?", (seconds,))

    assert browser.open(LIST).status == 303


# A one-time password


def test_an_account_with_a_one_time_password_gets_only_the_page_that_ends_it(app, stranger, values):
    password = accounts.add("bruno", None, by=COMMAND_LINE)
    page = stranger.log_in("bruno", password)
    assert page.words("h1") == "Your password"
    token = token_of(stranger)
    before = everything()

    for method in ("GET", "POST"):
        for endpoint, url in takes(every_route(app, values), method):
            if endpoint in OPEN | WITH_ONE_TIME:
                continue
            sent = {**FULL_FORM, "csrf_token": token} if method == "POST" else None
            reply = stranger.open(url, method=method, data=sent)
            assert (endpoint, reply.status, reply.headers.get("Location")) == (
                endpoint,
                303,
                "/password",
            )
            fragment = stranger.open(url, method=method, data=sent, headers=FRAGMENT)
            assert (fragment.status, fragment.headers["HX-Redirect"]) == (401, "/password")
    assert everything() == before


def test_the_password_that_replaces_a_one_time_one_opens_everything(stranger, contact):
    password = accounts.add("bruno", None, by=COMMAND_LINE)
    page = stranger.log_in("bruno", password)
    new = "quite another phrase 9"
    values = {
        "Present password": password,
        "New password": new,
        "Confirm the password": new,
    }

    inside = stranger.submit(page, "form.card", values)

    assert (inside.status, inside.toast()) == (200, "Your password is changed.")
    assert inside.emails()[0] == "postmaster@bonvenon.fr"
    assert not Account.get(Account.name == "bruno").one_time


# Methods


def test_only_a_sent_form_changes_anything(app, browser, values):
    token = token_of(browser)
    sent = {**FULL_FORM, "csrf_token": token}
    taken = {}
    for _, methods, url in every_route(app, values):
        taken.setdefault(url, set()).update(methods)
    before = everything()

    for url, methods in taken.items():
        for method in METHODS:
            if method == "POST":
                continue
            reply = browser.open(url, method=method, data=sent, query_string=sent)
            assert reply.status < 500, (url, method)
            assert (url, method, reply.status == 405) == (url, method, method not in methods)
            assert everything() == before, (url, method)


def test_a_header_that_names_another_method_is_disregarded(app, browser, values):
    token = token_of(browser)
    sent = {**FULL_FORM, "csrf_token": token, "_method": "POST"}
    before = everything()

    for endpoint, url in takes(every_route(app, values), "GET"):
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            reply = browser.open(url, data=sent, query_string=sent, headers={header: "POST"})
            assert reply.status in (200, 303, 404), (endpoint, header)
    assert everything() == before


# Forged forms


def forms(app, values):
    """Return (endpoint, URL) of all that takes a form."""
    return takes(every_route(app, values), "POST")


@pytest.mark.parametrize("token", [None, "", "x", "x.y.z", "\0", "é", "a" * 5000])
def test_a_form_without_its_token_changes_nothing(app, browser, values, token, headers):
    sent = {**FULL_FORM, "csrf_token": token} if token is not None else FULL_FORM
    before = everything()

    for endpoint, url in forms(app, values):
        reply = browser.open(url, method="POST", data=sent, headers=headers)
        expected = (404,) if endpoint in OF_A_HOLDER else (303, 422)
        assert reply.status in expected or endpoint == "log_in.submit", (endpoint, reply.status)
        assert without_failures(everything()) == without_failures(before), endpoint
    assert browser.open(LIST).status == 200


def test_a_form_that_was_open_all_day_goes_through(browser, bonvenon, monkeypatch):
    sent = {"csrf_token": token_of(browser), "local_part": "late"}
    tomorrow = int(time.time()) + 24 * 3600
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda _: tomorrow)

    assert browser.open(f"{LIST}addresses/", method="POST", data=sent).status == 303


def test_a_token_of_another_browser_changes_nothing(app, browser, stranger, values):
    other = Browser(app)
    accounts.add("bruno", PASSWORD, by=COMMAND_LINE)
    other.log_in("bruno", PASSWORD)
    sent = {**FULL_FORM, "csrf_token": token_of(other)}
    before = everything()

    for endpoint, url in forms(app, values):
        browser.open(url, method="POST", data=sent)
        assert without_failures(everything()) == without_failures(before), endpoint
    assert browser.open(LIST).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.org"},
        {"Origin": "null"},
        {"Origin": "https://localhost.elsewhere.org"},
        {"Origin": "https://localhost:444"},
        {"Origin": "https://localhost@elsewhere.org"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.org"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://localhost"},
    ],
    ids=str,
)
def test_a_form_that_another_site_sends_changes_nothing_whatever_its_token(
    app, browser, values, headers
):
    sent = {**FULL_FORM, "csrf_token": token_of(browser)}
    before = everything()

    for _, url in forms(app, values):
        page = browser.open(url, method="POST", data=sent, headers=headers)
        fragment = browser.open(url, method="POST", data=sent, headers={**FRAGMENT, **headers})
        for reply in (page, fragment):
            assert (url, reply.status) == (url, 403)
            words = "This was sent from another site, so it was not done."
            assert words in reply.words(".notice")
    assert everything() == before
    assert browser.open(LIST).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://localhost"},
    ],
    ids=str,
)
def test_a_form_of_ours_goes_through(browser, bonvenon, headers):
    headers = {**headers, "Referer": "https://localhost/domains/bonvenon.fr/"}
    reply = browser.submit(LIST, "#add-address", {"Name": "sales"}, headers=headers)

    assert reply.status == 303


# Fields


def extra():
    """Return every column of every table, and what else an attacker would try."""
    more = ("domain", "account", "address", "is_admin", "role", "_method", "session")
    return dict.fromkeys([*columns(), *more], "1")


def moved(before, after):
    """Return which cells changed, by table and column; rows that came or went as + and -."""
    found = set()
    for table, rows in before.items():
        names = ["rowid", *(column.name for column in database.db.get_columns(table))]
        old, new = ({row[0]: row for row in part} for part in (rows, after[table]))
        found |= {(table, "+") for _ in new.keys() - old.keys()}
        found |= {(table, "-") for _ in old.keys() - new.keys()}
        for number in old.keys() & new.keys():
            pairs = zip(names, old[number], new[number], strict=True)
            found |= {(table, name) for name, one, other in pairs if one != other}
    return found


# Of a session that began anew, and in the next second.
SESSION_TIMES = {("session", "created_at"), ("session", "seen_at")}


@pytest.mark.parametrize(
    ("url", "form", "own", "cells"),
    [
        ("/addresses/contact@bonvenon.fr/edit", "form.editor", {}, {("address", "version")}),
        ("/addresses/postmaster@bonvenon.fr/edit", "form.editor", {}, {("address", "version")}),
        (f"{LIST}unknown", "form.card", {}, {("domain", "version"), ("journal", "+")}),
        (
            LIST,
            "#add-address",
            {"Name": "sales"},
            {("address", "+"), ("domain", "addresses"), ("journal", "+")},
        ),
        (
            "/domains/",
            "form.card",
            {"Domain": "neuf.fr", "Contact address": "ann@x.org"},
            {("domain", "+"), ("address", "+"), ("recipient", "+"), ("journal", "+")},
        ),
        (
            f"{LIST}about",
            "section form",
            {},
            {("domain", "enabled"), ("domain", "version"), ("journal", "+")},
        ),
        (
            f"{LIST}about",
            "main form[action$='/language']",
            {"language": "fr"},
            {("domain", "language"), ("domain", "version"), ("journal", "+")},
        ),
        (
            "/addresses/contact@bonvenon.fr/edit",
            "form.test",
            {},
            {("throttle", "+")},
        ),
        (
            f"{LIST}removed/",
            ".entry form",
            {"local_part": ""},
            {("removed", "-"), ("address", "+"), ("domain", "addresses"), ("journal", "+")},
        ),
        (
            "/password",
            "form.card",
            {
                "Present password": PASSWORD,
                "New password": "quite another phrase 9",
                "Confirm the password": "quite another phrase 9",
            },
            {("account", "password"), ("session", "-"), ("session", "+"), ("journal", "+")},
        ),
        (LIST, "form.language", {"language": "fr"}, set()),
        (LIST, ".foot form", {}, {("session", "-")}),
    ],
)
def test_fields_that_a_form_has_not_change_nothing(browser, kept, url, form, own, cells):
    """Every column of every table is sent along, but for the fields that the form itself has."""
    page = browser.get(url)
    fields = {str(field["name"]) for field in page.soup.select_one(form).select("[name]")}
    unknown = {name: value for name, value in extra().items() if name not in fields}
    before = everything()

    reply = browser.submit(page, form, {**unknown, **own})

    assert reply.status == 200
    assert moved(before, everything()) - SESSION_TIMES == cells


def test_a_new_address_is_the_same_whatever_is_sent_along(browser, contact, alice):
    browser.submit(LIST, "#add-address", {**extra(), "local_part": "sent"})
    addresses.add(contact.domain, "plain", by=alice)

    sent, plain = everything()["address"][-2:]
    assert sent[3:5] == ("sent", "sent@bonvenon.fr")
    assert sent[5:-1] == plain[5:-1]


def test_no_form_makes_an_account_a_session_or_an_address_elsewhere(app, browser, values):
    token = token_of(browser)
    sent = {**extra(), **FULL_FORM, "csrf_token": token}
    sent |= {"name": "alice", "account": "1", "account_id": "2", "one_time": "0"}
    skipped = {
        "log_in.submit",
        "log_in.log_out",
        "log_in.change_password",
        "me.end",
        "domains.install",
    }
    people = (everything()["account"], [row[1:3] for row in everything()["session"]])

    for endpoint, url in forms(app, values):
        if endpoint not in skipped and not endpoint.startswith("accounts."):
            browser.open(url, method="POST", data=sent)

    now = everything()
    assert (now["account"], [row[1:3] for row in now["session"]]) == people
    assert {row[2] for row in now["address"]} <= {1, 2}


# Headers


def urls_of_every_kind(browser, app, values):
    """Return answers of every kind: pages, fragments, redirects, refusals, errors, files."""
    routes = every_route(app, values)
    token = token_of(browser)
    replies = {}
    for endpoint, url in takes(routes, "GET"):
        for name, headers in (("page", {}), ("fragment", FRAGMENT)):
            replies[f"{endpoint} {name}"] = browser.open(url, headers=headers)
    page = browser.get(LIST)
    replies["refusal"] = browser.submit(page, "#add-address", {"Name": "a b"})
    replies["form"] = browser.submit(page, "#add-address", {"Name": "new"}, headers=FRAGMENT)
    replies["not found"] = browser.open("/nothing")
    replies["wrong method"] = browser.open(LIST, method="DELETE")
    replies["forged"] = browser.open(
        "/log-out", method="POST", data={"csrf_token": token}, headers={"Origin": "null"}
    )
    replies["too much"] = browser.open("/domains/", method="POST", data={"name": "x" * 2**21})
    replies["wrong host"] = browser.open("/", base_url="https://elsewhere.org")
    replies["nobody"] = Browser(app).open(LIST)
    style = page.soup.select_one("link[rel=stylesheet]")["href"]
    replies["file"] = browser.open(style)
    return replies


def test_every_answer_tells_the_browser_what_our_pages_never_do(app, browser, values):
    for kind, reply in urls_of_every_kind(browser, app, values).items():
        for name, value in HEADERS.items():
            assert (kind, reply.headers.getlist(name)) == (kind, [value])
        assert (kind, reply.headers["Strict-Transport-Security"]) == (
            kind,
            "max-age=31536000; includeSubDomains",
        )
        assert reply.headers["Content-Type"].partition(";")[0] in (
            "text/html",
            "text/css",
            "text/csv",
            "text/javascript",
            "application/javascript",
            "text/plain",
        ), kind
        assert "charset=utf-8" in reply.headers["Content-Type"], kind
        assert not [name for name, _ in reply.headers if name.startswith("Access-Control")], kind
        assert "Server" not in reply.headers
        if kind == "file":
            assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        else:
            assert (kind, reply.headers["Cache-Control"]) == (kind, "no-store")


def test_the_policy_is_the_strict_one():
    assert POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types htmx"
    )
    assert {
        name: HEADERS[name]
        for name in (
            "X-Content-Type-Options",
            "Referrer-Policy",
            "Cross-Origin-Opener-Policy",
            "Cross-Origin-Resource-Policy",
        )
    } == {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert "Permissions-Policy" in HEADERS


def test_pages_hold_no_script_no_style_and_nothing_from_elsewhere(browser, contact):
    for url in (LIST, "/addresses/contact@bonvenon.fr/edit", f"{LIST}unknown", "/domains/", "/x"):
        soup = browser.open(url).soup
        assert [script for script in soup.select("script") if script.get_text(strip=True)] == []
        assert soup.select("style, [style], iframe, object, embed, base") == []
        for element in soup.find_all(True):
            for name, value in element.attrs.items():
                assert not name.startswith(("on", "hx-on", "hx-vals", "hx-vars")), (url, name)
                assert "js:" not in str(value), (url, name, value)
                assert name != "hx-trigger" or "[" not in value, (url, value)
                if name in ("src", "href", "action", "formaction", "hx-get", "hx-post"):
                    assert str(value).startswith(("/", "#", "?", "data:image/svg")), (url, value)


def test_a_file_of_another_name_or_mark_is_not_sent(browser, bonvenon):
    style = browser.get(LIST).soup.select_one("link[rel=stylesheet]")["href"]
    mark = style.split("/")[2]

    for url in (
        f"/static/{'0' * 12}/style.css",
        f"/static/{mark}/../webmailadmin/models.py",
        f"/static/{mark}/%2e%2e/models.py",
        f"/static/{mark}/vendor/",
        f"/static/{mark}/",
        "/static/",
        "/.git/config",
    ):
        reply = browser.open(url)
        assert (url, reply.status) == (url, 404)
        assert reply.headers["Cache-Control"] == "no-store"


def test_a_file_comes_plain_to_who_does_not_take_gzip(browser, bonvenon):
    style = browser.get(LIST).soup.select_one("link[rel=stylesheet]")["href"]

    plain = browser.open(style, headers={"Accept-Encoding": "identity"})
    packed = browser.open(style, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(plain.body)
    assert "Accept-Encoding" in plain.headers["Vary"]


# Hosts, sizes, mistakes of ours


@pytest.mark.parametrize(
    "host",
    ["elsewhere.org", "localhost.elsewhere.org", "127.0.0.1.elsewhere.org", "192.0.2.1", ":8025"],
)
def test_a_host_that_is_not_ours_is_refused(stranger, browser, contact, host):
    for visitor in (stranger, browser):
        reply = visitor.open("/log-in", base_url=f"https://{host}")
        assert (reply.status, reply.text) == (400, "This request cannot be understood.")


@pytest.mark.parametrize("host", ["localhost", "localhost:8025", "127.0.0.1:8025"])
def test_this_machine_is_always_ours(stranger, host):
    assert stranger.open("/log-in", base_url=f"http://{host}").status == 200


def test_the_hosts_of_the_settings_are_ours(data, monkeypatch, request):
    monkeypatch.setenv("WEBMAILADMIN_PUBLIC_URL", "https://panel.example.net/")
    monkeypatch.setenv("WEBMAILADMIN_TRUSTED_HOSTS", "mail.example.org, other.example.org")
    stranger = Browser(request.getfixturevalue("own_app"))

    for host in ("panel.example.net", "mail.example.org", "other.example.org"):
        assert stranger.open("/log-in", base_url=f"https://{host}").status == 200


@pytest.mark.parametrize("url", ["/log-in", "/domains/", "/domains/bonvenon.fr/addresses/"])
@pytest.mark.parametrize(
    ("size", "kind"),
    [(2**20 + 1, "application/x-www-form-urlencoded"), (505_000, "multipart/form-data")],
    ids=["whole", "field"],
)
def test_a_form_that_is_too_large_is_refused_in_words(browser, bonvenon, url, size, kind, headers):
    before, form = everything(), {"name": "x" * size}

    reply = browser.open(url, method="POST", data=form, content_type=kind, headers=headers)

    expected = "This is too much text at once. Go back, and shorten it."
    assert (reply.status, reply.words(".notice")) == (413, expected)
    assert everything() == before


@pytest.mark.parametrize(("parts", "status"), [(199, 422), (200, 413)])
def test_a_form_of_very_many_parts_is_refused(browser, bonvenon, parts, status):
    """At most 200 parts: the token is one of them."""
    sent = {"csrf_token": token_of(browser), **{f"field{n}": "x" for n in range(parts)}}
    before = everything()

    reply = browser.open("/domains/", method="POST", data=sent, content_type="multipart/form-data")

    assert reply.status == status
    assert everything() == before


def test_a_field_that_comes_twice_is_refused_by_every_form(app, browser, values):
    token = token_of(browser)
    link = links.reset(Account.get(Account.name == "alice"), "alice@elsewhere.org")
    browser.client.set_cookie("__Host-link", link, domain="localhost", secure=True)
    before = everything()

    for endpoint, url in forms(app, values):
        for doubled in ({"csrf_token": [token, token]}, {"csrf_token": [token, "x"]}):
            reply = browser.open(url, method="POST", data={**FULL_FORM, **doubled})
            if endpoint in OF_A_HOLDER and reply.status == 404:
                continue
            assert (endpoint, reply.status) == (endpoint, 400)
            assert reply.words(".notice") == "This request cannot be understood."
    assert everything() == before
    assert browser.open(LIST).status == 200


@pytest.mark.parametrize("field", ["recipients", "password", "quota_mb", "version", "mailbox"])
def test_a_field_of_the_editor_that_comes_twice_is_refused(browser, contact, field):
    before = everything()
    sent = {**FULL_FORM, "csrf_token": token_of(browser)}

    twice = {**sent, field: [sent[field], "7"]}
    reply = browser.open("/addresses/contact@bonvenon.fr/", method="POST", data=twice)

    assert (reply.status, everything()) == (400, before)


def test_an_address_of_two_meanings_is_refused_and_one_said_twice_is_not(browser, contact):
    assert browser.open(f"{LIST}?q=a&q=b").status == 400
    assert browser.open(f"{LIST}?q=a&q=a").status == 200


def test_a_mistake_of_ours_shows_a_number_and_no_trace(
    app, browser, contact, headers, caplog, monkeypatch
):
    def broken():
        secret = "a marker that nobody may see"
        raise RuntimeError(secret)

    monkeypatch.setitem(app.view_functions, "journal.of_domain", lambda name: broken())

    reply = browser.open(f"{LIST}journal", headers=headers)

    assert reply.status == 500
    words = reply.words(".notice")
    assert words.startswith("Something broke; nothing was changed. In the log it has the number ")
    number = words.rstrip(".").rpartition(" ")[2]
    assert len(number) == 8
    assert number in caplog.text
    for telltale in (
        "Traceback",
        "RuntimeError",
        "marker",
        ".py",
        "/webmailadmin/",
        "site-packages",
    ):
        assert telltale not in reply.text


def test_a_database_that_is_busy_says_so_and_when_to_try_again(app, browser, contact, headers):
    """Another process holds the write lock longer than we wait."""
    db = Account._meta.database
    db.pragma("busy_timeout", 1)
    other = type(db)(db.database, pragmas={"busy_timeout": 1})
    other.connect()
    page = browser.get(LIST)
    other.execute_sql("BEGIN IMMEDIATE")
    try:
        reply = browser.submit(page, "#add-address", {"Name": "sales"}, headers=headers)
    finally:
        other.execute_sql("ROLLBACK")
        other.close()

    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    assert reply.words(".notice") == ("The database is busy. Nothing was changed; try again.")
    assert browser.submit(page, "#add-address", {"Name": "sales"}).status == 200
