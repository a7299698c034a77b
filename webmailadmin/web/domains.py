"""Domains: the list, the installation, the switch, the removal."""

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin import settings
from webmailadmin.mail import (
    domains,
    guard,
    leading,
    limits,
    mailboxes,
    names,
    proofs,
    purging,
    recycle_bin,
    removed_domains,
    routing,
)
from webmailadmin.mail.actors import Kind
from webmailadmin.mail.errors_of_domains import DomainExists
from webmailadmin.models import Domain, now
from webmailadmin.web import losses
from webmailadmin.web.forms import InstallForm, MailLanguageForm, Plain, RemoveDomainForm
from webmailadmin.web.htmx import go
from webmailadmin.words import Toast, gettext, spoken

bp = Blueprint("domains", __name__)


@bp.get("/")
def first() -> Response:
    """Go to the first domain, or to the installation of one; a holder, to the mailbox."""
    if g.who.kind is Kind.HOLDER:
        return go(url_for("holder.page"))
    mine = domains.list_for(g.who)
    to = url_for("addresses.list_", name=mine[0].name) if mine else url_for(".list_")
    return go(to)


@bp.get("/domains/")
def list_() -> Response:
    """List the domains, with the form that installs one."""
    return page(InstallForm())


@bp.post("/domains/")
def install() -> Response:
    """Install a domain; its page says what it needs next."""
    limits.refuse_stranger(g.who)
    form = InstallForm()
    if form.validate_on_submit():
        with form.refusals():
            name, contact = form.name.data or "", form.contact.data or ""
            domain = domains.install(name, contact, by=g.who, language=spoken())
            return go(
                url_for(".about", name=domain.name),
                Toast(gettext("%(name)s is installed.", name=names.shown(domain.name))),
            )
    exists = None
    if isinstance(form.refused, DomainExists):
        exists = mine_named(names.domain_name(form.name.data or ""))
    return page(form, 422, exists=exists)


def mine_named(name: str) -> Domain | None:
    """Return the domain of this name, when it is the person's."""
    found = routing.domain_named(name)
    return found if found is not None and guard.owns(g.who, found) else None


def page(form: InstallForm, status: int = 200, exists: Domain | None = None) -> Response:
    """Show the list of domains."""
    guard.account(g.who)
    removed = recycle_bin.domains_for(g.who)
    return make_response(
        render_template(
            "domains/list.html",
            form=form,
            exists=exists,
            proof=proofs.code(g.who) if proofs.are_asked_of(g.who) else "",
            removed=removed,
            led=leading.counts_into(g.who, [one.name for one in removed]),
            undone=[one for one in purging.undone(by=g.who) if one.gone],
        ),
        status,
    )


@bp.get("/domains/<name>/about")
def about(name: str) -> Response:
    """Show what the domain needs, its switch and its removal."""
    return about_page(domains.of(g.who, name), Plain())


def about_page(
    domain: Domain, form: Plain, status: int = 200, mails: MailLanguageForm | None = None
) -> Response:
    """Show the page of a domain's own affairs, with what was refused there.

    mails: the form of their language, when that was refused.
    """
    return make_response(
        render_template(
            "domains/about.html",
            domain=domain,
            form=form,
            mails=mails or MailLanguageForm(formdata=None, language=domain.language),
            mail_host=settings.current.mail_host,
        ),
        status,
    )


@bp.post("/domains/<name>/language")
def mail_language(name: str) -> Response:
    """Choose the language of the mails to the domain's mailboxes."""
    domain = domains.of(g.who, name)
    form = MailLanguageForm()
    if form.validate_on_submit():
        with form.refusals():
            domains.set_language(domain, form.language.data or "", by=g.who)
            return go(url_for(".about", name=domain.name), Toast(gettext("Saved.")))
    return about_page(domain, Plain(formdata=None), 422, form)


@bp.get("/domains/<name>/language")
def mail_language_chosen(name: str) -> Response:
    """Answer the URL of a refused choice when it is typed or reloaded."""
    return go(url_for(".about", name=name))


@bp.post("/domains/<name>/switch-<any(on,off):way>")
def switch(name: str, way: str) -> Response:
    """Switch the domain on or off."""
    domain = domains.of(g.who, name)
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            domains.switch(domain, way == "on", by=g.who)
            return go(url_for(".about", name=domain.name))
    return about_page(domain, form, 422)


@bp.get("/domains/<name>/switch-<any(on,off):way>")
def switched(name: str, **_: str) -> Response:
    """Answer the URL of a refused button when it is typed or reloaded."""
    return go(url_for(".about", name=name))


@bp.get("/domains/<name>/remove")
def removal(name: str) -> Response:
    """Say what the removal of the domain takes away, and ask for its name as a yes."""
    domain = domains.of(g.who, name)
    guard.added(g.who, domain)
    return removal_page(domain, RemoveDomainForm(formdata=None))


def removal_page(domain: Domain, form: RemoveDomainForm, status: int = 200) -> Response:
    """Show the warning before a removal, with what was refused there."""
    return make_response(
        render_template(
            "domains/remove.html",
            domain=domain,
            form=form,
            until=mailboxes.kept_until(now()),
            loss=losses.of_domain(domain),
        ),
        status,
    )


@bp.post("/domains/<name>/remove")
def remove(name: str) -> Response:
    """Remove the domain with all that is in it, with a way back."""
    domain = domains.of(g.who, name)
    guard.added(g.who, domain)
    form = RemoveDomainForm()
    if form.validate_on_submit():
        with form.refusals():
            removed_domains.refuse_other_name(domain, form.name.data or "")
            removed_domains.remove(domain, by=g.who)
            text = gettext("%(name)s is removed.", name=names.shown(domain.name))
            toast = Toast(text, undo=url_for(".restore", id_=domain.id))
            return go(url_for(".list_"), losses.told_of_domain(toast, domain))
    return removal_page(domain, form, 422)


@bp.post("/domains/removed/<int:id_>/restore")
def restore(id_: int) -> Response:
    """Bring back a removed domain."""
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            domain = removed_domains.bring_back(id_, by=g.who)
            return go(
                url_for(".about", name=domain.name),
                Toast(gettext("%(name)s is back.", name=names.shown(domain.name))),
            )
    again = InstallForm(formdata=None)
    again.form_errors.extend(form.form_errors)
    again.refused = form.refused
    return page(again, 422)


@bp.get("/domains/removed/<int:id_>/restore")
def restored(id_: int) -> Response:  # noqa: ARG001
    """Answer the URL of a refused restore when it is typed or reloaded."""
    return go(url_for(".list_"))
