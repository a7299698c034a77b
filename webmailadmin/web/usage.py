"""What mailboxes hold: on the list, in the editor, and asked for at once for the one on screen."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import peewee
from babel import Locale
from flask import Blueprint, Flask, Response, g, make_response, redirect, url_for
from flask_babel import format_decimal, get_locale, to_user_timezone

from webmailadmin import words
from webmailadmin.mail import addresses, filters, mailboxes
from webmailadmin.mail.errors import Refusal
from webmailadmin.mail.filters import Show
from webmailadmin.mail.listing import Row
from webmailadmin.mail.usage import FULL, NEARLY_FULL, below
from webmailadmin.models import Domain, now
from webmailadmin.upkeep import usage
from webmailadmin.web.addresses import editor_context, page_of
from webmailadmin.web.forms import EditForm
from webmailadmin.words import gettext

SECONDS_TO_ASK = 2.0
AS_GOOD_AS_NOW = timedelta(minutes=1)

bp = Blueprint("usage", __name__)


@bp.post("/addresses/<email>/usage")
def ask(email: str) -> Response:
    """Ask what the mailbox holds now; what is typed in the editor stays.

    A page that was opened asks by itself: to read it changes nothing, and waits for nobody.
    """
    address = addresses.of(g.account, email)
    editor = EditForm()
    box = mailboxes.of(address)
    if not editor.validate_on_submit() or box is None:
        context = editor_context(address, editor)
        return page_of(address.domain, "addresses/_entry.html", 422, **context)
    # The numbers are worth no more than a look at the old ones.
    with suppress(peewee.DatabaseError):
        usage.fresh(box, SECONDS_TO_ASK)
    context = editor_context(address, editor) | {"asked": True}
    return page_of(address.domain, "addresses/_asked.html", 200, **context)


@bp.get("/addresses/<email>/usage")
def asked(email: str) -> Response:
    """Answer the URL of the button when it is typed or reloaded."""
    return make_response(redirect(url_for("addresses.edit", email=email), 303))


def since(at: datetime) -> datetime | None:
    """Return when something was said, unless that was just now."""
    return at if now() - at > AS_GOOD_AS_NOW else None


def limit_warning(row: Row, typed: str) -> str:
    """Say what a size limit means that is below what the mailbox holds; "" for any other."""
    try:
        refusal = below(mailboxes.read_quota(typed), row.used.bytes) if row.used else None
    except Refusal:
        return ""
    return words.in_words(refusal) if refusal is not None else ""


def with_limit(row: Row, typed: str) -> Row:
    """Return the row as it will be with the size limit that is typed, as far as that is one."""
    with suppress(Refusal):
        return replace(row, quota_mb=mailboxes.read_quota(typed))
    return row


def filter_counts(domain: Domain) -> dict[Show, int]:
    """Count what the filters show that somebody may have to do something about."""
    return filters.count(domain, *filters.COUNTED)


def full_counts(domain: Domain) -> dict[Show, int]:
    """Count the mailboxes that are nearly full, and those that are full."""
    return filters.count(domain, Show.NEARLY_FULL, Show.FULL)


# Babel takes longer for one of these than we for a whole row.


@lru_cache(maxsize=1000)
def of_size_in(_: Locale, megabytes: int) -> str:
    """Say of which size limit something is used, in a language."""
    return gettext("of %(limit)s", limit=words.size(megabytes))


@lru_cache(maxsize=1000)
def days_ago_in(_: Locale, day: date, today: date) -> str:
    """Say how long ago a day was, in a language."""
    return words.days_ago(day, today)


def days_ago(moment: datetime) -> str:
    """Say how long ago a time was, to the day."""
    day, today = (to_user_timezone(time).date() for time in (moment, now()))
    return days_ago_in(get_locale(), day, today)


def init_app(app: Flask) -> None:
    """Hand these to the templates."""
    app.jinja_env.filters.update(
        of_size=lambda megabytes: of_size_in(get_locale(), megabytes),
        days_ago=days_ago,
        number=format_decimal,
    )
    app.jinja_env.globals.update(
        NEARLY_FULL=NEARLY_FULL,
        FULL=FULL,
        filter_counts=filter_counts,
        full_counts=full_counts,
        limit_warning=limit_warning,
        with_limit=with_limit,
        since=since,
    )
