"""What `make audit` looks at, as far as it needs no network: statements, licences, bandit."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.libraries import read, verdict
from tests.statements import Module, Package, package

ROOT = Path(__file__).parent.parent

# Statements


def test_every_statement_is_made_of_our_own_words() -> None:
    assert package(ROOT / "webmailadmin").foreign() == []


OURS = """
TABLE = "address"
WHICH = {True: "id = ?", False: "email = ?"}
ALL = f"SELECT * FROM {TABLE}"

def found(one, id_):
    return db.execute_sql(ALL + " WHERE " + WHICH[one], (id_,))

def counted(column):
    return db.execute_sql("SELECT count({}) FROM {}".format(column, TABLE))

def counts():
    return [counted("id"), counted(column="email")]

def whole(*parts):
    return Address.raw(" ".join([ALL, *parts]))

def ordered():
    return whole("ORDER BY", "id" if TABLE else "email")
"""


def foreign(*texts: str) -> list[str]:
    """Return what is refused in modules of these texts."""
    return Package(*(Module(Path(f"m{n}.py"), text) for n, text in enumerate(texts))).foreign()


def test_constants_and_what_is_put_together_of_them_may_be_carried_out() -> None:
    assert foreign(OURS) == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(name): db.execute_sql(f'SELECT {name}')",
        "def f(name): db.execute_sql('SELECT %s' % name)",
        "def f(name): db.execute_sql('SELECT {}'.format(name))",
        "def f(name): db.execute_sql('SELECT {n}'.format(n=name))",
        "def f(name): db.execute_sql('SELECT ' + name)",
        "def f(name): db.execute_sql(' '.join(['SELECT', name]))",
        "def f(names): db.execute_sql(' '.join(name for name in names))",
        "def f(name): Address.raw('SELECT ' + name)",
        "def f(name): Address.select(SQL('a' + name))",
        "def f(name): cursor.execute('SELECT ' + name)",
        "def f():\n    text = 'SELECT '\n    text += request.args['q']\n    db.execute_sql(text)",
        "def f():\n    for name in asked():\n        db.execute_sql(name)",
        "SOLD = input()\ndef f(): db.execute_sql(SOLD)",
        "def made(name): return 'SELECT ' + name\ndef f(n): db.execute_sql(made(n))",
        "def do(text): db.execute_sql(text)\ndef f(n): do('SELECT 1'); do(n)",
        "def do(*parts): db.execute_sql(' '.join(parts))\ndef f(n): do('SELECT', n)",
        "def do(*, text): db.execute_sql(text)\ndef f(n): do(text=n)",
        "def never_called(text): db.execute_sql(text)",
        "db.execute_sql(address.email)",
    ],
)
def test_what_came_from_elsewhere_may_not(text: str) -> None:
    assert foreign(OURS, text) == [f"m1.py:{line_of(text)}"]


def line_of(text: str) -> int:
    """Return the line of a text that carries a statement out."""
    lines = text.splitlines()
    return next(n for n, line in enumerate(lines, 1) if re.search(r"execute|raw|SQL\(", line))


def test_a_text_is_followed_from_one_module_into_another() -> None:
    here = "def carry_out(text): db.execute_sql(text)"
    assert foreign(here, "def f(): m0.carry_out('SELECT 1')") == []
    assert foreign(here, "def f(typed): m0.carry_out(typed)") == ["m0.py:1"]


# Licences

# Licences that let this program stay under its own.
FREE = re.compile("ISC|MIT|BSD|Apache|Zope")
# What two packages leave out of their description; it stands in their repositories.
TOLD_ELSEWHERE = {"cysqlite": "MIT License", "peewee": "MIT License"}
NAMED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def licence(name: str) -> str:
    """Return how an installed library names its licence."""
    told = metadata.metadata(name)
    classifiers = told.get_all("Classifier") or []
    classes = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License")]
    return told["License-Expression"] or " / ".join(classes) or TOLD_ELSEWHERE[name]


def test_every_library_that_is_installed_is_listed_with_its_licence() -> None:
    listed = dict(
        re.findall(
            r"^\| ([a-z0-9-]+) \| ([^|]+) \|$",
            (ROOT / "docs" / "dependencies.md").read_text().partition("## Licences")[2],
            re.MULTILINE,
        )
    )
    del listed["package"]  # the head of the table

    locked = [name for name, _ in NAMED.findall((ROOT / "requirements.txt").read_text())]

    assert listed == {name: licence(name) for name in locked}
    assert all(FREE.search(named) for named in listed.values())


# Known holes

WELL = {"name": "flask", "version": "3.1.3", "vulns": []}
HOLED = {"name": "idna", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "peewee", "skip_reason": "not found"}


def test_libraries_that_were_all_looked_up_are_well() -> None:
    assert verdict([WELL]) == (0, ["1 libraries looked up: no known hole."])


def test_a_known_hole_is_told_with_what_mends_it() -> None:
    assert verdict([WELL, HOLED]) == (1, ["idna 1: PYSEC-1, mended in 2"])


@pytest.mark.parametrize("libraries", [[SKIPPED], [WELL, SKIPPED], read(""), read("broken off")])
def test_what_could_not_be_looked_up_is_no_success(libraries: list[dict[str, object]]) -> None:
    status, lines = verdict(libraries)

    assert status == 1
    assert lines[-1].startswith("NOT AUDITED: ")


# Bandit


def test_bandit_finds_nothing_that_is_not_explained() -> None:
    command = [Path(sys.executable).with_name("bandit"), "-q", "-c", "pyproject.toml", "-r"]

    done = subprocess.run(
        [*command, "webmailadmin"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_each_exception_says_why() -> None:
    for path in (ROOT / "webmailadmin").rglob("*.py"):
        for line in path.read_text().splitlines():
            if "nosec" in line:
                assert re.search(r"# nosec B\d+ - \w+", line), (path, line)
