"""Deleting for good, before the date: what goes is said, the name is typed, the worker does it."""

import re

import pytest

from tests.conftest import PASSWORD
from tests.helper_of import helper_at
from tests.mail.stage import kept_in
from tests.web.conftest import LIST, everything
from webmailadmin import settings
from webmailadmin.mail import (
    addresses,
    catch_alls,
    domains,
    purging,
    removal,
    removed_domains,
    usage,
)
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.models import Journal, Kick, Mailbox, Purge, Removed
from webmailadmin.upkeep import purges

REMOVED = f"{LIST}removed/"
FORM = "form.card"


@pytest.fixture
def helper(app):
    """A helper whose homes hold 1,204 messages each."""
    with helper_at(settings.current.helper_socket) as helper:
        helper.holds(1204, 310 * 2**20)
        yield helper


@pytest.fixture
def kept(contact, alice):
    """contact@, deleted with its mailbox."""
    return addresses.remove(contact, confirmed=True, by=alice)


@pytest.fixture
def gone(contact, alice):
    """bonvenon.fr, removed with contact@ and postmaster@."""
    usage.note(Mailbox.get(), 1204, 310 * 2**20, None)
    removed_domains.remove(contact.domain, by=alice)
    return contact.domain


def purge_of(kept):
    return f"{REMOVED}{kept.id}/purge"


def purge_of_domain(domain):
    return f"/domains/removed/{domain.id}/purge"


def test_the_bin_leads_to_the_page_that_says_what_goes(browser, kept, helper):
    page = browser.get(browser.get(REMOVED).links()["Delete contact@bonvenon.fr for good"])

    assert page.words("main h2") == "Delete contact@bonvenon.fr for good"
    day = re.search(r"until (\d+ \w+( \d+)?)\.", page.words(".outcome.wrong"))[1]
    assert page.words(".outcome.wrong") == (
        "This deletes the removed address contact@bonvenon.fr with its mailbox."
        " With it go for good: 1,204 messages (310 MB)."
        f" This cannot be undone. Left in the bin, it can be brought back until {day}."
    )
    assert page.focus() == "name"
    assert page.links()["Cancel"] == REMOVED


def test_the_numbers_are_those_of_this_moment_or_the_last_known_or_said_to_be_unknown(
    browser, kept, helper
):
    del helper.answers["usage"]
    assert "how many there are is not known at the moment" in browser.get(purge_of(kept)).words()

    usage.note(kept.mailbox, 7, 4096, None)
    assert "With it go for good: 7 messages (0.1 MB)." in browser.get(purge_of(kept)).words()

    helper.holds(1, 2**20)
    assert "With it go for good: 1 message (1 MB)." in browser.get(purge_of(kept)).words()


def test_each_kind_says_what_it_is(browser, contact, alice):
    wish = addresses.Wish(contact.version, mailbox=False, may_remove=True)
    box = addresses.save(contact, wish, by=alice).removed
    alias = addresses.remove(
        addresses.add(contact.domain, "sales", by=alice), confirmed=False, by=alice
    )
    for kind, to in ((CatchAll.ADDRESS, "ann@x.org"), (CatchAll.NONE, "")):
        catch_alls.change(contact.domain, kind, to, "", by=alice)
    way = kept_in(contact.domain)[0]

    said = [browser.get(purge_of(one)).words(".outcome b") for one in (box, alias, way)]

    assert said == [
        "This deletes the removed mailbox of contact@bonvenon.fr.",
        "This deletes the removed address sales@bonvenon.fr.",
        "This deletes the former way of unknown addresses of bonvenon.fr.",
    ]
    assert "messages" not in browser.get(purge_of(alias)).words(".outcome")
    browser.submit(purge_of(way), FORM, {"Address": "@bonvenon.fr"})
    assert Removed.get_or_none(Removed.id == way.id) is None


@pytest.mark.parametrize("typed", ["", "contact", "xcontact@bonvenon.fr", "sales@bonvenon.fr"])
def test_without_its_address_nothing_goes_and_what_was_typed_stays(browser, kept, typed):
    before = everything()

    refused = browser.submit(purge_of(kept), FORM, {"Address": typed})

    assert (refused.status, refused.title()[:6]) == (422, "Error:")
    assert refused.message("Address") == "Type the address to agree: contact@bonvenon.fr."
    assert (refused.value("Address"), refused.focus()) == (typed, "name")
    assert everything() == before


def test_typed_it_leaves_the_bin_at_once_and_its_messages_with_the_worker(browser, kept, helper):
    home = kept.mailbox.home

    page = browser.submit(purge_of(kept), FORM, {"Address": " Contact@BonVenon.fr"})

    assert page.toast() == "contact@bonvenon.fr is deleted for good."
    assert page.emails() == []
    assert re.fullmatch(
        r"The messages of contact@bonvenon\.fr are being deleted for good\."
        r" Ordered \d+ \w+ \d\d:\d\d\.",
        page.words("main .notice"),
    )
    assert ("purge", home) not in helper.asked
    assert browser.open(purge_of(kept)).status == 404

    purges.carry_out()

    assert ("purge", home) in helper.asked
    assert browser.get(REMOVED).soup.select_one("main .notice") is None
    told = browser.get(f"{LIST}journal").words(".journal")
    assert "the panel: contact@bonvenon.fr deleted for good: 1,204 messages (310 MB)" in told
    assert "alice: contact@bonvenon.fr removed address taken out of the bin for good" in told


def test_the_journal_counts_in_french_too(french, kept, helper, alice):
    purging.order(kept, kept.email, by=alice)
    purges.carry_out()

    told = french.get(f"{LIST}journal").words(".journal")

    assert "contact@bonvenon.fr suppression définitive : 1 204 messages (310 Mo)" in told


def test_what_stopped_a_deletion_is_told_in_the_bin_until_it_is_done(browser, kept, helper, alice):
    helper.answers["purge"] = {"refused": "The folder has another owner."}
    purging.order(kept, kept.email, by=alice)
    with pytest.raises(purges.PurgesStuck):
        purges.carry_out()

    told = browser.get(REMOVED).words("main .notice.wrong")

    assert told.startswith("The messages of contact@bonvenon.fr are being deleted for good.")
    assert told.endswith(
        "1 mailbox could not be deleted so far; it is tried again every minute."
        " What stopped it: The folder has another owner."
    )
    helper.holds(3, 4096)
    purges.carry_out()
    assert browser.get(REMOVED).soup.select_one("main .notice") is None


def test_several_at_once_are_told_in_one_sentence(browser, kept, alice):
    for n in range(3):
        Purge.create(home=f"{n:032}", domain=kept.domain, email=f"person{n}@bonvenon.fr")

    assert (
        browser.get(REMOVED)
        .words("main .notice")
        .startswith("The messages of 3 mailboxes of bonvenon.fr are being deleted for good.")
    )


def test_what_came_back_meanwhile_is_not_deleted(browser, kept, alice):
    page = browser.get(purge_of(kept))
    removal.restore(kept, by=alice)
    before = everything()

    reply = browser.submit(page, FORM, {"Address": kept.email})

    assert (reply.status, everything()) == (404, before)


def test_only_what_is_in_this_bin_is_found(browser, kept, alice):
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)

    for url in (
        f"/domains/autre.fr/removed/{kept.id}/purge",
        f"{REMOVED}{'9' * 30}/purge",
        f"/domains/removed/{kept.domain.id}/purge",
        f"/domains/removed/{'9' * 30}/purge",
    ):
        assert (url, browser.open(url).status) == (url, 404)


# Domains


def test_a_removed_domain_tells_what_it_had_and_until_when(browser, gone):
    page = browser.get("/domains/")

    assert re.fullmatch(
        r"bonvenon\.fr 2 addresses, 1 mailbox 1,204 messages \(310 MB\)"
        r" until \d+ \w+( \d+)? removed \d+ \w+ \d\d:\d\d by alice Restore Delete for good …",
        page.words(".entry .row"),
    )


def test_a_removed_domain_goes_for_good_once_its_name_is_typed(browser, gone, helper):
    home = Mailbox.get().home
    page = browser.get(browser.get("/domains/").links()["Delete bonvenon.fr for good"])
    assert page.words(".outcome.wrong").startswith(
        "This deletes the removed domain bonvenon.fr with 2 addresses and 1 mailbox."
        " With it go for good: 1,204 messages (310 MB). This cannot be undone."
    )
    Kick.delete().execute()  # else they are carried out with the next request
    before = everything()
    refused = browser.submit(page, FORM, {"Name of the domain": "bonvenon"})
    assert refused.status == 422
    assert refused.message("Name of the domain") == (
        "Type the name of the domain to agree: bonvenon.fr."
    )
    assert refused.value("Name of the domain") == "bonvenon"
    assert everything() == before

    reply = browser.submit(refused, FORM, {"Name of the domain": "BonVenon.fr"})

    assert reply.toast() == "bonvenon.fr is deleted for good."
    assert reply.soup.select(".entry") == []
    assert reply.words("main .notice").startswith(
        "The messages of contact@bonvenon.fr are being deleted for good."
    )
    purges.carry_out()
    assert helper.asked[-1] == ("purge", home)
    assert browser.get("/domains/").soup.select_one("main .notice") is None
    assert browser.open(purge_of_domain(gone)).status == 404
    assert Journal.select().order_by(Journal.id.desc()).first().act == "messages.deleted"


def test_mailboxes_of_a_removed_domain_that_were_never_counted_are_told(browser, contact, alice):
    info = addresses.add(contact.domain, "info", by=alice)
    wish = addresses.Wish(1, True, password=PASSWORD, confirmation=PASSWORD, quota_mb="1")
    addresses.save(info, wish, by=alice)
    removed_domains.remove(contact.domain, by=alice)
    unknown = "All its messages go for good; how many there are is not known at the moment."
    assert unknown in browser.get(purge_of_domain(contact.domain)).words(".outcome")
    assert "messages not counted yet" in browser.get("/domains/").words(".entry")

    usage.note(Mailbox.get(), 5, 2**20, None)

    some = "5 messages (1 MB). 1 of its mailboxes was never counted."
    assert some in browser.get(purge_of_domain(contact.domain)).words(".outcome")
    some = "5 messages (1 MB) 1 of its mailboxes was never counted."
    assert some in browser.get("/domains/").words(".entry")
