"""What mailboxes hold is asked of Dovecot, through the mail-file helper, and written down."""

import math
import time
from collections.abc import Iterable
from contextlib import suppress

from webmailadmin.mail import usage
from webmailadmin.models import Mailbox, Usage, now
from webmailadmin.servers import mailfiles

SECONDS_FOR_A_RUN = 5  # the other chores wait for it
SECONDS_BETWEEN_ROUNDS = 60
AT_ONCE = 50  # written down in one transaction, which asks nobody anything


class MailboxesUnread(Exception):
    """The helper would not say what some mailboxes hold. Its text is one sentence."""


def fresh(box: Mailbox, seconds: float = mailfiles.SECONDS_TO_ANSWER) -> Usage | None:
    """Return what a mailbox holds now; when nobody answers, what it held when last asked.

    seconds: to wait for an answer.
    """
    with suppress(mailfiles.HelperTrouble):
        ask(box, seconds)
    return usage.of(box)


def seen(box: Mailbox, seconds: float) -> Usage | None:
    """Return what `fresh` does after so many seconds at most, and write nothing: only look."""
    try:
        held = mailfiles.usage(box.home, seconds)
    except mailfiles.HelperTrouble:
        return usage.of(box)
    return Usage(mailbox=box, messages=held.messages, bytes=held.bytes, at=now())


def seen_in(boxes: Iterable[Mailbox], seconds: float) -> dict[int, tuple[int, int]]:
    """Return messages and bytes that some mailboxes hold now, by their numbers; write nothing.

    seconds: to wait for all answers. The first trouble ends it.
    """
    deadline = time.monotonic() + seconds
    found = {}
    with suppress(mailfiles.HelperTrouble):
        for box in boxes:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            held = mailfiles.usage(box.home, left)
            found[box.id] = (held.messages, held.bytes)
    return found


def ask(box: Mailbox, seconds: float) -> None:
    """Ask what a mailbox holds, and write it down. Raises HelperTrouble."""
    held = mailfiles.usage(box.home, seconds)
    usage.note(box, held.messages, held.bytes, held.last_log_in)


class Round:
    """Goes through all mailboxes by their numbers, again and again, some at each run.

    after: the number of the mailbox asked last. refused: what the helper said of those that it
    would not look into, in the last whole round, and so far in the present one.
    """

    def __init__(self) -> None:
        self.after = 0
        self.rests_until = -math.inf
        self.refused: list[str] = []
        self.refused_so_far: list[str] = []

    def carry_out(self) -> None:
        """Ask mailboxes whose numbers are missing or old, for SECONDS_FOR_A_RUN.

        Raises HelperUnreachable, which ends the run; MailboxesUnread after a round in which some
        were refused. The next run goes on with the mailbox after it, whatever came of this one.
        """
        if time.monotonic() > self.rests_until:
            self.go_on(time.monotonic() + SECONDS_FOR_A_RUN)
        if self.refused:
            raise MailboxesUnread(
                f"{len(self.refused)} mailboxes cannot be looked into: {self.refused[0]}"
            )

    def go_on(self, deadline: float) -> None:
        """Ask until the deadline, or to the end of the round."""
        while time.monotonic() < deadline:
            boxes = usage.next_to_ask(self.after, AT_ONCE)
            if not boxes:
                self.after, self.rests_until = 0, time.monotonic() + SECONDS_BETWEEN_ROUNDS
                self.refused, self.refused_so_far = self.refused_so_far, []
                return
            self.ask_all(boxes, deadline)

    def ask_all(self, boxes: list[tuple[int, str]], deadline: float) -> None:
        """Ask one mailbox after the other until the deadline, then write down the answers."""
        answers = []
        try:
            for id_, home in boxes:
                if time.monotonic() > deadline:
                    break
                self.after = id_
                try:
                    held = mailfiles.usage(home)
                except mailfiles.HelperRefused as refusal:
                    self.refused_so_far.append(str(refusal))
                else:
                    answers.append(
                        usage.Answer(id_, held.messages, held.bytes, held.last_log_in, now())
                    )
        finally:
            usage.note_all(answers)
