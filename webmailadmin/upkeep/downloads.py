"""All messages of a mailbox as one download: a stream, told in the journal before it begins."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from weakref import WeakSet

from webmailadmin.log import note
from webmailadmin.mail import guard, mailboxes
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_mailboxes import MessagesOutOfReach, TooManyDownloads
from webmailadmin.models import Domain, Mailbox
from webmailadmin.servers import mailfiles

# Each holds a thread of the server as long as it takes; the others are for the pages.
MOST_AT_ONCE = 3
# Who reads slowly on purpose shall not keep the others waiting.
MOST_OF_AN_OWNER = 2


class Download(Iterator[bytes]):
    """The bytes of an archive. Whoever reads them calls `close`, at their end or before.

    They end too soon when the helper does: whoever counts on `size` sees that.
    """

    def __init__(self, email: str, by: Actor) -> None:
        self.email = email
        self.by = by
        self.archive: mailfiles.Archive | None = None
        self.sent = 0

    @property
    def size(self) -> int:
        """Return how many bytes there are in all."""
        return self.archive.size if self.archive is not None else 0

    def __next__(self) -> bytes:
        if self.archive is None:
            raise StopIteration
        try:
            chunk = next(self.archive.chunks)
        except mailfiles.HelperTrouble as trouble:
            note("download", email=self.email, trouble=str(trouble))
            raise StopIteration from trouble
        self.sent += len(chunk)
        return chunk

    def close(self) -> None:
        """Let the helper go, and another download begin."""
        running.discard(self)
        if self.archive is not None:
            self.archive.chunks.close()
            note("download", email=self.email, sent=self.sent, size=self.size)
            self.archive = None


# Weak: one that was forgotten unread keeps nobody waiting.
running: WeakSet[Download] = WeakSet()
beginning = threading.Lock()


def begin(box: Mailbox, email: str, domain: Domain, *, by: Actor) -> Download:
    """Return all messages of a mailbox as a .zip that waits to be read.

    email: its address, present or former. The helper reads them once before, for the size.
    Raises TooManyDownloads, MessagesOutOfReach; NotFound when they are gone for good.
    """
    download = Download(email, by)
    with beginning:
        refuse_too_many(by)
        running.add(download)
    with ExitStack() as undo:
        undo.callback(download.close)
        try:
            download.archive = mailfiles.archive(box.home)
        except mailfiles.HelperTrouble as trouble:
            note("download", email=email, trouble=str(trouble))
            raise MessagesOutOfReach from trouble
        mailboxes.tell_download(box, email, domain, by=by)
        undo.pop_all()
    return download


def refuse_too_many(by: Actor) -> None:
    """Raise TooManyDownloads while as many run as may at once, in all or of this owner."""
    if len(running) >= MOST_AT_ONCE:
        raise TooManyDownloads(count=MOST_AT_ONCE)
    own = sum(one.by == by for one in running)
    if own >= MOST_OF_AN_OWNER and not guard.everything(by):
        raise TooManyDownloads(count=MOST_OF_AN_OWNER)
