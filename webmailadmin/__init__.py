"""webmailadmin: a panel for the mail addresses of a small hoster.

`create_app()` puts settings, database and the doors together.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app() -> Flask:
    """Return the panel as a WSGI application, its database opened and up to date.

    Raises settings.WrongSetting, database.DatabaseUnusable.
    """
    # Here, because the mail-file helper is a part of this package and needs none of them.
    from flask import Flask  # noqa: PLC0415

    from webmailadmin import database, settings, web  # noqa: PLC0415

    root = Path(__file__).parent.parent
    app = Flask(__name__, static_folder=None, template_folder=str(root / "templates"))
    settings.use(settings.read())
    database.open_database(settings.current.data)
    web.init_app(app, root / "static")
    return app
