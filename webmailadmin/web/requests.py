"""Each request in the log, with the number by which an error of it can be found."""

import secrets
import time

from flask import Flask, Response, g, request

from webmailadmin.log import note


def begin() -> None:
    """Give the request its number."""
    g.request_id = secrets.token_hex(4)
    g.began = time.monotonic()


def end(response: Response) -> Response:
    """Log how it went. Of the address only the path: what is searched for is nobody's business."""
    if "began" not in g or (request.endpoint == "static" and response.status_code < 400):
        return response
    who = g.get("who")
    note(
        "request",
        id=g.request_id,
        who=who.name if who else None,
        network=request.remote_addr,
        method=request.method,
        path=path_to_tell(),
        status=response.status_code,
        refused=g.get("refused"),
        ms=round((time.monotonic() - g.began) * 1000),
    )
    return response


def path_to_tell() -> str:
    """Return the path that was asked for, without what opens something."""
    before, link, token = request.path.partition("/link/")
    return request.path if before or not token else f"{link}…"


def init_app(app: Flask) -> None:
    """Log every request of the application."""
    app.before_request(begin)
    app.after_request(end)
