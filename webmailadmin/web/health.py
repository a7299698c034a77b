"""The page Health: what is wrong, why that matters, and the command that mends it."""

from flask import Blueprint, Response, g

from webmailadmin.mail import guard
from webmailadmin.upkeep import doctor
from webmailadmin.upkeep.doctor.finding import State
from webmailadmin.upkeep.doctor.groups import grouped
from webmailadmin.web import proxies
from webmailadmin.web.htmx import answer

bp = Blueprint("health", __name__)


@bp.get("/health")
def page() -> Response:
    """Show what the panel sees now, and what the doctor saw last."""
    guard.administrator(g.who)
    at, told = doctor.handed_over()
    groups = grouped([*doctor.fresh(proxies.seen()), *told])
    return answer(
        "health/page.html",
        "health/_list.html",
        200,
        groups={state: [one for one in groups if one.state is state] for state in State},
        told={finding.code for finding in told},
        at=at,
    )
