"""The forms: which fields a page reads, and how a refusal finds its field.

What may stand in a field is decided by the rules; a form only carries text.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import HiddenInput, PasswordInput

from webmailadmin.mail.domains import LANGUAGES
from webmailadmin.mail.errors import Refusal
from webmailadmin.mail.leading import Source
from webmailadmin.models import LARGEST_ID
from webmailadmin.words import gettext, in_words

YES_NO = [SelectChoice("yes", _l("Yes")), SelectChoice("no", _l("No"))]
SPOKEN = [SelectChoice(code, name) for code, name in LANGUAGES.items()]


class TypedPassword(PasswordField):  # type: ignore[misc]
    """A password; what was typed comes back with a refusal: the page is never stored."""

    widget = PasswordInput(hide_value=False)


def version_in(text: str) -> int:
    """Read the version of a row. What none can be is 0, which is older than every row."""
    with suppress(ValueError):
        version = int(text)
        return version if 0 <= version <= LARGEST_ID else 0
    return 0


class VersionField(IntegerField):  # type: ignore[misc]
    """The version of a row that the person saw; one that was made up is an old one."""

    widget = HiddenInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was sent, if anything was."""
        if valuelist:
            self.data = version_in(valuelist[0])

    def renew(self, version: int) -> None:
        """Let the form go on from what the row is now, whatever was sent."""
        self.data, self.raw_data = version, None


class Form(FlaskForm):  # type: ignore[misc]
    """What all our forms share."""

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Write what a rule refuses beside the input at fault, else at the head of the form."""
        try:
            yield
        except Refusal as refusal:
            self.refused = refusal
            g.refused = refusal.code
            for part in refusal.parts():
                self.blame(part)

    refused: Refusal | None = None

    def blame(self, refusal: Refusal) -> None:
        """Tie one refusal to its field."""
        if refusal.field is not None and refusal.field in self:
            field = self[refusal.field]
            field.errors = [*field.errors, in_words(refusal)]
        else:
            self.form_errors.append(in_words(refusal))

    def validate_on_submit(self, *args: Any, **kwargs: Any) -> bool:
        """Say whether the form was sent, from a page of ours that is still good."""
        self.refuse_repeated()
        good: bool = super().validate_on_submit(*args, **kwargs)
        if self.is_submitted() and self.csrf_token.errors:
            self.form_errors.append(
                gettext("This page had been open for too long. Nothing is lost: send it again.")
            )
            self.csrf_token.raw_data = None
        return good

    def refuse_repeated(self) -> None:
        """Refuse a field of one value that came twice: no browser sends that of our pages."""
        for field in self:
            several = isinstance(field, SelectMultipleField)
            if self.is_submitted() and len(field.raw_data or ()) > 1 and not several:
                raise BadRequest


class Plain(Form):
    """A button: nothing to read but its token."""


class JournalForm(Form):
    """What is looked for in the journal. It changes nothing, so it needs no token."""

    class Meta:
        csrf = False

    person = StringField(_l("By whom"))
    address = StringField(_l("Address or domain"))
    since = StringField(_l("From"))
    until = StringField(_l("To"))


class LanguageForm(Form):
    """The switch of the language."""

    language = HiddenField()
    next = HiddenField()


class LogInForm(Form):
    """Name and password."""

    name = StringField(_l("Name or email address"))
    password = TypedPassword(_l("Password"))
    next = HiddenField()


class CodeForm(Form):
    """The code that follows the password."""

    code = StringField(_l("Code"))
    next = HiddenField()


class ProveForm(CodeForm):
    """The password and the code once more."""

    present = TypedPassword(_l("Password"))


class EnrolForm(Form):
    """A second factor that is being set up. sealed: the secret that the page proposed."""

    sealed = HiddenField()
    code = StringField(_l("Code"))


class OwnPasswordForm(Form):
    """A new password for one's own account."""

    present = TypedPassword(_l("Present password"))
    password = TypedPassword(_l("New password"))
    confirmation = TypedPassword(_l("Confirm the password"))


class RedirectForm(Form):
    """Where else a holder's mail goes. present, code: asked for when the log-in is an older one."""

    version = VersionField(default=0)
    recipients = TextAreaField(_l("Redirect to"))
    keep_copy = BooleanField(_l("Keep a copy in the mailbox"))
    present = TypedPassword(_l("Present password"))
    code = StringField(_l("Code"))


class AppPasswordForm(Form):
    """An app password to make, named after a mail program."""

    name = StringField(_l("Mail program"))


class InstallForm(Form):
    """A domain to install."""

    name = StringField(_l("Domain"))
    contact = StringField(_l("Contact address"))


class MailLanguageForm(Form):
    """The language of the mails that the mailboxes of a domain get from us."""

    language = RadioField(_l("Language"), choices=SPOKEN, validate_choice=False)


class RemoveDomainForm(Form):
    """The removal of a domain, agreed to by its name."""

    name = StringField(_l("Name of the domain"))


class AddForm(Form):
    """The line that adds an address."""

    local_part = StringField(_l("Name"))


class EditForm(Form):
    """The editor of an address. switches: says that those of the mailbox were shown."""

    version = VersionField(default=0)
    mailbox = RadioField(_l("Mailbox"), choices=YES_NO, validate_choice=False)
    password = TypedPassword(_l("Password"))
    confirmation = TypedPassword(_l("Confirm the password"))
    quota_mb = StringField(_l("Size limit (MB)"))
    recipients = TextAreaField(_l("Redirect to"))
    enabled = BooleanField(_l("Enabled"))
    may_remove = BooleanField()
    agreed_quota = HiddenField()
    by_link = BooleanField(_l("The holder chooses the password by a link"))
    switches = HiddenField()
    receives = BooleanField(_l("Receives mail"))
    may_log_in = BooleanField(_l("May log in"))
    may_redirect = BooleanField(_l("The holder may redirect mail"))
    generate = HiddenField()


class DeleteForm(Form):
    """The deletion of an address; `asked` once the warning was shown."""

    may_remove = BooleanField()
    asked = HiddenField()


class LeadingForm(Form):
    """What leads to a place. led: the ticked addresses, each with its version as it was seen."""

    led = SelectMultipleField(validate_choice=False)
    recipients = StringField(_l("Point them to"))
    do = HiddenField()

    def seen(self) -> dict[str, int]:
        """Return the ticked addresses with the versions that the person saw."""
        pairs = (entry.rpartition(" ") for entry in self.led.data or ())
        return {email: version_in(text) for email, _, text in pairs}

    def tick(self, sources: Iterable[Source]) -> None:
        """Offer these addresses as they are now: ticked as they were, or all at first."""
        ticked = {entry.rpartition(" ")[0] for entry in self.led.data or ()}
        every = not self.is_submitted()
        self.ticked = {source.email for source in sources if every or source.email in ticked}


class RestoreForm(Form):
    """The restore of what was removed, under another name when its own is taken."""

    local_part = StringField(_l("Name"))


class RenameForm(Form):
    """Another name for an address; `keep_alias` lets the old one lead to it."""

    version = VersionField(default=0)
    local_part = StringField(_l("New name"))
    keep_alias = BooleanField()


class VacationForm(Form):
    """What a mailbox answers while its holder is away. begins, ends: days as 2026-08-03."""

    version = VersionField(default=0)
    enabled = BooleanField(_l("Answer mail automatically"))
    begins = StringField(_l("From"))
    ends = StringField(_l("Until, this day included"))
    subject = StringField(_l("Subject"))
    text = TextAreaField(_l("Text"))


class PurgeForm(Form):
    """The end of what was removed, agreed to by its address."""

    name = StringField(_l("Address"))


class UnknownForm(Form):
    """What happens to mail for unknown addresses."""

    kind = RadioField(
        _l("Mail for unknown addresses"),
        choices=[
            SelectChoice("none", _l("is refused")),
            SelectChoice("address", _l("goes to one address")),
            SelectChoice("domain", _l("goes to the same name at another of your domains")),
        ],
        validate_choice=False,
    )
    to = StringField(_l("Address"))
    other = StringField(_l("Domain"))
