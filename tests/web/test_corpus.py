"""Every form, every field, every text that somebody hostile or unlucky may send.

The pages are walked from the first one on, as each kind of person: a form that is added tomorrow
is tried without a line being written here.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from bs4 import Tag
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playhouse.cysqlite_ext import CySqliteDatabase

from tests.browser_of import Browser, Reply, data_of
from tests.mail import truth
from tests.mail.stage import PASSWORD
from webmailadmin import database
from webmailadmin.mail import accounts, sessions
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.notices import Notice
from webmailadmin.models import Account, Address, Domain, Mailbox, Ownership, now
from webmailadmin.servers import outgoing
from webmailadmin.upkeep import letter_words
from webmailadmin.upkeep.letter_words import Words

TAG = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
CORPUS = {
    "quotes": '\' OR "1"="1\'; DROP TABLE address; --',
    "tags": TAG,
    "template": "{{7*191}}${7*191}<%= 7*191 %>%(name)s{name}%s",
    "lines": "a\r\nBcc: thief@elsewhere.org\r\n\r\nbody",
    "NUL": "a\0b",
    "right to left": "\u202egpj.exe\u2066\u200b",
    "surrogate": "\ud800",
    "number": "9" * 40,
}
COMPUTED = str(7 * 191)
LARGE = "x" * (2**20 + 1)
LARGE_IN_FORM = "x" * 400_000
NOT_TYPED = ("submit", "button", "image", "file")


@pytest.fixture
def bruno(app: Flask, bonvenon: Domain, alice: Actor) -> Actor:
    """The owner of bonvenon.fr."""
    accounts.add("bruno", PASSWORD, by=alice, kind=Kind.OWNER)
    account = Account.get(Account.name == "bruno")
    Ownership.create(account=account, domain=bonvenon)
    return accounts.actor(account)


@pytest.fixture
def people(alice: Actor, bruno: Actor, contact: Address) -> dict[Kind, Actor]:
    """One person of each kind, all around the same mailbox."""
    box = Mailbox.get(Mailbox.address == contact)
    holder = Actor(Kind.HOLDER, box.id, contact.email)
    return {Kind.ADMINISTRATOR: alice, Kind.OWNER: bruno, Kind.HOLDER: holder}


def browser_of(app: Flask, who: Actor | None) -> Browser:
    """Return the browser of a person who is logged in, or of nobody."""
    browser = Browser(app)
    if who is not None:
        token = sessions.open_session(who)
        browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


def pages(browser: Browser, first: str) -> Iterator[Reply]:
    """Walk through all pages that links lead to, each kind of page once."""
    waiting, seen = deque([first]), {kind_of(first)}
    while waiting:
        reply = browser.get(waiting.popleft())
        assert reply.status in (200, 404, 405), (reply.url, reply.status)
        yield reply
        if "html" not in str(reply.headers.get("Content-Type")):
            continue
        for link in reply.soup.select("a[href]"):
            parts = urlsplit(str(link["href"]))
            url = parts.path + (f"?{parts.query}" if parts.query else "")
            if not parts.netloc and parts.path and kind_of(url) not in seen:
                seen.add(kind_of(url))
                waiting.append(url)


def kind_of(url: str) -> str:
    """Return what all pages of this kind have in common: names and numbers left out."""
    path = re.sub(r"[^/]*[@.][^/]*|[0-9]+", "·", url.partition("?")[0])
    return path + "?" + "&".join(re.findall(r"([a-z_]+)=", url.partition("?")[2]))


def forms(browser: Browser, first: str) -> dict[str, tuple[str, str, dict[str, str], list[str]]]:
    """Return every form there is: method, where it is sent, what it sends, names of fields."""
    found: dict[str, tuple[str, str, dict[str, str], list[str]]] = {}
    for page in pages(browser, first):
        for form in page.soup.select("form"):
            method = str(form.get("method", "get")).upper()
            names = [name for name in fields(form) if name != "csrf_token"]
            actions = {str(form.get("action", page.url))}
            actions |= {str(b["formaction"]) for b in form.select("[formaction]")}
            for action in actions:
                key = f"{method} {kind_of(action)} {sorted(set(names))}"
                found.setdefault(key, (method, action, data_of(form), names))
    return found


def fields(form: Tag) -> list[str]:
    """Return the names of all that can be sent with a form, hidden or not."""
    inputs = form.find_all(["input", "textarea", "select"])
    named = [str(one["name"]) for one in inputs if one.get("name")]
    return [name for name in dict.fromkeys(named) if name not in NOT_TYPED]


@contextmanager
def as_it_was() -> Iterator[Callable[[], None]]:
    """Give what puts the database back to what it is now."""
    kept = CySqliteDatabase(":memory:")
    kept.connect()
    database.db.connection().backup(kept.connection())

    def put_back() -> None:
        kept.connection().backup(database.db.connection())

    yield put_back
    kept.close()


def refuse_what_is_not_escaped(reply: Reply, sent: str) -> None:
    """Fail when the answer carries what was sent in another form than as a text."""
    case = (reply.url, reply.status, sent[:40])
    assert reply.status in (200, 303, 400, 401, 404, 405, 409, 410, 413, 422, 429, 503), case
    assert "<script>alert" not in reply.text, case
    assert "<img src=x" not in reply.text, case
    assert COMPUTED not in reply.text, case
    assert "Bcc" not in reply.headers, case


@pytest.mark.parametrize("kind", [Kind.ADMINISTRATOR, Kind.HOLDER, None])
def test_no_text_in_any_field_of_any_form_breaks_out_or_breaks_anything(
    kind: Kind | None,
    app: Flask,
    people: dict[Kind, Actor],
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser = browser_of(app, people[kind] if kind else None)
    found = forms(browser, "/" if kind else "/log-in")
    if kind is Kind.ADMINISTRATOR:
        # An owner has no form of its own: all of them are tried here.
        assert forms(browser_of(app, people[Kind.OWNER]), "/").keys() <= found.keys()
    tried = 0
    with as_it_was() as put_back:
        for method, action, sent, names in found.values():
            for name in names:
                for text in CORPUS.values():
                    put_back()
                    reply = send(browser, method, action, sent | {name: text})
                    refuse_what_is_not_escaped(reply, text)
                    tried += 1
            put_back()
            if names and method == "POST":
                assert send(browser, method, action, sent | {names[0]: LARGE}).status == 413
                refuse_what_is_not_escaped(
                    send(browser, method, action, sent | {names[0]: LARGE_IN_FORM}), ""
                )
        put_back()
    assert not [record for record in caplog.records if record.exc_info]
    assert tried > len(found), found.keys()


def send(browser: Browser, method: str, action: str, sent: dict[str, str]) -> Reply:
    """Send a form, with texts that no browser would let through."""
    data = {name: value.encode("utf-8", "surrogatepass") for name, value in sent.items()}
    if method == "GET":
        return browser.open(action, query_string=data)
    return browser.open(action, method="POST", data=data)


# Whatever comes to mind


ORDINARY = (
    *("contact@bonvenon.fr", "ann", "bonvenon.fr", "bruno", "1024", "0", "yes", "no", "y", "fr"),
    *("2026-12-01", PASSWORD, "address", "owner", "away@elsewhere.org\nann@bonvenon.fr", ""),
)
anything = st.one_of(
    st.sampled_from(ORDINARY), st.text(max_size=80), st.sampled_from(sorted(CORPUS.values()))
)


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.PROGRAM])
def test_whatever_stands_in_all_fields_at_once_no_page_breaks_and_no_rule(
    kind: Kind, app: Flask, people: dict[Kind, Actor], caplog: pytest.LogCaptureFixture
) -> None:
    browser = browser_of(app, people[kind])
    found = [form for form in forms(browser, "/").values() if form[3]]
    with as_it_was() as put_back:

        @settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=50,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def attempt(data: st.DataObject) -> None:
            put_back()
            method, action, sent, names = data.draw(st.sampled_from(found))
            changed = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
            typed = {name: data.draw(anything) for name in changed}
            refuse_what_is_not_escaped(send(browser, method, action, sent | typed), str(typed))
            truth.check()

        attempt()
        put_back()
    assert not [record for record in caplog.records if record.exc_info]


# In mails


# No database holds a lone surrogate.
@pytest.mark.parametrize("name", sorted(CORPUS.keys() - {"surrogate"}))
def test_a_letter_shows_it_as_a_text_and_no_header_is_made_of_it(name: str, app: Flask) -> None:
    text = CORPUS[name]
    with app.test_request_context():
        for letter in (
            letter_words.invitation(text, "https://panel.example/link/x"),
            letter_words.reset(text, "https://panel.example/link/x"),
            letter_words.confirmation(text, text, "https://panel.example/link/x"),
            *(letter_words.notice(notice, text, now()) for notice in Notice),
        ):
            written = letter.as_html()
            assert "<script>alert" not in written
            assert "<img src=x" not in written
            assert COMPUTED not in written + letter.as_text()
            if len(f"{letter.subject}.".splitlines()) > 1:
                with pytest.raises(ValueError, match="more than one line"):
                    outgoing.Letter("a@b.fr", "c@d.fr", letter.subject, "", "<x@y>")
            else:
                assert "Bcc" not in str(headers(letter))


def headers(letter: Words) -> list[str]:
    """Return the names of the headers of a letter as it is sent."""
    sent = outgoing.Letter(
        "a@b.fr", "c@d.fr", letter.subject, letter.as_text(), "<x@y>", html=letter.as_html()
    )
    return outgoing.written(sent).keys()


@pytest.mark.parametrize("text", [TAG, CORPUS["template"], CORPUS["right to left"]])
def test_what_was_stored_past_every_check_is_shown_as_a_text(
    text: str, app: Flask, people: dict[Kind, Actor], contact: Address
) -> None:
    """Whoever can write the database, or a check that fails, still writes no page."""
    store(text, people)
    for kind, who in people.items():
        browser = browser_of(app, who)
        for page in pages(browser, "/"):
            assert "<script>alert" not in page.text, (kind, page.url)
            assert "<img src=x" not in page.text, (kind, page.url)
            assert COMPUTED not in page.text, (kind, page.url)


def store(text: str, people: dict[Kind, Actor]) -> None:
    """Put a text into every column that a page may show."""
    db = database.db
    for table in db.get_tables():
        texts = [c.name for c in db.get_columns(table) if c.name in SHOWN.get(table, ())]
        for column in texts:
            db.execute_sql(f'UPDATE "{table}" SET "{column}" = ?', (text,))
    db.execute_sql(
        "INSERT INTO journal (at, actor, act, domain_id, email, details, through)"
        " VALUES (unixepoch(), ?, 'address.renamed', 1, 'contact@bonvenon.fr', ?, ?)",
        (text, json.dumps({"to": text}), text),
    )


# Names that lead to a page stand in URLs, and would only be not found.
SHOWN = {
    "account": ("person", "contact"),
    "session": ("agent", "network"),
    "app_password": ("name",),
    "recipient": ("email",),
    "domain": ("catch_all_to",),
    "vacation": ("subject", "text"),
    "mailbox": ("contact",),
    "removed": ("removed_by",),
    "purge": ("trouble",),
    "chore": ("trouble",),
}
