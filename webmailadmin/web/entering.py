"""Enter as somebody else, and leave again."""

from flask import Blueprint, Response, g, request, session, url_for

from webmailadmin.mail import addresses, entering
from webmailadmin.mail.actors import Kind
from webmailadmin.web.errors import say
from webmailadmin.web.forms import Plain
from webmailadmin.web.htmx import go
from webmailadmin.web.htmx import leave as leave_toast
from webmailadmin.web.security import OWN_COOKIE, SESSION_COOKIE, give_session, prove_again
from webmailadmin.words import Toast, gettext, minute

bp = Blueprint("entering", __name__)


@bp.post("/accounts/<name>/enter")
@prove_again
def enter_account(name: str) -> Response:
    """Enter as the owner who has this account."""
    form = Plain()
    if not form.validate_on_submit():
        return say(form.form_errors[0], 422, back="/")
    return entered(entering.enter_account(name, by=g.who, **browser()))


@bp.get("/accounts/<name>/enter")
def account_entered(name: str) -> Response:  # noqa: ARG001
    """Answer the URL of the button when it is typed or reloaded."""
    return go("/")


@bp.post("/addresses/<email>/enter")
@prove_again
def enter_mailbox(email: str) -> Response:
    """Enter as the holder of the mailbox at an address."""
    form = Plain()
    if not form.validate_on_submit():
        return say(form.form_errors[0], 422, back=url_for("addresses.edit", email=email))
    address = addresses.of(g.who, email)
    return entered(entering.enter_mailbox(address, by=g.who, **browser()))


@bp.get("/addresses/<email>/enter")
def mailbox_entered(email: str) -> Response:
    """Answer the URL of the button when it is typed or reloaded."""
    return go(url_for("addresses.edit", email=email))


def browser() -> dict[str, str]:
    """Return what the browser says of itself, for a session to be recognised by."""
    return {"network": request.remote_addr or "", "agent": request.user_agent.string}


def entered(token: str) -> Response:
    """Hand over the session that was entered; the administrator's own one waits beside it.

    The forms that are open in other tabs are good no more: they were meant as somebody else.
    """
    own = request.cookies.get(SESSION_COOKIE, "")
    session.clear()
    return give_session(go("/"), token, own=own)


@bp.post("/leave")
def leave() -> Response:
    """End the session that was entered, and go on as oneself."""
    form = Plain()
    if not form.validate_on_submit():
        return say(form.form_errors[0], 422, back="/")
    person = g.who
    entering.leave(request.cookies.get(SESSION_COOKIE, ""))
    session.clear()
    to = url_for("addresses.edit", email=person.name) if person.kind is Kind.HOLDER else "/"
    return give_session(go(to), request.cookies[OWN_COOKIE])


@bp.get("/leave")
def left() -> Response:
    """Answer the URL of the button when it is typed or reloaded."""
    return go("/")


def tell_of_entries(token: str) -> None:
    """Tell somebody who has just logged in that an administrator had entered as them."""
    found = entering.last(token)
    if found is not None:
        name, at = found
        text = gettext(
            "Administrator %(name)s entered as you on %(time)s. The journal tells what was done.",
            name=name,
            time=minute(at),
        )
        leave_toast(Toast(text))
