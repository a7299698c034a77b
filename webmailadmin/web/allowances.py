"""What an owner has of what it may have, in words."""

from dataclasses import dataclass

from flask import Flask, g

from webmailadmin.mail import accounts, guard, limits
from webmailadmin.mail.actors import Kind
from webmailadmin.mail.limits import Used
from webmailadmin.models import Account, Domain
from webmailadmin.words import gettext, ngettext, number, size


@dataclass(frozen=True)
class Use:
    """What an owner uses of one limit: 12 of 50 mailboxes. full: there is no more."""

    text: str
    full: bool


def of(account: Account) -> list[Use]:
    """Return what an owner uses of each of its limits."""
    has = limits.used(account)
    found = inside(account, has)
    if most := account.most_domains:
        text = ngettext(
            "%(used)s of %(most)s domains added",
            "%(used)s of %(most)s domains added",
            has.domains,
            **figures(has.domains, most),
        )
        found.append(Use(text, has.domains >= most))
    return found


def figures(used: int, most: int) -> dict[str, str]:
    """Return both numbers as they stand in the words."""
    return {"used": number(used), "most": number(most)}


def inside(account: Account, has: Used) -> list[Use]:
    """Return what an owner uses of the limits of what is in its domains."""
    found = []
    if (most := account.most_addresses) is not None:
        text = ngettext(
            "%(used)s of %(most)s addresses",
            "%(used)s of %(most)s addresses",
            has.addresses,
            **figures(has.addresses, most),
        )
        found.append(Use(text, has.addresses >= most))
    if (most := account.most_mailboxes) is not None:
        text = ngettext(
            "%(used)s of %(most)s mailboxes",
            "%(used)s of %(most)s mailboxes",
            has.mailboxes,
            **figures(has.mailboxes, most),
        )
        found.append(Use(text, has.mailboxes >= most))
    if (most := account.most_mb) is not None:
        text = gettext("%(used)s of %(most)s allocated", used=size(has.mb), most=size(most))
        found.append(Use(text, has.mb >= most))
    return found


def own(domains: bool = False) -> list[Use]:
    """Return what the owner who asks uses of its limits in its domains; nothing for others.

    domains: and how many domains the owner has added.
    """
    if g.who.kind is not Kind.OWNER:
        return []
    account = accounts.of(g.who)
    return of(account) if domains else inside(account, limits.used(account))


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
