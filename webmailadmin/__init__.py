"""webmailadmin: a panel for the mail addresses of a small hoster.

`create_app()` puts settings, database and the doors together.
"""

from pathlib import Path

from flask import Flask

from webmailadmin import database, settings, web


def create_app() -> Flask:
    """Return the panel as a WSGI application, its database opened and up to date.

    Raises settings.WrongSetting, database.DatabaseUnusable.
    """
    root = Path(__file__).parent.parent
    app = Flask(__name__, static_folder=None, template_folder=str(root / "templates"))
    settings.use(settings.read())
    database.open_database(settings.current.data)
    web.init_app(app, root / "static")
    return app
