"""Any acts in any order while mail comes in: each message is where the rules sent it.

`make soak` goes on for SOAK_SECONDS; without them it is a short look.
"""

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from tests.mail import truth
from tests.mail.stage import install, make, sql
from tests.mail.test_any_sequence import (
    COMMAND_LINE,
    DOMAINS,
    EMAILS,
    TAGGED,
    UNKNOWN,
    Panel,
    an_email,
)
from tests.mailservers.helped import helped
from tests.mailservers.stage import Stage, parsed
from webmailadmin.mail import purging
from webmailadmin.upkeep import purges

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
WRITTEN_TO = (*EMAILS * 2, *TAGGED, *UNKNOWN, *(f"dora@{domain}" for domain in DOMAINS))
STEADY = ("box@steady.example", "all@steady.example")  # the second leads to the first
SUBJECT = "Soak "

Places = frozenset[str]


class Post:
    """What was sent, and where each message must be: in which homes, and with whom outside."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.dice = stage, random.Random()
        self.expected: dict[str, Places] = {}
        self.refused = 0

    def homes(self) -> dict[str, str]:
        """Return the home of each mailbox by its address."""
        rows = sql("SELECT email, home FROM address JOIN mailbox ON address_id = address.id")
        return dict(rows)

    def write_to(self, email: str) -> None:
        """Send a message; it is taken exactly when mail for the address has an end."""
        ends, homes = truth.world().ends(email), self.homes()
        places = frozenset(homes.get(end, end) for end in ends)
        number = f"{len(self.expected) + self.refused}"
        dialogue = self.stage.send(email, subject=SUBJECT + number)
        assert dialogue.taken == bool(places), (email, dialogue, places)
        if places:
            self.expected[number] = places
        else:
            assert dialogue.recipients[0].startswith("550 "), dialogue
            self.refused += 1

    def found(self) -> dict[str, Counter[str]]:
        """Return where each message is."""
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        servers = self.stage.servers
        for file in servers.values.mail_root.glob("*/Maildir/*/*:2,*"):
            self.see(seen, file, file.parents[2].name)
        for file in servers.values.mail_root.glob("*/Maildir/new/*"):
            self.see(seen, file, file.parents[2].name)
        for file in servers.outside.glob("new/*"):
            self.see(seen, file, None)
        return seen

    def see(self, seen: dict[str, Counter[str]], file: Path, home: str | None) -> None:
        """Count a message that lies in `file`."""
        message = parsed(file.read_bytes())
        subject = str(message["Subject"])
        if subject.startswith(SUBJECT):
            seen[subject.removeprefix(SUBJECT)][home or str(message["Delivered-To"])] += 1

    def forget(self, homes: set[str]) -> None:
        """Expect nothing any more in these homes."""
        self.expected = {number: places - homes for number, places in self.expected.items()}

    def check(self) -> None:
        """Every message is once in each place that the rules named, and nowhere else."""
        self.stage.wait_until_delivered()
        wanted = {number: Counter(places) for number, places in self.expected.items() if places}
        assert self.found() == wanted


class Soaked(Panel):
    """The acts of `test_any_sequence` on the database that real servers read."""

    post: ClassVar[Post]

    def __init__(self) -> None:
        super(Panel, self).__init__()
        self.alice = COMMAND_LINE

    def teardown(self) -> None:
        assert sql("PRAGMA integrity_check") == [("ok",)]
        self.post.check()

    @invariant()
    def mail_comes_in(self) -> None:
        """Write to somebody; what is on its way arrives before the next act."""
        self.post.write_to(self.post.dice.choice(WRITTEN_TO))
        self.post.stage.wait_until_delivered()

    @rule()
    def files_are_deleted(self) -> None:
        """Let the helper delete the homes that were let go for good."""
        homes = {purge.home for purge in purging.ordered()}
        assert purges.delete_ordered() == []
        self.post.forget(homes)

    @rule(email=an_email)
    def many_write(self, email: str) -> None:
        """Write to one address several times."""
        for _ in range(3):
            self.post.write_to(email)


@contextmanager
def steadily(stage: Stage, sent: list[str]) -> Iterator[None]:
    """Let mail come in all the time for addresses that nobody changes."""
    stop, troubles = Event(), []

    def write() -> None:
        while not stop.wait(0.05):
            for email in STEADY:
                dialogue = stage.send(email, subject="Steady")
                (sent if dialogue.taken else troubles).append(str(dialogue))

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert troubles == []


@pytest.fixture
def stage(open_folder: Path) -> Iterator[Stage]:
    """Postfix, Dovecot and the helper on an empty database."""
    with helped(open_folder) as stage:
        yield stage


def test_every_message_is_where_the_rules_sent_it(stage: Stage) -> None:
    for name in (*DOMAINS, "steady.example"):
        install(name, by=COMMAND_LINE)
    for name in DOMAINS:
        make(f"ann@{name}", by=COMMAND_LINE, mailbox=True)
        make(f"bob@{name}", by=COMMAND_LINE)
    make("box@steady.example", by=COMMAND_LINE, mailbox=True)
    make("all@steady.example", by=COMMAND_LINE, recipients=["box@steady.example"])
    Soaked.post = Post(stage)
    sent: list[str] = []
    end = time.monotonic() + SECONDS
    with steadily(stage, sent):
        while time.monotonic() < end:
            run_state_machine_as_test(
                Soaked,
                settings=settings(
                    database=None,
                    deadline=None,
                    max_examples=1,
                    stateful_step_count=40,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
    Soaked.post.check()
    home = Soaked.post.homes()["box@steady.example"]
    arrived = list((stage.servers.values.mail_root / home).glob("Maildir/new/*"))
    assert len(arrived) == len(sent) > 0
    print(f"{len(Soaked.post.expected)} messages taken, {Soaked.post.refused} refused")
