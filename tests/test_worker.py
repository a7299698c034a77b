"""The worker: each chore when it is due, through every trouble, one worker at a time."""

import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.test_cli import TOP, Terminal, refused
from webmailadmin import database
from webmailadmin.models import Chore as Noted
from webmailadmin.upkeep.checkpoint import checkpoint
from webmailadmin.upkeep.worker import CHORES, AlreadyWorking, Chore, Worker, alone

SECONDS_TO_START = 20


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Path]:
    """A fresh database, opened; its folder."""
    database.open_database(tmp_path / "data")
    yield tmp_path / "data"
    database.db.close()


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A shell with an empty data folder."""
    return Terminal(tmp_path / "data")


class Helpless(Exception):
    """A trouble that says itself in a sentence."""


def until(stop: Event, number: int, did: list[str]) -> Event:
    """Set `stop` once so many things were done, from beside."""

    def watch() -> None:
        deadline = time.monotonic() + 10
        while len(did) < number and time.monotonic() < deadline:
            time.sleep(0.005)
        stop.set()

    Thread(target=watch).start()
    return stop


def noted() -> dict[str, str]:
    """Return the chores that were written down, with their troubles."""
    return {row.name: row.trouble for row in Noted.select()}


def test_each_chore_comes_at_its_own_pace(opened: Path) -> None:
    did: list[str] = []
    often = Chore("often", 0.02, lambda: did.append("often"))
    seldom = Chore("seldom", 100, lambda: did.append("seldom"))

    Worker((often, seldom)).work(until(Event(), 5, did))

    assert did[:2] == ["often", "seldom"]
    assert set(did[2:]) == {"often"}
    assert noted() == {"often": "", "seldom": ""}


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Helpless("Nobody answers."), "Nobody answers."),
        (ValueError("odd"), "ValueError: odd"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_a_chore_that_fails_is_told_and_stops_no_other(
    opened: Path, caplog: pytest.LogCaptureFixture, error: Exception, trouble: str
) -> None:
    did: list[str] = []

    def fail() -> None:
        did.append("failed")
        raise error

    chores = (Chore("bad", 0.01, fail, (Helpless,)), Chore("good", 100, lambda: did.append("good")))
    with caplog.at_level(logging.WARNING):
        Worker(chores).work(until(Event(), 6, did))

    assert did[:3] == ["failed", "good", "failed"]
    assert noted() == {"bad": trouble, "good": ""}
    # Once, not at every try.
    assert [record.getMessage() for record in caplog.records] == [f"bad: {trouble}"]


def test_a_chore_that_goes_well_again_is_told_at_once(opened: Path) -> None:
    worker, wrong = Worker(()), [Helpless("Nobody answers.")]

    def fail_once() -> None:
        if wrong:
            raise wrong.pop()

    chore = Chore("usage", 1, fail_once, (Helpless,))
    worker.carry_out(chore)
    assert noted() == {"usage": "Nobody answers."}
    worker.carry_out(chore)
    assert noted() == {"usage": ""}


def test_a_database_that_cannot_be_written_stops_no_worker(opened: Path) -> None:
    did: list[str] = []
    database.db.pragma("query_only", 1)
    try:
        chore = Chore("often", 0.01, lambda: did.append("often"))
        Worker((chore,)).work(until(Event(), 3, did))
    finally:
        database.db.pragma("query_only", 0)

    assert len(did) >= 3


def test_there_is_one_worker_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path):
        with pytest.raises(AlreadyWorking), alone(tmp_path):
            raise AssertionError("a second worker")
        assert (tmp_path / "worker.lock").stat().st_mode & 0o777 == 0o600
    with alone(tmp_path):
        pass


def test_the_checkpoint_lets_the_log_begin_anew_and_waits_for_nobody(opened: Path) -> None:
    log = opened / "webmailadmin.db-wal"
    with database.db.atomic():
        Noted.create(name="some", milliseconds=1)
    assert log.stat().st_size > 0

    reader = database.MailDatabase(str(opened / "webmailadmin.db"), pragmas=database.PRAGMAS)
    reader.connect()
    reader.execute_sql("BEGIN")
    reader.execute_sql("SELECT * FROM chore").fetchall()
    with database.db.atomic():
        Noted.create(name="other", milliseconds=1)
    began = time.monotonic()
    checkpoint()
    assert time.monotonic() - began < 2
    reader.execute_sql("COMMIT")
    reader.close()

    length = log.stat().st_size
    for _ in range(20):
        checkpoint()
        with database.db.atomic():
            Noted.update(milliseconds=2).execute()
    assert log.stat().st_size == length > 0
    assert database.db.pragma("busy_timeout") == database.PRAGMAS["busy_timeout"]


# As a process


@pytest.fixture
def started(terminal: Terminal) -> Iterator[subprocess.Popen[str]]:
    """A worker that has done each chore once."""
    process = subprocess.Popen(
        [sys.executable, "-m", "webmailadmin", "worker"],
        env=terminal.environment,
        cwd=TOP,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + SECONDS_TO_START
    while names(terminal) != {chore.name for chore in CHORES}:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, names(terminal)
        time.sleep(0.02)
    yield process
    process.kill()
    process.communicate()


def names(terminal: Terminal) -> set[str]:
    """Return the names of the chores that were done."""
    if not (terminal.folder / "webmailadmin.db-shm").exists():
        return set()
    tables = terminal.rows("SELECT name FROM sqlite_schema WHERE name = 'chore'")
    return {name for (name,) in terminal.rows("SELECT name FROM chore")} if tables else set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_at_once_and_in_order(
    started: subprocess.Popen[str], number: signal.Signals
) -> None:
    began = time.monotonic()
    started.send_signal(number)
    assert (started.wait(5), started.communicate()[0]) == (0, "")
    assert time.monotonic() - began < 2


def test_a_second_worker_says_so_and_ends(
    started: subprocess.Popen[str], terminal: Terminal
) -> None:
    refused(terminal.type("worker"), "Another worker does the chores already.")
    assert started.poll() is None


def test_the_panel_does_the_chores_itself_unless_told_not_to(terminal: Terminal) -> None:
    with terminal.run("--no-worker") as panel:
        assert panel.answer() == 200
        time.sleep(0.5)
        assert names(terminal) == set()
    with terminal.run() as panel:
        assert panel.answer() == 200
        deadline = time.monotonic() + SECONDS_TO_START
        while names(terminal) != {chore.name for chore in CHORES}:
            assert time.monotonic() < deadline, names(terminal)
            time.sleep(0.02)
        refused(terminal.type("worker"), "Another worker does the chores already.")
    assert panel.process.returncode == 0
    assert {json.loads(line)["event"] for line in panel.errors.splitlines()} == {"request"}
