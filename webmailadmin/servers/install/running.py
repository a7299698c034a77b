"""The servers as processes: whether they run, and how they read their files anew."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from webmailadmin.servers.install.facts import SYSTEMD_RUNS
from webmailadmin.servers.install.steps import MACHINE
from webmailadmin.servers.private import ENVIRONMENT, CannotStart

# In this order: an smtpd that finds no log-in socket ends, and the next one comes a minute later.
SERVERS = ("dovecot", "postsrsd", "postfix")
SECONDS_TO_STOP = 20


def run() -> set[str]:
    """Return which of the servers run."""
    return {name for name in SERVERS if runs(name)}


def runs(name: str) -> bool:
    """Say whether a server runs."""
    if name == "postfix":
        return not MACHINE.ask("postfix", "status").returncode
    if name == "dovecot":
        base = MACHINE.ask("doveconf", "-h", "base_dir").stdout.strip() or "/run/dovecot"
        return alive(Path(base, "master.pid"))
    return bool(processes(name))


def processes(name: str) -> list[int]:
    """Return the numbers of the processes that run a program."""
    return [
        int(process.name) for process in Path("/proc").glob("[0-9]*") if command(process) == name
    ]


def alive(pid_file: Path) -> bool:
    """Say whether the process whose number is in a file runs."""
    try:
        return command(Path("/proc", pid_file.read_text().strip())) != ""
    except OSError:
        return False


def command(process: Path) -> str:
    """Return the name of a process by its folder in /proc; none for one that has ended."""
    try:
        return (process / "comm").read_text().strip() if (process / "cmdline").read_bytes() else ""
    except OSError:
        return ""


def read_anew(touched: Collection[str]) -> None:
    """Let those servers that were touched read their files, and start those that do not run.

    Raises CannotStart.
    """
    if "systemd" in touched and SYSTEMD_RUNS.exists():
        MACHINE.run("systemctl", "daemon-reload")
    for name in SERVERS:
        if not runs(name):
            if name in touched:
                start(name)
        elif name == "postsrsd" and name in touched:
            stop(name)
            start(name)
        elif name == "dovecot" and name in touched:
            MACHINE.run("doveadm", "reload")
        elif name == "postfix" and name in touched:
            MACHINE.run("postfix", "reload")


def as_before(ran_before: Collection[str], touched: Collection[str]) -> None:
    """Let the servers read their files anew, and stop those that did not run before."""
    for name in reversed(SERVERS):
        if name not in ran_before and runs(name):
            stop(name)
    read_anew({*ran_before, "systemd"} & {*touched})


def start(name: str) -> None:
    """Start a server. Raises CannotStart."""
    if SYSTEMD_RUNS.exists():
        MACHINE.run("systemctl", "start", name)
    elif name == "postfix":
        leave_running("postfix", "start")
    elif name == "dovecot":
        leave_running("dovecot")
    else:
        service(name, "start")


def stop(name: str) -> None:
    """Stop a server, and return once it has ended. Raises CannotStart."""
    if SYSTEMD_RUNS.exists():
        MACHINE.run("systemctl", "stop", name)
    elif name == "postfix":
        MACHINE.run("postfix", "stop")
    elif name == "dovecot":
        MACHINE.run("doveadm", "stop")
    else:
        service(name, "stop")
        # One more for each connection, which its script forgets; they would keep the port.
        for number in processes(name):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGTERM)
    if not wait_until(lambda: not runs(name), SECONDS_TO_STOP):
        raise CannotStart(f"{name} does not stop.")


def service(name: str, verb: str) -> None:
    """Use Debian's script where no systemd runs."""
    script = Path("/etc/init.d", name)
    if not script.exists():
        raise CannotStart(f"No systemd runs here, and there is no {script}: {verb} {name} by hand.")
    leave_running(str(script), verb)


def leave_running(*command: str) -> None:
    """Run a command whose server goes on when it has ended. Raises CannotStart.

    What it says goes to a file: the server would keep a pipe open for ever.
    """
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            check=False,
            env=ENVIRONMENT,
            cwd="/",
        )
        if done.returncode:
            said.seek(0)
            raise CannotStart(f"`{' '.join(command)}` failed: {said.read().strip()}")


def wait_until(happened: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is so, or until the time is over; say which."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
