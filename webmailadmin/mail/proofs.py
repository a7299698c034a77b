"""That a domain is theirs: what an owner who adds one shows in its DNS.

Our mail servers keep the mail of each domain of ours, wherever its name servers send it. Who added
somebody else's would read what everybody on this server writes to it.
"""

import hmac
import threading

import dns.exception
import dns.resolver

from webmailadmin import settings
from webmailadmin.key import secret_key
from webmailadmin.mail import names
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors_of_accounts import DomainUnproved, NameServersSilent

LABEL = "_webmailadmin"
SECONDS = 4.0  # for all name servers together: the person waits
# Whose name servers are silent on purpose shall not hold every thread of the panel.
MOST_AT_ONCE = 2
asking = threading.BoundedSemaphore(MOST_AT_ONCE)


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
    if are_asked_of(by) and code(by) not in texts(name):
        raise DomainUnproved(name=names.shown(name))


def texts(name: str) -> list[str]:
    """Return what the TXT records of a domain say that are for us.

    Raises NameServersSilent, also while others are asking.
    """
    if not asking.acquire(blocking=False):
        raise NameServersSilent(name=names.shown(name))
    try:
        records = resolver().resolve(f"{LABEL}.{name}.", "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise NameServersSilent(name=names.shown(name)) from error
    finally:
        asking.release()
    return [b"".join(record.strings).decode(errors="replace").strip() for record in records]


def resolver() -> dns.resolver.Resolver:
    """Return what asks the name server of the settings, or else those of the system."""
    if settings.current.name_server is None:
        return dns.resolver.Resolver()
    host, port = settings.current.name_server
    made = dns.resolver.Resolver(configure=False)
    made.nameservers, made.port = [host], port
    return made
