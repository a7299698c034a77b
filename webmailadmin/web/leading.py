"""What leads to a place, and the form that takes it out there or points it elsewhere."""

from flask import Blueprint, Response, g, make_response, render_template, request

from webmailadmin.mail import domains, leading, names, removal, removed_domains, routing
from webmailadmin.mail.errors import Changed, NotFound
from webmailadmin.mail.leading import Led
from webmailadmin.models import Domain
from webmailadmin.web.forms import LeadingForm
from webmailadmin.web.htmx import go
from webmailadmin.words import Toast, ngettext, number

bp = Blueprint("leading", __name__)


@bp.get("/addresses/<path:email>/leading")
def to_address(email: str) -> Response:
    """List what leads to an address, also to one that is not there."""
    return page(*place_of(email), LeadingForm(formdata=None))


@bp.post("/addresses/<path:email>/leading")
def change_to_address(email: str) -> Response:
    """Take an address out where it was ticked, or point these elsewhere."""
    return change(*place_of(email))


@bp.get("/domains/removed/<int:domain_id>/leading")
def to_domain(domain_id: int) -> Response:
    """List what leads into a removed domain."""
    domain = removed(domain_id)
    return page(domain, f"@{domain.name}", LeadingForm(formdata=None))


@bp.post("/domains/removed/<int:domain_id>/leading")
def change_to_domain(domain_id: int) -> Response:
    """Take all of a removed domain out where it was ticked, or point these elsewhere."""
    domain = removed(domain_id)
    return change(domain, f"@{domain.name}")


def removed(id_: int) -> Domain:
    """Return a removed domain, unless it was installed anew. Raises NotFound."""
    domain = removed_domains.of(g.who, id_)
    if routing.domain_named(domain.name):
        raise NotFound
    return domain


def place_of(typed: str) -> tuple[Domain, str]:
    """Return an address and its domain, for the person who asks. Raises NotFound."""
    email = names.email(typed)
    if email is None:
        raise NotFound
    return domains.of(g.who, names.domain_of(email)), names.without_extension(email)


def led_to(domain: Domain, place: str) -> Led:
    """Return what leads to a place."""
    if place.startswith("@"):
        return leading.into(g.who, domain)
    address = routing.address_of(place)
    stays = address is not None and not address.receives
    return leading.to(g.who, place, stays=stays)


def change(domain: Domain, place: str) -> Response:
    """Do what the button says, and show what is left."""
    form = LeadingForm()
    if form.validate_on_submit():
        with form.refusals():
            if form.do.data == "out":
                changed = leading.take_out(place, form.seen(), by=g.who)
            else:
                typed = form.recipients.data or ""
                changed = leading.point_to(place, form.seen(), typed, by=g.who)
            return go(request.path, Toast(changed_text(len(changed))))
    return page(domain, place, form, 409 if isinstance(form.refused, Changed) else 422)


def changed_text(count: int) -> str:
    """Say how many addresses lead elsewhere now."""
    return ngettext(
        "%(n)s address is changed.", "%(n)s addresses are changed.", count, n=number(count)
    )


def page(domain: Domain, place: str, form: LeadingForm, status: int = 200) -> Response:
    """Show what leads to a place, all of it ticked at first."""
    led = led_to(domain, place)
    form.tick(led.shown)
    whole = place.startswith("@")
    address = None if whole else routing.address_of(place)
    return make_response(
        render_template(
            "leading/domain.html" if whole else "leading/address.html",
            domain=domain,
            place=place,
            led=led,
            form=form,
            address=address,
            kept=None if whole else removal.former(place, by=g.who),
        ),
        status,
    )
