"""One's own contact address, to which a link goes when the password is forgotten."""

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin import settings
from webmailadmin.mail import contacts, names, people
from webmailadmin.upkeep import letters
from webmailadmin.web.htmx import go
from webmailadmin.web.link_forms import ContactForm
from webmailadmin.web.security import prove_again_by_code
from webmailadmin.words import Toast, gettext

bp = Blueprint("contact", __name__)


@bp.get("/contact")
@prove_again_by_code
def form() -> Response:
    """Show the contact address, and whether it is confirmed."""
    return page(ContactForm(formdata=None, contact=people.of(g.who).contact))


def page(form: ContactForm, status: int = 200) -> Response:
    """Show the form."""
    context = {"form": form, "person": people.of(g.who), "mails": bool(settings.current.public_url)}
    return make_response(render_template("contact/page.html", **context), status)


@bp.post("/contact")
@prove_again_by_code
def change() -> Response:
    """Set the contact address; a mail to it asks whether it is the person's."""
    form = ContactForm()
    if form.validate_on_submit():
        with form.refusals():
            if (form.contact.data or "").strip():
                letters.refuse_without_url()
            email, token = contacts.change(
                form.contact.data or "", form.present.data or "", by=g.who
            )
            if token:
                letters.send_confirmation(people.of(g.who), email, token)
            return go(url_for(".form"), Toast(changed_text(email, token)))
    return page(form, 422)


def changed_text(email: str, token: str) -> str:
    """Say what was done."""
    shown = names.shown_email(email)
    if token:
        return gettext("A mail is on its way to %(email)s: open its link.", email=shown)
    if email:
        return gettext("%(email)s is your contact address already.", email=shown)
    return gettext("You have no contact address any more.")
