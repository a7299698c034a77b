"""App passwords at the doors of Postfix and Dovecot: in, out, and when each was used last."""

import hashlib
import imaplib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.mailservers import by_rules, forms
from tests.mailservers.helped import helped
from tests.mailservers.stage import Stage, wait_until
from webmailadmin import settings
from webmailadmin.database import another
from webmailadmin.models import AppPassword
from webmailadmin.servers import used
from webmailadmin.servers.private import LOOPBACK
from webmailadmin.upkeep.app_passwords import Round

PASSWORD = "correct horse battery"
ALL_DOORS = {"imap", "pop3", "smtp"}


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix, Dovecot and the helper on an empty database, which `forms` fills."""
    with helped(open_folder) as stage:
        yield stage


@pytest.fixture
def holder(stage: Stage, bonvenon: str) -> str:
    """A mailbox whose holder makes app passwords."""
    email = f"contact@{bonvenon}"
    forms.mailbox(email, PASSWORD)
    return email


def test_each_app_password_opens_every_door_beside_the_main_one(stage: Stage, holder: str) -> None:
    telephone = by_rules.app_password(holder, "Telephone")
    laptop = by_rules.app_password(holder, "Laptop")

    for password in (telephone.secret, laptop.secret, PASSWORD):
        assert stage.doors_open_to(holder, password) == ALL_DOORS


def test_who_came_in_by_one_sends_and_reads(stage: Stage, holder: str) -> None:
    secret = by_rules.app_password(holder).secret

    assert stage.send(holder, sender=holder, log_in=(holder, secret), subject="To me").taken
    assert stage.subjects(holder, secret) == ["To me"]


def test_it_opens_no_other_mailbox(stage: Stage, holder: str, bonvenon: str) -> None:
    forms.mailbox(f"ann@{bonvenon}", PASSWORD)
    secret = by_rules.app_password(holder).secret

    assert stage.doors_open_to(f"ann@{bonvenon}", secret) == set()


@pytest.mark.parametrize("change", ["digest", "longer", "shorter", "upper case", "quote", "empty"])
def test_what_is_not_exactly_an_app_password_opens_no_door(
    stage: Stage, holder: str, change: str
) -> None:
    secret = by_rules.app_password(holder).secret
    typed = {
        "digest": hashlib.sha256(secret.encode()).hexdigest(),
        "longer": f"{secret}x",
        "shorter": secret[:-1],
        "upper case": secret.upper(),
        "quote": f"{secret}' OR 'a' = 'a",
        "empty": "",
    }

    assert stage.doors_open_to(holder, typed[change]) == set()


def test_once_revoked_it_is_refused_and_the_open_session_ends_within_a_second(
    stage: Stage, holder: str
) -> None:
    lost = by_rules.app_password(holder, "Lost")
    kept = by_rules.app_password(holder, "Kept")
    with open_session(stage, holder, lost.secret) as session:
        began = time.monotonic()
        by_rules.revoke(holder, lost)
        wait_until(lambda: has_ended(session), stage.servers.logs)

    assert time.monotonic() - began < 1
    assert stage.doors_open_to(holder, lost.secret) == set()
    assert stage.doors_open_to(holder, kept.secret) == ALL_DOORS


def test_once_barred_the_main_password_opens_no_door_and_its_session_ends(
    stage: Stage, holder: str
) -> None:
    secret = by_rules.app_password(holder).secret
    with open_session(stage, holder, PASSWORD) as session:
        by_rules.bar_main(holder)
        wait_until(lambda: has_ended(session), stage.servers.logs)

    assert stage.doors_open_to(holder, PASSWORD) == set()
    assert stage.doors_open_to(holder, secret) == ALL_DOORS
    assert stage.send(holder, subject="Still delivered").taken
    assert stage.subjects(holder, secret) == ["Still delivered"]


@pytest.mark.parametrize("door", sorted(ALL_DOORS))
def test_it_is_known_when_each_was_used_last_by_any_door(
    stage: Stage, holder: str, door: str
) -> None:
    one = by_rules.app_password(holder, "Used").app_password
    secret = by_rules.app_password(holder, "Used too").secret
    never = by_rules.app_password(holder, "Never used").app_password
    worker = Round()
    opens = {"imap": stage.imap_opens, "pop3": stage.pop3_opens, "smtp": stage.smtp_opens}

    assert opens[door](holder, secret)
    assert opens[door](holder, PASSWORD)
    worker.carry_out()

    last = {row.name: row.last_used for row in AppPassword.select().order_by(AppPassword.id)}
    assert last["Used too"] is not None
    assert abs((last["Used too"] - AppPassword.get_by_id(one.id).created_at).total_seconds()) < 10
    assert AppPassword.get_by_id(never.id).last_used is None
    assert AppPassword.get_by_id(one.id).last_used is None


def test_who_is_let_in_is_let_in_even_where_that_cannot_be_noted(stage: Stage, holder: str) -> None:
    secret = by_rules.app_password(holder).secret
    with another(used.files(settings.current.data)[0]) as noted:
        noted.execute_sql("ALTER TABLE used RENAME TO lost")
        try:
            assert stage.doors_open_to(holder, secret) == ALL_DOORS
            assert stage.doors_open_to(holder, "wrong") == set()
        finally:
            noted.execute_sql("ALTER TABLE lost RENAME TO used")
    assert "no such table: used" in stage.servers.logs()


def test_nothing_that_was_typed_is_in_a_log_not_even_in_one_of_queries(
    stage: Stage, holder: str
) -> None:
    secret = by_rules.app_password(holder).secret
    typed = ("not what opens it 4711", secret, PASSWORD)
    with stage.servers.dovecot_file.open("a") as file:
        file.write("log_debug = category=auth\n")
    stage.servers.doveadm("reload")
    wait_until(lambda: in_the_log(stage, holder, PASSWORD), stage.servers.logs)

    opened = [stage.imap_opens(holder, password) for password in typed]

    assert opened == [False, True, True]
    logs = stage.servers.logs()
    assert hashlib.sha256(secret.encode()).hexdigest() in logs
    assert not [password for password in typed if password in logs]


def in_the_log(stage: Stage, email: str, password: str) -> bool:
    """Log in; say whether the log has the query for it. It may be one with no debugging yet."""
    with suppress(imaplib.IMAP4.error, OSError):
        stage.imap_opens(email, password)
    return "FROM dovecot_password WHERE" in stage.servers.logs()


@contextmanager
def open_session(stage: Stage, email: str, password: str) -> Iterator[imaplib.IMAP4]:
    """Open an IMAP session, which nobody closes in order."""
    client = imaplib.IMAP4(LOOPBACK, stage.servers.ports.imap, timeout=30)
    try:
        client.login(email, password)
        client.select()
        yield client
    finally:
        client.shutdown()


def has_ended(session: imaplib.IMAP4) -> bool:
    """Say whether a session is no more."""
    try:
        session.noop()
    except (imaplib.IMAP4.error, OSError):
        return True
    return False
