"""The house holds: tables, pragmas, files, imports; what cannot be used is said in a sentence."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import Model
from playhouse.cysqlite_ext import CySqliteDatabase
from playhouse.migrations import Runner

from webmailadmin import database, models
from webmailadmin.database import DatabaseUnusable, db, open_database
from webmailadmin.models import Table
from webmailadmin.snapshot import APPLICATION_ID

ROOT = Path(__file__).parent.parent
TABLES = [found for found in vars(models).values() if isinstance(found, type)]
MODELS = [found for found in TABLES if issubclass(found, Table) and found is not Table]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a database; every connection is closed afterwards."""
    yield tmp_path / "data"
    db.close()


@pytest.fixture
def opened(folder: Path) -> Path:
    """A fresh database, opened."""
    open_database(folder)
    return folder


def sql(query: str, using: CySqliteDatabase = db) -> list[Any]:
    """Return all rows of a query."""
    return list(using.execute_sql(query).fetchall())


# Tables


def described(table: str, using: CySqliteDatabase) -> dict[str, object]:
    """Return columns, keys and uniqueness of a table, as SQLite has them."""
    columns = sql(f"PRAGMA table_info({table})", using)
    keys = sql(f"PRAGMA foreign_key_list({table})", using)
    unique = [
        tuple(name for _, _, name in sql(f"PRAGMA index_info({index})", using))
        for _, index, is_unique, _, partial in sql(f"PRAGMA index_list({table})", using)
        if is_unique and not partial
    ]
    return {
        # In their order: name, type, NOT NULL, part of the primary key.
        "columns": [
            (name, kind, bool(full or key), key) for _, name, kind, full, _, key in columns
        ],
        "keys": sorted((here, other, there, gone) for _, _, other, here, there, _, gone, _ in keys),
        "unique": sorted(columns for columns in unique if len(columns) == 1),
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_is_its_table_column_by_column(model: type[Model], opened: Path) -> None:
    plan = CySqliteDatabase(":memory:")
    with plan, plan.bind_ctx(MODELS):
        plan.create_tables(MODELS, safe=False)
        wanted = described(model._meta.table_name, plan)

    assert described(model._meta.table_name, db) == wanted


def test_every_table_has_a_model_and_is_strict(opened: Path) -> None:
    found = sql("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
    tables = {name: strict for name, strict in found if not name.startswith("sqlite_")}

    del tables["schema_migration"]  # the migrations' own
    assert tables == {model._meta.table_name: 1 for model in MODELS}


def test_a_text_does_not_fit_where_a_number_belongs(opened: Path) -> None:
    with pytest.raises(database.peewee.IntegrityError):
        db.execute_sql("INSERT INTO throttle (key, failures, last_at) VALUES ('x', 'many', 0)")


def test_all_views_answer(opened: Path) -> None:
    views = [name for (name,) in sql("SELECT name FROM sqlite_schema WHERE type = 'view'")]

    assert sorted(views) == [
        *("dovecot_password", "dovecot_user", "dovecot_vacation"),
        *("postfix_alias", "postfix_domain", "postfix_mailbox"),
        *("postfix_refused", "postfix_same_name", "postfix_sender"),
    ]
    assert [sql(f"SELECT * FROM {view}") for view in views] == [[]] * len(views)


# Connections


def test_every_pragma_reads_back_as_it_was_set(opened: Path) -> None:
    for _ in range(2):
        assert {name: db.pragma(name) for name in database.PRAGMAS} == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5000,
            "trusted_schema": 0,
            "cell_size_check": 1,
            "mmap_size": 0,
            "journal_size_limit": 2**20,
        }
        db.close()
        database.connect()


def test_the_file_says_whose_it_is(opened: Path) -> None:
    assert db.pragma("application_id") == APPLICATION_ID
    assert sql("PRAGMA integrity_check") == [("ok",)]


def test_files_are_for_the_group_to_read_and_nobody_else(opened: Path) -> None:
    assert {
        path.name: oct(path.stat().st_mode & 0o777) for path in [opened, *opened.iterdir()]
    } == {
        "data": "0o750",
        "webmailadmin.db": "0o640",
        "webmailadmin.db-shm": "0o640",
        "webmailadmin.db-wal": "0o640",
    }


def test_the_wal_files_stay_when_the_last_connection_closes(opened: Path) -> None:
    files = sorted(path.name for path in opened.iterdir())

    for _ in range(2):
        db.close()
        assert sorted(path.name for path in opened.iterdir()) == files
        open_database(opened)

    db.close()
    assert (opened / "webmailadmin.db-wal").stat().st_size == 0


def test_the_end_of_a_request_keeps_the_connection_for_the_next_one(opened: Path) -> None:
    connection = db.connection()

    database.rest()
    database.connect()

    assert db.connection() is connection
    db.close()
    database.rest()
    assert db.is_closed()


# Migrations


def test_a_second_start_applies_nothing_and_keeps_everything(opened: Path) -> None:
    db.execute_sql("INSERT INTO throttle (key, failures, last_at) VALUES ('x', 1, 0)")
    before = [sql("SELECT * FROM schema_migration"), db.pragma("schema_version")]
    db.close()

    open_database(opened)

    assert [sql("SELECT * FROM schema_migration"), db.pragma("schema_version")] == before
    assert sql("SELECT * FROM throttle") == [("x", 1, 0)]


def test_every_migration_is_applied_in_order(opened: Path) -> None:
    applied = [name for (name,) in sql("SELECT name FROM schema_migration ORDER BY id")]

    assert applied == sorted(path.stem for path in database.MIGRATIONS.glob("[0-9]*.py"))
    assert applied == [step.name for step in Runner(db, str(database.MIGRATIONS)).migrations()]
    assert [int(name[:4]) for name in applied] == list(range(1, len(applied) + 1))


def test_a_migration_that_fails_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps"
    shutil.copytree(database.MIGRATIONS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / "9999_broken.py").write_text(
        "def up(migrator, db):\n"
        "    db.execute_sql('CREATE TABLE half (id INTEGER) STRICT')\n"
        "    db.execute_sql('INSERT INTO nowhere VALUES (1)')\n"
    )
    open_database(folder)
    db.close()
    monkeypatch.setattr(database, "MIGRATIONS", steps)

    with pytest.raises(DatabaseUnusable):
        open_database(folder)

    assert sql("SELECT name FROM sqlite_schema WHERE name = 'half'") == []
    assert sql("SELECT name FROM schema_migration WHERE name = '9999_broken'") == []


def test_a_migration_that_leaves_rows_without_their_parent_is_noticed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps"
    shutil.copytree(database.MIGRATIONS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / "9999_orphan.py").write_text(
        "def up(migrator, db):\n"
        "    db.execute_sql(\"INSERT INTO recovery_code VALUES (1, 42, 'x')\")\n"
    )
    open_database(folder)
    db.close()
    monkeypatch.setattr(database, "MIGRATIONS", steps)

    assert "rows that refer to nothing" in sentence_of(folder)


# What cannot be used


def sentence_of(folder: Path) -> str:
    """Return what is said of a database that cannot be used: one sentence."""
    with pytest.raises(DatabaseUnusable) as unusable:
        open_database(folder)
    words = str(unusable.value)
    assert words.endswith(".")
    assert "\n" not in words
    assert str(folder) in words
    return words


def test_a_database_of_a_newer_version_is_refused(opened: Path) -> None:
    db.execute_sql("INSERT INTO schema_migration (name, applied) VALUES ('0999_later', '2030')")
    db.close()

    assert "newer version" in sentence_of(opened)


def test_a_damaged_database_is_refused_and_not_replaced(opened: Path) -> None:
    db.close()
    for path in opened.iterdir():
        path.unlink()
    file = opened / "webmailadmin.db"
    file.write_bytes(b"no database, but somebody's only copy of something" * 100)
    before = file.read_bytes()

    assert "cannot be used" in sentence_of(opened)

    assert file.read_bytes() == before


def test_a_database_with_a_torn_page_is_refused(opened: Path) -> None:
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    file = opened / "webmailadmin.db"
    pages = bytearray(file.read_bytes())
    pages[100:4096] = b"\xff" * 3996
    file.write_bytes(pages)

    assert "cannot be used" in sentence_of(opened)


@pytest.mark.parametrize(
    "statement", ["PRAGMA application_id = 42", "CREATE TABLE theirs (id INTEGER)"]
)
def test_a_database_of_another_program_is_refused_and_left_alone(
    statement: str, folder: Path
) -> None:
    folder.mkdir()
    file = folder / "webmailadmin.db"
    subprocess.run([sys.executable, "-c", ANOTHER_PROGRAM, str(file), statement], check=True)

    assert "is not a database of webmailadmin" in sentence_of(folder)

    assert "schema_migration" not in db.get_tables()


ANOTHER_PROGRAM = """
import sqlite3, sys
theirs = sqlite3.connect(sys.argv[1])
theirs.execute(sys.argv[2])
theirs.commit()
"""


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert sentence_of(tmp_path / "file" / "data").startswith("Cannot make the folder")


def test_a_folder_that_is_not_writable_is_refused() -> None:
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "data"
        folder.mkdir(mode=0o555)

        said = subprocess.run(
            [sys.executable, "-c", OPEN_AS_NOBODY, str(folder)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )

        assert said.stdout == f"The folder {folder} is not writable for this user.\n"
        assert list(folder.iterdir()) == []


# For root every folder is writable: the program is loaded, then goes on as nobody.
OPEN_AS_NOBODY = """
import os, sys
from pathlib import Path
from webmailadmin.database import DatabaseUnusable, open_database
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    open_database(Path(sys.argv[1]))
except DatabaseUnusable as unusable:
    print(unusable)
"""


# Imports

PROCESSES_OF_THEIR_OWN = {ROOT / "tests" / "mailservers" / "intruder.py"}


def test_imports_point_down() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

    said = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ
    )

    assert said.returncode == 0, said.stdout + said.stderr
    assert "Contracts: 4 kept, 0 broken." in said.stdout


@pytest.mark.parametrize("where", ["webmailadmin", "tests", "bench"])
def test_one_sqlite_library_in_the_process(where: str) -> None:
    forbidden = {"sqlite3", "pysqlite3", "apsw"}
    for path in set((ROOT / where).rglob("*.py")) - PROCESSES_OF_THEIR_OWN:
        for node in ast.walk(ast.parse(path.read_text())):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in imported} & forbidden, path


def test_the_rules_neither_print_nor_open_files() -> None:
    for path in (ROOT / "webmailadmin" / "mail").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "eval", "exec", "open"), path


def test_no_command_pays_for_slow_libraries_that_few_acts_need() -> None:
    show = "import sys, webmailadmin.cli; print({'dns', 'waitress', 'zxcvbn'} & sys.modules.keys())"
    said = subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == "set()\n"
