"""Who is asking, and what a browser may do with our pages."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden

from webmailadmin import database, settings
from webmailadmin.mail import entering, guard, sessions
from webmailadmin.web.htmx import wants_fragment

SESSION_COOKIE = "__Host-session"
# The administrator's own session, while they have entered as somebody else.
OWN_COOKIE = "__Host-own-session"
LOOPBACK = ("127.0.0.1", "localhost")
KEY_BYTES = 32
SAFE = ("GET", "HEAD", "OPTIONS")

# What anybody may open; every other page wants a log-in, also one written tomorrow.
OPEN = ("static", "log_in.form", "log_in.submit", "language.switch")
# What an account may open that still has its one-time password.
WITH_ONE_TIME = ("log_in.own_password", "log_in.change_password", "log_in.log_out")
# What only a person sees and changes, never an administrator who has entered as them: by
# endpoint, or by a whole group of pages. Also what is not written yet.
OF_ONESELF = (
    "log_in.own_password",
    "log_in.change_password",
    "sessions.",
    "second_factor.",
    "contact.",
    "app_passwords.",
    "links.",
    "prove.",
)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: the CSRF check over https needs the origin of our own pages.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def secret_key(folder: Path) -> bytes:
    """Return the key that signs CSRF tokens, made at the first start, readable by us alone.

    Raises DatabaseUnusable when there is one that cannot be read.
    """
    path = folder / "key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return read_key(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := secrets.token_bytes(KEY_BYTES))
    return key


def read_key(path: Path) -> bytes:
    """Read the key of an earlier start. Raises DatabaseUnusable."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise database.DatabaseUnusable(
            f"The key {path} cannot be read: {error.strerror}."
        ) from error
    if len(key) < KEY_BYTES:
        raise database.DatabaseUnusable(
            f"The key {path} is damaged: delete it, and the next start makes another."
        )
    return key


def own_path(path: str | None) -> str:
    """Return `path` when it leads to a page of ours, else the first page."""
    plain = path or ""
    hidden = any(ord(c) < 33 or c == "\\" for c in plain)
    if not plain.startswith("/") or plain.startswith("//") or hidden:
        return "/"
    return plain


def refuse_other_sites() -> None:
    """Refuse a change that another site's page sends, whatever token it carries."""
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site not in ("same-origin", "none") or (origin and urlsplit(origin).netloc != request.host):
        raise Forbidden


def know_person() -> Response | None:
    """Let in who is logged in; send everybody else to the log-in page."""
    database.connect()
    refuse_other_sites()
    token, own = request.cookies.get(SESSION_COOKIE, ""), request.cookies.get(OWN_COOKIE, "")
    g.log_in = entering.still_there(sessions.logged_in(token), own) if token else None
    g.who = g.log_in.actor if g.log_in else None
    if request.endpoint in OPEN or request.endpoint is None:
        return None
    if g.log_in is None:
        return ask_to_log_in()
    if request.endpoint.startswith(OF_ONESELF):
        guard.oneself(g.who)
    if g.log_in.one_time and not g.who.through and request.endpoint not in WITH_ONE_TIME:
        return turn_to(url_for("log_in.own_password"))
    return None


def ask_to_log_in() -> Response:
    """Answer somebody whose session is over, or who has none.

    A page is left for the log-in page and found again. A form stays where it is, with all that
    was typed: it can be sent again after a log-in in another tab.
    """
    if request.method in SAFE:
        here = request.full_path.rstrip("?")
        if wants_fragment():
            shown = urlsplit(request.headers.get("HX-Current-URL", ""))
            here = own_path(shown._replace(scheme="", netloc="", fragment="").geturl())
        return turn_to(url_for("log_in.form", next=here))
    template = "errors/_session.html" if wants_fragment() else "errors/session.html"
    return make_response(render_template(template), 401)


def turn_to(url: str) -> Response:
    """Send the browser to another page, also when htmx only asked for a part of this one."""
    if not wants_fragment():
        return make_response(redirect(url, 303))
    response = make_response("", 401)
    response.headers["HX-Redirect"] = url
    return response


def give_session(response: Response, token: str, *, own: str = "") -> Response:
    """Hand the token of a new session to the browser.

    own: of the administrator's own session, when the new one was entered.
    """
    give_cookie(response, SESSION_COOKIE, token)
    if own:
        give_cookie(response, OWN_COOKIE, own)
    else:
        take_own(response)
    return response


def take_session(response: Response) -> Response:
    """Take the session's token from the browser, with what it may have kept."""
    take_cookie(response, SESSION_COOKIE)
    take_own(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def give_cookie(response: Response, name: str, token: str) -> None:
    """Hand a token to the browser, out of reach for scripts and other sites."""
    response.set_cookie(name, token, secure=True, httponly=True, samesite="Lax", path="/")


def take_own(response: Response) -> None:
    """Take an administrator's own token from the browser, if it has one."""
    if OWN_COOKIE in request.cookies:
        take_cookie(response, OWN_COOKIE)


def take_cookie(response: Response, name: str) -> None:
    """Take a token from the browser."""
    response.delete_cookie(name, secure=True, httponly=True, samesite="Lax", path="/")


def guard_headers(response: Response) -> Response:
    """Tell the browser what our pages never do, and to keep nothing."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure and settings.current.hsts_seconds:
        seconds = settings.current.hsts_seconds
        response.headers["Strict-Transport-Security"] = f"max-age={seconds}; includeSubDomains"
    if request.endpoint != "static" or response.status_code != 200:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request-Type")
    return response


def init_app(app: Flask) -> None:
    """Put the guards around every request."""
    public = urlsplit(settings.current.public_url).hostname
    app.config.update(
        SECRET_KEY=secret_key(settings.current.data),
        TRUSTED_HOSTS=[*LOOPBACK, *settings.current.trusted_hosts, *([public] if public else [])],
        MAX_CONTENT_LENGTH=2**20,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="__Host-form",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.before_request(know_person)
    app.after_request(guard_headers)
    app.teardown_request(lambda _: database.rest())
