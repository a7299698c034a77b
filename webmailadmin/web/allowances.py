"""What an owner has of what it may have, in words."""

from flask import Flask, g

from webmailadmin.mail import accounts, guard, limits
from webmailadmin.mail.actors import Kind
from webmailadmin.models import Account, Domain
from webmailadmin.words import gettext, number, size


def of(account: Account) -> list[str]:
    """Return what an owner uses of each of its limits: 12 of 50 mailboxes."""
    has = limits.used(account)
    said = []
    if account.most_addresses is not None:
        values = {"used": number(has.addresses), "most": number(account.most_addresses)}
        said.append(gettext("%(used)s of %(most)s addresses", **values))
    if account.most_mailboxes is not None:
        values = {"used": number(has.mailboxes), "most": number(account.most_mailboxes)}
        said.append(gettext("%(used)s of %(most)s mailboxes", **values))
    if account.most_mb is not None:
        values = {"used": size(has.mb), "most": size(account.most_mb)}
        said.append(gettext("%(used)s of %(most)s allocated", **values))
    if account.most_domains:
        values = {"used": number(has.domains), "most": number(account.most_domains)}
        said.append(gettext("%(used)s of %(most)s domains added", **values))
    return said


def own() -> list[str]:
    """Return what the owner who asks uses of its limits; nothing for others."""
    return of(accounts.of(g.who)) if g.who.kind is Kind.OWNER else []


def may_remove(domain: Domain) -> bool:
    """Say whether the person may remove the domain."""
    return guard.has_added(g.who, domain)


def init_app(app: Flask) -> None:
    """Hand these to the templates."""
    app.jinja_env.globals.update(
        allowances_of=of,
        own_allowances=own,
        is_hoster=lambda: guard.everything(g.who),
        may_add_domains=lambda: limits.may_add_domains(g.who),
        may_remove=may_remove,
    )
