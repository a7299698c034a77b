"""What mailboxes hold: on the list, in the editor, and asked for at once for the one on screen."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple

import peewee
from babel import Locale
from flask import Blueprint, Flask, Response, g, url_for
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
from webmailadmin.web.htmx import go
from webmailadmin.web.pages import size_in
from webmailadmin.words import gettext

SECONDS_TO_ASK = 2.0
AS_GOOD_AS_NOW = timedelta(minutes=1)

bp = Blueprint("usage", __name__)


@bp.post("/addresses/<email>/usage")
def ask(email: str) -> Response:
    """Ask what the mailbox holds now; what is typed in the editor stays.

    A page that was opened asks by itself: to read it changes nothing, and waits for nobody.
    """
    address = addresses.of(g.who, email)
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
    return go(url_for("addresses.edit", email=email))


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
    """Count what the filters show that somebody may have to do something about, once a page."""
    if "filter_counts" not in g:
        g.filter_counts = filters.count(domain, *filters.COUNTED)
    counts: dict[Show, int] = g.filter_counts
    return counts


class Said(NamedTuple):
    """What a mailbox holds in words. limit: of which size limit, or that there is none.

    seen: when its holder logged in last, "" for never.
    """

    size: str
    limit: str
    seen: str


def use_teller() -> Callable[[Row], Said]:
    """Return what says what the mailbox of a row holds, in the language and on the day of now."""
    return partial(use_in_words, get_locale(), to_user_timezone(now()).date())


def use_in_words(locale: Locale, today: date, row: Row) -> Said:
    """Say what the mailbox of a row holds, which is known."""
    used = row.used
    assert used is not None
    last = used.last_log_in
    return Said(
        size_in(locale, words.rounded(used.bytes)),
        limit_in(locale, row.quota_mb or 0),
        days_ago_in(locale, last, today) if last is not None else "",
    )


# Babel takes longer for one of these than we for the whole row.


@lru_cache(maxsize=1000)
def limit_in(_: Locale, quota_mb: int) -> str:
    """Say a size limit in a language, after what is used of it."""
    if not quota_mb:
        return gettext("no limit")
    return gettext("of %(limit)s", limit=words.size(quota_mb))


@lru_cache(maxsize=5000)
def days_ago_in(_: Locale, moment: datetime, today: date) -> str:
    """Say how long ago a time was, to the day, in a language."""
    return words.days_ago(to_user_timezone(moment).date(), today)


def init_app(app: Flask) -> None:
    """Hand these to the templates."""
    app.jinja_env.filters["number"] = format_decimal
    app.jinja_env.globals.update(
        NEARLY_FULL=NEARLY_FULL,
        FULL=FULL,
        filter_counts=filter_counts,
        limit_warning=limit_warning,
        with_limit=with_limit,
        since=since,
        use_teller=use_teller,
    )
