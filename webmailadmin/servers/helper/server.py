"""The socket of the helper: one order a connection, in a thread of its own."""

import json
import os
import pwd
import socket
import struct
import time
from contextlib import closing, suppress
from logging import INFO, WARNING, getLogger
from pathlib import Path
from threading import BoundedSemaphore, Thread

from webmailadmin.log import note
from webmailadmin.servers.helper.archive import gathered
from webmailadmin.servers.helper.orders import Order, Orders, understood
from webmailadmin.servers.helper.refused import Refused

LONGEST_ORDER = 2048  # bytes
SECONDS_TO_ORDER = 5.0
# Whoever downloads an archive may take a pause, and we hold its messages' folder open meanwhile.
SECONDS_TO_TAKE_A_CHUNK = 600.0
MOST_AT_ONCE = 32
MOST_ARCHIVES_AT_ONCE = 8
PEER = struct.Struct("3i")  # process, user, group: unix(7), SO_PEERCRED

log = getLogger(__name__)


def listen(path: Path) -> socket.socket:
    """Listen on a socket that its folder's group may use. Raises OSError.

    The socket of one that ended is replaced; one that still answers is left alone.
    """
    listening = socket.socket(socket.AF_UNIX)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except FileNotFoundError:
            pass
    mask = os.umask(0o117)
    try:
        listening.bind(str(path))
    finally:
        os.umask(mask)
    listening.listen()
    return listening


class Server:
    """Answers the orders of one user at a listening socket."""

    def __init__(self, listening: socket.socket, user: str, orders: Orders) -> None:
        """Raises KeyError when there is no such user."""
        self.listening, self.user, self.orders = listening, user, orders
        self.uid = pwd.getpwnam(user).pw_uid
        self.places = BoundedSemaphore(MOST_AT_ONCE)
        self.archives = BoundedSemaphore(MOST_ARCHIVES_AT_ONCE)

    def serve(self) -> None:
        """Answer for ever. Who comes while there is no place waits, as long as it likes."""
        while True:
            self.places.acquire()
            connection, _ = self.listening.accept()
            Thread(target=self.attend, args=(connection,), daemon=True).start()

    def attend(self, connection: socket.socket) -> None:
        """Hear one order and carry it out; whatever comes of it is answered."""
        known: dict[str, object] = {}
        with closing(connection):
            try:
                line = read_line(connection)
                self.refuse_strangers(connection, known)
                order = understood(line)
                known.update(order)
                self.obey(order, connection)
            except Refused as reason:
                refuse(connection, str(reason), **known)
            except OSError as error:
                # Whoever asked went away, or a disk fails.
                refuse(connection, f"The mail-file helper met trouble: {error}.", **known)
            except Exception:
                log.exception("order %s", known.get("verb"))
                refuse(connection, "The mail-file helper has a fault; its log tells more.", **known)
            finally:
                self.places.release()

    def refuse_strangers(self, connection: socket.socket, known: dict[str, object]) -> None:
        """Raise Refused unless the panel's user is at the other end; note who it is in `known`."""
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
        _, uid, _ = PEER.unpack(peer)
        if uid != self.uid:
            known["uid"] = uid
            raise Refused(f"Only the user {self.user} is answered here.")

    def obey(self, order: Order, connection: socket.socket) -> None:
        """Carry out an order. Raises Refused, OSError."""
        if order["verb"] != "archive":
            answer(connection, self.orders.answers[order["verb"]](order))
            return
        if not self.archives.acquire(blocking=False):
            raise Refused("Too many mailboxes are being packed: try again in some minutes.")
        try:
            self.pack(order, connection)
        finally:
            self.archives.release()

    def pack(self, order: Order, connection: socket.socket) -> None:
        """Send all messages of a mailbox. Raises Refused, OSError, until the first byte."""
        with self.orders.archive(order) as archive:
            answer(connection, {"size": archive.frame.size})
            connection.settimeout(SECONDS_TO_TAKE_A_CHUNK)
            began, trouble = time.monotonic(), None
            try:
                for chunk in gathered(archive.chunks()):
                    connection.sendall(chunk)
            # No word of what happens now among the bytes: that they end too soon tells enough.
            except (OSError, Refused) as error:
                trouble = str(error)
            except Exception as error:
                log.exception("order archive")
                trouble = str(error)
            took = round(time.monotonic() - began, 1)
            known = {"bytes": archive.frame.size, "seconds": took, "trouble": trouble}
            note("packed", WARNING if trouble else INFO, home=order["home"], **known)


def read_line(connection: socket.socket) -> bytes:
    """Return the line that was sent, without its end. Raises Refused."""
    deadline = time.monotonic() + SECONDS_TO_ORDER
    received = b""
    while b"\n" not in received:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            more = connection.recv(LONGEST_ORDER)
        except TimeoutError:
            raise Refused("The order took too long.") from None
        if not more:
            raise Refused("The order is no whole line.")
        received += more
        if len(received) > LONGEST_ORDER:
            raise Refused("The order is too long.")
    line, _, rest = received.partition(b"\n")
    if rest:
        raise Refused("More than one order was given.")
    return line


def answer(connection: socket.socket, said: dict[str, object]) -> None:
    """Send an answer. Raises OSError."""
    connection.settimeout(SECONDS_TO_ORDER)
    connection.sendall(json.dumps(said).encode("ascii") + b"\n")


def refuse(connection: socket.socket, reason: str, **known: object) -> None:
    """Log a refusal and tell it, if somebody is there to hear it."""
    note("refused", WARNING, reason=reason, **known)
    with suppress(OSError):
        answer(connection, {"refused": reason})
