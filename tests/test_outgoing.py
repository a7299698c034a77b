"""Mail that the panel sends itself, to a mail server that takes it, refuses it, or breaks off."""

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from flask import Flask

from tests.helper_of import helper_at
from tests.mail.stage import find, make
from tests.smtp_of import MailServer, mail_server
from webmailadmin import settings
from webmailadmin.mail import usage, warnings
from webmailadmin.mail.actors import Actor
from webmailadmin.models import Address, Domain, Mailbox, Usage
from webmailadmin.models import Warning as Standing
from webmailadmin.servers import outgoing
from webmailadmin.servers.outgoing import Letter, Refused, Taken, Unreachable
from webmailadmin.upkeep.warnings import WarningsStuck, carry_out

MB = 2**20
CONTACT, ANN = "contact@bonvenon.fr", "ann@bonvenon.fr"
LETTER = Letter("postmaster@bonvenon.fr", CONTACT, "Hello", "Hello\n", "<1@mail.example>")


@pytest.fixture
def server(app: Flask) -> Iterator[MailServer]:
    """A mail server that takes everything, until a test says otherwise; and the words for mails."""
    with mail_server() as server, app.app_context():
        settings.use(replace(settings.current, smtp_port=server.port))
        yield server


# The dialogue


def test_a_letter_is_handed_over_with_what_keeps_others_from_answering(server: MailServer) -> None:
    assert outgoing.send(LETTER) == Taken()

    (mail,) = server.messages
    assert server.heard[1:3] == ["mail FROM:<>", f"rcpt TO:<{CONTACT}>"]
    assert {name: mail[name] for name in ("From", "To", "Message-ID", "Auto-Submitted")} == {
        "From": "postmaster@bonvenon.fr",
        "To": CONTACT,
        "Message-ID": "<1@mail.example>",
        "Auto-Submitted": "auto-generated",
    }
    assert mail["Date"].datetime.tzinfo is not None


def test_bounces_go_where_the_letter_says(server: MailServer) -> None:
    outgoing.send(replace(LETTER, bounces_to="postmaster@bonvenon.fr"))

    assert server.heard[1] == "mail FROM:<postmaster@bonvenon.fr>"


@pytest.mark.parametrize("field", ["sender", "to", "subject", "message_id", "bounces_to"])
@pytest.mark.parametrize("typed", ["x\r\nBcc: all@elsewhere.org", "x\ny", "x@y.fr>\r\nDATA\r\n"])
def test_a_line_break_never_begins_another_header_or_command(
    server: MailServer, field: str, typed: str
) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        outgoing.send(replace(LETTER, **{field: typed}))

    assert server.messages == []
    assert [line for line in server.heard if line.startswith(("Bcc", "DATA"))] == []


@pytest.mark.parametrize(
    ("verb", "reply", "outcome"),
    [
        ("", "554 5.3.2 Not today", Refused(554, "5.3.2 Not today")),
        ("MAIL", "451 4.3.0 Not now", Refused(451, "4.3.0 Not now")),
        ("RCPT", "552 5.2.2 It is full", Refused(552, "5.2.2 It is full")),
        ("RCPT", "550-One\r\n550 \x1b[2J\ttwo\xe9", Refused(550, "One [2J two")),
        ("RCPT", f"550 {'no ' * 300}", Refused(550, ("no " * 167)[:500].strip())),
        ("DATA", "554 5.5.1 No", Refused(554, "5.5.1 No")),
        (".", "550 5.7.1 Spam", Refused(550, "5.7.1 Spam")),
    ],
)
def test_a_refusal_comes_back_with_its_code_and_words(
    server: MailServer, verb: str, reply: str, outcome: Refused
) -> None:
    server.replies[verb] = reply

    assert outgoing.send(LETTER) == outcome
    assert server.messages == []


@pytest.mark.parametrize("verb", ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_server_that_breaks_off_is_no_server(server: MailServer, verb: str) -> None:
    server.replies |= {verb: None, "HELO": None}

    outcome = outgoing.send(LETTER)

    assert isinstance(outcome, Unreachable)
    assert outcome.reason.startswith(f"No mail server answers at 127.0.0.1, port {server.port}: ")


@pytest.mark.parametrize("parting", [None, "421 4.3.0 I go down", "500 What?"])
def test_what_was_taken_is_taken_however_the_server_parts(
    server: MailServer, parting: str | None
) -> None:
    server.replies["QUIT"] = parting

    assert outgoing.send(LETTER) == Taken()


def test_a_server_that_says_nothing_is_not_waited_for_long(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "SECONDS_TO_ANSWER", 0.2)
    server.replies[""] = "220-and more follows, but never does"

    outcome = outgoing.send(LETTER)

    assert isinstance(outcome, Unreachable)
    assert outcome.reason.endswith("timed out.")


def test_another_program_at_the_port_is_no_mail_server(server: MailServer) -> None:
    server.replies[""] = "* OK IMAP"

    outcome = outgoing.send(LETTER)

    assert isinstance(outcome, Unreachable)
    assert outcome.reason.endswith("what answers there is none.")


# Warnings


def uses(email: str, megabytes: float) -> None:
    """Let a mailbox hold so much, as if Dovecot had been asked just now."""
    usage.note(box(email), 1, int(megabytes * MB), None)


def box(email: str) -> Mailbox:
    """Return the mailbox behind an address."""
    found: Mailbox = find(email).boxes[0]
    return found


def warned(email: str) -> int:
    """Return the mark that a mailbox was told."""
    return int(Usage.get(Usage.mailbox == box(email)).warned)


@pytest.fixture
def ann(bonvenon: Domain, alice: Actor) -> Address:
    """ann@bonvenon.fr with a mailbox of 1024 MB."""
    return make(ANN, by=alice, mailbox=True)


def test_a_warning_says_how_full_what_follows_and_what_to_do(
    server: MailServer, contact: Address
) -> None:
    uses(CONTACT, 820)

    carry_out()

    (mail,) = server.messages
    assert mail["Subject"] == "Your mailbox contact@bonvenon.fr is 80 % full"
    assert mail.get_content().replace("\r\n", "\n") == (
        "contact@bonvenon.fr holds 820 MB of 1 GB (80 %).\n\n"
        "Once it is full, mail to it is refused, and those who wrote are told so.\n\n"
        "To make room, delete what you no longer need, large attachments first, then empty the"
        " trash: what lies there counts too, and so does what you have sent.\n\n"
        "If you need a larger mailbox, answer this mail: it reaches the person who looks after"
        " bonvenon.fr.\n\n"
        "This mail comes by itself, once when a mailbox passes 80 % of its size limit and once"
        " when it passes 95 %.\n"
    )
    assert warned(CONTACT) == 80


def test_a_domain_with_accents_is_named_as_people_write_it(
    server: MailServer, alice: Actor, bonvenon: Domain
) -> None:
    other = Domain.create(name="xn--t-9fab.fr", catch_all_key="@xn--t-9fab.fr", language="fr")
    make(f"zoe@{other.name}", by=alice, mailbox=True)
    uses(f"zoe@{other.name}", 1000)

    carry_out()

    (mail,) = server.messages
    assert mail["To"] == "zoe@xn--t-9fab.fr"
    assert mail["Subject"] == "Votre boîte zoe@été.fr est presque pleine (97\u00a0%)"
    assert "qui s’occupe de été.fr" in mail.get_content()


def test_without_a_mail_server_the_warnings_wait_and_the_first_try_tells_why(
    server: MailServer, contact: Address, ann: Address
) -> None:
    uses(CONTACT, 900)
    uses(ANN, 900)
    server.replies[""] = None

    with pytest.raises(WarningsStuck, match="No mail server answers at"):
        carry_out()
    assert (warned(CONTACT), warned(ANN)) == (0, 0)

    with helper_at(settings.current.helper_socket) as helper:
        helper.answers["find"] = {"arrived": None}
        server.replies.clear()
        carry_out()
    assert {mail["To"] for mail in server.messages} == {CONTACT, ANN}


def test_a_warning_that_is_refused_holds_up_no_other_and_is_told(
    server: MailServer, contact: Address, ann: Address
) -> None:
    uses(CONTACT, 900)
    uses(ANN, 900)
    server.replies["RCPT"] = "450 4.7.1 Later"

    with pytest.raises(WarningsStuck) as stuck:
        carry_out()

    assert str(stuck.value) == "2 warnings to nearly full mailboxes wait: 450 4.7.1 Later"
    assert sum(line.startswith("rcpt") for line in server.heard) == 2


def test_a_mailbox_that_is_full_after_all_is_no_trouble(
    server: MailServer, contact: Address
) -> None:
    uses(CONTACT, 1000)
    server.replies["RCPT"] = "552 5.2.2 This mailbox is full"

    carry_out()

    assert warned(CONTACT) == 0


def test_a_warning_whose_fate_is_unknown_is_looked_for_before_it_is_sent_again(
    server: MailServer, contact: Address
) -> None:
    uses(CONTACT, 900)
    server.replies["."] = None  # taken or not, nobody knows
    with pytest.raises(WarningsStuck):
        carry_out()
    standing = Standing.get()
    server.replies.clear()

    with helper_at(settings.current.helper_socket) as helper:
        helper.answers["find"] = {"arrived": 1}
        carry_out()
        assert helper.asked == [("find", box(CONTACT).home)]
        assert helper.question["message_id"] == standing.message_id
    assert (server.messages, warned(CONTACT), Standing.select().count()) == ([], 80, 0)


def test_the_next_mark_is_told_although_the_last_one_was_left_standing(
    server: MailServer, contact: Address
) -> None:
    uses(CONTACT, 900)
    (due,) = warnings.due()
    warnings.claim(due, "<80@mail.example>")
    uses(CONTACT, 1000)

    with helper_at(settings.current.helper_socket) as helper:
        helper.answers["find"] = {"arrived": None}
        carry_out()

    (mail,) = server.messages
    assert mail["Message-ID"] != "<80@mail.example>"
    assert mail["Subject"].endswith("is almost full (97 %)")
    assert warned(CONTACT) == 95


@pytest.mark.parametrize("length", range(1, 60, 2))
def test_a_subject_arrives_as_it_was_written_however_long_a_name_in_it(length: int) -> None:
    """Folded by Python between a word with accents and one without, it would lose a space."""
    subject = f"Votre boîte contact@{'d' * length}.example est pleine à 81\u00a0%"
    letter = outgoing.Letter("a@b.fr", "c@d.fr", subject, "", "<x@y>")

    sent = outgoing.written(letter).as_bytes()

    assert message_from_bytes(sent, policy=default)["Subject"] == subject
