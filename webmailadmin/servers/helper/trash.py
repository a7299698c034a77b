"""Mailboxes are deleted: first moved out of the way in one step, then taken to pieces.

The trash is a folder in the mail root. What lies there is named after its mailbox and what that
held, so that whoever asks again is told the same, whatever broke off the first time; an empty
folder stays behind for that, for a week.
"""

import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOTEMPTY
from itertools import islice
from logging import WARNING

from webmailadmin.log import note
from webmailadmin.servers.helper.held import Held, held
from webmailadmin.servers.helper.refused import Refused
from webmailadmin.servers.helper.tree import Folder

TRASH = ".trash"
NAME = re.compile(r"([0-9a-f]{32})-(\d+)-(\d+)")
SECONDS_TO_REMEMBER = 7 * 86400
AT_ONCE = 1000  # names that are held in memory

# Two at the same pieces would stumble over each other.
alone = threading.Lock()


def purge(root: Folder, name: str) -> Held:
    """Delete a mailbox for good and return what it held; zeros when there never was one.

    Raises Refused; what is left then is deleted by the next try.
    """
    with alone, open_trash(root) as trash:
        # What broke off earlier comes first: a folder of the same name can then take its place.
        empty_all(trash, name)
        throw_away(root, name, trash)
        return empty_all(trash, name)


def finish(root: Folder) -> None:
    """Delete what an earlier run left half deleted; forget what is long gone. Raises Refused."""
    with alone, open_trash(root) as trash:
        for entry in list(trash.entries()):
            if NAME.fullmatch(entry.name):
                changed = entry.stat(follow_symlinks=False).st_mtime
                try:
                    empty_one(trash, entry.name)
                except Refused as reason:
                    note("not deleted yet", WARNING, reason=str(reason))
                else:
                    if changed < time.time() - SECONDS_TO_REMEMBER:
                        os.rmdir(entry.name, dir_fd=trash.descriptor)


def open_trash(root: Folder) -> Folder:
    """Open the trash, made if need be. Raises Refused."""
    with suppress(FileExistsError):
        os.mkdir(TRASH, 0o700, dir_fd=root.descriptor)
    return root.folder(TRASH)


def throw_away(root: Folder, name: str, trash: Folder) -> None:
    """Move a mailbox to the trash, in one step, if it is there. Raises Refused."""
    try:
        with root.folder(name) as home:
            found = held(home)
    except FileNotFoundError:
        return
    with said(f"{root.shown}/{name}"):
        os.rename(
            name,
            f"{name}-{found.messages}-{found.bytes}",
            src_dir_fd=root.descriptor,
            dst_dir_fd=trash.descriptor,
        )
    # Before the panel is told: after a power cut it must not be back.
    for folder in (trash, root):
        os.fsync(folder.descriptor)


def empty_all(trash: Folder, name: str) -> Held:
    """Empty what lies in the trash of a mailbox; return what it held. Raises Refused."""
    total = Held()
    for entry in list(trash.entries()):
        told = NAME.fullmatch(entry.name)
        if told and told[1] == name:
            empty_one(trash, entry.name)
            total = Held(total.messages + int(told[2]), total.bytes + int(told[3]))
    return total


def empty_one(trash: Folder, name: str) -> None:
    """Empty a folder in the trash. Raises Refused."""
    with trash.folder(name) as folder:
        empty(folder)


def empty(folder: Folder) -> None:
    """Delete all that is in a folder, however deep. Links are deleted, not followed.

    Folders within folders are first moved up, so that no more than two are ever open.
    Raises Refused.
    """
    while entries := list(islice(folder.entries(), AT_ONCE)):
        for entry in entries:
            with said(f"{folder.shown}/{entry.name!r}"):
                if entry.is_dir(follow_symlinks=False):
                    flatten(folder, entry.name)
                else:
                    os.unlink(entry.name, dir_fd=folder.descriptor)


def flatten(folder: Folder, name: str) -> None:
    """Delete a folder in a folder; what folders it has, move up beside it. Raises Refused."""
    with folder.folder(name) as inner:
        for entry in inner.entries():
            if entry.is_dir(follow_symlinks=False):
                os.rename(
                    entry.name,
                    secrets.token_hex(16),
                    src_dir_fd=inner.descriptor,
                    dst_dir_fd=folder.descriptor,
                )
            else:
                os.unlink(entry.name, dir_fd=inner.descriptor)
    # Reading a folder that shrinks may pass something over: the next round comes to it.
    try:
        os.rmdir(name, dir_fd=folder.descriptor)
    except OSError as error:
        if error.errno != ENOTEMPTY:
            raise


@contextmanager
def said(shown: str) -> Iterator[None]:
    """Say of what it was that an error came. Raises Refused."""
    try:
        yield
    except FileNotFoundError:
        pass  # gone already
    except OSError as error:
        raise Refused(f"{shown} cannot be deleted: {error.strerror}.") from error
