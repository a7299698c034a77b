"""Fifty people click at once while Postfix asks: `python -m bench.load [SECONDS] [PEOPLE]`.

Ends with status 1 when an answer was an error, or a change that was confirmed is not there.
"""

import os
import random
import smtplib
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import servers
from bench.browser import Browser
from bench.fill import ACCOUNT, DOMAIN, MAILBOXES, MANY, PASSWORD, name
from bench.servers import Server
from tests.mailservers.stage import free_ports
from webmailadmin.servers.private import LOOPBACK, Ports, private_servers

SECONDS, PEOPLE = 60, 50
ADDRESSES = 1_000
LOOKUPS_A_SECOND = 200
ASKERS = 4  # SMTP sessions side by side
RECIPIENTS = 100  # in one transaction; Postfix refuses more than 1,000
BOXES = [f"{name(n)}@{DOMAIN}" for n in range(1, ADDRESSES - 20) if n % 20 in MAILBOXES]
SHARED = [f"{name(n)}@{DOMAIN}" for n in range(10, ADDRESSES - 20) if n % 20 == 10][:30]
HERE = f"/domains/{DOMAIN}/"


@dataclass
class Seen:
    """What came of it all. Seconds of each answer; what was confirmed; errors in words."""

    pages: list[float] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    recipients: set[tuple[str, str]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Clicker:
    """A person who clicks on, a second between two clicks, beside many others."""

    def __init__(self, server: Server, number: int, seen: Seen) -> None:
        self.browser = Browser(server)
        self.browser.log_in(ACCOUNT, PASSWORD)
        self.browser.open(HERE)
        self.url, self.line = self.browser.form("#add-address")
        self.dice, self.number, self.seen, self.count = random.Random(number), number, seen, 0

    def click_until(self, end: float) -> None:
        """Click until that time; an error ends it."""
        acts = (self.look, self.look, self.search, self.redirect, self.add, self.switch)
        try:
            while time.monotonic() < end:
                act = self.dice.choice(acts)
                self.count += 1
                act()
                self.seen.acts[act.__name__] += 1
                time.sleep(self.dice.uniform(0.5, 1.5))
        except Exception as error:
            self.seen.errors.append(f"person {self.number}: {error!r}"[:2000])
        finally:
            self.browser.connection.close()

    def open(self, *asked: object, expected: tuple[int, ...] = (200,)) -> None:
        """Ask for a fragment."""
        self.browser.open(*asked, fragment=True, expected=expected)  # type: ignore[arg-type]
        self.seen.pages.append(self.browser.cost.time)

    def look(self) -> None:
        """Read the list."""
        self.open(HERE)

    def search(self) -> None:
        """Search for what many addresses have."""
        self.open(f"{HERE}?q={MANY}")

    def edited(self, email: str, change: Callable[[dict[str, str]], None]) -> None:
        """Open an editor and save what `change` makes of it, until nobody was quicker."""
        while True:
            self.open(f"/addresses/{email}/edit")
            url, sent = self.browser.form("form.editor")
            change(sent)
            self.open(url, sent, expected=(200, 409))
            if self.browser.status == 200:
                return
            self.seen.acts["somebody was quicker"] += 1

    def redirect(self) -> None:
        """Send the mail of an address that others change too to one more place."""
        email, more = self.dice.choice(SHARED), f"p{self.number}.{self.count}@elsewhere.example"

        def add(sent: dict[str, str]) -> None:
            sent["recipients"] += f"\n{more}"

        self.edited(email, add)
        self.seen.recipients.add((email, more))

    def add(self) -> None:
        """Add an address that leads to a mailbox."""
        local_part = f"new{self.number}.{self.count}"
        self.open(self.url, self.line | {"local_part": local_part})
        url, sent = self.browser.form("form.editor")
        self.open(url, sent | {"mailbox": "no", "recipients": self.dice.choice(BOXES)})
        self.seen.names.add(f"{local_part}@{DOMAIN}")

    def switch(self) -> None:
        """Switch an address that was added before off or on."""
        mine = sorted(email for email in self.seen.names if email.startswith(f"new{self.number}."))
        if mine:
            self.edited(self.dice.choice(mine), lambda sent: sent.update(enabled=""))


class Asker:
    """An SMTP client that names recipient after recipient: Postfix looks each up in every map."""

    def __init__(self, ports: Ports, number: int) -> None:
        self.ports, self.dice = ports, random.Random(number)
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def ask_until(self, end: float) -> None:
        """Ask at an even pace, however long the answers take, until that time."""
        try:
            with smtplib.SMTP(LOOPBACK, self.ports.smtp, timeout=60) as client:
                client.ehlo()
                due = time.monotonic()
                while due < end:
                    self.transaction(client, due)
                    due += RECIPIENTS * ASKERS / LOOKUPS_A_SECOND
        except (smtplib.SMTPException, OSError) as error:
            self.errors.append(repr(error))

    def transaction(self, client: smtplib.SMTP, due: float) -> None:
        """Name many recipients of one message that is never sent."""
        client.mail("somebody@elsewhere.example")
        for _ in range(RECIPIENTS):
            time.sleep(max(0.0, due - time.monotonic()))
            due += ASKERS / LOOKUPS_A_SECOND
            began = time.monotonic()
            code, text = client.rcpt(self.dice.choice(BOXES))
            self.seconds.append(time.monotonic() - began)
            if code != 250:
                self.errors.append(f"{code} {text!r}")
        client.rset()


def at_once(works: list[Callable[[], None]]) -> None:
    """Do all of them at once, to their ends."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def asked(ports: Ports, seconds: float, beside: list[Callable[[float], None]]) -> Asker:
    """Let Postfix ask for so many seconds, with others `beside`; return all as one asker."""
    end = time.monotonic() + seconds
    askers = [Asker(ports, number) for number in range(ASKERS)]
    everybody = [*(asker.ask_until for asker in askers), *beside]
    at_once([lambda work=work: work(end) for work in everybody])  # type: ignore[misc]
    for other in askers[1:]:
        askers[0].seconds += other.seconds
        askers[0].errors += other.errors
    return askers[0]


def lost(folder: Path, seen: Seen) -> list[str]:
    """Return what was confirmed and is not in the database."""
    command = (
        "from webmailadmin import database, models\n"
        "import pathlib, sys\n"
        "database.open_database(pathlib.Path(sys.argv[1]))\n"
        "rows = models.Recipient.select().join(models.Address)\n"
        "for row in rows: print(row.address.email, row.email)\n"
    )
    there = servers.output_of(command, folder).splitlines()
    addresses = {line.partition(" ")[0] for line in there}
    confirmed = {f"{email} {more}" for email, more in seen.recipients}
    return sorted((confirmed - set(there)) | (seen.names - addresses))


@contextmanager
def running(folder: Path) -> Iterator[tuple[Server, Ports]]:
    """Run the panel, and Postfix and Dovecot, over a thousand addresses."""
    servers.fill(folder / "data", ADDRESSES)
    ports = free_ports()
    with (
        private_servers(folder / "servers", folder / "data" / "webmailadmin.db", ports),
        servers.panel(folder / "data") as panel,
    ):
        yield panel, ports


def ninety_ninth(seconds: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(seconds, n=100)[98]


def percentiles(seconds: list[float]) -> str:
    """Return how many there were, and in milliseconds the median and the 99th percentile."""
    median, last = statistics.median(seconds), ninety_ninth(seconds)
    return f"{len(seconds):,} | {median * 1000:.1f} | {last * 1000:.1f}"


def measure(folder: Path, seconds: float, people: int) -> tuple[Asker, Asker, Seen, list[str]]:
    """Ask without and with people beside; return both, what the people saw, and what is lost."""
    seen = Seen()
    with running(folder) as (panel, ports):
        clickers = [Clicker(panel, number, seen) for number in range(people)]
        asked(ports, 2, [])  # Postfix starts its processes
        alone = asked(ports, seconds / 2, [])
        beside = asked(ports, seconds, [clicker.click_until for clicker in clickers])
    return alone, beside, seen, lost(folder / "data", seen)


PAGE = """# Under load

Written by `make load`, as measured: {date}, {people} people in {seconds:.0f} seconds on {cores}
cores, which also run the people, Postfix, Dovecot and those who ask Postfix. Each person is logged
in and clicks on, a second between two clicks: reads the list, searches, redirects an address that
others change too, adds one, switches it off. Beside them SMTP clients name {lookups} recipients a
second, each of which Postfix looks up in every map of the panel's database.

| | answers | median, ms | 99th percentile, ms |
|---|---|---|---|
| a recipient at Postfix, nobody clicks | {alone} |
| a recipient at Postfix, all click | {beside} |
| an answer of the panel | {pages} |

The 99th percentile of the recipients with the people is {ratio:.1f} times that without.
Acts: {acts}. Confirmed: {recipients} recipients and {names} addresses; lost: {lost}.
Errors: {errors}.
"""


def main() -> None:
    """Measure, write and tell."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    people = int(sys.argv[2]) if len(sys.argv) > 2 else PEOPLE
    with tempfile.TemporaryDirectory(prefix="webmailadmin-load-") as folder:
        Path(folder).chmod(0o755)
        alone, beside, seen, missing = measure(Path(folder), seconds, people)
    errors = alone.errors + beside.errors + seen.errors
    text = PAGE.format(
        date=datetime.now(UTC).date(),
        people=people,
        seconds=seconds,
        cores=os.cpu_count(),
        lookups=LOOKUPS_A_SECOND,
        alone=percentiles(alone.seconds),
        beside=percentiles(beside.seconds),
        pages=percentiles(seen.pages),
        ratio=ninety_ninth(beside.seconds) / ninety_ninth(alone.seconds),
        acts=", ".join(f"{act} {count}" for act, count in sorted(seen.acts.items())),
        recipients=len(seen.recipients),
        names=len(seen.names),
        lost=len(missing),
        errors=len(errors),
    )
    Path("docs/load.md").write_text(text)
    print(text, *missing, *errors, sep="\n")
    sys.exit(1 if missing or errors else 0)


if __name__ == "__main__":
    main()
