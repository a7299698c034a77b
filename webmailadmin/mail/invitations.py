"""The end of links to choose a password, once who may have made them lost the right to.

Whoever made one has seen it, and would open a mailbox by it that is not theirs any more. Who made
which is not kept: all end that they may have made, and the others are made anew.
"""

from webmailadmin.mail.actors import Kind
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account, Address, Domain, Link, Mailbox, Ownership

INVITATION = Link.purpose == Purpose.INVITATION


def end_in(domain: Domain) -> None:
    """End those for the mailboxes of a domain."""
    at = Address.select(Address.id).where(Address.domain == domain.id)
    boxes = Mailbox.select(Mailbox.id).where(Mailbox.address.in_(at))
    Link.delete().where(INVITATION, Link.mailbox.in_(boxes)).execute()


def end_of(account: Account) -> None:
    """End those that an account may have made. An administrator may have made any."""
    if account.kind == Kind.ADMINISTRATOR:
        Link.delete().where(INVITATION).execute()
    for domain in Domain.select().join(Ownership).where(Ownership.account == account.id):
        end_in(domain)
