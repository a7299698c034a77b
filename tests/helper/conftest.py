"""The stage of the mail-file helper: the real one in a thread, over mail files made by hand."""

import os
import pwd
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import pytest

from webmailadmin import settings
from webmailadmin.servers.helper.orders import Orders
from webmailadmin.servers.helper.server import Server, listen
from webmailadmin.servers.helper.tree import open_root


@dataclass(frozen=True)
class Home:
    """The folder of one mailbox."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def maildir(self) -> Path:
        return self.path / "Maildir"

    def folder(self, name: str = "") -> Path:
        """Return a mail folder, made if need be; "" is the inbox."""
        path = self.maildir / name
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True, exist_ok=True)
        return path

    def deliver(self, text: bytes, name: str, folder: str = "", place: str = "cur") -> Path:
        """Put a message in a mail folder."""
        path = self.folder(folder) / place / name
        path.write_bytes(text)
        return path


@dataclass(frozen=True)
class Stage:
    """A helper that answers at `socket` about the homes in `root`."""

    root: Path
    socket: Path
    server: Server

    def home(self, *folders: str) -> Home:
        """Return a new home with an inbox and these folders."""
        home = Home(self.root / secrets.token_hex(16))
        for folder in ("", *folders):
            home.folder(folder)
        return home

    def send(self, line: bytes) -> bytes:
        """Send bytes as they are; return all that comes back."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(self.socket))
            try:
                connection.sendall(line)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before all of it was sent
            received = b""
            try:
                while more := connection.recv(2**16):
                    received += more
            except ConnectionResetError:
                pass  # it did not care for the rest
            return received


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The mail root."""
    path = tmp_path / "mail"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def stage(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A helper, and a client that finds it."""
    path = tmp_path / "helper"
    monkeypatch.setattr(settings, "current", replace(settings.current, helper_socket=path))
    listening = listen(path)
    user = pwd.getpwuid(os.geteuid()).pw_name
    server = Server(listening, user, Orders(root, tmp_path / "no-dovecot.conf"))

    def serve() -> None:
        with suppress(OSError):  # once the socket is closed
            server.serve()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield Stage(root, path, server)
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    listening.close()


@pytest.fixture
def opened(root: Path) -> Iterator[object]:
    """The mail root, open."""
    with open_root(root) as folder:
        yield folder


@pytest.fixture
def plan() -> Iterator[object]:
    """An empty file without a name."""
    with tempfile.TemporaryFile() as file:
        yield file
