"""What happens to mail for an address, and what was done to it, each in one sentence."""

from markupsafe import Markup, escape

from webmailadmin.mail import names
from webmailadmin.mail.listing import Row
from webmailadmin.words import gettext, ngettext, size

# Left for outcome() to fill in: ngettext always fills in what it is given.
KEPT = {name: f"%({name})s" for name in ("email", "count", "size", "to")}


def outcome(row: Row, mailbox: bool, quota_mb: int | None = None) -> Markup:
    """Say what happens to mail for the address, with a mailbox or without one.

    quota_mb: size limit of the mailbox in MB when it is still to be opened; 0 is unlimited.
    """
    email = Markup("<b>{}</b>").format(names.shown_email(row.email))
    count = len(row.recipients)
    if not row.enabled:
        text = gettext("%(email)s is switched off: mail for it is refused.")
    elif mailbox and (row.keeps or not row.has_mailbox):
        text = kept(row.quota_mb if row.quota_mb is not None else quota_mb, count)
    elif mailbox and not count:
        text = refused(row)
    elif not count:
        text = gettext("%(email)s receives nothing yet: mail for it is refused.")
    elif not any(receives for _, receives in row.recipients):
        text = gettext("No recipient of %(email)s receives mail: mail for it is refused.")
    elif count == 1:
        text = gettext("Mail to %(email)s is sent on to %(to)s.")
    else:
        text = ngettext(
            "Mail to %(email)s is sent on to %(count)s address.",
            "Mail to %(email)s is sent on to %(count)s addresses.",
            count,
            **KEPT,
        )
    limit = row.quota_mb or quota_mb or 0
    to = names.shown_email(row.recipients[0][0]) if row.recipients else ""
    return Markup(escape(text)) % {  # noqa: S704  # nosec B704 - escaped on the spot
        "email": email,
        "count": count,
        "size": size(limit),
        "to": to,
        "num": count,
    }


def kept(quota_mb: int | None, copies: int) -> str:
    """Return the sentence for a mailbox: limited or not, with copies or without."""
    if copies and quota_mb:
        return ngettext(
            "Mail to %(email)s is kept in a mailbox of %(size)s and copied to %(to)s.",
            "Mail to %(email)s is kept in a mailbox of %(size)s and copied to %(count)s addresses.",
            copies,
            **KEPT,
        )
    if copies:
        return ngettext(
            "Mail to %(email)s is kept in a mailbox without limit and copied to %(to)s.",
            "Mail to %(email)s is kept in a mailbox without limit "
            "and copied to %(count)s addresses.",
            copies,
            **KEPT,
        )
    if quota_mb:
        return gettext("Mail to %(email)s is kept in a mailbox of %(size)s.")
    return gettext("Mail to %(email)s is kept in a mailbox without limit.")


def refused(row: Row) -> str:
    """Return the sentence for a mailbox that keeps nothing of what comes."""
    if row.sends_only:
        return gettext("%(email)s only sends: mail for it is refused.")
    return gettext("%(email)s receives nothing any more: mail for it is refused.")


def saved_text(before: Row, after: Row, doubles: list[str]) -> str:
    """Say what a save did, and which recipients stood twice."""
    email = names.shown_email(after.email)
    if before.has_mailbox and not after.has_mailbox:
        text = gettext("The mailbox of %(email)s is removed.", email=email)
    elif after.has_mailbox and not before.has_mailbox:
        text = gettext("%(email)s is a mailbox now.", email=email)
    else:
        text = gettext("%(email)s is saved.", email=email)
    return " ".join([text, *doubles_text(doubles)])


def doubles_text(doubles: list[str]) -> list[str]:
    """Say which recipients stood twice, if any."""
    if not doubles:
        return []
    twice = ", ".join(names.shown_email(double) for double in doubles)
    return [gettext("Kept once, although it stood there twice: %(emails)s.", emails=twice)]


def deleted_text(email: str) -> str:
    """Say that an address was deleted."""
    return gettext("%(email)s is deleted.", email=names.shown_email(email))


def renamed_text(old: str, new: str) -> str:
    """Say that an address has another name."""
    return gettext(
        "%(old)s is %(new)s now.", old=names.shown_email(old), new=names.shown_email(new)
    )


def restored_text(email: str) -> str:
    """Say that an address or its mailbox is back."""
    return gettext("%(email)s is back as it was.", email=names.shown_email(email))
