"""The journal: of all that is a person's, of a domain, of one address; and as a file."""

import csv
import re
from collections.abc import Iterator
from io import StringIO

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    render_template,
    request,
    stream_with_context,
)
from flask_babel import format_datetime

from webmailadmin.mail import addresses, domains, journal_search, names
from webmailadmin.mail.actors import COMMAND_LINE, THE_PANEL
from webmailadmin.mail.journal import Entry
from webmailadmin.mail.journal_search import PAGE, Search
from webmailadmin.models import Domain, now
from webmailadmin.web.forms import JournalForm
from webmailadmin.words import act_in_words, actor_in_words, gettext, spoken

# What Excel takes for the end of a cell, by language.
SEPARATORS = {"fr": ";"}
# Before what a spreadsheet would take for the beginning of a formula: in a cell, and behind a sign
# at which one in another language ends cells.
FORMULA = re.compile(r"(?:^|(?<=[,;]))(?=[=+@\t\r\n-])")

bp = Blueprint("journal", __name__)


@bp.get("/journal")
def everything() -> Response:
    """Show what was done to all that is the person's, and search in it."""
    form = JournalForm(request.args)
    with form.refusals():
        entries = journal_search.read(wanted(form), by=g.who, before=before())
        return make_response(
            render_template("journal/everything.html", form=form, **page_of(entries))
        )
    return refused(form)


@bp.get("/journal.csv")
def download() -> Response:
    """Send all entries that a search finds as one file."""
    form = JournalForm(request.args)
    with form.refusals():
        entries = journal_search.every(wanted(form), by=g.who)
        response = Response(stream_with_context(lines(entries)), mimetype="text/csv")
        day = format_datetime(now(), "yyyy-MM-dd")
        response.headers["Content-Disposition"] = f'attachment; filename="journal-{day}.csv"'
        response.headers["X-Accel-Buffering"] = "no"
        return response
    return refused(form)


def refused(form: JournalForm) -> Response:
    """Show the search with what is wrong with it."""
    shown = render_template("journal/everything.html", form=form, entries=[], more=None)
    return make_response(shown, 422)


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
    entries = journal_search.read(Search(domain=domain, email=email), by=g.who, before=before())
    return make_response(
        render_template("journal/page.html", domain=domain, email=email, **page_of(entries))
    )


def page_of(entries: list[Entry]) -> dict[str, object]:
    """Return what the templates are given of entries that were read."""
    more = entries[PAGE - 1].id if len(entries) > PAGE else None
    return {"entries": entries[:PAGE], "more": more}


def before() -> int | None:
    """Return the number of the entry that a page goes on after."""
    return request.args.get("before", type=int)


def wanted(form: JournalForm) -> Search:
    """Return what the form looks for. Programs are found by their name in any language."""
    person = form.person.data or ""
    for program in (COMMAND_LINE, THE_PANEL):
        if person.strip().lower() == actor_in_words(program.name).lower():
            person = program.name
    return Search(
        person=person,
        address=form.address.data or "",
        since=form.since.data or "",
        until=form.until.data or "",
    )


def lines(entries: Iterator[Entry]) -> Iterator[str]:
    """Yield the file, a line for each entry. It begins with the mark that Excel knows UTF-8 by."""
    yield "\ufeff" + line(
        gettext("Time"),
        gettext("By whom"),
        gettext("Entered by"),
        gettext("Domain"),
        gettext("Address"),
        gettext("What"),
    )
    for entry in entries:
        yield line(
            format_datetime(entry.at, "yyyy-MM-dd HH:mm:ss"),
            actor_in_words(entry.actor),
            entry.through,
            names.shown(entry.domain or ""),
            names.shown_email(entry.email or ""),
            act_in_words(entry.act, entry.details),
        )


def line(*cells: str) -> str:
    """Return one line of the file. What would be a formula becomes a text."""
    out = StringIO()
    safe = [FORMULA.sub("'", cell) for cell in cells]
    csv.writer(out, delimiter=SEPARATORS.get(spoken(), ",")).writerow(safe)
    return out.getvalue()
