"""Who may do what at which URL: the table in `rights.toml`, read, asked for, and printed.

`make rights` prints what the panel answers at routes that the table has not yet, to be looked at
and put into it, and writes the table into `docs/security.md`.

A cell holds the statuses for what is one's own, somebody else's, and missing, or one for all.
Each endpoint takes one method; HEAD and OPTIONS follow from it.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from webmailadmin import create_app, database, settings
from webmailadmin.mail import accounts, addresses, domains, removed_domains, routing, sessions
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.models import Account, Address, AppPassword, Mailbox, Ownership, Removed, Session
from webmailadmin.web.security import OWN_COOKIE, SESSION_COOKIE

TABLE = Path(__file__).with_suffix(".toml")
DOCS = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- rights -->", "<!-- /rights -->"

# Own, foreign and missing.
Things = dict[str, tuple[object, object, object]]

ROLES = ("nobody", "holder", "owner", "administrator")
# An administrator who has entered; where the table says nothing, as the person.
ENTERED = {"holder_entered": "holder", "owner_entered": "owner"}
OWN, FOREIGN, MISSING = WHICH = range(3)
PASSWORD = "a fine long password 27"
AUTOMATIC = {"HEAD", "OPTIONS"}

# What forms are sent: each field that any of them has, and one that is wrong for most.
FULL_FORM = {
    "local_part": "intruder",
    "name": "intruder.fr",
    "contact": "intruder@elsewhere.org",
    "mailbox": "yes",
    "password": "correct horse battery",
    "confirmation": "correct horse battery",
    "present": PASSWORD,
    "quota_mb": "1",
    "recipients": "intruder@elsewhere.org",
    "enabled": "y",
    "may_remove": "y",
    "asked": "yes",
    "kind": "address",
    "to": "intruder@elsewhere.org",
    "version": "2",
}


@dataclass(frozen=True)
class Stage:
    """Who is there, and what stands in URLs.

    things: what an argument names, by the end of the URL's rule up to it.
    """

    people: dict[str, Actor]
    things: Things


def stage(app: Flask) -> Stage:
    """Set the stage: two owners with the same things each, and two holders in one domain."""
    add = partial(accounts.add, by=COMMAND_LINE)
    add("alice", PASSWORD)
    add("bruno", PASSWORD, kind=Kind.OWNER)
    add("carla", PASSWORD, kind=Kind.OWNER)
    alice, bruno, carla = map(account, ("alice", "bruno", "carla"))
    bins = {}
    for owner, name, gone in ((bruno, "bonvenon.fr", "parti.fr"), (carla, "autre.fr", "loin.fr")):
        for domain in (name, gone):
            install(domain, owner, alice)
        removed = addresses.remove(mailbox(f"left@{name}", alice), confirmed=True, by=alice)
        taken_off = mailbox(f"boss@{gone}", alice).domain
        removed_domains.remove(taken_off, by=alice)
        kept = Removed.get(Removed.email == f"boss@{gone}").id
        bins[name] = (removed.id, taken_off.id, kept)
    contact = mailbox("contact@bonvenon.fr", alice)
    sales = mailbox("sales@bonvenon.fr", alice)
    boss = mailbox("boss@autre.fr", alice)
    holder = Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, contact.email)
    people = {"holder": holder, "owner": bruno, "administrator": alice}
    (left, parti, of_parti), (other, loin, of_loin) = bins["bonvenon.fr"], bins["autre.fr"]
    things: Things = {
        "/static/<mark>": (mark_of(app, "style.css"),) * 3,
        "/domains/<name>": ("bonvenon.fr", "autre.fr", "missing.fr"),
        "/addresses/<email>": ("contact@bonvenon.fr", "boss@autre.fr", "missing@bonvenon.fr"),
        "/accounts/<name>": ("bruno", "carla", "missing"),
        "/accounts/<account>": ("bruno", "carla", "missing"),
        "/removed/<id_>": (left, other, 999),
        "/domains/removed/<id_>": (parti, loin, 999),
        "/domains/removed/<domain_id>": (parti, loin, 999),
        "/messages/<kept>": (of_parti, of_loin, 999),
        "/addresses/<email>/app-passwords/<id_>": (app_password(contact), app_password(boss), 999),
        "/mailbox/app-passwords/<id_>": (app_password(contact), app_password(sales), 999),
        "/sessions/of/<name>": ("bruno", "carla", "missing"),
        "/static/<mark>/<name>": ("style.css", "style.css", "missing.css"),
    }
    return Stage(people, things)


# What is another thing to one role than to the others.
BY_ROLE: dict[str, Things] = {
    # A colleague in the same domain.
    "holder": {
        "/addresses/<email>": ("contact@bonvenon.fr", "sales@bonvenon.fr", "missing@bonvenon.fr"),
    },
    "administrator": {
        "/accounts/<name>": ("alice", "bruno", "missing"),
        "/accounts/<account>": ("alice", "bruno", "missing"),
    },
}
# What names no thing of anybody.
ANYTHING = {"/switch-<way>": "off", "/main-password-<way>": "off", "/link/<token>": "0" * 43}


def mark_of(app: Flask, name: str) -> str:
    """Return what stands before a file of ours in its URL: it changes with the file."""
    with app.test_request_context():
        return str(app.jinja_env.globals["asset"](name)).split("/")[2]


def account(name: str) -> Actor:
    """Return an account as who acts."""
    return accounts.actor(Account.get(Account.name == name))


def install(name: str, owner: Actor, by: Actor) -> None:
    """Install a domain and give it to its owner."""
    domain = domains.install(name, "camille@elsewhere.org", by=by)
    Ownership.create(account=owner.id, domain=domain)


def mailbox(email: str, by: Actor) -> Any:
    """Open a mailbox at a new address."""
    name, _, domain = email.partition("@")
    there = routing.domain_named(domain)
    assert there is not None
    wish = addresses.Wish(1, True, PASSWORD, PASSWORD, "1024")
    return addresses.save(addresses.add(there, name, by=by), wish, by=by).address


def app_password(address: Address) -> int:
    """Return the number of a new app password of a mailbox."""
    box = Mailbox.get(Mailbox.address == address)
    name = f"telephone {AppPassword.select().count()}"
    return int(AppPassword.create(mailbox=box, name=name, password="x").id)


def session(who: Actor) -> int:
    """Return the number of a new session of somebody."""
    sessions.open_session(who)
    return int(Session.select().order_by(Session.id.desc()).get().id)


# The routes


def routes(app: Flask) -> list[tuple[str, Rule]]:
    """Return all rules, each with its endpoint."""
    return [(rule.endpoint, rule) for rule in app.url_map.iter_rules()]


def method_of(rule: Rule) -> str:
    """Return the one method that an endpoint takes, beside those that follow from it."""
    (method,) = (rule.methods or set()) - AUTOMATIC
    return method


def url(rule: Rule, things: Things, *which: int) -> str:
    """Return the URL of a rule. which: own, foreign or missing, for each thing or for all."""
    named = ends_of(rule, things)
    chosen = which if len(which) == len(named) else which * len(named)
    values: dict[str, object] = {
        name: ANYTHING[end] for name, end in ends_of(rule, ANYTHING).items()
    }
    for (name, end), one in zip(named.items(), chosen, strict=True):
        values[name] = things[end][one]
    built = rule.build(values, append_unknown=False)
    assert built is not None, f"{rule.rule}: an argument that stage() does not know"
    return built[1]


def ends_of(rule: Rule, known: Collection[str]) -> dict[str, str]:
    """Return which arguments of a rule end in something known, and in what."""
    text = re.sub(r"<[^<>]*:", "<", rule.rule)
    found = {}
    for match in re.finditer(r"<(\w+)>", text):
        ends = [end for end in known if text[: match.end()].endswith(end)]
        if ends:
            found[match[1]] = max(ends, key=len)
    return found


# Asking


class Visitor:
    """A browser of one role: each request is its first one after the log-in."""

    def __init__(self, app: Flask, stage: Stage, role: str) -> None:
        self.app = app
        person = ENTERED.get(role, role)
        self.things = stage.things | BY_ROLE.get(person, {})
        own, foreign = stage.people.get(person, account("bruno")), account("carla")
        self.things["/sessions/<id_>"] = (session(own), session(foreign), 999)
        self.cookies: dict[str, str] = {}
        if person in stage.people:
            alice = stage.people["administrator"]
            by = alice if role in ENTERED else None
            who = stage.people[person]
            self.cookies[SESSION_COOKIE] = sessions.open_session(who, entered_by=by)
            self.cookies[OWN_COOKIE] = sessions.open_session(alice) if by else ""
        client = self.client()
        page = client.get("/journal" if person in stage.people else "/log-in", base_url=HOST)
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
        assert found is not None, page.text
        self.form = {**FULL_FORM, "csrf_token": found[1]}
        cookie = client.get_cookie("__Host-form", domain="localhost")
        assert cookie is not None
        self.cookies["__Host-form"] = cookie.value

    def client(self) -> FlaskClient:
        """Return a browser with nothing but the cookies of the log-in."""
        client = self.app.test_client()
        for name, value in self.cookies.items():
            client.set_cookie(name, value, domain="localhost", secure=True)
        return client

    def ask(self, url: str, method: str, headers: dict[str, str] | None = None) -> TestResponse:
        """Send a request, a form with it where one is taken."""
        sent = self.form if method not in ("GET", "HEAD", "OPTIONS") else None
        return self.client().open(url, method=method, data=sent, headers=headers, base_url=HOST)


HOST = "https://localhost"


def undone(visitor: Visitor, url: str, method: str) -> int:
    """Return the status of an answer, with what it changed taken back."""
    with database.db.atomic() as transaction:
        status = visitor.ask(url, method).status_code
        transaction.rollback()
    return status


# The table


def table() -> dict[str, dict[str, str]]:
    """Return the row of each endpoint: the cell of each role."""
    found: dict[str, dict[str, str]] = {}
    for group, rows in tomllib.loads(TABLE.read_text()).items():
        if all(isinstance(cell, str) for cell in rows.values()):
            found[group] = rows
        else:
            found |= {f"{group}.{name}": row for name, row in rows.items()}
    return found


def expected(row: dict[str, str], role: str) -> list[int]:
    """Return the three statuses of a cell: for what is own, foreign and missing."""
    cell = row.get(role) or row[ENTERED[role]]
    statuses = [int(status) for status in cell.split()]
    return statuses * 3 if len(statuses) == 1 else statuses


def cell_of(statuses: list[int]) -> str:
    """Return what stands in a cell for these three statuses."""
    return " ".join(map(str, statuses if len(set(statuses)) > 1 else statuses[:1]))


def row_of(app: Flask, visitors: dict[str, Visitor], rule: Rule) -> dict[str, str]:
    """Return the row of an endpoint as the panel answers now."""
    row = {}
    for role, visitor in visitors.items():
        asked = [url(rule, visitor.things, which) for which in WHICH]
        row[role] = cell_of([undone(visitor, one, method_of(rule)) for one in asked])
    return {role: cell for role, cell in row.items() if cell != row.get(ENTERED.get(role, ""))}


def printed(app: Flask) -> str:
    """Return the table as Markdown."""
    rows, found = table(), routes(app)
    lines = [
        "| | method | " + " | ".join(ROLES) + " | entered as a holder | as an owner |",
        "|---" * (len(ROLES) + 4) + "|",
    ]
    for endpoint, rule in sorted(found, key=lambda pair: (pair[1].rule, method_of(pair[1]))):
        row = rows[endpoint]
        cells = [row.get(role, "=") for role in (*ROLES, *ENTERED)]
        where = re.sub(r"<[^<>]*:(\w+)>", r"<\1>", rule.rule)
        lines.append(f"| `{where}` | {method_of(rule)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def in_docs(text: str, app: Flask) -> str:
    """Return a page of the documentation with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{printed(app)}\n\n{END}{after}"


def main() -> None:
    """Print the rows that are missing, and write the table into the documentation."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "WEBMAILADMIN_DATA": folder,
            "WEBMAILADMIN_MAILBOX_BCRYPT_COST": "4",
            "WEBMAILADMIN_ACCOUNT_BCRYPT_COST": "4",
            "WEBMAILADMIN_SMTP_PORT": "1",
            "WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
            "WEBMAILADMIN_OWNERS_PROVE_DOMAINS": "off",
            "WEBMAILADMIN_HELPER_SOCKET": f"{folder}/helper",
        }
        settings.use(settings.read())
        app = create_app()
        missing = {name: rule for name, rule in routes(app) if name not in table()}
        if missing:
            ask_for(app, missing)
        else:
            DOCS.write_text(in_docs(DOCS.read_text(), app))
        database.db.close()


def ask_for(app: Flask, missing: dict[str, Rule]) -> None:
    """Print the rows of routes as lines of the table, for somebody to look at."""
    database.rest = lambda: None  # what a request left is taken back here
    here = stage(app)
    visitors = {role: Visitor(app, here, role) for role in (*ROLES, *ENTERED)}
    group = ""
    for endpoint, rule in sorted(missing.items()):
        blueprint, _, name = endpoint.rpartition(".")
        if blueprint != group or not blueprint:
            group = blueprint
            print(f"\n[{blueprint or endpoint}]")
        row = row_of(app, visitors, rule)
        cells = [f'{role} = "{cell}"' for role, cell in row.items()]
        print(f"{name} = {{ {', '.join(cells)} }}" if blueprint else "\n".join(cells))


if __name__ == "__main__":
    main()
