"""The end of what was removed: it leaves the bin, then its messages are deleted, then that is told.

Each step is a transaction of its own, and begins again where it was broken off. The files are
deleted between the second and the third, by `upkeep/purges.py`.
"""

from dataclasses import dataclass
from datetime import datetime

from webmailadmin.database import db
from webmailadmin.mail import guard, journal, names, owners, removed_domains
from webmailadmin.mail.actors import THE_PANEL, Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_mailboxes import RemovedNameDiffers
from webmailadmin.models import Domain, Mailbox, Ownership, Purge, Removed, moment, now

AT_ONCE = 500  # of what is past its date, so that no run takes very long

# Which rows of the bin go: one, or all that went with a domain.
ONE = "removed.id = :id"
WHOLE = "removed.domain_id = :id AND with_domain"
ORDER = """
    INSERT INTO purge (home, domain_id, email, at, trouble)
    SELECT home, domain_id, email, :moment, ''
    FROM removed JOIN mailbox ON mailbox.id = mailbox_id WHERE {which}
"""
FORGET = "DELETE FROM removed WHERE {which}"
# Their usage goes with them.
FORGET_BOXES = """
    DELETE FROM mailbox
    WHERE address_id IS NULL AND home IN (SELECT home FROM purge WHERE domain_id = :domain)
"""
UNDONE = """
    SELECT min(at), domain_id, name, removed_at IS NOT NULL,
        count(*), count(nullif(trouble, '')), min(email), max(trouble)
    FROM purge JOIN domain ON domain.id = domain_id
    WHERE :domain IS NULL OR domain_id = :domain
    GROUP BY domain_id ORDER BY name, domain_id
"""
ACTS = {"mailbox": "mailbox.gone", "address": "address.gone", "catch-all": "catch-all.gone"}


class ClockBehind(Exception):
    """The clock shows a time before the journal's latest entry. Its text is one sentence."""


class StillInUse(Exception):
    """A mailbox has the home that was to be deleted. Its text is one sentence."""


@dataclass(frozen=True)
class Undone:
    """Mailboxes of one domain whose messages are to be deleted for good, and are not yet.

    since: when the first was ordered, in UTC. domain: its name; gone: it was removed itself.
    stuck: how many met trouble at the last try. email: of the mailbox, or of one of them.
    trouble: what one met, "" for none.
    """

    since: datetime
    domain_id: int
    domain: str
    gone: bool
    mailboxes: int
    stuck: int
    email: str
    trouble: str


# First: it leaves the bin


def order_due() -> int:
    """Order the end of what is past its date, AT_ONCE of it at most; say how much it was.

    Raises ClockBehind: a date may then only seem past.
    """
    due = Removed.select(Removed.id, Removed.domain, Removed.with_domain).where(
        Removed.until <= now()
    )
    rows = list(due.order_by(Removed.until, Removed.id).limit(AT_ONCE))
    if rows:
        refuse_clock_behind()
    for domain in dict.fromkeys(row.domain for row in rows if row.with_domain):
        forget_domain(domain, by=THE_PANEL)
    for row in rows:
        if not row.with_domain:
            forget(row.id, by=THE_PANEL)
    return len(rows)


def refuse_clock_behind() -> None:
    """Raise ClockBehind unless it is at least as late as when the journal was written last."""
    latest = journal.latest()
    if latest is not None and now() < latest:
        raise ClockBehind(
            f"The clock shows {now()} UTC, and the journal has an entry of {latest}: "
            "nothing is deleted before the clock is set right."
        )


def order(kept: Removed, typed: str, *, by: Actor) -> None:
    """Order the end of what was removed before its date; `typed` is its address, as a yes.

    Raises RemovedNameDiffers; NotFound when it came back or went meanwhile.
    """
    owners.removed(by, kept)
    text = typed.strip().lower()
    if kept.email not in (names.email(text), text) and text != names.shown_email(kept.email):
        raise RemovedNameDiffers(email=kept.email)
    with db.atomic():
        owners.removed(by, kept)
        if not forget(kept.id, by=by):
            raise NotFound


def order_domain(domain: Domain, typed: str, *, by: Actor) -> None:
    """Order the end of a removed domain before its date; `typed` is its name, as a yes.

    Raises DomainNameDiffers; NotFound when it came back or went meanwhile.
    """
    guard.administrator(by)
    removed_domains.refuse_other_name(domain, typed)
    if not forget_domain(domain, by=by):
        raise NotFound


def forget(id_: int, *, by: Actor) -> bool:
    """Take one entry out of the bin for good; its messages are to be deleted. Say if it was there.

    What goes with a domain is not taken out alone.
    """
    with db.atomic():
        kept = Removed.get_or_none(Removed.id == id_, ~Removed.with_domain)
        if kept is None:
            return False
        take_out(ONE, kept.id, kept.domain)
        journal.record(ACTS[kept.kind], by=by, domain=kept.domain, email=kept.email)
    return True


def forget_domain(domain: Domain, *, by: Actor) -> bool:
    """Take all that went with a domain out of the bin for good. Say if there was anything."""
    with db.atomic():
        kept = Removed.select().where(Removed.domain == domain, Removed.with_domain).count()
        if not kept:
            return False
        take_out(WHOLE, domain.id, domain)
        Ownership.delete().where(Ownership.domain == domain).execute()
        journal.record("domain.gone", by=by, domain=domain, addresses=kept)
    return True


def take_out(which: str, id_: int, domain: Domain) -> None:
    """Turn rows of the bin into orders to delete their homes."""
    values = {"id": id_, "domain": domain.id, "moment": Purge.at.db_value(now())}
    for statement in (ORDER, FORGET, FORGET_BOXES):
        db.execute_sql(statement.format(which=which), values)


# Then the files are deleted


def ordered() -> list[Purge]:
    """Return the homes that are to be deleted, the first that was ordered first."""
    return list(Purge.select().order_by(Purge.at, Purge.home))


def undone(domain: Domain | None = None, *, by: Actor) -> list[Undone]:
    """Return what is ordered and not done, by domain; of one domain, or of all.

    An owner is told nothing: it may be of a mailbox from before the domain was theirs.
    """
    if not guard.everything(by):
        return []
    rows = db.execute_sql(UNDONE, {"domain": domain.id if domain is not None else None})
    return [Undone(moment(since), *told) for since, *told in rows.fetchall()]


def look_again(home: str) -> None:
    """Raise StillInUse when a mailbox, living or removed, has this home."""
    if Mailbox.select().where(Mailbox.home == home).exists():
        raise StillInUse(f"A mailbox has the folder {home} that was to be deleted.")


def note_trouble(home: str, trouble: str) -> None:
    """Write down what stopped the deletion of a home."""
    Purge.update(trouble=trouble).where(Purge.home == home, Purge.trouble != trouble).execute()


def finish(purge: Purge, messages: int, size: int) -> None:
    """Tell in the journal that a home is deleted, once.

    messages, size: how many there were in it, and their bytes.
    """
    with db.atomic():
        if Purge.delete().where(Purge.home == purge.home).execute():
            journal.record(
                "messages.deleted",
                by=THE_PANEL,
                domain=purge.domain,
                email=purge.email,
                messages=messages,
                bytes=size,
            )
