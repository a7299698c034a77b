"""App passwords: the holder's page of them, and their end from the editor of an address."""

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin import settings
from webmailadmin.mail import addresses, app_passwords, holders, listing, mailboxes
from webmailadmin.mail.app_passwords import Created
from webmailadmin.models import Address
from webmailadmin.web.addresses import editor_context, new_editor, page_of
from webmailadmin.web.forms import AppPasswordForm, Plain
from webmailadmin.web.htmx import done, go
from webmailadmin.web.security import prove_again
from webmailadmin.words import Toast, gettext

bp = Blueprint("app_passwords", __name__)


@bp.get("/mailbox/app-passwords")
def list_() -> Response:
    """List one's app passwords, with the form that makes another."""
    return page(AppPasswordForm(formdata=None))


def page(
    form: AppPasswordForm,
    status: int = 200,
    *,
    created: Created | None = None,
    button: Plain | None = None,
) -> Response:
    """Show the page, with what was refused there, or with a new password for this once."""
    address = holders.of(g.who)
    return make_response(
        render_template(
            "holder/app_passwords.html",
            form=form,
            button=button,
            created=created,
            box=holders.box_of(address),
            app_passwords=app_passwords.of(address, by=g.who),
            open=listing.row(address, by=g.who),
            mail_host=settings.current.mail_host,
            webmail_url=settings.current.webmail_url,
        ),
        status,
    )


@bp.post("/mailbox/app-passwords")
@prove_again
def create() -> Response:
    """Make an app password. It is shown in the answer, and nowhere ever after."""
    form = AppPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            created = app_passwords.create(holders.of(g.who), form.name.data or "", by=g.who)
            return page(AppPasswordForm(formdata=None), created=created)
    return page(form, 422)


@bp.post("/mailbox/app-passwords/<int:id_>/revoke")
def revoke(id_: int) -> Response:
    """Revoke one of one's own."""
    address = holders.of(g.who)
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            text = revoked(address, id_)
            return go(url_for(".list_"), Toast(text))
    return page(AppPasswordForm(formdata=None), 422, button=form)


def revoked(address: Address, id_: int) -> str:
    """Revoke an app password; say that it is done."""
    name = app_passwords.revoke(address, id_, by=g.who)
    return gettext("“%(name)s” opens the mailbox no more.", name=name)


@bp.post("/mailbox/main-password-<any(on,off):way>")
@prove_again
def main_password(way: str) -> Response:
    """Let mail programs in by the main password, or bar them."""
    address = holders.of(g.who)
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            app_passwords.bar_main(address, way == "off", by=g.who)
            text = (
                gettext("Mail programs get in by app passwords only.")
                if way == "off"
                else gettext("Mail programs get in by your main password too.")
            )
            return go(url_for(".list_"), Toast(text))
    return page(AppPasswordForm(formdata=None), 422, button=form)


@bp.get("/mailbox/app-passwords/<int:id_>/revoke")
@bp.get("/mailbox/main-password-<any(on,off):way>")
def changed(**_: object) -> Response:
    """Answer the URL of a refused button when it is typed or reloaded."""
    holders.of(g.who)
    return go(url_for(".list_"))


@bp.post("/addresses/<email>/app-passwords/<int:id_>/revoke")
def revoke_of(email: str, id_: int) -> Response:
    """Revoke one of a mailbox in one's domains."""
    address = addresses.of(g.who, email)
    to = url_for("addresses.edit", email=email)
    form = Plain()
    if form.validate_on_submit():
        toast = Toast(revoked(address, id_))
        context = editor_context(address, new_editor(address, mailboxes.of(address)))
        return done("addresses/_revoked.html", to, toast, **context)
    context = editor_context(address, new_editor(address, mailboxes.of(address)))
    context |= {"revoking": form}
    return page_of(address.domain, "addresses/_app_passwords.html", 422, **context)


@bp.get("/addresses/<email>/app-passwords/<int:id_>/revoke")
def revoked_of(email: str, id_: int) -> Response:  # noqa: ARG001
    """Answer the URL of a button when it is typed or reloaded."""
    return go(url_for("addresses.edit", email=email))
