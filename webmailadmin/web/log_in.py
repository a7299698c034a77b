"""Log in, log out, one's own password."""

import logging

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    render_template,
    request,
    session,
    url_for,
)

from webmailadmin import settings
from webmailadmin.log import note
from webmailadmin.mail import accounts, entering, holders, log_ins, sessions
from webmailadmin.mail.actors import Kind
from webmailadmin.web.entering import tell_of_entries
from webmailadmin.web.errors import refused_page
from webmailadmin.web.forms import CodeForm, LogInForm, OwnPasswordForm, Plain
from webmailadmin.web.htmx import go, waiting_name
from webmailadmin.web.security import (
    OWN_COOKIE,
    SESSION_COOKIE,
    cookies_are_dropped,
    give_session,
    own_path,
    prove_again_by_code,
    take_session,
)
from webmailadmin.words import Toast, gettext

bp = Blueprint("log_in", __name__)


@bp.get("/log-in")
def form() -> Response:
    """Ask for name and password."""
    if g.who is not None:
        return go(own_path(request.args.get("next")))
    return page(LogInForm(name=waiting_name(), next=own_path(request.args.get("next"))))


@bp.post("/log-in")
def submit() -> Response:
    """Log in."""
    form = LogInForm()
    if form.validate_on_submit():
        with form.refusals():
            token = log_ins.log_in(
                form.name.data or "",
                form.password.data or "",
                request.remote_addr or "",
                request.user_agent.string,
            )
            noted("log-in", form)
            session.clear()
            tell_of_entries(token)
            return give_session(go(own_path(form.next.data)), token)
        noted("log-in refused", form)
    return refused_page(page(form), form.refused)


@bp.get("/log-in/code")
def code() -> Response:
    """Ask for the second factor, after the password."""
    waits = sessions.logged_in(request.cookies.get(SESSION_COOKIE, ""), pending=True)
    there = own_path(request.args.get("next"))
    if waits is None:
        return go(url_for(".form", next=there))
    return code_page(CodeForm(next=there))


@bp.post("/log-in/code")
def submit_code() -> Response:
    """Log in with the second factor; what opens the panel is a token of its own."""
    form = CodeForm()
    if form.validate_on_submit():
        with form.refusals():
            token = log_ins.show_code(
                request.cookies.get(SESSION_COOKIE, ""),
                form.code.data or "",
                request.remote_addr or "",
                request.user_agent.string,
            )
            session.clear()
            tell_of_entries(token)
            return give_session(go(own_path(form.next.data)), token)
        note("code refused", id=g.request_id, network=request.remote_addr, refused=g.refused)
    return refused_page(code_page(form), form.refused)


def code_page(form: CodeForm) -> Response:
    """Show the page that asks for a code."""
    return make_response(render_template("log_in/code.html", form=form))


def noted(event: str, form: LogInForm) -> None:
    """Log a log-in or its refusal. A name that nobody has may be a password in the wrong field."""
    note(
        event,
        logging.WARNING if form.refused else logging.INFO,
        id=g.request_id,
        who=log_ins.known_name(form.name.data or ""),
        network=request.remote_addr,
        refused=form.refused.code if form.refused else None,
    )


def page(form: LogInForm) -> Response:
    """Show the log-in page.

    Over plain http to another machine the browser would drop our cookie: the page says so,
    where a log-in would fail without a word.
    """
    unsafe = cookies_are_dropped()
    return make_response(render_template("log_in/page.html", form=form, unsafe=unsafe))


@bp.post("/log-out")
def log_out() -> Response:
    """End the session, here and on the server."""
    if Plain().validate_on_submit():
        if g.who is not None and g.who.through:
            entering.leave(request.cookies.get(SESSION_COOKIE, ""))
        for name in (SESSION_COOKIE, OWN_COOKIE):
            sessions.log_out(request.cookies.get(name, ""))
        session.clear()
        return take_session(go(url_for(".form")))
    return go("/")


@bp.get("/log-out")
def logged_out() -> Response:
    """Answer the URL of the button when it is typed or reloaded."""
    return go("/")


@bp.get("/password")
@prove_again_by_code
def own_password() -> Response:
    """Ask for a new password of one's own."""
    return password_page(OwnPasswordForm())


def password_page(form: OwnPasswordForm, status: int = 200) -> Response:
    """Show the page of one's own password."""
    limits = settings.current
    least = limits.mailbox_password_length if is_holder() else limits.account_password_length
    return make_response(render_template("log_in/password.html", form=form, least=least), status)


def is_holder() -> bool:
    """Say whether the person has a mailbox, and no account."""
    return bool(g.who.kind is Kind.HOLDER)


@bp.post("/password")
@prove_again_by_code
def change_password() -> Response:
    """Change one's own password; every other session ends."""
    form = OwnPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            change = holders.change_password if is_holder() else accounts.change_password
            change(
                form.present.data or "",
                form.password.data or "",
                form.confirmation.data or "",
                by=g.who,
            )
            session.clear()
            token = sessions.open_after(
                g.log_in, network=request.remote_addr or "", agent=request.user_agent.string
            )
            changed = Toast(gettext("Your password is changed."))
            return give_session(go("/", changed), token)
    return password_page(form, 422)
