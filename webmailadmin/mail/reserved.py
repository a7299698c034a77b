"""Names that speak for who runs a domain: no owner or holder takes them.

Certificate authorities write to some of them (admin@, administrator@, hostmaster@, postmaster@,
webmaster@) to ask whether somebody may have a certificate for the domain.
"""

from webmailadmin import settings
from webmailadmin.mail import guard
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_names import MailboxReserved, NameReserved


def refuse_name(local_part: str, *, by: Actor) -> None:
    """Raise NameReserved for a reserved name that somebody else than the hoster would give."""
    if is_kept_from(local_part, by):
        raise NameReserved(local_part=local_part)


def refuse_mailbox(local_part: str, *, by: Actor) -> None:
    """Raise MailboxReserved for a mailbox at a reserved name, which may be redirected."""
    if is_kept_from(local_part, by):
        raise MailboxReserved(local_part=local_part)


def is_kept_from(local_part: str, by: Actor) -> bool:
    """Say whether a name is reserved, and this person not the hoster."""
    return not guard.everything(by) and local_part in settings.current.reserved_names
