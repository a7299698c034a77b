"""Mails about log-ins, in the language of the person, as text and as HTML.

A link in a mail is made of the setting PUBLIC_URL alone, never of what a request says the host is.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from webmailadmin import settings
from webmailadmin.mail import contacts, forgotten, links, names, notices, people
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_links import LetterNotSent, NoPublicUrl
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.people import Person
from webmailadmin.models import Account, Link
from webmailadmin.servers import outgoing
from webmailadmin.servers.outgoing import Letter, Refused, Unreachable
from webmailadmin.upkeep import letter_words
from webmailadmin.upkeep.letter_words import Words
from webmailadmin.words import in_language

# Another than that is tried again: the mail server cannot take it at the moment.
FOR_GOOD = range(500, 600)


class LettersStuck(Exception):
    """Some letters could not be sent. Its text is one sentence."""


@dataclass(frozen=True)
class Sent:
    """What came of a letter. trouble: why it was not taken, "" when it was. again: try later."""

    trouble: str = ""
    again: bool = False


def refuse_without_url() -> None:
    """Raise NoPublicUrl when no mail can hold a link."""
    if not settings.current.public_url:
        raise NoPublicUrl


def address_of(token: str) -> str:
    """Return the address of a link, for a mail."""
    refuse_without_url()
    return f"{settings.current.public_url}/link/{token}"


# At once, for who waits for it


def send_invitation(person: Person, to: str, token: str) -> None:
    """Send a link to choose a password. Raises NoPublicUrl, LetterNotSent."""
    link = address_of(token)
    send_now(person, to, lambda: letter_words.invitation(people.name(person), link))


def send_confirmation(person: Person, to: str, token: str) -> None:
    """Send a link that confirms a contact address. Raises NoPublicUrl, LetterNotSent."""
    link = address_of(token)
    send_now(person, to, lambda: letter_words.confirmation(people.name(person), to, link))


def send_now(person: Person, to: str, words: Callable[[], Words]) -> None:
    """Send a letter, or say why not. Raises LetterNotSent."""
    sent = send(person, to, words)
    if sent.trouble:
        raise LetterNotSent(to=to, reason=sent.trouble)


def send(person: Person, to: str, words: Callable[[], Words]) -> Sent:
    """Send a letter to a person in their language. words: says what is in it, when asked there."""
    with in_language(people.language(person)):
        said = words()
        text, html = said.as_text(), said.as_html()
    outcome = outgoing.send(
        Letter(sender_to(person), to, said.subject, text, outgoing.new_message_id(), html=html)
    )
    if isinstance(outcome, Unreachable):
        return Sent(outcome.reason, again=True)
    if isinstance(outcome, Refused):
        return Sent(f"{outcome.code} {outcome.words}", again=outcome.code not in FOR_GOOD)
    return Sent()


def sender_to(person: Person) -> str:
    """Return in whose name we write: whoever looks after what the person has."""
    if isinstance(person, Account):
        return f"{names.POSTMASTER}@{settings.current.mail_host}"
    return f"{names.POSTMASTER}@{people.address(person).domain.name}"


# By the worker


def carry_out() -> None:
    """Answer who has forgotten a password, and tell what happened. Raises LettersStuck."""
    results = [answer(name) for name in forgotten.waiting()]
    results += [tell(link) for link in notices.waiting()]
    stuck = [sent.trouble for sent in results if sent.trouble]
    if stuck:
        raise LettersStuck(
            f"Letters about log-ins that were not taken: {len(stuck)}; the first one: {stuck[0]}"
        )


def answer(name: str) -> Sent:
    """Send a link to who has this name, if anybody has and can be reached elsewhere."""
    sent = Sent()
    person = forgotten.addressee(name) if settings.current.public_url else None
    if person is not None:
        sent = send_reset(person, contacts.usable(person))
    if not sent.again:
        forgotten.done(name)
    return sent


def send_reset(person: Person, to: str) -> Sent:
    """Send a link to a new password, unless the person may not log in any more."""
    try:
        link = address_of(links.reset(person, to))
    except Refusal:
        return Sent()
    sent = send(person, to, lambda: letter_words.reset(people.name(person), link))
    if not sent.trouble:
        # Only now: one that no server takes is tried again every few seconds.
        with suppress(NotFound):
            links.tell_reset(person)
    return sent


def tell(link: Link) -> Sent:
    """Tell a person what happened to their log-in."""
    person: Person | None = link.account or link.mailbox
    assert person is not None
    notice = Notice(link.purpose)
    sent = send(
        person,
        link.email,
        lambda: letter_words.notice(notice, people.name(person), link.created_at),
    )
    if not sent.again:
        notices.told(link)
    return sent
