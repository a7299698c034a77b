"""All messages of a mailbox as a .zip with one mbox per folder, which Thunderbird imports.

In two passes, since the size comes first: one measures each message as it will stand in its mbox,
the other sends it. A message that is renamed meanwhile is found again; in the place of one that
is gone stand empty lines. What is known of the messages lies in a file without a name: a mailbox of
any size takes the same memory, but for the names of one folder's messages.
"""

import math
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from logging import WARNING
from typing import BinaryIO

from webmailadmin.log import note
from webmailadmin.servers.helper import mbox
from webmailadmin.servers.helper.names import name_in_archive
from webmailadmin.servers.helper.refused import Refused
from webmailadmin.servers.helper.tree import (
    MAILDIR,
    Folder,
    base_name,
    mail_folders,
    message,
    messages,
    passed_over,
)
from webmailadmin.servers.helper.zipped import Frame, Stored

SECONDS_BETWEEN_SEARCHES = 1.0
TRIES = 3


class Archive:
    """The archive of one mailbox, whose folder is open as long as it is used."""

    def __init__(self, home: Folder | None, plan: BinaryIO) -> None:
        """Measure all messages. plan: an empty file of its own. Raises Refused.

        home: None for a mailbox that no mail has come to yet.
        """
        self.home, self.plan = home, plan
        self.folders: list[tuple[str, int]] = []
        files, taken = [], set[str]()
        for name, folder in mail_folders(home) if home else ():
            count, size = self.measure(folder)
            self.folders.append((name, count))
            files.append(Stored(name_in_archive(name, taken), size))
        self.frame = Frame(files or [Stored(name_in_archive("", taken), 0)], time.time())
        for name in passed_over(home) if home else ():
            note("left out", WARNING, file=name)

    def measure(self, folder: Folder) -> tuple[int, int]:
        """Plan the messages of a folder, the oldest first; return their number and bytes."""
        count = total = 0
        for name in sorted(entry.name for entry in messages(folder)):
            try:
                with message(folder, name) as file:
                    arrived = int(os.fstat(file.fileno()).st_mtime)
                    size = sum(map(len, mbox.quoted(file)))
            except FileNotFoundError:
                continue
            except (OSError, Refused) as reason:
                note("left out", WARNING, file=f"{folder.shown}/{name!r}", reason=str(reason))
                continue
            self.plan.write(f"{arrived} {size} {name}\n".encode())
            count += 1
            total += len(mbox.head(arrived)) + size
        return count, total

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of the whole archive, of which there are `frame.size`."""
        self.plan.seek(0)
        checksums = []
        for number, (name, count) in enumerate(self.folders or [("", 0)]):
            yield self.frame.head(number)
            checksum = 0
            for chunk in self.mbox(name, count) if count else ():
                checksum = zlib.crc32(chunk, checksum)
                yield chunk
            checksums.append(checksum)
            yield self.frame.tail(number, checksum)
        yield self.frame.end(checksums)

    def mbox(self, name: str, count: int) -> Iterator[bytes]:
        """Yield the bytes of a mail folder's mbox, as many as were measured."""
        with ExitStack() as opened:
            folder = self.home
            with suppress(FileNotFoundError, Refused):
                for part in (MAILDIR, name):
                    if part and folder:
                        # While it is not open there is none, and none of its messages.
                        above, folder = folder, None
                        folder = opened.enter_context(above.folder(part))
            search = Search(folder)
            # A line: Unix seconds of the arrival, bytes behind the first line, name.
            for line in islice(self.plan, count):
                arrived, size, message_name = line.decode().rstrip("\n").split(" ", 2)
                yield mbox.head(int(arrived))
                yield from mbox.exactly(int(size), read(search, message_name))


class Search:
    """Finds the messages of a mail folder, also those whose flags change meanwhile."""

    def __init__(self, folder: Folder | None) -> None:
        """Search in a folder; None is one that is gone."""
        self.folder, self.names, self.searched = folder, dict[str, str](), -math.inf

    def open(self, name: str) -> BinaryIO:
        """Open a message that was called so. Raises FileNotFoundError, Refused."""
        if self.folder is None:
            raise FileNotFoundError(name)
        base = base_name(name)
        for _ in range(TRIES):
            with suppress(FileNotFoundError):
                return message(self.folder, self.names.get(base, name))
            # When many are gone, not a search for each.
            if base in self.names or time.monotonic() > self.searched + SECONDS_BETWEEN_SEARCHES:
                self.names = {base_name(entry.name): entry.name for entry in messages(self.folder)}
                self.searched = time.monotonic()
        raise FileNotFoundError(name)


def read(search: Search, name: str) -> Iterator[bytes]:
    """Yield a message as it stands in an mbox, as far as it can be read."""
    try:
        with search.open(name) as file:
            yield from mbox.quoted(file)
    except (OSError, Refused) as reason:
        note("message gone meanwhile", name=name, reason=str(reason))


def gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer, larger pieces."""
    parts, size = list[bytes](), 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= mbox.BLOCK:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)
