"""The private servers themselves: what they run on, what they refuse, and that they go away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.mailservers import forms, panel
from tests.mailservers.stage import Stage, free_ports, wait_until
from webmailadmin import database
from webmailadmin.servers.private import (
    LOOPBACK,
    PACKAGES,
    CannotStart,
    Ports,
    System,
    private_servers,
    socket,
)
from webmailadmin.servers.render import texts

PASSWORD = "correct horse battery"
SERVE_FOR_EVER = """
import signal, sys
from pathlib import Path
from webmailadmin.servers.private import Ports, private_servers
folder, file, *ports = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
with private_servers(Path(folder), Path(file), Ports(*map(int, ports))):
    print("ready", flush=True)
    signal.pause()
"""


@pytest.fixture
def file(open_folder: Path) -> Iterator[Path]:
    """A database."""
    forms.open_panel(open_folder / "database")
    yield open_folder / "database" / "webmailadmin.db"
    database.db.close()


def processes(folder: Path) -> list[int]:
    """Return the processes that work in a folder or were told its name."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = (process / "cmdline").read_bytes().decode(errors="replace")
            if str(folder) in told or (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found


def test_the_private_servers_run_on_exactly_the_rendered_text(
    open_folder: Path, file: Path
) -> None:
    with private_servers(open_folder / "servers", file, free_ports()) as servers:
        etc = open_folder / "servers" / "etc"
        rendered = texts(servers.values)

        assert {place: (etc / place).read_text() for place in rendered} == rendered
        main_cf = (etc / "postfix" / "main.cf").read_text()
        assert main_cf.startswith(rendered[Path("postfix", "main.cf.webmailadmin")])
        lines = servers.dovecot_file.read_text().splitlines()
        assert {
            f"!include {etc}/dovecot-2.3/webmailadmin.conf",
            f"!include {etc}/dovecot-2.4/webmailadmin.conf",
        } & set(lines)


def test_the_private_lines_change_none_of_the_rendered_settings(
    open_folder: Path, file: Path
) -> None:
    with private_servers(open_folder / "servers", file, free_ports()) as servers:
        main_cf = (servers.postfix_folder / "main.cf").read_text()
        names = [line.partition("=")[0].strip() for line in main_cf.splitlines() if "=" in line]

    settings = [name for name in names if name and not name.startswith("#")]
    assert len(settings) == len(set(settings))


def test_a_second_run_finds_the_mail_of_the_first(open_folder: Path, file: Path) -> None:
    folder = open_folder / "twice"
    forms.domain("twice.example")
    forms.mailbox("ann@twice.example", PASSWORD)
    with private_servers(folder, file, free_ports()) as servers:
        assert Stage(servers).send("ann@twice.example", subject="Kept").taken
        Stage(servers).wait_until_delivered()

    with private_servers(folder, file, free_ports()) as servers:
        assert Stage(servers).subjects("ann@twice.example", PASSWORD) == ["Kept"]


# Nothing stays


def test_no_process_stays_when_the_block_ends(open_folder: Path, file: Path) -> None:
    folder = open_folder / "ends"

    with private_servers(folder, file, free_ports()):
        assert len(processes(folder)) > 4

    assert processes(folder) == []


def test_no_process_stays_when_the_block_fails(open_folder: Path, file: Path) -> None:
    folder = open_folder / "fails"

    with pytest.raises(ZeroDivisionError), private_servers(folder, file, free_ports()):
        _ = 1 / 0

    assert processes(folder) == []


def test_no_process_stays_when_a_server_cannot_start(open_folder: Path, file: Path) -> None:
    folder = open_folder / "halfway"

    with (
        pytest.raises(CannotStart, match=r"(?s)A mail server ended at once: .*myhostname"),
        private_servers(folder, file, free_ports(), mail_host=".."),
    ):
        pass

    assert processes(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_stays_when_the_program_is_ended(
    open_folder: Path, file: Path, number: signal.Signals
) -> None:
    folder = open_folder / f"ended-by-{number.name}"
    ports = free_ports()
    numbers = [str(port) for port in (ports.smtp, ports.imap, ports.pop3)]
    command = [sys.executable, "-c", SERVE_FOR_EVER, str(folder), str(file), *numbers]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=panel.environment(),
        start_new_session=True,
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
        assert len(processes(folder)) > 4

        os.killpg(program.pid, number)  # as a terminal does with Ctrl-C

    wait_until(lambda: processes(folder) == [], lambda: f"{processes(folder)} stayed.")


# What cannot be is said in one sentence


def test_who_is_not_root_is_told_so(open_folder: Path, file: Path) -> None:
    program = """
from pathlib import Path
from webmailadmin.servers.private import CannotStart, private_servers
try:
    with private_servers(Path("/nowhere"), Path("/nowhere.db")):
        pass
except CannotStart as reason:
    print(reason)
"""
    done = subprocess.run(
        [panel.python(), "-c", program],
        env=panel.environment(),
        user=panel.USER,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == ("Private mail servers start as root only: they run under four users.\n")


def test_missing_packages_are_named(open_folder: Path, file: Path, tmp_path: Path) -> None:
    empty_system = System(("chroot", str(tmp_path)))

    assert reason_not_to_start(open_folder, file, system=empty_system) == (
        f"Install what is missing: apt-get install {' '.join(PACKAGES)}"
    )


def test_a_port_that_is_taken_is_named(open_folder: Path, file: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]

        reason = reason_not_to_start(open_folder, file, ports=Ports(smtp=port))

    assert reason == f"Port {port} on 127.0.0.1 is taken already."


def test_a_folder_that_the_servers_cannot_enter_is_named(
    open_folder: Path, file: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)

    assert reason_not_to_start(hidden / "servers", file) == (
        f"The user vmail cannot reach {hidden}/servers/mail:"
        " choose a folder that every user may enter."
    )


def test_a_folder_that_the_servers_would_misread_is_named(open_folder: Path, file: Path) -> None:
    assert reason_not_to_start(open_folder / "my servers", file) == (
        f"mail_root is '{open_folder}/my servers/mail': for Postfix and Dovecot it must be of"
        " ASCII letters, digits and / . _ - only."
    )


def reason_not_to_start(
    folder: Path,
    file: Path,
    *,
    ports: Ports | None = None,
    system: System | None = None,
) -> str:
    """Return why the servers did not start."""
    with (
        pytest.raises(CannotStart) as refused,
        private_servers(folder, file, ports or free_ports(), system=system or System()),
    ):
        pass
    return str(refused.value)
