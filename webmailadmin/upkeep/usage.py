"""What mailboxes hold is asked of Dovecot, through the mail-file helper, and written down."""

from contextlib import suppress

from webmailadmin.mail import usage
from webmailadmin.models import Mailbox, Usage
from webmailadmin.servers import mailfiles


def fresh(box: Mailbox) -> Usage | None:
    """Return what a mailbox holds now; when nobody answers, what it held when last asked."""
    with suppress(mailfiles.HelperTrouble):
        held = mailfiles.usage(box.home)
        usage.note(box, held.messages, held.bytes, held.last_log_in)
    return usage.of(box)
