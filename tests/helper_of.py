"""A helper that says what a test wants to hear: for what happens here after its answers.

What the real one does is seen in `tests/helper`, and with real mail in `tests/mailservers`.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from webmailadmin.servers.helper.orders import understood

Answer = dict[str, Any] | Callable[[str], dict[str, Any]]


class Helper:
    """Answers at a socket, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        self.question: dict[str, str] = {}
        self.answers: dict[str, Answer] = {}
        self.archive: Iterable[bytes] = ()
        self.sent = 0
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=[connection], daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        """Answer one question. Whoever asked may be gone before the end."""
        with connection, suppress(OSError):
            self.say(connection)

    def say(self, connection: socket.socket) -> None:
        """Read a question, and say what the test wants to be said."""
        # What the real one would refuse is not asked of this one either.
        with connection.makefile("rb") as asked:
            line = asked.readline().rstrip(b"\n")
        question = self.question = understood(line)
        verb, about = question["verb"], question.get("home") or question.get("email")
        self.asked.append((verb, about))
        found = self.answers.get(verb, {"refused": f"No {verb} here."})
        said = found(about) if callable(found) else found
        connection.sendall(json.dumps(said).encode() + b"\n")
        if verb == "archive" and "refused" not in said:
            for chunk in self.archive:
                connection.sendall(chunk)
                self.sent += len(chunk)

    def holds(self, messages: int, size: int) -> None:
        """Let each home hold so many messages of so many bytes in all."""
        held = {"messages": messages, "bytes": size, "last_log_in": None}
        self.answers |= {"usage": held, "purge": held, "kick": {}}

    def packs(self, *chunks: bytes, size: int | None = None) -> None:
        """Let these be the archive of each home. size: what is promised, if not what there is."""
        self.archive = chunks
        promised = sum(len(chunk) for chunk in chunks) if size is None else size
        self.answers["archive"] = {"size": promised}


@contextmanager
def helper_at(path: Path) -> Iterator[Helper]:
    """Run a helper at `path`."""
    helper = Helper(path)
    try:
        yield helper
    finally:
        # close() alone would leave accept() waiting.
        helper.listening.shutdown(socket.SHUT_RDWR)
        helper.listening.close()
        path.unlink(missing_ok=True)
