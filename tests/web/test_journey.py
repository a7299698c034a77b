"""The journey of every day: add, fill in, save, take off, bring back; as pages and as fragments."""

import re

import pytest

from tests.browser_of import FRAGMENT, Browser, Reply
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin.mail import addresses, mailboxes, passwords
from webmailadmin.models import Address, Journal, Mailbox, Recipient, Removed

GOOD = "correct horse battery"
TWICE = {"Password": GOOD, "Confirm the password": GOOD}
BOX = "Yes, remove the mailbox of contact@bonvenon.fr"


def added(browser: Browser, name: str, headers: dict[str, str]) -> Reply:
    """Add an address; return the answer with its editor."""
    return browser.submit(LIST, "#add-address", {"Name": name}, headers=headers)


def said(reply: Reply, headers: dict[str, str]) -> tuple[str, str | None, str]:
    """Return counts of the domain and of the menu, and the toast, which one answer moves."""
    if headers:
        return (
            reply.partial("#facts") or "",
            reply.partial("#count-1"),
            reply.toast(),
        )
    return reply.words("#facts"), reply.words("#count-1"), reply.toast()


def now(email: str) -> tuple[bool, bool, list[str]]:
    """Return what an address is: on, with a mailbox, redirected where."""
    address = Address.get(Address.email == email)
    rows = Recipient.select().where(Recipient.address == address).order_by(Recipient.id)
    return address.enabled, mailboxes.of(address) is not None, [row.email for row in rows]


def acts_on(email: str) -> list[str]:
    """Return what the journal tells of an address, the latest last."""
    return [row.act for row in Journal.select().where(Journal.email == email).order_by(Journal.id)]


# Add


def test_an_address_added_opens_with_mailbox_yes_and_the_focus_in_password(
    browser, bonvenon, headers
):
    reply = added(browser, " Sales ", headers)

    assert (reply.status, reply.focus()) == (200, "password")
    assert reply.value("Mailbox") == "Yes"
    assert reply.value("Size limit (MB)") == "1024"
    assert (reply.value("Password"), reply.value("Confirm the password")) == ("", "")
    assert reply.value("Redirect to") == ""
    assert reply.ticked("Enabled")
    assert said(reply, headers)[:2] == ("2 addresses · 0 mailboxes", "2")
    assert now("sales@bonvenon.fr") == (True, False, [])
    assert acts_on("sales@bonvenon.fr") == ["address.added"]


def test_the_line_is_empty_again_after_an_address_was_added(browser, bonvenon, headers):
    reply = added(browser, "sales", headers)

    assert (reply.value("Name"), reply.field("Name").get("aria-invalid")) == ("", None)


@pytest.mark.parametrize(
    "typed",
    ["sales", "SALES", "sales@bonvenon.fr", "Sales@BonVenon.FR", "Sales <sales@bonvenon.fr>"],
)
def test_a_whole_address_of_the_domain_is_understood(browser, bonvenon, typed):
    added(browser, typed, FRAGMENT)

    assert now("sales@bonvenon.fr") == (True, False, [])


def test_the_new_row_says_that_it_receives_nothing_yet(browser, bonvenon, headers):
    reply = added(browser, "sales", headers)

    assert "receives nothing yet" in reply.row("sales@bonvenon.fr")


# Password


def test_name_enter_password_twice_enter_makes_a_mailbox(browser, bonvenon, headers):
    reply = browser.submit(added(browser, "sales", headers), "form.editor", TWICE, headers=headers)

    assert reply.status == 200
    assert said(reply, headers) == (
        "2 addresses · 1 mailbox · 1 GB allocated",
        "2",
        "sales@bonvenon.fr is a mailbox now.",
    )
    assert "1 GB" in reply.row("sales@bonvenon.fr")
    box = Mailbox.get()
    assert box.quota_mb == 1024
    assert box.password.startswith("$2b$04$")
    assert passwords.matches(GOOD, box.password)
    assert acts_on("sales@bonvenon.fr") == ["address.added", "mailbox.opened"]


def test_name_enter_generate_enter_makes_a_mailbox_with_that_password(browser, bonvenon, headers):
    before_generating = added(browser, "sales", headers)
    before = everything()

    generated = browser.submit(
        before_generating,
        "form.editor",
        {"Redirect to": "ann@x.org", "Size limit (MB)": "512"},
        headers=headers,
        button="Generate",
    )

    assert (generated.status, generated.focus()) == (200, "password")
    password = generated.value("Password")
    assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", password)
    assert generated.value("Confirm the password") == password
    assert generated.field("Password")["type"] == "text"
    assert "Copy it now: it is not shown again." in generated.words()
    assert generated.value("Redirect to") == "ann@x.org"
    assert generated.value("Size limit (MB)") == "512"
    assert everything() == before

    saved = browser.submit(generated, "form.editor", headers=headers)

    assert saved.toast() == "sales@bonvenon.fr is a mailbox now."
    assert password not in saved.text
    assert passwords.matches(password, Mailbox.get().password)
    assert password not in browser.get("/addresses/sales@bonvenon.fr/edit").text


def test_every_generated_password_is_another(browser, contact):
    page = browser.get(CONTACT)
    found = {
        browser.submit(page, "form.editor", headers=FRAGMENT, button="Generate").value("Password")
        for _ in range(20)
    }

    assert len(found) == 20


def test_a_password_that_is_kept_stays_the_same_hash(browser, contact, headers):
    before = Mailbox.get().password

    browser.submit(CONTACT, "form.editor", {"Size limit (MB)": "5"}, headers=headers)

    assert (Mailbox.get().password, Mailbox.get().quota_mb) == (before, 5)


def test_the_hash_and_the_password_are_in_no_page(browser, contact, headers):
    reply = browser.open(CONTACT, headers=headers)

    assert "$2b$" not in reply.text
    assert PASSWORD not in reply.text
    assert reply.value("Password") == ""


# Mailbox yes, no, and both at once


def test_toggling_swaps_only_the_mailbox_part_and_the_sentence(browser, contact):
    no = browser.open(f"{CONTACT}?mailbox=no", headers=FRAGMENT)
    yes = browser.open(f"{CONTACT}?mailbox=yes", headers=FRAGMENT)

    assert (no.soup.select_one("form"), yes.soup.select_one("form")) == (None, None)
    assert no.labels() == [BOX]
    assert yes.labels() == [
        *("Password", "Confirm the password", "Size limit (MB)"),
        *("Receives mail", "May log in", "The holder may redirect mail"),
    ]
    assert no.partial(f"#outcome-{contact.id}") == (
        "contact@bonvenon.fr receives nothing yet: mail for it is refused."
    )
    assert yes.partial(f"#outcome-{contact.id}") == (
        "Mail to contact@bonvenon.fr is kept in a mailbox of 1 GB."
    )
    assert "Until " in no.words()
    assert "This takes the mailbox off, with all its messages." in no.words()


def test_a_page_without_a_script_holds_both_parts_of_the_editor(browser, contact):
    page = browser.get(f"{CONTACT}?mailbox=no")

    assert page.value("Mailbox") == "No"
    assert [label for label in page.labels() if label in (BOX, "Password")] == ["Password", BOX]


def test_a_new_address_becomes_an_alias(browser, bonvenon, headers):
    values = {"Mailbox": "No", "Redirect to": "Ann <ann@x.org>; bob@y.org\nANN@x.org"}

    reply = browser.submit(added(browser, "sales", headers), "form.editor", values, headers=headers)

    assert reply.toast() == (
        "sales@bonvenon.fr is saved. Kept once, although it stood there twice: ann@x.org."
    )
    assert "ann@x.org +1" in reply.row("sales@bonvenon.fr")
    assert now("sales@bonvenon.fr") == (True, False, ["ann@x.org", "bob@y.org"])


def test_mailbox_and_recipients_stand_at_once(browser, bonvenon, headers):
    values = {**TWICE, "Redirect to": "ann@x.org"}

    reply = browser.submit(added(browser, "sales", headers), "form.editor", values, headers=headers)

    assert now("sales@bonvenon.fr") == (True, True, ["ann@x.org"])
    assert "1 GB ann@x.org" in reply.row("sales@bonvenon.fr")
    sentence = browser.get("/addresses/sales@bonvenon.fr/edit").words(".outcome")
    assert sentence == (
        "Mail to sales@bonvenon.fr is kept in a mailbox of 1 GB and copied to ann@x.org."
    )


def test_an_address_with_neither_is_kept_for_what_it_is(browser, bonvenon, headers):
    reply = browser.submit(
        added(browser, "sales", headers), "form.editor", {"Mailbox": "No"}, headers=headers
    )

    assert now("sales@bonvenon.fr") == (True, False, [])
    assert "receives nothing yet" in reply.row("sales@bonvenon.fr")


def test_taking_away_the_recipients_keeps_the_mailbox_and_the_other_way_round(
    browser, contact, headers
):
    before = Mailbox.get().password
    browser.submit(CONTACT, "form.editor", {"Redirect to": "ann@x.org"}, headers=headers)
    assert now("contact@bonvenon.fr") == (True, True, ["ann@x.org"])

    browser.submit(CONTACT, "form.editor", {"Redirect to": ""}, headers=headers)
    assert now("contact@bonvenon.fr") == (True, True, [])
    assert Mailbox.get().password == before


def test_an_alias_that_becomes_a_mailbox_keeps_its_recipients(browser, bonvenon, headers):
    alias = browser.submit(
        added(browser, "sales", {}), "form.editor", {"Mailbox": "No", "Redirect to": "ann@x.org"}
    )
    assert alias.toast() == "sales@bonvenon.fr is saved."

    page = browser.get("/addresses/sales@bonvenon.fr/edit")
    assert page.value("Mailbox") == "No"
    reply = browser.submit(page, "form.editor", {"Mailbox": "Yes", **TWICE}, headers=headers)

    assert reply.toast() == "sales@bonvenon.fr is a mailbox now."
    assert now("sales@bonvenon.fr") == (True, True, ["ann@x.org"])


def test_a_size_of_nothing_is_unlimited(browser, contact, headers):
    reply = browser.submit(CONTACT, "form.editor", {"Size limit (MB)": "0"}, headers=headers)

    assert "no limit" in reply.row("contact@bonvenon.fr")
    assert acts_on("contact@bonvenon.fr")[-1] == "mailbox.quota"


def test_an_address_switched_off_says_so_and_can_be_switched_on(browser, contact, headers):
    off = browser.submit(CONTACT, "form.editor", {"Enabled": None}, headers=headers)

    assert off.row("contact@bonvenon.fr").startswith("contact @bonvenon.fr off")
    assert now("contact@bonvenon.fr") == (False, True, [])
    page = browser.get(CONTACT)
    assert not page.ticked("Enabled")
    assert page.words(".outcome") == (
        "contact@bonvenon.fr is switched off: mail for it is refused."
    )

    browser.submit(page, "form.editor", {"Enabled": "on"}, headers=headers)
    assert now("contact@bonvenon.fr") == (True, True, [])


def test_a_dead_recipient_is_marked_in_the_list_and_in_the_editor(browser, contact, headers):
    values = {"Redirect to": "nobody@bonvenon.fr\nann@x.org"}

    reply = browser.submit(CONTACT, "form.editor", values, headers=headers)

    assert "nobody@bonvenon.fr receives nothing" in reply.row("contact@bonvenon.fr")
    assert (
        "nobody@bonvenon.fr does not exist or receives nothing: no mail is sent there."
        in browser.open(CONTACT, headers=headers).words()
    )


def test_postmaster_becomes_a_mailbox_and_keeps_its_redirection(browser, bonvenon, headers):
    url = "/addresses/postmaster@bonvenon.fr/edit"
    page = browser.get(url)
    assert (page.value("Mailbox"), page.value("Redirect to")) == ("No", "camille@elsewhere.org")
    assert "Delete" not in page.buttons()

    browser.submit(page, "form.editor", {"Mailbox": "Yes", **TWICE}, headers=headers)

    assert now("postmaster@bonvenon.fr") == (True, True, ["camille@elsewhere.org"])


# Settings for mail programs


def test_the_first_save_of_a_mailbox_shows_what_mail_programs_ask_for(browser, bonvenon, headers):
    reply = browser.submit(added(browser, "sales", headers), "form.editor", TWICE, headers=headers)

    shown = reply.soup.select_one("details.programs[open]") or reply.soup.select_one(
        "details.programs"
    )
    lines = {
        " ".join(pair.dt.get_text(" ").split()): " ".join(pair.dd.get_text(" ").split())
        for pair in shown.select("dl > div")
    }
    assert lines == {
        "User name": "sales@bonvenon.fr Copy",
        "Password": "the one you have just chosen for this address",
        "IMAP": "mail.example.net Copy port 993, SSL/TLS",
        "POP3": "mail.example.net Copy port 995, SSL/TLS",
        "SMTP (sending)": (
            "mail.example.net Copy port 465, SSL/TLS, with the same user name and password"
        ),
    }


def test_what_mail_programs_ask_for_is_open_at_the_first_save_and_folded_later(
    browser, bonvenon, headers
):
    editor = added(browser, "sales", headers)

    first = browser.submit(editor, "form.editor", TWICE, headers=headers)
    later = browser.open("/addresses/sales@bonvenon.fr/edit", headers=headers)

    assert first.soup.select_one("details.programs").has_attr("open")
    assert not later.soup.select_one("details.programs").has_attr("open")


def test_the_webmail_is_linked_when_there_is_one(data, monkeypatch, request):
    monkeypatch.setenv("WEBMAILADMIN_WEBMAIL_URL", "https://webmail.example.net/")
    browser = request.getfixturevalue("browser")
    request.getfixturevalue("contact")

    assert browser.get(CONTACT).links()["https://webmail.example.net"] == (
        "https://webmail.example.net"
    )


# A mailbox taken off


def test_a_mailbox_taken_off_is_warned_of_ticked_removed_and_undone(browser, contact, headers):
    home = Mailbox.get().home
    warned = browser.submit(CONTACT, "form.editor", {"Mailbox": "No"}, headers=headers)
    assert (warned.status, now("contact@bonvenon.fr")) == (422, (True, True, []))
    assert "This takes the mailbox off, with all its messages." in warned.words(".outcome.warn")
    assert "messages, password and size limit" in warned.words(".outcome.warn")

    gone = browser.submit(warned, "form.editor", {BOX: "on"}, headers=headers)

    assert (gone.status, gone.toast()) == (200, "The mailbox of contact@bonvenon.fr is removed.")
    assert now("contact@bonvenon.fr") == (True, False, [])
    assert said(gone, headers)[0] == "2 addresses · 0 mailboxes"
    assert "mailbox removed" in gone.row("contact@bonvenon.fr")
    assert "Restore" in gone.row("contact@bonvenon.fr")

    undone = browser.submit(gone, ".toast form", headers=headers, button="Undo")

    assert (undone.status, undone.toast()) == (200, "contact@bonvenon.fr is back as it was.")
    assert now("contact@bonvenon.fr") == (True, True, [])
    box = Mailbox.get()
    assert (box.home, box.quota_mb) == (home, 1024)
    assert passwords.matches(PASSWORD, box.password)
    assert said(undone, headers)[0] == "2 addresses · 1 mailbox · 1 GB allocated"
    assert Removed.select().count() == 0


def test_a_mailbox_taken_off_comes_back_from_its_row(browser, contact, headers):
    gone = browser.submit(CONTACT, "form.editor", {"Mailbox": "No", "may_remove": "y"})
    row = f"#address-{contact.id} form"

    back = browser.submit(gone, row, headers=headers, button="Restore")

    assert back.toast() == "contact@bonvenon.fr is back as it was."
    assert "Restore" not in back.row("contact@bonvenon.fr")
    assert now("contact@bonvenon.fr") == (True, True, [])


def test_a_mailbox_that_becomes_an_alias_is_redirected_and_comes_back_with_it(
    browser, contact, headers
):
    values = {"Mailbox": "No", "may_remove": "y", "Redirect to": "ann@x.org"}
    gone = browser.submit(CONTACT, "form.editor", values, headers=headers)
    assert now("contact@bonvenon.fr") == (True, False, ["ann@x.org"])

    browser.submit(gone, ".toast form", headers=headers)

    assert now("contact@bonvenon.fr") == (True, True, ["ann@x.org"])


def test_a_new_mailbox_never_shows_the_old_one(browser, contact, headers):
    old = Mailbox.get().home
    browser.submit(CONTACT, "form.editor", {"Mailbox": "No", "may_remove": "y"})

    browser.submit(CONTACT, "form.editor", {"Mailbox": "Yes", **TWICE}, headers=headers)

    assert Mailbox.get(Mailbox.address == contact).home != old
    assert Mailbox.select().count() == 2


# Delete


def test_an_address_without_a_mailbox_is_deleted_at_once_and_undone(browser, bonvenon, headers):
    editor = browser.submit(
        added(browser, "sales", {}),
        "form.editor",
        {"Mailbox": "No", "Redirect to": "ann@x.org\nbob@y.org"},
    )
    editor = browser.get("/addresses/sales@bonvenon.fr/edit")

    gone = browser.submit(editor, "form.editor", headers=headers, button="Delete")

    assert (gone.status, gone.toast()) == (200, "sales@bonvenon.fr is deleted.")
    assert said(gone, headers)[:2] == ("1 address · 0 mailboxes", "1")
    assert Address.get_or_none(Address.email == "sales@bonvenon.fr") is None
    assert "sales@bonvenon.fr" not in gone.emails()

    back = browser.submit(gone, ".toast form", headers=headers, button="Undo")

    assert back.toast() == "sales@bonvenon.fr is back as it was."
    assert "sales@bonvenon.fr" in back.emails()
    assert now("sales@bonvenon.fr") == (True, False, ["ann@x.org", "bob@y.org"])
    assert said(back, headers)[:2] == ("2 addresses · 0 mailboxes", "2")


def test_an_address_with_a_mailbox_is_asked_for_first(browser, contact, headers):
    before = everything()

    asked = browser.submit(CONTACT, "form.editor", headers=headers, button="Delete")

    assert asked.status == 422
    assert asked.focus() == "may_remove"
    assert "This deletes contact@bonvenon.fr, its mailbox and all its messages." in asked.words()
    assert "Until " in asked.words(".outcome.warn")
    assert (asked.messages(), asked.title().startswith("Error:")) == ({}, False)
    assert everything() == before

    again = browser.submit(asked, "form.editor", headers=headers, button="Delete")
    assert (again.status, everything()) == (422, before)
    assert again.messages() == {
        "Yes, delete contact@bonvenon.fr": (
            "Tick the box to remove the mailbox, or choose Mailbox: Yes."
        )
    }


def test_an_address_with_a_mailbox_is_deleted_once_the_box_is_ticked_and_undone(
    browser, contact, headers
):
    asked = browser.submit(CONTACT, "form.editor", headers=headers, button="Delete")
    gone = browser.submit(
        asked,
        "form.editor",
        {"Yes, delete contact@bonvenon.fr": "on"},
        headers=headers,
        button="Delete",
    )

    assert (gone.status, gone.toast()) == (200, "contact@bonvenon.fr is deleted.")
    assert Address.get_or_none(Address.email == "contact@bonvenon.fr") is None

    browser.submit(gone, ".toast form", headers=headers, button="Undo")

    assert now("contact@bonvenon.fr") == (True, True, [])
    assert passwords.matches(PASSWORD, Mailbox.get().password)


def test_a_deletion_tells_which_addresses_will_lose_their_mail(browser, contact, alice, headers):
    team = addresses.add(contact.domain, "team", by=alice)
    wish = addresses.Wish(1, mailbox=False, recipients="contact@bonvenon.fr")
    addresses.save(team, wish, by=alice)

    asked = browser.submit(CONTACT, "form.editor", headers=headers, button="Delete")

    assert (
        "1 address leads here. What becomes of its mail: team@bonvenon.fr is refused"
        in asked.words()
    )


def test_a_cookie_jar_with_an_old_toast_shows_it_once(browser, contact):
    browser.submit(CONTACT, "form.editor", {"Size limit (MB)": "5"})

    assert browser.get(LIST).toast() == ""


# Cancel, history, URLs


def test_cancel_closes_the_editor_and_changes_nothing(browser, contact):
    before = everything()

    closed = browser.open("/addresses/contact@bonvenon.fr/", headers=FRAGMENT)

    assert (closed.emails(), closed.labels()) == (["contact@bonvenon.fr"], [])
    assert closed.focus() == "Edit"
    assert everything() == before


@pytest.mark.parametrize("url", [LIST, f"{LIST}?q=contact", CONTACT, f"{CONTACT}?mailbox=no"])
def test_history_is_restored_with_the_whole_page(browser, contact, url):
    """htmx says `full` when it restores history."""
    asked = {"HX-Request": "true", "HX-Request-Type": "full", "HX-History-Restore-Request": "true"}

    restored = browser.open(url, headers=asked)

    assert restored.text.startswith("<!doctype html>")
    assert restored.soup.select_one("html > body > main h1") is not None
    assert "HX-Request-Type" in restored.headers["Vary"]


@pytest.mark.parametrize(
    ("url", "to"),
    [
        (f"{LIST}addresses/", LIST),
        ("/addresses/contact@bonvenon.fr/", CONTACT),
        ("/addresses/contact@bonvenon.fr/delete", CONTACT),
        (f"{LIST}removed/1/restore", None),
        (f"{LIST}switch-on", f"{LIST}about"),
        (f"{LIST}switch-off", f"{LIST}about"),
        ("/domains/removed/1/restore", "/domains/"),
        ("/log-out", "/"),
        ("/language", "/"),
    ],
)
def test_a_url_that_only_takes_forms_leads_to_its_page_when_it_is_opened(
    browser, contact, alice, url, to
):
    """Without a script, a refused form leaves it in the address bar."""
    if "/removed/" in url:
        addresses.remove(contact, confirmed=True, by=alice)
    before = everything()

    reply = browser.open(url)

    if to is None:
        assert (reply.status, reply.value("Bring it back as")) == (200, "contact")
    else:
        assert (reply.status, reply.headers["Location"]) == (303, to)
    assert everything() == before


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (LIST, 200),
        (f"{LIST}?q=contact", 200),
        (f"{LIST}?after=contact", 200),
        (CONTACT, 200),
        (f"{CONTACT}?mailbox=no", 200),
        ("/addresses/contact@bonvenon.fr/", None),
        ("/addresses/nobody@bonvenon.fr/edit", 404),
    ],
)
def test_what_comes_as_page_and_as_fragment_varies_with_the_question(
    browser, contact, url, status, headers
):
    reply = browser.open(url, headers=headers)

    assert reply.status == (status or (200 if headers else 303))
    assert "HX-Request-Type" in reply.headers.get("Vary", "")
    assert reply.text.startswith("<!doctype html>") == (not headers)


def test_a_form_that_was_sent_varies_with_the_question_too(browser, bonvenon):
    page = browser.get(LIST)
    form = {
        "local_part": "sales",
        "csrf_token": page.soup.select_one("#add-address input")["value"],
    }

    for headers in ({}, FRAGMENT):
        reply = browser.open(f"{LIST}addresses/", method="POST", data=form, headers=headers)
        assert "HX-Request-Type" in reply.headers.get("Vary", "")


def test_no_id_stands_twice_on_a_page(browser, contact, alice):
    addresses.remove(contact, confirmed=True, by=alice)
    addresses.add(contact.domain, "contact", by=alice)
    sales = addresses.add(contact.domain, "sales", by=alice)
    kept = Removed.get()
    urls = [LIST, CONTACT, f"{CONTACT}?mailbox=no", f"{LIST}removed/{kept.id}/restore"]
    urls += [f"{LIST}{tab}" for tab in ("removed/", "unknown", "journal", "about")]
    urls += ["/domains/", "/password", f"/addresses/{sales.email}/edit"]

    for url in urls:
        ids = [element["id"] for element in browser.get(url).soup.select("[id]")]
        assert len(ids) == len(set(ids)), (url, sorted(ids))


def test_every_label_names_a_field_and_every_field_has_a_label(browser, contact):
    for url in (LIST, CONTACT, f"{LIST}unknown", "/domains/", "/password"):
        page = browser.get(url)
        for label in page.labels():
            assert page.field(label) is not None
        for field in page.soup.select(
            "main input:not([type=hidden], .hidden), main textarea, select"
        ):
            named = field.find_parent("label") or page.soup.select_one(
                f'label[for="{field.get("id")}"]'
            )
            assert named or field.get("aria-label"), (url, field)
