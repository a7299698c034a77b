"""Vacation answers, by the Sieve of a real Dovecot: who gets one, what it says, and when."""

import time
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.mailservers import forms
from tests.mailservers.stage import Stage
from webmailadmin.mail.days import day_of
from webmailadmin.models import now

PASSWORD = "correct horse battery"
TEXT = "Back on Monday."


@pytest.fixture
def ann(bonvenon: str) -> str:
    """A mailbox that answers."""
    email = f"ann@{bonvenon}"
    forms.mailbox(email, PASSWORD)
    forms.vacation(email, enabled="y", subject="Away", text=TEXT)
    return email


@pytest.fixture(scope="module")
def writer(stage: Stage) -> str:
    """The same for all texts, each of which is news to every sender."""
    forms.domain("writer.example")
    forms.mailbox("ann@writer.example", PASSWORD)
    forms.vacation("ann@writer.example", enabled="y", subject="Away", text=TEXT)
    return "ann@writer.example"


def answers(stage: Stage, *to: str, **how: str | tuple[str, ...]) -> list[EmailMessage]:
    """Send a mail, and return what its sender has got back so far."""
    sent = stage.send(*to, **how)  # type: ignore[arg-type]
    assert sent.taken, sent
    return stage.outside(sent.sender)


def said(answer: EmailMessage) -> str:
    """Return the text of an answer, with the line break that each mail ends in taken off."""
    content: str = answer.get_content()
    return content.replace("\r\n", "\n").removesuffix("\n")


def days_from_now(days: int) -> str:
    return (day_of(now()) + timedelta(days)).isoformat()


def test_a_sender_is_answered(stage: Stage, ann: str) -> None:
    (answer,) = answers(stage, ann)

    assert (answer["From"], answer["Subject"], said(answer)) == (ann, "Away", TEXT)
    assert answer["Return-Path"] == "<>", "nobody answers it, and it never bounces"
    assert str(answer["Auto-Submitted"]).startswith("auto-replied")
    assert stage.subjects(ann, PASSWORD) == ["Hello"], "the mail itself is kept"


def test_each_sender_is_answered_once(stage: Stage, ann: str) -> None:
    assert len(answers(stage, ann, sender="bob@twice.example")) == 1
    assert len(answers(stage, ann, sender="bob@twice.example")) == 1
    assert len(answers(stage, ann, sender="eve@twice.example")) == 1
    assert len(stage.outside("bob@twice.example")) == 1


def test_a_new_text_is_told_once_more(stage: Stage, ann: str) -> None:
    answers(stage, ann, sender="bob@again.example")
    forms.vacation(ann, text="Back on Tuesday.")

    assert len(answers(stage, ann, sender="bob@again.example")) == 2
    assert len(answers(stage, ann, sender="bob@again.example")) == 2


def test_some_days_more_are_no_news(stage: Stage, ann: str) -> None:
    answers(stage, ann, sender="bob@longer.example")
    forms.vacation(ann, ends=days_from_now(9))

    assert len(answers(stage, ann, sender="bob@longer.example")) == 1


def test_the_next_absence_is_told_in_the_same_words(stage: Stage, ann: str) -> None:
    answers(stage, ann, sender="bob@next.example")
    forms.vacation(ann, enabled=None)
    assert len(answers(stage, ann, sender="bob@next.example")) == 1
    forms.vacation(ann, enabled="y")

    assert len(answers(stage, ann, sender="bob@next.example")) == 2


def test_it_counts_seconds_after_the_click(stage: Stage, ann: str) -> None:
    began = time.monotonic()
    forms.vacation(ann, enabled=None)
    assert answers(stage, ann) == []
    forms.vacation(ann, enabled="y")
    assert len(answers(stage, ann)) == 1

    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("begins", "ends", "count"),
    [(0, 0, 1), (-3, 1, 1), (2, 9, 0), (-9, -2, 0), (None, -2, 0), (2, None, 0), (None, 2, 1)],
)
def test_the_dates_decide(
    stage: Stage, ann: str, begins: int | None, ends: int | None, count: int
) -> None:
    forms.vacation(
        ann,
        begins="" if begins is None else days_from_now(begins),
        ends="" if ends is None else days_from_now(ends),
    )

    assert len(answers(stage, ann)) == count


@pytest.mark.parametrize(
    "header",
    [
        "List-Id: <news.elsewhere.example>",
        "List-Unsubscribe: <mailto:stop@elsewhere.example>",
        "Precedence: bulk",
        "Precedence: list",
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied",
    ],
)
def test_lists_bulk_and_automatic_mail_get_none(stage: Stage, ann: str, header: str) -> None:
    assert answers(stage, ann, headers=(header,)) == []


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@x.example", "owner-news@x.example"])
def test_programs_get_none(stage: Stage, ann: str, sender: str) -> None:
    assert answers(stage, ann, sender=sender) == []


def test_a_bounce_gets_none(stage: Stage, ann: str) -> None:
    with stage.smtp() as client:
        client.sendmail("", [ann], f"From: <>\r\nTo: {ann}\r\nSubject: Failed\r\n\r\nNo.\r\n")

    assert stage.subjects(ann, PASSWORD) == ["Failed"]


def test_mail_that_does_not_name_the_holder_gets_none(stage: Stage, ann: str) -> None:
    with stage.smtp() as client:
        text = "From: blind@copy.example\r\nTo: others@copy.example\r\nSubject: x\r\n\r\nHi\r\n"
        client.sendmail("blind@copy.example", [ann], text)

    assert stage.subjects(ann, PASSWORD) == ["x"]
    assert stage.outside("blind@copy.example") == []


def test_mail_to_an_extension_gets_none(stage: Stage, ann: str) -> None:
    """Shops that know no more than ann+shop@ learn nothing of ann@."""
    name, _, domain = ann.partition("@")

    assert answers(stage, f"{name}+shop@{domain}") == []


def test_mail_by_an_alias_is_answered_from_the_mailbox(stage: Stage, ann: str) -> None:
    domain = ann.partition("@")[2]
    forms.alias(f"sales@{domain}", to=[ann])

    (answer,) = answers(stage, f"sales@{domain}")

    assert answer["From"] == ann


def test_mail_to_a_team_is_not(stage: Stage, ann: str) -> None:
    domain = ann.partition("@")[2]
    forms.alias(f"team@{domain}", to=[ann, "bea@elsewhere.example"])

    assert answers(stage, f"team@{domain}") == []


def test_the_same_name_at_another_domain_is_the_holder_too(stage: Stage, ann: str) -> None:
    domain = ann.partition("@")[2]
    forms.domain(f"autre-{domain}")
    forms.same_name(f"autre-{domain}", domain)

    (answer,) = answers(stage, f"ann@autre-{domain}")

    assert answer["From"] == ann


def test_a_renamed_mailbox_answers_by_its_new_name(stage: Stage, ann: str) -> None:
    domain = ann.partition("@")[2]
    forms.rename(ann, "anne")

    (answer,) = answers(stage, f"anne@{domain}")

    assert answer["From"] == f"anne@{domain}"


def test_without_a_subject_it_is_that_of_the_mail(stage: Stage, ann: str) -> None:
    forms.vacation(ann, subject="")

    (answer,) = answers(stage, ann, subject="Offer 12")

    assert answer["Subject"] == "Auto: Offer 12"


HOSTILE = [
    'He said "no"; keep; discard; redirect "thief@evil.example";',
    '"; redirect "thief@evil.example"; vacation "',
    "\\",
    '\\"; stop; \\\\"',
    "${unix} ${env.vnd.dovecot.username} ${hex:40} ${unicode:40} %u %{user} %%",
    "one\n.\ntwo\n..\nQUIT",
    "text:\nHello\n.\n;",
    "\n\n  indented\n\ttab\n\ntrailing\n\n",
    "From here it goes on\n>From there\n# no comment\n/* nor this */",
    "שלום עולם \u202eright to left\u202c مرحبا",
    "Ça va ? 👩‍💻🏖️ 日本語 \U0001f1eb\U0001f1f7",
    "Subject: forged\nBcc: thief@evil.example\n\nBody",
    "x" * 3000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_arrives_as_it_was_typed(stage: Stage, writer: str, text: str) -> None:
    forms.vacation(writer, text=text.replace("\n", "\r\n"))

    (answer,) = answers(stage, writer)

    assert said(answer) == text
    assert stage.outside("thief@evil.example") == []


@pytest.mark.parametrize(
    "subject",
    [
        'Say "Hi"; keep;',
        '\\ \\" ${unix} %u',
        "Absente jusqu’au 17 août — à bientôt",
        "👩‍💻 日本語 שלום",
        "é" * 200,
        "word " * 39 + "end",
    ],
)
def test_a_subject_arrives_as_it_was_typed(stage: Stage, writer: str, subject: str) -> None:
    forms.vacation(writer, subject=subject)

    (answer,) = answers(stage, writer)

    # Where Dovecot breaks a long line, a tab stands for the space.
    assert answer["Subject"].replace("\t", " ") == subject


def test_the_longest_text_arrives(stage: Stage, writer: str) -> None:
    """Each byte of it is escaped twice on its way, by Sieve and by Dovecot's dict."""
    text = '"\\' * 5119 + "."
    forms.vacation(writer, text=text)

    (answer,) = answers(stage, writer)

    assert said(answer) == text


def test_a_script_in_the_home_is_nothing(stage: Stage, ann: str) -> None:
    """Homes that came from elsewhere may have one."""
    stage.send(ann)
    stage.wait_until_delivered()
    home = Path(stage.servers.doveadm("user", "-f", "home", ann).stdout.strip())
    script = home / ".dovecot.sieve"
    script.write_text("discard;\n", encoding="ascii")
    script.chmod(0o644)
    forms.vacation(ann, enabled=None)

    stage.send(ann)

    assert len(stage.subjects(ann, PASSWORD)) == 2


def test_mail_waits_while_nobody_can_say_whether_to_answer(stage: Stage, ann: str) -> None:
    asked = stage.servers.folder / "run" / "dict"
    asked.chmod(0o600)
    try:
        assert stage.send(ann).taken
        stage.wait_until_deferred(ann)
        assert stage.queue() == [ann]
    finally:
        stage.empty_queue()
        asked.chmod(0o660)

    assert len(answers(stage, ann)) == 1


def test_mail_is_kept_when_its_answer_is_refused(stage: Stage, ann: str) -> None:
    sent = stage.send(ann, sender=f"missing@{ann.partition('@')[2]}")

    assert sent.taken
    assert stage.subjects(ann, PASSWORD) == ["Hello"]
