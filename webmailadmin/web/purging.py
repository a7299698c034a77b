"""The end of what was removed, before its date: ordered here, carried out by the worker."""

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin.mail import domains, guard, names, purging, recycle_bin, removal, removed_domains
from webmailadmin.models import Domain, Removed
from webmailadmin.upkeep import usage
from webmailadmin.web.forms import PurgeForm, RemoveDomainForm
from webmailadmin.web.htmx import go
from webmailadmin.words import Toast, gettext

SECONDS_TO_ASK = 1.5  # a page waits no longer for what a mailbox holds at this moment

bp = Blueprint("purging", __name__)


@bp.get("/domains/<name>/removed/<int:id_>/purge")
def ask(name: str, id_: int) -> Response:
    """Say what goes for good, and ask for its address as a yes."""
    domain = domains.of(g.who, name)
    return page(domain, removal.of(domain, id_, by=g.who), PurgeForm(formdata=None))


def page(domain: Domain, kept: Removed, form: PurgeForm, status: int = 200) -> Response:
    """Show the warning before the end of something removed, with what was refused there."""
    box = kept.mailbox
    held = usage.seen(box, SECONDS_TO_ASK) if box is not None else None
    return make_response(
        render_template("removed/purge.html", domain=domain, one=kept, held=held, form=form),
        status,
    )


@bp.post("/domains/<name>/removed/<int:id_>/purge")
def order(name: str, id_: int) -> Response:
    """Let something removed go for good."""
    domain = domains.of(g.who, name)
    kept = removal.of(domain, id_, by=g.who)
    form = PurgeForm()
    if form.validate_on_submit():
        with form.refusals():
            purging.order(kept, form.name.data or "", by=g.who)
            email = names.shown_email(kept.email)
            return go(
                url_for("removed.list_", name=name),
                Toast(gettext("%(email)s is deleted for good.", email=email)),
            )
    return page(domain, kept, form, 422)


@bp.get("/domains/removed/<int:domain_id>/purge")
def ask_domain(domain_id: int) -> Response:
    """Say what goes for good with a removed domain, and ask for its name as a yes."""
    return domain_page(domain_id, RemoveDomainForm(formdata=None))


def domain_page(domain_id: int, form: RemoveDomainForm, status: int = 200) -> Response:
    """Show the warning before the end of a removed domain, with what was refused there."""
    guard.administrator(g.who)
    one = recycle_bin.domain_of(g.who, domain_id)
    return make_response(render_template("domains/purge.html", one=one, form=form), status)


@bp.post("/domains/removed/<int:domain_id>/purge")
def order_domain(domain_id: int) -> Response:
    """Let a removed domain go for good, with all that went with it."""
    guard.administrator(g.who)
    domain = removed_domains.of(g.who, domain_id)
    form = RemoveDomainForm()
    if form.validate_on_submit():
        with form.refusals():
            purging.order_domain(domain, form.name.data or "", by=g.who)
            name = names.shown(domain.name)
            return go(
                url_for("domains.list_"), Toast(gettext("%(name)s is deleted for good.", name=name))
            )
    return domain_page(domain_id, form, 422)
