"""A holder's own pages: all about one mailbox, and nothing of any other."""

from datetime import timedelta

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import OTHER, box_of, everything, holder_of, log_in_as
from webmailadmin.mail import (
    addresses,
    app_passwords,
    mailboxes,
    switches,
    usage,
)
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Kick, Recipient, Session, now

EMAIL = "contact@bonvenon.fr"
REDIRECTION = "/mailbox/redirection"
FORM = "main form.card"
RECIPIENTS, COPY, PRESENT = "Redirect to", "Keep a copy in the mailbox", "Present password"


@pytest.fixture
def free(me, contact, alice):
    """The same, whose mail may be redirected."""
    switches.change(contact, Switches(may_redirect=True), version=contact.version, by=alice)
    return me


def led(page):
    """Return the names that a card of the overview lists, by its heading."""
    return {
        card.h2.get_text(): [item.get_text(" ", strip=True) for item in card.select(".names li")]
        for card in page.soup.select(".cards .card")
    }


# The way in


def test_an_address_and_its_password_lead_to_the_mailbox(app, contact):
    browser = Browser(app)
    page = browser.log_in(EMAIL, PASSWORD)
    assert (page.url, page.words("h1")) == ("/mailbox", EMAIL)
    assert [link.get_text(strip=True) for link in page.soup.select("#menu li a")] == [
        "Overview",
        "Redirection",
        "Vacation answer",
        "Journal",
        "Password",
        "App passwords",
        "Second factor",
        "Sessions",
        "Contact address",
    ]
    assert {browser.open(link["href"]).status for link in page.soup.select("#menu li a")} == {200}
    assert "Install a domain" not in page.text
    assert "Health" not in page.text


def test_every_page_of_domains_addresses_and_the_server_is_missing(me, sales, bonvenon):
    before = everything()
    for url in (
        "/domains/",
        "/domains/bonvenon.fr/",
        "/domains/bonvenon.fr/about",
        "/domains/bonvenon.fr/journal",
        "/domains/bonvenon.fr/unknown",
        "/domains/bonvenon.fr/removed/",
        f"/addresses/{EMAIL}/edit",
        f"/addresses/{EMAIL}/journal",
        f"/addresses/{EMAIL}/rename",
        "/addresses/sales@bonvenon.fr/edit",
        "/health",
    ):
        page = me.open(url)
        assert (url, page.status) == (url, 404)
        assert page.links()["To your mailbox"] == "/"
    token = me.get("/password").soup.select_one("input[name=csrf_token]")["value"]
    for url in (
        "/domains/",
        "/domains/bonvenon.fr/addresses/",
        f"/addresses/{EMAIL}/",
        "/addresses/sales@bonvenon.fr/delete",
    ):
        page = me.open(url, "POST", data={"csrf_token": token, "name": "x.fr", "contact": "a@b.fr"})
        assert (url, page.status) == (url, 404)
    assert everything() == before


def test_a_holders_pages_are_missing_for_everybody_else(browser, owner, contact):
    made = app_passwords.create(contact, "Telephone", by=holder_of(contact)).app_password
    before = everything()
    for other in (browser, owner):
        token = other.get("/password").soup.select_one("input[name=csrf_token]")["value"]
        for url in ("/mailbox", REDIRECTION, "/mailbox/app-passwords"):
            assert (url, other.open(url).status) == (url, 404)
        for url in (
            REDIRECTION,
            "/mailbox/app-passwords",
            f"/mailbox/app-passwords/{made.id}/revoke",
            "/mailbox/main-password-off",
        ):
            sent = {"csrf_token": token, "name": "x", "recipients": "a@elsewhere.org"}
            assert (url, other.open(url, "POST", data=sent).status) == (url, 404)
            assert (url, other.open(url).status) == (url, 404)
    assert everything() == before


def test_reading_changes_nothing(free, contact):
    made = app_passwords.create(contact, "Telephone", by=holder_of(contact)).app_password
    before = everything()
    for url in (
        "/mailbox",
        "/journal",
        REDIRECTION,
        "/mailbox/app-passwords",
        f"/mailbox/app-passwords/{made.id}/revoke",
        "/mailbox/main-password-off",
        "/password",
    ):
        assert free.open(url).status in (200, 303)
    assert everything() == before


# The overview


def test_the_overview_tells_what_the_mailbox_holds_and_its_ways(me, contact, bonvenon, alice):
    usage.note(box_of(contact), 1204, 310 * usage.MB, now() - timedelta(days=3))
    shop = addresses.add(bonvenon, "shop", by=alice)
    wish = addresses.Wish(1, mailbox=False, recipients=EMAIL)
    addresses.save(shop, wish, by=alice)
    wish = addresses.Wish(contact.version, mailbox=True, quota_mb="1024", recipients="a@b.org")
    addresses.save(contact, wish, by=alice)

    page = me.get("/mailbox")

    assert "310 MB of 1 GB" in page.words(".room")
    assert "1,204 messages" in page.words(".room")
    assert page.soup.select_one(".room meter")["value"] == "30"
    assert page.words(".outcome") == (
        "Mail to contact@bonvenon.fr is kept in a mailbox of 1 GB and copied to a@b.org."
    )
    assert led(page) == {
        "Who else gets your mail": ["a@b.org"],
        "What also reaches you": ["shop@bonvenon.fr"],
        "As whom you may send": [EMAIL, "shop@bonvenon.fr"],
        "Access to your mailbox": [],
    }
    assert "mail.example.net" in page.words(".programs")
    assert "alice: redirected to a@b.org" in page.words(".journal")
    assert "shop" not in page.words(".journal")


def test_the_journal_names_who_did_it(me, contact, alice):
    box = box_of(contact)
    mailboxes.change(contact, box, None, 2048, by=alice)
    mailboxes.change(contact, box, None, 4096, by=holder_of(contact))
    text = me.get("/mailbox").words(".journal")
    assert "you: size limit changed" in text
    assert "alice: size limit changed" in text


# The password


def test_the_password_is_changed_with_the_present_one(app, me, contact):
    elsewhere = log_in_as(app, holder_of(contact))
    page = me.get("/password")
    assert "At least 12 characters" in page.text
    values = {PRESENT: PASSWORD, "New password": OTHER, "Confirm the password": OTHER}

    page = me.submit(page, "main form", values)

    assert (page.url, page.toast()) == ("/mailbox", "Your password is changed.")
    assert elsewhere.open("/mailbox").status == 303
    assert [kick.email for kick in Kick.select()] == [EMAIL]  # nobody carries it out here
    assert Browser(app).log_in(EMAIL, OTHER).words("h1") == EMAIL


def test_a_refused_password_says_why_beside_its_field(me):
    before = everything()
    values = {PRESENT: PASSWORD, "New password": "short", "Confirm the password": "short"}
    page = me.submit("/password", "main form", values)
    assert page.status == 422
    assert "needs 12 characters" in page.message("New password")
    values = {PRESENT: "wrong", "New password": OTHER, "Confirm the password": OTHER}
    page = me.submit("/password", "main form", values)
    assert page.message(PRESENT) == "This is not your present password."
    assert page.value("New password") == OTHER
    assert {**everything(), "throttle": []} == {**before, "throttle": []}


# The redirection


def test_mail_is_redirected_and_a_copy_kept(free, contact):
    pasted = "Ann <ann@elsewhere.org>; ann@elsewhere.org"
    page = free.submit(REDIRECTION, FORM, {RECIPIENTS: pasted})
    assert page.url == "/mailbox"
    assert page.toast() == "Saved. Kept once, although it stood there twice: ann@elsewhere.org."
    assert led(page)["Who else gets your mail"] == ["ann@elsewhere.org"]
    assert box_of(contact).receives

    page = free.submit(REDIRECTION, FORM, {COPY: None})

    assert page.words(".outcome") == f"Mail to {EMAIL} is sent on to ann@elsewhere.org."
    assert not box_of(contact).receives
    page = free.get(REDIRECTION)
    assert (page.value(RECIPIENTS), page.ticked(COPY)) == ("ann@elsewhere.org", False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({RECIPIENTS: "nobody@"}, "“nobody@” is not an address that mail can be sent to."),
        ({RECIPIENTS: EMAIL}, f"{EMAIL} cannot be redirected to itself"),
        ({RECIPIENTS: "", COPY: None}, "Mail would arrive nowhere"),
    ],
)
def test_bad_recipients_are_told_beside_the_field(free, values, message):
    before = everything()
    page = free.submit(REDIRECTION, FORM, values)
    assert page.status == 422
    assert message in page.message(RECIPIENTS)
    assert page.value(RECIPIENTS) == values[RECIPIENTS]
    assert page.ticked(COPY) == (COPY not in values)
    assert everything() == before


def test_without_leave_there_is_no_form_and_a_post_is_refused(me):
    page = me.get(REDIRECTION)
    assert not page.soup.select(FORM)
    assert "Ask there if you want yours redirected" in page.words("main")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    page = me.open(REDIRECTION, "POST", data={"csrf_token": token, "recipients": "a@elsewhere.org"})
    assert page.status == 422
    assert not Recipient.select().where(Recipient.email == "a@elsewhere.org").exists()


def test_an_older_session_types_its_password_and_loses_nothing(free):
    Session.update(proved_at=now() - timedelta(minutes=16)).execute()
    assert not free.get(REDIRECTION).soup.select("input[name=present]")

    page = free.submit(REDIRECTION, FORM, {RECIPIENTS: "ann@elsewhere.org", COPY: None})

    assert page.status == 422
    assert "Type your password once more" in page.message(PRESENT)
    assert (page.value(RECIPIENTS), page.ticked(COPY)) == ("ann@elsewhere.org", False)
    page = free.submit(page, FORM, {PRESENT: "wrong"})
    assert page.message(PRESENT) == "This is not your present password."
    page = free.submit(page, FORM, {PRESENT: PASSWORD})
    assert page.toast() == "Saved."
    # For a quarter of an hour, that was proof enough.
    page = free.submit(REDIRECTION, FORM, {RECIPIENTS: "bob@elsewhere.org"})
    assert page.toast() == "Saved."


def test_a_password_that_nobody_asked_for_proves_nothing(free):
    Session.update(proved_at=now() - timedelta(minutes=16)).execute()
    page = free.get(REDIRECTION)
    form = {
        name: page.soup.select_one(f"input[name={name}]")["value"]
        for name in ("csrf_token", "version")
    }

    reply = free.open(
        REDIRECTION,
        "POST",
        data=form | {"recipients": "", "keep_copy": "y", "present": "made up"},
    )

    assert reply.status == 303
    page = free.submit(REDIRECTION, FORM, {RECIPIENTS: "thief@elsewhere.org"})
    assert page.status == 422
    assert "Type your password once more" in page.message(PRESENT)


def test_who_was_slower_is_told_and_keeps_what_was_typed(free, contact, alice):
    page = free.get(REDIRECTION)
    address = addresses.of(alice, EMAIL)
    wish = addresses.Wish(
        address.version, mailbox=True, quota_mb="1024", recipients="boss@elsewhere.org"
    )
    addresses.save(address, wish, by=alice)

    page = free.submit(page, FORM, {RECIPIENTS: "ann@elsewhere.org"})

    assert page.status == 409
    assert "Meanwhile alice changed contact@bonvenon.fr" in page.words(".notice.wrong")
    assert page.value(RECIPIENTS) == "ann@elsewhere.org"
    assert free.submit(page, FORM, {}).toast() == "Saved."


def test_a_fragment_is_refused_as_the_page_is(me):
    assert me.open(f"/addresses/{EMAIL}/edit", headers=FRAGMENT).status == 404


def test_who_may_not_log_in_any_more_is_out(me, contact, alice):
    switches.change(contact, Switches(may_log_in=False), version=contact.version, by=alice)
    assert me.open("/mailbox").status == 303
