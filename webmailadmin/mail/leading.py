"""What leads to an address or into a domain, what becomes of it then, and other ways for it.

A place is an address, or `@bonvenon.fr` for all that a domain had before it was removed.
Recipients with an extension (contact+tag@) lead to their address.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import addresses, catch_alls, discretion, domains, names, recipients, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_recipients import (
    NobodyChosen,
    PlaceMissing,
    PlaceReceivesNothing,
    TooManyRecipients,
)
from webmailadmin.models import Address, Domain

MOST_SHOWN = 100  # at once; those that follow come when these are mended

SOURCES = """
    SELECT address.id, email, version, enabled,
        EXISTS (SELECT 1 FROM mailbox WHERE address_id = address.id AND receives)
    FROM address
    WHERE id IN (SELECT address_id FROM recipient WHERE {led})
    AND domain_id IN (SELECT value FROM json_each(:mine))
    ORDER BY email
"""
TO_ADDRESS = "target = :there"
# A removed domain has no addresses; a living one leads to itself as it likes.
INTO_DOMAIN = """
    domain = :there AND NOT EXISTS (
        SELECT 1 FROM address JOIN domain AS own ON own.id = domain_id
        WHERE address.id = address_id AND own.name = :there
    )
"""
RECIPIENTS = """
    SELECT address_id, email, target, receives FROM recipient
    WHERE address_id IN (SELECT value FROM json_each(?)) ORDER BY id
"""
COUNTED = """
    SELECT {column}, count(DISTINCT address_id)
    FROM recipient JOIN address ON address.id = address_id
    WHERE {column} IN (SELECT value FROM json_each(:there)) {only}
    AND domain_id IN (SELECT value FROM json_each(:mine))
    GROUP BY {column}
"""
NOT_INSTALLED = """
    AND NOT EXISTS (
        SELECT 1 FROM domain WHERE name = recipient.domain AND removed_at IS NULL
    )
"""
KNOWN = "SELECT email FROM address WHERE email IN (SELECT value FROM json_each(?))"
# Of these addresses, those whose mail has no end any more once it has none at the lost ones.
FOLLOWING = """
    SELECT email FROM address WHERE email IN (SELECT value FROM json_each(:emails)) AND receives
    AND NOT EXISTS (SELECT 1 FROM mailbox WHERE address_id = address.id AND receives)
    AND NOT EXISTS (
        SELECT 1 FROM recipient WHERE address_id = address.id AND receives
        AND target NOT IN (SELECT value FROM json_each(:lost))
    )
"""


@dataclass(frozen=True)
class Source:
    """An address that leads to a place.

    has_mailbox: one that keeps mail. there: its recipients that lead there, as they were typed.
    others: where its mail still goes when that place takes none.
    """

    email: str
    version: int
    enabled: bool
    has_mailbox: bool
    there: list[str]
    others: list[str]

    @property
    def required(self) -> bool:
        """Say whether every domain must have this address, and mail for it an end."""
        return self.email.startswith(f"{names.POSTMASTER}@")

    @property
    def ends(self) -> bool:
        """Say whether its mail has no other end."""
        return not (self.has_mailbox or self.others)


@dataclass(frozen=True)
class Caught:
    """Unknown addresses of a domain that lead to a place: all, or the one of the same name."""

    domain: str
    email: str = ""


@dataclass(frozen=True)
class Led:
    """All that leads to a place. instead: where its mail goes without it, "" for nowhere."""

    sources: list[Source]
    caught: list[Caught]
    instead: str = ""

    @property
    def shown(self) -> list[Source]:
        """Return as many as one page shows."""
        return self.sources[:MOST_SHOWN]

    def __bool__(self) -> bool:
        return bool(self.sources or self.caught)


# Who leads there


def to(by: Actor, place: str, *, stays: bool = False) -> Led:
    """Return what leads to a place, as far as the person who asks may see it.

    stays: the address is not taken away, it only receives nothing any more. Else mail for it
    may go on to where unknown addresses of its domain lead.
    """
    instead = "" if stays else catch_all_end(place)
    lost = without_end([place]) if not instead else {place}
    return Led(sources_of(by, place, lost), seen_by(by, caught_by(place)), instead)


def catch_all_end(place: str) -> str:
    """Return where mail for an address goes once it is unknown; "" for nowhere."""
    end = next(iter(routing.unknown_stop(place)), "")
    arrives = end != place and routing.arrives(end, names.domain_of(place)) if end else False
    return end if arrives else ""


def into(by: Actor, domain: Domain) -> Led:
    """Return what leads into a domain from others, before it is removed or afterwards."""
    place = f"@{domain.name}"
    lost = without_end(routing.targets_from_elsewhere(domain))
    return Led(sources_of(by, place, lost), seen_by(by, caught_into(domain)))


def sources_of(by: Actor, place: str, lost: set[str]) -> list[Source]:
    """Return the addresses that are redirected to a place, by name."""
    statement = SOURCES.format(led=INTO_DOMAIN if place.startswith("@") else TO_ADDRESS)
    values = {"there": place.removeprefix("@"), "mine": domains_of(by)}
    rows = db.execute_sql(statement, values).fetchall()
    led = defaultdict(list)
    for id_, *recipient in db.execute_sql(RECIPIENTS, (json.dumps([row[0] for row in rows]),)):
        led[id_].append(recipient)
    return [
        Source(
            email,
            version,
            bool(enabled),
            bool(has_mailbox),
            there=[typed for typed, target, _ in led[id_] if leads_to(target, place)],
            others=[
                typed
                for typed, target, receives in led[id_]
                if receives and not leads_to(target, place) and target not in lost
            ],
        )
        for id_, email, version, enabled, has_mailbox in rows
    ]


def domains_of(by: Actor) -> str:
    """Return the numbers of the person's domains as a JSON list."""
    return json.dumps([domain.id for domain in domains.list_for(by)])


def leads_to(target: str, place: str) -> bool:
    """Say whether a recipient, without its extension, leads to a place."""
    return target.endswith(place) if place.startswith("@") else target == place


def without_end(places: Iterable[str]) -> set[str]:
    """Return these addresses and all others that receive nothing once these do not."""
    lost = set(places)
    level = lost
    while level:
        sources = set(routing.sources_of(level)) - lost
        values = {"emails": json.dumps(sorted(sources)), "lost": json.dumps(sorted(lost))}
        known = {email for (email,) in db.execute_sql(KNOWN, (values["emails"],))}
        following = {email for (email,) in db.execute_sql(FOLLOWING, values)}
        # What is unknown has no other way than its catch-all.
        level = following | (sources - known)
        lost |= level
    return lost


def seen_by(by: Actor, caught: list[Caught]) -> list[Caught]:
    """Return those of them that are of a domain of the person."""
    mine = {domain.name for domain in domains.list_for(by)} if caught else set()
    return [one for one in caught if one.domain in mine]


def caught_by(email: str) -> list[Caught]:
    """Return the unknown addresses of other domains that lead to an address."""
    living = Domain.removed_at.is_null()
    all_names = Domain.select().where(Domain.catch_all_target == email, living)
    found = [Caught(domain.name) for domain in all_names.order_by(Domain.name)]
    own = routing.domain_named(names.domain_of(email))
    if own is not None and routing.address_of(email) is not None:
        local_part = email.rpartition("@")[0]
        for domain in Domain.select().where(Domain.catch_all_domain == own, living):
            same = f"{local_part}@{domain.name}"
            if routing.address_of(same) is None:
                found.append(Caught(domain.name, same))
    return found


def caught_into(domain: Domain) -> list[Caught]:
    """Return the domains whose unknown addresses lead into this one."""
    return [Caught(other.name) for other in catch_alls.into(domain)]


def counts(by: Actor, emails: Iterable[str]) -> dict[str, int]:
    """Count, for each of these addresses, how many are redirected there in vain."""
    return counted(by, "target", emails, "AND NOT recipient.receives")


def counts_into(by: Actor, removed: Iterable[str]) -> dict[str, int]:
    """Count, for each of these removed domains by name, what is redirected there.

    Of one that was installed anew, nothing: what leads there is alive.
    """
    return counted(by, "recipient.domain", removed, NOT_INSTALLED)


def counted(by: Actor, column: str, there: Iterable[str], only: str) -> dict[str, int]:
    """Count the addresses of the person that lead to each of these places."""
    values = {"there": json.dumps(list(there)), "mine": domains_of(by)}
    statement = COUNTED.format(column=column, only=only)
    return dict(db.execute_sql(statement, values).fetchall())


# Other ways


def take_out(place: str, seen: Mapping[str, int], *, by: Actor) -> list[str]:
    """Take the recipients that lead to a place out of these addresses; return those it changed.

    seen: each with its version as the person saw it. One that leads there no more is passed over.
    Raises NobodyChosen, Changed when somebody else was quicker, AddressGone,
    PostmasterNeedsDestination; NotFound when a removed domain lives again.
    """
    return rewrite(place, seen, "", by=by)


def point_to(place: str, seen: Mapping[str, int], typed: str, *, by: Actor) -> list[str]:
    """Let these addresses lead to what was typed instead of to a place; return as take_out does.

    Raises what take_out raises; PlaceMissing, PlaceReceivesNothing, RecipientMalformed,
    RecipientIsItself, TooManyRecipients, RecipientLoop, TooManyInAll, TooManySteps.
    """
    if not typed.strip():
        raise PlaceMissing
    return rewrite(place, seen, typed, by=by)


def rewrite(place: str, seen: Mapping[str, int], typed: str, *, by: Actor) -> list[str]:
    """Put what was typed, or nothing, in the place of the recipients that lead there."""
    if not seen:
        raise NobodyChosen
    changed = []
    with db.atomic(), discretion.towards(by):
        if place.startswith("@") and routing.domain_named(place.removeprefix("@")):
            raise NotFound  # installed anew: what leads there is alive
        for email, version in sorted(seen.items()):
            address = addresses.of(by, email)
            present = [row.email for row in recipients.of(address)]
            wished = instead_of(place, present, read(typed, address, place))
            if wished != present:
                addresses.claim(address, version, by=by)
                recipients.write(address, address.domain, wished, by=by)
                changed.append(email)
        if typed:
            for email in changed:
                routing.refuse_circles(email)
        routing.settle(*changed)
    return changed


def read(typed: str, address: Address, place: str) -> list[str]:
    """Read where `address` shall lead instead. Raises PlaceReceivesNothing, Recipient… refusals."""
    emails = recipients.read(typed, address.email).emails
    for email in emails:
        target = names.without_extension(email)
        if leads_to(target, place) or not routing.arrives(target, address.domain.name):
            raise PlaceReceivesNothing(email=email)
    return emails


def instead_of(place: str, present: list[str], emails: list[str]) -> list[str]:
    """Return recipients with others in the place of those that lead there, each once.

    Raises TooManyRecipients.
    """
    wished: dict[str, None] = {}
    for email in present:
        kept = not leads_to(names.without_extension(email), place)
        wished |= dict.fromkeys([email] if kept else emails)
    if len(wished) > recipients.MOST:
        raise TooManyRecipients(most=recipients.MOST, count=len(wished))
    return list(wished)
