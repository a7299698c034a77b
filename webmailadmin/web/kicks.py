"""The sessions that a change orders to end have ended when its page answers."""

from contextlib import suppress

import peewee
from flask import Flask, Response, g, request

from webmailadmin.servers.mailfiles import HelperTrouble
from webmailadmin.upkeep import kicks
from webmailadmin.web.security import SAFE

# A domain takes its thousands with it; the worker ends those that are left.
SECONDS_FOR_A_PAGE = 1


def end_sessions(response: Response) -> Response:
    """End what was ordered to end. The change is made, whatever comes of this; the worker goes on.

    Only for who is logged in: a stranger's request never waits for the helper.
    """
    if request.method not in SAFE and g.get("who") is not None:
        with suppress(HelperTrouble, peewee.DatabaseError):
            kicks.carry_out(SECONDS_FOR_A_PAGE)
    return response


def init_app(app: Flask) -> None:
    """Look after each request that may have changed something."""
    app.after_request(end_sessions)
