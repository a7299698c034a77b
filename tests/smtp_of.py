"""A mail server that says what a test wants to hear: for what happens here after its replies.

What the real one does with our mail is seen in `tests/mailservers`.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import BinaryIO

WELL = {"": "220 hello", "EHLO": "250 hello", "DATA": "354 go on", ".": "250 2.0.0 Ok"}


class MailServer:
    """Answers on the loopback, and keeps what it takes.

    replies: by verb, "" for the greeting, "." for the end of a message; None ends the connection.
    """

    def __init__(self, port: int) -> None:
        self.replies: dict[str, str | None] = {}
        self.heard: list[str] = []
        self.messages: list[EmailMessage] = []
        self.listening = socket.create_server(("127.0.0.1", port))
        self.port: int = self.listening.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines:
                self.answer(lines)

    def answer(self, lines: BinaryIO) -> None:
        """Go through one dialogue."""
        going_on = self.reply(lines, "")
        while going_on and (line := lines.readline()):
            verb = line.split()[0].decode().upper()
            self.heard.append(line.decode().strip())
            going_on = self.reply(lines, verb)
            if going_on and verb == "DATA" and self.said("DATA")[:3] == "354":
                text = b"".join(iter(lines.readline, b".\r\n"))
                going_on = self.reply(lines, ".")
                if self.said(".").startswith("250"):
                    self.messages.append(message_from_bytes(text, policy=policy.default))

    def said(self, verb: str) -> str:
        """Return what is replied to this verb; "" when the connection ends there."""
        return self.replies.get(verb, WELL.get(verb, "250 2.1.0 Ok")) or ""

    def reply(self, lines: BinaryIO, verb: str) -> bool:
        """Reply; say whether the dialogue goes on."""
        lines.write(self.said(verb).encode() + b"\r\n" if self.said(verb) else b"")
        lines.flush()
        return bool(self.said(verb))


@contextmanager
def mail_server(port: int = 0) -> Iterator[MailServer]:
    """Run a mail server, at a port that is free if none is given."""
    server = MailServer(port)
    try:
        yield server
    finally:
        # close() alone would leave accept() waiting.
        server.listening.shutdown(socket.SHUT_RDWR)
        server.listening.close()
