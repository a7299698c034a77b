"""Recipients: read from what people paste, checked, written one a row."""

import re
from dataclasses import dataclass

from webmailadmin.mail import journal, limits, names, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import Refusals
from webmailadmin.mail.errors_of_recipients import (
    RecipientIsItself,
    RecipientMalformed,
    TooManyRecipients,
)
from webmailadmin.models import Address, Domain, Recipient

MOST = 100
# "Durand, Ann" <ann@x.org>   or   'ann@x.org' <ann@x.org>   or   Ann <ann@x.org>   or   ann@x.org
# A bare name holds no @: bob@y.org Ann <ann@x.org> are two. All lengths are bounded and possessive,
# or a long paste would take minutes.
ENTRY = re.compile(
    r"""(?:"[^"\n]{0,100}"|'[^'\n]{0,100}'[ \t]|[^<>,;"@\n]){0,100}+<(?P<within>[^<>\n]{0,320}+)>"""
    r"""|(?P<plain>[^,;\s]+)"""
)


@dataclass(frozen=True)
class Pasted:
    """What a text of recipients holds: the addresses in order, and those that stood twice."""

    emails: list[str]
    doubles: list[str]


def read(typed: str, own: str) -> Pasted:
    """Read recipients for the address `own` from what was typed or pasted.

    One a line, or with commas, semicolons or spaces between them, with or without the names that
    mail programs add. Raises every one that cannot stand (the first hundred of them):
    RecipientMalformed, RecipientIsItself, TooManyRecipients.
    """
    refusals = Refusals()
    emails: dict[str, int] = {}
    for entry in ENTRY.finditer(typed):
        if len(refusals.found) == MOST:
            break
        with refusals.collect():
            email = one(entry, own)
            emails[email] = emails.get(email, 0) + 1
    if len(emails) > MOST:
        refusals.found.append(TooManyRecipients(most=MOST, count=len(emails)))
    refusals.raise_any()
    return Pasted(list(emails), [email for email, times in emails.items() if times > 1])


def one(entry: re.Match[str], own: str) -> str:
    """Return the address in one entry. Raises RecipientMalformed, RecipientIsItself."""
    email = names.email(entry["plain"] if entry["within"] is None else entry["within"])
    if email is None:
        raise RecipientMalformed(typed=entry[0].strip())
    if names.without_extension(email) == own:
        raise RecipientIsItself(email=own)
    return email


def write(address: Address, domain: Domain, emails: list[str], *, by: Actor) -> bool:
    """Make `emails` the recipients of `address`; say whether that changed anything.

    Inside a transaction; the caller settles the address afterwards. Raises OutsideRefused.
    """
    present = [row.email for row in of(address)]
    taken = [email for email in present if email not in emails]
    added = [email for email in emails if email not in present]
    if present == emails:
        return False
    limits.refuse_outside(domain, added, by=by)
    Recipient.delete().where(Recipient.address == address).execute()
    for email in emails:
        target = names.without_extension(email)
        Recipient.create(
            address=address,
            email=email,
            target=target,
            domain=names.domain_of(email),
            receives=routing.arrives(target, domain.name),
        )
    if taken:
        journal.record(
            "recipients.taken", by=by, domain=domain, email=address.email, emails=", ".join(taken)
        )
    if added:
        journal.record(
            "recipients.added", by=by, domain=domain, email=address.email, emails=", ".join(added)
        )
    return True


def of(address: Address) -> list[Recipient]:
    """Return the recipients of an address in the order in which they were typed."""
    return list(Recipient.select().where(Recipient.address == address).order_by(Recipient.id))
