"""The panel as it really runs: a process of its own, on a port and a folder of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

from webmailadmin import database, models, settings
from webmailadmin.mail import (
    accounts,
    addresses,
    domains,
    mailboxes,
    recipients,
    routing,
    sessions,
    usage,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.models import Account, Address, Mailbox

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "a fine long password 27"
SECONDS_TO_START = 30
# What stays from one test to the next, beside Alice's account.
KEPT_TABLES = ("account", "schema_migration")


class Panel:
    """A panel, started and stopped at will; its accounts are made at the command line."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.smtp_port = free_port()
        self.helper_socket = folder / "helper"
        self.environment = os.environ | {
            "WEBMAILADMIN_DATA": str(folder / "data"),
            "PORT": str(self.port),
            "WEBMAILADMIN_MAILBOX_BCRYPT_COST": "4",
            "WEBMAILADMIN_ACCOUNT_BCRYPT_COST": "4",
            "WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
            "WEBMAILADMIN_MAIL_HOST": "mail.example.net",
            "WEBMAILADMIN_SMTP_PORT": str(self.smtp_port),
            "WEBMAILADMIN_WEBMAIL_URL": "https://webmail.example.net",
            "WEBMAILADMIN_TIME_ZONE": "Europe/Paris",
            "WEBMAILADMIN_HELPER_SOCKET": str(self.helper_socket),
            "LANG": "C.UTF-8",
        }
        self.log = folder / "panel.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webmailadmin", "run", "--no-worker"],
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + SECONDS_TO_START
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, f"The panel does not answer: {self.log.read_text()}"
            time.sleep(0.02)

    def answers(self) -> bool:
        """Say whether somebody listens and speaks HTTP."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/log-in")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it, as systemd would."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def command(self, *words: str, typed: str = "") -> str:
        """Run a command of ours; return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "webmailadmin", *words],
            cwd=CHECKOUT,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def rules(self) -> Iterator[Actor]:
        """Open the panel's database here, to set a stage by the rules as Alice."""
        before = settings.current
        settings.use(settings.read(self.environment))
        database.open_database(settings.current.data)
        try:
            yield accounts.actor(Account.get(Account.name == "alice"))
        finally:
            database.db.close()
            settings.use(before)

    def empty(self) -> None:
        """Take away everything but Alice: each test begins on an empty stage."""
        with self.rules():
            db = database.db
            db.pragma("foreign_keys", 0)
            with db.atomic():
                # What keeps the journal from being shortened; it stands again afterwards.
                guards = db.execute_sql(
                    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
                ).fetchall()
                for name, _ in guards:
                    db.execute_sql(f'DROP TRIGGER "{name}"')
                for table in db.get_tables():
                    if table not in KEPT_TABLES and not table.startswith("sqlite_"):
                        db.execute_sql(f'DELETE FROM "{table}"')
                db.execute_sql("DELETE FROM account WHERE name <> 'alice'")
                for _, sql in guards:
                    db.execute_sql(sql)

    def use(self, *, now: datetime | None = None) -> None:
        """Let the mailboxes hold something, each another share of its limit, at that time."""
        with self.rules():
            at = now or models.now()
            boxes = Mailbox.select().order_by(Mailbox.id)
            usage.note_all(
                usage.Answer(
                    box.id,
                    messages=number * 61,
                    size=(number * 37 % 101) * (box.quota_mb or 2000) * usage.MB // 100,
                    last_log_in=at - timedelta(days=number * 3) if number % 4 else None,
                    at=at,
                )
                for number, box in enumerate(boxes)
            )

    def session_of_alice(self) -> str:
        """Return the token of a new session."""
        with self.rules() as alice:
            return sessions.open_session(alice)

    def session_of_holder(self, email: str) -> str:
        """Return the token of a new session of who holds a mailbox."""
        with self.rules():
            box = Mailbox.get(Mailbox.address == Address.get(Address.email == email))
            return sessions.open_session(Actor(Kind.HOLDER, box.id, email))

    def install(self, name: str) -> None:
        """Install a domain whose postmaster@ leads elsewhere."""
        with self.rules() as alice:
            domains.install(name, "camille@elsewhere.org", by=alice)

    def add(
        self, email: str, recipients: str = "", *, mailbox: bool = False, enabled: bool = True
    ) -> None:
        """Add an address, with recipients, a mailbox, or both."""
        local_part, _, domain = email.partition("@")
        with self.rules() as alice:
            address = addresses.add(domains.of(alice, domain), local_part, by=alice)
            wish = addresses.Wish(
                address.version,
                mailbox=mailbox,
                password=PASSWORD,
                confirmation=PASSWORD,
                quota_mb="1024",
                recipients=recipients,
                enabled=enabled,
            )
            addresses.save(address, wish, by=alice)

    def remove(self, email: str) -> None:
        """Add a mailbox, and delete it."""
        self.add(email, "ann@x.org", mailbox=True)
        with self.rules() as alice:
            addresses.remove(addresses.of(alice, email), confirmed=True, by=alice)

    def change(self, email: str, recipients: str) -> None:
        """Give an alias other recipients, as somebody else would meanwhile."""
        with self.rules() as alice:
            address = addresses.of(alice, email)
            wish = addresses.Wish(address.version, mailbox=False, recipients=recipients)
            addresses.save(address, wish, by=alice)

    def fill(self, domain: str, count: int) -> None:
        """Add person00@ and so on, every third with a mailbox, the others redirected."""
        with self.rules() as alice, database.db.atomic():
            for n in range(count):
                address = addresses.add(domains.of(alice, domain), f"person{n:02}", by=alice)
                if n % 3:
                    recipients.write(address, address.domain, [f"home{n}@x.org"], by=alice)
                else:
                    mailboxes.open_at(address, "unused", 1024, by=alice)
                routing.settle(address.email)

    def recipients_of(self, email: str) -> list[str]:
        """Return where an address leads, as it stands in the database."""
        with self.rules() as alice:
            return [row.email for row in recipients.of(addresses.of(alice, email))]


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
