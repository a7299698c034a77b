"""Another name for an address: asked for beneath its row, or on a page."""

from flask import Blueprint, Response, g, url_for

from webmailadmin.mail import addresses, leading, listing, mailboxes, renaming
from webmailadmin.mail.errors import Changed
from webmailadmin.mail.renaming import Renamed
from webmailadmin.models import Address
from webmailadmin.web.addresses import editor_context, new_editor, page_of
from webmailadmin.web.forms import RenameForm
from webmailadmin.web.htmx import done, wants_fragment
from webmailadmin.web.sentences import renamed_text
from webmailadmin.words import Toast

bp = Blueprint("renaming", __name__)


@bp.get("/addresses/<email>/rename")
def ask(email: str) -> Response:
    """Ask for the new name."""
    address = addresses.of(g.who, email)
    renaming.refuse_postmaster(address)
    form = RenameForm(
        formdata=None, version=address.version, local_part=address.local_part, keep_alias=True
    )
    return page(address, form)


def page(address: Address, form: RenameForm, status: int = 200) -> Response:
    """Show the form beneath the row of the address."""
    context = editor_context(address, new_editor(address, mailboxes.of(address)))
    context |= {"renaming": form, "led": leading.to(g.who, address.email)}
    return page_of(address.domain, "addresses/_entry.html", status, **context)


@bp.post("/addresses/<email>/rename")
def rename(email: str) -> Response:
    """Rename it: the row under its new name comes back, and that of the alias."""
    address = addresses.of(g.who, email)
    form = RenameForm()
    if form.validate_on_submit():
        with form.refusals():
            renamed = renaming.rename(
                address,
                form.local_part.data or "",
                version=form.version.data or 0,
                keep_alias=bool(form.keep_alias.data),
                by=g.who,
            )
            return renamed_answer(address.email, renamed)
    if isinstance(form.refused, Changed):
        address = addresses.of(g.who, email)
        form.version.renew(address.version)
        return page(address, form, 409)
    return page(address, form, 422)


def renamed_answer(old: str, renamed: Renamed) -> Response:
    """Show the new state, and to mail programs of a mailbox its new name."""
    address, alias, gave_way = renamed.address, renamed.alias, renamed.gave_way
    context = editor_context(address, new_editor(address, mailboxes.of(address)))
    context |= {
        "opened": "renamed" if mailboxes.of(address) is not None else "",
        "alias": listing.row(alias, by=g.who) if alias is not None else None,
        "gave_way": gave_way.address_id if gave_way is not None else None,
    }
    to = url_for("addresses.list_", name=address.domain.name, q=address.local_part)
    if context["opened"]:
        to = url_for("addresses.edit", email=address.email, opened="renamed")
    response = done(
        "addresses/_renamed.html", to, Toast(renamed_text(old, address.email)), **context
    )
    if wants_fragment():
        # What stood in the address bar names an address that may be gone.
        response.headers["HX-Replace-Url"] = to
    return response
