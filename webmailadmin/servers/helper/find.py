"""Has a message arrived?"""

import heapq
import os
import re
from collections.abc import Iterator
from contextlib import suppress

from webmailadmin.servers.helper.refused import Refused
from webmailadmin.servers.helper.tree import Folder, mail_folders, message, messages

NEWEST = 100  # messages of each folder
LONGEST_HEADER = 2**16  # bytes
# So Dovecot names a message: the second, the microsecond of its arrival.
ARRIVAL = re.compile(r"(\d{1,11})\.M(\d{1,6})P")
MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(\S+)[ \t]*\r?$", re.I | re.M)
END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


def find(home: Folder, message_id: str) -> int | None:
    """Return when a message arrived, in microseconds; None when it is not among the newest.

    message_id: with its angle brackets. Raises Refused.
    """
    wanted = message_id.encode("ascii")
    for _, folder in mail_folders(home):
        for arrived, name in heapq.nlargest(NEWEST, arrivals(folder)):
            with suppress(FileNotFoundError, Refused):
                if message_id_of(folder, name) == wanted:
                    return arrived
    return None


def arrivals(folder: Folder) -> Iterator[tuple[int, str]]:
    """Yield the arrival of each message in microseconds, and its name."""
    for entry in messages(folder):
        with suppress(FileNotFoundError):
            yield arrival(entry), entry.name


def arrival(entry: os.DirEntry[str]) -> int:
    """Return when a message arrived, in microseconds. Raises FileNotFoundError."""
    told = ARRIVAL.match(entry.name)
    if told:
        return int(told[1]) * 10**6 + int(told[2])
    return entry.stat(follow_symlinks=False).st_mtime_ns // 1000


def message_id_of(folder: Folder, name: str) -> bytes | None:
    """Return the Message-ID of a message, if it has one. Raises FileNotFoundError, Refused."""
    with message(folder, name) as file:
        header = END_OF_HEADER.split(file.read(LONGEST_HEADER), maxsplit=1)[0]
    told = MESSAGE_ID.search(header)
    return told[1] if told else None
