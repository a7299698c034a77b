"""One's own account, and where one is logged in."""

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin.mail import log_ins, people, sessions
from webmailadmin.web.agents import in_words
from webmailadmin.web.forms import Plain
from webmailadmin.web.htmx import go, leave
from webmailadmin.web.security import prove_again, where_from
from webmailadmin.words import Toast, gettext, ngettext

bp = Blueprint("me", __name__)


@bp.get("/me")
def page() -> Response:
    """Show what belongs to one's own log-in."""
    return make_response(render_template("me/page.html", person=people.of(g.who)))


@bp.get("/sessions")
def sessions_() -> Response:
    """Show where the person is logged in."""
    found = [(one, in_words(one.agent)) for one in sessions.open_of(g.who)]
    return make_response(render_template("me/sessions.html", sessions=found))


@bp.post("/sessions/<int:id_>/end")
def end(id_: int) -> Response:
    """End one of one's sessions."""
    if Plain().validate_on_submit():
        sessions.end(id_, by=g.who)
        leave(Toast(gettext("The session has ended.")))
    return back()


@bp.post("/sessions/end-others")
def end_others() -> Response:
    """End all sessions of one's own but this one."""
    if Plain().validate_on_submit():
        leave(Toast(ended(sessions.end_others(g.log_in))))
    return back()


@bp.post("/sessions/of/<name>/end")
@prove_again
def end_all(name: str) -> Response:
    """End all sessions of an account, or of the holder at an address, for an administrator."""
    if Plain().validate_on_submit():
        leave(Toast(ended(log_ins.end_sessions(name, by=g.who))))
    return go(where_from() or "/")


@bp.get("/sessions/<int:id_>/end")
def session_ended(id_: int) -> Response:  # noqa: ARG001
    """Answer the URL of the button when it is typed or reloaded."""
    return back()


@bp.get("/sessions/end-others")
def others_ended() -> Response:
    """Answer the URL of the button when it is typed or reloaded."""
    return back()


@bp.get("/sessions/of/<name>/end")
def all_ended(name: str) -> Response:  # noqa: ARG001
    """Answer the URL of the button when it is typed or reloaded."""
    return go("/")


def back() -> Response:
    """Go back to the sessions."""
    return go(url_for(".sessions_"))


def ended(count: int) -> str:
    """Say how many sessions have ended."""
    return ngettext("%(num)s session has ended.", "%(num)s sessions have ended.", count)
