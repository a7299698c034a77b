"""The servers that are measured, each a process of its own."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    process: subprocess.Popen[bytes]

    def worked(self) -> float:
        """Return the seconds that processors have worked for it so far, on all its threads."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def fill(folder: Path, count: int) -> float:
    """Fill a database in `folder`; return the seconds that it took."""
    before = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench.fill", str(folder), str(count)], check=True)
    return time.perf_counter() - before


def queries(folder: Path, count: int) -> dict[str, list[int]]:
    """Return the queries of each page with `count` rows."""
    command = [sys.executable, "-m", "bench.queries", str(folder), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    counted: dict[str, list[int]] = json.loads(done.stdout)
    return counted


def output_of(program: str, folder: Path) -> str:
    """Return what a Python program prints that is given `folder`."""
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def panel(folder: Path) -> Iterator[Server]:
    """Serve the panel over the database in `folder`, as a hoster does."""
    port = free_port()
    settings = {
        "PORT": str(port),
        "WEBMAILADMIN_DATA": str(folder),
        "WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
    }
    with serving(
        [sys.executable, "-m", "webmailadmin", "run", "--no-worker"], port, settings
    ) as server:
        yield server


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """Serve the bare application over the database in `folder`."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(folder / "webmailadmin.db"), str(port)]
    with serving(command, port, {}) as server:
        yield server


@contextmanager
def serving(command: list[str], port: int, settings: dict[str, str]) -> Iterator[Server]:
    """Run a server until the block ends."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("WEBMAILADMIN_")}
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=others | settings, **nowhere)
    try:
        wait_for(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            assert process.poll() is None, f"{process.args!r} has ended"
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"{process.args!r} does not answer")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
