"""What a mailbox is for, in the editor and on the list."""

import pytest

from tests.web.conftest import CONTACT, LIST, box_of, holder_of, log_in_as
from webmailadmin.models import Mailbox

RECEIVES, LOG_IN, REDIRECT = "Receives mail", "May log in", "The holder may redirect mail"
EDITOR = ".editor"


def test_a_mailbox_receives_and_lets_in_at_first(browser, contact):
    page = browser.get(CONTACT)
    assert [page.ticked(label) for label in (RECEIVES, LOG_IN, REDIRECT)] == [True, True, False]
    for label in (RECEIVES, LOG_IN, REDIRECT):
        hint = page.soup.find(id=page.field(label)["aria-describedby"])
        assert hint.get_text()


@pytest.mark.parametrize(
    ("label", "column", "tag"),
    [(RECEIVES, "receives", "sends only"), (LOG_IN, "may_log_in", "no log-in")],
)
def test_each_is_switched_off_and_on(browser, contact, label, column, tag):
    page = browser.submit(CONTACT, EDITOR, {label: None})
    assert page.toast() == "contact@bonvenon.fr is saved."
    assert getattr(box_of(contact), column) is False
    assert tag in browser.get(LIST).row("contact@bonvenon.fr")
    assert not browser.get(CONTACT).ticked(label)

    browser.submit(CONTACT, EDITOR, {label: "y"})

    assert getattr(box_of(contact), column) is True
    assert tag not in browser.get(LIST).row("contact@bonvenon.fr")


def test_the_sentence_says_that_it_only_sends(browser, contact):
    browser.submit(CONTACT, EDITOR, {RECEIVES: None})
    assert browser.get(CONTACT).words(".outcome") == (
        "contact@bonvenon.fr only sends: mail for it is refused."
    )


def test_off_both_ways_and_redirected_without_a_copy(browser, contact):
    browser.submit(CONTACT, EDITOR, {RECEIVES: None, LOG_IN: None})
    row = browser.get(LIST).row("contact@bonvenon.fr")
    assert "receives nothing" in row
    assert "no log-in" in row
    browser.submit(CONTACT, EDITOR, {"Redirect to": "a@elsewhere.org"})
    assert "keeps no copy" in browser.get(LIST).row("contact@bonvenon.fr")


def test_an_owner_lets_the_holder_redirect(app, owner, contact):
    holder = log_in_as(app, holder_of(contact))
    owner.submit(CONTACT, EDITOR, {REDIRECT: "y"})
    assert box_of(contact).may_redirect
    assert holder.get("/mailbox/redirection").soup.select("main form textarea")


def test_sessions_end_with_the_right_to_log_in(app, browser, contact):
    holder = log_in_as(app, holder_of(contact))
    browser.submit(CONTACT, EDITOR, {LOG_IN: None})
    assert holder.open("/mailbox").status == 303


def test_a_new_mailbox_can_only_send_from_its_first_day(browser, bonvenon, contact):
    page = browser.submit(LIST, ".add", {"Name": "noreply"})
    words = "a fine long password 28"
    browser.submit(page, EDITOR, {"Password": words, "Confirm the password": words, RECEIVES: None})
    assert "sends only" in browser.get(LIST).row("noreply@bonvenon.fr")


def test_a_form_that_never_showed_the_switches_leaves_them(browser, contact):
    """An editor left open from before, or a program that sends only what it knows."""
    page = browser.get(CONTACT)
    for field in page.soup.select("[name=switches], [name=receives], [name=may_log_in]"):
        field.decompose()
    browser.submit(page, EDITOR, {"Size limit (MB)": "2048"})
    box = Mailbox.get()
    assert (box.quota_mb, box.receives, box.may_log_in) == (2048, True, True)
