"""The page of what was removed, and the way back when the name was taken again."""

import pytest

from tests.browser_of import FRAGMENT
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin.mail import addresses, domains, mailboxes, passwords
from webmailadmin.mail.domains import CatchAll
from webmailadmin.models import Address, Mailbox, Recipient, Removed

REMOVED = f"{LIST}removed/"


@pytest.fixture
def taken_again(contact, alice):
    """contact@ was deleted with its mailbox and recipients; another contact@ lives since."""
    browser_wish = addresses.Wish(
        contact.version, mailbox=True, quota_mb="1024", recipients="ann@x.org\nbob@y.org"
    )
    saved = addresses.save(contact, browser_wish, by=alice).address
    kept = addresses.remove(saved, confirmed=True, by=alice)
    addresses.add(contact.domain, "contact", by=alice)
    return kept


def test_an_empty_page_says_what_will_stand_there(browser, bonvenon):
    assert browser.get(REMOVED).words(".empty") == (
        "Nothing was removed in the last 30 days."
        " What you delete stays here until then, and comes back whole."
    )


def test_what_was_removed_is_listed_with_what_comes_back_and_until_when(browser, contact, alice):
    alias = addresses.add(contact.domain, "sales", by=alice)
    wish = addresses.Wish(1, mailbox=False, recipients="ann@x.org\nbob@y.org")
    addresses.remove(addresses.save(alias, wish, by=alice).address, confirmed=True, by=alice)
    wish = addresses.Wish(contact.version, mailbox=False, may_remove=True)
    addresses.save(contact, wish, by=alice)

    page = browser.get(REMOVED)

    assert page.emails() == ["contact@bonvenon.fr", "sales@bonvenon.fr"]
    first, second = page.row("contact@bonvenon.fr"), page.row("sales@bonvenon.fr")
    assert first.startswith("contact @bonvenon.fr mailbox until ")
    assert second.startswith("sales @bonvenon.fr address → ann@x.org, bob@y.org until ")


def test_an_address_comes_back_whole_from_the_page(browser, contact, alice):
    addresses.remove(contact, confirmed=True, by=alice)

    back = browser.submit(REMOVED, ".entry form", button="Restore")

    assert back.toast() == "contact@bonvenon.fr is back as it was."
    assert back.emails() == ["contact@bonvenon.fr"]
    assert passwords.matches(PASSWORD, Mailbox.get().password)
    assert Mailbox.get().address.email == "contact@bonvenon.fr"
    assert browser.get(REMOVED).emails() == []


def test_a_former_catch_all_comes_back_from_the_page(browser, contact, alice):
    for kind, to in ((CatchAll.ADDRESS, contact.email), (CatchAll.NONE, "")):
        domains.set_catch_all(contact.domain, kind, to, "", by=alice)
    page = browser.get(REMOVED)
    assert page.row("@bonvenon.fr").startswith(
        "@bonvenon.fr unknown addresses → contact@bonvenon.fr until "
    )

    back = browser.submit(page, ".entry form", button="Restore")

    assert back.toast() == "Unknown addresses of bonvenon.fr go where they went."
    assert back.value("Address") == contact.email
    assert browser.get(REMOVED).emails() == []


def test_a_name_taken_again_is_said_and_another_proposed(browser, taken_again):
    before = everything()

    asked = browser.submit(REMOVED, ".entry form", button="Restore")

    assert (asked.status, asked.title()[:6]) == (422, "Error:")
    assert asked.messages() == {
        "Bring it back as": "contact@bonvenon.fr is taken again."
        " Bring it back under another name, say contact-old."
    }
    assert asked.value("Bring it back as") == "contact-old"
    assert asked.focus() == "local_part"
    assert everything() == before

    back = browser.submit(asked, "form.editor")

    assert back.toast() == "contact-old@bonvenon.fr is back as it was."
    old, new = (
        Address.get(Address.email == f"{name}@bonvenon.fr") for name in ("contact-old", "contact")
    )
    assert passwords.matches(PASSWORD, mailboxes.of(old).password)
    assert mailboxes.of(new) is None
    led = {row.email for row in Recipient.select().where(Recipient.address == old)}
    assert led == {"ann@x.org", "bob@y.org"}
    assert Recipient.select().where(Recipient.address == new).count() == 0
    assert Removed.select().count() == 0


def test_an_undo_of_a_name_taken_again_leads_to_the_question(browser, taken_again):
    """The toast stood open while somebody took the name."""
    page = browser.get(REMOVED)

    reply = browser.submit(page, ".entry form", headers=FRAGMENT, button="Restore")

    assert reply.status == 422
    asked = browser.get(reply.headers["HX-Redirect"])
    assert asked.value("Bring it back as") == "contact-old"


def test_the_next_free_name_is_proposed(browser, taken_again, alice):
    addresses.add(taken_again.domain, "contact-old", by=alice)

    asked = browser.get(f"{REMOVED}{taken_again.id}/restore")

    assert asked.value("Bring it back as") == "contact-old-2"


def test_a_mailbox_comes_back_beside_a_new_mailbox_under_another_name(browser, contact, alice):
    first = Mailbox.get().home
    wish = addresses.Wish(contact.version, mailbox=False, may_remove=True)
    contact = addresses.save(contact, wish, by=alice).address
    new = "correct horse battery"
    wish = addresses.Wish(
        contact.version, mailbox=True, password=new, confirmation=new, quota_mb="5"
    )
    addresses.save(contact, wish, by=alice)

    asked = browser.submit(REMOVED, ".entry form", button="Restore")
    browser.submit(asked, "form.editor")

    homes = {
        name: mailboxes.of(Address.get(Address.email == f"{name}@bonvenon.fr")).home
        for name in ("contact", "contact-old")
    }
    assert homes["contact-old"] == first != homes["contact"]


def test_what_was_never_removed_is_not_found(browser, bonvenon, headers):
    token = browser.get(LIST).soup.select_one("#add-address input")["value"]
    before = everything()

    for id_ in ("0", "-1", "99", "9" * 19, "9" * 30, "9" * 5000, "x", "%00", "1.5"):
        for method in ("GET", "POST"):
            reply = browser.open(
                f"{REMOVED}{id_}/restore",
                method=method,
                data={"csrf_token": token},
                headers=headers,
            )
            assert (id_, method, reply.status in (404, 405)) == (id_, method, True)
    assert everything() == before


def test_what_was_removed_elsewhere_is_not_found_here(browser, contact, alice):
    """The number is right, the domain is not."""
    kept = addresses.remove(contact, confirmed=True, by=alice)
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)

    assert browser.open(f"/domains/autre.fr/removed/{kept.id}/restore").status == 404


def test_a_restore_sent_twice_is_told_that_nothing_is_left(browser, contact, alice):
    addresses.remove(contact, confirmed=True, by=alice)
    page = browser.get(REMOVED)
    browser.submit(page, ".entry form")
    before = everything()

    reply = browser.submit(page, ".entry form")

    assert (reply.status, everything()) == (404, before)


def test_what_is_past_its_date_is_gone(browser, contact, alice):
    kept = addresses.remove(contact, confirmed=True, by=alice)
    Removed.update(until=Removed.removed_at).execute()

    assert browser.get(REMOVED).emails() == []
    assert browser.open(f"{REMOVED}{kept.id}/restore").status == 404
    assert browser.open(CONTACT).status == 404
