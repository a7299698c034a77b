"""Before anything is removed: how much goes, who leads there, what becomes of their mail."""

import time
from datetime import timedelta

import pytest

from tests.helper_of import helper_at
from tests.mail.stage import catch_all, install, make, save
from tests.web.conftest import CONTACT, LIST, everything, fill, in_paris
from webmailadmin import settings
from webmailadmin.mail import mailboxes, usage
from webmailadmin.models import Mailbox, Usage, now

REMOVE = f"{LIST}remove"
OFF = f"{CONTACT}?mailbox=no"


@pytest.fixture
def helper(app):
    """A helper that answers: 1204 messages of 310 MB in each mailbox."""
    with helper_at(settings.current.helper_socket) as helper:
        helper.holds(1204, 310 * 2**20)
        yield helper


def warning(browser, url=OFF):
    """Return what the warning on a page says."""
    return browser.get(url).words(".outcome.warn")


def deletion(browser, email="contact@bonvenon.fr"):
    """Return what is said before an address is deleted."""
    asked = browser.submit(f"/addresses/{email}/edit", "form.editor", button="Delete")
    assert asked.status == 422
    return asked.words(".outcome.warn")


def aged(**ago):
    """Let what is known of mailboxes be so old; return that time."""
    at = now() - timedelta(**ago)
    Usage.update(at=at).execute()
    return at


# A mailbox


def test_a_mailbox_that_would_go_is_told_in_numbers_asked_at_once(browser, contact, helper):
    words = warning(browser)

    assert words.startswith("This removes 1,204 messages (310 MB) from contact@bonvenon.fr. ")
    day = in_paris(mailboxes.kept_until(now()))
    assert f"Until {day.day} " in words
    assert "Download the messages" in words
    assert "As of" not in words
    assert helper.asked == [("usage", Mailbox.get().home)]


def test_the_numbers_are_said_as_french_says_them(french, contact, helper):
    assert "retire 1\u202f204\xa0messages (310 Mo) de contact@bonvenon.fr" in (
        french.get(OFF).soup.select_one(".outcome.warn").get_text()
    )
    helper.holds(1, 400_000)
    assert "retire 1\xa0message (0,4 Mo) de" in warning_as_written(french)
    helper.holds(0, 0)
    assert "Elle est vide." in warning_as_written(french)


def warning_as_written(browser):
    """Return the warning with its spaces as they stand there."""
    return browser.get(OFF).soup.select_one(".outcome.warn").get_text()


@pytest.mark.parametrize(
    ("messages", "size", "said"),
    [
        (1, 1, "This removes 1 message (0.1 MB) from contact@bonvenon.fr."),
        (2, 5 * 2**30, "This removes 2 messages (5 GB) from contact@bonvenon.fr."),
        (0, 0, "This takes the mailbox off. It is empty."),
    ],
)
def test_one_message_and_none_are_said_as_such(browser, contact, helper, messages, size, said):
    helper.holds(messages, size)

    words = warning(browser)

    assert words.startswith(said)
    assert ("Download the messages" in words) == (messages > 0)


def test_without_an_answer_the_last_numbers_are_told_with_their_age(browser, contact):
    usage.note(Mailbox.get(), 12, 3 * 2**20, None)
    at = in_paris(aged(days=2))

    words = warning(browser)

    assert words.startswith("This removes 12 messages (3 MB) from contact@bonvenon.fr. As of ")
    assert f"As of {at.day} {at:%b} " in words
    assert "nobody answers at the moment" in words


def test_without_an_answer_ever_that_is_said(browser, contact):
    words = warning(browser)

    assert words.startswith(
        "This takes the mailbox off, with all its messages."
        " How many they are is not known: nobody answered yet."
    )


def test_a_helper_that_says_nothing_holds_no_page_up(browser, contact, helper):
    helper.answers["usage"] = lambda home: time.sleep(20) or {}
    began = time.monotonic()

    words = warning(browser)

    assert "nobody answered yet" in words
    assert time.monotonic() - began < 4


def test_a_look_at_the_numbers_writes_nothing(browser, contact, helper):
    before = everything()

    for url in (OFF, REMOVE):
        assert "1,204 messages" in warning(browser, url)

    assert everything() == before


def test_a_mailbox_that_stays_asks_nobody(browser, contact, helper):
    browser.get(CONTACT)
    browser.submit(CONTACT, "form.editor", {"Size limit (MB)": "5"})

    assert helper.asked == []


def test_who_leads_to_a_mailbox_that_goes_is_told_unless_its_mail_goes_on(
    browser, contact, alice, helper
):
    for name in ("a", "b", "c"):
        make(f"{name}@bonvenon.fr", by=alice, recipients=[contact.email])
    save("b@bonvenon.fr", by=alice, recipients=[contact.email, "ann@x.org", "bob@y.org"])
    save("c@bonvenon.fr", by=alice, recipients=[contact.email], mailbox=True)

    words = warning(browser)

    assert (
        "3 addresses lead here. What becomes of their mail:"
        " a@bonvenon.fr is refused"
        " b@bonvenon.fr goes on to ann@x.org and 1 more"
        " c@bonvenon.fr stays in its own mailbox"
    ) in words

    save(contact.email, by=alice, recipients=["far@x.org"])
    assert "lead here" not in warning(browser)


# An address


def test_an_address_that_would_go_is_told_in_numbers(browser, contact, helper):
    words = deletion(browser)

    assert words.startswith(
        "This deletes contact@bonvenon.fr and its mailbox: 1,204 messages (310 MB). "
    )
    assert "Download the messages" in words
    assert "lead here" not in words


def test_an_alias_that_others_lead_to_is_asked_for_first(browser, bonvenon, alice):
    make("sales@bonvenon.fr", by=alice, recipients=["ann@x.org"])
    make("info@bonvenon.fr", by=alice, recipients=["sales@bonvenon.fr"])
    before = everything()

    words = deletion(browser, "sales@bonvenon.fr")

    assert words.startswith("This deletes sales@bonvenon.fr. Until ")
    assert "1 address leads here. What becomes of its mail: info@bonvenon.fr is refused" in words
    assert everything() == before


def test_more_than_a_few_are_folded_away(browser, contact, alice):
    for n in range(7):
        make(f"a{n}@bonvenon.fr", by=alice, recipients=[contact.email])

    asked = browser.submit(CONTACT, "form.editor", button="Delete")

    assert "7 addresses lead here." in asked.words(".outcome.warn")
    assert asked.words(".outcome summary") == "and 2 more"
    assert (
        asked.words(".outcome details ul") == "a5@bonvenon.fr is refused a6@bonvenon.fr is refused"
    )


def test_what_must_lead_elsewhere_first_is_said_before_the_try(browser, contact, alice):
    autre = install("autre.fr", by=alice)
    save("postmaster@autre.fr", by=alice, recipients=[contact.email])
    make("off@autre.fr", by=alice, recipients=[contact.email], enabled=False)
    catch_all(autre.name, contact.email, by=alice)

    words = deletion(browser)

    assert "off@autre.fr is switched off" in words
    assert "postmaster@autre.fr must lead elsewhere first" in words
    assert "Mail for unknown addresses of autre.fr is refused." in words


def test_the_own_catch_all_that_leads_there_is_said(browser, contact, alice):
    catch_all("bonvenon.fr", contact.email, by=alice)

    words = deletion(browser)

    assert "Unknown addresses of bonvenon.fr must lead elsewhere first." in words


def test_a_catch_all_that_takes_the_mail_is_said(browser, contact, alice):
    make("rest@bonvenon.fr", by=alice, mailbox=True)
    make("info@bonvenon.fr", by=alice, recipients=[contact.email])
    catch_all("bonvenon.fr", "rest@bonvenon.fr", by=alice)

    words = deletion(browser)

    assert "info@bonvenon.fr goes on to rest@bonvenon.fr, as unknown addresses do" in words


def test_the_toast_of_a_removal_leads_to_what_leads_there(browser, contact, alice, headers):
    make("info@bonvenon.fr", by=alice, recipients=[contact.email])
    asked = browser.submit(CONTACT, "form.editor", headers=headers, button="Delete")

    gone = browser.submit(
        asked, "form.editor", {"may_remove": "y"}, headers=headers, button="Delete"
    )

    assert gone.toast() == "contact@bonvenon.fr is deleted. 1 address leads there. See which"
    page = browser.get(gone.links()["See which"])
    assert page.words("main h2") == "What leads to contact@bonvenon.fr"


# A domain


def test_a_domain_that_would_go_is_told_in_sums(browser, contact, alice, helper):
    make("sales@bonvenon.fr", by=alice, mailbox=True)

    words = warning(browser, REMOVE)

    assert words.startswith(
        "This removes the domain bonvenon.fr with everything in it:"
        " 3 addresses, 2 mailboxes, 2,408 messages (620 MB). "
    )
    assert "not known" not in words


def test_only_a_handful_of_a_large_domain_is_asked_and_the_rest_told_with_its_age(
    browser, bonvenon, alice, helper
):
    fill(bonvenon, 60, by=alice)
    boxes = list(Mailbox.select())
    for box in boxes[:15]:
        usage.note(box, 1, 2**20, None)
    aged(days=3)

    words = warning(browser, REMOVE)

    assert len(helper.asked) == 10
    # 20 mailboxes: the 5 that were never asked and 5 more are asked now, 10 are as they were.
    assert "61 addresses, 20 mailboxes, 12,050 messages (3 GB)." in words
    assert "The oldest of these numbers is of " in words


def test_a_domain_of_which_nothing_is_known_says_so(browser, contact, alice):
    assert "How many messages they hold is not known: nobody answered yet." in (
        warning(browser, REMOVE)
    )
    usage.note(Mailbox.get(), 3, 2**20, None)
    make("sales@bonvenon.fr", by=alice, mailbox=True)

    words = warning(browser, REMOVE)

    assert "2 mailboxes, 3 messages (1 MB)." in words
    assert "What 1 mailbox holds is not known yet and comes on top." in words


def test_what_leads_into_a_domain_from_others_is_said_before_and_after(
    browser, contact, alice, helper
):
    install("autre.fr", by=alice)
    make("info@autre.fr", by=alice, recipients=[contact.email])
    make("both@autre.fr", by=alice, recipients=[contact.email, "ann@x.org"])

    page = browser.get(REMOVE)

    assert (
        "2 addresses lead here. What becomes of their mail:"
        " both@autre.fr goes on to ann@x.org"
        " info@autre.fr goes to whichever server bonvenon.fr has"
    ) in page.words(".outcome.warn")

    gone = browser.submit(page, "form.card", {"Name of the domain": "bonvenon.fr"})

    assert gone.toast() == "bonvenon.fr is removed. 2 addresses lead there. See which"
    link = gone.links()["2 addresses lead there."]
    assert browser.get(link).words("h1") == "What leads to bonvenon.fr"
    install("bonvenon.fr", by=alice)
    assert browser.open(link).status == 404


def test_a_domain_that_another_one_s_unknown_addresses_lead_into_says_so(browser, contact, alice):
    install("autre.fr", by=alice)
    catch_all("autre.fr", contact.email, by=alice)

    assert "Unknown addresses of autre.fr must lead elsewhere first." in warning(browser, REMOVE)
