"""Renaming from the editor: as a page and within the row, refusals at the field, what is said."""

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin.mail import accounts, addresses, catch_alls, domains, kicks, passwords
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.models import Address, Mailbox, Recipient

RENAME = "/addresses/contact@bonvenon.fr/rename"
FORM = "form.editor"
KEEP = "Keep contact@bonvenon.fr as an alias that leads to the new name"


def led(email):
    """Return where an address is redirected."""
    rows = Recipient.select().join(Address).where(Address.email == email)
    return [row.email for row in rows]


def emails():
    """Return all addresses there are."""
    return sorted(row.email for row in Address.select())


def alias(bonvenon, alice, name="info", to="contact@bonvenon.fr"):
    """Add an address that is redirected."""
    address = addresses.add(bonvenon, name, by=alice)
    wish = addresses.Wish(address.version, mailbox=False, recipients=to)
    return addresses.save(address, wish, by=alice).address


def test_the_editor_leads_to_the_form_and_back(browser, contact, headers):
    editor = browser.get(CONTACT, headers=headers)

    asked = browser.get(editor.links()["Rename …"], headers=headers)

    assert (asked.status, asked.value("New name")) == (200, "contact")
    assert asked.ticked(KEEP)
    assert asked.focus() == "local_part"
    assert asked.links()["Cancel"] == CONTACT


def test_before_the_save_it_is_said_that_mail_programs_need_the_new_name(browser, contact):
    asked = browser.get(RENAME)

    assert asked.words(".editor .outcome") == (
        "Messages, password, size limit and recipients stay as they are."
        " Mail programs must then log in with the new name:"
        " the old one is refused there at once, and sessions that are open end."
    )


def test_an_alias_is_asked_without_a_word_on_mail_programs(browser, bonvenon, alice):
    alias(bonvenon, alice, to="ann@x.org")

    asked = browser.get("/addresses/info@bonvenon.fr/rename")

    assert asked.words(".editor .outcome") == "Its recipients stay as they are."


@pytest.mark.parametrize("elsewhere", [False, True], ids=["refused", "catch-all"])
def test_it_is_said_what_comes_of_the_old_name_without_the_alias(
    browser, contact, bonvenon, alice, elsewhere
):
    alias(bonvenon, alice)
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)
    catch_alls.change(domains.of(alice, "autre.fr"), CatchAll.ADDRESS, contact.email, "", by=alice)
    if elsewhere:
        catch_alls.change(bonvenon, CatchAll.ADDRESS, "ann@x.org", "", by=alice)

    hint = browser.get(RENAME).words(".editor .tick small")

    goes, caught = {
        False: ("is refused (550).", "is refused."),
        True: ("goes on to ann@x.org, as unknown addresses do.", "goes on to ann@x.org."),
    }[elsewhere]
    assert hint == (
        f"Without it, mail for the old name {goes} The same holds for mail that these addresses"
        f" send on to it: info@bonvenon.fr. Mail for unknown addresses of autre.fr {caught}"
    )


def test_a_mailbox_has_its_new_name_and_the_old_one_leads_to_it(browser, contact, headers):
    home = Mailbox.get().home

    reply = browser.submit(RENAME, FORM, {"New name": "Ann"}, headers=headers)

    reply = browser.follow(reply)
    assert (reply.status, reply.toast()) == (
        200,
        "contact@bonvenon.fr is ann@bonvenon.fr now.",
    )
    assert reply.words(".programs > p") == (
        "Mail programs log in with this name from now on: change the user name there."
        " The former one is refused."
    )
    assert "User name ann@bonvenon.fr" in reply.words(".programs dl")
    assert "Password the same as before" in reply.words(".programs dl")
    box = Mailbox.get()
    assert (box.home, box.address.email) == (home, "ann@bonvenon.fr")
    assert passwords.matches(PASSWORD, box.password)
    assert led("contact@bonvenon.fr") == ["ann@bonvenon.fr"]
    assert browser.get(LIST).emails()[1:] == ["ann@bonvenon.fr", "contact@bonvenon.fr"]


def test_without_a_reload_both_rows_come_back_with_counts_and_the_focus(browser, contact):
    reply = browser.submit(RENAME, FORM, {"New name": "ann"}, headers=FRAGMENT)

    assert reply.emails() == ["ann@bonvenon.fr", "contact@bonvenon.fr"]
    assert reply.row("contact@bonvenon.fr").startswith("contact @bonvenon.fr ann@bonvenon.fr")
    assert reply.soup.select_one(".entry")["id"] == f"address-{contact.id}"
    assert reply.soup.select_one("[autofocus]")["aria-label"] == "Edit ann@bonvenon.fr"
    assert reply.partial(f"#count-{contact.domain.id}") == "3"
    assert reply.partial("#facts") == "3 addresses · 1 mailbox · 1 GB allocated"
    # A reload must not ask for a name that may be gone.
    assert reply.headers["HX-Replace-Url"] == "/addresses/ann@bonvenon.fr/edit?opened=renamed"
    assert browser.get(reply.headers["HX-Replace-Url"]).words(".programs > p")


def test_unticked_the_old_name_is_gone(browser, contact, headers):
    reply = browser.submit(RENAME, FORM, {"New name": "ann", KEEP: None}, headers=headers)

    assert browser.follow(reply).status == 200
    assert emails() == ["ann@bonvenon.fr", "postmaster@bonvenon.fr"]
    assert browser.open(CONTACT).status == 404


def test_the_sessions_of_the_old_log_in_are_ordered_to_end(browser, contact):
    browser.submit(RENAME, FORM, {"New name": "ann"})

    assert [kick.email for kick in kicks.waiting()] == ["contact@bonvenon.fr"]


def test_an_alias_is_renamed_and_nobody_is_told_of_mail_programs(browser, bonvenon, alice, headers):
    alias(bonvenon, alice, to="ann@x.org")

    reply = browser.submit(
        "/addresses/info@bonvenon.fr/rename", FORM, {"New name": "hello"}, headers=headers
    )

    reply = browser.follow(reply)
    assert reply.toast() == "info@bonvenon.fr is hello@bonvenon.fr now."
    assert reply.emails() == ["hello@bonvenon.fr", "info@bonvenon.fr"]
    assert reply.soup.select_one(".programs") is None
    assert kicks.waiting() == []


def test_taken_back_the_row_of_the_alias_that_gave_way_goes(browser, contact):
    browser.submit(RENAME, FORM, {"New name": "ann"})
    gave_way = Address.get(Address.email == "contact@bonvenon.fr").id

    page = browser.get("/addresses/ann@bonvenon.fr/rename")
    reply = browser.submit(page, FORM, {"New name": "contact"}, headers=FRAGMENT)

    assert reply.emails() == ["contact@bonvenon.fr", "ann@bonvenon.fr"]
    assert reply.soup.select_one(f"hx-partial[hx-target='#address-{gave_way}'][hx-swap=delete]")
    assert led("ann@bonvenon.fr") == ["contact@bonvenon.fr"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("info", "info@bonvenon.fr exists already. Choose another name, say info-2."),
        ("Contact", "contact@bonvenon.fr is its name already. Enter another one."),
        ("", "Enter the name before the @."),
        ("é", None),
    ],
)
def test_a_refusal_stands_at_the_field_and_keeps_what_was_typed(
    browser, contact, bonvenon, alice, headers, typed, message
):
    alias(bonvenon, alice, to="ann@x.org")
    before = everything()

    refused = browser.submit(RENAME, FORM, {"New name": typed, KEEP: None}, headers=headers)

    assert refused.status == 422
    assert headers or refused.title().startswith("Error:")
    assert refused.message("New name") == message if message else refused.message("New name")
    assert refused.value("New name") == typed
    assert not refused.ticked(KEEP)
    assert refused.focus() == "local_part"
    assert everything() == before


def test_what_has_no_field_is_said_at_the_head(browser, contact, alice, headers):
    postmaster = Address.get(Address.email == "postmaster@bonvenon.fr")
    wish = addresses.Wish(postmaster.version, mailbox=False, recipients=contact.email)
    addresses.save(postmaster, wish, by=alice)
    before = everything()

    refused = browser.submit(RENAME, FORM, {"New name": "ann", KEEP: None}, headers=headers)

    assert refused.status == 422
    assert refused.messages()[""].startswith("postmaster@bonvenon.fr would receive nothing any")
    assert refused.links()["Edit postmaster@bonvenon.fr"]
    assert everything() == before


def test_somebody_who_was_quicker_is_named_and_the_form_goes_through_again(
    app, browser, contact, alice, headers
):
    page = browser.get(RENAME)
    accounts.add("bruno", PASSWORD, by=COMMAND_LINE)
    bruno = Browser(app)
    bruno.log_in("bruno", PASSWORD)
    bruno.submit(CONTACT, FORM, {"Redirect to": "bob@y.org"})
    before = everything()

    stale = browser.submit(page, FORM, {"New name": "ann"}, headers=headers)

    assert (stale.status, stale.value("New name")) == (409, "ann")
    assert stale.messages()[""].startswith(
        "Meanwhile bruno changed contact@bonvenon.fr: redirected to bob@y.org."
    )
    assert everything() == before

    browser.submit(stale, FORM, headers=headers)
    assert led("ann@bonvenon.fr") == ["bob@y.org"]


def test_postmaster_has_no_way_to_another_name(browser, bonvenon, headers):
    before = everything()
    editor = browser.get("/addresses/postmaster@bonvenon.fr/edit", headers=headers)
    assert "Rename …" not in editor.links()

    asked = browser.get("/addresses/postmaster@bonvenon.fr/rename", headers=headers)

    assert asked.status == 422
    words = "postmaster@bonvenon.fr cannot be renamed: every mail domain must have it."
    assert words in asked.words(".notice")
    assert everything() == before


def test_the_journal_tells_of_it_under_both_names(browser, contact):
    browser.submit(RENAME, FORM, {"New name": "ann"})

    told = browser.get(f"{LIST}journal").words(".journal")

    assert "contact@bonvenon.fr renamed to ann@bonvenon.fr" in told
    assert "ann@bonvenon.fr renamed from contact@bonvenon.fr" in told


def test_in_french_too(french, contact):
    asked = french.get(RENAME)
    keep = "Garder contact@bonvenon.fr comme alias qui mène au nouveau nom"
    assert asked.ticked(keep)

    reply = french.submit(asked, FORM, {"Nouveau nom": "ann"})

    assert reply.toast() == "contact@bonvenon.fr s’appelle désormais ann@bonvenon.fr."
    assert "Mot de passe le même qu’avant" in reply.words(".programs dl")
