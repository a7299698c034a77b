"""The demo, as a person runs it: its two lines are pasted, Ctrl-C ends it."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.mailservers import panel

SECONDS_TO_START = 90
SECONDS_TO_END = 20


@dataclass
class Running:
    """A running demo, and what it has printed."""

    process: subprocess.Popen[str]
    printed: list[str]
    folder: Path
    port: int


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the servers' users can enter; pytest's own are for its user alone."""
    with tempfile.TemporaryDirectory(prefix="webmailadmin-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Running]:
    """The demo, started with the command of `make demo`."""
    panel.add_users()
    port = free_port()
    environment = os.environ | {"PORT": str(port), "TMPDIR": str(folder), "LANG": "en_GB.UTF-8"}
    command = [sys.executable, "-m", "webmailadmin", "demo"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = list(read_until(process, "Ctrl-C"))
            yield Running(process, printed, folder, port)
        finally:
            process.kill()


def free_port() -> int:
    """Return a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_until(process: subprocess.Popen[str], end: str) -> Iterator[str]:
    """Yield what the process prints, up to the line that holds `end`."""
    assert process.stdout is not None
    deadline = time.monotonic() + SECONDS_TO_START
    for line in process.stdout:
        yield line.rstrip("\n")
        if end in line:
            return
        assert time.monotonic() < deadline, "the demo takes too long to start"
    raise AssertionError("the demo ended before it was ready")


def pasted(line: str) -> str:
    """Run a printed line in a shell, as a person does who pastes it."""
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_two_lines_send_a_mail_and_read_it(demo: Running) -> None:
    send, read = (line for line in demo.printed if line.startswith("curl "))
    pasted(send)
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        done = subprocess.run(["sh", "-c", read], capture_output=True, text=True, timeout=30)
        if "It works." in done.stdout:
            break
        assert time.monotonic() < deadline, (done.stdout, done.stderr)
    assert "Subject: Bonjour" in done.stdout


def test_it_shows_three_domains_and_about_300_addresses(demo: Running) -> None:
    with urlopen(f"http://127.0.0.1:{demo.port}/log-in", timeout=10) as page:
        assert page.status == 200
    counts = in_database(demo, "SELECT name, addresses FROM domain ORDER BY id")
    names = [line.split("|")[0] for line in counts]
    assert names == ["bonvenon.fr", "harbour-books.co.uk", "xn--thtre-neuf-44a7f.fr"]
    assert 290 <= sum(int(line.split("|")[1]) for line in counts) <= 320
    kinds = (
        "SELECT sum(m.id IS NOT NULL AND r.id IS NULL) > 0, sum(m.id IS NULL AND r.id > 0) > 0,"
        " sum(m.id > 0 AND r.id > 0) > 0, sum(NOT a.enabled) > 0 FROM address a"
        " LEFT JOIN mailbox m ON m.address_id = a.id LEFT JOIN recipient r ON r.address_id = a.id"
    )
    assert in_database(demo, kinds) == ["1|1|1|1"]
    catch_alls = "SELECT count(*) FROM domain WHERE catch_all_to IS NOT NULL OR catch_all_domain_id"
    assert in_database(demo, catch_alls) == ["2"]
    assert in_database(demo, "SELECT count(DISTINCT password) FROM mailbox") == ["1"]


def in_database(demo: Running, query: str) -> list[str]:
    """Ask the demo's database, in a process of its own: one SQLite library in each."""
    (database,) = demo.folder.glob("webmailadmin-demo-*/data/webmailadmin.db")
    program = (
        "import sqlite3, sys; rows = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)"
        ".execute(sys.argv[2]); print(*('|'.join(map(str, row)) for row in rows), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(database), query], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_it_says_how_a_holder_logs_in(demo: Running) -> None:
    (line,) = (line for line in demo.printed if line.startswith("Or as the holder"))
    assert in_database(demo, "SELECT may_redirect FROM mailbox WHERE may_redirect") == ["1"]
    assert "contact@bonvenon.fr" in line


def test_its_helper_tells_what_a_mailbox_holds_as_the_owner_of_the_mail(demo: Running) -> None:
    (folder,) = demo.folder.glob("webmailadmin-demo-*/servers")
    listening = json.loads((folder / "log" / "helper.log").read_text().splitlines()[0])
    assert listening["event"] == "listening"
    assert pwd.getpwuid(listening["user"]).pw_name == "vmail"

    # It was copied to two others, who did not log in.
    homes = [path.name for path in (folder / "mail").iterdir() if path.name != ".trash"]
    held = [usage(folder / "helper" / "socket", home) for home in homes]
    assert [one["messages"] for one in held] == [1, 1, 1]
    assert sum(one["last_log_in"] is not None for one in held) == 1


def usage(path: Path, home: str) -> dict[str, int | None]:
    """Ask the demo's helper what a mailbox holds."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(json.dumps({"verb": "usage", "home": home}).encode() + b"\n")
        answer: dict[str, int | None] = json.loads(connection.recv(1000))
        return answer


def test_ctrl_c_ends_all_of_it_and_leaves_no_process(demo: Running) -> None:
    (below,) = demo.folder.glob("webmailadmin-demo-*")
    assert processes_of(below)
    demo.process.send_signal(signal.SIGINT)
    demo.process.wait(SECONDS_TO_END)
    deadline = time.monotonic() + SECONDS_TO_END
    while left := processes_of(below):
        assert time.monotonic() < deadline, left
    assert list(demo.folder.iterdir()) == []


def processes_of(folder: Path) -> list[str]:
    """Return the processes that were started with this folder, or have a file of it open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = [str(entry.readlink()) for entry in (process / "fd").iterdir()]
            opened.append((process / "cmdline").read_text())
        except OSError:
            continue
        if any(str(folder) in name for name in opened):
            found.append(opened[-1].replace("\0", " "))
    return found
