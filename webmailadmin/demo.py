"""The demo: three domains, about 300 addresses of people and roles, ready to be clicked through.

Nothing here is used by the panel itself.
"""

import random
from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import (
    accounts,
    addresses,
    catch_alls,
    domains,
    mailboxes,
    owners,
    passwords,
    recipients,
    routing,
    switches,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import Account, Domain

FRENCH = (
    "Adele Amina Antoine Aurelie Baptiste Camille Chloe Clement Colette Damien Elise Emile "
    "Etienne Fanny Florian Gabriel Helene Hugo Ines Jeanne Jerome Julie Karim Lea Leon Louise "
    "Lucas Manon Mathilde Maxime Nadia Nicolas Noe Odile Pauline Quentin Rachid Romane Samuel "
    "Sarah Simon Sophie Theo Valentin Yasmine Zoe",
    "Arnaud Bernard Besson Blanchard Boyer Brunet Caron Chevalier Colin Delmas Dubois Dumont "
    "Durand Fabre Faure Fontaine Garnier Gauthier Girard Hamdi Lambert Leclerc Lefevre Lemoine "
    "Marchand Martin Mercier Moreau Morin Noel Perrin Picard Renaud Riviere Robin Roux Schmitt "
    "Tessier Vidal Weber",
)
ENGLISH = (
    "Alice Amelia Arthur Beatrice Callum Charlotte Daniel Edith Eleanor Finlay George Grace "
    "Harriet Henry Imogen Isaac Jack Jasmine Laura Leonard Lucy Martha Matilda Nathan Oliver "
    "Oscar Phoebe Poppy Priya Rosalind Rupert Sophie Stanley Tessa Thomas Violet Walter Zara",
    "Ashworth Barlow Bennett Carter Chapman Cooper Dawson Ellis Fletcher Gibson Harding Hughes "
    "Jennings Knight Lawson Marsh Mason Norris Osborne Palmer Patel Quinn Reid Sharp Turner "
    "Walker Webb Whitfield Yates",
)
PASSWORD_COST = 10  # of the one hash that all the demo's mailboxes share


@dataclass(frozen=True)
class Place:
    """A domain of the demo: who works there, and its roles, each with a number of recipients."""

    name: str
    people: tuple[str, str]
    count: int
    roles: str


PLACES = (
    Place(
        "bonvenon.fr",
        FRENCH,
        125,
        "accueil:3 contact:2 presse:2 compta:1 commandes:2 atelier:4 direction:1 "
        "benevoles:9 adherents:14 webmaster:1",
    ),
    Place(
        "harbour-books.co.uk",
        ENGLISH,
        108,
        "enquiries:2 orders:3 events:2 press:1 accounts:1 shop:5 bookclub:12 abuse:1",
    ),
    Place(
        "théâtre-neuf.fr",
        FRENCH,
        38,
        "billetterie:2 contact:1 regie:3 technique:4 programmation:1 ecoles:2",
    ),
)

OWNER = "camille"
OWNED = (PLACES[0], PLACES[2])


@dataclass(frozen=True)
class Demo:
    """What the demo tells the person: a mailbox to write to, and the password of all of them."""

    mailbox: str
    password: str


def fill(by: Actor) -> Demo:
    """Fill an empty database. The same people each time, with a new password."""
    password = passwords.generated()
    password_hash = passwords.hashed(password, PASSWORD_COST)
    dice = random.Random(1849)  # noqa: S311  # nosec B311 - believable, not secret
    made = [settle_in(place, password_hash, dice, by) for place in PLACES]
    odd_cases(made, password_hash, by)
    own_ways(made[0], password_hash, by)
    return Demo(f"contact@{made[0].name}", password)


def settle_in(place: Place, password_hash: str, dice: random.Random, by: Actor) -> Domain:
    """Install one domain with its people and roles."""
    domain = domains.install(place.name, "hosting@example.org", by=by)
    first, last = (text.split() for text in place.people)
    people: list[str] = []
    while len(people) < place.count:
        name = f"{dice.choice(first)}.{dice.choice(last)}".lower()
        if name not in people:
            people.append(name)
    with db.atomic():
        for name in people:
            kind = dice.random()
            led = [f"{name}@example.com"] if kind < 0.25 else []
            hashed = None if kind < 0.12 else password_hash
            open_address(domain, name, led, hashed, dice.choice((512, 1024, 1024, 2048, 5120)), by)
        for role, _, size in (entry.partition(":") for entry in place.roles.split()):
            led = [f"{name}@{domain.name}" for name in dice.sample(people, int(size))]
            open_address(domain, role, led, password_hash if role == "contact" else None, 2048, by)
    return domain


def open_address(
    domain: Domain, name: str, led: list[str], password_hash: str | None, quota_mb: int, by: Actor
) -> None:
    """Add one address with recipients, with a mailbox, or with both."""
    address = addresses.add(domain, name, by=by)
    recipients.write(address, domain, led, by=by)
    if password_hash is not None:
        mailboxes.open_at(address, password_hash, quota_mb, by=by)
    routing.settle(address.email)


def odd_cases(made: list[Domain], password_hash: str, by: Actor) -> None:
    """Add what is not as it should be, and the two kinds of catch-all."""
    bonvenon, harbour, theatre = made
    open_address(bonvenon, "facture", [f"comtpa@{bonvenon.name}"], None, 0, by)
    open_address(bonvenon, "newsletter", [], None, 0, by)
    for name in ("jobs", "soldes-2024"):
        open_address(bonvenon, name, [f"direction@{bonvenon.name}"], None, 0, by)
        change(
            f"{name}@{bonvenon.name}", by, recipients=f"direction@{bonvenon.name}", enabled=False
        )
    open_address(bonvenon, "stage", [], password_hash, 512, by)
    change(f"stage@{bonvenon.name}", by, may_remove=True)
    open_address(harbour, "christmas", [f"events@{harbour.name}"], None, 0, by)
    addresses.remove(addresses.of(by, f"christmas@{harbour.name}"), confirmed=False, by=by)
    catch_alls.change(harbour, CatchAll.ADDRESS, f"enquiries@{harbour.name}", "", by=by)
    catch_alls.change(theatre, CatchAll.DOMAIN, "", bonvenon.name, by=by)


def own_ways(bonvenon: Domain, password_hash: str, by: Actor) -> None:
    """Add mailboxes with switches that are not as usual."""
    open_address(bonvenon, "noreply", [], password_hash, 512, by)
    open_address(bonvenon, "saison", [], password_hash, 512, by)
    for name, wished in (
        ("contact", Switches(may_redirect=True)),
        ("noreply", Switches(receives=False)),
        ("saison", Switches(may_log_in=False)),
    ):
        address = addresses.of(by, f"{name}@{bonvenon.name}")
        switches.change(address, wished, version=address.version, by=by)


def change(email: str, by: Actor, **wished: object) -> None:
    """Save an address as an alias, as the editor would."""
    address = addresses.of(by, email)
    wish = addresses.Wish(version=address.version, mailbox=False, **wished)  # type: ignore[arg-type]
    addresses.save(address, wish, by=by)


def administrator() -> tuple[Actor, str]:
    """Make the demo's administrator; return the account and its password, good for all the demo."""
    password = passwords.generated()
    accounts.add("admin", password, by=COMMAND_LINE)
    return accounts.actor(Account.get(Account.name == "admin")), password


def owner(password: str, by: Actor) -> str:
    """Make the demo's owner, who has two of its domains and little left; return its name."""
    wish = Wish(
        person="Camille Roux",
        contact="camille@example.org",
        language="fr",
        most_addresses="220",
        most_mailboxes="180",
        most_mb="409600",
        most_mb_each="5120",
        most_domains="1",
    )
    accounts.add(OWNER, password, by=by, kind=Kind.OWNER, wish=wish)
    account = Account.get(Account.name == OWNER)
    for place in OWNED:
        owners.give(domains.of(by, place.name), account, by=by)
    return OWNER


def lines(demo: Demo, smtp: int, imap: int) -> tuple[str, str]:
    """Return two commands to paste: one sends a mail, one reads the last one that arrived."""
    send = (
        f"curl smtp://127.0.0.1:{smtp} --mail-from you@example.org --mail-rcpt {demo.mailbox}"
        f" -H 'From: you@example.org' -H 'To: {demo.mailbox}' -H 'Subject: Bonjour'"
        " -F '=It works.;type=text/plain'"
    )
    read = f"curl 'imap://127.0.0.1:{imap}/INBOX;UID=*' -u {demo.mailbox}:{demo.password}"
    return send, read
