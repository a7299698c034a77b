"""`kill -9` of the helper and of the worker while they purge: all of it goes, and nothing else.

The helper is asked through its real client, at each step on files; what broke off is finished
by the worker's next round, and told in the journal once, with all its messages.
"""

import os
import pwd
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.killed.conftest import Panel
from tests.killed.dying import DEATHS, Fate, Place, dies, open_quickly
from tests.mail.stage import find, hoster, sql
from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import addresses
from webmailadmin.models import Kick, Mailbox, Removed
from webmailadmin.servers.helper import trash
from webmailadmin.servers.helper.orders import Orders
from webmailadmin.servers.helper.server import Server, listen
from webmailadmin.servers.helper.tree import open_root
from webmailadmin.upkeep import purges

HEALTHY, DYING = "healthy", "dying"
GONE, KEPT = "ann@one.example", "ann@two.example"
MESSAGES = {"cur": 4, "new": 2, ".Sent/cur": 3, ".Projets.2025/cur": 1, ".Empty/tmp": 0}
BYTES_OF_ONE = 100


@pytest.fixture
def place(panel: Panel) -> Iterator[Place]:
    """A removed mailbox past its date, another one beside it, and a helper that answers."""
    with panel.arranged() as place:
        mail = place.folder / "mail"
        homes = {email: home_of(email) for email in (GONE, KEPT)}
        for home in homes.values():
            fill(mail / home)
        addresses.remove(find(GONE), confirmed=True, by=hoster())
        Removed.update(until=Removed.removed_at).execute()
        Kick.delete().execute()
    with helper(place, HEALTHY):
        ask(place, HEALTHY)
        # Of the worker's chores the one that is looked at: what others learn of the helper
        # depends on the moment.
        yield replace(place, repair=purges.carry_out)


def home_of(email: str) -> str:
    return str(Mailbox.get(Mailbox.address == find(email)).home)


def fill(home: Path) -> None:
    """Make a mailbox as Dovecot does."""
    for folder, count in MESSAGES.items():
        path = home / "Maildir" / folder
        path.mkdir(parents=True)
        for number in range(count):
            (path / f"{number}.M1P1.{path.name},S=9,W={BYTES_OF_ONE}:2,S").write_text(
                "Subject: x\n"
            )
    (home / "Maildir" / "cur" / "link").symlink_to("/etc/passwd")
    (home / "last_login").write_text("shared/last-login/imap\n1795573233\n")


@contextmanager
def helper(place: Place, name: str, point: int = 0) -> Iterator[Callable[[], bool]]:
    """Run a helper that dies at a step on files; yield what waits for its end, and says if so."""
    path = place.folder.with_name(name)
    listening = listen(path)
    child = os.fork()
    if not child:
        try:
            os.fsync = int  # as in open_quickly
            if point:
                sys.addaudithook(Fate(point).hear)
            user = pwd.getpwuid(os.geteuid()).pw_name
            Server(listening, user, Orders(place.work / "mail", path)).serve()
        finally:
            os._exit(1)
    listening.close()
    ended: list[int] = []

    def died() -> bool:
        if not ended:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))  # who is dying does not answer
                os.kill(child, signal.SIGTERM)
            ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        return ended == [-signal.SIGKILL]

    yield died
    died()


def ask(place: Place, name: str) -> None:
    """Let the client ask this helper from now on."""
    path = place.folder.with_name(name)
    settings.use(replace(settings.current, helper_socket=path))


def files(place: Place) -> list[str]:
    """Return all that lies in the mail root."""
    return sorted(str(path.relative_to(place.work)) for path in (place.work / "mail").rglob("*"))


def kill_everywhere(place: Place, kind: str, dies_at: Callable[[int], bool]) -> int:
    """Let somebody die at each point; afterwards all must be as if nobody had."""
    place.copy()
    before = files(place)
    whole, left = place.after_restart(), files(place)
    kept = [name for name in before if f"mail/{home_kept(place)}" in name]
    count = sum(MESSAGES.values())
    (home,) = {name.split("/")[1] for name in before} - {home_kept(place)}
    tombstone = f"mail/.trash/{home}-{count}-{count * BYTES_OF_ONE}"
    assert left == sorted(["mail/.trash", tombstone, *kept])
    assert told(whole) == [f'{{"messages": "{count}", "bytes": "{count * BYTES_OF_ONE}"}}']
    point = 1
    while dies_at(point):
        assert place.after_restart() == whole, f"not as it should be after point {point}"
        assert files(place) == left, f"not the files there should be after point {point}"
        point += 1
    DEATHS[kind] += point - 1
    return point - 1


def home_kept(place: Place) -> str:
    open_quickly(place.work)
    try:
        return home_of(KEPT)
    finally:
        db.close()


def told(image: dict[str, list[tuple[object, ...]]]) -> list[object]:
    """Return what the journal says of deleted messages."""
    return [row[-2] for row in image["journal"] if "messages.deleted" in row]


def test_the_worker_dies_at_every_statement_of_a_purge(place: Place) -> None:
    def dies_at(point: int) -> bool:
        return dies(place.copy(), purges.carry_out, point)

    assert kill_everywhere(place, "purge, worker", dies_at) > 10


def test_the_helper_dies_at_every_step_of_a_purge(place: Place) -> None:
    def dies_at(point: int) -> bool:
        place.copy()
        with helper(place, DYING, point) as died:
            ask(place, DYING)
            open_quickly(place.work)
            try:
                purges.carry_out()
            except purges.PurgesStuck:
                assert sql("SELECT count(*) FROM purge WHERE trouble != ''") == [(1,)]
            finally:
                db.close()
                ask(place, HEALTHY)
            return died()

    assert kill_everywhere(place, "purge, helper", dies_at) > sum(MESSAGES.values())


def test_the_helper_dies_at_every_step_of_finishing_at_its_start(place: Place) -> None:
    def half_purged() -> None:
        mail = place.work / "mail"
        (home,) = {path.name for path in mail.iterdir()} - {home_kept(place)}
        count = sum(MESSAGES.values())
        (mail / ".trash").mkdir()
        (mail / home).rename(mail / ".trash" / f"{home}-{count}-{count * BYTES_OF_ONE}")

    def finish() -> None:
        with open_root(place.work / "mail") as root:
            trash.finish(root)

    def dies_at(point: int) -> bool:
        place.copy()
        half_purged()
        return dies(place.work, finish, point)

    assert kill_everywhere(place, "purge, start of the helper", dies_at) > sum(MESSAGES.values())
