"""What the panel sends itself: warnings of nearly full mailboxes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from tests.helper_of import Helper, helper_at
from tests.mailservers import forms
from tests.mailservers.stage import Stage, free_ports
from tests.mailservers.test_mail_flow import PASSWORD
from webmailadmin import settings
from webmailadmin.mail import usage, warnings
from webmailadmin.models import Address, Mailbox, Usage
from webmailadmin.servers import outgoing
from webmailadmin.servers.outgoing import Letter, Refused, Taken, Unreachable
from webmailadmin.upkeep.warnings import carry_out, letter

MB = 2**20
FULL = "5.2.2 <{}>: Recipient address rejected: This mailbox is full"


@pytest.fixture(scope="module")
def panel(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helper]:
    """The panel's side: it sends through our Postfix, and its helper looks into the files."""
    before = settings.current
    socket = tmp_path_factory.mktemp("helper") / "socket"
    port = stage.servers.ports.smtp
    settings.use(replace(before, smtp_port=port, helper_socket=socket, mail_host="mail.example"))
    with helper_at(socket) as helper, forms.browser.client.application.app_context():
        helper.answers["find"] = lambda home: find(stage, home, helper.question["message_id"])
        yield helper
    settings.use(before)


def find(stage: Stage, home: str, message_id: str) -> dict[str, Any]:
    """Say when a message arrived in a Maildir, by the name that Dovecot gave its file."""
    for file in (stage.servers.values.mail_root / home / "Maildir").glob("[nc][eu][wr]/*"):
        if f"\nMessage-ID: {message_id}\n".encode() in file.read_bytes():
            seconds, micros = re.match(r"(\d+)\.M(\d+)P", file.name).groups()  # type: ignore[union-attr]
            return {"arrived": int(seconds) * 1_000_000 + int(micros)}
    return {"arrived": None}


def box_of(email: str) -> Mailbox:
    """Return the mailbox behind an address."""
    found: Mailbox = Mailbox.select().join(Address).where(Address.email == email).get()
    return found


def measure(stage: Stage, email: str) -> int:
    """Write down what a mailbox holds, as Dovecot counts it, and return that, in bytes."""
    stage.wait_until_delivered()
    asked = stage.servers.doveadm("-f", "tab", "mailbox", "status", "-u", email, "vsize", "INBOX")
    size = int(asked.stdout.splitlines()[1].split("\t")[1])
    usage.note(box_of(email), 1, size, None)
    return size


def fill(stage: Stage, email: str, characters: int) -> int:
    """Let a message of this size arrive, and write down what the mailbox holds then."""
    assert stage.send(email, subject="Large", characters=characters).taken
    return measure(stage, email)


def fill_up(stage: Stage, email: str) -> None:
    """Leave less room in a mailbox of 1 MB than any message needs."""
    characters = 72 * 13_888
    used = fill(stage, email, characters)
    around = used - characters + 20
    fill(stage, email, MB - used - around)


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


def test_a_warning_arrives_once_a_mark_in_the_language_of_the_domain(
    stage: Stage, bonvenon: str, panel: Helper
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

    full = fill(stage, ann, 140_000) * 100 // MB
    for _ in range(3):
        carry_out()
        measure(stage, ann)
    assert [mail["Subject"] for mail in arrived(stage, ann)][1:] == [
        f"Votre boîte {ann} est presque pleine ({full}\u00a0%)"
    ]
    assert warned(ann) == 95


def test_who_answers_a_warning_reaches_the_one_who_looks_after_the_domain(
    stage: Stage, bonvenon: str, panel: Helper
) -> None:
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD, quota_mb=1)
    fill(stage, ann, 870_000)
    carry_out()
    (mail,) = arrived(stage, ann)

    assert stage.send(mail["From"], sender=ann, subject="More, please").taken

    assert "More, please" in [m["Subject"] for m in stage.outside(forms.CONTACT)]


def test_a_mailbox_without_any_room_refuses_its_warning_and_gets_it_once_there_is_some(
    stage: Stage, bonvenon: str, panel: Helper
) -> None:
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD, quota_mb=2)
    fill(stage, ann, 990_000)
    fill(stage, ann, 700_000)
    # Lowered below what is used, as a person may.
    forms.edit(ann, {"quota_mb": "1"})

    carry_out()  # no trouble: nothing is wrong with the machine
    assert (arrived(stage, ann), warned(ann)) == ([], 0)
    due = warnings.Due(1, "", ann, bonvenon, "en", 1_690_000, 1, 95)
    assert outgoing.send(letter(due, outgoing.new_message_id())) == Refused(552, FULL.format(ann))

    with stage.imap(ann, PASSWORD) as client:
        client.select()
        client.store("2", "+FLAGS", "\\Deleted")
        client.expunge()
    assert measure(stage, ann) > 0.95 * MB - 8192
    carry_out()
    (mail,) = arrived(stage, ann)
    assert mail["Subject"] in (
        f"Your mailbox {ann} is 94 % full",
        f"Your mailbox {ann} is almost full (95 %)",
    )


def test_a_mailbox_that_filled_up_since_it_was_measured_is_warned_later(
    stage: Stage, bonvenon: str, panel: Helper
) -> None:
    ann, bob = f"ann@{bonvenon}", f"bob@{bonvenon}"
    for email in (ann, bob):
        forms.mailbox(email, PASSWORD, quota_mb=1)
    fill_up(stage, ann)
    usage.note(box_of(ann), 1, 1_000_000, None)
    fill(stage, bob, 870_000)

    carry_out()

    assert (arrived(stage, ann), warned(ann)) == ([], 0)
    assert len(arrived(stage, bob)) == 1


def test_a_warning_that_was_taken_by_a_panel_that_died_is_not_sent_again(
    stage: Stage, bonvenon: str, panel: Helper
) -> None:
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD, quota_mb=1)
    fill(stage, ann, 870_000)
    (due,) = (due for due in warnings.due() if due.email == ann)
    message_id = warnings.claim(due, outgoing.new_message_id())
    assert outgoing.send(letter(due, message_id or "")) == Taken()
    stage.wait_until_delivered()
    assert warned(ann) == 0

    carry_out()

    assert [mail["Message-ID"] for mail in arrived(stage, ann)] == [message_id]
    assert warned(ann) == 80


def test_a_warning_that_a_panel_died_before_is_sent(
    stage: Stage, bonvenon: str, panel: Helper
) -> None:
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD, quota_mb=1)
    fill(stage, ann, 870_000)
    (due,) = (due for due in warnings.due() if due.email == ann)
    message_id = warnings.claim(due, outgoing.new_message_id())

    carry_out()

    assert [mail["Message-ID"] for mail in arrived(stage, ann)] == [message_id]
    assert warned(ann) == 80


# What Postfix says


def test_what_postfix_says_comes_back_as_it_is(
    stage: Stage, bonvenon: str, panel: Helper, monkeypatch: pytest.MonkeyPatch
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
