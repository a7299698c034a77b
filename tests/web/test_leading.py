"""What still leads to an address that is gone: listed, taken out there, pointed elsewhere."""

import pytest

from tests.mail.stage import install, make, recipients_of, save
from tests.web.conftest import LIST, everything
from webmailadmin.database import db
from webmailadmin.mail import addresses

LEADING = "/addresses/contact@bonvenon.fr/leading"


def ids(page):
    """Return the addresses that are ticked."""
    return [
        str(box["value"]).split()[0]
        for box in page.soup.select("[name=led]")
        if box.has_attr("checked")
    ]


@pytest.fixture
def gone(browser, contact, alice):
    """contact@ was deleted; info@ and team@ of two domains lead there still."""
    install("autre.fr", by=alice)
    make("info@autre.fr", by=alice, recipients=["contact+tag@bonvenon.fr", "ann@x.org"])
    make("team@bonvenon.fr", by=alice, recipients=[contact.email])
    return addresses.remove(contact, confirmed=True, by=alice)


def test_the_page_of_what_is_removed_lists_what_leads_there(browser, gone):
    page = browser.get(f"{LIST}removed/")

    assert page.links()["2 addresses lead there."] == LEADING
    assert "2 addresses lead there." in page.words(".entry")


def test_the_list_to_look_at_and_the_editor_lead_to_it(browser, gone):
    listed = browser.get(f"{LIST}?show=to-look-at")
    assert listed.links()["receives nothing"] == LEADING

    editor = browser.get("/addresses/info@autre.fr/edit")
    assert "contact@bonvenon.fr has been deleted. Until " in editor.words(".message.warn")
    listed = browser.get(editor.links()["All that leads there"])
    assert listed.words("main h2") == "What leads to contact@bonvenon.fr"


def test_all_that_leads_there_is_listed_and_ticked(browser, gone):
    page = browser.get(LEADING)

    assert [" ".join(row.get_text(" ").split()) for row in page.soup.select("#led .row")] == [
        "info @autre.fr → contact+tag@bonvenon.fr goes on to ann@x.org Edit",
        "team @bonvenon.fr → contact@bonvenon.fr is refused Edit",
    ]
    assert ids(page) == ["info@autre.fr", "team@bonvenon.fr"]
    assert "contact@bonvenon.fr has been deleted. Until " in page.words("main")
    assert page.links()["Bring it back"] == f"{LIST}removed/#removed-{gone.id}"


def only(page, email):
    """Return what a form sends in which only this address is ticked."""
    box = page.soup.select_one(f"[name=led][value^='{email} ']")
    return {"led": str(box["value"])}


def test_it_is_taken_out_where_it_was_ticked(browser, gone):
    page = browser.get(LEADING)

    left = browser.submit(
        page, "main form", only(page, "info@autre.fr"), button="Take contact@bonvenon.fr out there"
    )

    assert left.toast() == "1 address is changed."
    assert ids(left) == ["team@bonvenon.fr"]
    assert recipients_of("info@autre.fr") == ["ann@x.org"]


def test_they_point_elsewhere_and_nothing_is_left(browser, gone):
    page = browser.get(LEADING)
    values = {**only(page, "team@bonvenon.fr"), "Point them to": "bob@y.org"}

    left = browser.submit(page, "main form", values)

    assert left.toast() == "1 address is changed."
    assert recipients_of("team@bonvenon.fr") == ["bob@y.org"]
    assert ids(left) == ["info@autre.fr"]

    done = browser.submit(
        left, "main form", only(left, "info@autre.fr"), button="Take contact@bonvenon.fr out there"
    )
    assert done.words(".empty") == "No address is redirected there."


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter the address that they lead to from now on."),
        ("a b", "“a” is not an address that mail can be sent to."),
        (
            "contact@bonvenon.fr",
            "contact@bonvenon.fr receives nothing. Enter an address that does.",
        ),
    ],
)
def test_what_cannot_be_pointed_to_is_said_at_the_field_and_nothing_typed_is_lost(
    browser, gone, typed, said
):
    page = browser.get(LEADING)
    before = everything()

    again = browser.submit(
        page, "main form", {**only(page, "team@bonvenon.fr"), "Point them to": typed}
    )

    assert (again.status, again.title()[:6], everything()) == (422, "Error:", before)
    assert again.message("Point them to").startswith(said)
    assert (again.value("Point them to"), ids(again)) == (typed, ["team@bonvenon.fr"])
    assert again.focus() == "recipients"


def test_nobody_ticked_is_said(browser, gone):
    again = browser.submit(LEADING, "main form", {"led": None}, button="Point them there")

    assert again.status == 422
    assert "Enter the address that they lead to from now on." in again.words("main")
    again = browser.submit(LEADING, "main form", {"led": None, "recipients": "a@x.org"})
    assert again.words("#led-wrong") == "Tick at least one address."


def test_who_was_slower_is_told_and_may_go_on(browser, gone, alice):
    page = browser.get(LEADING)
    save("team@bonvenon.fr", by=alice, recipients=["new@x.org", "contact@bonvenon.fr"])
    values = {**only(page, "team@bonvenon.fr"), "Point them to": "bob@y.org"}

    again = browser.submit(page, "main form", values)

    assert again.status == 409
    assert again.messages()[""].startswith("Meanwhile alice changed team@bonvenon.fr")
    done = browser.submit(again, "main form", only(again, "team@bonvenon.fr"))
    assert done.toast() == "1 address is changed."
    assert recipients_of("team@bonvenon.fr") == ["new@x.org", "bob@y.org"]


def test_an_address_that_is_not_ours_has_no_such_page(browser, bonvenon):
    for email in ("ann@x.org", "nonsense", "@bonvenon.fr", "a b@bonvenon.fr"):
        assert browser.open(f"/addresses/{email}/leading").status == 404


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("nobody@bonvenon.fr", "nobody@bonvenon.fr does not exist."),
        ("nobody+x@bonvenon.fr", "nobody@bonvenon.fr does not exist."),
        ("odd/one@bonvenon.fr", "odd/one@bonvenon.fr does not exist."),
        ("empty@bonvenon.fr", "empty@bonvenon.fr receives nothing. Edit"),
        ("contact@bonvenon.fr", "contact@bonvenon.fr receives mail."),
    ],
)
def test_the_page_says_what_the_address_is(browser, contact, alice, email, said):
    make("empty@bonvenon.fr", by=alice)

    assert said in browser.get(f"/addresses/{email}/leading").words("main")


def test_pages_cost_the_same_for_one_and_for_many(browser, contact, alice):
    """What leads to each entry of the bin is counted at once for all of them."""
    make("info@bonvenon.fr", by=alice, recipients=[contact.email])
    addresses.remove(contact, confirmed=True, by=alice)
    few = queries(browser, f"{LIST}removed/"), queries(browser, LEADING)
    for n in range(5):
        gone = make(f"gone{n}@bonvenon.fr", by=alice, mailbox=True)
        make(f"to{n}@bonvenon.fr", by=alice, recipients=[gone.email, contact.email])
        addresses.remove(gone, confirmed=True, by=alice)

    assert (queries(browser, f"{LIST}removed/"), queries(browser, LEADING)) == few


def queries(browser, url):
    """Count the statements of a page."""
    seen = []
    db.connection().trace(lambda *what: seen.append(what), 1)
    try:
        assert browser.open(url).status == 200
    finally:
        db.connection().trace(None, 0)
    return len(seen)
