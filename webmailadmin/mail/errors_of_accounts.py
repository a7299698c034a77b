"""What the rules on accounts, their limits and reserved names refuse."""

from webmailadmin.mail.errors import N_, RecipientMalformed, Refusal


class NotAnOwner(Refusal):
    code, field = "not-an-owner", "domain"
    message = N_("%(name)s is an administrator, to whom every domain is open.")


class ContactMalformed(RecipientMalformed):
    code, field = "contact-malformed", "contact"


class ContactOwned(Refusal):
    code, field = "contact-owned", "contact"
    message = N_(
        "Mail to %(email)s comes through a domain that has owners. They could read it and log in "
        "as an administrator. Enter an address elsewhere."
    )


class ContactsInside(Refusal):
    code, field = "contacts-inside", "domain"
    message = N_(
        "%(email)s is the contact address of the administrator %(account)s. Owners of its domain "
        "could read what is sent there and log in as an administrator. Change that address first."
    )


class KindMissing(Refusal):
    code, field = "kind-missing", "kind"
    message = N_("Choose what the account is: an administrator or an owner.")


class PersonMalformed(Refusal):
    code, field = "person-malformed", "person"
    message = N_("A name has at most 100 characters, none of them invisible.")


class LimitMalformed(Refusal):
    """Of whichever limit: `field` says which."""

    code = "limit-malformed"
    message = N_("Enter a whole number up to %(most)s, or leave it empty.")

    def __init__(self, field: str, **values: object) -> None:
        super().__init__(**values)
        self.field = field


class LastAdministrator(Refusal):
    code = "last-administrator"
    message = N_("%(name)s is the last administrator that is on. Make another one first.")


class OwnAccount(Refusal):
    code = "own-account"
    message = N_("This is your own account: ask another administrator.")


class OwnPassword(Refusal):
    code = "own-password"
    message = N_("This is your own account: change its password on the page “Your password”.")


class AccountNameDiffers(Refusal):
    code, field = "account-name-differs", "typed"
    message = N_("Type the name of the account to agree: %(name)s.")


# Limits of an owner


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


class DomainUnproved(Refusal):
    code, field = "domain-unproved", "name"
    message = N_(
        "The DNS of %(name)s does not say that the domain is yours: the TXT record is missing, or "
        "says something else. When a name server was asked too early, a new record can take an "
        "hour to be seen."
    )


class NameServersSilent(Refusal):
    code, field = "name-servers-silent", "name"
    message = N_("The name servers of %(name)s do not answer. Try again in a moment.")


class DomainMissing(Refusal):
    code, field = "domain-missing", "name"
    message = N_("%(name)s is not installed.")


# Reserved names


class NameReserved(Refusal):
    code, field = "name-reserved", "local_part"
    message = N_(
        "%(local_part)s@ is reserved: whoever reads its mail can get certificates for the domain, "
        "and speaks for who runs it. Ask your hoster."
    )


class MailboxReserved(NameReserved):
    code, field = "mailbox-reserved", "mailbox"
