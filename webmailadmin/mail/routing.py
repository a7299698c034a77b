"""Where mail for an address goes, and what follows when an address changes.

`Address.receives`, `Recipient.receives` and `Domain.catch_all_receives` hold the answer that
Postfix reads. They disregard the switch of an address's own domain: that is one key in the view
`postfix_refused`, so switching a domain touches no row of its own addresses.
"""

import json
from collections import deque
from collections.abc import Iterable

from peewee import JOIN, fn

from webmailadmin.database import db
from webmailadmin.mail import names
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_catch_alls import CatchAllLoop
from webmailadmin.mail.errors_of_domains import PostmasterNeedsDestination
from webmailadmin.mail.errors_of_recipients import RecipientLoop, TooManyInAll, TooManySteps
from webmailadmin.models import Address, Domain, Mailbox, Recipient, tuples

# Postfix gives up a whole message past 1000 (virtual_alias_expansion_limit); ours are lower.
MOST_IN_ALL = 500
MOST_STEPS = 10
STEP = " → "  # in the words of a refusal

# Asked many times for each change: written out, because Peewee takes longer to write a statement
# than SQLite to answer it.
DOMAIN = "SELECT * FROM domain WHERE name = ? AND removed_at IS NULL"
ADDRESS = "SELECT * FROM address WHERE email = ?"
ALIVE = """
    UPDATE recipient SET receives = 1
    WHERE target IN (SELECT value FROM json_each(?))
    AND address_id IN (SELECT id FROM address WHERE domain_id = ?)
"""


def domain_named(name: str) -> Domain | None:
    """Return the domain of ours with this A-label, or None."""
    found: Domain | None = next(iter(Domain.raw(DOMAIN, name)), None)
    return found


def is_outside(email: str) -> bool:
    """Say whether an address lies in no domain that is installed here."""
    return domain_named(names.domain_of(email)) is None


def still_there(domain: Domain) -> Domain:
    """Return the domain as it is now, under the lock. Raises NotFound when it was removed."""
    found = domain_named(domain.name)
    if found is None or found.id != domain.id:
        raise NotFound
    return found


def address_of(email: str) -> Address | None:
    """Return the address of ours with exactly this name, or None."""
    found: Address | None = next(iter(Address.raw(ADDRESS, email)), None)
    return found


def arrives(target: str, seen_from: str) -> bool:
    """Say whether mail for `target` (without extension) has an end, as far as we can know.

    seen_from: name of the domain that sends it on; its own switch is disregarded.
    """
    domain = domain_named(names.domain_of(target))
    if domain is None:
        return True
    if not domain.enabled and domain.name != seen_from:
        return False
    address = address_of(target)
    if address is not None:
        return bool(address.receives)
    if domain.catch_all_domain_id:
        return same_name_arrives(domain.catch_all_domain, target, seen_from)
    return bool(domain.catch_all_receives)


def sends_on(address: Address) -> bool:
    """Say whether an address sends mail on to where it arrives."""
    led = Recipient.select().where(Recipient.address == address, Recipient.receives)
    return bool(led.exists())


def same_name_arrives(other: Domain, target: str, seen_from: str) -> bool:
    """Say whether the local part of `target` exists and receives at the domain `other`."""
    address = address_of(f"{target.rpartition('@')[0]}@{other.name}")
    on = other.enabled or other.name == seen_from
    return on and address is not None and bool(address.receives)


def settle(*changed: str) -> None:
    """Bring `receives` up to date for these addresses and all whose mail leads to them.

    Call it inside the transaction of the change, after it. Addresses that do not exist (any
    more) count too: mail may have led to them.
    Raises PostmasterNeedsDestination when a postmaster@ would be left without an end.
    """
    waiting = deque(dict.fromkeys(changed))
    for email in changed:
        waiting.extend(same_names_elsewhere(email))
    lost: set[str] = set()
    while waiting:
        email = waiting.popleft()
        flipped = settle_one(email)
        lost |= {e for e in flipped | {email} if e.startswith(f"{names.POSTMASTER}@")}
        waiting.extend(flipped)
    refuse_dead_postmaster(lost)


def settle_one(email: str) -> set[str]:
    """Settle one address and what names it directly; return the addresses that this changed.

    What returns are names of addresses that flipped, and unknown names that lead to them.
    """
    flipped = settle_receives(Address.email == email)
    for seen_from in senders_to(email):
        now = arrives(email, seen_from)
        senders = Address.select(Address.id).join(Domain).where(Domain.name == seen_from)
        moved = [
            row.address_id
            for row in Recipient.update(receives=now)
            .where(
                Recipient.target == email,
                Recipient.receives != now,
                Recipient.address.in_(senders),
            )
            .returning(Recipient.address)
            .execute()
        ]
        flipped |= settle_receives(Address.id.in_(moved)) if moved else set()
    flipped |= behind_catch_alls(email)
    for flip in list(flipped):
        flipped |= same_names_elsewhere(flip)
    return flipped - {email}


def senders_to(email: str) -> list[str]:
    """Return the names of the domains in which an address is redirected to `email`."""
    query = (
        Domain.select(Domain.name)
        .distinct()
        .join(Address)
        .join(Recipient)
        .where(Recipient.target == email)
    )
    return [row.name for row in query]


def settle_receives(which: object) -> set[str]:
    """Work out `receives` of the addresses that `which` selects; return those that changed."""
    has_box = fn.EXISTS(
        Mailbox.select(Mailbox.id).where(Mailbox.address == Address.id, Mailbox.receives)
    )
    has_way = fn.EXISTS(
        Recipient.select(Recipient.id).where(Recipient.address == Address.id, Recipient.receives)
    )
    right = Address.enabled & (has_box | has_way)
    done = (
        Address.update(receives=right)
        .where(which, Address.receives != right)
        .returning(Address.email)
        .execute()
    )
    return {row.email for row in done}


def behind_catch_alls(email: str) -> set[str]:
    """Settle the catch-alls that lead to `email`; return unknown names whose mail this changes."""
    found: set[str] = set()
    for domain in Domain.select().where(Domain.catch_all_target == email):
        now = arrives(email, domain.name)
        if now != domain.catch_all_receives:
            Domain.update(catch_all_receives=now).where(Domain.id == domain.id).execute()
            found |= unknown_targets(domain.name)
    return found


def same_names_elsewhere(email: str) -> set[str]:
    """Return the unknown names of other domains that this address takes the mail of."""
    found: set[str] = set()
    own = domain_named(names.domain_of(email))
    if own is not None:
        for domain in Domain.select().where(
            Domain.catch_all_domain == own, Domain.removed_at.is_null()
        ):
            found |= unknown_targets(domain.name, f"{email.rpartition('@')[0]}@{domain.name}")
    return found


def unknown_targets(domain: str, only: str | None = None) -> set[str]:
    """Return the names in `domain` that mail is sent on to although they do not exist."""
    query = (
        Recipient.select(Recipient.target)
        .distinct()
        .join(Address, on=(Address.email == Recipient.target), join_type=JOIN.LEFT_OUTER)
        .where(Recipient.domain == domain, Address.id.is_null())
    )
    if only is not None:
        query = query.where(Recipient.target == only)
    caught = {end for end in catch_all_ends(domain, only) if not address_of(end)}
    return caught | {row.target for row in query}


def catch_all_ends(domain: str, only: str | None = None) -> set[str]:
    """Return the addresses in `domain` that catch-alls lead to."""
    there = Domain.catch_all_target.endswith(f"@{domain}")
    which = there if only is None else Domain.catch_all_target == only
    rows = Domain.select(Domain.catch_all_target).where(which)
    return {row.catch_all_target or "" for row in rows}


def settle_domain(domain: Domain, *more: str) -> None:
    """Settle whatever leads into `domain`: it was installed, switched, removed, or its catch-all
    has changed.

    Raises PostmasterNeedsDestination.
    """
    catching = Domain.select(Domain.name).where(Domain.catch_all_domain == domain)
    into = [domain.name, *(row.name for row in catching)]
    targets = Recipient.select(Recipient.target).distinct().where(Recipient.domain.in_(into))
    ends = [end for name in into for end in catch_all_ends(name)]
    settle(*more, *(row.target for row in targets), *ends)


def settle_whole(domain: Domain) -> None:
    """Settle a domain whose addresses all came at once, none receiving yet, and what leads there.

    Raises PostmasterNeedsDestination.
    """
    settle_receives(Address.domain == domain)
    while receives_more(domain):
        pass
    entries = [*targets_from_elsewhere(domain), *catch_all_ends(domain.name)]
    settle(f"{names.POSTMASTER}@{domain.name}", *entries)


def receives_more(domain: Domain) -> bool:
    """Settle one step more of what leads from a domain's own addresses; say if that did anything.

    Only from "does not receive" to "receives": the answers of others may be out of date, and
    settle() then takes back what they had promised.
    """
    dead = tuples(
        Recipient.select(Recipient.target)
        .distinct()
        .join(Address)
        .where(Address.domain == domain, ~Recipient.receives)
    )
    alive = [target for (target,) in dead if arrives(target, domain.name)]
    db.execute_sql(ALIVE, (json.dumps(alive), domain.id))
    flipped = settle_receives(Address.domain == domain)
    return bool(flipped) | catches_more(domain)


def catches_more(domain: Domain) -> bool:
    """Settle the catch-all of a domain, if it receives by now; say if that did anything."""
    target = domain.catch_all_target
    if target is None or not arrives(target, domain.name):
        return False
    moved = Domain.update(catch_all_receives=True).where(
        Domain.id == domain.id, ~Domain.catch_all_receives
    )
    return bool(moved.execute())


def targets_from_elsewhere(domain: Domain) -> list[str]:
    """Return the addresses in `domain`, existing or not, that other domains' addresses lead to."""
    query = (
        Recipient.select(Recipient.target)
        .distinct()
        .join(Address)
        .where(Recipient.domain == domain.name, Address.domain != domain)
        .order_by(Recipient.target)
    )
    return [row.target for row in query]


def refuse_dead_postmaster(emails: Iterable[str]) -> None:
    """Raise PostmasterNeedsDestination for the first of `emails` that exists in vain."""
    dead = Address.select().where(Address.email.in_(list(emails)), ~Address.receives)
    for address in dead.order_by(Address.email):
        raise PostmasterNeedsDestination(email=address.email)


# Circles and bombs


def stops_after(targets: Iterable[str]) -> dict[str, list[str]]:
    """Return, for each of these addresses, where mail for it is sent on to (empty: it ends).

    Switches are disregarded: a circle through an address that is off would close when it is on.
    """
    wanted = list(targets)
    found: dict[str, list[str]] = {target: [] for target in wanted}
    rows = (
        Address.select(Address.email, Recipient.target)
        .join(Recipient, JOIN.LEFT_OUTER)
        .where(Address.email.in_(wanted))
        .order_by(Recipient.id)
    )
    known = set()
    for email, target in tuples(rows):
        known.add(email)
        if target is not None:
            found[email].append(target)
    for target in wanted:
        if target not in known:
            found[target] += unknown_stop(target)
    return found


def unknown_stop(target: str) -> list[str]:
    """Return where the catch-all of its domain sends an address that does not exist."""
    domain = domain_named(names.domain_of(target))
    if domain is None:
        return []
    if domain.catch_all_domain_id:
        there = f"{target.rpartition('@')[0]}@{domain.catch_all_domain.name}"
        return [there] if address_of(there) else []
    return [domain.catch_all_target] if domain.catch_all_target else []


def expand(start: str) -> tuple[dict[str, str | None], int]:
    """Follow mail for `start` to its ends: each stop with the one before it, and the steps.

    Raises RecipientLoop when it comes back to `start`, TooManyInAll, TooManySteps.
    """
    before: dict[str, str | None] = {start: None}
    level, steps = [start], 0
    while level:
        following = []
        for here, stops in stops_after(level).items():
            for stop in stops:
                if stop == start:
                    raise RecipientLoop(path=path_to(here, before) + STEP + start)
                if stop not in before:
                    before[stop] = here
                    following.append(stop)
        level, steps = following, steps + 1 if following else steps
        if len(before) > MOST_IN_ALL:
            raise TooManyInAll(email=start, most=MOST_IN_ALL)
        if steps > MOST_STEPS:
            raise TooManySteps(most=MOST_STEPS)
    return before, steps


def path_to(here: str, before: dict[str, str | None]) -> str:
    """Write the way from the start to `here`, for the words of a refusal."""
    path = [here]
    while (previous := before[path[-1]]) is not None:
        path.append(previous)
    return STEP.join(reversed(path))


def refuse_circles(email: str) -> None:
    """Refuse what mail for `email`, or what leads to it, would do after a change.

    Raises RecipientLoop, TooManyInAll, TooManySteps.
    """
    _, steps = expand(email)
    level, above = {email}, 0
    seen = {email}
    while level:
        sources = sources_of(level)
        level = set(sources) - seen
        seen |= level
        above += 1 if level else 0
        if above + steps > MOST_STEPS:
            raise TooManySteps(most=MOST_STEPS)
        # With a single recipient, its mail expands as far as that recipient's: looked at already.
        for source in level:
            if sources[source] > 1:
                expand(source)


def sources_of(targets: set[str]) -> dict[str, int]:
    """Return what sends mail on to one of these, with its number of recipients.

    That are addresses redirected there, and unknown names whose catch-all leads there.
    """
    counted = Recipient.alias()
    count = counted.select(fn.COUNT(counted.id)).where(counted.address == Address.id)
    rows = (
        Address.select(Address.email, count)
        .join(Recipient)
        .where(Recipient.target.in_(list(targets)))
    )
    caught = [same_names_elsewhere(target) for target in targets]
    catching = Domain.select(Domain.name).where(
        Domain.catch_all_target.in_(list(targets)), Domain.removed_at.is_null()
    )
    caught += [unknown_targets(domain.name) for domain in catching]
    return dict.fromkeys(set().union(*caught), 1) | dict(tuples(rows))


def refuse_catch_all_circle(domain: Domain) -> None:
    """Refuse what mail that is sent on to unknown names of `domain` would do.

    Raises CatchAllLoop, TooManyInAll, TooManySteps.
    """
    try:
        for name in unknown_targets(domain.name):
            refuse_circles(name)
    except RecipientLoop as circle:
        raise CatchAllLoop(**circle.values) from circle


def refuse_circles_through(domain: Domain) -> None:
    """Refuse what mail would do that comes into a domain, or leaves it, now that it is back.

    Raises RecipientLoop, CatchAllLoop, TooManyInAll, TooManySteps.
    """
    entries = [*targets_from_elsewhere(domain), *catch_all_ends(domain.name)]
    ours = Domain.select(Domain.name).where(Domain.removed_at.is_null(), Domain.id != domain.id)
    exits = (
        Address.select(Address.email)
        .distinct()
        .join(Recipient)
        .where(Address.domain == domain, Recipient.domain.in_(ours))
    )
    refuse_catch_all_circle(domain)
    for email in sorted({*entries, *(row.email for row in exits)}):
        refuse_circles(email)
