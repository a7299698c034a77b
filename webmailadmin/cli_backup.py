"""The command line on the database as a whole: back up, restore, upgrade. And one mailbox's home.

None of these commands begins with the application, which brings the database up to date.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from webmailadmin import database, settings, snapshot
from webmailadmin.mail import mailboxes, routing
from webmailadmin.owner import owner_of
from webmailadmin.servers import services
from webmailadmin.upkeep import backups, restoring
from webmailadmin.words import gettext, minute, of_terminal, size_in_bytes, teach


@contextmanager
def in_words() -> Iterator[Path]:
    """Know the settings and the language of the terminal; pass the folder of the data."""
    settings.use(settings.read())
    app = Flask(__name__)
    teach(app, of_terminal)
    with app.app_context():
        yield settings.current.data


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--replace", is_flag=True, help="Write over FILE if it is there.")
def backup(file: Path | None, replace: bool) -> None:
    """Back up the database into FILE, while all runs.

    Without FILE: into the folder WEBMAILADMIN_BACKUPS under a name of this moment, where
    WEBMAILADMIN_BACKUPS_KEPT of them are kept.
    """
    with in_words() as data:
        try:
            with owner_of(data):
                file = made(data, file, replace=replace)
        except snapshot.NoSnapshot as trouble:
            raise click.ClickException(str(trouble)) from trouble
        told = size_in_bytes(file.stat().st_size)
        click.echo(gettext("Backed up into %(file)s (%(size)s).", file=str(file), size=told))


def made(data: Path, file: Path | None, *, replace: bool) -> Path:
    """Back up into `file`, or on schedule; return the file. Raises snapshot.NoSnapshot."""
    if file is None:
        return backups.on_schedule(data, settings.current.backups, settings.current.backups_kept)
    backups.back_up(data, file.absolute(), replace=replace)
    return file


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as-it-is", is_flag=True, help="For an older version: not brought up to date.")
def restore(file: Path, as_it_is: bool) -> None:
    """Bring the database back to what the backup FILE holds, while all runs.

    What is there before is kept beside the database. Everybody's session ends. Messages are
    neither brought back nor deleted.
    """
    with in_words() as data:
        try:
            with restoring.opened(file) as backup, owner_of(data):
                outcome = restoring.restore(backup, data, as_it_is=as_it_is)
            say_what_was_restored(outcome)
            say_of_dovecot()
        except (restoring.CannotRestore, services.Disobeyed) as reason:
            raise click.ClickException(str(reason)) from reason


def say_what_was_restored(outcome: restoring.Outcome) -> None:
    """Print where the state before is kept, what is there now, and what became of the messages."""
    if outcome.kept:
        click.echo(gettext("The state before is kept in %(file)s.", file=str(outcome.kept)))
    click.echo(
        gettext(
            "The database is as it was on %(moment)s. Passwords are those of that time, and all "
            "sessions have ended.",
            moment=minute(outcome.moment),
        )
    )
    for email in outcome.emptied:
        click.echo(gettext("%(email)s: its messages are not on the disk.", email=email))
    for home, email in outcome.left:
        folder = settings.current.mail_root / home
        click.echo(
            gettext(
                "%(email)s: no mailbox any more; its messages stay in %(folder)s.",
                email=email,
                folder=str(folder),
            )
        )
    if outcome.unasked:
        click.echo(gettext("The mail files were not looked at: %(reason)s", reason=outcome.unasked))


def say_of_dovecot() -> None:
    """Let Dovecot open the database anew, or say who must."""
    if not services.renew_lookups():
        click.echo(gettext("If Dovecot runs, let it open the database anew: doveadm reload"))


@click.command()
def upgrade() -> None:
    """Bring the database up to this version of the program, and restart the panel (root).

    What is there before is kept beside the database. Mail goes on.
    """
    with in_words() as data:
        if not (data / "webmailadmin.db").exists():
            raise click.ClickException(gettext("There is no database in %(data)s.", data=str(data)))
        units = services.running() if services.are_ours_to_command() else []
        try:
            # The earlier version must not write what it no longer understands.
            services.stop([unit for unit in units if unit in services.WRITERS])
            before = brought_up_to_date(data)
            if before:
                say_of_dovecot()
            services.start(units)
        except database.DatabaseUnusable as trouble:
            stopped = gettext("The panel is stopped, mail goes on. What to do: docs/upgrade.md.")
            raise click.ClickException(
                f"{trouble}\n{stopped}" if units else str(trouble)
            ) from trouble
        except services.Disobeyed as trouble:
            raise click.ClickException(str(trouble)) from trouble
        say_what_was_upgraded(before, restarted=bool(units))


def brought_up_to_date(data: Path) -> Path | None:
    """Migrate the database in `data`; return the file that keeps it as it was before, if it was.

    Raises database.DatabaseUnusable.
    """
    with owner_of(data):
        try:
            return database.open_database(data)
        finally:
            database.db.close()


def say_what_was_upgraded(before: Path | None, *, restarted: bool) -> None:
    """Print where the state before is kept, and what is left to do."""
    if before:
        click.echo(gettext("The state before is kept in %(file)s.", file=str(before)))
    click.echo(gettext("The database is up to date."))
    if not restarted:
        click.echo(gettext("Now restart the panel, so that it runs this version."))


mailbox = AppGroup("mailbox", help="Mailboxes on the disk.")


@mailbox.command("home")
@click.argument("email")
def mailbox_home(email: str) -> None:
    """Print the folder that holds the messages of the mailbox EMAIL."""
    address = routing.address_of(email.strip().lower())
    box = mailboxes.of(address) if address else None
    if box is None:
        raise click.ClickException(gettext("%(email)s has no mailbox.", email=email))
    click.echo(settings.current.mail_root / box.home)


COMMANDS = (backup, restore, upgrade, mailbox)
