"""Mail that the panel itself sends, handed to Postfix on this machine.

What Postfix takes is its affair from then on; what it does not take was not sent at all.
"""

import re
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from secrets import token_hex

from webmailadmin import settings

LOOPBACK = "127.0.0.1"
SECONDS_TO_ANSWER = 10  # for each step of the dialogue
LONGEST_REPLY = 500  # characters
NOBODY = ""  # the envelope sender of what must never be answered nor bounced: RFC 5321, 4.5.5
UNPRINTABLE = re.compile(r"[^ -~]+")

# A header on one line, as long as RFC 5322 (2.1.1) lets it be: where Python 3.11 folds between
# words with accents and without, it loses a space.
UNFOLDED = SMTP.clone(max_line_length=998)


@dataclass(frozen=True)
class Letter:
    """A mail of plain text, in the name of `sender`. bounces_to: NOBODY, or an address.

    html: the same text once more, for programs that show it so.
    Raises ValueError when something else than the texts is more than one line: it would begin
    another header, or another command to the server.
    """

    sender: str
    to: str
    subject: str
    text: str
    message_id: str
    bounces_to: str = NOBODY
    html: str = ""

    def __post_init__(self) -> None:
        for line in (self.sender, self.to, self.subject, self.message_id, self.bounces_to):
            if len(f"{line}.".splitlines()) > 1:
                raise ValueError(f"{line!r} is more than one line.")


@dataclass(frozen=True)
class Taken:
    """Postfix has it and answers for it."""


@dataclass(frozen=True)
class Refused:
    """Postfix did not take it. code, words: its reply, such as 552 and "5.2.2 … is full"."""

    code: int
    words: str


@dataclass(frozen=True)
class Unreachable:
    """Nobody answers, or not to the end. reason: one English sentence."""

    reason: str


Outcome = Taken | Refused | Unreachable


def new_message_id() -> str:
    """Return a Message-ID that nobody can guess: RFC 5322, 3.6.4."""
    return f"<{token_hex(16)}@{settings.current.mail_host}>"


def send(letter: Letter) -> Outcome:
    """Hand a letter to Postfix. Slow: outside every transaction."""
    message = written(letter).as_bytes()
    try:
        hand_over(letter, message)
    except smtplib.SMTPRecipientsRefused as refusal:
        return refused(*refusal.recipients[letter.to])
    except smtplib.SMTPResponseException as refusal:
        if refusal.smtp_code < 0:
            return unreachable("what answers there is none")
        return refused(refusal.smtp_code, refusal.smtp_error)
    except OSError as error:  # what else smtplib raises is of this kind too
        return unreachable(error.strerror or str(error) or "no time left")
    return Taken()


def hand_over(letter: Letter, message: bytes) -> None:
    """Go through the dialogue. Raises what smtplib does, unless the message was taken."""
    client = smtplib.SMTP(
        LOOPBACK,
        settings.current.smtp_port,
        settings.current.mail_host,
        timeout=SECONDS_TO_ANSWER,
    )
    try:
        client.sendmail(letter.bounces_to, [letter.to], message)
    finally:
        # However it parts from us, what it has taken it has taken.
        with suppress(OSError):
            client.quit()


def refused(code: int, reply: bytes | str) -> Refused:
    """Return a refusal with the reply as one printable line."""
    text = reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply
    return Refused(code, UNPRINTABLE.sub(" ", text)[:LONGEST_REPLY].strip())


def unreachable(reason: str) -> Unreachable:
    """Return that nobody answers as a mail server does, and why."""
    port = settings.current.smtp_port
    return Unreachable(f"No mail server answers at {LOOPBACK}, port {port}: {reason}.")


def written(letter: Letter) -> EmailMessage:
    """Return a letter with its headers; no program answers it (RFC 3834, 5)."""
    message = EmailMessage(UNFOLDED)
    message["From"] = Address(addr_spec=letter.sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = localtime()
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable: Postfix need not convert it for a next host that takes ASCII alone.
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message
