"""Arranging: domains and addresses, straight in the tables, as the rules would leave them.

The only module of these tests that writes to the database.
"""

import secrets
from collections.abc import Sequence

import bcrypt

from webmailadmin.database import db
from webmailadmin.mail import names, routing
from webmailadmin.models import Address, Domain, Mailbox, Recipient

LOWEST_COST = 4  # of bcrypt: the tests log in hundreds of times


def domain(name: str) -> None:
    """Install a domain, without its postmaster@."""
    with db.atomic():
        made = Domain.create(name=name, catch_all_key=f"@{name}")
        routing.settle_domain(made)


def mailbox(email: str, password: str, quota_mb: int = 0, to: Sequence[str] = ()) -> None:
    """Add an address with a mailbox, whose mail is also copied to `to`."""
    with db.atomic():
        address = added(email, to)
        Mailbox.create(
            address=address,
            home=secrets.token_hex(16),
            password=hashed(password),
            quota_mb=quota_mb,
        )
        routing.settle(email)


def alias(email: str, to: Sequence[str] = ()) -> None:
    """Add an address without a mailbox, redirected to `to`; to nobody, it receives nothing."""
    with db.atomic():
        added(email, to)
        routing.settle(email)


def added(email: str, to: Sequence[str]) -> Address:
    """Add the rows of an address and of its recipients, still to be settled."""
    local_part, _, name = email.partition("@")
    address = Address.create(
        domain=Domain.get(Domain.name == name), local_part=local_part, email=email
    )
    for recipient in to:
        target = names.without_extension(recipient)
        Recipient.create(
            address=address,
            email=recipient,
            target=target,
            domain=names.domain_of(recipient),
            receives=routing.arrives(target, name),
        )
    return address


def switch_off(email: str) -> None:
    """Disable an address."""
    with db.atomic():
        Address.update(enabled=False).where(Address.email == email).execute()
        routing.settle(email)


def switch_on(email: str) -> None:
    """Enable an address again."""
    with db.atomic():
        Address.update(enabled=True).where(Address.email == email).execute()
        routing.settle(email)


def switch_domain_off(name: str) -> None:
    """Disable a domain."""
    with db.atomic():
        Domain.update(enabled=False).where(Domain.name == name).execute()
        routing.settle_domain(Domain.get(Domain.name == name))


def catch_all(name: str, email: str) -> None:
    """Send mail for names of the domain that do not exist to `email`."""
    with db.atomic():
        target = names.without_extension(email)
        Domain.update(
            catch_all_to=email,
            catch_all_target=target,
            catch_all_receives=routing.arrives(target, name),
        ).where(Domain.name == name).execute()
        routing.settle_domain(Domain.get(Domain.name == name))


def same_name(name: str, other: str) -> None:
    """Send mail for names of the domain that do not exist to the same name at `other`."""
    with db.atomic():
        there = Domain.get(Domain.name == other)
        Domain.update(catch_all_domain=there).where(Domain.name == name).execute()
        routing.settle_domain(Domain.get(Domain.name == name))


def new_password(email: str, password: str) -> None:
    """Give a mailbox another password."""
    address = Address.get(Address.email == email)
    Mailbox.update(password=hashed(password)).where(Mailbox.address == address).execute()


def hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(LOWEST_COST)).decode()
