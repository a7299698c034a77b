"""The panel's own services, and Dovecot's, when the machine's systemd runs them."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

SYSTEMD_RUNS = Path("/run/systemd/system")  # sd_booted(3)
HELPER = "webmailadmin-helper.service"
# They write the database; in the order of their start.
WRITERS = ("webmailadmin-worker.service", "webmailadmin-web.service")
SECONDS_TO_OBEY = 60
SECONDS_OF_REST = 1  # whoever does nothing for so long has nothing to do


class Disobeyed(Exception):
    """A command on services failed. Its text is one sentence."""


def are_ours_to_command() -> bool:
    """Say whether systemd runs here and obeys us."""
    return os.geteuid() == 0 and SYSTEMD_RUNS.is_dir()


def running() -> list[str]:
    """Return those of the panel's services that run, in the order of their start."""
    return [
        unit for unit in (HELPER, *WRITERS) if not run("systemctl", "is-active", unit).returncode
    ]


def stop(units: list[str]) -> None:
    """Stop these services, and return once they have ended. Raises Disobeyed."""
    for unit in reversed(units):
        command("systemctl", "stop", unit)


def start(units: list[str]) -> None:
    """Start these services anew, with the program as it is now. Raises Disobeyed."""
    for unit in units:
        command("systemctl", "restart", unit)


def renew_lookups() -> bool:
    """Let Dovecot open the database anew, if it runs and we may; say whether it did.

    Each of its processes that has it open (for log-ins and deliveries, for vacation answers) meets
    a change of the schema with one failed lookup. Those that have nothing to do are ended before
    they meet it, and it starts others when it needs them. One at work meets it at once, and to end
    it would put off what it has in hand as well, as `doveadm reload` would break off deliveries.
    doveadm-process(1).
    Raises Disobeyed.
    """
    if os.geteuid() != 0 or shutil.which("doveadm") is None:
        return False
    listed = run("doveadm", "-f", "tab", "process", "status", "auth-worker", "dict")
    if listed.returncode:
        return False
    workers = [int(line.split("\t")[1]) for line in listed.stdout.splitlines()[1:]]
    before = {worker: activity(worker) for worker in workers}
    time.sleep(SECONDS_OF_REST)
    for worker in workers:
        if before[worker] and activity(worker) == before[worker]:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGTERM)
    return True


def activity(process: int) -> str:
    """Return what grows whenever a process does anything; "" once it has ended. proc(5)."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return ""
    return "".join(line for line in status.splitlines() if "ctxt_switches" in line)


def command(*words: str) -> None:
    """Run a command to its end. Raises Disobeyed."""
    done = run(*words)
    if done.returncode:
        raise Disobeyed(f"`{' '.join(words)}` failed: {done.stderr.strip()}")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever that is. Raises Disobeyed when it comes to none."""
    try:
        return subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_TO_OBEY,
        )
    except subprocess.TimeoutExpired as late:
        raise Disobeyed(
            f"`{' '.join(words)}` came to no end in {SECONDS_TO_OBEY} seconds."
        ) from late
