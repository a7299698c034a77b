"""Accounts and the domains of owners, at the command line."""

import sys
from collections.abc import Callable
from dataclasses import replace

import click
from flask.cli import AppGroup, with_appcontext

from webmailadmin.mail import accounts, domains, log_ins, names, owners, profiles, second_factor
from webmailadmin.mail.actors import COMMAND_LINE, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_accounts import AccountMissing
from webmailadmin.mail.errors_of_domains import DomainMissing
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import Account, Domain
from webmailadmin.words import gettext, spoken

NONE = "none"  # typed for a limit that is to go

stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)
OPTIONS = (
    click.option("--administrator", is_flag=True, help="May do everything."),
    click.option("--owner", is_flag=True, help="Manages the domains that are given to it."),
    click.option("--person", help="What people call them."),
    click.option("--contact", help="Address elsewhere, for what we write to them."),
    click.option("--language", help="Language of what we write to them: fr or en."),
    click.option("--addresses", "most_addresses", help="An owner's most addresses, or none."),
    click.option("--mailboxes", "most_mailboxes", help="An owner's most mailboxes, or none."),
    click.option("--mb", "most_mb", help="Most MB of all mailboxes together, or none."),
    click.option("--mb-each", "most_mb_each", help="Most MB of one mailbox, or none."),
    click.option(
        "--outside/--no-outside",
        "may_redirect_outside",
        default=None,
        help="Whether an owner may redirect to other servers.",
    ),
    click.option("--domains", "most_domains", help="How many domains an owner may add itself."),
)


@click.group(cls=AppGroup)
def account() -> None:
    """Accounts of the panel."""


def with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what an account is."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def wish_from(present: Wish, typed: dict[str, str | bool | None]) -> Wish:
    """Return a wish with what was typed in the place of what was not left out."""
    given = {name: value for name, value in typed.items() if value is not None}
    return replace(present, **{n: "" if v == NONE else v for n, v in given.items()})  # type: ignore[arg-type]


def kind_from(administrator: bool, owner: bool) -> Kind:
    """Return the one kind that was asked for. Raises UsageError."""
    if administrator == owner:
        raise click.UsageError(gettext("Give one of --administrator and --owner."))
    return Kind.OWNER if owner else Kind.ADMINISTRATOR


def from_stdin(wanted: bool) -> str | None:
    """Read a password from standard input: as an argument, `ps` would show it to everybody."""
    return sys.stdin.readline().rstrip("\n") if wanted else None


def say_one_time(name: str, password: str | None) -> None:
    """Print a one-time password, the only time that anybody sees it."""
    if password is not None:
        click.echo(
            gettext(
                "Log in as %(name)s with the one-time password %(password)s",
                name=name,
                password=password,
            )
        )


def account_named(name: str) -> Account:
    """Return the account NAME. Raises AccountMissing."""
    try:
        return accounts.named(name, by=COMMAND_LINE)
    except NotFound:
        raise AccountMissing(name=name) from None


def domain_named(name: str) -> Domain:
    """Return the domain NAME. Raises DomainMissing."""
    try:
        return domains.of(COMMAND_LINE, name)
    except NotFound:
        raise DomainMissing(name=name) from None


@account.command("add")
@click.argument("name")
@with_fields
@stdin_option
def add(
    name: str, administrator: bool, owner: bool, password_stdin: bool, **typed: str | bool | None
) -> None:
    """Add the account NAME; without a password given, a one-time password is printed."""
    kind = kind_from(administrator, owner)
    wish = wish_from(Wish(language=spoken()), typed)
    given = from_stdin(password_stdin)
    password = accounts.add(name, given, by=COMMAND_LINE, kind=kind, wish=wish)
    click.echo(gettext("The account %(name)s is added.", name=name.strip().lower()))
    say_one_time(name, password)


@account.command("change")
@click.argument("name")
@with_fields
def change(name: str, administrator: bool, owner: bool, **typed: str | bool | None) -> None:
    """Change what is given of the account NAME."""
    found = account_named(name)
    kind = kind_from(administrator, owner) if administrator or owner else Kind(found.kind)
    accounts.change(found, kind, wish_from(profiles.wish_of(found), typed), by=COMMAND_LINE)
    click.echo(gettext("The account %(name)s is changed.", name=found.name))


@account.command("list")
def list_() -> None:
    """List the accounts: name, kind, state, contact address, domains."""
    for one in accounts.every(COMMAND_LINE):
        state = gettext("on") if one.enabled else gettext("switched off")
        kind = gettext("owner") if one.kind == Kind.OWNER else gettext("administrator")
        owned = " ".join(names.shown(domain.name) for domain in owners.domains_of(one))
        click.echo("\t".join((one.name, kind, state, one.contact or "-", owned or "-")))


@account.command("password")
@click.argument("name")
@stdin_option
def password_(name: str, password_stdin: bool) -> None:
    """Give the account NAME another password and end its sessions."""
    found = account_named(name).name
    password = accounts.reset_password(found, from_stdin(password_stdin), by=COMMAND_LINE)
    click.echo(gettext("The password of %(name)s is changed; its sessions have ended.", name=found))
    say_one_time(found, password)


@account.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Switch the account NAME off, which ends its sessions."""
    accounts.switch(account_named(name), False, by=COMMAND_LINE)
    click.echo(gettext("The account %(name)s is switched off.", name=name))


@account.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Switch the account NAME on again."""
    accounts.switch(account_named(name), True, by=COMMAND_LINE)
    click.echo(gettext("The account %(name)s is switched on.", name=name))


@account.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove the account NAME for good; its domains stay."""
    found = account_named(name)
    accounts.remove(found, found.name, by=COMMAND_LINE)
    click.echo(gettext("The account %(name)s is removed.", name=found.name))


@click.command("give")
@click.argument("name")
@click.argument("owner")
@with_appcontext
def give(name: str, owner: str) -> None:
    """Let the account OWNER own the domain NAME, beside those who do."""
    domain, found = domain_named(name), account_named(owner)
    owners.give(domain, found, by=COMMAND_LINE)
    say_given(domain, found)


def say_given(domain: Domain, owner: Account) -> None:
    """Print whose a domain is now."""
    shown = names.shown(domain.name)
    click.echo(gettext("%(domain)s is given to %(name)s.", domain=shown, name=owner.name))


@click.command("take")
@click.argument("name")
@click.argument("owner")
@with_appcontext
def take(name: str, owner: str) -> None:
    """Take the domain NAME away from the account OWNER."""
    domain, found = domain_named(name), account_named(owner)
    owners.take(domain, found, by=COMMAND_LINE)
    shown = names.shown(domain.name)
    click.echo(gettext("%(domain)s is taken away from %(name)s.", domain=shown, name=found.name))


@account.command("second-factor-off")
@click.argument("name")
def account_second_factor_off(name: str) -> None:
    """Take the second factor off the account or mailbox NAME, for who has lost it."""
    try:
        who = log_ins.person(name)
    except NotFound:
        raise AccountMissing(name=name) from None
    second_factor.turn_off(who, by=COMMAND_LINE)
    click.echo(gettext("The second factor of %(name)s is off.", name=who.name))
