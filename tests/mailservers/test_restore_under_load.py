"""Backup, restore and upgrade while mail comes in, with real servers that have the file open."""

import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests import first_schema
from tests.mail import truth
from tests.mail.stage import sql
from tests.mailservers import forms
from tests.mailservers.stage import Stage, free_ports, wait_until
from tests.test_backup import WRITER
from webmailadmin import database
from webmailadmin.database import db
from webmailadmin.servers.private import private_servers

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
SESSIONS, SECONDS_BETWEEN = 4, 0.04  # two recipients each: 200 a second
fresh_number = itertools.count(1)
TROUBLE = re.compile(r"fatal|panic|lookup error|malformed|no such table|unable to open", re.I)


def typed(stage: Stage, folder: Path, *words: str) -> str:
    """Type a command of ours as root, whose `doveadm` is that of the private Dovecot."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    script = f'#!/bin/sh\nexec /usr/bin/doveadm -c {stage.servers.dovecot_file} "$@"\n'
    (programs / "doveadm").write_text(script)
    (programs / "webmailadmin").write_text(
        f'#!/bin/sh\ncd {CHECKOUT}\nexec {sys.executable} -m webmailadmin "$@"\n'
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    done = subprocess.run(
        words,
        env=os.environ
        | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "WEBMAILADMIN_DATA": str(stage.servers.values.database.parent),
            "WEBMAILADMIN_MAIL_ROOT": str(stage.servers.values.mail_root),
            "WEBMAILADMIN_HELPER_SOCKET": str(folder / "nobody"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def beside(*works: object) -> Iterator[None]:
    """Do works in threads until the block ends; each is told by an event when that is."""
    stop = Event()
    threads = [Thread(target=work, args=(stop,)) for work in works]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class Asker:
    """Names recipients to Postfix all the time, and looks up by its own program."""

    def __init__(self, stage: Stage, emails: list[str]) -> None:
        self.stage, self.emails = stage, emails
        self.answers: list[str] = []
        self.found: list[str] = []

    def name(self, stop: Event) -> None:
        """Name recipients of messages that are never sent."""
        with self.stage.smtp() as client:
            while not stop.wait(SECONDS_BETWEEN):
                client.mail("somebody@elsewhere.example")
                for email in self.emails:
                    code, text = client.rcpt(email)
                    self.answers.append("250" if code == 250 else f"{code} {text!r}")
                client.rset()

    def look_up(self, stop: Event) -> None:
        """Look addresses up as Postfix's programs do, each in a process of its own."""
        where = f"sqlite:{self.stage.servers.values.maps}/mailboxes.cf"
        while not stop.wait(SECONDS_BETWEEN):
            for email in self.emails:
                self.found.append(self.stage.servers.postfix("postmap", "-q", email, where).strip())


def workers_that_met_it(stage: Stage) -> int:
    """Return how many workers of Dovecot met the new schema in the middle, each but once."""
    met = re.findall(r"auth-worker\((\d+)\): .*database schema has changed", stage.servers.logs())
    assert len(met) == len(set(met))
    return len(met)


# Restore


def test_a_restore_while_everybody_is_at_work_loses_no_lookup_and_no_mail(
    stage: Stage, open_folder: Path
) -> None:
    forms.domain("steady.example")
    for name in ("ann", "bob", "carol"):
        forms.mailbox(f"{name}@steady.example", PASSWORD)
    forms.alias("sales@steady.example", ["ann@steady.example"])
    data, file = stage.servers.values.database.parent, open_folder / "one.db"
    asker = Asker(stage, ["ann@steady.example", "bob@steady.example"])
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(data)], stdout=subprocess.PIPE, cwd=CHECKOUT
    )
    try:
        assert writer.stdout
        writer.stdout.readline()
        with beside(*[asker.name] * SESSIONS, asker.look_up):
            typed(stage, open_folder, "webmailadmin", "backup", str(file))
            forms.mailbox("later@steady.example", PASSWORD)
            forms.edit("sales@steady.example", {"recipients": "later@steady.example"})
            forms.delete("carol@steady.example")
            forms.mailbox("carol@steady.example", "another fine password 31")
            forms.new_password("ann@steady.example", "another fine password 31")
            assert stage.send("sales@steady.example", subject="Later").taken
            stage.wait_until_delivered()

            said = typed(stage, open_folder, "webmailadmin", "restore", str(file))

            assert stage.send("sales@steady.example", subject="After").taken
        assert writer.poll() is None, "who writes goes on"
    finally:
        writer.kill()
        writer.communicate()

    assert "before-restore-" in said
    assert "doveadm reload" not in said, "it was not reloaded"
    failed = [answer for answer in asker.answers if answer != "250"]
    print(f"{len(failed)} of {len(asker.answers)} recipients put off")
    assert len(failed) <= workers_that_met_it(stage), failed
    assert all(answer.startswith("450 ") for answer in failed)
    assert set(asker.found) == set(asker.emails)
    assert len(asker.answers) > 100
    assert [line for line in stage.servers.logs().splitlines() if TROUBLE.search(line)] == []
    assert stage.subjects("ann@steady.example", PASSWORD) == ["After"]
    assert stage.doors_open_to("carol@steady.example", PASSWORD) == {"imap", "pop3", "smtp"}
    refused = stage.send("later@steady.example").recipients
    assert refused[0].startswith("550 ")
    forms.open_panel(data)  # the session has ended; logs in again
    truth.check()
    assert sql("SELECT email FROM address WHERE email LIKE '%@steady.example' ORDER BY email") == [
        (f"{name}@steady.example",) for name in ("ann", "bob", "carol", "postmaster", "sales")
    ]
    forms.alias("new@steady.example", ["ann@steady.example"])
    assert stage.send("new@steady.example").taken


# One mailbox


def test_one_mailboxs_messages_come_back_by_the_lines_of_the_documentation(
    stage: Stage, bonvenon: str, open_folder: Path
) -> None:
    contact, files = f"contact@{bonvenon}", open_folder / "files"
    forms.mailbox(contact, PASSWORD)
    for subject in ("One", "Two", "Three"):
        assert stage.send(contact, subject=subject).taken
        stage.wait_until_delivered()  # one after the other: they keep their order
    with stage.imap(contact, PASSWORD) as client:
        client.select()
        client.store("1", "+FLAGS", r"\Seen")
    mail = stage.servers.values.mail_root
    subprocess.run(["mkdir", "-p", f"{files}{mail.parent}"], check=True)
    subprocess.run(["cp", "-a", str(mail), f"{files}{mail}"], check=True)
    with stage.imap(contact, PASSWORD) as client:
        client.select()
        client.store("1:2", "+FLAGS", r"\Deleted")
        client.expunge()

    lines = documented("## Bring one mailbox's messages back")
    lines = lines.replace("contact@bonvenon.fr", contact).replace("/path/to/the/backup", str(files))
    typed(stage, open_folder, "bash", "-euc", lines)

    assert stage.subjects(contact, PASSWORD) == ["Three"]
    with stage.imap(contact, PASSWORD) as client:
        _, listed = client.lsub()
        assert any(b"Restored" in line for line in listed)
        client.select("Restored", readonly=True)
        _, numbers = client.search(None, "ALL")
        _, seen = client.search(None, "SEEN")
        assert (len(numbers[0].split()), len(seen[0].split())) == (3, 1)
        _, found = client.fetch("1:3", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        subjects = {one[1].decode().split()[1] for one in found if isinstance(one, tuple)}
        assert subjects == {"One", "Two", "Three"}
    assert stage.send(contact, subject="Four").taken
    assert stage.subjects(contact, PASSWORD) == ["Three", "Four"]


def documented(heading: str) -> str:
    """Return the commands below a heading of docs/backup.md."""
    text = (CHECKOUT / "docs" / "backup.md").read_text().partition(heading)[2].partition("\n## ")[0]
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))


# Upgrade


@pytest.fixture
def first_version(open_folder: Path) -> Iterator[Stage]:
    """Servers on a database that the first version left."""
    number = next(fresh_number)
    file = first_schema.make(open_folder / f"first{number}")
    with private_servers(open_folder / f"first-servers{number}", file, free_ports()) as servers:
        # What is put off is tried again at once.
        soon = ("queue_run_delay=1s", "minimal_backoff_time=1s", "maximal_backoff_time=1s")
        servers.postfix("postconf", "-e", *soon)
        master = servers.values.spool / "pid" / "master.pid"
        os.kill(int(master.read_text()), signal.SIGHUP)
        # Vacation answers came later: `servers install` brings them, after the upgrade.
        with servers.dovecot_file.open("a") as file_of_dovecot:
            file_of_dovecot.write("protocol lmtp {\n  mail_plugins = quota\n}\n")
        assert servers.doveadm("reload").returncode == 0
        yield Stage(servers)


class Sender:
    """Sends messages one after the other, and counts what became of them in the dialogue."""

    def __init__(self, stage: Stage, email: str) -> None:
        self.stage, self.email = stage, email
        self.taken = self.put_off = 0
        self.refused: list[object] = []

    def send(self, stop: Event) -> None:
        while not stop.is_set():
            dialogue = self.stage.send(self.email, subject="Flowing")
            said = dialogue.message or dialogue.recipients[0]
            if dialogue.taken:
                self.taken += 1
            elif said.startswith("4"):
                self.put_off += 1
            else:
                self.refused.append(dialogue)


def test_an_upgrade_while_mail_flows_bounces_none_and_puts_off_one_per_worker_at_most(
    first_version: Stage, open_folder: Path
) -> None:
    stage = first_version
    senders = [Sender(stage, f"{name}@bonvenon.fr") for name in ("ann", "bob", "sales", "x")]
    asker = Asker(stage, ["ann@bonvenon.fr", "sales@bonvenon.fr"])
    with beside(*[sender.send for sender in senders], asker.name):
        wait_until(lambda: min(sender.taken for sender in senders) > 5, stage.servers.logs, 60)
        said = typed(stage, open_folder, "webmailadmin", "upgrade")
        enough = max(sender.taken for sender in senders) + 5
        wait_until(lambda: min(sender.taken for sender in senders) > enough, stage.servers.logs, 60)
    stage.wait_until_delivered()

    assert "The database is up to date." in said
    log = stage.servers.logs()
    deferred = len(set(re.findall(r": (\w+): to=<.*status=deferred", log)))
    put_off = sum(sender.put_off for sender in senders)
    unnamed = sum(answer != "250" for answer in asker.answers)
    print(f"{deferred} deferred, {put_off + unnamed} put off in the dialogue")
    assert deferred + put_off + unnamed <= workers_that_met_it(stage)
    assert [sender.refused for sender in senders] == [[]] * 4
    assert "status=bounced" not in log
    assert not TROUBLE.search(log)
    # sales@ and what nobody has lead to ann@.
    ann, bob, sales, unknown = (sender.taken for sender in senders)
    assert len(stage.subjects("ann@bonvenon.fr", first_schema.PASSWORD)) == ann + sales + unknown
    assert len(stage.subjects("bob@bonvenon.fr", first_schema.PASSWORD)) == bob
    database.open_database(stage.servers.values.database.parent)
    try:
        truth.check()
    finally:
        db.close()


def test_an_upgrade_while_nobody_writes_puts_nothing_off(
    first_version: Stage, open_folder: Path
) -> None:
    stage = first_version
    for _ in range(3):
        assert stage.send("ann@bonvenon.fr").taken
    stage.wait_until_delivered()

    typed(stage, open_folder, "webmailadmin", "upgrade")

    for email in ("ann@bonvenon.fr", "sales@bonvenon.fr", "x@bonvenon.fr") * 3:
        assert stage.send(email).taken
    assert len(stage.subjects("ann@bonvenon.fr", first_schema.PASSWORD)) == 12
    assert workers_that_met_it(stage) == 0
    assert "status=deferred" not in stage.servers.logs()
