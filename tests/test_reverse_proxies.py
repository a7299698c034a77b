"""The examples for nginx and Caddy before the panel as on a VPS: TLS, its users, its socket."""

import http.client
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.mailservers import panel
from tests.test_cli import free_port

DEPLOY = Path(__file__).parents[1] / "deploy"
PASSWORD = "marmalade on the stairs 9"
SECONDS_TO_START = 20
FORGED = {
    "X-Forwarded-For": "203.0.113.5",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=203.0.113.5;host=evil.example",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that other users can enter, with a certificate for localhost."""
    panel.add_users()
    made = Path(tempfile.mkdtemp(prefix="webmailadmin-proxies-"))
    made.chmod(0o755)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", made / "key.pem", "-out", made / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    for name in ("key.pem", "cert.pem"):  # whatever the umask
        (made / name).chmod(0o644)
    # As webmailadmin-web.service does it.
    subprocess.run(
        [*("install", "-d", "-o", panel.USER, "-g", "www-data", "-m", "2750"), made / "run"],
        check=True,
    )
    panel.make_folder(made / "data")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def log(folder: Path) -> Iterator[Path]:
    """The panel behind its socket, as its own user; its log."""
    environment = panel.environment() | {
        "WEBMAILADMIN_DATA": str(folder / "data"),
        "WEBMAILADMIN_SOCKET": str(folder / "run" / "socket"),
        "WEBMAILADMIN_PROXIES": "1",
        "WEBMAILADMIN_PUBLIC_URL": "https://localhost",
        "WEBMAILADMIN_ACCOUNT_BCRYPT_COST": "4",
        "WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
    }
    as_panel = {"env": environment, "user": panel.USER, "group": panel.USER, "extra_groups": []}
    program = [panel.python(), "-m", "webmailadmin"]
    subprocess.run(
        [*program, *("account", "add", "alice", "--administrator", "--password-stdin")],
        **as_panel,
        cwd=panel.CHECKOUT,
        input=PASSWORD,
        text=True,
        check=True,
        capture_output=True,
    )
    with (folder / "log").open("wb") as file:
        process = subprocess.Popen(
            [*program, "run", "--no-worker"], **as_panel, cwd=panel.CHECKOUT, stderr=file
        )
    try:
        wait_for(lambda: (folder / "run" / "socket").exists())
        yield folder / "log"
    finally:
        process.terminate()
        assert process.wait(10) == 0


def wait_for(condition):
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answers(port):
    """Say whether something listens on a port."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True


def nginx_for(folder: Path, upstream: Path, port: int) -> list[str]:
    """Write the example as this nginx's own; return how it is started."""
    site = (DEPLOY / "nginx.conf").read_text()
    for old, new in {
        "/run/webmailadmin/socket": str(upstream),
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "    listen [::]:443 ssl;\n": "",
        "    listen [::]:80;\n": "",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        "panel.example.org;": "localhost;",
        "/etc/letsencrypt/live/panel.example.org/fullchain.pem": f"{folder}/cert.pem",
        "/etc/letsencrypt/live/panel.example.org/privkey.pem": f"{folder}/key.pem",
    }.items():
        assert old in site
        site = site.replace(old, new)
    (folder / "temporary").mkdir(exist_ok=True)
    temporary = "".join(
        f"{name}_temp_path {folder}/temporary/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user www-data; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n"
    )
    return ["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/nginx.log"]


def caddy_for(folder: Path, upstream: Path, port: int) -> list[str]:
    """Write the example as this Caddy's own; return how it is started."""
    site = (DEPLOY / "Caddyfile").read_text()
    for old, new in {
        "/run/webmailadmin/socket": str(upstream),
        "panel.example.org {": f"https://localhost:{port} {{\n\tbind 127.0.0.1\n"
        f"\ttls {folder}/cert.pem {folder}/key.pem",
    }.items():
        assert old in site
        site = site.replace(old, new)
    head = f"{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {folder}/caddy\n}}\n"
    (folder / "Caddyfile").write_text(head + site)
    (folder / "Caddyfile").chmod(0o644)  # whatever the umask: caddy reads it as its own user
    as_caddy = ["setpriv", "--reuid=caddy", "--regid=caddy", "--groups=www-data", "--"]
    return [*as_caddy, "caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


PROXIES = {"nginx": nginx_for, "caddy": caddy_for}


@contextmanager
def proxy(kind: str, folder: Path, upstream: Path) -> Iterator[int]:
    """Run a proxy in front of a socket; its port."""
    port = free_port()
    command = PROXIES[kind](folder, upstream, port)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder / "caddy")}
    with (folder / f"{kind}.out").open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        wait_for(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, (folder / f"{kind}.out").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=PROXIES)
def port(request, folder, log):
    """The port of a proxy in front of the panel, by https."""
    with proxy(request.param, folder, folder / "run" / "socket") as found:
        yield found


class Person:
    """A browser that follows redirects and keeps cookies, over TLS."""

    def __init__(self, folder: Path, port: int) -> None:
        self.base = f"https://localhost:{port}"
        context = ssl.create_default_context(cafile=folder / "cert.pem")
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(),
        )

    def open(self, path, data=None, headers=()):
        """Return status, headers and text of a page."""
        body = urllib.parse.urlencode(data).encode() if data else None
        told = {"Referer": self.base + path, **dict(headers)}
        asked = urllib.request.Request(self.base + path, body, told)
        try:
            reply = self.opener.open(asked, timeout=10)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            return reply.status, reply.headers, reply.read().decode()

    def log_in(self, password, headers=()):
        """Log in through the page."""
        page = self.open("/log-in", headers=headers)[2]
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token, page
        given = {"name": "alice", "password": password, "csrf_token": token[1]}
        return self.open("/log-in", given, {"Origin": self.base, **dict(headers)})


def test_a_person_logs_in_through_the_proxy_over_https(folder, log, port):
    person = Person(folder, port)

    status, headers, page = person.log_in(PASSWORD)

    assert (status, ">alice</a>" in page) == (200, True)
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert person.open("/password")[0] == 200


def test_what_a_browser_says_of_itself_in_the_proxys_headers_counts_for_nothing(folder, log, port):
    person = Person(folder, port)

    status, headers, _ = person.log_in("wrong", FORGED)

    assert status == 422
    assert "Strict-Transport-Security" in headers
    refused = [json.loads(line) for line in log.read_text().splitlines()]
    last = [line for line in refused if line["event"] == "log-in refused"][-1]
    assert (last["network"], last["who"]) == ("127.0.0.1", "alice")


def test_too_much_at_once_is_refused(folder, log, port):
    connection = http.client.HTTPSConnection("localhost", port, context=anybody(), timeout=10)
    # nginx answers to the length alone, Caddy to what has come of the body.
    with suppress(OSError):
        connection.request("POST", "/log-in", body=b"x" * 3_000_000)
    assert connection.getresponse().status == 413
    connection.close()


def anybody():
    """Return a TLS context that trusts whatever answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_every_line_of_the_panels_log_is_json(folder, log, port):
    Person(folder, port).open("/log-in")

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"listening", "request"} <= {line["event"] for line in lines}


# Downloads

CHUNK = b"x" * 65536
CHUNKS = 2000  # 125 MB


class Endless(http.server.BaseHTTPRequestHandler):
    """Sends more than any buffer holds, and counts what it got rid of."""

    sent = 0

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CHUNK) * CHUNKS))
        self.end_headers()
        for _ in range(CHUNKS):
            try:
                self.wfile.write(CHUNK)
            except OSError:
                return
            Endless.sent += len(CHUNK)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class OnSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        """Name a client, where http.server wants to log one."""
        return super().get_request()[0], ("local", 0)


@pytest.mark.parametrize("kind", PROXIES)
def test_a_download_waits_for_its_reader_and_is_kept_nowhere(folder, kind):
    Endless.sent = 0
    upstream = folder / "endless"
    upstream.unlink(missing_ok=True)
    with OnSocket(str(upstream), Endless) as server:
        upstream.chmod(0o666)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with proxy(kind, folder, upstream) as port:
            connection = http.client.HTTPSConnection("localhost", port, context=anybody())
            connection.request("GET", "/")
            reply = connection.getresponse()
            assert len(reply.read(100_000)) == 100_000
            time.sleep(1)
            waiting = Endless.sent
            stored = [path for path in (folder / "temporary").rglob("*") if path.is_file()]
            read = 100_000
            while chunk := reply.read(1_000_000):
                read += len(chunk)
            connection.close()
        server.shutdown()

    assert read == len(CHUNK) * CHUNKS
    assert waiting < 20_000_000, "the proxy took it all, and keeps it somewhere"
    assert stored == []


def test_caddy_and_nginx_take_the_examples_as_they_are(folder):
    """But for the certificates, which are not here."""
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(folder / "caddy")},
    )
    assert (done.returncode, "Valid configuration" in done.stdout) == (0, True), done
    nginx = nginx_for(folder, folder / "run" / "socket", free_port())
    assert subprocess.run([*nginx, "-t"], check=False, capture_output=True).returncode == 0
