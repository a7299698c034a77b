"""The mail files, reached from one folder to the next by descriptors, never by a path.

No symbolic link is followed, nothing that belongs to somebody else is opened, and no other file
system is entered.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from webmailadmin.servers.helper.refused import Refused

TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe must not make us wait for its writer.
TO_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
MAILDIR = "Maildir"


class Folder:
    """An open folder of ours. shown: how it is called in a sentence."""

    def __init__(self, descriptor: int, shown: str, device: int | None = None) -> None:
        """Take the descriptor over. Raises Refused when the folder is not ours or elsewhere."""
        self.descriptor, self.shown = descriptor, shown
        found = os.fstat(descriptor)
        self.device = found.st_dev if device is None else device
        if not is_ours(found, self.device):
            os.close(descriptor)
            raise Refused(f"{shown} belongs to somebody else or lies on another file system.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.descriptor)

    def folder(self, name: str) -> "Folder":
        """Open a folder in this one. Raises FileNotFoundError, Refused."""
        shown = f"{self.shown}/{name!r}"
        try:
            descriptor = os.open(name, TO_LIST, dir_fd=self.descriptor)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Refused(f"{shown} cannot be opened as a folder: {error.strerror}.") from error
        return Folder(descriptor, shown, self.device)

    def file(self, name: str) -> BinaryIO:
        """Open a file in this folder to read it. Raises FileNotFoundError, Refused."""
        shown = f"{self.shown}/{name!r}"
        # A device may act on being opened.
        if not self.is_file(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)):
            raise Refused(f"{shown} is no file of ours.")
        try:
            opened = os.fdopen(os.open(name, TO_READ, dir_fd=self.descriptor), "rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Refused(f"{shown} cannot be read: {error.strerror}.") from error
        if self.is_file(os.fstat(opened.fileno())):
            return opened
        opened.close()
        raise Refused(f"{shown} is no file of ours.")

    def is_file(self, found: os.stat_result) -> bool:
        """Say whether this is a file of ours. Links to it: Dovecot makes some between mailboxes."""
        return stat.S_ISREG(found.st_mode) and is_ours(found, self.device)

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Yield what is in this folder, in no order."""
        with os.scandir(self.descriptor) as found:
            yield from found


def is_ours(found: os.stat_result, device: int) -> bool:
    """Say whether a file or folder belongs to us and lies on the file system of the mail root."""
    return found.st_uid == os.geteuid() and found.st_dev == device


def open_root(path: Path) -> Folder:
    """Open the folder of all mailboxes. Raises Refused.

    Anew for each order: one that was unmounted or replaced meanwhile must not be mistaken for an
    empty one.
    """
    try:
        return Folder(os.open(path, TO_LIST), str(path))
    except OSError as error:
        reason = error.strerror
        raise Refused(f"The mail files' folder {path} cannot be opened: {reason}.") from error


def mail_folders(home: Folder) -> Iterator[tuple[str, Folder]]:
    """Yield the mail folders of a mailbox by their names on the disk, the inbox ("") first.

    Each is open until the next one is asked for. Raises Refused.
    """
    with suppress(FileNotFoundError), home.folder(MAILDIR) as inbox:
        yield "", inbox
        for name in sorted(entry.name for entry in inbox.entries() if is_mail_folder(entry)):
            with suppress(FileNotFoundError), inbox.folder(name) as folder:
                yield name, folder


def is_mail_folder(entry: os.DirEntry[str]) -> bool:
    """Say whether this is a folder beside the inbox: https://doc.dovecot.org, Maildir++."""
    return entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)


def messages(folder: Folder) -> Iterator[os.DirEntry[str]]:
    """Yield the messages of a mail folder, in no order.

    One that a mail program makes "seen" meanwhile goes from new to cur, and counts once.
    """
    seen_new: set[str] = set()
    for place in ("new", "cur"):
        with suppress(FileNotFoundError), folder.folder(place) as opened:
            for entry in opened.entries():
                if not is_message(entry) or (seen_new and base_name(entry.name) in seen_new):
                    continue
                if place == "new":
                    seen_new.add(base_name(entry.name))
                yield entry


def is_message(entry: os.DirEntry[str]) -> bool:
    """Say whether this is a message. What makes no plain line is no name that Dovecot gives."""
    named = entry.name.isprintable() and not entry.name.startswith(".")
    return named and entry.is_file(follow_symlinks=False)


def passed_over(home: Folder) -> Iterator[str]:
    """Yield what lies where mail is and is none: links, pipes, folders. Raises Refused."""
    for name, folder in mail_folders(home):
        if not name:
            yield from (shown(folder, entry) for entry in folder.entries() if entry.is_symlink())
        for place in ("new", "cur"):
            with suppress(FileNotFoundError), folder.folder(place) as opened:
                for entry in opened.entries():
                    if not is_message(entry):
                        yield shown(opened, entry)


def shown(folder: Folder, entry: os.DirEntry[str]) -> str:
    """Return how something in a folder is called in a sentence."""
    return f"{folder.shown}/{entry.name!r}"


def message(folder: Folder, name: str) -> BinaryIO:
    """Open a message of a mail folder. Raises FileNotFoundError, Refused."""
    for place in ("cur", "new"):
        with suppress(FileNotFoundError), folder.folder(place) as opened:
            return opened.file(name)
    raise FileNotFoundError(name)


def base_name(name: str) -> str:
    """Return what stays of a message's name when its flags change."""
    return name.partition(":")[0]
