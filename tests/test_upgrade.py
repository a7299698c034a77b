"""From the first version's schema to today's: all or nothing, once, and there is a way back."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from tests import first_schema
from tests.killed.dying import DEATHS, Fate
from tests.mail import truth
from tests.mail.stage import everything, hoster, make, sql
from tests.test_backup import opened
from tests.test_cli import Terminal, refused
from webmailadmin import database, settings, snapshot
from webmailadmin.database import DatabaseUnusable, db, open_database
from webmailadmin.mail import removal
from webmailadmin.models import Removed
from webmailadmin.upkeep import restoring

VIEWS = (
    *("dovecot_user", "postfix_alias", "postfix_domain", "postfix_mailbox"),
    *("postfix_refused", "postfix_same_name", "postfix_sender"),
)
STEPS = len(list(database.MIGRATIONS.glob("[0-9]*.py")))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a database that the first version left."""
    settings.use(settings.Settings(helper_socket=tmp_path / "nobody"))
    first_schema.make(tmp_path / "data")
    yield tmp_path / "data"
    db.close()
    settings.use(settings.Settings())


def answers() -> dict[str, list[object]]:
    """Return all that Postfix and Dovecot can be told."""
    return {view: sorted(sql(f"SELECT * FROM {view}")) for view in VIEWS}


def schema() -> list[object]:
    """Return how everything is made."""
    return sql("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")


def befores(folder: Path) -> list[Path]:
    """Return what was kept before migrations."""
    return sorted(folder.glob("before-*"))


# What becomes of the data


def test_the_data_of_the_first_version_are_sound_today_and_the_servers_are_told_the_same(
    folder: Path,
) -> None:
    with opened(folder / "webmailadmin.db"):
        told, before = answers(), everything()
    assert Counter({view: len(rows) for view, rows in told.items()}) == Counter(
        dovecot_user=2,
        postfix_alias=10,
        postfix_domain=3,
        postfix_mailbox=2,
        postfix_refused=3,
        postfix_same_name=4,
        postfix_sender=3,
    )

    open_database(folder)

    truth.check()
    assert answers() == told
    assert sql("PRAGMA integrity_check") == [("ok",)]
    now = everything()
    kept = ("account", "throttle", "address", "mailbox", "recipient", "journal")
    assert as_wide(now, before, kept) == {table: before[table] for table in kept}
    assert sql("SELECT name, allocated_mb, unlimited FROM domain ORDER BY id") == [
        ("bonvenon.fr", 1536, 1),
        ("shop.example", 0, 0),
        ("xn--t-9fab.fr", 0, 0),
        ("gone.example", 0, 0),
    ]


def as_wide(
    now: dict[str, list[Any]], before: dict[str, list[Any]], tables: tuple[str, ...]
) -> dict[str, list[Any]]:
    """Return the rows of today without the columns that came later, which stand at the end."""
    width = {table: len(before[table][0]) if before[table] else 0 for table in tables}
    return {table: [row[: width[table]] for row in now[table]] for table in tables}


def test_what_the_first_version_removed_comes_back_today(folder: Path) -> None:
    open_database(folder)
    alice = hoster()
    kinds = {row.email: (row.kind, row.with_domain) for row in Removed.select()}
    assert kinds == {
        "sales@bonvenon.fr": ("mailbox", False),
        "eve@bonvenon.fr": ("address", False),
        "postmaster@gone.example": ("address", True),
    }

    for row in list(Removed.select().where(Removed.domain == 1)):
        removal.restore(row, by=alice)

    truth.check()
    homes = dict(sql("SELECT user, home FROM dovecot_user"))
    assert homes["sales@bonvenon.fr"] == first_schema.HOMES["old"]
    assert homes["eve@bonvenon.fr"] == first_schema.HOMES["eve"]


# What is kept before


def test_the_state_before_is_kept_whole_and_for_us_alone(folder: Path) -> None:
    with opened(folder / "webmailadmin.db"):
        before = everything(), schema()

    kept = open_database(folder)
    db.close()

    assert befores(folder) == [kept]
    assert kept is not None
    assert re.fullmatch(r"before-0002-\d{8}-\d{6}\.db", kept.name)
    assert oct(kept.stat().st_mode & 0o777) == "0o600"
    with opened(kept):
        snapshot.refuse_unsound(db)
        assert (everything(), schema()) == before


def test_nothing_is_kept_of_a_new_database_or_of_one_that_is_up_to_date(
    folder: Path, tmp_path: Path
) -> None:
    assert open_database(tmp_path / "new") is None
    db.close()
    assert befores(tmp_path / "new") == []

    open_database(folder)
    db.close()
    assert open_database(folder) is None
    assert len(befores(folder)) == 1


def test_of_many_upgrades_the_latest_states_are_kept(folder: Path) -> None:
    old = [f"before-{step:04}-2024010{step}-000000.db" for step in range(1, 8)]
    for name in (*old, "before-0001.db", "theirs.db"):
        (folder / name).write_text("")

    kept = open_database(folder)

    assert kept is not None
    assert {path.name for path in folder.glob("*.db")} == {
        "webmailadmin.db",
        "before-0001.db",
        "theirs.db",
        kept.name,
        *old[-4:],
    }


@pytest.mark.parametrize(
    ("size", "words"),
    [("300k", r"is left as it is\. Cannot back up to .* full"), ("400k", r"COMMIT.* full")],
    ids=["for the copy", "for the new state"],
)
def test_without_room_nothing_is_migrated_and_nothing_half_is_left(
    folder: Path, tmp_path: Path, size: str, words: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "disk", disk], check=True)
    try:
        for file in folder.iterdir():
            shutil.copy(file, disk)
        with opened(disk / "webmailadmin.db"):
            before = everything(), schema()

        with pytest.raises(DatabaseUnusable, match=words):
            open_database(disk)

        assert (everything(), schema()) == before
        assert {path.name for path in disk.iterdir()} == {
            *("webmailadmin.db", "webmailadmin.db-wal", "webmailadmin.db-shm")
        }
    finally:
        db.close()
        subprocess.run(["umount", disk], check=True)


# All or nothing, and once


def test_a_step_that_fails_leaves_the_former_state_and_no_copy_of_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps"
    shutil.copytree(database.MIGRATIONS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / "9999_broken.py").write_text(
        "def up(migrator, db):\n    db.execute_sql('INSERT INTO nowhere VALUES (1)')\n"
    )
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    with opened(folder / "webmailadmin.db"):
        before = everything(), schema()

    with pytest.raises(DatabaseUnusable, match="nowhere"):
        open_database(folder)

    assert (everything(), schema()) == before
    assert befores(folder) == []
    assert db.pragma("foreign_keys") == 1


def test_killed_at_any_statement_it_is_the_old_schema_or_the_new_one(
    folder: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"

    def state() -> tuple[object, ...]:
        with opened(work / "webmailadmin.db"):
            snapshot.refuse_unsound(db)
            rows = everything()
            del rows["schema_migration"]  # has the time of its steps
            return rows, schema(), answers()

    def dies(point: int) -> bool:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(folder, work)
        return killed(lambda: database.migrate(work / "webmailadmin.db"), work, point)

    assert not dies(0)
    new = state()
    point, seen = 1, Counter[str]()
    dies(1)
    old = state()
    assert old != new
    while dies(point):
        found = state()
        assert found in (old, new), f"something between at point {point}"
        seen["old" if found == old else "new"] += 1
        if point % 7 == 0:
            open_database(work)
            truth.check()
            db.close()
            assert state() == new
        point += 1
    assert seen["old"] > 30
    DEATHS["migrate"] += point - 1


def killed(act: Callable[[], object], folder: Path, point: int) -> bool:
    """Let a child act on the database in `folder`; say whether it died at this point."""
    child = os.fork()
    if not child:
        try:
            db.init(str(folder / "webmailadmin.db"))
            database.connect()
            db.pragma("synchronous", 0)
            Fate(point).watch()
            act()
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def test_of_many_that_start_at_once_one_migrates_and_all_go_on(folder: Path) -> None:
    start = (
        "import sys, pathlib; from webmailadmin import database\n"
        "sys.stdin.read()\n"
        "database.open_database(pathlib.Path(sys.argv[1]))\n"
        "print(database.db.execute_sql('SELECT count(*) FROM removed').fetchone()[0])"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", start, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.close()
        process.stdin = None

    said = [process.communicate(timeout=60)[0] for process in processes]

    assert said == ["3\n"] * 4
    assert len(befores(folder)) == 1
    open_database(folder)
    assert len(sql("SELECT * FROM schema_migration")) == STEPS
    truth.check()


# The way back


def only_the_first_step(tmp_path: Path) -> Path:
    """Return the migrations as the first version had them."""
    steps = tmp_path / "first"
    steps.mkdir()
    shutil.copy(database.MIGRATIONS / f"{first_schema.FIRST}.py", steps)
    return steps


def test_the_way_back_leads_to_what_the_first_version_left(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder / "webmailadmin.db"):
        before, first = everything(), schema()
    kept = open_database(folder)
    assert kept is not None
    make("late@bonvenon.fr", by=hoster(), recipients=["far@x.org"])
    db.close()

    with restoring.opened(kept) as backup:
        outcome = restoring.restore(backup, folder, as_it_is=True)

    monkeypatch.setattr(database, "MIGRATIONS", only_the_first_step(tmp_path))
    assert open_database(folder) is None
    assert schema() == first
    after = everything()
    assert (after.pop("session"), after.pop("throttle")) == ([], [])
    *journal, (_, _, _, actor, act, *_) = after.pop("journal")
    assert (journal, actor, act) == (before["journal"], "command line", "database.restored")
    for table in ("session", "throttle", "journal", "sqlite_sequence"):
        before.pop(table)
        after.pop(table, None)
    assert after == before
    assert outcome.kept is not None
    db.close()
    monkeypatch.undo()
    with opened(outcome.kept):
        assert sql("SELECT email FROM address WHERE local_part = 'late'") != []


def test_an_older_version_brings_back_its_own_from_under_a_newer_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses to start over the newer one, and its `restore` does not."""
    kept = open_database(folder)
    assert kept is not None
    db.close()
    monkeypatch.setattr(database, "MIGRATIONS", only_the_first_step(tmp_path))
    with pytest.raises(DatabaseUnusable, match="newer version"):
        open_database(folder)
    db.close()

    with restoring.opened(kept) as backup:
        restoring.restore(backup, folder)

    assert open_database(folder) is None
    assert [step.name for step in Runner(db, str(database.MIGRATIONS)).status()] == [
        first_schema.FIRST
    ]


# The command


@pytest.fixture
def terminal(folder: Path) -> Terminal:
    """A shell whose data are those of the first version."""
    return Terminal(folder)


def test_upgrade_tells_what_it_did_and_what_is_left_to_do(terminal: Terminal) -> None:
    done = terminal.type("upgrade")

    assert (done.returncode, done.stderr) == (0, "")
    (kept,) = befores(terminal.folder)
    assert done.stdout.splitlines() == [
        "If Dovecot runs, let it open the database anew: doveadm reload",
        f"The state before is kept in {kept}.",
        "The database is up to date.",
        "Now restart the panel, so that it runs this version.",
    ]
    again = terminal.type("upgrade")
    assert again.stdout.splitlines() == done.stdout.splitlines()[2:]
    assert befores(terminal.folder) == [kept]


def test_upgrade_makes_no_database_where_there_is_none(terminal: Terminal, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")

    refused(
        terminal.type("upgrade", WEBMAILADMIN_DATA=nowhere), f"There is no database in {nowhere}."
    )
    assert not Path(nowhere).exists()


# A systemd that notes what it is told; there is none where tests run.
SYSTEMD = """#!/bin/sh
echo "$(basename "$0") $*" >> {notes}
test "$1 $2" != "is-active webmailadmin-helper.service"
"""
WITH_SYSTEMD = 'mount -t tmpfs run /run && mkdir -p /run/systemd/system && exec "$@"'


def with_systemd(terminal: Terminal, tmp_path: Path, *words: str) -> tuple[str, list[str]]:
    """Type a command where systemd runs; return what was said and what systemd was told."""
    programs, notes = tmp_path / "bin", tmp_path / "notes"
    programs.mkdir()
    for name in ("systemctl", "doveadm"):
        (programs / name).write_text(SYSTEMD.format(notes=notes))
        (programs / name).chmod(0o755)
    own_run = ["unshare", "--mount", "sh", "-c", WITH_SYSTEMD, "sh"]
    done = subprocess.run(
        [*own_run, sys.executable, "-m", "webmailadmin", *words],
        env=terminal.environment | {"PATH": f"{programs}:{os.environ['PATH']}"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in notes.read_text().splitlines() if "is-active" not in line]
    return done.stdout + done.stderr, told


def test_under_systemd_nobody_writes_meanwhile_and_all_that_ran_is_started_anew(
    terminal: Terminal, tmp_path: Path
) -> None:
    said, told = with_systemd(terminal, tmp_path, "upgrade")

    assert told == [
        "systemctl stop webmailadmin-web.service",
        "systemctl stop webmailadmin-worker.service",
        "doveadm -f tab process status auth-worker dict",
        "systemctl restart webmailadmin-worker.service",
        "systemctl restart webmailadmin-web.service",
    ]
    assert said.splitlines()[1:] == ["The database is up to date."]


def test_what_cannot_be_upgraded_stays_stopped_and_that_is_said(
    terminal: Terminal, tmp_path: Path
) -> None:
    with opened(terminal.folder / "webmailadmin.db"):
        sql("INSERT INTO schema_migration (name, applied) VALUES ('0999_later', '2030')")

    said, told = with_systemd(terminal, tmp_path, "upgrade")

    assert [line.split()[1] for line in told] == ["stop", "stop"]
    assert "was changed by a newer version" in said
    assert said.endswith("The panel is stopped, mail goes on. What to do: docs/upgrade.md.\n")
