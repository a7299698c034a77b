"""What the panel sends itself: warnings of nearly full mailboxes, and test messages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.browser_of import FRAGMENT, Reply
from tests.mailservers import forms
from tests.mailservers.helped import helped
from tests.mailservers.stage import Stage, free_ports, wait_until
from tests.mailservers.test_mail_flow import PASSWORD, a_full_mailbox
from webmailadmin import settings
from webmailadmin.mail import usage, warnings
from webmailadmin.models import Address, Mailbox, Usage
from webmailadmin.servers import outgoing
from webmailadmin.servers.outgoing import Letter, Refused, Taken, Unreachable
from webmailadmin.upkeep.usage import fresh
from webmailadmin.upkeep.warnings import carry_out, letter

MB = 2**20
FULL = "5.2.2 <{}>: Recipient address rejected: This mailbox is full"


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix, Dovecot and the helper on an empty database; the panel sends through them."""
    with helped(open_folder) as stage:
        port = stage.servers.ports.smtp
        before = settings.current
        settings.use(replace(before, smtp_port=port, mail_host="mail.example"))
        with forms.browser.client.application.app_context():
            yield stage
        settings.use(before)


def box_of(email: str) -> Mailbox:
    """Return the mailbox behind an address."""
    found: Mailbox = Mailbox.select().join(Address).where(Address.email == email).get()
    return found


def measure(stage: Stage, email: str) -> int:
    """Let the panel ask what a mailbox holds, once all mail has arrived; return the bytes."""
    stage.wait_until_delivered()
    found = fresh(box_of(email))
    assert found is not None
    return found.bytes


def fill(stage: Stage, email: str, characters: int) -> int:
    """Let a message of this size arrive, and write down what the mailbox holds then."""
    assert stage.send(email, subject="Large", characters=characters).taken
    return measure(stage, email)


def warned(email: str) -> int:
    """Return what a mailbox was warned of."""
    return int(Usage.get(Usage.mailbox == box_of(email)).warned)


def arrived(stage: Stage, email: str) -> list[EmailMessage]:
    """Return the messages in a mailbox, but for those that filled it."""
    return [mail for mail in stage.read_imap(email, PASSWORD) if mail["Subject"] != "Large"]


def speak_french(domain: str) -> None:
    """Let the mails to the mailboxes of a domain be in French."""
    forms.send(f"/domains/{domain}/about", "main form[action$='/language']", {"language": "fr"})


# Warnings


@pytest.fixture
def ann(stage: Stage, bonvenon: str) -> str:
    """ann@, a mailbox that is full to more than 80 %."""
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD, quota_mb=1)
    fill(stage, ann, 870_000)
    return ann


def test_a_warning_arrives_once_a_mark_in_the_language_of_the_domain(
    stage: Stage, bonvenon: str
) -> None:
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD, quota_mb=1)
    speak_french(bonvenon)
    fill(stage, ann, 700_000)
    carry_out()
    assert arrived(stage, ann) == []

    full = fill(stage, ann, 150_000) * 100 // MB
    for _ in range(3):
        carry_out()
        measure(stage, ann)
    (mail,) = arrived(stage, ann)
    assert mail["Subject"] == f"Votre boîte {ann} est pleine à {full}\u00a0%"
    assert mail.get_content().splitlines()[0] == f"{ann} contient 0,8 Mo sur 1 Mo ({full}\u00a0%)."
    assert "répondez à ce message" in mail.get_content()
    assert mail["From"] == f"postmaster@{bonvenon}"
    assert (mail["Return-Path"], mail["Auto-Submitted"]) == ("<>", "auto-generated")
    assert mail["Message-ID"].endswith("@mail.example>")

    full = fill(stage, ann, 160_000) * 100 // MB
    for _ in range(3):
        carry_out()
        measure(stage, ann)
    assert [mail["Subject"] for mail in arrived(stage, ann)][1:] == [
        f"Votre boîte {ann} est presque pleine ({full}\u00a0%)"
    ]
    assert warned(ann) == 95


def test_who_answers_a_warning_reaches_the_one_who_looks_after_the_domain(
    stage: Stage, ann: str
) -> None:
    carry_out()
    (mail,) = arrived(stage, ann)

    assert stage.send(mail["From"], sender=ann, subject="More, please").taken

    assert "More, please" in [m["Subject"] for m in stage.outside(forms.CONTACT)]


def test_a_mailbox_without_any_room_refuses_its_warning_and_gets_it_once_there_is_some(
    stage: Stage, bonvenon: str
) -> None:
    ann = f"ann@{bonvenon}"
    a_full_mailbox(stage, ann)
    measure(stage, ann)

    carry_out()  # no trouble: nothing is wrong with the machine
    assert (arrived(stage, ann), warned(ann)) == ([], 0)
    due = warnings.Due(1, "", ann, bonvenon, "en", 1_500_000, 1, 95)
    assert outgoing.send(letter(due, outgoing.new_message_id())) == Refused(552, FULL.format(ann))

    with stage.imap(ann, PASSWORD) as client:
        client.select()
        client.store("1", "+FLAGS", "\\Deleted")
        client.expunge()
    full = fill(stage, ann, 1_000_000) * 100 // MB
    carry_out()
    (mail,) = arrived(stage, ann)
    assert mail["Subject"] == f"Your mailbox {ann} is almost full ({full} %)"


def test_a_mailbox_that_filled_up_since_it_was_measured_is_warned_later(
    stage: Stage, bonvenon: str
) -> None:
    ann, bob = f"ann@{bonvenon}", f"bob@{bonvenon}"
    a_full_mailbox(stage, ann)
    forms.mailbox(bob, PASSWORD, quota_mb=1)
    usage.note(box_of(ann), 1, 1_000_000, None)
    fill(stage, bob, 870_000)

    carry_out()

    assert (arrived(stage, ann), warned(ann)) == ([], 0)
    assert len(arrived(stage, bob)) == 1


def test_a_warning_that_was_taken_by_a_panel_that_died_is_not_sent_again(
    stage: Stage, ann: str
) -> None:
    (due,) = (due for due in warnings.due() if due.email == ann)
    message_id = warnings.claim(due, outgoing.new_message_id())
    assert outgoing.send(letter(due, message_id or "")) == Taken()
    stage.wait_until_delivered()
    assert warned(ann) == 0

    carry_out()

    assert [mail["Message-ID"] for mail in arrived(stage, ann)] == [message_id]
    assert warned(ann) == 80


def test_a_warning_that_a_panel_died_before_is_sent(stage: Stage, ann: str) -> None:
    (due,) = (due for due in warnings.due() if due.email == ann)
    message_id = warnings.claim(due, outgoing.new_message_id())

    carry_out()

    assert [mail["Message-ID"] for mail in arrived(stage, ann)] == [message_id]
    assert warned(ann) == 80


# What Postfix says


def test_what_postfix_says_comes_back_as_it_is(
    stage: Stage, bonvenon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(to: str, text: str = "Hello\n") -> outgoing.Outcome:
        sender = f"postmaster@{bonvenon}"
        return outgoing.send(Letter(sender, to, "Hello", text, outgoing.new_message_id()))

    nobody, contact = f"nobody@{bonvenon}", f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    words = "Recipient address rejected: User unknown in virtual mailbox table"
    assert sent(nobody) == Refused(550, f"5.1.1 <{nobody}>: {words}")
    assert sent("x@gmail.example").words == "5.7.1 <x@gmail.example>: Relay access denied"  # type: ignore[union-attr]
    too_large = sent(contact, "x" * 70 + ("\n" + "x" * 70) * 160_000)
    assert too_large == Refused(552, "5.3.4 Message size exceeds fixed limit")
    lines = "Été à Noël.\n.\n..\nFrom me\n" + "long " * 300 + "\n"
    assert sent(contact, lines) == Taken()
    (mail,) = stage.read_imap(contact, PASSWORD)
    assert mail.get_content().replace("\r\n", "\n") == lines

    closed = free_ports().smtp
    monkeypatch.setattr(settings, "current", replace(settings.current, smtp_port=closed))
    assert sent(contact) == Unreachable(
        f"No mail server answers at 127.0.0.1, port {closed}: Connection refused."
    )


# Test messages


def try_out(email: str) -> Reply:
    """Press the button in the editor of an address, and look until there is nothing to wait for."""
    page = forms.browser.submit(f"/addresses/{email}/edit", "form.test")
    assert page.status == 200, page.words("main")
    url = page.soup.select_one("[id^=trial-] a")
    while url is not None:
        page = forms.browser.get(str(url["href"]))
        url = page.soup.select_one("[id^=trial-] a")
    return page


def outcome(page: Reply) -> list[str]:
    """Return what a page says of a test message, line by line."""
    return [item.get_text(" ", strip=True) for item in page.soup.select("[id^=trial-] :is(li, p)")]


def test_a_test_message_is_followed_into_the_mailbox(stage: Stage, bonvenon: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD, quota_mb=1)
    speak_french(bonvenon)

    (said,) = outcome(try_out(contact))

    took = re.fullmatch(r"Arrived in the mailbox after (\d\.\d) s\.", said)
    assert took is not None, said
    assert 0.1 <= float(took[1]) < 5
    (mail,) = stage.read_imap(contact, PASSWORD)
    assert mail["Subject"] == f"Message d’essai pour {contact}"
    assert (mail["From"], mail["Return-Path"]) == (
        f"postmaster@{bonvenon}",
        f"<postmaster@{bonvenon}>",
    )
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_part_of_the_page_waits_without_a_word_until_it_has_arrived(
    stage: Stage, bonvenon: str
) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.browser.get(f"/addresses/{contact}/edit")
    for _ in range(4):  # it may have arrived before the first look
        sent = forms.browser.submit(f"/addresses/{contact}/edit", "form.test", headers=FRAGMENT)
        if waiting := sent.soup.select_one("[hx-get]"):
            break
    assert waiting is not None
    assert sent.words() == "Sent. Waiting for it to arrive … Look again"
    replies: list[Reply] = []

    def come() -> bool:
        replies.append(forms.browser.open(str(waiting["hx-get"]), headers=FRAGMENT))
        return replies[-1].status == 200

    wait_until(come, stage.servers.logs)
    assert {(reply.status, reply.text) for reply in replies[:-1]} <= {(204, "")}
    assert replies[-1].words().startswith("Arrived in the mailbox after ")


def test_a_test_message_to_an_alias_is_followed_wherever_it_leads(
    stage: Stage, bonvenon: str
) -> None:
    ann, bob, team, sales = (f"{name}@{bonvenon}" for name in ("ann", "bob", "team", "sales"))
    outside = f"carol-{bonvenon}@gmail.example"
    forms.mailbox(ann, PASSWORD)
    forms.mailbox(bob, PASSWORD)
    forms.alias(team, to=[ann, bob])
    forms.alias(sales, to=[team, outside])

    *said, last = outcome(try_out(sales))

    assert [re.sub(r"\d\.\d", "N", line) for line in said] == [
        f"Arrived at {ann} after N s.",
        f"Arrived at {bob} after N s.",
        f"Handed on to {outside}.",
    ]
    assert last == f"A host outside that does not want it tells postmaster@{bonvenon}."
    assert len(stage.outside(outside)) == 1


@pytest.mark.parametrize(
    ("state", "words", "reply"),
    [
        ("off", "The address is switched off: its mail is refused.", "550 5.2.1"),
        ("domain off", "The domain is switched off: its mail is refused.", "550 5.2.1"),
        ("empty", "The address receives no mail: it has neither a mailbox", "550 5.1.1"),
        ("full", "The mailbox is full: mail to it is refused until there is room.", "552 5.2.2"),
        ("no server", "The mail server cannot be reached: nothing was sent.", "No mail server"),
    ],
)
def test_a_test_message_that_is_refused_says_why_in_words_and_what_the_server_said(
    stage: Stage,
    bonvenon: str,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    words: str,
    reply: str,
) -> None:
    contact = f"contact@{bonvenon}"
    if state == "empty":
        forms.alias(contact)
    elif state == "full":
        a_full_mailbox(stage, contact)
    else:
        forms.mailbox(contact, PASSWORD, quota_mb=1)
    if state == "off":
        forms.switch_off(contact)
    if state == "domain off":
        forms.switch_domain_off(bonvenon)
    if state == "no server":
        nobody = replace(settings.current, smtp_port=free_ports().smtp)
        monkeypatch.setattr(settings, "current", nobody)

    said, raw = outcome(try_out(contact))

    assert said.startswith(words)
    assert raw.startswith(reply)
