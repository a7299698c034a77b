"""Looking: real dialogues with the private Postfix and Dovecot, and what they left behind."""

import imaplib
import itertools
import json
import poplib
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from webmailadmin.servers.private import LOOPBACK, Ports, PrivateServers

SECONDS_TO_DELIVER = 30
# A sender that was never seen: smtpd remembers how it resolved a pair of sender and recipient
# for as long as its process lives.
fresh_number = itertools.count(1)


@dataclass(frozen=True)
class Dialogue:
    """What Postfix answered to one message.

    recipients: the reply to each, in order. message: the reply to the text, None when nobody
    was left to receive it.
    """

    sender: str
    recipients: list[str]
    message: str | None

    @property
    def taken(self) -> bool:
        """Whether every recipient and the message were accepted."""
        replies = [*self.recipients, self.message or ""]
        return all(reply.startswith("250 ") for reply in replies)


@dataclass(frozen=True)
class Stage:
    """A pair of private servers, spoken to as their clients do."""

    servers: PrivateServers

    # Sending

    def send(
        self,
        *recipients: str,
        sender: str | None = None,
        log_in: tuple[str, str] | None = None,
        subject: str = "Hello",
        characters: int = 0,
        announce_size: bool = True,
        headers: tuple[str, ...] = (),
    ) -> Dialogue:
        """Send a message over SMTP, as a stranger unless `log_in` (address, password) is given.

        sender: of the envelope; a fresh one by default. characters: length of the text.
        headers: lines beside the usual ones.
        """
        sender = sender or f"sender{next(fresh_number)}@elsewhere.example"
        text = written(sender, recipients, subject, characters, headers)
        with self.smtp() as client:
            if log_in:
                client.login(*log_in)
            replies = [client.mail(sender, [f"size={len(text)}"] if announce_size else [])]
            replies += [client.rcpt(recipient) for recipient in recipients]
            some_taken = any(code == 250 for code, _ in replies[1:])
            message = in_words(client.data(text)) if some_taken else None
        return Dialogue(sender, [in_words(reply) for reply in replies[1:]], message)

    @contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        """Open a dialogue with Postfix that has said EHLO."""
        port = self.servers.ports.smtp
        with smtplib.SMTP(LOOPBACK, port, "client.elsewhere.example", timeout=30) as client:
            client.ehlo()
            yield client

    # Reading

    @contextmanager
    def imap(self, email: str, password: str) -> Iterator[imaplib.IMAP4]:
        """Open an IMAP session. Raises imaplib.IMAP4.error when the log-in is refused."""
        client = imaplib.IMAP4(LOOPBACK, self.servers.ports.imap, timeout=30)
        try:
            client.authenticate("PLAIN", lambda _: f"\0{email}\0{password}".encode())
            yield client
        finally:
            client.logout()

    @contextmanager
    def pop3(self, email: str, password: str) -> Iterator[poplib.POP3]:
        """Open a POP3 session. Raises poplib.error_proto when the log-in is refused."""
        client = poplib.POP3(LOOPBACK, self.servers.ports.pop3, timeout=30)
        try:
            client.user(email)
            client.pass_(password)
            yield client
        finally:
            client.quit()

    def read_imap(self, email: str, password: str) -> list[EmailMessage]:
        """Return the messages in the mailbox, once all mail on its way has arrived."""
        self.wait_until_delivered()
        with self.imap(email, password) as client:
            client.select(readonly=True)
            _, numbers = client.search(None, "ALL")
            return [
                parsed(client.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1])
                for number in numbers[0].split()
            ]

    def read_pop3(self, email: str, password: str) -> list[EmailMessage]:
        """Return the messages in the mailbox, once all mail on its way has arrived."""
        self.wait_until_delivered()
        with self.pop3(email, password) as client:
            count, _ = client.stat()
            return [parsed(b"\r\n".join(client.retr(number)[1])) for number in range(1, count + 1)]

    def subjects(self, email: str, password: str) -> list[str]:
        """Return the subjects of the messages in the mailbox."""
        return [message["Subject"] for message in self.read_imap(email, password)]

    def limit_mb(self, email: str, password: str) -> int:
        """Return the size limit of the mailbox, as IMAP tells it."""
        with self.imap(email, password) as client:
            _, (_, (answer,)) = client.getquotaroot("INBOX")
            return int(answer.rpartition(b" ")[2].rstrip(b")")) // 1024

    def outside(self, email: str) -> list[EmailMessage]:
        """Return the messages that would have left this machine for `email`."""
        self.wait_until_delivered()
        kept = [parsed(file.read_bytes()) for file in self.servers.outside.glob("new/*")]
        return [message for message in kept if message["Delivered-To"] == email]

    # Logging in

    def doors_open_to(self, email: str, password: str) -> set[str]:
        """Return which of imap, pop3 and smtp let this pair in.

        All at once: Dovecot takes half a second for each refusal.
        """
        doors = {"imap": self.imap_opens, "pop3": self.pop3_opens, "smtp": self.smtp_opens}
        with ThreadPoolExecutor() as pool:
            opened = pool.map(lambda opens: opens(email, password), doors.values())
            return {door for door, was_opened in zip(doors, opened, strict=True) if was_opened}

    def imap_opens(self, email: str, password: str) -> bool:
        try:
            with self.imap(email, password):
                return True
        except imaplib.IMAP4.error as refusal:
            if "AUTHENTICATIONFAILED" not in str(refusal):
                raise
            return False

    def pop3_opens(self, email: str, password: str) -> bool:
        try:
            with self.pop3(email, password):
                return True
        except poplib.error_proto as refusal:
            if "[AUTH]" not in str(refusal):
                raise
            return False

    def smtp_opens(self, email: str, password: str) -> bool:
        try:
            with self.smtp() as client:
                client.user, client.password = email, password
                client.auth("PLAIN", client.auth_plain)
                return True
        except smtplib.SMTPAuthenticationError as refusal:
            if refusal.smtp_code != 535:
                raise
            return False

    # The queue

    def queue(self) -> list[str]:
        """Return the recipients of the messages that Postfix still holds."""
        lines = self.servers.postfix("postqueue", "-j").splitlines()
        return [to["address"] for line in lines for to in json.loads(line)["recipients"]]

    def wait_until_delivered(self) -> None:
        """Return when Postfix has no mail on its way, or fail."""
        # Twice: while it is listed, a message may move to a part that was listed before.
        wait_until(lambda: not self.queue() and not self.queue(), self.servers.logs)

    def wait_until_deferred(self, email: str) -> str:
        """Return why delivery to `email` waits, once it does, or fail."""
        wait_until(lambda: self.reason_to_wait(email) is not None, self.servers.logs)
        return self.reason_to_wait(email) or ""

    def reason_to_wait(self, email: str) -> str | None:
        """Return the delay_reason of a deferred message to `email`, if there is one."""
        for line in self.servers.postfix("postqueue", "-j").splitlines():
            for to in json.loads(line)["recipients"]:
                if to["address"] == email and "delay_reason" in to:
                    return str(to["delay_reason"])
        return None

    def empty_queue(self) -> None:
        """Throw away what Postfix holds."""
        self.servers.postfix("postsuper", "-d", "ALL")


def wait_until(
    happened: Callable[[], bool],
    story: Callable[[], str],
    seconds: float = SECONDS_TO_DELIVER,
) -> float:
    """Ask until it is so; fail with the end of `story` when it never is.

    Return how many seconds it was not so: until the right answer was asked for, since a refused
    log-in takes its time to answer.
    """
    began = asked = time.monotonic()
    while not happened():
        assert asked < began + seconds, story()[-4000:]
        time.sleep(0.01)
        asked = time.monotonic()
    return asked - began


def written(
    sender: str,
    recipients: tuple[str, ...],
    subject: str,
    characters: int,
    headers: tuple[str, ...] = (),
) -> bytes:
    """Return the text of a message."""
    lines = [f"From: {sender}", f"To: {', '.join(recipients)}", f"Subject: {subject}", *headers]
    lines += ["", "Hi!"]
    lines += ["x" * 70] * (characters // 72)
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def parsed(text: bytes) -> EmailMessage:
    return message_from_bytes(text, policy=policy.default)


def in_words(reply: tuple[int, bytes]) -> str:
    """Return a reply as one line, such as `250 2.1.5 Ok`."""
    code, text = reply
    return f"{code} {text.decode(errors='replace')}"


def free_ports() -> Ports:
    """Return ports that nobody listens on now."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(3)]
    ports = Ports(*(opened.getsockname()[1] for opened in sockets))
    for opened in sockets:
        opened.close()
    return ports
