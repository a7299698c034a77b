"""Every query of the rendered files finds its rows by an index.

Read out of the text, so that a query which was changed or added is looked at too.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from webmailadmin import database
from webmailadmin.servers import srs
from webmailadmin.servers.render import Values, texts

# A setting that holds a query; what walks all users (doveadm -A) reads every row, and says so.
QUERY = re.compile(r"^\s*(?:password_|user_)?query = (?P<sql>SELECT .+)$", re.MULTILINE)
# Of a dict of Dovecot 2.3, which makes a query of it; that of 2.4 is the same.
MAP = re.compile(
    r"table = (?P<table>\w+)\s+username_field = (?P<user>\w+)\s+value_field = (?P<value>\w+)"
)
POSTFIX = {"%s": "name8@domain7.example", "%u": "name8", "%d": "domain7.example"}
OF_A_DOMAIN = {"%s": "domain7.example"}
DOVECOT = {"%u": "name8@domain7.example", "%{user}": "name8@domain7.example"}
# Of 2.3, and of 2.4.
DOVECOT |= dict.fromkeys(("%{sha256:password}", "%{password | sha256 | hexlify}"), "0" * 64)
FOUND_BY_INDEX = re.compile(
    r"SEARCH \w+ USING ((COVERING )?INDEX \w+|INTEGER PRIMARY KEY) \(\w+=\?( AND \w+=\?)*\)"
)
# Lines of a plan that only join or order what others found: of a view, the few rows for one user.
JOINS = re.compile(
    r"COMPOUND QUERY|LEFT-MOST SUBQUERY|UNION ALL|CORRELATED SCALAR SUBQUERY \d+|LIST SUBQUERY \d+"
    r"|(CO-ROUTINE|SCAN) dovecot_password|USE TEMP B-TREE FOR ORDER BY"
    r"|CO-ROUTINE \(subquery-\d+\)|SCAN \(subquery-\d+\)|SCAN CONSTANT ROW"
)

PLANS_BY_DEBIAN = """
import json, sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
for sql in json.load(sys.stdin):
    print(json.dumps([row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql)]))
"""

MANY_ROWS = (
    """INSERT INTO domain (name, catch_all_key, created_at)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
    SELECT 'domain' || i || '.example', '@domain' || i || '.example', 1 FROM n""",
    """UPDATE domain SET catch_all_domain_id = 100 - id WHERE id < 40""",
    """INSERT INTO address (domain_id, local_part, email, receives, created_at)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49)
    SELECT id, 'name' || i, 'name' || i || '@' || name, i % 5 > 0, 1 FROM domain, n""",
    """INSERT INTO mailbox (address_id, home, password, quota_mb, created_at)
    SELECT id, 'home' || id, 'x', 1024, 1 FROM address WHERE id % 2""",
    """INSERT INTO vacation (mailbox_id, enabled, subject, text, number, version)
    SELECT id, 1, '', 'Away', 1, 1 FROM mailbox""",
    """INSERT INTO recipient (address_id, email, target, domain, receives)
    SELECT id, 'name1@' || name, 'name1@' || name, name, 1
    FROM (SELECT address.id, domain.name FROM address JOIN domain ON domain.id = domain_id)""",
)


@pytest.fixture(scope="module")
def file(open_folder: Path) -> Iterator[Path]:
    """A database with 100 domains, 5,000 addresses and as many recipients."""
    database.open_database(open_folder)
    with database.db.atomic():
        for statement in MANY_ROWS:
            database.db.execute_sql(statement)
    yield open_folder / "webmailadmin.db"
    database.db.close()


def served_queries() -> dict[str, str]:
    """Return each query of the rendered files with a name and values that exist filled in."""
    values = Values(Path("/database"), Path("/mail"), mail_host="mail.example", mail_uid=900)
    found: dict[str, str] = {}
    rewriting = srs.maps(values, srs.SrsPorts())
    maps = {Path("postfix", "webmailadmin", name): text for name, text in rewriting.items()}
    for place, text in (texts(values) | maps).items():
        for number, match in enumerate(QUERY.finditer(text), 1):
            found[f"{place}, {number}"] = filled_in(match["sql"], keys_of(place))
        for number, match in enumerate(MAP.finditer(text), 1):
            sql = "SELECT {value} FROM {table} WHERE {user} = '%u'".format(**match.groupdict())
            found[f"{place}, {number}"] = filled_in(sql, DOVECOT)
    return found


def keys_of(place: Path) -> dict[str, str]:
    """Return what the server puts in the place of each sign."""
    if place.parts[0] != "postfix":
        return DOVECOT
    return OF_A_DOMAIN if place.stem == "domains" else POSTFIX


def filled_in(sql: str, keys: dict[str, str]) -> str:
    return re.sub(r"%(\w|\{[^}]+\})", lambda sign: keys[sign[0]], sql)


def test_every_kind_of_lookup_is_looked_at() -> None:
    maps = ["aliases", "domains", "mailboxes", "refused", "same-name", "senders", "srs-own"]
    assert sorted(served_queries()) == [
        "dovecot-2.3/webmailadmin-dict.conf.ext, 1",
        "dovecot-2.3/webmailadmin-dict.conf.ext, 2",
        "dovecot-2.3/webmailadmin-sql.conf.ext, 1",
        "dovecot-2.3/webmailadmin-sql.conf.ext, 2",
        "dovecot-2.4/webmailadmin.conf, 1",
        "dovecot-2.4/webmailadmin.conf, 2",
        *(f"postfix/webmailadmin/{name}.cf, 1" for name in maps),
    ]


@pytest.mark.parametrize("name", sorted(served_queries()))
def test_a_lookup_finds_something(file: Path, name: str) -> None:
    rows = database.db.execute_sql(served_queries()[name]).fetchall()

    # name8@ receives, and domain7 is on: it alone has nothing to refuse.
    assert bool(rows) == ("refused" not in name), rows


def test_every_lookup_uses_an_index_in_the_panels_sqlite(file: Path) -> None:
    plans = {
        name: [row[3] for row in database.db.execute_sql(f"EXPLAIN QUERY PLAN {sql}")]
        for name, sql in served_queries().items()
    }

    assert slow_steps(plans) == {}


def test_every_lookup_uses_an_index_in_the_servers_sqlite(file: Path) -> None:
    """Postfix and Dovecot bring Debian's library, and so does Debian's Python."""
    queries = served_queries()
    answer = subprocess.run(
        ["/usr/bin/python3", "-c", PLANS_BY_DEBIAN, str(file)],
        input=json.dumps(list(queries.values())),
        capture_output=True,
        text=True,
        check=True,
    )
    plans = [json.loads(line) for line in answer.stdout.splitlines()]

    assert slow_steps(dict(zip(queries, plans, strict=True))) == {}


def slow_steps(plans: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the steps of each plan that are no search by an index, where there are any."""
    slow = {
        name: [
            step for step in plan if not (FOUND_BY_INDEX.fullmatch(step) or JOINS.fullmatch(step))
        ]
        for name, plan in plans.items()
    }
    return {name: steps for name, steps in slow.items() if steps}
