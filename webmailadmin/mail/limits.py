"""How much an owner may have, over all domains together, and who is refused more.

The limits of every owner of a domain bind owners and holders, not administrators nor programs.
What is over a limit already stays, and may become less. What is removed does not count.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import guard, names, routing
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal, Refusals
from webmailadmin.mail.errors_of_limits import (
    AddressesUsedUp,
    CatchAllOutside,
    DomainsUsedUp,
    MailboxesUsedUp,
    OthersLimit,
    OutsideRefused,
    SizeLimitMissing,
    SizeLimitTooHigh,
    SpaceUsedUp,
    WouldLeadOutside,
)
from webmailadmin.models import Account, Domain

# Asked by each change of an owner: written out, see routing.
OWNERS = """
    SELECT account.* FROM account JOIN ownership ON account_id = account.id
    WHERE domain_id = ? ORDER BY account.id
"""
USED = """
    SELECT coalesce(sum(addresses), 0), coalesce(sum(mailboxes), 0),
        coalesce(sum(allocated_mb), 0), coalesce(sum(unlimited), 0),
        coalesce(sum(added_itself), 0)
    FROM domain JOIN ownership ON domain_id = domain.id
    WHERE account_id = ? AND removed_at IS NULL
"""
EXCESS = """
    SELECT coalesce(sum(max(quota_mb - ?, 0)), 0)
    FROM mailbox JOIN address ON address.id = address_id WHERE domain_id = ?
"""
LED_OUTSIDE = """
    SELECT recipient.email FROM recipient JOIN address ON address.id = address_id
    WHERE domain_id = ? AND local_part != ? AND NOT EXISTS (
        SELECT 1 FROM domain WHERE name = recipient.domain AND removed_at IS NULL
    ) ORDER BY recipient.id LIMIT 10
"""
# Also the postmaster@ of a removed domain, which may come back and lead outside then.
LEADING_IN = """
    SELECT DISTINCT email FROM (
        SELECT address.email, domain_id FROM recipient JOIN address ON address.id = address_id
        WHERE recipient.domain = :name
        UNION ALL
        SELECT email, domain_id FROM removed
        WHERE with_domain AND local_part = :postmaster
        AND instr(recipients || char(10), '@' || :name || char(10))
    ) AS led
    WHERE domain_id != :id
    AND domain_id IN (SELECT domain_id FROM ownership WHERE account_id = :owner)
    AND EXISTS (
        SELECT 1 FROM ownership JOIN account ON account.id = account_id
        WHERE ownership.domain_id = led.domain_id AND NOT may_redirect_outside
    ) ORDER BY email LIMIT 10
"""


@dataclass(frozen=True)
class Used:
    """What the domains of an owner have together.

    mb: the size limits of the mailboxes that have one; unlimited: how many have none.
    domains: how many the owner added itself.
    """

    addresses: int
    mailboxes: int
    mb: int
    unlimited: int
    domains: int


def used(account: Account) -> Used:
    """Return what the domains of an owner have together."""
    return Used(*db.execute_sql(USED, (account.id,)).fetchone())


def binding(domain: Domain, by: Actor) -> list[Account]:
    """Return the owners whose limits bind this person in a domain."""
    return [] if guard.everything(by) else list(Account.raw(OWNERS, domain.id))


@contextmanager
def kept(domain: Domain, *, by: Actor) -> Iterator[None]:
    """Refuse what is done inside when it takes more than an owner of the domain may have.

    Inside a transaction, which is to end with the refusal.
    Raises AddressesUsedUp, MailboxesUsedUp, SpaceUsedUp, SizeLimitMissing, SizeLimitTooHigh,
    OthersLimit.
    """
    before = [(one, used(one), excess(one, domain)) for one in binding(domain, by)]
    yield
    for account, had, had_excess in before:
        more = refused(account, had, used(account))
        if excess(account, domain) > had_excess:
            more.append(SizeLimitTooHigh(limit=account.most_mb_each))
        if more and account.id != by.id:
            raise OthersLimit
        refusals = Refusals()
        refusals.found = more
        refusals.raise_any()


def excess(account: Account, domain: Domain) -> int:
    """Return by how many MB in all the mailboxes of a domain are larger than one may be."""
    if account.most_mb_each is None:
        return 0
    (found,) = db.execute_sql(EXCESS, (account.most_mb_each, domain.id)).fetchone()
    return int(found)


def refused(account: Account, had: Used, has: Used) -> list[Refusal]:
    """Return the refusals of what has become more than the account may have."""
    found: list[Refusal] = []
    for refusal, most, old, new in (
        (AddressesUsedUp, account.most_addresses, had.addresses, has.addresses),
        (MailboxesUsedUp, account.most_mailboxes, had.mailboxes, has.mailboxes),
    ):
        if most is not None and new > max(most, old):
            found.append(refusal(used=old, most=most, wanted=new))
    bounded = account.most_mb is not None or account.most_mb_each is not None
    if bounded and has.unlimited > had.unlimited:
        found.append(SizeLimitMissing())
    # One that had no limit and gets one has become smaller, whatever the sum says.
    elif (
        account.most_mb is not None
        and has.unlimited == had.unlimited
        and has.mb > max(account.most_mb, had.mb)
    ):
        found.append(SpaceUsedUp(used_mb=had.mb, most_mb=account.most_mb, wanted_mb=has.mb))
    return found


def proposed_mb(domain: Domain, default: int, *, by: Actor) -> int:
    """Return the size limit to propose for a new mailbox: `default`, or what is allowed of it."""
    most = []
    for account in binding(domain, by):
        if account.most_mb_each is not None:
            most.append(account.most_mb_each)
        if account.most_mb is not None:
            most.append(max(account.most_mb - used(account).mb, 1))
    return min([*most, *([default] if default else [])], default=0)


# Recipients outside


def may_redirect_outside(domain: Domain, by: Actor) -> bool:
    """Say whether this person may send mail of the domain on to other servers."""
    return all(account.may_redirect_outside for account in binding(domain, by))


def refuse_outside(domain: Domain, added: Iterable[str], *, by: Actor) -> None:
    """Raise OutsideRefused for new recipients outside, where an owner may not have them."""
    outside = [email for email in added if routing.is_outside(email)]
    if outside and not may_redirect_outside(domain, by):
        raise OutsideRefused(emails=", ".join(outside))


def refuse_catch_all_outside(domain: Domain, email: str, *, by: Actor) -> None:
    """Raise CatchAllOutside for a catch-all outside, where an owner may not have it."""
    if routing.is_outside(email) and not may_redirect_outside(domain, by):
        raise CatchAllOutside(emails=email)


def refuse_led_outside(domain: Domain, *, by: Actor) -> None:
    """Raise OutsideRefused when a domain that comes back leads outside; postmaster@ may."""
    if may_redirect_outside(domain, by):
        return
    rows = db.execute_sql(LED_OUTSIDE, (domain.id, names.POSTMASTER)).fetchall()
    if rows:
        raise OutsideRefused(emails=", ".join(email for (email,) in rows))
    if domain.catch_all_to:
        refuse_outside(domain, [domain.catch_all_to], by=by)


def refuse_leading_in(domain: Domain, *, by: Actor) -> None:
    """Raise WouldLeadOutside when an owner removes a domain that their other ones lead to.

    Who may not redirect outside would do so all the same: by way of a domain of ours that goes.
    """
    if guard.everything(by):
        return
    values = {"name": domain.name, "id": domain.id, "owner": by.id, "postmaster": names.POSTMASTER}
    rows = db.execute_sql(LEADING_IN, values).fetchall()
    if rows:
        raise WouldLeadOutside(emails=", ".join(email for (email,) in rows))


# Domains that an owner adds


def may_add_domains(by: Actor) -> bool:
    """Say whether domains are theirs to add, if not too many."""
    if by.kind is not Kind.OWNER:
        return guard.everything(by)
    still = Account.id == by.id, Account.kind == Kind.OWNER, Account.enabled
    return bool(Account.select(Account.most_domains).where(*still).scalar())


def refuse_stranger(by: Actor) -> None:
    """Raise NotFound for who may add no domain."""
    if not may_add_domains(by):
        raise NotFound


def refuse_domain(by: Actor) -> None:
    """Raise NotFound for who may add no domain, DomainsUsedUp for who has added enough."""
    refuse_stranger(by)
    if by.kind is Kind.OWNER:
        account = Account.get_by_id(by.id)
        added = used(account).domains
        if added >= account.most_domains:
            raise DomainsUsedUp(used=added, most=account.most_domains)
