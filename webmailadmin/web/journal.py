"""The journal of a domain and of one address."""

from flask import Blueprint, Response, g, make_response, render_template, request

from webmailadmin.mail import addresses, domains, journal
from webmailadmin.models import Domain

bp = Blueprint("journal", __name__)


@bp.get("/domains/<name>/journal")
def of_domain(name: str) -> Response:
    """Show what was done in a domain."""
    return page(domains.of(g.who, name), None)


@bp.get("/addresses/<email>/journal")
def of_address(email: str) -> Response:
    """Show what was done to one address."""
    address = addresses.of(g.who, email)
    return page(address.domain, address.email)


def page(domain: Domain, email: str | None) -> Response:
    """Show the entries, the latest first; `?before=` goes on with older ones."""
    before = request.args.get("before", type=int)
    if before is not None:
        before = max(before, 0)  # a number that SQLite cannot hold breaks the query
    entries = journal.read(domain, email, before)
    more = entries[journal.PAGE - 1].id if len(entries) > journal.PAGE else None
    return make_response(
        render_template(
            "journal/page.html",
            domain=domain,
            email=email,
            entries=entries[: journal.PAGE],
            more=more,
        )
    )
