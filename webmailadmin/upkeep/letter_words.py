"""What stands in the mails about log-ins, in the language that is spoken at the moment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from webmailadmin import settings
from webmailadmin.mail import names
from webmailadmin.mail.errors import N_
from webmailadmin.mail.notices import Notice
from webmailadmin.words import gettext, minute, spoken

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "letters"
templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
)

# Subject, and the first sentence.
NOTICES = {
    Notice.CHANGED: (
        N_("The password of %(name)s was changed"),
        N_("The password of %(name)s was changed: %(moment)s."),
    ),
    Notice.FACTOR: (
        N_("The second factor of %(name)s was changed"),
        N_("The second factor that guards %(name)s was changed or switched off: %(moment)s."),
    ),
    Notice.ENTERED: (
        N_("An administrator entered as %(name)s"),
        N_(
            "An administrator entered the panel as %(name)s: %(moment)s. "
            "What was done there stands in your journal."
        ),
    ),
    Notice.CONTACT: (
        N_("The contact address of %(name)s was changed"),
        N_(
            "The contact address of %(name)s was changed: %(moment)s. "
            "Mails about this log-in no longer come to you."
        ),
    ),
}
LEADS_BACK = N_("If it was not you, ask for another one here:")


@dataclass(frozen=True)
class Words:
    """A letter: paragraphs, a link after the first one, with what to press."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""
    label: str = ""

    def as_text(self) -> str:
        """Write it as plain text."""
        return templates.get_template("letter.txt").render(letter=self) + "\n"

    def as_html(self) -> str:
        """Write it as HTML."""
        return templates.get_template("letter.html").render(letter=self, language=spoken())


def invitation(name: str, link: str) -> Words:
    """Say that a log-in waits for its person, who chooses the password."""
    values = {"name": names.shown_email(name)}
    return Words(
        gettext("Choose your password for %(name)s", **values),
        (
            gettext("%(name)s is yours. Choose the password here:", **values),
            gettext(
                "The link is good once, for 72 hours. After that, ask for another one where you "
                "were promised it."
            ),
            gettext(
                "Nobody but you knows the password that you choose, not even those who look after "
                "the servers. If you do not expect this mail, leave it alone: nothing happens."
            ),
        ),
        link,
        gettext("Choose your password"),
    )


def reset(name: str, link: str) -> Words:
    """Say how to come to another password."""
    values = {"name": names.shown_email(name)}
    return Words(
        gettext("A new password for %(name)s", **values),
        (
            gettext(
                "Somebody, probably you, has forgotten the password of %(name)s. "
                "Choose a new one here:",
                **values,
            ),
            gettext("The link is good once, for 30 minutes."),
            gettext(
                "If it was not you, leave this mail alone: the present password stays good, and "
                "nobody else has this link."
            ),
        ),
        link,
        gettext("Choose a new password"),
    )


def confirmation(name: str, contact: str, link: str) -> Words:
    """Ask whether a contact address is the person's."""
    values = {"name": names.shown_email(name), "contact": names.shown_email(contact)}
    return Words(
        gettext("Confirm your contact address for %(name)s", **values),
        (
            gettext(
                "%(contact)s was entered as the contact address of %(name)s. "
                "If you entered it, confirm it here:",
                **values,
            ),
            gettext(
                "Once it is confirmed, a link to a new password is sent there when you forget "
                "yours. This link is good once, for 72 hours."
            ),
            gettext(
                "If you do not know %(name)s, leave this mail alone: nothing happens.", **values
            ),
        ),
        link,
        gettext("Confirm the address"),
    )


def notice(notice: Notice, name: str, at: datetime) -> Words:
    """Say what happened, and what to do if it was somebody else."""
    values = {"name": names.shown_email(name), "moment": minute(at)}
    subject, first = NOTICES[notice]
    link, label = way_back(notice)
    return Words(
        gettext(subject, **values),
        (
            gettext(first, **values) + (f" {gettext(LEADS_BACK)}" if link else ""),
            gettext("If you know of it, there is nothing to do."),
            gettext(
                "If not, tell the person who looks after your addresses at once, in another way "
                "than by this mailbox."
            ),
        ),
        link,
        label,
    )


def way_back(notice: Notice) -> tuple[str, str]:
    """Return the page where a new password is asked for, if a mail may tell of it."""
    if notice is not Notice.CHANGED or not settings.current.public_url:
        return "", ""
    return f"{settings.current.public_url}/forgotten", gettext("Ask for a new password")
