"""What of the journal a person may read, and what they look for in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from webmailadmin.database import db
from webmailadmin.mail import days, guard, names
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal, Refusals
from webmailadmin.mail.errors_of_domains import DomainNameMalformed, DomainNameMissing
from webmailadmin.mail.errors_of_journal import SinceMalformed, UntilBeforeSince, UntilMalformed
from webmailadmin.mail.journal import OPENED, OTHER_MAILBOX, Entry
from webmailadmin.models import LARGEST_ID, Domain, moment

PAGE = 100
LONGEST_SEARCH = 254

# The entries of each kind of person, as a table `mine`. An administrator's are all.
ALL = "SELECT * FROM journal"
# Of the domains, since they are theirs; and what concerns the account itself, which is younger
# than what was told of another one of its name.
OF_AN_OWNER = """
    SELECT journal.* FROM ownership
    CROSS JOIN journal ON journal.domain_id = ownership.domain_id AND journal.id > journal_after
    WHERE account_id = :id
    UNION ALL
    SELECT * FROM journal
    WHERE domain_id IS NULL AND at >= :since
    AND (actor = :name OR details ->> 'name' = :name)
"""
# Not what was done to an earlier address of that name: it was somebody else's, also when it comes
# back under another.
BEGINS = ", ".join(f"'{act}'" for act in OPENED + OTHER_MAILBOX)
OF_A_HOLDER = f"""
    SELECT * FROM journal WHERE domain_id = :domain AND email = :name AND at >= :since
    AND act != 'address.restored-as' AND id >= coalesce((
        SELECT max(id) FROM journal WHERE domain_id = :domain AND email = :name
        AND act IN ({BEGINS})
    ), 0)
"""  # noqa: S608 - our words
BORN_ACCOUNT = "SELECT created_at FROM account WHERE id = ?"
BORN_MAILBOX = """
    SELECT mailbox.created_at, domain_id FROM mailbox JOIN address ON address.id = address_id
    WHERE mailbox.id = ?
"""
FOUND = """
    SELECT mine.id, at, actor, through, act, domain.name, email, details
    FROM ({mine}) AS mine LEFT JOIN domain ON domain.id = domain_id
    WHERE mine.id < :before {conditions}
    ORDER BY mine.id DESC LIMIT :limit
"""
CONDITIONS = {
    "in_domain": "AND domain_id = :in_domain",
    "of_email": "AND email = :of_email",
    "act": "AND act = :act",
    "person": "AND (actor = :person OR through = :person)",
    "text": "AND instr(coalesce(email, domain.name), :text)",
    "from_": "AND at >= :from_",
    "until": "AND at < :until",
}


@dataclass(frozen=True)
class Search:
    """What is looked for, as it was typed; "" for all of them.

    person: the name of who acted. address: an address, a part of one, or a domain.
    since, until: the first and the last day. domain, email: the domain or address whose own page
    this is. act: a key of `journal.ACTS`.
    """

    person: str = ""
    address: str = ""
    since: str = ""
    until: str = ""
    domain: Domain | None = None
    email: str | None = None
    act: str | None = None


def read(search: Search, *, by: Actor, before: int | None = None) -> list[Entry]:
    """Return the latest entries that are found, newest first.

    before: only entries older than this number. At most PAGE entries come, and one more that
    tells that there are more.
    Raises SinceMalformed, UntilMalformed, UntilBeforeSince; NotFound for a person who is gone.
    """
    asked = conditions(search)
    values = whose(by) | asked | {"before": before_of(before), "limit": PAGE + 1}
    statement = FOUND.format(
        mine=theirs(by), conditions=" ".join(CONDITIONS[name] for name in asked)
    )
    return [entry(*row) for row in db.execute_sql(statement, values).fetchall()]


def every(search: Search, *, by: Actor) -> Iterator[Entry]:
    """Yield all entries that are found, newest first, read in short pieces.

    Raises as `read` does, before the first one is asked for.
    """
    return onward(search, read(search, by=by), by=by)


def onward(search: Search, found: list[Entry], *, by: Actor) -> Iterator[Entry]:
    """Yield the entries of a page that was read, and of all that follow."""
    while len(found) > PAGE:
        yield from found[:PAGE]
        found = read(search, by=by, before=found[PAGE - 1].id)
    yield from found


def theirs(by: Actor) -> str:
    """Return the statement of what somebody may read."""
    if guard.everything(by):
        return ALL
    return OF_AN_OWNER if by.kind is Kind.OWNER else OF_A_HOLDER


def whose(by: Actor) -> dict[str, object]:
    """Return the values of that statement. Raises NotFound."""
    if guard.everything(by):
        return {}
    if by.kind is Kind.OWNER:
        return {"id": by.id, "name": by.name, "since": asked_for(BORN_ACCOUNT, by)[0]}
    since, domain = asked_for(BORN_MAILBOX, by)
    return {"name": by.name, "domain": domain, "since": since}


def asked_for(statement: str, by: Actor) -> tuple[Any, ...]:
    """Return the row of a person. Raises NotFound when they are gone."""
    row: tuple[Any, ...] | None = db.execute_sql(statement, (by.id,)).fetchone()
    if row is None:
        raise NotFound
    return row


def conditions(search: Search) -> dict[str, object]:
    """Return by which conditions a search selects, each with its value.

    Raises SinceMalformed, UntilMalformed, UntilBeforeSince.
    """
    since, until = days_of(search)
    wanted: dict[str, object | None] = {
        "in_domain": search.domain and search.domain.id,
        "of_email": search.email,
        "act": search.act,
        "person": search.person.strip().lower()[:LONGEST_SEARCH] or None,
        "text": in_stored_form(search.address) or None,
        "from_": since and seconds(since),
        "until": until and seconds(until + days.A_DAY),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def days_of(search: Search) -> tuple[date | None, date | None]:
    """Read the first and the last day that were typed.

    Raises SinceMalformed, UntilMalformed, UntilBeforeSince.
    """
    refusals = Refusals()
    since = until = None
    with refusals.collect():
        since = day(search.since, SinceMalformed)
    with refusals.collect():
        until = day(search.until, UntilMalformed)
    refusals.raise_any()
    if since and until and since > until:
        raise UntilBeforeSince
    return since, until


def day(typed: str, malformed: type[Refusal]) -> date | None:
    """Return the day that was typed, None for nothing. Raises `malformed`."""
    try:
        return days.read(typed)
    except ValueError:
        raise malformed from None


def in_stored_form(typed: str) -> str:
    """Return a part of an address as it is stored: in lower case, its domain as A-label."""
    text = typed.strip().lower()[:LONGEST_SEARCH]
    name, at, domain = text.rpartition("@")
    try:
        return f"{name}{at}{names.domain_name(domain)}"
    except (DomainNameMalformed, DomainNameMissing):
        return text


def seconds(day: date) -> int:
    """Return when a day begins, in seconds since 1970."""
    return int((days.begin_of(day) - moment(0)).total_seconds())


def before_of(number: int | None) -> int:
    """Return a number that SQLite can hold, above all entries for None."""
    return LARGEST_ID if number is None else max(0, min(number, LARGEST_ID))


def entry(
    id_: int,
    at: int,
    actor: str,
    through: str,
    act: str,
    domain: str | None,
    email: str | None,
    details: str,
) -> Entry:
    """Return an entry as it was read."""
    return Entry(id_, moment(at), actor, through, act, domain, email, json.loads(details))
