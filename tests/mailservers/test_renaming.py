"""Another name, seen from outside: mail, log-in and messages follow it within a second."""

import imaplib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helper_of import helper_at
from tests.mailservers import forms
from tests.mailservers.stage import Stage, wait_until
from tests.mailservers.test_mail_flow import ALL_DOORS, PASSWORD, UNKNOWN, refusal
from webmailadmin import settings

SECONDS_TO_FOLLOW = 1


@pytest.fixture
def kicking(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sessions are ended in Dovecot as the mail-file helper would."""

    def kick(email: str) -> dict[str, object]:
        stage.servers.doveadm("kick", email)
        return {}

    with helper_at(tmp_path / "helper") as helper:
        helper.answers["kick"] = kick
        own = replace(settings.current, helper_socket=tmp_path / "helper")
        monkeypatch.setattr(settings, "current", own)
        yield


def is_over(session: imaplib.IMAP4) -> bool:
    """Say whether the server has ended a session."""
    try:
        return session.noop()[0] != "OK"
    except (imaplib.IMAP4.abort, OSError):
        return True


def test_a_renamed_mailbox_keeps_its_mail_and_takes_that_of_both_names(
    stage: Stage, bonvenon: str
) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(contact, PASSWORD, quota_mb=7)
    assert stage.send(contact, subject="Before").taken
    stage.wait_until_delivered()

    forms.rename(contact, "ann")

    took = wait_until(lambda: stage.imap_opens(ann, PASSWORD), stage.servers.logs)
    assert took < SECONDS_TO_FOLLOW
    assert stage.doors_open_to(ann, PASSWORD) == ALL_DOORS
    assert stage.doors_open_to(contact, PASSWORD) == set()
    for name in (contact, ann):
        took = wait_until(
            lambda name=name: stage.send(name, subject=f"To {name}").taken, stage.servers.logs
        )
        assert took < SECONDS_TO_FOLLOW
    assert sorted(stage.subjects(ann, PASSWORD)) == ["Before", f"To {ann}", f"To {contact}"]
    assert stage.limit_mb(ann, PASSWORD) == 7


def test_who_writes_as_the_old_name_is_still_its_holder(stage: Stage, bonvenon: str) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.rename(contact, "ann")

    for sender in (contact, ann):
        assert stage.send(ann, sender=sender, log_in=(ann, PASSWORD)).taken


def test_open_sessions_of_the_old_name_end(stage: Stage, bonvenon: str, kicking: None) -> None:
    contact, other = f"contact@{bonvenon}", f"other@{bonvenon}"
    for email in (contact, other):
        forms.mailbox(email, PASSWORD)
    with stage.imap(other, PASSWORD) as untouched:
        session = imaplib.IMAP4("127.0.0.1", stage.servers.ports.imap, timeout=30)
        session.login(contact, PASSWORD)
        assert not is_over(session)

        forms.rename(contact, "ann")

        wait_until(lambda: is_over(session), stage.servers.logs)
        session.shutdown()
        assert not is_over(untouched)


def test_without_the_alias_the_old_name_is_unknown(stage: Stage, bonvenon: str) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    assert stage.send(contact, subject="Before").taken
    stage.wait_until_delivered()

    forms.rename(contact, "ann", keep_alias=False)

    assert refusal(stage, contact) == UNKNOWN.format(contact)
    assert stage.send(ann, subject="After").taken
    assert stage.subjects(ann, PASSWORD) == ["Before", "After"]


def test_a_new_mailbox_of_the_old_name_is_somebody_else(stage: Stage, bonvenon: str) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    assert stage.send(contact, subject="For the first holder").taken
    stage.wait_until_delivered()
    forms.rename(contact, "ann", keep_alias=False)

    other = "another fine password 31"
    forms.mailbox(contact, other)

    assert stage.subjects(contact, other) == []
    assert stage.subjects(ann, PASSWORD) == ["For the first holder"]
