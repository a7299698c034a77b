"""The program `webmailadmin`: the command line on the whole application."""

import os
import pwd
import sys
from contextlib import suppress

import click
from flask import Flask
from flask.cli import ScriptInfo

from webmailadmin import create_app, log, settings
from webmailadmin.cli import commands
from webmailadmin.database import DatabaseUnusable
from webmailadmin.servers import places
from webmailadmin.settings import WrongSetting


def as_the_panel() -> Flask:
    """Return the application; root first becomes the owner of the database's folder.

    What root makes beside the database, or deletes there, neither the panel nor the mail servers
    could use.
    """
    folder = settings.read().data
    if os.geteuid() == 0 and folder.is_dir() and folder.stat().st_uid:
        with suppress(KeyError):  # an owner without a name
            owner = pwd.getpwuid(folder.stat().st_uid)
            os.initgroups(owner.pw_name, owner.pw_gid)
            os.setgid(owner.pw_gid)
            os.setuid(owner.pw_uid)
    return create_app()


def main() -> None:
    """Start the command line; what keeps the program from starting is one sentence."""
    log.start()
    os.environ.update(places.environment())
    try:
        commands(obj=ScriptInfo(create_app=as_the_panel))
    except (WrongSetting, DatabaseUnusable) as error:
        click.echo(f"webmailadmin: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
