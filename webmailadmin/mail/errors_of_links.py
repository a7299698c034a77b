"""What is refused of links that are handed out, and of addresses that they are sent to."""

from webmailadmin.mail.errors import N_, Refusal
from webmailadmin.mail.errors_of_accounts import ContactOwned
from webmailadmin.mail.errors_of_recipients import RecipientMalformed


class LinkOver(Refusal):
    code = "link-over"
    message = N_(
        "This link is not good any more: it was used, it has expired, a later one took its place, "
        "or the password was changed."
    )


class LinkOpensNothing(Refusal):
    code = "link-opens-nothing"
    message = N_("%(name)s may not log in at present: a link would open nothing.")


class LinkPlaceMissing(Refusal):
    code, field = "link-place-missing", "to"
    message = N_("Enter the address that the link is sent to.")


class LinkPlaceMalformed(RecipientMalformed):
    code, field = "link-place-malformed", "to"


class LinkToItself(Refusal):
    code, field = "link-to-itself", "to"
    message = N_(
        "Mail to %(email)s ends in the mailbox whose password is to be chosen: nobody could read "
        "it. Enter an address elsewhere."
    )


class LinkPlaceOwned(ContactOwned):
    code, field = "link-place-owned", "to"


class NoPublicUrl(Refusal):
    code = "no-public-url"
    message = N_(
        "The panel cannot send links by mail, since it does not know the address that people type "
        "to reach it: the setting WEBMAILADMIN_PUBLIC_URL is empty."
    )


class LetterNotSent(Refusal):
    """`reason`: what the mail server replied, or that there is none."""

    code = "letter-not-sent"
    message = N_("The mail to %(to)s could not be sent. Reason: %(reason)s")


class TooManyLetters(Refusal):
    """`minutes` until the next one is sent."""

    code = "too-many-letters"
    message = N_("These were mails enough. The next one can be sent in %(minutes)s minutes.")


# One's own address elsewhere


class ContactIsItself(Refusal):
    code, field = "contact-is-itself", "contact"
    message = N_(
        "Mail to %(email)s ends in this mailbox: without its password you could not read it. "
        "Enter an address elsewhere."
    )


class ContactReceivesNothing(Refusal):
    code, field = "contact-receives-nothing", "contact"
    message = N_("%(email)s receives nothing. Enter an address that does.")


# Forgotten passwords


class ForgottenNameMissing(Refusal):
    code, field = "forgotten-name-missing", "name"
    message = N_("Enter the name or the address that you log in with.")
