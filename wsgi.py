"""For a WSGI server: `application` is the panel."""

from webmailadmin import create_app

application = create_app()
