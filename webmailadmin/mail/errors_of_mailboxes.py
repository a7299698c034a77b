"""What the rules on mailboxes and their messages refuse."""

from webmailadmin.mail.errors import N_, Refusal


class MailboxWouldGo(Refusal):
    code, field = "mailbox-would-go", "may_remove"
    message = N_("Tick the box to remove the mailbox, or choose Mailbox: Yes.")


class LimitBelowUse(Refusal):
    code, field = "limit-below-use", "agreed_quota"
    message = N_(
        "The mailbox holds %(bytes)s already: with a limit of %(limit)s, new mail is refused "
        "until it holds less."
    )


class QuotaMalformed(Refusal):
    code, field = "quota-malformed", "quota_mb"
    message = N_("Enter the size limit as a whole number of MB, or 0 for no limit.")


class QuotaTooLarge(Refusal):
    code, field = "quota-too-large", "quota_mb"
    message = N_("The size limit is at most %(most)s MB. For no limit, enter 0.")


class RemovedNameDiffers(Refusal):
    code, field = "removed-name-differs", "name"
    message = N_("Type the address to agree: %(email)s.")


# Messages


class MessagesOutOfReach(Refusal):
    code = "messages-out-of-reach"
    message = N_(
        "The messages cannot be read at the moment; the panel’s log says why. "
        "Nothing is lost: try again in a minute."
    )


class TooManyDownloads(Refusal):
    code = "too-many-downloads"
    message = N_("%(count)s downloads are running. Try again once one of them has ended.")


class TooManyTests(Refusal):
    """`seconds` until the next one is sent."""

    code = "too-many-tests"
    message = N_("These were test messages enough. Send the next one in %(seconds)s.")
