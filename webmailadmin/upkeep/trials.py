"""A test message is sent to an address, and followed into the mailboxes where its mail ends."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from webmailadmin.mail import names, trials
from webmailadmin.mail.actors import Actor
from webmailadmin.models import Address
from webmailadmin.servers import mailfiles, outgoing
from webmailadmin.servers.outgoing import Letter, Refused, Unreachable
from webmailadmin.words import gettext, in_language

SECONDS_TO_ARRIVE = 30  # until we give up
SECONDS_BETWEEN = 0.1
MOST_LOOKED_INTO = 10
TAKEN = 250


@dataclass(frozen=True)
class Trial:
    """A test message that was sent, or not taken.

    sent_at: microseconds since 1970, UTC. code: of the mail server's reply, 0 when there was none.
    words: of a refusal, or why there was none.
    """

    email: str
    message_id: str
    sent_at: int
    code: int = TAKEN
    words: str = ""


@dataclass(frozen=True)
class Sight:
    """What is seen of a test message that was taken.

    boxes: each mailbox where it must arrive, with the seconds that it took, None until then.
    outside: addresses that it was handed on to. unseen: mailboxes that are not looked into.
    over: nobody waits any longer. trouble: why nothing can be seen, one English sentence.
    """

    boxes: list[tuple[str, float | None]]
    outside: list[str]
    unseen: int
    over: bool
    trouble: str = ""

    @property
    def complete(self) -> bool:
        """Say whether it has arrived wherever it must."""
        return all(seconds is not None for _, seconds in self.boxes)

    @property
    def waiting(self) -> bool:
        """Say whether it is worth looking again."""
        return not (self.complete or self.over or self.trouble)


def microseconds() -> int:
    """Return this moment, in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def send(address: Address, *, by: Actor) -> Trial:
    """Send a test message to an address. Raises TooManyTests."""
    trials.count(address, by=by)
    message_id, sent_at = outgoing.new_message_id(), microseconds()
    outcome = outgoing.send(letter(address, message_id))
    if isinstance(outcome, Refused):
        return Trial(address.email, message_id, sent_at, outcome.code, outcome.words)
    if isinstance(outcome, Unreachable):
        return Trial(address.email, message_id, sent_at, 0, outcome.reason)
    return Trial(address.email, message_id, sent_at)


def letter(address: Address, message_id: str) -> Letter:
    """Write a test message. A host outside that does not take it tells postmaster@ so."""
    postmaster = f"{names.POSTMASTER}@{address.domain.name}"
    with in_language(address.domain.language):
        email = names.shown_email(address.email)
        subject = gettext("Test message to %(email)s", email=email)
        text = gettext(
            "This message was sent from the panel to see whether mail to %(email)s arrives. "
            "Since you read it, it does. You can delete it.",
            email=email,
        )
    return Letter(postmaster, address.email, subject, f"{text}\n", message_id, postmaster)


def look(trial: Trial, address: Address, seconds: float = 0, *, by: Actor) -> Sight:
    """Look for a test message, once or until it arrived; after so many seconds no more."""
    ends = trials.ends(address, by=by)
    deadline = time.monotonic() + seconds
    while True:
        sight = look_once(trial, ends)
        if not sight.waiting or time.monotonic() >= deadline:
            return sight
        time.sleep(SECONDS_BETWEEN)


def look_once(trial: Trial, ends: trials.Ends) -> Sight:
    """Look into each mailbox."""
    looked_into = ends.boxes[:MOST_LOOKED_INTO]
    boxes: list[tuple[str, float | None]] = [(email, None) for email, _ in looked_into]
    over = microseconds() - trial.sent_at > SECONDS_TO_ARRIVE * 1_000_000
    trouble = ""
    try:
        for place, (email, home) in enumerate(looked_into):
            arrived = mailfiles.find(home, trial.message_id)
            boxes[place] = (email, took(trial, arrived) if arrived is not None else None)
    except mailfiles.HelperTrouble as error:
        trouble = str(error)
    return Sight(boxes, ends.outside, len(ends.boxes) - len(looked_into), over, trouble)


def took(trial: Trial, arrived: datetime) -> float:
    """Return the seconds from the sending to the arrival, a tenth at least."""
    seconds = arrived.replace(tzinfo=UTC).timestamp() - trial.sent_at / 1_000_000
    return max(round(seconds, 1), 0.1)
