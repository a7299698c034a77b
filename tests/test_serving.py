"""Downloads as the running panel serves them: constant memory, pages beside them, visible ends."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.browser.panel import PASSWORD, Panel
from tests.helper_of import Helper, helper_at
from webmailadmin import serving

CHUNK = bytes(2**16)
GIGABYTE = 2**30
MEGABYTE = 2**20
CONTACT = "/addresses/contact@bonvenon.fr"
SECONDS_TO_NOTICE = 10


class Asking:
    """Somebody logged in, with a connection of their own for each request."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.headers = {"Cookie": f"__Host-session={panel.session_of_alice()}"}
        page = self.ask("GET", f"{CONTACT}/edit")
        form = page.headers["Set-Cookie"].partition(";")[0]
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
        assert found is not None
        self.headers["Cookie"] += f"; {form}"
        self.body = urlencode({"csrf_token": found[1]})

    def ask(self, method: str, path: str, body: str = "") -> HTTPResponse:
        """Ask, and return the answer once it begins."""
        connection = HTTPConnection("127.0.0.1", self.panel.port, timeout=30)
        # What is not read yet shall wait at the panel, not in the kernel.
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        # Closed: the answer is all that is left to be closed.
        more = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
        connection.request(method, path, body or None, self.headers | more)
        return connection.getresponse()

    def page(self, path: str) -> int:
        """Read a page; return its status."""
        with self.ask("GET", path) as answer:
            answer.read()
            return answer.status

    def download(self) -> HTTPResponse:
        """Begin a download."""
        return self.ask("POST", f"{CONTACT}/download", self.body)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Panel, Helper]]:
    """A running panel with one mailbox, and the helper that it asks."""
    folder = tmp_path_factory.mktemp("serving")
    panel = Panel(folder)
    panel.command("account", "add", "alice", "--administrator", "--password-stdin", typed=PASSWORD)
    panel.install("bonvenon.fr")
    panel.add("contact@bonvenon.fr", mailbox=True)
    with helper_at(folder / "helper") as helper:
        panel.start()
        yield panel, helper
        panel.stop()


@pytest.fixture
def helper(stage: tuple[Panel, Helper]) -> Helper:
    """The helper, with a gigabyte to send."""
    _, helper = stage
    helper.sent = 0
    helper.packs(*[CHUNK] * (GIGABYTE // len(CHUNK)))
    return helper


@pytest.fixture
def asking(stage: tuple[Panel, Helper]) -> Asking:
    """Alice, at the running panel."""
    return Asking(stage[0])


def most_memory(panel: Panel) -> int:
    """Return how many bytes of memory the panel ever had."""
    assert panel.process is not None
    status = Path(f"/proc/{panel.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def until(what: object, seconds: float = SECONDS_TO_NOTICE) -> bool:
    """Wait until something is so; say whether it came to that."""
    assert callable(what)
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def still(helper: Helper) -> bool:
    """Say whether the helper has stopped sending."""
    before = helper.sent
    time.sleep(0.2)
    return 0 < helper.sent == before


def test_a_gigabyte_passes_through_constant_memory_at_the_pace_of_its_reader(
    stage: tuple[Panel, Helper], helper: Helper, asking: Asking
) -> None:
    panel, _ = stage
    before = most_memory(panel)

    answer = asking.download()

    assert (answer.status, answer.headers["Content-Length"]) == (200, str(GIGABYTE))
    assert until(lambda: still(helper))
    # What nobody reads yet stays with the helper.
    assert helper.sent < 8 * MEGABYTE
    received = 0
    while chunk := answer.read(MEGABYTE):
        received += len(chunk)
    assert received == GIGABYTE
    assert most_memory(panel) - before < 16 * MEGABYTE


def test_pages_come_beside_as_many_downloads_as_may_run(helper: Helper, asking: Asking) -> None:
    running = [asking.download() for _ in range(3)]
    assert [answer.status for answer in running] == [200, 200, 200]
    assert until(lambda: still(helper))

    began = time.monotonic()
    pages = [asking.page("/domains/bonvenon.fr/") for _ in range(20)]
    refused = asking.download()

    assert (pages, refused.status) == ([200] * 20, 503)
    assert "3 downloads are running." in refused.read().decode()
    assert time.monotonic() - began < 10
    for answer in running:
        answer.close()
    # Those who went away make way.
    assert until(lambda: accepted(asking))


def accepted(asking: Asking) -> bool:
    """Try a download, and give it up."""
    answer = asking.download()
    answer.close()
    return answer.status == 200


def test_a_reader_that_goes_away_lets_the_helper_go(helper: Helper, asking: Asking) -> None:
    answer = asking.download()
    answer.read(MEGABYTE)
    answer.close()

    assert until(lambda: still(helper))
    assert helper.sent < 64 * MEGABYTE


def test_a_helper_that_ends_too_soon_breaks_the_download_off(
    stage: tuple[Panel, Helper], helper: Helper, asking: Asking
) -> None:
    helper.packs(*[CHUNK] * 100, size=GIGABYTE)

    answer = asking.download()

    with pytest.raises(IncompleteRead) as broken:
        answer.read()
    assert len(broken.value.partial) == 100 * len(CHUNK)
    log = stage[0].log.read_text()
    assert "The mail-file helper ended before the archive was whole." in log


def test_a_reader_that_reads_nothing_any_more_is_let_go() -> None:
    """It would hold a thread for ever, and with two others like it every download."""
    closed = threading.Event()

    class Endless:
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield CHUNK

        def close(self) -> None:
            closed.set()

    def application(environ: object, start: object) -> Endless:
        assert callable(start)
        start("200 OK", [("Content-Length", str(2**40))])
        return Endless()

    server = serving.server_of(application, host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    reader = socket.create_connection(("127.0.0.1", server.effective_port))
    reader.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def waits() -> bool:
        return any(channel.total_outbufs_len for channel in server.active_channels.values())

    assert until(waits)
    serving.let_go(server, time.time() + serving.SECONDS_OF_PATIENCE - 10)
    assert not closed.wait(0.5)
    serving.let_go(server, time.time() + serving.SECONDS_OF_PATIENCE + 10)
    assert closed.wait(30)
    reader.close()
    server.close()
