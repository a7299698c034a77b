"""The mail-file helper as a process, as systemd runs it: whom it answers, what it may, its end."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from pwd import getpwnam

import pytest

from tests.mailservers import panel
from tests.mailservers.helped import helper_alone
from webmailadmin import settings
from webmailadmin.servers import mailfiles
from webmailadmin.servers.render import MAIL_USER
from webmailadmin.settings import PREFIX

ID = "0123456789abcdef" * 2
SECONDS_TO_START = 20
MOST_MORE_MEMORY = 20_000  # kB
MESSAGES, LINES = 100, 20_000

python = cache(panel.python)


@dataclass
class Running:
    """A helper that runs; its log is what it has written."""

    process: subprocess.Popen[bytes]
    root: Path
    socket: Path
    log: Path

    def lines(self) -> list[dict[str, object]]:
        """Return what it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def status(self, name: str) -> list[str]:
        """Return a line of what the kernel knows of it."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(line.split()[1:] for line in lines if line.startswith(f"{name}:"))


@pytest.fixture
def place(open_folder: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own, with a mail root and the folder of the socket, as installed."""
    place = open_folder / str(abs(hash(request.node.name)))
    place.mkdir()
    place.chmod(0o755)  # whatever our umask
    for owner, group, mode, name in (
        (MAIL_USER, MAIL_USER, "0700", "mail"),
        (MAIL_USER, panel.USER, "2750", "run"),
    ):
        made = ("install", "-d", "-o", owner, "-g", group, "-m", mode, str(place / name))
        subprocess.run(made, check=True)
    return place


@pytest.fixture
def start(
    place: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Running]]:
    """Starts helpers, which end with the test. A client in this process finds them."""
    started: list[subprocess.Popen[bytes]] = []
    where = place / "run" / "socket"
    monkeypatch.setattr(settings, "current", replace(settings.current, helper_socket=where))
    checkout = open_folder / "checkout"
    if not checkout.exists():
        helper_alone(checkout)

    def begin(user: str | None = MAIL_USER, panel_user: str = panel.USER) -> Running:
        given = {
            "MAIL_ROOT": place / "mail",
            "HELPER_SOCKET": where,
            "PANEL_USER": panel_user,
            "DOVECOT_CONFIG": "/nowhere",
        }
        log = place / f"log-{len(started)}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [python(), "-m", "webmailadmin.servers.helper"],
                env={f"{PREFIX}{name}": str(value) for name, value in given.items()},
                cwd=checkout,
                stderr=out,
                **({"user": user, "group": user, "extra_groups": []} if user else {}),
            )
        started.append(process)
        running = Running(process, place / "mail", where, log)
        deadline = time.monotonic() + SECONDS_TO_START
        while process.poll() is None and "listening" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return running

    yield begin
    for process in started:
        process.kill()
        process.wait()


def asked_as(user: str, where: Path) -> str:
    """Ask whether a home exists, as a user with the user's own groups; return what is said."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            known = getpwnam(user)
            os.initgroups(user, known.pw_gid)
            os.setgid(known.pw_gid)
            os.setuid(known.pw_uid)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(where))
                connection.sendall(json.dumps({"verb": "exists", "home": ID}).encode() + b"\n")
                os.write(writes, connection.recv(1000))
        except OSError as error:
            os.write(writes, type(error).__name__.encode())
        finally:
            os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    with os.fdopen(reads, "rb") as said:
        return said.read().decode()


# Who is answered


def test_only_the_panels_user_is_answered(start: Callable[..., Running]) -> None:
    helper = start()

    said = {user: asked_as(user, helper.socket) for user in (panel.USER, MAIL_USER, "root")}
    kept_out = {user: asked_as(user, helper.socket) for user in ("nobody", "postfix", "dovecot")}

    refusal = json.dumps({"refused": f"Only the user {panel.USER} is answered here."}) + "\n"
    # Nobody can be kept from what is their own, nor root from anything: they are told.
    assert said == {panel.USER: '{"exists": false}\n', MAIL_USER: refusal, "root": refusal}
    assert set(kept_out.values()) == {"PermissionError"}
    uids = [line["uid"] for line in helper.lines() if line["event"] == "refused"]
    assert uids == [getpwnam(MAIL_USER).pw_uid, 0]


def test_the_socket_is_for_the_panels_group(start: Callable[..., Running]) -> None:
    helper = start()

    found = helper.socket.stat()

    assert oct(found.st_mode & 0o7777) == "0o660"
    assert (found.st_uid, found.st_gid) == (
        getpwnam(MAIL_USER).pw_uid,
        getpwnam(panel.USER).pw_gid,
    )


# What it may


def test_who_starts_it_as_root_gets_the_owner_of_the_mail_files(
    start: Callable[..., Running],
) -> None:
    helper = start(user=None, panel_user="root")

    owner = getpwnam(MAIL_USER)
    assert helper.status("Uid") == [str(owner.pw_uid)] * 4
    assert helper.status("Gid") == [str(owner.pw_gid)] * 4
    assert helper.status("Groups") == []
    assert int(helper.status("CapEff")[0], 16) == 0
    assert not mailfiles.exists(ID)


def test_it_does_not_run_as_root_on_files_of_root(
    start: Callable[..., Running], place: Path
) -> None:
    os.chown(place / "mail", 0, 0)

    helper = start(user=None)

    assert helper.process.wait(SECONDS_TO_START) == 1
    assert [line["reason"] for line in helper.lines()] == [
        f"The mail files' folder {helper.root} belongs to root."
    ]


@pytest.mark.parametrize("panel_user", ["nobody-of-that-name", ""])
def test_without_the_panels_user_it_says_so(
    start: Callable[..., Running], panel_user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = start(panel_user=panel_user or "-")

    assert helper.process.wait(SECONDS_TO_START) == 1
    assert [line["event"] for line in helper.lines()] == ["cannot start"]
    assert "There is no user" in str(helper.lines()[0]["reason"])


# How it begins and ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_ends_at_once_and_the_next_one_takes_its_place(
    start: Callable[..., Running], number: signal.Signals
) -> None:
    helper = start(panel_user="root")
    assert not mailfiles.exists(ID)

    helper.process.send_signal(number)

    assert helper.process.wait(SECONDS_TO_START) == (-number if number == signal.SIGKILL else 0)
    with pytest.raises(mailfiles.HelperUnreachable):
        mailfiles.exists(ID)
    start(panel_user="root")
    assert not mailfiles.exists(ID)


def test_a_second_one_leaves_the_first_alone(start: Callable[..., Running]) -> None:
    first = start(panel_user="root")

    second = start(panel_user="root")

    assert second.process.wait(SECONDS_TO_START) == 1
    assert "Cannot listen" in str(second.lines()[0]["reason"])
    assert first.process.poll() is None
    assert not mailfiles.exists(ID)


def test_half_a_purge_is_finished_at_the_start(start: Callable[..., Running], place: Path) -> None:
    half = place / "mail" / ".trash" / f"{ID}-7-70"
    (half / "Maildir" / "cur").mkdir(parents=True)
    for path in (half.parent, half, half / "Maildir", half / "Maildir" / "cur"):
        os.chown(path, getpwnam(MAIL_USER).pw_uid, getpwnam(MAIL_USER).pw_gid)

    start(panel_user="root")

    deadline = time.monotonic() + SECONDS_TO_START
    while list(half.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert mailfiles.purge(ID) == mailfiles.Held(7, 70, None)


def test_an_archive_of_any_size_takes_no_memory_and_holds_nobody_up(
    start: Callable[..., Running], place: Path
) -> None:
    cur = place / "mail" / ID / "Maildir" / "cur"
    cur.mkdir(parents=True)
    text = b"Subject: x\n\n" + b"From here to there, all of it\n" * LINES
    first = cur / "1.M1P1.a:2,S"
    first.write_bytes(text)
    for number in range(2, MESSAGES + 1):
        os.link(first, cur / f"{number}.M1P1.a:2,S")
    subprocess.run(["chown", "-R", f"{MAIL_USER}:", str(place / "mail")], check=True)
    helper = start(panel_user="root")
    assert mailfiles.usage(ID).messages == MESSAGES
    before = int(helper.status("VmHWM")[0])

    archive = mailfiles.archive(ID)
    longest, received = 0.0, 0
    for chunk in archive.chunks:
        received += len(chunk)
        if received % 2**25 < len(chunk):
            asked = time.monotonic()
            assert mailfiles.exists(ID)
            longest = max(longest, time.monotonic() - asked)

    assert received == archive.size > MESSAGES * len(text)
    assert int(helper.status("VmHWM")[0]) - before < MOST_MORE_MEMORY
    assert longest < 1
