"""The panel's own services, and Dovecot's, when the machine's systemd runs them."""

import os
import shutil
import subprocess
from pathlib import Path

SYSTEMD_RUNS = Path("/run/systemd/system")  # sd_booted(3)
HELPER = "webmailadmin-helper.service"
# They write the database; in the order of their start.
WRITERS = ("webmailadmin-worker.service", "webmailadmin-web.service")
SECONDS_TO_OBEY = 60


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


def reload_dovecot() -> bool:
    """Let Dovecot open the database anew, if it runs and we may; say whether it did.

    A worker of it that has it open meets each change of the schema with one failed lookup.
    Raises Disobeyed.
    """
    if os.geteuid() != 0 or shutil.which("doveadm") is None:
        return False
    return not run("doveadm", "reload").returncode


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
