"""The command line: a thin door to the same rules as the pages."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from pwd import getpwuid
from threading import Event, Thread
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, ScriptInfo
from peewee import OperationalError

from webmailadmin import cli_accounts, cli_backup, cli_servers, database, demo, serving, settings
from webmailadmin.cli_doctor import doctor
from webmailadmin.log import note
from webmailadmin.mail import accounts, domains, names, owners
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.mail.errors import Refusal
from webmailadmin.servers import private, private_helper, render
from webmailadmin.upkeep.worker import AlreadyWorking, Worker, alone
from webmailadmin.words import gettext, in_words, spoken, why_unwritable

SECONDS_TO_STOP = 3


class Commands(AppGroup):
    """Says what is refused in words on standard error, with exit status 1 and no traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (Refusal, OperationalError) as error:
            # The command's own context has ended, and with it the language.
            with ctx.ensure_object(ScriptInfo).load_app().app_context():
                words = said(error)
            if not words:
                raise
            raise click.ClickException(words) from error


def said(error: Refusal | OperationalError) -> str:
    """Say what ended a command; "" for what is a mistake of ours."""
    if isinstance(error, OperationalError):
        return why_unwritable(error)
    return "\n".join(in_words(part) for part in error.parts())


@click.group(cls=Commands)
def commands() -> None:
    """Manage mail domains, accounts and mail servers, or serve the panel."""


def end_at_signals() -> None:
    """End in order at Ctrl-C and at SIGTERM, also where a shell had the first ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def listen() -> Any:
    """Return the panel's server, listening on its port or socket. Raises ClickException."""
    try:
        return serving.server_of(current_app.wsgi_app, **where_to_listen())
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        where = settings.current.socket or f"127.0.0.1:{settings.current.port}"
        raise click.ClickException(
            gettext("Cannot listen on %(where)s: %(reason)s.", where=str(where), reason=reason)
        ) from error


def where_to_listen() -> dict[str, Any]:
    """Return the server's own names for a port, or for a socket that the proxy's group may use."""
    if settings.current.socket:
        return {"unix_socket": str(settings.current.socket), "unix_socket_perms": "660"}
    return {"host": "127.0.0.1", "port": settings.current.port}


@commands.command()
@click.option("--first-account", is_flag=True, help="Make the first account, also unattended.")
@click.option("--no-worker", is_flag=True, help="Leave the chores to `webmailadmin worker`.")
def run(first_account: bool, no_worker: bool) -> None:
    """Serve the panel at http://127.0.0.1:PORT until Ctrl-C."""
    end_at_signals()
    server = listen()
    if not accounts.exist() and (first_account or sys.stdout.isatty()):
        cli_accounts.say_one_time("admin", accounts.add("admin", None, by=COMMAND_LINE))
    say_where()
    with nullcontext() if no_worker else worker_beside(this_app()):
        server.run()


def this_app() -> Flask:
    """Return the application of the running command."""
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


@commands.command("worker")
def worker_() -> None:
    """Do what is done on schedule, until Ctrl-C."""
    end_at_signals()
    with suppress(KeyboardInterrupt), alone_or_refused():
        Worker().work(Event())


@contextmanager
def alone_or_refused() -> Iterator[None]:
    """Be the only worker. Raises ClickException when there is one."""
    try:
        with alone(settings.current.data):
            yield
    except AlreadyWorking:
        raise click.ClickException(gettext("Another worker does the chores already.")) from None


@contextmanager
def worker_beside(app: Flask) -> Iterator[None]:
    """Let a worker do the chores in this process, unless another one does them already."""
    stop = Event()

    def work() -> None:
        with suppress(AlreadyWorking), app.app_context(), alone(settings.current.data):
            database.connect()
            Worker().work(stop)

    thread = Thread(target=work, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(SECONDS_TO_STOP)


def say_where() -> None:
    """Print the address of the panel; behind a proxy it is not ours to know."""
    if settings.current.socket:
        note("listening", socket=settings.current.socket)
        return
    url = f"http://127.0.0.1:{settings.current.port}"
    click.echo(gettext("The panel is at %(url)s (Ctrl-C ends it).", url=url))


@commands.group()
def domain() -> None:
    """Mail domains."""


@domain.command("add")
@click.argument("name")
@click.option("--contact", default="", help="Address that postmaster@ is redirected to.")
@click.option("--owner", help="Account that owns it.")
def domain_add(name: str, contact: str, owner: str | None) -> None:
    """Install the domain NAME with its postmaster@."""
    account = cli_accounts.account_named(owner) if owner else None
    with database.db.atomic():
        installed = domains.install(name, contact, by=COMMAND_LINE, language=spoken())
        if account is not None:
            owners.give(installed, account, by=COMMAND_LINE)
    click.echo(gettext("%(name)s is installed.", name=names.shown(installed.name)))
    click.echo(f"{installed.name}.  MX  10  {settings.current.mail_host}.")
    if account is not None:
        cli_accounts.say_given(installed, account)


domain.add_command(cli_accounts.give)
domain.add_command(cli_accounts.take)
commands.add_command(cli_accounts.account)


@commands.group()
def servers() -> None:
    """The mail servers that read the panel's database."""


servers.add_command(cli_servers.install)
servers.add_command(cli_servers.uninstall)


@servers.command("render")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def servers_render(folder: Path) -> None:
    """Write the configuration of Postfix and Dovecot (2.3 and 2.4) into FOLDER."""
    try:
        written = render.render_into(folder, render.values_here(settings.current))
    except render.UnfitValue as unfit:
        raise click.ClickException(str(unfit)) from unfit
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from error
    for path in written:
        click.echo(path)


for command in (doctor, *cli_backup.COMMANDS):
    commands.add_command(command)


@commands.command("demo", with_appcontext=False)
@click.pass_obj
def demo_(info: ScriptInfo) -> None:
    """Serve the panel over 300 addresses, with a real Postfix and Dovecot (root)."""
    end_at_signals()
    with tempfile.TemporaryDirectory(prefix="webmailadmin-demo-") as folder:
        # The servers' own users pass through it, to what is theirs.
        Path(folder).chmod(0o755)
        os.environ[settings.PREFIX + "DATA"] = f"{folder}/data"
        os.environ[settings.PREFIX + "SECOND_FACTOR_FOR_ADMINISTRATORS"] = "off"
        os.environ[settings.PREFIX + "SMTP_PORT"] = str(private.Ports.smtp)
        mail_helper = private_helper.socket_of(Path(folder) / "servers")
        os.environ[settings.PREFIX + "HELPER_SOCKET"] = str(mail_helper)
        with info.load_app().app_context():
            run_demo(Path(folder))


def run_demo(folder: Path) -> None:
    """Fill the demo, start the mail servers, serve the panel until Ctrl-C."""
    server = listen()
    admin, password = demo.administrator()
    shown = demo.fill(admin)
    owner = demo.owner(password, admin)
    ports = private.Ports()
    try:
        with (
            private.private_servers(
                folder / "servers", settings.current.data / "webmailadmin.db", ports, say=click.echo
            ) as started,
            private_helper.private_helper(started, getpwuid(os.geteuid()).pw_name),
        ):
            send, read = demo.lines(shown, ports.smtp, ports.imap)
            click.echo(gettext("Log in as admin with the password %(password)s", password=password))
            text = gettext("Or as the owner %(name)s, with the same password", name=owner)
            click.echo(text)
            holder = gettext(
                "Or as the holder of a mailbox, %(email)s, with %(password)s",
                email=shown.mailbox,
                password=shown.password,
            )
            click.echo(holder)
            click.echo(gettext("This sends a mail, and this reads it:"))
            click.echo(f"{send}\n{read}")
            say_where()
            with worker_beside(this_app()):
                server.run()
    except private.CannotStart as reason:
        raise click.ClickException(str(reason)) from reason
