"""How refusals, dates, sizes and the journal are said, on pages and at the command line."""

import json
import locale
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import cysqlite
import flask_babel
import peewee
from flask import Flask
from flask_babel import (
    Babel,
    force_locale,
    format_date,
    format_datetime,
    format_decimal,
    format_timedelta,
    get_locale,
)
from markupsafe import Markup

from webmailadmin.mail import journal, names, usage
from webmailadmin.mail.actors import COMMAND_LINE, THE_PANEL
from webmailadmin.mail.days import day_of, time_zone
from webmailadmin.mail.errors import N_, Changed, Refusal
from webmailadmin.models import now

TRANSLATIONS = Path(__file__).parent / "translations"
EMAILS = ("email", "to", "was", "contact")
COUNTED = ("addresses", "mailboxes", "messages", "seconds")
MEGABYTES = ("limit", "used_mb", "most_mb", "wanted_mb")
# Each change was rolled back.
UNWRITABLE: dict[type[Exception], str] = {
    cysqlite.DatabaseLockedError: N_("The database is busy. Nothing was changed; try again."),
    cysqlite.DiskFullError: N_(
        "The server’s disk is full, so nothing was changed. Try again when there is room."
    ),
    cysqlite.ReadOnlyError: N_(
        "The panel may not write its database, so nothing was changed. "
        "`webmailadmin doctor` on the server says how to mend it."
    ),
}


def teach(app: Flask, chosen: Callable[[], str]) -> None:
    """Teach an application both languages. chosen: says which one is to be spoken now."""
    Babel(
        app,
        default_domain="messages",
        default_translation_directories=str(TRANSLATIONS),
        default_timezone=time_zone(),
        locale_selector=chosen,
    )


def of_terminal() -> str:
    """Return the language of the terminal."""
    spoken = os.environ.get("LANG", locale.getlocale()[0] or "")
    return "fr" if spoken.startswith("fr") else "en"


DAYS_COUNTED = 30  # what is longer ago is said by its date


def gettext(text: str, **values: object) -> str:
    """Translate `text`, then fill in the values."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Translate the form of a text that goes with a number, then fill in the values."""
    return str(flask_babel.ngettext(one, many, number, **values))


def spoken() -> str:
    """Return the language that is spoken: the person's, or the terminal's."""
    return str(get_locale().language)


def in_language(language: str) -> AbstractContextManager[None]:
    """Speak another language inside the block, for somebody who reads it later."""
    other: AbstractContextManager[None] = force_locale(language)
    return other


@dataclass(frozen=True)
class Toast:
    """One sentence on what was done, and how to undo it.

    undo: URL that takes the undo as a POST. target: element that the undone row replaces.
    more: URL of the page on what is to be looked at now.
    """

    text: str
    undo: str = ""
    target: str = ""
    more: str = ""

    def as_json(self) -> str:
        """Write it for the cookie that carries it over a redirect."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Toast":
        """Read what as_json wrote."""
        return cls(**json.loads(text))


def in_words(refusal: Refusal) -> str:
    """Say a refusal in the language of the person."""
    values = {name: shown_value(name, value) for name, value in refusal.values.items()}
    if isinstance(refusal, Changed):
        values["act"] = act_in_words(str(values["act"]), json.loads(str(values["details"])))
    return gettext(refusal.message, **values)


def why_unwritable(error: peewee.OperationalError) -> str:
    """Say why the database could not be written; "" when that is not what happened."""
    cause = error.orig  # type: ignore[attr-defined]  # of SQLite itself; peewee hands it on
    text = UNWRITABLE.get(type(cause))
    return gettext(text) if text else ""


def act_in_words(act: str, details: Mapping[str, str]) -> str:
    """Say an entry of the journal in the language of the person."""
    values = {name: shown_value(name, value) for name, value in details.items()}
    return gettext(journal.ACTS[act], **values)


def actor_in_words(actor: str, through: str = "") -> str:
    """Say who acted: a person by their name, the command line in the language of the person.

    through: the administrator who had entered as them.
    """
    shown = names.shown_email(actor)
    if through:
        return gettext("%(actor)s (%(through)s as %(actor)s)", actor=shown, through=through)
    if actor == COMMAND_LINE.name:
        return gettext("command line")
    return gettext("the panel") if actor == THE_PANEL.name else shown


def shown_value(name: str, value: object) -> object:
    """Return a value of a message for the eye: addresses with accents, dates in words."""
    text = str(value)
    if name == "actor":
        return actor_in_words(text)
    if name in EMAILS:
        return names.shown_email(text)
    if name == "emails":
        return ", ".join(names.shown_email(part) for part in text.split(", "))
    if name == "path":
        return " → ".join(names.shown_email(part) for part in text.split(" → "))
    if name == "until":
        return day(date.fromisoformat(text))
    if name == "bytes":
        return size_in_bytes(int(text))
    if name in COUNTED:
        return counted(name, int(text))
    if name in MEGABYTES:
        return size(int(text))
    if isinstance(value, int):
        return format_decimal(value)
    return value


def number(count: int) -> str:
    """Return a number for the eye: 1,204 in English, 1 204 in French."""
    return str(format_decimal(count))


def counted(what: str, count: int) -> str:
    """Return a number of things for the eye: 1 address, 1,204 messages."""
    n = format_decimal(count)
    if what == "addresses":
        return ngettext("%(n)s address", "%(n)s addresses", count, n=n)
    if what == "mailboxes":
        return ngettext("%(n)s mailbox", "%(n)s mailboxes", count, n=n)
    if what == "seconds":
        return ngettext("%(n)s second", "%(n)s seconds", count, n=n)
    return ngettext("%(n)s message", "%(n)s messages", count, n=n)


def held_text(messages: int, size: int) -> str:
    """Say how much there is: 1,204 messages (310 MB)."""
    words = counted("messages", messages)
    return f"{words} ({size_in_bytes(size)})" if messages else words


def size(megabytes: float) -> str:
    """Return a size in MB for the eye: 0.3 MB, 512 MB, 1.5 GB."""
    if megabytes >= 1024:
        return gettext("%(n)s GB", n=format_decimal(round(megabytes / 1024, 1)))
    return gettext("%(n)s MB", n=format_decimal(megabytes))


def size_in_bytes(count: int) -> str:
    """Return a size in bytes for the eye: 0 MB, 0.3 MB, 310 MB, 1.5 GB."""
    return size(rounded(count))


def rounded(count: int) -> float:
    """Return a size in bytes as MB, as exact as it is said; what is not nothing is not said so."""
    megabytes = count / usage.MB
    return max(round(megabytes, 1), 0.1) if 0 < megabytes < 10 else round(megabytes)


def is_this_year(moment: date) -> bool:
    """Say whether a date needs no year to be understood."""
    shown = day_of(moment) if isinstance(moment, datetime) else moment
    return shown.year == day_of(now()).year


def day(moment: date) -> str:
    """Return a day for the eye: 23 December, with its year when that is another one."""
    pattern = gettext("d MMMM") if is_this_year(moment) else gettext("d MMMM yyyy")
    return str(format_date(moment, pattern))


def minute(moment: datetime) -> str:
    """Return a time to the minute: 24 Nov 14:02, with its year when that is another one."""
    pattern = gettext("d MMM HH:mm") if is_this_year(moment) else gettext("d MMM yyyy HH:mm")
    return str(format_datetime(moment, pattern))


def ago(moment: datetime) -> str:
    """Say how long ago a time was: an hour ago."""
    # One second at least: nothing ago would be said as the time to come.
    return str(format_timedelta(min(moment - now(), timedelta(seconds=-1)), add_direction=True))


def days_ago(day: date, today: date) -> str:
    """Say how long ago a day was: today, yesterday, 3 days ago, 12 Nov 2025."""
    days = (today - day).days
    if days < 1:
        return gettext("today")
    if days == 1:
        return gettext("yesterday")
    if days <= DAYS_COUNTED:
        return ngettext("%(num)s day ago", "%(num)s days ago", days)
    pattern = gettext("d MMM") if is_this_year(day) else gettext("d MMM yyyy")
    return str(format_date(day, pattern))


def split_email(email: str) -> Markup:
    """Return an address with the domain set apart, so that a style can keep it quiet."""
    local_part, _, domain = email.rpartition("@")
    return Markup("{}<span>@{}</span>").format(local_part, names.shown(domain))
