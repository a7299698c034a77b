"""What the limits of an owner refuse."""

from webmailadmin.mail.errors import N_, Refusal


class AddressesUsedUp(Refusal):
    code, field = "addresses-used-up", "local_part"
    message = N_(
        "%(used)s of %(most)s addresses are used; this would make %(wanted)s. "
        "Delete some, or ask your hoster for more."
    )


class MailboxesUsedUp(Refusal):
    code, field = "mailboxes-used-up", "mailbox"
    message = N_(
        "%(used)s of %(most)s mailboxes are used; this would make %(wanted)s. "
        "Remove some, or ask your hoster for more."
    )


class SpaceUsedUp(Refusal):
    code, field = "space-used-up", "quota_mb"
    message = N_(
        "%(used_mb)s of %(most_mb)s are allocated; this would make %(wanted_mb)s. "
        "Choose a smaller size limit, or ask your hoster for more."
    )


class SizeLimitMissing(Refusal):
    code, field = "size-limit-missing", "quota_mb"
    message = N_("Enter a size limit: the space for your mailboxes is limited.")


class SizeLimitTooHigh(Refusal):
    code, field = "size-limit-too-high", "quota_mb"
    message = N_("A mailbox of yours has a size limit of %(limit)s at most.")


class OthersLimit(Refusal):
    code = "others-limit"
    message = N_("An owner of this domain may have no more of this. Ask your hoster for more.")


class OutsideRefused(Refusal):
    code, field = "outside-refused", "recipients"
    message = N_(
        "%(emails)s: mail of this domain may only be redirected to addresses at this hoster. "
        "Ask your hoster to allow more."
    )


class CatchAllOutside(OutsideRefused):
    code, field = "catch-all-outside", "to"


class WouldLeadOutside(Refusal):
    code = "would-lead-outside"
    message = N_(
        "%(emails)s: redirected to this domain, which would be at another server from then on. "
        "Redirect elsewhere first, or ask your hoster."
    )


class DomainIsOff(Refusal):
    code = "domain-is-off"
    message = N_("%(name)s is switched off. Ask your hoster before you remove it.")


class DomainsUsedUp(Refusal):
    code, field = "domains-used-up", "name"
    message = N_("You have added %(used)s of %(most)s domains. Ask your hoster for more.")


class DomainForHoster(Refusal):
    code, field = "domain-for-hoster", "name"
    message = N_("Only your hoster can install %(name)s.")
