"""What mailboxes hold, on the pages: the list, the editor, the sums, the filters."""

import re
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.browser_of import FRAGMENT, Browser, Reply
from tests.helper_of import Helper, helper_at
from tests.web.conftest import CONTACT, LIST, everything
from webmailadmin import database, settings, words
from webmailadmin.mail import addresses, mailboxes, usage
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.usage import MB
from webmailadmin.models import Address, Domain, Mailbox, now

ASK = "/addresses/contact@bonvenon.fr/usage"
BELOW = (
    "The mailbox holds 300 MB already: with a limit of 200 MB, "
    "new mail is refused until it holds less."
)


@pytest.fixture
def helper(app: object) -> Iterator[Helper]:
    """A helper at the panel's socket, whose homes hold 1,204 messages of 300 MB."""
    with helper_at(settings.current.helper_socket) as helper:
        helper.holds(1204, 300 * MB)
        yield helper


def box_of(address: Address) -> Mailbox:
    box = mailboxes.of(address)
    assert box is not None
    return box


def use(address: Address, size: int, seen: datetime | None = None, minutes: int = 0) -> None:
    """Let a mailbox hold so many bytes, as Dovecot said so many minutes ago."""
    at = now() - timedelta(minutes=minutes)
    usage.note_all([usage.Answer(box_of(address).id, 12, size, seen, at)])


def add_box(domain: Domain, name: str, quota_mb: int, size: int, alice: Actor) -> None:
    """Add a mailbox that holds so many bytes."""
    address = addresses.add(domain, name, by=alice)
    secret = "a fine long password 27"
    wish = addresses.Wish(1, True, secret, secret, quota_mb=str(quota_mb))
    use(addresses.save(address, wish, by=alice).address, size)


def meter(reply: Reply, selector: str) -> dict[str, str]:
    """Return the attributes of a bar."""
    found = reply.soup.select_one(f"{selector} meter")
    return dict(found.attrs) if found is not None else {}


# The list


@pytest.mark.parametrize(
    ("quota_mb", "size", "words", "percent"),
    [
        (1024, 212 * MB, "212 MB of 1 GB", "20"),
        (1024, 819 * MB, "819 MB of 1 GB", "79"),
        (1024, 820 * MB, "820 MB of 1 GB nearly full", "80"),
        (100, 100 * MB, "100 MB of 100 MB full", "100"),
        (100, 130 * MB, "130 MB of 100 MB full", "130"),
        (1024, 0, "0 MB of 1 GB", "0"),
        (1024, 1, "0.1 MB of 1 GB", "0"),
        (0, 2200 * MB, "2.1 GB, no limit", None),
    ],
)
def test_a_row_tells_what_is_used_of_the_limit(
    browser: Browser, bonvenon: Domain, alice: Actor, quota_mb, size, words, percent
) -> None:
    add_box(bonvenon, "box", quota_mb, size, alice)

    page = browser.get(LIST)

    assert page.row("box@bonvenon.fr") == f"box @bonvenon.fr {words} never used Edit"
    assert meter(page, ".way").get("value") == percent
    if percent:
        # Green below 80 %, amber from there, red from 99 %.
        marks = [meter(page, ".way")[name] for name in ("max", "low", "high", "optimum")]
        assert marks == ["100", "79", "98", "0"]


def test_a_row_whose_numbers_are_not_known_tells_only_the_limit(browser, contact) -> None:
    page = browser.get(LIST)

    assert page.row("contact@bonvenon.fr") == "contact @bonvenon.fr 1 GB Edit"
    assert page.words("#facts") == "2 addresses · 1 mailbox · 1 GB allocated"


@pytest.mark.parametrize(
    ("ago", "english", "french"),
    [
        (timedelta(), "today", "aujourd’hui"),
        (timedelta(days=1), "yesterday", "hier"),
        (timedelta(days=2), "2 days ago", "il y a 2 jours"),
        (timedelta(days=30), "30 days ago", "il y a 30 jours"),
        (timedelta(days=-1), "today", "aujourd’hui"),
    ],
)
def test_the_last_log_in_is_told_in_words(browser, contact, ago, english, french) -> None:
    use(contact, 0, now() - ago)

    assert browser.get(LIST).words(".last[title]") == f"Last log-in: {english}"
    browser.language = "fr"
    assert browser.get(LIST).words(".last[title]") == f"Dernière connexion : {french}"


def test_a_log_in_long_ago_is_told_by_its_date(browser, contact) -> None:
    use(contact, 0, datetime(2019, 12, 31, 23, 30))

    # In Paris it was 2020 already.
    assert browser.get(LIST).words(".last[title]") == "Last log-in: 1 Jan 2020"


def test_a_year_is_told_by_the_calendar_of_the_panels_time_zone(app, monkeypatch) -> None:
    monkeypatch.setattr(words, "now", lambda: datetime(2019, 12, 31, 23, 30))
    with app.test_request_context():
        assert words.minute(datetime(2019, 12, 31, 23, 10)) == "1 Jan 00:10"
        assert words.minute(datetime(2019, 12, 31, 22, 50)) == "31 Dec 2019 23:50"


# Sums


def test_a_domain_tells_what_is_used_and_what_is_allocated_apart(browser, bonvenon, alice) -> None:
    add_box(bonvenon, "small", 100, 99 * MB, alice)
    add_box(bonvenon, "large", 3072, 2458 * MB, alice)
    add_box(bonvenon, "free", 0, 10 * 1024 * MB, alice)

    page = browser.get(LIST)
    assert page.words("#facts") == (
        "4 addresses · 3 mailboxes · 12.5 GB used, 3.1 GB allocated, 1 without limit "
        "· 2 nearly full , 1 of them full"
    )
    links = page.links()
    assert browser.get(links["2 nearly full"]).emails() == [
        "large@bonvenon.fr",
        "small@bonvenon.fr",
    ]
    assert browser.get(links["1 of them full"]).emails() == ["small@bonvenon.fr"]
    cells = [cell.get_text(" ", strip=True) for cell in browser.get("/domains/").soup.select("td")]
    assert cells == ["4", "3", "12.5 GB", "3.1 GB + 1 without limit", "receives mail"]


def test_full_boxes_are_told_on_every_page_of_the_domain(browser, bonvenon, alice) -> None:
    add_box(bonvenon, "small", 100, 100 * MB, alice)

    for page in ("", "unknown", "removed/", "journal", "about"):
        assert "1 nearly full , 1 of them full" in browser.get(f"{LIST}{page}").words("#facts")


# Filters


def test_the_filters_of_use_stand_together_with_their_counts(browser, bonvenon, alice) -> None:
    add_box(bonvenon, "small", 100, 100 * MB, alice)
    add_box(bonvenon, "large", 1000, 100 * MB, alice)
    use(addresses.of(alice, "large@bonvenon.fr"), 5, now() - timedelta(days=200))

    page = browser.get(LIST)
    assert page.words(".others summary") == "More ▾"
    assert page.words(".others div") == (
        "Nearly full 1 Full 1 Not used for six months 1 Never used 1"
    )
    found = {
        show: browser.get(f"{LIST}?show={show}").emails()
        for show in ("nearly-full", "full", "unused", "never-used")
    }
    assert found == {
        "nearly-full": ["small@bonvenon.fr"],
        "full": ["small@bonvenon.fr"],
        "unused": ["large@bonvenon.fr"],
        "never-used": ["small@bonvenon.fr"],
    }
    chosen = browser.get(f"{LIST}?show=unused&q=lar")
    assert chosen.words('summary[aria-current="true"]') == "Not used for six months ▾"
    assert chosen.emails() == ["large@bonvenon.fr"]
    empty = browser.get(f"{LIST}?show=unused&q=zzz")
    assert "No name and no recipient holds “zzz”." in empty.words(".empty")


def test_an_empty_filter_of_use_says_no_more_than_is_known(browser, bonvenon) -> None:
    page = browser.get(f"{LIST}?show=never-used")

    assert page.words("#found .empty") == "No such mailbox, as far as is known."


# The editor


def test_the_editor_opens_at_once_with_what_is_known_and_asks_by_itself(
    browser, contact, helper
) -> None:
    use(contact, 212 * MB, minutes=8)
    before = everything()

    page = browser.get(CONTACT)

    assert helper.asked == []
    assert everything() == before
    words = page.words(".held")
    assert words.startswith("212 MB of 1 GB 12 messages · never used · as of ")
    button = page.soup.select_one(".held button")
    assert (button["hx-trigger"], button["hx-post"], button["formaction"]) == ("load", ASK, ASK)


def test_what_was_asked_just_now_is_not_asked_again(browser, contact) -> None:
    use(contact, 212 * MB)

    page = browser.get(CONTACT)

    assert page.words(".held") == "212 MB of 1 GB 12 messages · never used"
    assert page.soup.select(f'[hx-post="{ASK}"]') == []


def asked(browser: Browser, headers: dict[str, str], typed: dict[str, str] | None = None) -> Reply:
    """Press the button of the editor, or let it press itself."""
    return browser.submit(CONTACT, "form.editor", typed or {}, button="Look again", headers=headers)


def test_asked_it_shows_what_the_mailbox_holds_now(browser, contact, helper, headers) -> None:
    use(contact, 212 * MB, minutes=8)

    reply = asked(browser, headers)

    assert reply.status == 200
    assert helper.asked == [("usage", box_of(contact).home)]
    assert "300 MB of 1 GB 1,204 messages · never used" in reply.words()
    # Elsewhere on the page too, and in the database.
    if headers:
        assert reply.partial(f"#address-{contact.id} .row") == (
            "contact @bonvenon.fr 300 MB of 1 GB never used Close"
        )
        assert "300 MB used" in reply.partial("#facts")
    else:
        assert reply.words("#facts").endswith("300 MB used, 1 GB allocated")
    assert usage.of(box_of(contact)).bytes == 300 * MB


def test_what_is_typed_meanwhile_stays(browser, contact, helper) -> None:
    reply = asked(browser, {}, {"Redirect to": "ann@x.org", "Size limit (MB)": "200"})

    assert (reply.value("Redirect to"), reply.value("Size limit (MB)")) == ("ann@x.org", "200")
    assert BELOW in reply.words(".held")


def test_a_helper_that_is_slow_or_gone_changes_nothing_and_holds_up_nobody_long(
    browser, contact, headers, app
) -> None:
    use(contact, 212 * MB, minutes=8)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(settings.current.helper_socket))
        silent.listen()
        began = time.monotonic()
        reply = asked(browser, headers)
        assert time.monotonic() - began < 5
    gone = asked(browser, headers)

    for shown in (reply, gone):
        assert shown.status == 200
        assert re.search(r"212 MB of 1 GB 12 messages · never used · as of ", shown.words())
        # It does not ask for ever.
        assert shown.soup.select("[hx-trigger=load]") == []


def test_what_was_never_answered_is_not_made_up(browser, contact, headers) -> None:
    assert "messages" not in browser.get(CONTACT).words(".held")

    reply = asked(browser, headers)

    assert "What the mailbox holds cannot be told at the moment." in reply.words()


def test_a_database_that_cannot_be_written_shows_what_was_known(
    browser, contact, helper, headers
) -> None:
    use(contact, 212 * MB, minutes=8)
    page = browser.get(CONTACT)
    database.db.pragma("query_only", 1)
    try:
        reply = browser.submit(page, "form.editor", {}, button="Look again", headers=headers)
    finally:
        database.db.pragma("query_only", 0)

    assert (reply.status, "212 MB of 1 GB" in reply.words()) == (200, True)


def test_an_address_without_a_mailbox_has_nothing_to_ask_for(browser, bonvenon, alice) -> None:
    addresses.add(bonvenon, "sales", by=alice)

    page = browser.get("/addresses/sales@bonvenon.fr/edit")

    assert page.words(".held") == ""
    assert page.soup.select("[hx-trigger=load]") == []
    assert browser.open("/addresses/sales@bonvenon.fr/usage").status == 303


# The size limit


def test_a_limit_below_what_is_used_is_said_while_it_is_typed(browser, contact) -> None:
    use(contact, 300 * MB)
    field = browser.get(CONTACT).field("Size limit (MB)")
    assert field["hx-get"] == CONTACT
    assert "1 MB is 1,048,576 bytes" in browser.get(CONTACT).words(f"#{field['id']}-hint")

    for typed, said in {"200": BELOW, "300": "", "0": "", "many": "", "": ""}.items():
        reply = browser.open(f"{CONTACT}?quota_mb={typed}", headers=FRAGMENT)
        assert (typed, reply.words(".message.warn")) == (typed, said)
    for typed, outcome in {"200": "of 200 MB", "0": "without limit", "many": "of 1 GB"}.items():
        reply = browser.open(f"{CONTACT}?quota_mb={typed}", headers=FRAGMENT)
        assert reply.partial(f"#outcome-{contact.id}") == (
            f"Mail to contact@bonvenon.fr is kept in a mailbox {outcome}."
        )
    page = browser.get(f"{CONTACT}?quota_mb=200")
    assert (page.value("Size limit (MB)"), page.words(".message.warn")) == ("200", BELOW)


def test_who_was_told_while_typing_saves_at_once(browser, contact, headers) -> None:
    use(contact, 300 * MB)
    page = browser.get(f"{CONTACT}?quota_mb=200")

    saved = browser.submit(page, "form.editor", {}, headers=headers)

    assert saved.toast() == "contact@bonvenon.fr is saved."
    assert "300 MB of 200 MB full" in saved.row("contact@bonvenon.fr")


def test_who_was_not_told_is_told_once_before_the_save(browser, contact, headers) -> None:
    use(contact, 300 * MB)

    told = browser.submit(CONTACT, "form.editor", {"Size limit (MB)": "200"}, headers=headers)
    assert told.status == 422
    assert f"{BELOW} Save once more if that is what you want." in told.words()
    assert (told.focus(), box_of(contact).quota_mb) == ("quota_mb", 1024)

    other = browser.submit(told, "form.editor", {"Size limit (MB)": "100"}, headers=headers)
    assert (other.status, box_of(contact).quota_mb) == (422, 1024)

    saved = browser.submit(other, "form.editor", {}, headers=headers)
    assert (saved.status, box_of(contact).quota_mb) == (200, 100)


def test_the_warning_is_said_in_french(french, contact) -> None:
    use(contact, 300 * MB)

    words = french.get(f"{CONTACT}?quota_mb=200").words(".message.warn")

    assert words.startswith("La boîte mail contient déjà 300 Mo :")
