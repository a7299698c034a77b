"""`kill -9` at every statement and at every step on files: the harness.

A child does something on a copy of the data and kills itself at the first point; another one at
the second; and so on until one lives to its end. After each death, a connection that knows
nothing of it must find all invariants true, and once the worker has done its round, either
nothing has happened or all of it.
"""

import os
import re
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cysqlite import SQLITE_TRACE_STMT

from tests.mail import truth
from tests.mail.stage import sql
from webmailadmin import database

# How often somebody was killed, by what they did.
DEATHS: Counter[str] = Counter()

# What Python tells of files that are changed; `open` is looked at closer.
STEPS = {"os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}
STEPS |= {"os.symlink", "os.truncate", "os.utime"}
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# What another run does not do the same way: when, and how long the worker took.
TIMES = re.compile(r"\w*_at|at|until|last_log_in")
A_DAY = re.compile(r"\d{4}-\d\d-\d\d")
OF_THE_MOMENT = ("chore", "report", "sqlite_sequence", "sqlite_stat1", "throttle")

Image = dict[str, list[Any]]


@dataclass
class Fate:
    """Dies at the point of this number; 0 lives for ever."""

    point: int
    passed: int = 0

    def watch(self) -> None:
        """Meet every statement, those of triggers too, and every step on files from now on."""
        database.db.connection().trace(self.meet, SQLITE_TRACE_STMT)
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be told by Python what it is about to do."""
        if event in STEPS or (event == "open" and arguments[2] & TO_WRITE):
            self.meet()

    def meet(self, *_: object) -> None:
        """Come to a point."""
        self.passed += 1
        if self.passed == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


def dies(data: Path, act: Callable[[], object], point: int) -> bool:
    """Let a child act on the database in `data`; say whether it died at this point.

    It must not fail in another way.
    """
    assert database.db.is_closed(), "no connection may be carried over a fork"
    child = os.fork()
    if not child:
        try:
            open_quickly(data)
            Fate(point).watch()
            act()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert status == 0, f"at point {point} the child failed: {status}"
    return False


def open_quickly(data: Path) -> None:
    """Open the database in `data`. Nobody pulls the plug: what is written needs no disk."""
    database.open_database(data)
    database.db.pragma("synchronous", 0)


def image() -> Image:
    """Return all that is stored, but what belongs to the moment."""
    tables = [name for (name,) in sql("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    seen = {}
    for table in sorted(set(tables) - set(OF_THE_MOMENT)):
        columns = [name for (name,) in sql("SELECT name FROM pragma_table_info(?)", table)]
        lasting = ", ".join(name for name in columns if not TIMES.fullmatch(name))
        rows = sql(f"SELECT rowid, {lasting} FROM {table} ORDER BY rowid")
        seen[table] = [tuple(without_days(value) for value in row) for row in rows]
    return seen


def without_days(value: object) -> object:
    """Return a value without the dates in it: one run may end on another day than the next."""
    return A_DAY.sub("", value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Place:
    """Where it happens: `folder`, a database that each death begins with a copy of.

    repair: the worker's round after a restart.
    """

    folder: Path
    repair: Callable[[], None]

    @property
    def work(self) -> Path:
        return self.folder.with_name("work")

    def copy(self) -> Path:
        """Make a new copy to work on."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.folder, self.work, symlinks=True)
        return self.work

    def after_restart(self) -> Image:
        """Return what is there once the worker has gone round; the invariants hold throughout."""
        open_quickly(self.work)
        try:
            truth.check()
            found = image()
            self.repair()
            if image() != found:
                truth.check()
            assert sql("PRAGMA integrity_check") == [("ok",)]
            assert sql("SELECT * FROM purge") == []
            return image()
        finally:
            database.db.close()

    def kill(self, kind: str, act: Callable[[], object]) -> int:
        """Kill `act` at each of its points; return how many there are."""
        self.copy()
        nothing = self.after_restart()
        assert not dies(self.copy(), act, 0)
        all_of_it = self.after_restart()
        assert all_of_it != nothing
        point = 1
        while dies(self.copy(), act, point):
            assert self.after_restart() in (nothing, all_of_it), f"half done at point {point}"
            point += 1
        DEATHS[kind] += point - 1
        return point - 1
