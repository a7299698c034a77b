"""What name servers say. Imported only where they are asked: their library is slow to load."""

import threading

import dns.exception
import dns.resolver

from webmailadmin import settings
from webmailadmin.mail import names
from webmailadmin.mail.errors_of_domains import NameServersSilent

SECONDS = 4.0  # for all of them together: the person waits
# Whose name servers are silent on purpose shall not hold every thread of the panel.
MOST_AT_ONCE = 2
asking = threading.BoundedSemaphore(MOST_AT_ONCE)


def texts(host: str, domain: str) -> list[str]:
    """Return what the TXT records of a host of a domain say.

    Raises NameServersSilent, also while others are asking.
    """
    if not asking.acquire(blocking=False):
        raise NameServersSilent(name=names.shown(domain))
    try:
        records = resolver().resolve(f"{host}.{domain}.", "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise NameServersSilent(name=names.shown(domain)) from error
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
