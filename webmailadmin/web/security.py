"""Who is asking, and what a browser may do with our pages."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, render_template, request, url_for
from werkzeug.exceptions import BadRequest, Forbidden

from webmailadmin import database, key, settings
from webmailadmin.mail import entering, guard, sessions
from webmailadmin.web.htmx import go, wants_fragment

SESSION_COOKIE = "__Host-session"
# The administrator's own session, while they have entered as somebody else.
OWN_COOKIE = "__Host-own-session"
LOOPBACK = ("127.0.0.1", "localhost")
SAFE = ("GET", "HEAD", "OPTIONS")

# A link is its own key; who has forgotten the password has none.
LINKS = (
    *("links.open_", "links.form", "links.use"),
    *("forgotten.form", "forgotten.ask", "forgotten.asked"),
)
# What anybody may open; every other page wants a log-in, also one written tomorrow.
OPEN = (
    "static",
    "log_in.form",
    "log_in.submit",
    "log_in.code",
    "log_in.submit_code",
    "language.switch",
    *LINKS,
)
# What an account may open that still has its one-time password.
WITH_ONE_TIME = (
    "log_in.own_password",
    "log_in.change_password",
    "log_in.log_out",
    "proving.form",
    "proving.submit",
)
# What only a person sees and changes, never an administrator who has entered as them: by
# endpoint, or by a whole group of pages. Also what is not written yet.
OF_ONESELF = (
    "log_in.own_password",
    "log_in.change_password",
    "me.",
    "second_factor.",
    "contact.",
    "app_passwords.",
    "links.",
    "proving.",
)
# What an administrator may open that has still to set up a second factor.
WITHOUT_FACTOR = (*WITH_ONE_TIME, "second_factor.page", "second_factor.turn_on")

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


def refuse_two_meanings() -> None:
    """Refuse an address of two values for one name: we and a proxy might each take another."""
    if any(len(set(values)) > 1 for _, values in request.args.lists()):
        raise BadRequest


def know_person() -> Response | None:
    """Let in who is logged in; send everybody else to the log-in page."""
    database.connect()
    refuse_other_sites()
    refuse_two_meanings()
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
    if g.log_in.needs_factor and request.endpoint not in WITHOUT_FACTOR:
        return turn_to(url_for("second_factor.page"))
    return None


def ask_to_log_in() -> Response:
    """Answer somebody whose session is over, who has none, or one that waits for a code.

    A page is left for the log-in page and found again. A form stays where it is, with all that
    was typed: it can be sent again after a log-in in another tab.
    """
    if request.method in SAFE:
        token = request.cookies.get(SESSION_COOKIE, "")
        waits = token and sessions.logged_in(token, pending=True)
        return turn_to(url_for("log_in.code" if waits else "log_in.form", next=here()))
    return stay("errors/_session.html", "errors/session.html")


def prove_again(view: Callable[..., Response]) -> Callable[..., Response]:
    """Open a view only to who showed lately that it is them: for what guards a person.

    Stands below the route. Everybody else is asked for the password and led back; a form that
    came too late stays where it is, with all that was typed.
    """
    return guarded(view, lambda: g.log_in.is_proved)


def prove_again_by_code(view: Callable[..., Response]) -> Callable[..., Response]:
    """Do so where the form asks for the password anyway: only who has a second factor is asked."""
    return guarded(view, lambda: g.log_in.is_proved or not g.log_in.has_factor)


def guarded(view: Callable[..., Response], opens: Callable[[], bool]) -> Callable[..., Response]:
    """Return a view that `opens`, or else asks the person to show that it is them."""

    @wraps(view)
    def asking(*args: object, **kwargs: object) -> Response:
        guard.oneself(g.who)
        return view(*args, **kwargs) if opens() else ask_to_prove()

    return asking


def ask_to_prove() -> Response:
    """Answer somebody whose proof is too long ago. A button alone is found again on its page."""
    if request.method in SAFE:
        return turn_to(url_for("proving.form", next=here()))
    if not wants_fragment() and set(request.form) <= {"csrf_token"}:
        return turn_to(url_for("proving.form", next=where_from()))
    return stay("errors/_prove.html", "errors/prove.html")


def here() -> str:
    """Return the page of ours that the person looks at, or asks for."""
    if wants_fragment():
        return path_of(request.headers.get("HX-Current-URL", ""))
    return request.full_path.rstrip("?")


def where_from() -> str:
    """Return the page of ours that a form was sent from, if the browser says so."""
    sent_from = request.referrer or ""
    return path_of(sent_from) if urlsplit(sent_from).netloc == request.host else ""


def path_of(url: str) -> str:
    """Return the page of ours at a URL."""
    return own_path(urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl())


def stay(fragment: str, page: str) -> Response:
    """Refuse a form for now, with a notice that leaves what was typed where it is."""
    return make_response(render_template(fragment if wants_fragment() else page), 401)


def turn_to(url: str) -> Response:
    """Send the browser to another page, also when htmx only asked for a part of this one."""
    if not wants_fragment():
        return go(url)
    response = make_response("", 401)
    response.headers["HX-Redirect"] = url
    return response


def cookies_are_dropped() -> bool:
    """Say whether the browser drops our cookies here: plain http to another machine."""
    host = urlsplit(f"//{request.host}").hostname
    return not request.is_secure and host not in LOOPBACK


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
        SECRET_KEY=key.secret_key(settings.current.data),
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
