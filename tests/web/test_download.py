"""All messages of a mailbox as a download: whole or visibly broken, told before, few at once."""

import io
import re
import zipfile

import pytest

from tests.browser_of import FRAGMENT
from tests.helper_of import helper_at
from tests.mail.stage import acts_on, make
from tests.web.conftest import CONTACT, LIST, everything, in_paris
from webmailadmin import settings
from webmailadmin.mail import addresses, domains, removed_domains, usage
from webmailadmin.models import Address, Domain, Journal, Mailbox, Removed
from webmailadmin.upkeep import downloads

FORM = "form:is([action$='/download'], [action*='/messages/'])"
DOWNLOAD = "/addresses/contact@bonvenon.fr/download"
OUT_OF_REACH = "The messages cannot be read at the moment; the panel’s log says why."


@pytest.fixture
def helper(app):
    """A helper that packs a small archive in two chunks."""
    with helper_at(settings.current.helper_socket) as helper:
        helper.holds(3, 4096)
        helper.packs(ARCHIVE[:100], ARCHIVE[100:])
        yield helper


def zipped():
    """Return a .zip with one mbox in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("INBOX.mbox", "From a@x.org\nSubject: kept\n\nwords\n" * 50)
    return out.getvalue()


ARCHIVE = zipped()


def test_all_messages_come_as_one_zip_with_its_size_and_name(browser, contact, helper):
    reply = browser.submit(CONTACT, FORM)

    assert (reply.status, reply.body) == (200, ARCHIVE)
    assert reply.headers["Content-Type"] == "application/zip"
    assert reply.headers["Content-Length"] == str(len(ARCHIVE))
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    # Strong, and another one each time: what broke off is neither whole nor gone on with.
    assert re.fullmatch(r'"[0-9a-f]{32}"', reply.headers["ETag"])
    day = in_paris(Journal.select().order_by(Journal.id.desc()).get().at).date()
    name = f"contact@bonvenon.fr-{day}.zip"
    assert reply.headers["Content-Disposition"] == (
        f"attachment; filename=\"{name}\"; filename*=UTF-8''{name.replace('@', '%40')}"
    )
    assert helper.asked == [("archive", Mailbox.get().home)]
    assert not downloads.running


def test_a_domain_with_accents_names_the_file_in_both_ways(browser, alice, helper):
    domains.install("été.fr", "camille@elsewhere.org", by=alice)
    make("zoe@xn--t-9fab.fr", by=alice, mailbox=True)

    reply = browser.submit("/addresses/zoe@xn--t-9fab.fr/edit", FORM)

    said = reply.headers["Content-Disposition"]
    assert 'filename="zoe@xn--t-9fab.fr-' in said
    assert "filename*=UTF-8''zoe%40%C3%A9t%C3%A9.fr-" in said


def test_a_download_is_told_in_the_journal_before_its_first_byte(browser, contact, helper):
    token = browser.get(CONTACT).soup.select_one(f"{FORM} input")["value"]
    before = everything()

    answer = browser.client.post(
        DOWNLOAD, data={"csrf_token": token}, base_url="https://localhost", buffered=False
    )

    assert acts_on(contact.domain, contact.email)[-1] == "messages.downloaded"
    told = browser.get("/addresses/contact@bonvenon.fr/journal").words(".journal li")
    assert "alice" in told
    assert "messages downloaded" in told
    after = everything()
    assert {table for table in before if before[table] != after[table]} - {"session"} == {"journal"}
    answer.close()
    assert not downloads.running


@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["page", "fragment"])
def test_without_a_helper_there_are_words_and_no_broken_file(browser, contact, headers):
    page = browser.get(CONTACT)
    before = everything()
    asked = {**headers, "Referer": f"https://localhost{CONTACT}"}

    reply = browser.submit(page, FORM, headers=asked)

    assert (reply.status, everything()) == (503, before)
    assert OUT_OF_REACH in reply.words(".notice")
    assert "Content-Disposition" not in reply.headers
    if not headers:
        assert reply.links()["Back"] == CONTACT
    assert not downloads.running


def test_what_the_helper_refuses_is_said_and_logged(browser, contact, helper, caplog):
    helper.answers["archive"] = {"refused": "The folder is a symbolic link."}

    with caplog.at_level("INFO", "webmailadmin"):
        reply = browser.submit(CONTACT, FORM)

    assert reply.status == 503
    noted = [record.values for record in caplog.records if record.getMessage() == "download"]
    assert noted == [{"email": contact.email, "trouble": "The folder is a symbolic link."}]
    assert "messages.downloaded" not in acts_on(contact.domain)


def test_a_helper_that_ends_too_soon_gives_less_than_was_promised(browser, contact, helper):
    """A web server then ends the connection: no browser takes that for a whole file."""
    helper.packs(ARCHIVE, size=len(ARCHIVE) + 10)
    token = browser.get(CONTACT).soup.select_one(f"{FORM} input")["value"]

    answer = browser.client.post(
        DOWNLOAD, data={"csrf_token": token}, base_url="https://localhost", buffered=False
    )

    assert answer.headers["Content-Length"] == str(len(ARCHIVE) + 10)
    assert b"".join(answer.iter_encoded()) == ARCHIVE
    answer.close()
    assert not downloads.running


def test_a_reader_that_goes_away_lets_the_helper_go(browser, contact, helper):
    helper.packs(*[bytes(2**16)] * 1000)
    token = browser.get(CONTACT).soup.select_one(f"{FORM} input")["value"]
    answer = browser.client.post(
        DOWNLOAD, data={"csrf_token": token}, base_url="https://localhost", buffered=False
    )
    next(answer.iter_encoded())
    (running,) = downloads.running
    connection = running.archive.chunks.connection

    answer.close()

    assert (connection.fileno(), len(downloads.running)) == (-1, 0)
    assert helper.sent < 10 * 2**20


def test_only_a_few_run_at_once_and_another_is_told_so(browser, contact, helper):
    token = browser.get(CONTACT).soup.select_one(f"{FORM} input")["value"]

    def begin():
        return browser.client.post(
            DOWNLOAD, data={"csrf_token": token}, base_url="https://localhost", buffered=False
        )

    running = [begin() for _ in range(downloads.MOST_AT_ONCE)]
    assert [answer.status_code for answer in running] == [200, 200, 200]

    refused = browser.submit(CONTACT, FORM)
    assert refused.status == 503
    assert refused.words(".notice") == (
        "3 downloads are running. Try again once one of them has ended."
    )
    assert acts_on(contact.domain).count("messages.downloaded") == 3

    running.pop().close()
    assert browser.submit(CONTACT, FORM).status == 200
    for answer in running:
        answer.close()


def test_an_owner_leaves_room_for_others(browser, owner, contact, helper):
    def answer(who):
        token = who.get(CONTACT).soup.select_one(f"{FORM} input")["value"]
        return who.client.post(
            DOWNLOAD, data={"csrf_token": token}, base_url="https://localhost", buffered=False
        )

    running = [answer(who) for who in (owner, owner, owner, browser)]
    assert [one.status_code for one in running] == [200, 200, 503, 200]
    for one in running:
        one.close()


def test_a_download_that_cannot_be_told_does_not_begin(browser, contact, helper):
    page = browser.get(CONTACT)
    Journal._meta.database.execute_sql("PRAGMA query_only = 1")
    try:
        reply = browser.submit(page, FORM)
    finally:
        Journal._meta.database.execute_sql("PRAGMA query_only = 0")

    assert reply.status == 503
    assert "nothing was changed" in reply.words(".notice")
    assert not downloads.running


def test_a_form_that_is_too_old_is_said_and_nothing_is_sent(browser, contact, helper):
    reply = browser.submit(CONTACT, FORM, {"csrf_token": "old"})

    assert reply.status == 422
    assert "This page had been open for too long." in reply.words(".notice")
    assert reply.links()["Back"] == CONTACT
    assert helper.asked == []


def test_an_alias_has_nothing_to_download(browser, bonvenon, alice, helper):
    make("sales@bonvenon.fr", by=alice, recipients=["ann@x.org"])
    page = browser.get("/addresses/sales@bonvenon.fr/edit")
    token = page.soup.select_one("[name=csrf_token]")["value"]

    reply = browser.open(
        "/addresses/sales@bonvenon.fr/download", method="POST", data={"csrf_token": token}
    )

    assert (reply.status, page.soup.select(FORM)) == (404, [])


def test_the_url_of_a_download_that_is_typed_leads_to_its_page(browser, contact):
    assert browser.open(DOWNLOAD).headers["Location"] == CONTACT


def test_the_editor_and_both_warnings_offer_it_first(browser, contact, headers):
    for page in (
        browser.get(CONTACT, headers=headers),
        browser.get(f"{CONTACT}?mailbox=no"),
        browser.submit(CONTACT, "form.editor", button="Delete", headers=headers),
    ):
        buttons = page.soup.find_all("button", form=f"download-{contact.id}")
        assert {button.get_text() for button in buttons} == {"Download the messages"}
        form = page.soup.find(id=f"download-{contact.id}")
        assert form["action"] == DOWNLOAD
        # htmx would read all of it into memory, and show it on the page.
        assert not [name for name in form.attrs if name.startswith("hx-")]


# What was removed


def test_what_can_be_brought_back_can_be_downloaded(browser, contact, alice, helper):
    kept = addresses.remove(contact, confirmed=True, by=alice)

    reply = browser.submit(f"{LIST}removed/", FORM)

    assert (reply.status, reply.body) == (200, ARCHIVE)
    assert ("archive", kept.mailbox.home) in helper.asked
    assert acts_on(contact.domain, "contact@bonvenon.fr")[-1] == "messages.downloaded"


def test_a_catch_all_or_alias_in_the_bin_has_nothing_to_download(browser, bonvenon, alice):
    make("sales@bonvenon.fr", by=alice, recipients=["ann@x.org"])
    kept = addresses.remove(Address.get(email="sales@bonvenon.fr"), confirmed=True, by=alice)
    page = browser.get(f"{LIST}removed/")
    token = page.soup.select_one("[name=csrf_token]")["value"]

    reply = browser.open(
        f"{LIST}removed/{kept.id}/download", method="POST", data={"csrf_token": token}
    )

    assert (reply.status, page.soup.select(FORM)) == (404, [])


# A whole domain


def rows(page):
    """Return the rows of the list of mailboxes."""
    return [" ".join(row.get_text(" ").split()) for row in page.soup.select(".entry .row")]


def test_the_mailboxes_of_a_domain_are_listed_each_with_its_download(
    browser, contact, alice, helper
):
    make("sales@bonvenon.fr", by=alice, mailbox=True)
    usage.note(Mailbox.get(Mailbox.address == contact), 1204, 310 * 2**20, None)
    helper.answers.pop("usage")
    warning = browser.get(f"{LIST}remove")

    page = browser.get(warning.links()["Download the messages"])

    assert rows(page) == [
        "contact @bonvenon.fr 1,204 messages (310 MB) Download",
        "sales @bonvenon.fr not known yet Download",
    ]
    reply = browser.submit(page, FORM)
    assert (reply.status, reply.body) == (200, ARCHIVE)


def test_a_removed_domain_s_mailboxes_can_still_be_downloaded(browser, contact, alice, helper):
    removed_domains.remove(contact.domain, by=alice)
    listed = browser.get("/domains/")

    page = browser.get(listed.links()["Download the messages"])

    assert page.words("h1") == "Messages of bonvenon.fr"
    assert rows(page) == ["contact @bonvenon.fr not known yet Download"]
    reply = browser.submit(page, FORM)
    assert (reply.status, reply.body) == (200, ARCHIVE)
    told = Journal.select().order_by(Journal.id.desc()).get()
    assert (told.act, told.email) == ("messages.downloaded", "contact@bonvenon.fr")
    assert told.domain == Domain.get(Domain.name == "bonvenon.fr")


def test_a_removed_mailbox_of_another_domain_is_not_found(browser, contact, alice, helper):
    kept = addresses.remove(contact, confirmed=True, by=alice)
    other = domains.install("autre.fr", "camille@elsewhere.org", by=alice)
    removed_domains.remove(other, by=alice)
    token = browser.get("/domains/").soup.select_one("[name=csrf_token]")["value"]

    reply = browser.open(
        f"/domains/removed/{other.id}/messages/{kept.id}",
        method="POST",
        data={"csrf_token": token},
    )

    assert (reply.status, Removed.select().where(Removed.id == kept.id).count()) == (404, 1)
    assert "archive" not in [verb for verb, _ in helper.asked]


def test_a_long_list_of_mailboxes_goes_on(browser, contact, alice, monkeypatch):
    monkeypatch.setattr("webmailadmin.mail.holdings.PAGE", 2)
    for name in ("a", "d-e"):
        make(f"{name}@bonvenon.fr", by=alice, mailbox=True)

    first = browser.get(f"{LIST}messages")
    assert [row.split("@")[0] for row in rows(first)] == ["a ", "contact "]
    second = browser.get(first.links()["Show more"])

    assert [row.split("@")[0] for row in rows(second)] == ["d-e "]
    assert "Show more" not in second.links()
