"""That a domain is theirs: what an owner who adds one shows in its DNS.

Our mail servers keep the mail of each domain of ours, wherever its name servers send it. Who added
somebody else's would read what everybody on this server writes to it.
"""

import hmac

from webmailadmin import settings
from webmailadmin.key import secret_key
from webmailadmin.mail import names
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors_of_domains import DomainUnproved

LABEL = "_webmailadmin"


def are_asked_of(by: Actor) -> bool:
    """Say whether this person must show that a domain is theirs."""
    return by.kind is Kind.OWNER and settings.current.owners_prove_domains


def code(by: Actor) -> str:
    """Return what the TXT record of an owner says, in each domain of theirs.

    A number is given once more after an earlier database was brought back, so the name counts too.
    """
    text = f"webmailadmin domains of {by.id} {by.name}".encode()
    return hmac.new(secret_key(settings.current.data), text, "sha256").hexdigest()[:32]


def refuse_unproved(name: str, *, by: Actor) -> None:
    """Raise DomainUnproved unless the DNS of a domain says that it is theirs.

    name: the A-label. Slow: outside every transaction. Raises NameServersSilent.
    """
    if not are_asked_of(by):
        return
    from webmailadmin.mail import name_servers  # noqa: PLC0415 - slow import, needed here alone

    if code(by) not in name_servers.texts(LABEL, name):
        shown = names.shown(name)
        raise DomainUnproved(name=shown, record=f"{LABEL}.{shown}")
