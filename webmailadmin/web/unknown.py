"""The catch-all of a domain: what happens to mail for unknown addresses."""

from flask import Blueprint, Response, abort, g, make_response, render_template, url_for

from webmailadmin.mail import catch_alls, domains
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.models import Domain
from webmailadmin.web.forms import UnknownForm
from webmailadmin.web.htmx import go
from webmailadmin.words import Toast, gettext

bp = Blueprint("unknown", __name__)


@bp.get("/domains/<name>/unknown")
def form(name: str) -> Response:
    """Show what happens to mail for unknown addresses."""
    domain = domains.of(g.who, name)
    other = domain.catch_all_domain.name if domain.catch_all_domain_id else ""
    kind = CatchAll.DOMAIN if other else CatchAll.NONE
    if domain.catch_all_to:
        kind = CatchAll.ADDRESS
    form = UnknownForm(formdata=None, kind=kind.value, to=domain.catch_all_to or "", other=other)
    return page(domain, form)


@bp.post("/domains/<name>/unknown")
def save(name: str) -> Response:
    """Change what happens to mail for unknown addresses."""
    domain = domains.of(g.who, name)
    form = UnknownForm()
    if form.kind.data not in list(CatchAll):
        abort(400)
    if form.validate_on_submit():
        with form.refusals():
            kind = CatchAll(form.kind.data)
            to, other = form.to.data or "", form.other.data or ""
            catch_alls.change(domain, kind, to, other, by=g.who)
            return go(
                url_for(".form", name=name), Toast(gettext("Saved. Mail servers follow at once."))
            )
    return page(domain, form, 422)


def page(domain: Domain, form: UnknownForm, status: int = 200) -> Response:
    """Show the form."""
    others = [other for other in domains.list_for(g.who) if other.id != domain.id]
    return make_response(
        render_template("unknown/page.html", domain=domain, form=form, others=others), status
    )
