"""The journal's pages: of everything, of a domain, of an address; its search and its file."""

import csv
import io
import re

import pytest

from tests.browser_of import Browser
from tests.mail.stage import save
from tests.web.conftest import everything
from webmailadmin.database import db
from webmailadmin.mail import accounts, journal, sessions
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.journal_search import PAGE
from webmailadmin.models import Account, Mailbox, Ownership

BOM = "\ufeff"


@pytest.fixture
def bruno(bonvenon):
    """The owner of bonvenon.fr."""
    accounts.add("bruno", None, by=COMMAND_LINE, kind=Kind.OWNER)
    account = Account.get(Account.name == "bruno")
    Account.update(one_time=False).execute()
    Ownership.create(account=account, domain=bonvenon)
    return accounts.actor(account)


@pytest.fixture
def holder(contact):
    """The holder of contact@bonvenon.fr."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, contact.email)


def logged_in(app, person):
    """Return a browser in which a person is logged in."""
    browser = Browser(app)
    token = sessions.open_session(person)
    browser.client.set_cookie("__Host-session", token, domain="localhost", secure=True)
    return browser


def entries(page):
    """Return the entries as a person reads them, the latest first, without their times."""
    return [" ".join(item.get_text(" ").split()) for item in page.soup.select(".journal li > span")]


def rows(reply, separator=","):
    """Return the lines of the file."""
    assert reply.text.startswith(BOM)
    return list(csv.reader(io.StringIO(reply.text[1:], newline=""), delimiter=separator))


def test_an_administrator_reads_all_and_finds_by_person_address_and_day(
    browser, contact, bruno, alice
):
    save(contact.email, by=bruno, enabled=False)
    page = browser.get("/journal")
    assert entries(page)[:3] == [
        "bruno: contact@bonvenon.fr address switched off",
        "command line: account bruno added",
        "alice: contact@bonvenon.fr mailbox opened, 1024 MB",
    ]

    found = browser.get("/journal?person=bruno")
    assert entries(found) == ["bruno: contact@bonvenon.fr address switched off"]
    assert found.value("By whom") == "bruno"
    assert entries(browser.get("/journal?person=Command+line")) == [
        "command line: account bruno added",
        "command line: account alice added",
    ]
    assert len(entries(browser.get("/journal?address=contact%40bonvenon.fr"))) == 3
    assert len(entries(browser.get("/journal?since=2026-01-01&until=9999-01-01"))) == 7
    nothing = browser.get("/journal?until=2001-01-01")
    assert nothing.words(".empty") == "Nothing was found."
    assert browser.get("/journal").links()["Journal"] == "/journal"


def test_a_day_that_is_none_is_told_beside_its_field_and_stays(browser, bonvenon):
    for url in ("/journal", "/journal.csv"):
        page = browser.get(f"{url}?since=soon&until=2026-13-01&person=alice")

        words = "Write the date as year-month-day, such as 2026-08-03."
        assert (page.status, page.messages()) == (422, {"From": words, "To": words})
        assert [page.value(label) for label in ("From", "To", "By whom")] == [
            "soon",
            "2026-13-01",
            "alice",
        ]
        assert page.title().startswith("Error: ")
    page = browser.get("/journal?since=2026-08-03&until=2026-08-02")
    assert page.messages() == {"To": "The last day is before the first one."}


def test_the_pages_of_a_search_go_on(browser, bonvenon, alice):
    for _ in range(PAGE):
        journal.record("domain.enabled", by=alice, domain=bonvenon)

    page = browser.get("/journal?person=alice&address=bonvenon")
    assert len(entries(page)) == PAGE
    more = page.links()["Older entries"]
    assert re.fullmatch(r"\?person=alice&address=bonvenon&before=\d+", more)
    older = browser.get(f"/journal{more}")
    assert entries(older) == [
        "alice: postmaster@bonvenon.fr redirected to camille@elsewhere.org",
        "alice: bonvenon.fr domain installed, postmaster@ redirected to camille@elsewhere.org",
    ]
    for number in ("-1", "0", "x", "9" * 30):
        assert browser.get(f"/journal?before={number}").status == 200


def test_an_owner_and_a_holder_find_what_is_theirs(app, contact, bruno, holder, alice):
    before = everything()

    of_owner = logged_in(app, bruno).get("/journal")
    assert entries(of_owner)[0] == "command line: account bruno added"
    assert not [entry for entry in entries(of_owner) if "alice added" in entry]
    of_holder = logged_in(app, holder).get("/journal")
    assert entries(of_holder) == ["alice: contact@bonvenon.fr mailbox opened, 1024 MB"]
    for page in (of_owner, of_holder):
        assert page.status == 200
    without = {table: found for table, found in everything().items() if table != "session"}
    assert without == {table: found for table, found in before.items() if table != "session"}


def test_what_was_done_as_somebody_else_shows_both_names(browser, contact, bruno):
    save(contact.email, by=Actor(Kind.OWNER, bruno.id, "bruno", through="zoe"), enabled=False)

    shown = "bruno (zoe as bruno):"
    assert entries(browser.get("/journal"))[0].startswith(shown)
    assert entries(browser.get("/domains/bonvenon.fr/journal"))[0].startswith(shown)
    page = browser.get(f"/addresses/{contact.email}/journal")
    assert entries(page)[0] == f"{shown} address switched off"
    assert page.links()["Search and download"] == "/journal?address=contact@bonvenon.fr"
    assert rows(browser.open("/journal.csv"))[1][1:3] == ["bruno", "zoe"]


# The file


def test_the_file_holds_what_the_search_finds(browser, contact, bruno, alice):
    for _ in range(2 * PAGE):
        journal.record("domain.enabled", by=bruno, domain=contact.domain)
    save(contact.email, by=bruno, recipients=["far@x.org"])

    reply = browser.open("/journal.csv?person=bruno")

    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="journal-\d{4}-\d\d-\d\d\.csv"', reply.headers["Content-Disposition"]
    )
    assert reply.headers["Cache-Control"] == "no-store"
    head, first, *others = rows(reply)
    assert head == ["Time", "By whom", "Entered by", "Domain", "Address", "What"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", first[0])
    assert first[1:] == [
        "bruno",
        "",
        "bonvenon.fr",
        "contact@bonvenon.fr",
        "redirected to far@x.org",
    ]
    assert len(others) == 2 * PAGE
    assert {(row[1], row[5]) for row in others} == {("bruno", "domain switched on")}


def test_the_file_of_an_owner_and_of_a_holder_is_theirs_alone(app, contact, bruno, holder):
    assert {row[3] for row in rows(logged_in(app, bruno).open("/journal.csv"))[1:]} == {
        "",
        "bonvenon.fr",
    }
    of_holder = rows(logged_in(app, holder).open("/journal.csv"))[1:]
    assert [row[4:] for row in of_holder] == [["contact@bonvenon.fr", "mailbox opened, 1024 MB"]]


def test_the_file_is_in_the_language_of_the_person_as_its_excel_reads_it(french, bonvenon):
    head, first, *_ = rows(french.open("/journal.csv"), ";")

    assert head == ["Date et heure", "Par qui", "Entré par", "Domaine", "Adresse", "Quoi"]
    assert first[5] == "redirigée vers camille@elsewhere.org"


def test_no_cell_is_a_formula(browser, bonvenon):
    cells = [f'{begin}HYPERLINK("http://x.org";"a")' for begin in "=+-@\t\r\n"]
    for cell in cells:
        db.execute_sql(
            "INSERT INTO journal (at, actor, act, domain_id, email, details, through)"
            " VALUES (1, ?, 'domain.enabled', ?, ?, '{}', ?)",
            (cell, bonvenon.id, cell, cell),
        )

    found = rows(browser.open("/journal.csv"))[1 : len(cells) + 1]

    assert [[row[1], row[2], row[4]] for row in reversed(found)] == [
        [f"'{cell}"] * 3 for cell in cells
    ]


def test_what_stands_in_the_journal_is_escaped_in_its_pages(browser, bonvenon):
    cell = "<script>alert(1)</script>"
    db.execute_sql(
        "INSERT INTO journal (at, actor, act, domain_id, email, details, through)"
        " VALUES (1, ?, 'domain.enabled', ?, ?, '{}', ?)",
        (cell, bonvenon.id, cell, cell),
    )
    for url in ("/journal", "/domains/bonvenon.fr/journal", f"/journal?person={cell}"):
        page = browser.get(url)
        assert cell not in page.text
        assert [element for element in page.soup.select("script") if element.string] == []


def test_a_cell_is_one_to_a_spreadsheet_in_another_language_too(app, french, me, contact):
    page = me.submit("/mailbox/app-passwords", "form.card", {"Mail program": "a,=1+1,b;=1+1;c"})
    assert page.status == 200
    for language, other in (("fr", ","), ("en", ";")):
        french.language = language
        cells = [cell for row in rows(french.open("/journal.csv"), other) for cell in row]
        assert not [cell for cell in cells if cell.startswith("=")]
