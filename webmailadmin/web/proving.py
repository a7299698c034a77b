"""Is it you? Asked again before what guards a person."""

from flask import Blueprint, Response, g, make_response, render_template, request

from webmailadmin.mail import log_ins
from webmailadmin.web.errors import refused_page
from webmailadmin.web.forms import ProveForm
from webmailadmin.web.htmx import go
from webmailadmin.web.security import own_path

bp = Blueprint("proving", __name__)


@bp.get("/prove")
def form() -> Response:
    """Ask for the password, and for a code where there is a second factor."""
    return page(ProveForm(next=own_path(request.args.get("next"))))


@bp.post("/prove")
def submit() -> Response:
    """Note that it is them, and lead back."""
    form = ProveForm()
    if form.validate_on_submit():
        with form.refusals():
            log_ins.prove(
                g.log_in, form.present.data or "", form.code.data or "", request.remote_addr or ""
            )
            return go(own_path(form.next.data))
    return refused_page(page(form), form.refused)


def page(form: ProveForm) -> Response:
    """Show the page."""
    return make_response(render_template("log_in/prove.html", form=form))
