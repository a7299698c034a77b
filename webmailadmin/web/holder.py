"""The pages of a mailbox's holder: what it holds, the ways of its mail, where else that goes."""

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    request,
    url_for,
)
from flask_babel import lazy_gettext as _l

from webmailadmin import settings
from webmailadmin.mail import (
    app_passwords,
    holders,
    journal_search,
    listing,
    reaching,
    sessions,
    vacations,
)
from webmailadmin.mail.errors import Changed
from webmailadmin.mail.holders import Proof, Redirection
from webmailadmin.mail.journal_search import Search
from webmailadmin.web.forms import RedirectForm
from webmailadmin.web.htmx import go
from webmailadmin.web.sentences import doubles_text
from webmailadmin.web.vacation import in_words as vacation_in_words
from webmailadmin.words import Toast, gettext

ENTRIES = 5  # of the journal, beside everything else
# In the menu: the mailbox, and what guards it.
MAILBOX = {
    "holder.page": _l("Overview"),
    "holder.redirection": _l("Redirection"),
    "vacation.form": _l("Vacation answer"),
    "journal.everything": _l("Journal"),
}
LOG_IN = {
    "log_in.own_password": _l("Password"),
    "app_passwords.list_": _l("App passwords"),
    "second_factor.page": _l("Second factor"),
    "me.sessions_": _l("Sessions"),
    "contact.form": _l("Contact address"),
}

bp = Blueprint("holder", __name__)


def links(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return URL and text of these pages."""
    return [(url_of(endpoint), text) for endpoint, text in texts.items()]


def url_of(endpoint: str) -> str:
    """Return where a page of the holder is, named by the address or by who asks."""
    by_email = current_app.url_map.is_endpoint_expecting(endpoint, "email")
    return url_for(endpoint, **({"email": g.who.name} if by_email else {}))


@bp.get("/mailbox")
def page() -> Response:
    """Show all there is to know about one's mailbox."""
    address = holders.of(g.who)
    box = holders.box_of(address)
    vacation = vacations.kept(box)
    return make_response(
        render_template(
            "holder/page.html",
            vacation=vacation_in_words(vacation) if vacation.enabled else "",
            row=listing.row(address, by=g.who),
            box=box,
            domain=address.domain,
            reaching=reaching.to(address),
            senders=reaching.senders(address),
            app_passwords=app_passwords.of(address, by=g.who),
            before=sessions.opened_before(g.log_in),
            may_redirect=holders.may_redirect(address, box),
            entries=journal_search.read(Search(), by=g.who)[:ENTRIES],
            mail_host=settings.current.mail_host,
            webmail_url=settings.current.webmail_url,
        )
    )


@bp.get("/mailbox/redirection")
def redirection() -> Response:
    """Ask where else one's mail shall go, or say that this is not for the holder to choose."""
    row = listing.row(holders.of(g.who), by=g.who)
    return redirection_page(
        RedirectForm(
            formdata=None,
            version=row.version,
            recipients="\n".join(email for email, _ in row.recipients),
            keep_copy=row.keeps,
        )
    )


def redirection_page(form: RedirectForm, status: int = 200) -> Response:
    """Show the page of the redirection, with what was refused there."""
    address = holders.of(g.who)
    box = holders.box_of(address)
    return make_response(
        render_template(
            "holder/redirection.html",
            form=form,
            row=listing.row(address, by=g.who),
            box=box,
            domain=address.domain,
            may_redirect=holders.may_redirect(address, box),
        ),
        status,
    )


@bp.post("/mailbox/redirection")
def redirect_mail() -> Response:
    """Redirect one's mail, with a copy kept or without."""
    form = RedirectForm()
    if form.validate_on_submit():
        wish = Redirection(
            version=form.version.data or 0,
            recipients=form.recipients.data or "",
            keep_copy=bool(form.keep_copy.data),
        )
        with form.refusals():
            done = holders.redirect(wish, proof_of(form), by=g.who)
            if done.proved:
                sessions.is_proved_now(g.log_in)
            return go(
                url_for(".page"), Toast(" ".join([gettext("Saved."), *doubles_text(done.doubles)]))
            )
    if isinstance(form.refused, Changed):
        form.version.renew(holders.of(g.who).version)
        return redirection_page(form, 409)
    return redirection_page(form, 422)


def proof_of(form: RedirectForm) -> Proof:
    """Return what shows that it is the holder: the log-in, and a password typed once more."""
    return Proof(
        g.log_in.is_proved,
        present=form.present.data or "",
        code=form.code.data or "",
        network=request.remote_addr or "",
    )


def menu() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the menu: titles, each with its pages. What guards a person is theirs alone."""
    mailbox = (gettext("Your mailbox"), links(MAILBOX))
    return [mailbox] if g.who.through else [mailbox, (gettext("Your log-in"), links(LOG_IN))]


def init_app(app: Flask) -> None:
    """Hand the menu to the templates."""
    app.jinja_env.globals.update(holder_menu=menu)
