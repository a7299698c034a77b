"""The mail-file helper over real mail: what Dovecot has, it tells; whom it kicks is out."""

import imaplib
import json
import mailbox
import os
import poplib
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest

from tests.mail.stage import hoster
from tests.mailservers import forms
from tests.mailservers.helped import helped, home_of
from tests.mailservers.stage import Stage, wait_until
from webmailadmin import database, settings
from webmailadmin.mail import purging
from webmailadmin.models import Journal, Purge, Removed, Usage, now
from webmailadmin.servers import mailfiles
from webmailadmin.servers.helper.sessions import SECONDS_TO_KICK_AGAIN
from webmailadmin.servers.private import LOOPBACK
from webmailadmin.upkeep import purges, usage

PASSWORD = "correct horse battery"
OTHER = "another fine password 31"
TEXT = (
    b"Subject: one\r\nMessage-ID: <%d@b>\r\n\r\nFrom here\r\n>From there\r\nd\xc3\xa9j\xc3\xa0\r\n"
)
FOLDERS = ("Sent", "Projets.2025.&AMk-t&AOk-", "R&-D")


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix, Dovecot and the helper on an empty database, which `forms` fills."""
    with helped(open_folder) as stage:
        yield stage


@pytest.fixture
def contact(stage: Stage, bonvenon: str) -> str:
    """A mailbox."""
    email = f"contact@{bonvenon}"
    forms.mailbox(email, PASSWORD, quota_mb=100)
    return email


def path_of(stage: Stage, email: str) -> Path:
    return stage.servers.values.mail_root / home_of(email)


def fill(stage: Stage, email: str) -> None:
    """Bring mail by delivery and by a mail program, read, answered, deleted, moved, copied."""
    stage.send(email, characters=3000)
    stage.send(email)
    stage.wait_until_delivered()
    with stage.imap(email, PASSWORD) as client:
        for number, folder in enumerate(FOLDERS):
            assert client.create(f'"{folder}"')[0] == "OK"
            for again in range(number + 1):
                text = TEXT % (10 * number + again)
                assert client.append(f'"{folder}"', r"(\Seen)", None, text)[0] == "OK"
        client.select()
        client.store("1", "+FLAGS", r"(\Seen \Answered)")
        client.store("2", "+FLAGS", r"(\Deleted)")
        client.copy("1", "Sent")


def in_dovecot(stage: Stage, email: str) -> tuple[int, int]:
    """Return the messages and bytes that Dovecot counts."""
    asked = ("-f", "tab", "mailbox", "status", "-u", email, "messages vsize", "*")
    lines = stage.servers.doveadm(*asked).stdout.splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return sum(int(row[1]) for row in rows), sum(int(row[2]) for row in rows)


def quota_in_dovecot(stage: Stage, email: str) -> tuple[int, int]:
    """Return the messages and kilobytes that count for the size limit."""
    lines = stage.servers.doveadm("-f", "tab", "quota", "get", "-u", email).stdout.splitlines()
    used = {row[1]: int(row[2]) for row in (line.split("\t") for line in lines[1:])}
    return used["MESSAGE"], used["STORAGE"]


# Usage


def test_usage_is_what_counts_for_the_size_limit(stage: Stage, contact: str) -> None:
    assert mailfiles.usage(home_of(contact)).messages == 0
    fill(stage, contact)

    held = mailfiles.usage(home_of(contact))

    assert (held.messages, held.bytes) == in_dovecot(stage, contact)
    assert (held.messages, -(-held.bytes // 1024)) == quota_in_dovecot(stage, contact)
    assert held.messages == 2 + 1 + 2 + 3 + 1


def test_mail_that_was_brought_from_elsewhere_counts_as_in_dovecot(
    stage: Stage, contact: str
) -> None:
    fill(stage, contact)
    cur = path_of(stage, contact) / "Maildir" / "cur"
    for number, text in enumerate((b"Subject: x\n\nhi\n", b"Subject: x\r\n\r\nhi\nho")):
        place = cur / f"{number}.from.elsewhere:2,S"
        place.write_bytes(text)
        os.chown(place, cur.stat().st_uid, cur.stat().st_gid)

    held = mailfiles.usage(home_of(contact))

    assert (held.messages, held.bytes) == in_dovecot(stage, contact)
    assert held.messages == 11


def test_a_removed_mailbox_is_still_counted(stage: Stage, contact: str) -> None:
    fill(stage, contact)
    home = home_of(contact)
    held = mailfiles.usage(home)

    forms.remove_mailbox(contact)

    after = mailfiles.usage(home)
    assert (after.messages, after.bytes) == (held.messages, held.bytes)
    assert mailfiles.exists(home)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_the_last_log_in_is_one_by_a_mail_program_and_no_delivery(
    stage: Stage, contact: str, protocol: str
) -> None:
    stage.send(contact)
    stage.wait_until_delivered()
    stage.servers.doveadm("mailbox", "status", "-u", contact, "messages", "*")
    quota_in_dovecot(stage, contact)
    assert mailfiles.usage(home_of(contact)).last_log_in is None

    with getattr(stage, protocol)(contact, PASSWORD):
        pass

    last = mailfiles.usage(home_of(contact)).last_log_in
    assert last is not None
    assert abs(last - datetime.now(UTC).replace(tzinfo=None)) < timedelta(seconds=20)


# Find and archive


def test_a_message_is_found_with_the_moment_of_its_arrival(stage: Stage, contact: str) -> None:
    message_id = f"<test.{time.time_ns()}@panel.example>"
    text = f"From: a@b.example\r\nMessage-ID: {message_id}\r\n\r\nHello\r\n"
    assert mailfiles.find(home_of(contact), message_id) is None

    sent = datetime.now(UTC).replace(tzinfo=None)
    with stage.smtp() as client:
        client.sendmail(f"test{time.time_ns()}@elsewhere.example", [contact], text)
    found = []

    def arrived() -> bool:
        found[:] = [mailfiles.find(home_of(contact), message_id)]
        return found != [None]

    wait_until(arrived, stage.servers.logs)
    seen = datetime.now(UTC).replace(tzinfo=None)

    assert sent < found[0] < seen
    with stage.imap(contact, PASSWORD) as client:
        client.create("Junk")
        client.select()
        client.copy("1", "Junk")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
    assert mailfiles.find(home_of(contact), message_id) >= sent


def test_the_archive_holds_what_a_mail_program_sees(
    stage: Stage, contact: str, tmp_path: Path
) -> None:
    fill(stage, contact)

    archive = mailfiles.archive(home_of(contact))
    text = b"".join(archive.chunks)

    assert len(text) == archive.size
    packed = zipfile.ZipFile(BytesIO(text))
    assert packed.testzip() is None
    names = {"INBOX": "INBOX", "Sent": "Sent", FOLDERS[1]: "Projets - 2025 - Été", "R&-D": "R&D"}
    assert sorted(packed.namelist()) == sorted(f"{name}.mbox" for name in names.values())
    with stage.imap(contact, PASSWORD) as client:
        for folder, name in names.items():
            (tmp_path / "mbox").write_bytes(packed.read(f"{name}.mbox"))
            with closing(mailbox.mbox(tmp_path / "mbox")) as box:
                kept = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118 - it has no other
            client.select(f'"{folder}"', readonly=True)
            _, numbers = client.search(None, "ALL")
            seen = [
                client.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1].replace(b"\r\n", b"\n")
                for number in numbers[0].split()
            ]
            unquoted = [text.replace(b"\n>From h", b"\nFrom h") for text in kept]
            unquoted = [text.replace(b"\n>>From t", b"\n>From t") for text in unquoted]
            assert sorted(unquoted) == sorted(seen)


# Kick


ENDINGS: dict[str, Callable[[str], None]] = {
    "its mailbox is taken off": forms.remove_mailbox,
    "it is deleted": forms.delete,
    "it is switched off": forms.switch_off,
    "it has a new password": lambda email: forms.new_password(email, OTHER),
    "its domain is removed": lambda email: forms.remove_domain(email.partition("@")[2]),
}


@contextmanager
def by_imap(stage: Stage, email: str) -> Iterator[imaplib.IMAP4]:
    """Open an IMAP session, which nobody closes in order."""
    client = imaplib.IMAP4(LOOPBACK, stage.servers.ports.imap, timeout=30)
    try:
        client.login(email, PASSWORD)
        yield client
    finally:
        client.shutdown()


@contextmanager
def by_pop3(stage: Stage, email: str) -> Iterator[poplib.POP3]:
    """Open a POP3 session, which nobody closes in order."""
    client = poplib.POP3(LOOPBACK, stage.servers.ports.pop3, timeout=30)
    try:
        client.user(email)
        client.pass_(PASSWORD)
        yield client
    finally:
        client.close()


@pytest.mark.parametrize("change", ENDINGS.values(), ids=ENDINGS.keys())
def test_open_sessions_of_an_address_end_when(
    change: Callable[[str], None], stage: Stage, contact: str, bonvenon: str
) -> None:
    stage.send(contact)
    stage.wait_until_delivered()
    path = path_of(stage, contact)
    with by_imap(stage, contact) as reader, by_pop3(stage, contact) as fetcher:
        assert reader.append("INBOX", None, None, TEXT % 1)[0] == "OK"

        change(contact)

        with pytest.raises((imaplib.IMAP4.error, OSError)):
            reader.append("INBOX", None, None, TEXT % 2)
        with pytest.raises((poplib.error_proto, OSError)):
            fetcher.retr(1)
    assert len(messages_in(path)) == 2


def messages_in(path: Path) -> list[Path]:
    return [file for place in ("new", "cur") for file in (path / "Maildir" / place).iterdir()]


def test_nobody_elses_session_ends(stage: Stage, contact: str, bonvenon: str) -> None:
    neighbours = [f"{name}@{bonvenon}" for name in ("ann", "contact2", "my-contact")]
    for email in neighbours:
        forms.mailbox(email, PASSWORD)
    with ExitStack() as opened:
        clients = [opened.enter_context(by_imap(stage, email)) for email in neighbours]

        forms.remove_mailbox(contact)

        for client in clients:
            assert client.append("INBOX", None, None, TEXT % 3)[0] == "OK"


def test_a_session_in_the_middle_of_storing_a_message_stores_nothing(
    stage: Stage, contact: str
) -> None:
    text = TEXT % 1
    with by_imap(stage, contact) as client:
        client.select()
        path = path_of(stage, contact)
        client.send(b"A1 APPEND INBOX {%d}\r\n" % len(text))
        assert client.readline().startswith(b"+")
        client.send(text[:20])

        forms.remove_mailbox(contact)

        with suppress(OSError):
            client.send(text[20:] + b"\r\n")
            while client.readline():
                pass
    assert messages_in(path) == []


def test_who_is_in_the_middle_of_logging_in_is_out_a_little_later(
    stage: Stage, bonvenon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = f"slow@{bonvenon}"
    with monkeypatch.context() as patch:
        patch.setattr(settings, "current", replace(settings.current, mailbox_bcrypt_cost=14))
        forms.mailbox(email, PASSWORD)

    def change() -> None:
        time.sleep(0.3)  # the old hash was read, and takes a second to compare
        database.connect()
        forms.new_password(email, OTHER)
        changed.append(time.monotonic())
        database.db.close()

    changed = list[float]()
    changing = Thread(target=change)
    changing.start()
    with by_imap(stage, email) as client:
        in_at = time.monotonic()
        changing.join()
        assert changed[0] < in_at
        wait_until(lambda: is_out(client), stage.servers.logs, SECONDS_TO_KICK_AGAIN + 5)


def is_out(client: imaplib.IMAP4) -> bool:
    """Say whether a session has ended; not at once if not."""
    try:
        client.noop()
    except (imaplib.IMAP4.error, OSError):
        return True
    time.sleep(0.1)
    return False


def test_who_is_not_in_can_be_kicked(stage: Stage, bonvenon: str) -> None:
    mailfiles.kick(f"nobody@{bonvenon}")


# From the mail to the page


def test_the_pages_show_what_the_background_round_was_told(stage: Stage, contact: str) -> None:
    stage.send(contact, characters=12 * 2**20 // 10)
    stage.send(contact, characters=700_000)
    stage.wait_until_delivered()
    assert "100 MB Edit" in forms.row(contact)

    usage.Round().carry_out()

    assert "1.9 MB of 100 MB never used" in forms.row(contact)
    with stage.imap(contact, PASSWORD):
        pass
    Usage.update(at=now() - timedelta(minutes=2)).execute()
    assert forms.asked(contact).startswith("1.9 MB of 100 MB 2 messages · last log-in today")


# Purge


def test_a_mailbox_is_purged_through_the_whole_chain_and_told_with_its_counts(
    stage: Stage, contact: str
) -> None:
    fill(stage, contact)
    path, held = path_of(stage, contact), mailfiles.usage(home_of(contact))
    forms.delete(contact)
    purging.order(Removed.get(Removed.email == contact), contact, by=hoster())

    purges.carry_out()

    assert not path.exists()
    assert Purge.select().count() == 0
    (told,) = Journal.select().where(Journal.act == "messages.deleted", Journal.email == contact)
    counts = {"messages": str(held.messages), "bytes": str(held.bytes)}
    assert json.loads(told.details) == counts
    assert mailfiles.purge(path.name) == mailfiles.Held(held.messages, held.bytes, None)
