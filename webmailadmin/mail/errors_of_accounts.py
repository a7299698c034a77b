"""What the rules on accounts refuse."""

from webmailadmin.mail.errors import N_, Refusal
from webmailadmin.mail.errors_of_recipients import RecipientMalformed


class AccountNameMalformed(Refusal):
    code, field = "account-name-malformed", "name"
    message = N_("A name for an account has 2 to 64 letters a to z, figures, dots or hyphens.")


class AccountExists(Refusal):
    code, field = "account-exists", "name"
    message = N_("There is an account %(name)s already.")


class AccountMissing(Refusal):
    code, field = "account-missing", "name"
    message = N_("There is no account %(name)s.")


class AccountChanged(Refusal):
    code = "account-changed"
    message = N_(
        "Meanwhile somebody else changed this account. "
        "What you typed is still here; save again to put it in place."
    )


class OwnPassword(Refusal):
    code = "own-password"
    message = N_("This is your own account: change its password on the page “Your password”.")


class AccountNameDiffers(Refusal):
    code, field = "account-name-differs", "typed"
    message = N_("Type the name of the account to agree: %(name)s.")


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


class NotAnOwner(Refusal):
    code, field = "not-an-owner", "domain"
    message = N_("%(name)s is an administrator, to whom every domain is open.")


# Their contact addresses


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
