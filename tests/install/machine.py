"""A throw-away copy of a whole machine, with the ports of mail servers, where nothing stays.

A mount and a network namespace of its own, an overlay over a file system that stays as it is, and
in it a real `webmailadmin servers install`. With the process that holds it everything goes away.
"""

import ctypes
import imaplib
import json
import re
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import flask

T = TypeVar("T")
CHECKOUT = Path(__file__).parents[2]
PROGRAM = ("webmailadmin", "templates", "static", "deploy", "wsgi.py")
HOST = "mail.hoster.example"
SECONDS_TO_END = 120
CLONE_NEWNET = 0x40000000
SECONDS_TO_ARRIVE = 20
# What is in /etc and beside it, but for what `picture` tells in another way.
FILES = """
cd / && find etc usr/local/bin ! -type d ! -name '*-' ! -path etc/passwd ! -path etc/shadow \\
  ! -path etc/group ! -path etc/gshadow ! -path "etc/postfix/ma*.cf" ! -path etc/.pwd.lock \\
  ! -path etc/subuid ! -path etc/subgid -printf '%M %u:%g %p %l ' \\( -type f -exec md5sum {} ';' \\
  -o -printf '\\n' \\) | sort
"""
# $1: lower folders; $2: an empty folder; $3: checkout, $4: libraries, $5: their place within.
BEGIN = """
set -e
mount -t tmpfs -o mode=755 tmpfs "$2"
mkdir "$2/up" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/up,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
hostname vps
ip link set lo up
ip address add 192.0.2.1/32 dev lo  # a stranger's, by RFC 5737
mkdir -p opt/webmailadmin opt/libraries
for part in $4; do cp -r "$3/$part" opt/webmailadmin/; done
mount --bind "$5" opt/libraries
echo ready
exec chroot . bash -c 'cd /opt/webmailadmin; sleep infinity & wait'
"""
# A virtual environment of the machine's own Python, as a hoster makes it.
PREPARE = f"""
set -e
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
python3 -m venv --without-pip /opt/webmailadmin/.venv
echo /opt/libraries > "$(echo /opt/webmailadmin/.venv/lib/python3*/site-packages)/libraries.pth"
echo /opt/webmailadmin > "$(echo /opt/webmailadmin/.venv/lib/python3*/site-packages)/ours.pth"
cat > /opt/webmailadmin/.venv/bin/webmailadmin <<'END'
#!/opt/webmailadmin/.venv/bin/python
from webmailadmin.__main__ import main
main()
END
chmod 755 /opt/webmailadmin/.venv/bin/webmailadmin
echo 'postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string {HOST}' | debconf-set-selections
rm -f /etc/postfix/main.cf
DEBIAN_FRONTEND=noninteractive dpkg-reconfigure postfix 2>&1
mkdir -p /etc/dovecot/private
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 9 \\
  -keyout /etc/dovecot/private/dovecot.key -out /etc/dovecot/private/dovecot.pem 2>&1
chmod 600 /etc/dovecot/private/dovecot.key
# As a fresh machine, whatever the one below it has been used for.
for user in webmailadmin vmail; do userdel --force "$user" 2>&1 || true; done
groupdel webmailadmin-servers 2>&1 || true
"""


@dataclass(frozen=True)
class Machine:
    """A running copy, by the process that holds it."""

    pid: int

    def ask(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in it, to its end."""
        inside = ("--mount", "--net", "--pid", "--uts", "--root", "--wd")
        # Into files: a server that a command leaves running would keep a pipe open.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                ["nsenter", f"--target={self.pid}", *inside, *command],
                input=given,
                stdout=out,
                stderr=errors,
                text=True,
                check=False,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
                umask=0o022,
                timeout=SECONDS_TO_END,
            )
            out.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, out.read(), errors.read())

    def run(self, *command: str, given: str = "") -> str:
        """Run a command in it that must succeed; return what it printed."""
        done = self.ask(*command, given=given)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def sh(self, script: str) -> str:
        """Run some lines of shell that must succeed."""
        return self.run("sh", "-ec", script)

    def webmailadmin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program as root does."""
        return self.ask("/opt/webmailadmin/.venv/bin/webmailadmin", *arguments)

    def path(self, within: str) -> Path:
        """Return where a file of the machine is to be found from here."""
        return Path(f"/proc/{self.pid}/root{within}")

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Set the mail servers up."""
        return self.webmailadmin("servers", "install", "--mail-host", HOST, *options)

    def people(self, *wanted: list[object]) -> None:
        """Make addresses: each a list of address, password ("" for no mailbox) and recipients.

        For who is away, the text of the vacation answer follows.
        """
        as_panel = ("setpriv", "--reuid=webmailadmin", "--regid=webmailadmin", "--init-groups")
        program = (CHECKOUT / "tests" / "install" / "people.py").read_text()
        python = "/opt/webmailadmin/.venv/bin/python"
        self.run(*as_panel, python, "-c", program, given=json.dumps(wanted))

    def picture(self) -> dict[str, list[str]]:
        """Return what a set-up may change, in lines of text."""
        return {
            name: self.sh(script).splitlines()
            for name, script in {
                "main.cf": "postconf -n",
                "master.cf": "postconf -M; postconf -P",
                "dovecot": "doveconf -n",
                "users": "getent passwd; getent group",
                "files": FILES,
            }.items()
        }

    def boot(self, *commands: str) -> None:
        """End all processes at once, empty /run, and start what `commands` say."""
        mine = ("sleep", "bash")
        for line in self.run("ps", "-eo", "pid=,comm=").splitlines():
            pid, name = line.split()
            if name not in (*mine, "ps"):
                self.ask("kill", "-KILL", pid)
        self.sh("rm -rf /run/*; mkdir -p /run/lock")
        for command in commands:
            self.sh(command)

    # Its ports

    def connect(self, port: int, source: str = "127.0.0.1") -> socket.socket:
        """Return a connection to one of its ports."""
        return self.within(lambda: socket.create_connection(("127.0.0.1", port), 30, (source, 0)))

    def within(self, do: Callable[[], T]) -> T:
        """Do something in its network: a thread of ours goes there, and ends there."""

        def there() -> T:
            with Path(f"/proc/{self.pid}/ns/net").open() as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return do()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(there).result()

    @contextmanager
    def smtp(self, port: int, source: str = "127.0.0.1") -> Iterator[smtplib.SMTP]:
        """Open a dialogue with Postfix that has said EHLO, on 465 under TLS."""
        with Smtp(self, port, source) as client:
            client.ehlo()
            yield client

    def send(
        self, port: int, sender: str, to: str, subject: str, log_in: str = "", user: str = ""
    ) -> None:
        """Send a message, on 587 under TLS; with a password as `user`, the sender by default."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message.set_content("Hello!")
        with self.smtp(port) as client:
            if port == 587:
                client.starttls(context=any_tls())
            if log_in:
                client.login(user or sender, log_in)
            client.send_message(message)

    @contextmanager
    def imap(self, port: int = 993, source: str = "127.0.0.1") -> Iterator[imaplib.IMAP4]:
        """Open an IMAP dialogue, on 993 under TLS."""
        client = Imap(self, port, source)
        try:
            yield client
        finally:
            client.shutdown()

    def subjects(self, email: str, password: str, at_least: str) -> list[str]:
        """Return the subjects in a mailbox, once one of them has arrived; as they are if never."""
        deadline = time.monotonic() + SECONDS_TO_ARRIVE
        while True:
            with self.imap() as client:
                client.login(email, password)
                client.select(readonly=True)
                found = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
            texts = [part[1].decode() for part in found if isinstance(part, tuple)]
            subjects = [text.partition(": ")[2].strip() for text in texts]
            if at_least in subjects or time.monotonic() > deadline:
                return subjects
            time.sleep(0.1)

    def certificate(self, port: int) -> str:
        """Return the certificate that is shown on a port of TLS."""
        with any_tls().wrap_socket(self.connect(port)) as opened:
            return ssl.DER_cert_to_PEM_cert(opened.getpeercert(binary_form=True) or b"")

    @contextmanager
    def outside(self) -> Iterator[Callable[[int], list[str]]]:
        """Be the hosts outside: what leaves comes to a server that keeps it.

        Gives a function that waits for so many messages, and returns their envelope senders.
        """
        self.sh(
            "rm -rf /tmp/outside; mkdir -m 777 /tmp/outside; postconf -e relayhost=[127.0.0.1]:2626"
        )
        self.sh("cd /tmp/outside; smtp-sink -u nobody -d %H%M%S. 127.0.0.1:2626 100 >&2 & ")
        self.sh("postfix reload")

        def senders(number: int) -> list[str]:
            deadline = time.monotonic() + SECONDS_TO_ARRIVE
            while time.monotonic() < deadline:
                files = sorted(self.path("/tmp/outside").iterdir())
                texts = [file.read_text() for file in files]
                found = [re.findall(r"^X-Mail-Args: <(.*?)>", text, re.MULTILINE) for text in texts]
                if sum(map(bool, found)) >= number:
                    return sorted(
                        (each[0] for each in found if each), key=lambda one: one[:1] != "S"
                    )
                time.sleep(0.1)
            raise AssertionError(self.sh("postqueue -p; ls /tmp/outside"))

        try:
            yield senders
        finally:
            self.sh("postconf -e relayhost=; pkill smtp-sink || true")


class Smtp(smtplib.SMTP):
    """A client within a machine."""

    def __init__(self, machine: Machine, port: int, source: str) -> None:
        self.machine, self.to, self.source = machine, port, source
        super().__init__("127.0.0.1", port, "client.elsewhere.example")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = self.machine.connect(self.to, self.source)
        return any_tls().wrap_socket(plain) if self.to == 465 else plain


class Imap(imaplib.IMAP4):
    """A client within a machine."""

    def __init__(self, machine: Machine, port: int, source: str) -> None:
        self.machine, self.to, self.source = machine, port, source
        super().__init__("127.0.0.1", port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = self.machine.connect(self.to, self.source)
        return any_tls().wrap_socket(plain) if self.to == 993 else plain


def any_tls() -> ssl.SSLContext:
    """Return a client's TLS that takes every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def own_libraries() -> Path:
    """Return the folder of the libraries that the tests run with."""
    return Path(flask.__file__).parents[1]


@contextmanager
def machine(folder: Path, lower: str, libraries: Path) -> Iterator[Machine]:
    """Run a machine over the file systems `lower`, until the block ends.

    folder: an empty one. libraries: those that fit its Python.
    """
    isolated = ("unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child")
    arguments = (lower, str(folder), str(CHECKOUT), " ".join(PROGRAM), str(libraries))
    process = subprocess.Popen(
        [*isolated, "sh", "-c", BEGIN, "begin", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        umask=0o022,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        running = Machine(int(children.read_text()))
        running.sh(PREPARE)
        yield running
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
