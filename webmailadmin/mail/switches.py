"""What a mailbox is for: to receive, to be logged in to, to be redirected by its holder.

Without receiving it only sends (noreply@); without the log-in, mail is kept for whoever is away.
"""

from webmailadmin.database import db
from webmailadmin.mail import addresses, discretion, mailboxes, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Address


def change(address: Address, wished: Switches, *, version: int, by: Actor) -> Address:
    """Set the switches of the mailbox behind an address, and return the address as it is then.

    For who manages its domain. version: of the address as the person saw it.
    Raises Changed when somebody else was quicker, PostmasterNeedsDestination; NotFound without a
    mailbox.
    """
    with db.atomic(), discretion.towards(by):
        address = addresses.found(by, address.email, Address.id == address.id)
        box = mailboxes.of(address)
        if box is None:
            raise NotFound
        addresses.claim(address, version, by=by)
        mailboxes.switch(address, box, wished, by=by)
        routing.settle(address.email)
    return addresses.of(by, address.email)
