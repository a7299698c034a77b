"""What the reverse proxies in front of the panel say of a request, as far as they are believed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from webmailadmin import settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SEEN = "webmailadmin.proxies"
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_")


class Proxies:
    """Takes client, scheme and host from as many proxies as are set, and drops the headers."""

    def __init__(self, app: "WSGIApplication", count: int) -> None:
        self.believed = count
        self.app = ProxyFix(app, x_for=count, x_proto=count, x_host=count) if count else app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on."""
        told = environ.get("HTTP_X_FORWARDED_FOR", "")
        environ[SEEN] = len(told.split(",")) if told else 0
        if not self.believed:
            # Whoever asks us directly may write there what he likes.
            for name in [name for name in environ if name.startswith(FORWARDED)]:
                del environ[name]
        return self.app(environ, start_response)


def seen() -> int:
    """Return how many addresses stood in X-Forwarded-For of this request, believed or not."""
    count: int = request.environ.get(SEEN, 0)
    return count


def init_app(app: Flask) -> None:
    """Stand between the server and the application."""
    app.wsgi_app = Proxies(app.wsgi_app, settings.current.proxies)  # type: ignore[method-assign]
