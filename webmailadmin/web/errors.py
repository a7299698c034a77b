"""What a person reads when something is not there, not allowed, or broken."""

import logging

import cysqlite
import peewee
from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException, SecurityError

from webmailadmin.mail.errors import Changed, NotFound, Refusal
from webmailadmin.mail.errors_of_entering import OnlyThemselves
from webmailadmin.mail.errors_of_log_ins import TooManyFailures
from webmailadmin.mail.errors_of_mailboxes import MessagesOutOfReach, TooManyDownloads
from webmailadmin.mail.errors_of_names import AddressGone
from webmailadmin.web.htmx import answer
from webmailadmin.web.security import where_from
from webmailadmin.words import gettext, in_words, why_unwritable

log = logging.getLogger(__name__)

STATUSES = {
    OnlyThemselves: 403,
    Changed: 409,
    AddressGone: 410,
    MessagesOutOfReach: 503,
    TooManyDownloads: 503,
}


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status that says what kind of refusal this is."""
    for kind, status in STATUSES.items():
        if isinstance(refusal, kind):
            return status
    return 422


def say(text: str, status: int, **context: object) -> Response:
    """Answer with one sentence, as page or as notice."""
    if "who" not in g:
        g.log_in = g.who = None
    context |= {"text": text, "status": status}
    return answer("errors/page.html", "errors/_notice.html", status, **context)


def not_found(_: Exception) -> Response:
    """Nothing there, or not for this person."""
    return say(gettext("There is nothing at this address, or not any more."), 404)


def refused(refusal: Refusal) -> Response:
    """A refusal that belongs to no form on the page."""
    g.refused = refusal.code
    domain = refusal.values.get("domain") if isinstance(refusal, AddressGone) else None
    return say(in_words(refusal), status_of(refusal), removed_from=domain, back=where_from())


def refused_page(page: Response, refusal: Refusal | None) -> Response:
    """Give the page of a form that was not taken the status that says so."""
    page.status_code = 422
    if isinstance(refusal, TooManyFailures):
        page.status_code = 429
        page.headers["Retry-After"] = str(refusal.values["seconds"])
    return page


def not_our_host(_: SecurityError) -> Response:
    """A host name that is not ours: no page can be built, since its links need one."""
    words = gettext("This request cannot be understood.")
    return Response(words, 400, mimetype="text/plain")


def http_error(error: HTTPException) -> Response:
    """What the framework refuses."""
    texts = {
        400: gettext("This request cannot be understood."),
        403: gettext("This was sent from another site, so it was not done."),
        405: gettext("This page cannot be used that way."),
        413: gettext("This is too much text at once. Go back, and shorten it."),
    }
    code = error.code or 500
    return say(texts.get(code, gettext("This request cannot be understood.")), code)


def unwritable(error: peewee.OperationalError) -> Response:
    """The database is locked, its disk is full, or its file is not ours to write."""
    text = why_unwritable(error)
    if not text:
        return broken(error)
    log.error("database", exc_info=error)
    full = isinstance(error.orig, cysqlite.DiskFullError)  # type: ignore[attr-defined]
    response = say(text, 507 if full else 503)
    response.headers["Retry-After"] = "5"
    return response


def broken(error: Exception) -> Response:
    """A mistake of ours: an id to find it in the log, nothing else."""
    log.error("error %s", g.request_id, exc_info=error)
    return say(
        gettext(
            "Something broke; nothing was changed. In the log it has the number %(id)s.",
            id=g.request_id,
        ),
        500,
    )


def init_app(app: Flask) -> None:
    """Answer errors in words."""
    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(404, not_found)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(SecurityError, not_our_host)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(peewee.OperationalError, unwritable)
    app.register_error_handler(Exception, broken)
