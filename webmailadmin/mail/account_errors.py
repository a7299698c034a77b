"""What the rules on accounts and their limits refuse."""

from webmailadmin.mail.errors import N_, Refusal


class NotAnOwner(Refusal):
    code, field = "not-an-owner", "domain"
    message = N_("%(name)s is an administrator, to whom every domain is open.")


class ContactOwned(Refusal):
    code, field = "contact-owned", "contact"
    message = N_(
        "%(email)s lies in a domain that has owners. They could read what is sent there and "
        "log in as an administrator. Give an address elsewhere."
    )


class ContactsInside(Refusal):
    code, field = "contacts-inside", "domain"
    message = N_(
        "%(email)s is the contact address of the administrator %(account)s. Owners of its domain "
        "could read what is sent there and log in as an administrator. Change that address first."
    )
