"""The addresses of a domain: list, add, edit, delete."""

from flask import Blueprint, Response, g, request, url_for

from webmailadmin import settings
from webmailadmin.mail import (
    addresses,
    app_passwords,
    domains,
    links,
    listing,
    mailboxes,
    passwords,
)
from webmailadmin.mail.errors import Changed
from webmailadmin.mail.errors_of_names import AddressExists, LocalPartOtherDomain
from webmailadmin.mail.filters import Show
from webmailadmin.mail.listing import Row
from webmailadmin.mail.mailboxes import AS_IT_IS, Switches
from webmailadmin.models import Address, Domain, Mailbox, now
from webmailadmin.web import losses
from webmailadmin.web.domains import mine_named
from webmailadmin.web.forms import AddForm, DeleteForm, EditForm
from webmailadmin.web.htmx import answer, done, go, wants_fragment
from webmailadmin.web.links import made, url_of
from webmailadmin.web.losses import Loss
from webmailadmin.web.pages import default_quota
from webmailadmin.web.sentences import deleted_text, saved_text
from webmailadmin.words import Toast

LONGEST_NUMBER = 20

bp = Blueprint("addresses", __name__)


@bp.get("/domains/<name>/")
def list_(name: str) -> Response:
    """List the addresses: a page, what a search found, or the rows that follow."""
    domain = domains.of(g.who, name)
    fragment = "addresses/_more.html" if "after" in request.args else "addresses/_found.html"
    return answer(
        "addresses/list.html", fragment, domain=domain, form=AddForm(), **list_context(domain)
    )


def list_context(domain: Domain) -> dict[str, object]:
    """Read search, filter and place in the list from the URL, and what they select."""
    search = request.args.get("q", "")[: listing.LONGEST_SEARCH]
    asked = request.args.get("show", "")
    show = Show(asked) if asked in list(Show) else Show.ALL
    page = listing.page(domain, search, show, request.args.get("after", ""), by=g.who)
    return {"search": search, "show": show, "page": page, "open": None}


@bp.post("/domains/<name>/addresses/")
def add(name: str) -> Response:
    """Add an address; its editor opens beneath the new row."""
    domain = domains.of(g.who, name)
    form = AddForm()
    if form.validate_on_submit():
        with form.refusals():
            address = addresses.add(domain, form.local_part.data or "", by=g.who)
            return done(
                "addresses/_added.html",
                url_for(".edit", email=address.email),
                form=AddForm(formdata=None),
                **editor_context(address, new_editor(address, None)),
            )
    existing, elsewhere = None, None
    if isinstance(form.refused, AddressExists):
        existing = addresses.of(g.who, str(form.refused.values["email"]))
    if isinstance(form.refused, LocalPartOtherDomain):
        elsewhere = mine_named(str(form.refused.values["name"]))
    context: dict[str, object] = {"form": form, "elsewhere": elsewhere, "domain": domain}
    if existing is not None:
        context |= editor_context(existing, new_editor(existing, mailboxes.of(existing)))
    return page_of(domain, "addresses/_not_added.html", 422, **context)


@bp.get("/domains/<name>/addresses/")
def added(name: str) -> Response:
    """Answer the URL of a refused form when it is typed or reloaded."""
    return go(url_for(".list_", name=name))


def page_of(domain: Domain, fragment: str, status: int, /, **context: object) -> Response:
    """Answer with the list, an editor open in it, or with the fragment alone."""
    around = {} if wants_fragment() else list_context(domain)
    shown: dict[str, object] = {"form": AddForm(formdata=None), "domain": domain}
    return answer("addresses/list.html", fragment, status, **(around | shown | context))


def new_editor(address: Address, box: Mailbox | None) -> EditForm:
    """Return the editor's form, filled with what the address is now."""
    row = listing.row(address, by=g.who)
    fresh = box is None and not row.recipients and row.removed is None
    quota = box.quota_mb if box is not None else default_quota(address.domain)
    return EditForm(
        formdata=None,
        version=address.version,
        mailbox="yes" if box is not None or fresh else "no",
        quota_mb=str(quota),
        recipients="\n".join(email for email, _ in row.recipients),
        enabled=address.enabled,
        receives=box is None or box.receives,
        may_log_in=box is None or box.may_log_in,
        may_redirect=box is not None and box.may_redirect,
    )


def editor_context(address: Address, editor: EditForm) -> dict[str, object]:
    """Return what the editor's templates are given."""
    box = mailboxes.of(address)
    return {
        # Read again: its counts have moved.
        "domain": domains.of(g.who, address.domain.name),
        "open": listing.row(address, by=g.who),
        "editor": editor,
        "loss": loss_of(address, editor),
        "mail_host": settings.current.mail_host,
        "webmail_url": settings.current.webmail_url,
        "until": mailboxes.kept_until(now()),
        "app_passwords": app_passwords.those_of(box) if box is not None else [],
        "least": settings.current.mailbox_password_length,
    }


def loss_of(address: Address, editor: EditForm) -> Loss | None:
    """Return what would go with the mailbox when the form is saved as it stands."""
    goes = editor.mailbox.data != "yes" and mailboxes.of(address) is not None
    return losses.of_mailbox(address) if goes else None


@bp.get("/addresses/<email>/edit")
def edit(email: str) -> Response:
    """Open the editor; with `?mailbox=yes` or `no`, only its mailbox part changes.

    With `?quota_mb=`, only what is said of that size limit.
    """
    address = addresses.of(g.who, email)
    editor = new_editor(address, mailboxes.of(address))
    choice = request.args.get("mailbox")
    fragment = "addresses/_entry.html"
    if choice in ("yes", "no"):
        editor.mailbox.data = choice
        fragment = "addresses/_toggled.html"
    elif "quota_mb" in request.args:
        editor.quota_mb.data = request.args["quota_mb"][:LONGEST_NUMBER]
        fragment = "addresses/_limited.html"
    context = editor_context(address, editor)
    context |= {"toggled": choice is not None, "opened": request.args.get("opened")}
    return page_of(address.domain, fragment, 200, **context)


@bp.get("/addresses/<email>/")
def closed(email: str) -> Response:
    """Show the row with its editor closed; as a page, the list with the editor open."""
    address = addresses.of(g.who, email)
    if not wants_fragment():
        return go(url_for(".edit", email=email))
    return answer(
        "", "addresses/_closed.html", domain=address.domain, open=listing.row(address, by=g.who)
    )


@bp.post("/addresses/<email>/")
def save(email: str) -> Response:
    """Save the editor: row, toast and counts come back; or the editor with its messages."""
    address = addresses.of(g.who, email)
    editor = EditForm()
    if editor.generate.data:
        return generated(address, editor)
    if editor.validate_on_submit():
        before = listing.row(address, by=g.who)
        with editor.refusals():
            saved = addresses.save(address, wish(editor), by=g.who)
            return saved_answer(before, saved, bool(editor.by_link.data))
    if isinstance(editor.refused, Changed):
        address = addresses.of(g.who, email)
        editor.version.renew(address.version)
        return page_of(
            address.domain, "addresses/_entry.html", 409, **editor_context(address, editor)
        )
    return page_of(address.domain, "addresses/_entry.html", 422, **editor_context(address, editor))


def wish(editor: EditForm) -> addresses.Wish:
    """Return what the form says as plain values."""
    return addresses.Wish(
        version=editor.version.data or 0,
        mailbox=editor.mailbox.data == "yes",
        password=editor.password.data or "",
        confirmation=editor.confirmation.data or "",
        quota_mb=editor.quota_mb.data or "",
        recipients=editor.recipients.data or "",
        enabled=bool(editor.enabled.data),
        may_remove=bool(editor.may_remove.data),
        agreed_quota=editor.agreed_quota.data or "",
        by_link=bool(editor.by_link.data),
        switches=switches(editor),
    )


def switches(editor: EditForm) -> Switches:
    """Return the switches of the mailbox as the form has them, if it showed them."""
    if not editor.switches.data:
        return AS_IT_IS
    return Switches(
        receives=bool(editor.receives.data),
        may_log_in=bool(editor.may_log_in.data),
        may_redirect=bool(editor.may_redirect.data),
    )


def generated(address: Address, editor: EditForm) -> Response:
    """Give the editor back with a generated password in both fields, readable this once."""
    editor.password.data = editor.confirmation.data = passwords.generated()
    context = editor_context(address, editor) | {"readable": True}
    return page_of(address.domain, "addresses/_entry.html", 200, **context)


def saved_answer(before: Row, saved: addresses.Saved, by_link: bool) -> Response:
    """Close the editor on the new state; a new mailbox shows what mail programs want to know.

    by_link: and a link by which its holder chooses the password.
    """
    after = listing.row(saved.address, by=g.who)
    box = mailboxes.of(saved.address)
    token = links.invite(box, by=g.who) if by_link and box is not None else ""
    if box is not None and token and not wants_fragment():
        return made(box, token)
    undo = ""
    if saved.removed is not None:
        undo = url_for("removed.restore", name=saved.address.domain.name, id_=saved.removed.id)
    text = saved_text(before, after, saved.doubles)
    toast = Toast(text, undo=undo, target=f"#address-{after.id}")
    if saved.removed is not None:
        toast = losses.told(toast, after.email)
    to = url_for(".list_", name=saved.address.domain.name)
    opened = after.has_mailbox and not before.has_mailbox
    if opened:
        to = url_for(".edit", email=after.email, opened="yes")
    context = editor_context(saved.address, new_editor(saved.address, box))
    context |= {"opened": opened or token, "link": url_of(token) if token else ""}
    return done("addresses/_saved.html", to, toast, **context)


@bp.post("/addresses/<email>/delete")
def delete(email: str) -> Response:
    """Delete the address; one with a mailbox first says what goes, and until when it is kept."""
    address = addresses.of(g.who, email)
    form = DeleteForm()
    if form.validate_on_submit():
        with form.refusals():
            kept = addresses.remove(address, confirmed=bool(form.may_remove.data), by=g.who)
            undo = url_for("removed.restore", name=address.domain.name, id_=kept.id)
            toast = Toast(deleted_text(address.email), undo=undo, target=f"#address-{address.id}")
            toast = losses.told(toast, address.email)
            to = url_for(".list_", name=address.domain.name)
            domain = domains.of(g.who, address.domain.name)
            return done("addresses/_deleted.html", to, toast, domain=domain, id=address.id)
    if not form.asked.data:
        form.may_remove.errors = []
    context = editor_context(address, new_editor(address, mailboxes.of(address)))
    context |= {"deletion": form, "loss": losses.of_address(address)}
    return page_of(address.domain, "addresses/_entry.html", 422, **context)


@bp.get("/addresses/<email>/delete")
def deletion(email: str) -> Response:
    """Answer the URL of a refused deletion when it is typed or reloaded."""
    return go(url_for(".edit", email=email))
