"""What a mailbox is for, at the doors of Postfix and Dovecot."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailservers import by_rules, forms
from tests.mailservers.helped import helped
from tests.mailservers.stage import Stage, in_words, wait_until, written
from tests.mailservers.test_app_passwords import ALL_DOORS, has_ended, open_session

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix, Dovecot and the helper on an empty database, which `forms` fills."""
    with helped(open_folder) as stage:
        yield stage


def a_mailbox(email: str, *to: str) -> str:
    forms.mailbox(email, PASSWORD, to=to)
    return email


def test_who_only_sends_sends_and_gets_nothing(stage: Stage, bonvenon: str) -> None:
    noreply = a_mailbox(f"noreply@{bonvenon}")
    forms.catch_all(bonvenon, a_mailbox(f"ann@{bonvenon}"))
    by_rules.switch(noreply, receives=False)

    for to in (noreply, noreply.replace("@", "+bounces@")):
        refusal = stage.send(to).recipients[0]
        assert refusal.startswith("550 5.2.1 ")
        assert "This address only sends mail" in refusal
    sent = stage.send(f"ann@{bonvenon}", sender=noreply, log_in=(noreply, PASSWORD))
    assert sent.taken
    assert stage.doors_open_to(noreply, PASSWORD) == ALL_DOORS
    assert stage.subjects(noreply, PASSWORD) == []
    assert stage.subjects(f"ann@{bonvenon}", PASSWORD) == ["Hello"]


def test_without_receiving_mail_goes_on_to_the_recipients_alone(
    stage: Stage, bonvenon: str
) -> None:
    ann = a_mailbox(f"ann@{bonvenon}")
    away = a_mailbox(f"away@{bonvenon}", ann, f"ann@{bonvenon[:-3]}.example")
    by_rules.switch(away, receives=False)

    assert stage.send(away, subject="For whom?").taken
    assert stage.subjects(away, PASSWORD) == []
    assert stage.subjects(ann, PASSWORD) == ["For whom?"]
    assert len(stage.outside(f"ann@{bonvenon[:-3]}.example")) == 1

    by_rules.switch(away, receives=True)
    assert stage.send(away, subject="For both").taken
    assert stage.subjects(away, PASSWORD) == ["For both"]


def test_who_may_not_log_in_is_out_at_once_and_still_gets_mail(stage: Stage, bonvenon: str) -> None:
    away = a_mailbox(f"away@{bonvenon}")
    secret = by_rules.app_password(away).secret
    with open_session(stage, away, PASSWORD) as session:
        by_rules.switch(away, may_log_in=False)
        wait_until(lambda: has_ended(session), stage.servers.logs, seconds=2)

    for password in (PASSWORD, secret):
        assert stage.doors_open_to(away, password) == set()
    assert stage.send(away, subject="Kept for you").taken
    stage.wait_until_delivered()

    by_rules.switch(away, may_log_in=True)
    assert stage.subjects(away, PASSWORD) == ["Kept for you"]
    assert stage.doors_open_to(away, secret) == ALL_DOORS


def test_who_was_logged_in_to_send_sends_nothing_more(stage: Stage, bonvenon: str) -> None:
    away = a_mailbox(f"away@{bonvenon}")
    with stage.smtp() as client:
        client.login(away, PASSWORD)
        assert send(client, away, "friend@elsewhere.example").startswith("250 ")
        by_rules.switch(away, may_log_in=False)

        assert send(client, away, "other@elsewhere.example").startswith("553 5.7.1 ")


def send(client: smtplib.SMTP, sender: str, to: str) -> str:
    """Send one more message in an open dialogue; return the first refusal, or the last reply."""
    for reply in (client.mail(sender), client.rcpt(to)):
        if reply[0] != 250:
            client.rset()
            return in_words(reply)
    return in_words(client.data(written(sender, (to,), "Hello", 0)))
