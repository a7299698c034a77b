"""The mail files are gone, or Dovecot is down: pages go on, and what was ordered waits."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mail.stage import hoster
from tests.mailservers import forms
from tests.mailservers.helped import helped, home_of
from tests.mailservers.stage import Stage, wait_until
from webmailadmin.mail import purging
from webmailadmin.models import Chore, Kick, Purge, Removed
from webmailadmin.servers import private
from webmailadmin.upkeep.worker import Worker

PASSWORD = "correct horse battery"
PAGES = ("/domains/", "/health")


@pytest.fixture(scope="module")
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix, Dovecot and the helper on an empty database, which `forms` fills."""
    with helped(open_folder) as stage:
        yield stage


@pytest.fixture
def contact(stage: Stage, bonvenon: str) -> str:
    """A mailbox with a message."""
    email = f"contact@{bonvenon}"
    forms.mailbox(email, PASSWORD, quota_mb=100)
    assert stage.send(email).taken
    stage.wait_until_delivered()
    return email


@contextmanager
def without_mail_files(stage: Stage) -> Iterator[None]:
    """Take the folder of the mail files away, as when its disk is not mounted."""
    root = stage.servers.values.mail_root
    aside = root.rename(root.with_name("aside"))
    try:
        yield
    finally:
        aside.rename(root)


@contextmanager
def without_dovecot(stage: Stage) -> Iterator[Callable[[], None]]:
    """Stop Dovecot; call what comes to start it again, until the block ends."""
    servers = stage.servers
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        log = servers.folder / "log" / "start.log"
        command = ("dovecot", "-F", "-c", str(servers.dovecot_file))
        started.append(servers.system.start(log, *command))
        private.wait_until_ready(servers, started, servers.ports.imap, servers.ports.pop3)

    servers.doveadm("stop")
    wait_until(lambda: servers.doveadm("who").returncode != 0, servers.logs)
    try:
        yield start
    finally:
        private.stop(started)


def all_pages_answer(email: str) -> None:
    """See that whoever only looks is answered, and soon."""
    name = email.partition("@")[2]
    began = time.monotonic()
    for page in (*PAGES, f"/domains/{name}/", f"/addresses/{email}/edit"):
        assert forms.browser.get(page).status == 200, page
    assert time.monotonic() - began < 10


def trouble_of(name: str) -> str:
    """Let the worker do one of its chores; what it met."""
    worker = Worker()
    worker.carry_out(next(chore for chore in worker.due if chore.name == name))
    return str(Chore.get(Chore.name == name).trouble)


def test_without_the_mail_files_pages_answer_and_a_purge_waits(stage: Stage, contact: str) -> None:
    home = home_of(contact)
    with without_mail_files(stage):
        all_pages_answer(contact)
        forms.delete(contact)
        purging.order(Removed.get(Removed.email == contact), contact, by=hoster())
        assert "cannot be opened: No such file or directory" in trouble_of("purges")
        assert Purge.get(Purge.home == home).trouble != ""

    assert trouble_of("purges") == ""
    assert Purge.select().count() == 0
    assert not (stage.servers.values.mail_root / home).exists()


def test_while_dovecot_is_down_mail_waits_pages_answer_and_kicks_stay_ordered(
    stage: Stage, contact: str
) -> None:
    with without_dovecot(stage) as start:
        all_pages_answer(contact)
        dialogue = stage.send(contact)
        assert dialogue.recipients[0].startswith("4"), dialogue
        forms.switch_off(contact)
        assert Kick.select().where(Kick.email == contact).exists()
        assert trouble_of("kicks").startswith("Dovecot does not end sessions")
        start()
        assert trouble_of("kicks") == ""
        assert not Kick.select().exists()
        forms.switch_on(contact)
        assert stage.send(contact, subject="Again").taken
        assert stage.subjects(contact, PASSWORD) == ["Hello", "Again"]
