"""Fill a database with one domain of many addresses: `python -m bench.fill FOLDER COUNT`."""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webmailadmin import database, settings
from webmailadmin.mail import accounts, domains, names, passwords, routing
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Account, Address, Domain, Mailbox, Recipient, tuples

DOMAIN = "bonvenon.fr"
ACCOUNT, PASSWORD = "bench", "a long password to measure with"

GIVEN_NAMES = (
    "alice agnes bernard camille charlotte claire david edith emma fiona george grace helene hugo "
    "isabelle jack jeanne john julie kate lea louis marc margaret marie nathan olivia paul rose "
    "sophie thomas victor"
)
SURNAMES = (
    "adams andre baker bernard blanc brown carter clark cook dubois durand faure fournier garnier "
    "girard harris hill king lambert leroy marchand martin mercier moreau morris petit robert "
    "rousseau simon taylor walker wright"
)
FIRST, LAST = GIVEN_NAMES.split(), SURNAMES.split()
FEW, MANY, NONE = "quincaillerie", "mar", "zzyx"  # found once, at every tenth address, nowhere

# By its place in twenty: half have a mailbox, a quarter are redirected, a fifth are both.
MAILBOXES, ALIASES, BOTH = range(10), range(10, 15), range(15, 19)
NOTHING = 99  # in a hundred: it receives nothing yet; the other last ones of twenty are off


@dataclass(frozen=True)
class One:
    """An address to be: mailbox or not, and its recipients with whether mail arrives there."""

    local_part: str
    enabled: bool
    mailbox: bool
    recipients: list[tuple[str, bool]]

    @property
    def receives(self) -> bool:
        """Say whether mail for it has an end."""
        return self.enabled and (self.mailbox or any(arrives for _, arrives in self.recipients))


def name(number: int) -> str:
    """Return the name of an address: camille.martin, camille.martin2 …"""
    first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
    again = number // (len(FIRST) * len(LAST))
    return f"{first}.{last}{again + 1 if again else ''}"


def believable(count: int) -> Iterator[One]:
    """Make up addresses as a town hall or a school would have them."""
    yield One(FEW, True, True, [])
    for number in range(count - 1):
        kind = number % 20
        nothing = number % 100 == NOTHING
        box = kind in MAILBOXES or kind in BOTH or (kind == 19 and not nothing)
        led = recipients(number, count) if kind in ALIASES or kind in BOTH else []
        yield One(name(number), kind != 19 or nothing, box, led)


def recipients(number: int, count: int) -> list[tuple[str, bool]]:
    """Return where an address is redirected to: mostly to one address, at times to seven."""
    found: dict[str, bool] = {}
    for step in range(7 if number % 40 == 12 else 1 + number % 2):
        if (number + step) % 2:
            # Within the domain to one of its plain mailboxes, so that nothing goes in circles.
            within = (number * 7919 + step * 31) % (count - 40) // 20 * 20 + step
            found[f"{name(within)}@{DOMAIN}"] = True
        else:
            found[f"{name(number + step)}@elsewhere.example"] = True
    if number % 200 == 110 and count > NOTHING:
        found[f"{name(NOTHING)}@{DOMAIN}"] = False
    return list(found.items())


def fill(count: int) -> None:
    """Install the domain and write `count` addresses, its postmaster@ among them."""
    accounts.add(ACCOUNT, PASSWORD, by=COMMAND_LINE)
    by = accounts.actor(Account.get(Account.name == ACCOUNT))
    domain = domains.install(DOMAIN, "camille@elsewhere.example", by=by)
    made = list(believable(count - 1))
    seconds = int(time.time())
    with database.db.atomic():
        write(
            "address (domain_id, local_part, email, enabled, receives, created_at)",
            (
                (domain.id, one.local_part, email(one), one.enabled, one.receives, seconds)
                for one in made
            ),
        )
        ids = dict(tuples(Address.select(Address.local_part, Address.id)))
        password = passwords.hashed("the same for everybody here", 4)
        write(
            "mailbox (address_id, home, password, quota_mb, created_at)",
            (
                (ids[one.local_part], email(one), password, 1024, seconds)
                for one in made
                if one.mailbox
            ),
        )
        write("usage (mailbox_id, messages, bytes, last_log_in, warned, at)", used(seconds))
        write(
            "recipient (address_id, email, target, domain, receives)",
            (
                (ids[one.local_part], to, to, names.domain_of(to), arrives)
                for one in made
                for to, arrives in one.recipients
            ),
        )
    check(domain, made)


def used(seconds: int) -> Iterator[tuple[object, ...]]:
    """Say what each mailbox holds: one in forty is nearly full, one in five was never used."""
    for number, (box,) in enumerate(tuples(Mailbox.select(Mailbox.id).order_by(Mailbox.id))):
        percent = 80 + number % 20 if number % 40 == 0 else number * 7919 % 80
        last = None if number % 5 == 0 else seconds - number * 7919 % 400 * 86400
        yield box, percent * 40, percent * 2**20 * 1024 // 100 + number, last, 0, seconds


def email(one: One) -> str:
    """Return the whole address."""
    return f"{one.local_part}@{DOMAIN}"


def write(into: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write many rows straight into their table: Peewee would take ten times as long."""
    marks = ", ".join("?" * (into.count(",") + 1))
    database.db.connection().executemany(f"INSERT INTO {into} VALUES ({marks})", rows)


def check(domain: Domain, made: list[One]) -> None:
    """Make sure that the counts and every `receives` are what the rules would have written."""
    counted = Domain.get_by_id(domain.id)
    assert counted.addresses == Address.select().count() == len(made) + 1
    assert counted.mailboxes == Mailbox.select().count() == sum(one.mailbox for one in made)
    assert Recipient.select().count() == sum(len(one.recipients) for one in made) + 1
    assert routing.settle_receives(Address.domain == domain) == set()
    arriving = dict(tuples(Address.select(Address.email, Address.receives)))
    for to, arrives in tuples(Recipient.select(Recipient.target, Recipient.receives)):
        assert arrives == arriving.get(to, not to.endswith(f"@{DOMAIN}")), to


if __name__ == "__main__":
    settings.use(settings.Settings(data=Path(sys.argv[1])))
    database.open_database(settings.current.data)
    fill(int(sys.argv[2]))
    database.db.close()
