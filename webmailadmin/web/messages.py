"""The messages of mailboxes, as downloads: a copy before they go."""

import secrets
from urllib.parse import quote

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from flask_babel import format_date

from webmailadmin.mail import (
    addresses,
    domains,
    holdings,
    mailboxes,
    names,
    removal,
    removed_domains,
)
from webmailadmin.mail.errors import NotFound
from webmailadmin.models import Domain, Mailbox, Removed, now
from webmailadmin.upkeep import downloads
from webmailadmin.web.errors import say
from webmailadmin.web.forms import Plain
from webmailadmin.web.htmx import go

bp = Blueprint("messages", __name__)


@bp.post("/addresses/<email>/download")
def download(email: str) -> Response:
    """Send all messages of an address's mailbox."""
    address = addresses.of(g.who, email)
    back = url_for("addresses.edit", email=email)
    return sent(mailboxes.of(address), address.email, address.domain, back)


@bp.get("/addresses/<email>/download")
def downloaded(email: str) -> Response:
    """Answer the URL of a download when it is typed or reloaded."""
    return go(url_for("addresses.edit", email=email))


@bp.post("/domains/<name>/removed/<int:id_>/download")
def download_removed(name: str, id_: int) -> Response:
    """Send all messages of a mailbox that can be brought back."""
    domain = domains.of(g.who, name)
    return sent_removed(removal.of(domain, id_, by=g.who), url_for("removed.list_", name=name))


@bp.get("/domains/<name>/removed/<int:id_>/download")
def downloaded_removed(name: str, id_: int) -> Response:  # noqa: ARG001
    """Answer the URL of a download when it is typed or reloaded."""
    return go(url_for("removed.list_", name=name))


@bp.post("/domains/removed/<int:domain_id>/messages/<int:kept>")
def download_with_domain(domain_id: int, kept: int) -> Response:
    """Send all messages of a mailbox that went with its domain."""
    domain = removed_domains.of(g.who, domain_id)
    return sent_removed(
        removal.of(domain, kept, by=g.who), url_for(".of_removed_domain", domain_id=domain_id)
    )


@bp.get("/domains/removed/<int:domain_id>/messages/<int:kept>")
def downloaded_with_domain(domain_id: int, kept: int) -> Response:  # noqa: ARG001
    """Answer the URL of a download when it is typed or reloaded."""
    return go(url_for(".of_removed_domain", domain_id=domain_id))


@bp.get("/domains/<name>/messages")
def of_domain(name: str) -> Response:
    """List the mailboxes of a domain, each with its download."""
    return page("messages/list.html", domains.of(g.who, name))


@bp.get("/domains/removed/<int:domain_id>/messages")
def of_removed_domain(domain_id: int) -> Response:
    """List the mailboxes that went with a domain, each with its download."""
    return page("messages/removed.html", removed_domains.of(g.who, domain_id))


def page(template: str, domain: Domain) -> Response:
    """Show mailboxes of a domain with what they hold; `?after=` goes on with the next ones."""
    found = holdings.each(domain, request.args.get("after", ""))
    more = found[holdings.PAGE - 1].email if len(found) > holdings.PAGE else None
    return make_response(
        render_template(template, domain=domain, held=found[: holdings.PAGE], more=more)
    )


def sent_removed(kept: Removed, back: str) -> Response:
    """Send the messages of what was removed. Raises NotFound when it had no mailbox."""
    return sent(kept.mailbox, kept.email, kept.domain, back)


def sent(box: Mailbox | None, email: str, domain: Domain, back: str) -> Response:
    """Send the messages of a mailbox as they come. back: where a form that is too old was."""
    form = Plain()
    if not form.validate_on_submit():
        return say(form.form_errors[0], 422, back=back)
    if box is None:
        raise NotFound
    download = downloads.begin(box, email, domain, by=g.who)
    response = Response(download, mimetype="application/zip")
    response.content_length = download.size
    response.headers["Content-Disposition"] = attachment(email)
    # Each is a file of its own. Without a strong tag, Chromium takes what broke off for whole.
    response.set_etag(secrets.token_hex(16))
    # nginx shall neither wait for them nor keep them on its disk.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def attachment(email: str) -> str:
    """Name the file by address and day (RFC 6266); the domain in ASCII where no more is known."""
    day = format_date(now(), "yyyy-MM-dd")
    shown = quote(f"{names.shown_email(email)}-{day}.zip")
    return f"attachment; filename=\"{email}-{day}.zip\"; filename*=UTF-8''{shown}"
