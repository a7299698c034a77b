"""The forms of accounts; see forms."""

from dataclasses import replace

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from webmailadmin.mail.profiles import Wish
from webmailadmin.web.forms import SPOKEN, Form, VersionField

KINDS = [
    SelectChoice("owner", _l("Owner of domains")),
    SelectChoice("administrator", _l("Administrator")),
]


class PersonForm(Form):
    """What is said of the person behind an account."""

    kind = RadioField(_l("Kind"), choices=KINDS, validate_choice=False)
    person = StringField(_l("Person"))
    contact = StringField(_l("Contact address"))
    language = RadioField(_l("Language"), choices=SPOKEN, validate_choice=False)

    def wish(self) -> Wish:
        """Return what the form says as plain values."""
        return Wish(
            person=self.person.data or "",
            contact=self.contact.data or "",
            language=self.language.data or "",
        )


class AddAccountForm(PersonForm):
    """A new account."""

    name = StringField(_l("Name to log in with"))


class AccountForm(PersonForm):
    """An account and how much it may have."""

    version = VersionField(default=0)
    most_addresses = StringField(_l("Addresses"))
    most_mailboxes = StringField(_l("Mailboxes"))
    most_mb = StringField(_l("Room for all mailboxes (MB)"))
    most_mb_each = StringField(_l("Room for one mailbox (MB)"))
    may_redirect_outside = BooleanField(_l("May redirect mail to other servers"))
    most_domains = StringField(_l("Domains that it may add itself"))

    def wish(self) -> Wish:
        """Return what the form says as plain values."""
        return replace(
            super().wish(),
            most_addresses=self.most_addresses.data or "",
            most_mailboxes=self.most_mailboxes.data or "",
            most_mb=self.most_mb.data or "",
            most_mb_each=self.most_mb_each.data or "",
            may_redirect_outside=bool(self.may_redirect_outside.data),
            most_domains=self.most_domains.data or "",
        )


class GiveForm(Form):
    """A domain for an owner."""

    domain = SelectField(_l("Domain"), validate_choice=False)


class RemoveAccountForm(Form):
    """The removal of an account, agreed to by its name."""

    typed = StringField(_l("Name of the account"))
