"""The program `webmailadmin`: the command line on the whole application."""

import sys

import click
from flask.cli import ScriptInfo

from webmailadmin import create_app, log
from webmailadmin.cli import commands
from webmailadmin.database import DatabaseUnusable
from webmailadmin.settings import WrongSetting


def main() -> None:
    """Start the command line; what keeps the program from starting is one sentence."""
    log.start()
    try:
        commands(obj=ScriptInfo(create_app=create_app))
    except (WrongSetting, DatabaseUnusable) as error:
        click.echo(f"webmailadmin: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
