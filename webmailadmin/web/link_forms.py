"""The forms of links, of one's contact address, and of a forgotten password."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from webmailadmin.web.forms import Form, TypedPassword


class ChooseForm(Form):
    """A password that the person of a link chooses."""

    password = TypedPassword(_l("New password"))
    confirmation = TypedPassword(_l("Confirm the password"))


class ConfirmForm(Form):
    """The password of who confirms an address."""

    present = TypedPassword(_l("Password"))


class InviteForm(Form):
    """A link that is made; `send` when it goes to an address by mail."""

    to = StringField(_l("Send it to"))
    send = HiddenField()


class ForgottenForm(Form):
    """Who has forgotten the password."""

    name = StringField(_l("Name or email address"))


class ContactForm(Form):
    """One's own address elsewhere."""

    contact = StringField(_l("Contact address"))
    present = TypedPassword(_l("Present password"))
