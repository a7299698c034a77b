"""The worker: does each chore when it is due, one after the other, until it is told to stop."""

import fcntl
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import peewee

from webmailadmin.mail import chores, purging
from webmailadmin.servers.mailfiles import HelperTrouble
from webmailadmin.upkeep import app_passwords, letters, purges, usage, warnings
from webmailadmin.upkeep.checkpoint import checkpoint
from webmailadmin.upkeep.kicks import carry_out as carry_out_kicks

SECONDS_BETWEEN_NOTES = 60

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """What is done again and again.

    every: seconds from the end of one run to the next. do: an exception is its trouble; its text
    is one sentence when it is of a kind in `told`, and a fault of the program when not.
    """

    name: str
    every: float
    do: Callable[[], None]
    told: tuple[type[Exception], ...] = ()


CHORES = (
    Chore("kicks", 5, carry_out_kicks, (HelperTrouble,)),
    Chore("letters", 5, letters.carry_out, (letters.LettersStuck,)),
    Chore("checkpoint", 60, checkpoint),
    Chore("purges", 60, purges.carry_out, (purges.PurgesStuck, purging.ClockBehind)),
    Chore("usage", 20, usage.Round().carry_out, (HelperTrouble, usage.MailboxesUnread)),
    Chore("app-passwords", 20, app_passwords.Round().carry_out),
    Chore("warnings", 60, warnings.carry_out, (warnings.WarningsStuck, HelperTrouble)),
)


class AlreadyWorking(Exception):
    """Another worker does the chores of this database."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only worker on the database in `folder`. Raises AlreadyWorking.

    The kernel takes the lock back however we end.
    """
    # For us alone: whoever can open the file can lock it.
    lock = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise AlreadyWorking from error
    finally:
        os.close(lock)


class Worker:
    """Knows when each chore is due, what was its last trouble and when that was written down."""

    def __init__(self, chores: tuple[Chore, ...] = CHORES) -> None:
        self.due = dict.fromkeys(chores, -math.inf)
        self.noted: dict[str, tuple[str, float]] = {}

    def work(self, stop: Event) -> None:
        """Do the chores until `stop` is set. The database is open and belongs to this thread."""
        while not stop.is_set():
            for chore, at in self.due.items():
                if at <= time.monotonic() and not stop.is_set():
                    self.carry_out(chore)
                    self.due[chore] = time.monotonic() + chore.every
            stop.wait(max(0, min(self.due.values()) - time.monotonic()))

    def carry_out(self, chore: Chore) -> None:
        """Do a chore, whatever comes of it, and write that down."""
        began = time.monotonic()
        trouble, fault = "", None
        try:
            chore.do()
        except chore.told as error:
            trouble = str(error)
        except Exception as error:  # the next chore must not suffer for this one
            trouble, fault = f"{type(error).__name__}: {error}", error
        self.note(chore, round((time.monotonic() - began) * 1000), trouble, fault)

    def note(self, chore: Chore, took: int, trouble: str, fault: Exception | None) -> None:
        """Log a trouble that is new; write down the run when that says something new, or soon."""
        last, at = self.noted.get(chore.name, ("", -math.inf))
        if trouble == last and time.monotonic() < at + SECONDS_BETWEEN_NOTES:
            return
        if trouble != last:
            log.warning("%s: %s", chore.name, trouble or "well again", exc_info=fault)
        try:
            chores.note(chore.name, took, trouble)
        except peewee.DatabaseError as error:
            log.warning("%s: cannot be written down: %s", chore.name, error)
        self.noted[chore.name] = (trouble, time.monotonic())
