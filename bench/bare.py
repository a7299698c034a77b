"""What the panel is compared with, as plain as Flask, Peewee and Jinja allow.

`python -m bench.bare DATABASE PORT` serves `/`, one line of text, and `/list`, the rows that the
panel's first page shows, under the same server as the panel: no log-in, no language, no menu.
"""

import sys

from flask import Flask, render_template
from peewee import JOIN, prefetch
from waitress import create_server

from bench.fill import DOMAIN
from webmailadmin.database import db
from webmailadmin.mail.listing import PAGE
from webmailadmin.models import Address, Domain, Mailbox, Recipient, Usage
from webmailadmin.serving import THREADS

app = Flask(__name__)


@app.before_request
def connect() -> None:
    """Keep one connection per thread, as the panel does."""
    db.connect(reuse_if_open=True)


@app.get("/")
def one_line() -> str:
    """Answer with one line."""
    return "One line."


@app.get("/list")
def list_() -> str:
    """List as many addresses as the panel does: a page, and postmaster@ before it."""
    domain = Domain.get(Domain.name == DOMAIN)
    rows = (
        Address.select(Address, Mailbox, Usage)
        .join(Mailbox, JOIN.LEFT_OUTER)
        .join(Usage, JOIN.LEFT_OUTER, on=Usage.mailbox == Mailbox.id, attr="used")
        .where(Address.domain == domain)
        .order_by(Address.local_part)
        .limit(PAGE + 1)
    )
    return render_template("list.html", domain=domain, rows=prefetch(rows, Recipient))


@app.get("/addresses/<email>/edit")
def edit(email: str) -> str:
    """Stand where the links of the list lead."""
    return email


if __name__ == "__main__":
    db.init(sys.argv[1])
    create_server(app, host="127.0.0.1", port=int(sys.argv[2]), threads=THREADS, ident=None).run()
