"""Forgotten passwords: the same answer for every name; the worker looks who that is."""

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from webmailadmin import settings
from webmailadmin.log import note
from webmailadmin.mail import forgotten
from webmailadmin.mail.errors_of_links import TooManyLetters
from webmailadmin.upkeep import letters
from webmailadmin.web.htmx import go
from webmailadmin.web.link_forms import ForgottenForm

bp = Blueprint("forgotten", __name__)


@bp.get("/forgotten")
def form() -> Response:
    """Ask for the name."""
    return page(ForgottenForm())


def page(form: ForgottenForm, status: int = 200) -> Response:
    """Show the form; or, where no link can be sent, what to do instead."""
    mails = bool(settings.current.public_url)
    return make_response(render_template("forgotten/page.html", form=form, mails=mails), status)


@bp.post("/forgotten")
def ask() -> Response:
    """Note the name, whoever has it or not."""
    form = ForgottenForm()
    if form.validate_on_submit():
        with form.refusals():
            letters.refuse_without_url()
            forgotten.ask(form.name.data or "", request.remote_addr or "")
            note("password forgotten", id=g.request_id, network=request.remote_addr)
            return go(url_for(".asked"))
    return page(form, 429 if isinstance(form.refused, TooManyLetters) else 422)


@bp.get("/forgotten/sent")
def asked() -> Response:
    """Say what happens now, to everybody in the same words."""
    return make_response(render_template("forgotten/asked.html"))
