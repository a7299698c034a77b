"""The command line on the machine's own mail servers: set up, take back. As root."""

import json
import os
import re
import subprocess
from pathlib import Path

import click

from webmailadmin import settings
from webmailadmin.servers import places
from webmailadmin.servers.install import certificate, checks, facts, postfix, running, work
from webmailadmin.servers.install.plan import Wish
from webmailadmin.servers.install.steps import MACHINE, Step, User
from webmailadmin.servers.private import CannotStart
from webmailadmin.servers.render import MAIL_USER

HOOK = Path("/etc/letsencrypt/renewal-hooks/deploy/mail-servers")
READY = """
Mail works. What is left to do:
- Open the ports 25, 465, 587, 993 and 995 (TCP), and 80 and 443 for the panel, in the firewall.
- When the certificate is renewed, the servers must read it. With certbot:
    printf '#!/bin/sh\\npostfix reload; doveadm reload\\n' > {hook}
    chmod +x {hook}
"""
SELF_MADE = """\
- The certificate is self-made, and mail programs will warn of it. Once there is one for
  {host}, run `webmailadmin servers install` again.
"""
NO_SYSTEMD = """\
- No systemd runs here: start the panel as the files in {units} say.
"""
PEM = click.Path(dir_okay=False, path_type=Path)


def refuse_others() -> None:
    """Raise ClickException unless we are root."""
    if os.geteuid() != 0:
        raise click.ClickException("This changes the machine's mail servers: run it as root.")


@click.command()
@click.option("--mail-host", help="The host that mail programs and MX records point to.")
@click.option("--certificate", "chain", type=PEM, help="Its certificate and those above it, PEM.")
@click.option("--key", type=PEM, help="The certificate's key, PEM.")
@click.option(
    "--keep",
    type=click.Choice(postfix.KEEPABLE),
    multiple=True,
    help="A parameter of Postfix whose own value goes on beside the panel's.",
)
@click.option(
    "--end-system-mailboxes",
    is_flag=True,
    help="Users of the machine read no mail through Dovecot any more.",
)
@click.option("--no-srs", is_flag=True, help="Leave senders of redirected mail unwritten.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def install(
    mail_host: str | None,
    chain: Path | None,
    key: Path | None,
    keep: tuple[str, ...],
    end_system_mailboxes: bool,
    no_srs: bool,
    dry_run: bool,
) -> None:
    """Set up this machine's Postfix, Dovecot and services for the panel (root)."""
    refuse_others()
    if bool(chain) != bool(key):
        raise click.ClickException("--certificate and --key go together.")
    try:
        data, mail_root, host = wanted_places(mail_host)
        found = facts.look(data, srs=not no_srs)
        named = certificate.Pair(chain.absolute(), key.absolute()) if chain and key else None
        pair = named or certificate.choose(host, found.settings)
        wish = Wish(data, mail_root, host, pair, keep, not no_srs, end_system_mailboxes)
        set_up = work.SetUp(wish, found, click.echo, lambda: try_mail(wish))
        differences = set_up.differences()
        if not differences:
            click.echo("Nothing to change.")
        elif dry_run:
            show(differences)
        else:
            set_up.run()
            tell_what_is_left(wish)
    except (work.Refused, work.RolledBack, CannotStart) as reason:
        raise click.ClickException(str(reason)) from reason


def wanted_places(mail_host: str | None) -> tuple[Path, Path, str]:
    """Return data folder, mail root and mail host, of options and settings.

    Raises ClickException when they disagree.
    """
    found = places.environment()
    read = settings.read(found)
    written = found.get(f"{settings.PREFIX}MAIL_HOST", "")
    if mail_host and written and mail_host != written:
        raise click.ClickException(
            f"{settings.PREFIX}MAIL_HOST is {written}: change it in {places.ENVIRONMENT} first."
        )
    data = read.data.resolve() if f"{settings.PREFIX}DATA" in found else places.DATA
    return data, read.mail_root, (mail_host or read.mail_host).lower()


def show(steps: list[Step]) -> None:
    """Print what would change."""
    for step in steps:
        click.echo(step.difference(step.wanted))
    servers = sorted({step.touches for step in steps} & set(running.SERVERS))
    if servers:
        click.echo(f"Then read anew by: {', '.join(servers)}.")
    if any(isinstance(step, User) and step.name == MAIL_USER for step in steps):
        click.echo(f"Where Dovecot's 0 stands, there will be the number of the new {MAIL_USER}.")
    click.echo("Nothing is changed.")


def try_mail(wish: Wish) -> None:
    """Send a mail and read it, by a mailbox that leaves no trace. Raises checks.NotWorking."""
    command = facts.panel_command("webmailadmin.upkeep.probe", str(wish.data))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as probe:
        assert probe.stdin
        assert probe.stdout
        line = probe.stdout.readline()
        if not line:
            raise checks.NotWorking("The panel's user cannot use its database.")
        made = json.loads(line)
        try:
            checks.mail_arrives(made["email"], made["password"])
        finally:
            probe.stdin.close()
            probe.wait()
            remove_home(wish, made["home"])


def remove_home(wish: Wish, home: str) -> None:
    """Remove the folder of the mailbox that was tried, as the mail's owner."""
    if not re.fullmatch(r"[0-9a-z]+", home):
        raise checks.NotWorking(f"The panel names a folder {home!r}.")
    as_owner = ("setpriv", f"--reuid={MAIL_USER}", f"--regid={MAIL_USER}", "--clear-groups")
    MACHINE.run(*as_owner, "rm", "-rf", "--", str(wish.mail_root / home))


def tell_what_is_left(wish: Wish) -> None:
    """Print what the hoster does beside."""
    click.echo(READY.format(hook=HOOK).rstrip())
    if wish.pair.is_self_made:
        click.echo(SELF_MADE.format(host=wish.mail_host).rstrip())
    if not facts.SYSTEMD_RUNS.exists():
        click.echo(NO_SYSTEMD.format(units=places.UNITS).rstrip())


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def uninstall(dry_run: bool) -> None:
    """Put Postfix, Dovecot and services back as they were before `servers install` (root)."""
    refuse_others()
    taking_back = work.TakingBack(click.echo)
    try:
        if not taking_back.saved.entries:
            click.echo("Nothing is set up here.")
        elif dry_run:
            show(taking_back.steps())
        else:
            taking_back.run()
            click.echo(f"Kept: {', '.join(dict.fromkeys(taking_back.kept))}.")
    except CannotStart as reason:
        raise click.ClickException(str(reason)) from reason
