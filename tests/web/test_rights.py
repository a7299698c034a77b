"""Who may do what: every route of the panel against the table in `rights.toml`."""

from datetime import timedelta
from itertools import product

import pytest

from tests.web.conftest import everything
from tests.web.rights import (
    DOCS,
    ENTERED,
    OWN,
    ROLES,
    WHICH,
    Visitor,
    ends_of,
    expected,
    in_docs,
    method_of,
    routes,
    stage,
    table,
    url,
)
from webmailadmin import database
from webmailadmin.mail import sessions
from webmailadmin.models import Session

EVERYBODY = (*ROLES, *ENTERED)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


@pytest.fixture(params=EVERYBODY)
def role(request):
    """Each role."""
    return request.param


@pytest.fixture
def visitor(app, role, monkeypatch):
    """The browser of a role, on a stage where each owner has the same things."""
    # The end of a request takes nothing back: the tests do, once they have looked.
    monkeypatch.setattr(database, "rest", lambda: None)
    database.db.pragma("synchronous", 0)
    monkeypatch.setattr(sessions, "SEEN_EVERY", timedelta(hours=1))
    return Visitor(app, stage(app), role)


def answer(visitor, url, method, headers=None):
    """Return the status, and the names of the tables that were changed; take it back."""
    with database.db.atomic() as transaction:
        moved = changes()
        status = visitor.ask(url, method, headers).status_code
        after = everything() if changes() != moved else {}
        transaction.rollback()
    before = everything() if after else {}
    return status, {name for name in after if after[name] != before[name]}


def changes():
    """Return how many rows were written on this connection."""
    return database.db.execute_sql("SELECT total_changes()").fetchone()[0]


def test_every_route_is_in_the_table_and_the_table_has_no_other(app):
    """`make rights` prints the rows that are missing."""
    assert table().keys() == {endpoint for endpoint, _ in routes(app)}


def test_every_row_says_what_each_role_gets():
    for endpoint, row in table().items():
        assert set(ROLES) <= row.keys() <= set(EVERYBODY), endpoint


def test_the_panel_answers_as_the_table_says_and_what_it_refuses_changes_nothing(
    app, visitor, role
):
    wrong = []
    for endpoint, rule in routes(app):
        method, wanted = method_of(rule), expected(table()[endpoint], role)
        for which in WHICH if ends_of(rule, visitor.things) else [OWN]:
            status, changed = answer(visitor, url(rule, visitor.things, which), method)
            if status != wanted[which]:
                wrong.append((endpoint, which, status, wanted[which]))
            if method == "GET" or status >= 400 or role == "nobody":
                assert changed <= {"throttle"}, (endpoint, which, status)
    assert wrong == []


def test_a_thing_is_not_found_in_the_place_of_another(app, visitor, role):
    """What is asked for beneath a domain that it does not belong to is missing there."""
    asked = 0
    for endpoint, rule in routes(app):
        wanted = expected(table()[endpoint], role)
        named = ends_of(rule, visitor.things)
        alike = {url(rule, visitor.things, which) for which in WHICH}
        for which in product(WHICH, repeat=len(named)):
            mixed = url(rule, visitor.things, *which)
            if mixed in alike:
                continue
            status, changed = answer(visitor, mixed, method_of(rule))
            # A page that is the same for all of them looks at none.
            assert status == (wanted[OWN] if len(set(wanted)) == 1 else 404), (endpoint, which)
            assert changed == set()
            asked += 1
    assert asked


# Refused before anybody is asked who they are: nobody and who may do everything are answered alike.
@pytest.mark.parametrize("role", ["nobody", "administrator"])
def test_no_other_method_and_no_header_does_more(app, visitor, role):
    taken = {}
    for endpoint, rule in routes(app):
        place = url(rule, visitor.things, OWN)
        taken.setdefault(place, {})[method_of(rule)] = expected(table()[endpoint], role)[OWN]
    for place, statuses in taken.items():
        for method in METHODS:
            if method in statuses:
                continue
            status, changed = answer(visitor, place, method)
            assert changed == set(), (place, method)
            if method == "HEAD" and "GET" in statuses:
                assert status == statuses["GET"], place
            elif method == "OPTIONS":
                assert status in (200, statuses.get("GET"), statuses.get("POST")), place
            else:
                assert status == 405, (place, method)
        if "GET" in statuses:
            header = {OVERRIDES[len(place) % len(OVERRIDES)]: "POST"}
            status, changed = answer(visitor, place, "GET", header)
            assert (status, changed) == (statuses["GET"], set()), (place, header)


# What guards somebody, who must have shown lately that it is them.
AGAIN = {
    "accounts.add",
    "accounts.change",
    "accounts.edit",
    "accounts.give",
    "accounts.remove",
    "accounts.reset_password",
    "accounts.switch",
    "accounts.take",
    "app_passwords.create",
    "app_passwords.main_password",
    "entering.enter_account",
    "entering.enter_mailbox",
    "links.make_for_account",
    "me.end_all",
    "second_factor.new_codes",
    "second_factor.off",
    "second_factor.page",
    "second_factor.turn_off",
    "second_factor.turn_on",
}


@pytest.mark.parametrize("role", ["administrator"])
def test_what_guards_somebody_asks_for_the_password_again_and_nothing_else_does(app, visitor, role):
    Session.update(proved_at=Session.proved_at - 900).execute()
    asked = set()
    for endpoint, rule in routes(app):
        with database.db.atomic() as transaction:
            reply = visitor.ask(url(rule, visitor.things, OWN), method_of(rule))
            transaction.rollback()
        if "/prove?" in reply.headers.get("Location", "") or reply.status_code == 401:
            asked.add(endpoint)
    assert asked == AGAIN


def test_the_documentation_shows_the_table(app):
    """`make rights` writes it."""
    assert DOCS.read_text() == in_docs(DOCS.read_text(), app)
