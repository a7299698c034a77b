"""Accounts: the list, and the page of each. Administrators only: the rules refuse all others."""

from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin.mail import accounts, domains, names, owners, profiles
from webmailadmin.mail.actors import Kind
from webmailadmin.mail.errors import N_
from webmailadmin.mail.errors_of_accounts import AccountChanged
from webmailadmin.models import Account
from webmailadmin.web.account_forms import (
    AccountForm,
    AddAccountForm,
    GiveForm,
    PersonForm,
    RemoveAccountForm,
)
from webmailadmin.web.forms import Plain
from webmailadmin.web.htmx import go
from webmailadmin.web.security import prove_again
from webmailadmin.words import Toast, gettext, spoken

bp = Blueprint("accounts", __name__)


@bp.get("/accounts/")
def list_() -> Response:
    """List the accounts, with the form that adds one."""
    return list_page(AddAccountForm(formdata=None, kind="owner", language=spoken()))


def list_page(form: AddAccountForm, status: int = 200) -> Response:
    """Show the list, with what was refused there."""
    found = [(one, owners.domains_of(one)) for one in accounts.every(g.who)]
    return make_response(render_template("accounts/list.html", found=found, form=form), status)


@bp.post("/accounts/")
@prove_again
def add() -> Response:
    """Add an account. Its one-time password is in this answer alone: no cookie carries it."""
    accounts.every(g.who)
    form = AddAccountForm()
    if form.validate_on_submit():
        with form.refusals():
            typed = form.name.data or ""
            password = accounts.add(typed, None, by=g.who, kind=kind_of(form), wish=form.wish())
            return page(accounts.named(typed, by=g.who), password=password)
    return list_page(form, 422)


def kind_of(form: PersonForm) -> Kind:
    """Return the kind that was chosen; one that was made up is none that an account can have."""
    return Kind(form.kind.data) if form.kind.data in list(Kind) else Kind.PROGRAM


@bp.get("/accounts/<account>/")
@prove_again
def edit(account: str) -> Response:
    """Show an account."""
    return page(accounts.named(account, by=g.who))


def page(
    account: Account,
    status: int = 200,
    *,
    password: str | None = None,
    form: AccountForm | None = None,
    give: GiveForm | None = None,
    removal: RemoveAccountForm | None = None,
    plain: Plain | None = None,
) -> Response:
    """Show an account, with what was refused in one of its forms.

    password: its one-time password, shown this once.
    """
    owned = owners.domains_of(account)
    numbers = {domain.id for domain in owned}
    seen = asdict(profiles.wish_of(account)) | {"version": profiles.version_of(account)}
    return make_response(
        render_template(
            "accounts/page.html",
            account=account,
            owned=owned,
            others=[one for one in domains.list_for(g.who) if one.id not in numbers],
            one_time=password,
            form=form or AccountForm(formdata=None, kind=account.kind, **seen),
            give=give or GiveForm(formdata=None),
            removal=removal or RemoveAccountForm(formdata=None),
            plain=plain or Plain(formdata=None),
        ),
        status,
    )


def back_to(account: Account, text: str) -> Response:
    """Go back to the page of an account, and say there what was done."""
    return go(url_for(".edit", account=account.name), Toast(text))


@bp.post("/accounts/<account>/")
@prove_again
def change(account: str) -> Response:
    """Change who an account is and how much it may have."""
    found = accounts.named(account, by=g.who)
    form = AccountForm()
    if form.validate_on_submit():
        with form.refusals():
            seen = form.version.data or 0
            accounts.change(found, kind_of(form), form.wish(), by=g.who, version=seen)
            return back_to(found, gettext("The account %(name)s is changed.", name=found.name))
    if isinstance(form.refused, AccountChanged):
        found = accounts.named(account, by=g.who)
        form.version.renew(profiles.version_of(found))
        return page(found, 409, form=form)
    return page(found, 422, form=form)


@bp.post("/accounts/<account>/domains")
@prove_again
def give(account: str) -> Response:
    """Give the account a domain."""
    given = N_("%(domain)s is given to %(name)s.")
    return hand_over(account, owners.give, given, lambda one, form: page(one, 422, give=form))


@bp.post("/accounts/<account>/take")
@prove_again
def take(account: str) -> Response:
    """Take a domain away from the account."""
    taken = N_("%(domain)s is taken away from %(name)s.")
    return hand_over(account, owners.take, taken, lambda one, form: page(one, 422, plain=form))


def hand_over(
    account: str,
    act: Callable[..., None],
    text: str,
    refused: Callable[[Account, GiveForm], Response],
) -> Response:
    """Give or take the domain that was chosen, and say so on the page of the account.

    text: says it. refused: answers with what was refused in the form.
    """
    found = accounts.named(account, by=g.who)
    form = GiveForm()
    if form.validate_on_submit():
        domain = domains.of(g.who, form.domain.data or "")
        with form.refusals():
            act(domain, found, by=g.who)
            shown = names.shown(domain.name)
            return back_to(found, gettext(text, domain=shown, name=found.name))
    return refused(found, form)


@bp.post("/accounts/<account>/switch-<any(on,off):way>")
@prove_again
def switch(account: str, way: str) -> Response:
    """Switch the account on or off."""
    found = accounts.named(account, by=g.who)
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            accounts.switch(found, way == "on", by=g.who)
            on = gettext("The account %(name)s is switched on.", name=found.name)
            off = gettext("The account %(name)s is switched off.", name=found.name)
            return back_to(found, on if way == "on" else off)
    return page(found, 422, plain=form)


@bp.post("/accounts/<account>/password")
@prove_again
def reset_password(account: str) -> Response:
    """Give the account a new one-time password, which is in this answer alone."""
    found = accounts.named(account, by=g.who)
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            password = accounts.reset_password(found.name, None, by=g.who)
            return page(accounts.named(account, by=g.who), password=password)
    return page(found, 422, plain=form)


@bp.post("/accounts/<account>/remove")
@prove_again
def remove(account: str) -> Response:
    """Remove the account for good."""
    found = accounts.named(account, by=g.who)
    form = RemoveAccountForm()
    if form.validate_on_submit():
        with form.refusals():
            accounts.remove(found, form.typed.data or "", by=g.who)
            return go(
                url_for(".list_"),
                Toast(gettext("The account %(name)s is removed.", name=found.name)),
            )
    return page(found, 422, removal=form)


@bp.get("/accounts/<account>/switch-<any(on,off):way>")
def done(account: str, **_: str) -> Response:
    """Answer the URL of a refused form when it is typed or reloaded."""
    found = accounts.named(account, by=g.who)
    return go(url_for(".edit", account=found.name))


for act in ("domains", "take", "password", "remove"):
    bp.add_url_rule(f"/accounts/<account>/{act}", f"done_{act}", done, methods=["GET"])
