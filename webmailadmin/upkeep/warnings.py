"""Mailboxes are told, by mail and in the language of their domain, that they are nearly full."""

from webmailadmin.mail import names, warnings
from webmailadmin.mail.warnings import Due
from webmailadmin.servers import mailfiles, outgoing
from webmailadmin.servers.outgoing import Letter, Refused, Unreachable
from webmailadmin.words import gettext, in_language, size, size_in_bytes

FULL = 552  # what Postfix replies for a mailbox that has no room: RFC 5321, 4.2.3


class WarningsStuck(Exception):
    """Some warnings could not be sent. Its text is one sentence."""


def carry_out() -> None:
    """Send the warnings that are due; what is not taken is tried again with the next run.

    Raises HelperTrouble, WarningsStuck.
    """
    stuck = [trouble for due in warnings.due() if (trouble := warn(due))]
    if stuck:
        raise WarningsStuck(f"{len(stuck)} warnings to nearly full mailboxes wait: {stuck[0]}")


def warn(due: Due) -> str:
    """Warn one mailbox, unless it has the warning already; return what stopped that, or "".

    Raises HelperTrouble, WarningsStuck when there is no mail server at all.
    """
    standing = warnings.standing(due)
    if standing is not None and mailfiles.find(due.home, standing.message_id) is not None:
        warnings.told(due.id, standing.percent)
        return ""
    message_id = warnings.claim(due, outgoing.new_message_id())
    if message_id is None:
        return ""
    outcome = outgoing.send(letter(due, message_id))
    if isinstance(outcome, Unreachable):
        raise WarningsStuck(outcome.reason)
    # Filled up since Dovecot was asked: it is due once there is room.
    if isinstance(outcome, Refused):
        return "" if outcome.code == FULL else f"{outcome.code} {outcome.words}"
    warnings.told(due.id, due.mark)
    return ""


def letter(due: Due, message_id: str) -> Letter:
    """Write a warning. Whoever answers it reaches the one who looks after the domain."""
    with in_language(due.language):
        subject, text = words(due)
    return Letter(
        sender=f"{names.POSTMASTER}@{due.domain}",
        to=due.email,
        subject=subject,
        text=text,
        message_id=message_id,
    )


def words(due: Due) -> tuple[str, str]:
    """Return subject and text of a warning: how full it is, what follows, what to do."""
    values = {
        "email": names.shown_email(due.email),
        "domain": names.shown(due.domain),
        "used": size_in_bytes(due.bytes),
        "limit": size(due.quota_mb),
        "percent": due.percent,
    }
    if due.mark == warnings.MARKS["almost_full"]:
        subject = gettext("Your mailbox %(email)s is almost full (%(percent)s %%)", **values)
    else:
        subject = gettext("Your mailbox %(email)s is %(percent)s %% full", **values)
    paragraphs = (
        gettext("%(email)s holds %(used)s of %(limit)s (%(percent)s %%).", **values),
        gettext("Once it is full, mail to it is refused, and those who wrote are told so."),
        gettext(
            "To make room, delete what you no longer need, large attachments first, then empty "
            "the trash: what lies there counts too, and so does what you have sent."
        ),
        gettext(
            "If you need a larger mailbox, answer this mail: it reaches the person who looks "
            "after %(domain)s.",
            **values,
        ),
        gettext(
            "This mail comes by itself, once when a mailbox passes 80 %% of its size limit and "
            "once when it passes 95 %%.",
            **values,
        ),
    )
    return subject, "\n\n".join(paragraphs) + "\n"
