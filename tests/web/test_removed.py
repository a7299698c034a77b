"""The page of what was removed, and the way back when the name was taken again."""

import re

import pytest

from tests.browser_of import FRAGMENT
from tests.conftest import PASSWORD
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin.mail import (
    addresses,
    catch_alls,
    domains,
    mailboxes,
    passwords,
    recycle_bin,
    usage,
)
from webmailadmin.mail.catch_alls import CatchAll
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
        "Nothing has been removed. Mailboxes and addresses that you delete come here, and so"
        " does the former way of unknown addresses. For 30 days, “Restore” brings each back as it"
        " was: messages, password, size limit and recipients. After that, the messages are"
        " deleted for good."
    )


def test_what_was_removed_is_listed_with_what_it_was_by_whom_and_until_when(
    browser, contact, alice
):
    usage.note(Mailbox.get(), 1204, 310 * 2**20, None)
    alias = addresses.add(contact.domain, "sales", by=alice)
    wish = addresses.Wish(1, mailbox=False, recipients="ann@x.org\nbob@y.org\ncarol@z.org")
    addresses.remove(addresses.save(alias, wish, by=alice).address, confirmed=True, by=alice)
    wish = addresses.Wish(contact.version, mailbox=False, may_remove=True)
    addresses.save(contact, wish, by=alice)

    page = browser.get(REMOVED)

    assert page.emails() == ["contact@bonvenon.fr", "sales@bonvenon.fr"]
    first, second = page.row("contact@bonvenon.fr"), page.row("sales@bonvenon.fr")
    assert re.fullmatch(
        r"contact @bonvenon\.fr mailbox 1,204 messages \(310 MB\) of 1 GB at most"
        r" until \d+ \w+( \d+)? removed \d+ \w+ \d\d:\d\d by alice Restore Delete for good …",
        first,
    )
    assert second.startswith("sales @bonvenon.fr address → ann@x.org, bob@y.org +1 until ")


def test_in_french_too(french, contact, alice):
    usage.note(Mailbox.get(), 1204, 310 * 2**20, None)
    addresses.remove(contact, confirmed=True, by=alice)

    row = french.get(REMOVED).row("contact@bonvenon.fr")

    assert row.startswith(
        "contact @bonvenon.fr adresse avec sa boîte mail 1 204 messages (310 Mo) sur 1 Go au plus"
        " jusqu’au "
    )
    assert row.endswith("par alice Restaurer Supprimer définitivement…")


def test_a_mailbox_that_was_never_counted_and_one_without_limit_say_so(browser, contact, alice):
    Mailbox.update(quota_mb=0).execute()
    addresses.remove(contact, confirmed=True, by=alice)

    row = browser.get(REMOVED).row("contact@bonvenon.fr")

    assert "messages not counted yet no limit until" in row


def test_where_nobody_knows_who_removed_it_only_the_time_is_told(browser, contact, alice):
    addresses.remove(contact, confirmed=True, by=alice)
    Removed.update(removed_by="").execute()

    row = browser.get(REMOVED).row("contact@bonvenon.fr")

    assert re.search(r"removed \d+ \w+ \d\d:\d\d Restore", row)


def remove_many(domain, count, alice):
    """Remove `count` aliases, each redirected to a host of its own."""
    for n in range(count):
        address = addresses.add(domain, f"old{n:03}", by=alice)
        wish = addresses.Wish(address.version, mailbox=False, recipients=f"home@host{n:03}.org")
        address = addresses.save(address, wish, by=alice).address
        addresses.remove(address, confirmed=True, by=alice)


def test_a_full_bin_is_read_page_by_page_and_searched(browser, bonvenon, alice, monkeypatch):
    monkeypatch.setattr(recycle_bin, "PAGE", 10)
    remove_many(bonvenon, 25, alice)

    page, read = browser.get(REMOVED), []
    for count in (10, 10, 5):
        assert len(page.emails()) == count
        read += page.emails()
        if more := page.links().get("Removed before"):
            page = browser.get(more if more.startswith("/") else REMOVED + more)
    assert read == [f"old{n:03}@bonvenon.fr" for n in reversed(range(25))]

    assert page.soup.select_one("#search")["action"] == REMOVED
    found = browser.get(f"{REMOVED}?q=host007")
    assert found.emails() == ["old007@bonvenon.fr"]
    fragment = browser.get(f"{REMOVED}?q=host007", headers=FRAGMENT)
    assert fragment.emails() == found.emails()
    assert fragment.soup.select_one("#search") is None
    nothing = browser.get(f"{REMOVED}?q=nobody")
    assert "No name and no recipient holds “nobody”." in nothing.words(".empty")
    assert nothing.links()["Show all"] == REMOVED


def test_the_question_for_a_name_stands_in_sight_however_old_its_entry_is(
    browser, bonvenon, alice, monkeypatch
):
    monkeypatch.setattr(recycle_bin, "PAGE", 3)
    remove_many(bonvenon, 5, alice)
    oldest = Removed.select().order_by(Removed.id).first()

    asked = browser.get(f"{REMOVED}{oldest.id}/restore")

    assert asked.emails()[0] == oldest.email
    assert asked.value("Bring it back as") == "old000"


def test_an_address_comes_back_whole_from_the_page(browser, contact, alice):
    addresses.remove(contact, confirmed=True, by=alice)

    back = browser.submit(REMOVED, ".entry form", button="Restore")

    assert back.toast() == "contact@bonvenon.fr is back as it was."
    assert back.emails() == ["contact@bonvenon.fr"]
    assert Mailbox.get().quota_mb == 1024
    assert passwords.matches(PASSWORD, Mailbox.get().password)
    assert Mailbox.get().address.email == "contact@bonvenon.fr"
    assert browser.get(REMOVED).emails() == []


def test_a_former_catch_all_comes_back_from_the_page(browser, contact, alice):
    for kind, to in ((CatchAll.ADDRESS, contact.email), (CatchAll.NONE, "")):
        catch_alls.change(contact.domain, kind, to, "", by=alice)
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
