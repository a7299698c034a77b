"""The mail files, asked through the helper that owns them (`servers/helper/`).

One connection a question: a line of JSON there, a line of JSON back, and for an archive exactly
as many bytes as that line says. No page hangs on it: each question has its time.
"""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webmailadmin import settings

SECONDS_TO_CONNECT = 1.0
SECONDS_TO_ANSWER = 10.0
SECONDS_TO_KICK = 5.0  # a page may wait for it
SECONDS_TO_PURGE = 600.0
# All messages are read once before the first byte, for the exact size.
SECONDS_TO_MEASURE = 600.0
SECONDS_BETWEEN_CHUNKS = 60.0
LONGEST_ANSWER = 4096  # bytes
CHUNK = 2**16  # bytes
EPOCH = datetime(1970, 1, 1)


class HelperTrouble(Exception):
    """A question to the helper came to nothing. Its text is one English sentence."""


class HelperUnreachable(HelperTrouble):
    """Nobody answers, or not to the end."""


class HelperRefused(HelperTrouble):
    """The helper answered that it would not, or could not."""


@dataclass(frozen=True)
class Held:
    """What a mailbox holds. bytes: as its size limit counts. last_log_in: in UTC, by a program."""

    messages: int
    bytes: int
    last_log_in: datetime | None


class Chunks(Iterator[bytes]):
    """The bytes of an archive, in their order. Whoever leaves them early calls `close`.

    Raises HelperUnreachable when they end too soon.
    """

    def __init__(self, connection: socket.socket, first: bytes, size: int) -> None:
        self.connection, self.first, self.missing = connection, first, size

    def __next__(self) -> bytes:
        if not self.missing:
            self.close()
            raise StopIteration
        chunk, self.first = self.first or self.receive(), b""
        if not chunk:
            self.close()
            raise HelperUnreachable("The mail-file helper ended before the archive was whole.")
        self.missing -= len(chunk)
        return chunk

    def receive(self) -> bytes:
        """Return some more bytes; none when there will be no more."""
        try:
            return self.connection.recv(min(CHUNK, self.missing))
        except OSError:
            return b""

    def close(self) -> None:
        """Let the helper go."""
        self.connection.close()

    __del__ = close


@dataclass(frozen=True)
class Archive:
    """All messages of a mailbox: a .zip of `size` bytes with one mbox per folder."""

    size: int
    chunks: Chunks


def usage(home: str, seconds: float = SECONDS_TO_ANSWER) -> Held:
    """Return what the mailbox in `home` holds; zeros when no mail has arrived yet."""
    return held(asked("usage", seconds, home=home))


def exists(home: str) -> bool:
    """Say whether there is a folder `home`."""
    return bool(asked("exists", SECONDS_TO_ANSWER, home=home)["exists"])


def find(home: str, message_id: str) -> datetime | None:
    """Return when a message arrived in `home`, in UTC with microseconds; None if it has not.

    message_id: with its angle brackets. Only the newest messages are looked at.
    """
    arrived = asked("find", SECONDS_TO_ANSWER, home=home, message_id=message_id)["arrived"]
    return None if arrived is None else EPOCH + timedelta(microseconds=arrived)


def kick(email: str) -> None:
    """End the IMAP and POP3 sessions of the log-in `email`."""
    asked("kick", SECONDS_TO_KICK, email=email)


def purge(home: str) -> Held:
    """Delete `home` for good and return what it held; zeros when nothing is there."""
    return held(asked("purge", SECONDS_TO_PURGE, home=home))


def archive(home: str) -> Archive:
    """Return all messages of the mailbox in `home`."""
    connection = connected()
    try:
        answer, rest = answered(connection, SECONDS_TO_MEASURE, verb="archive", home=home)
    except HelperTrouble:
        connection.close()
        raise
    connection.settimeout(SECONDS_BETWEEN_CHUNKS)
    size = answer["size"]
    return Archive(size, Chunks(connection, rest, size))


def held(answer: dict[str, Any]) -> Held:
    """Read what a mailbox holds out of an answer."""
    seconds = answer["last_log_in"]
    last = None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return Held(answer["messages"], answer["bytes"], last)


def asked(verb: str, seconds: float, **about: str) -> dict[str, Any]:
    """Ask one question and return the answer. Raises HelperUnreachable, HelperRefused."""
    with connected() as connection:
        return answered(connection, seconds, verb=verb, **about)[0]


def connected() -> socket.socket:
    """Return a connection to the helper. Raises HelperUnreachable."""
    path = settings.current.helper_socket
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS_TO_CONNECT)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        reason = error.strerror or "no time left"
        raise HelperUnreachable(f"No mail-file helper answers at {path}: {reason}.") from error
    return connection


def answered(
    connection: socket.socket, seconds: float, **question: str
) -> tuple[dict[str, Any], bytes]:
    """Return the answer and the bytes that came with it. Raises HelperUnreachable, HelperRefused.

    seconds: until the answer must be whole.
    """
    try:
        line, rest = exchanged(connection, json.dumps(question).encode() + b"\n", seconds)
        answer: dict[str, Any] = json.loads(line)
    except TimeoutError as error:
        raise HelperUnreachable(
            f"The mail-file helper gave no answer to {question['verb']} in {seconds:g} seconds."
        ) from error
    except (OSError, ValueError) as error:
        raise HelperUnreachable(
            f"The mail-file helper broke off its answer to {question['verb']}."
        ) from error
    if "refused" in answer:
        raise HelperRefused(answer["refused"])
    return answer, rest


def exchanged(connection: socket.socket, line: bytes, seconds: float) -> tuple[bytes, bytes]:
    """Send a line; return the one that comes back, and what follows it so far."""
    deadline = time.monotonic() + seconds
    connection.sendall(line)
    received = b""
    while b"\n" not in received and len(received) <= LONGEST_ANSWER:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        more = connection.recv(CHUNK)
        if not more:
            break
        received += more
    answer, _, rest = received.partition(b"\n")
    return answer, rest
