"""One process of tests after the other, where all would prepare the same thing at once."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(what: str) -> Iterator[None]:
    """Wait until no other process prepares it."""
    with (Path(tempfile.gettempdir()) / f"webmailadmin-tests-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
