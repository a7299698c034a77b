"""What a holder is told of the ways of mail: what else reaches it, who else gets it, as whom it
may send. Only names: what else these addresses are is not the holder's business.
"""

from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import leading, routing
from webmailadmin.mail.leading import Caught
from webmailadmin.models import Address, Domain

SENDERS = "SELECT email FROM postfix_sender WHERE login = ? ORDER BY email != login, email"


@dataclass(frozen=True)
class Reaching:
    """Addresses whose mail reaches a place too, and the unknown ones of whole domains."""

    emails: list[str]
    caught: list[Caught]

    def __bool__(self) -> bool:
        return bool(self.emails or self.caught)


def to(address: Address) -> Reaching:
    """Return what reaches an address, directly and over several steps."""
    seen: set[str] = set()
    level = {address.email} if address.receives and address.domain.enabled else set()
    while level:
        seen |= level
        level = passing(set(routing.sources_of(level)) - seen)
    caught = {one for email in sorted(seen) for one in leading.caught_by(email) if is_on(one)}
    return Reaching(
        known(seen - {address.email}), sorted(caught, key=lambda one: (one.domain, one.email))
    )


def passing(emails: set[str]) -> set[str]:
    """Return those that send mail on: all but existing ones that are off, or in such a domain."""
    off = (
        Address.select(Address.email)
        .join(Domain)
        .where(Address.email.in_(list(emails)), ~Address.enabled | ~Domain.enabled)
    )
    return emails - {row.email for row in off}


def known(emails: set[str]) -> list[str]:
    """Return those that exist, by name."""
    rows = Address.select(Address.email).where(Address.email.in_(list(emails)))
    return [row.email for row in rows.order_by(Address.email)]


def is_on(caught: Caught) -> bool:
    """Say whether the domain takes mail at present."""
    domain = routing.domain_named(caught.domain)
    return domain is not None and domain.enabled


def senders(address: Address) -> list[str]:
    """Return the addresses that its log-in may send as, its own first."""
    return [email for (email,) in db.execute_sql(SENDERS, (address.email,)).fetchall()]
