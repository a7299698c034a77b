"""What the holder of a mailbox does with it: another password, and where else its mail goes."""

from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import (
    addresses,
    discretion,
    guard,
    log_ins,
    mailboxes,
    names,
    present_password,
    recipients,
    routing,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_holders import (
    OnlySends,
    ProofNeeded,
    RedirectedNowhere,
    RedirectNotAllowed,
)
from webmailadmin.models import Address, Domain, Mailbox


@dataclass(frozen=True)
class Proof:
    """That it is the holder who asks. lately: it was shown lately. present: the password, typed
    once more; "" while it was not asked for. code: of the second factor, where there is one.
    network: address of the client.
    """

    lately: bool
    present: str = ""
    code: str = ""
    network: str = ""


@dataclass(frozen=True)
class Redirection:
    """Where a holder wants its mail to go, as typed.

    version: of the address as the person saw it. keep_copy: mail is kept in the mailbox as well.
    """

    version: int
    recipients: str
    keep_copy: bool


@dataclass(frozen=True)
class Redirected:
    """What a redirection did. doubles: recipients that stood twice. proved: that it is the holder
    was shown just now; a password that nobody asked for was not looked at.
    """

    doubles: list[str]
    proved: bool


def of(by: Actor) -> Address:
    """Return the address of the mailbox that a person holds. Raises NotFound for all others."""
    mine = Address.select(Address, Domain).join(Domain).switch(Address).join(Mailbox)
    found: Address | None = mine.where(Mailbox.id == by.id).first()
    if by.kind is not Kind.HOLDER or found is None:
        raise NotFound
    return found


def box_of(address: Address) -> Mailbox:
    """Return the mailbox at an address. Raises NotFound when it was removed meanwhile."""
    box = mailboxes.of(address)
    if box is None:
        raise NotFound
    return box


def ask_again(proof: Proof, *, by: Actor) -> bool:
    """Ask for the password once more when the log-in is not a recent one; say whether it was.

    Before what would let a thief of the session read the mail for ever. Not of an administrator
    who has entered: it stands in the journal. Raises ProofNeeded, and what log_ins.prove does.
    """
    if by.through or proof.lately:
        return False
    if not proof.present:
        raise ProofNeeded
    log_ins.prove_person(by, proof.present, proof.code, proof.network)
    return True


def change_password(present: str, typed: str, confirmation: str, *, by: Actor) -> None:
    """Change the password of one's own mailbox; end all sessions, of mail programs too.

    App passwords stay. Raises OnlyThemselves, PasswordWrong when `present` is not the present one,
    TooManyFailures, and what passwords.check refuses.
    """
    guard.oneself(by)
    address = of(by)
    box = box_of(address)
    present_password.check(present, box.password, by=by)
    mailboxes.check_password(typed, confirmation, address)
    password_hash = mailboxes.hashed(typed)
    with db.atomic():
        address = of(by)
        still = box_of(address)
        present_password.refuse_changed(box.password, still.password)
        mailboxes.change(address, still, password_hash, still.quota_mb, by=by)


def may_redirect(address: Address, box: Mailbox) -> bool:
    """Say whether the holder has a say in where mail goes: allowed to, and there is mail."""
    return box.may_redirect and (box.receives or bool(recipients.of(address)))


def redirect(wish: Redirection, proof: Proof, *, by: Actor) -> Redirected:
    """Send the holder's mail on to these addresses as well, or only there.

    Raises RedirectNotAllowed, OnlySends, RedirectedNowhere, Changed, what recipients and routing
    refuse, and for a new recipient what ask_again does.
    """
    address = of(by)
    pasted = recipients.read(wish.recipients, address.email)
    refuse_redirect(address)
    if wish.version != address.version and is_already(address, pasted.emails, wish):
        return Redirected(pasted.doubles, proved=False)
    proved = is_new(address, pasted.emails) and ask_again(proof, by=by)
    with db.atomic(), discretion.towards(by):
        address = of(by)
        refuse_redirect(address)
        addresses.claim(address, wish.version, by=by)
        changed = recipients.write(address, address.domain, pasted.emails, by=by)
        mailboxes.keep_copies(address, box_of(address), wish.keep_copy, by=by)
        if not wish.keep_copy and not routing.sends_on(address):
            raise RedirectedNowhere
        if changed:
            routing.refuse_circles(address.email)
        routing.settle(address.email)
    return Redirected(pasted.doubles, proved)


def is_already(address: Address, emails: list[str], wish: Redirection) -> bool:
    """Say whether mail goes where the holder wishes: the form was sent twice."""
    present = [row.email for row in recipients.of(address)]
    return (present, box_of(address).receives) == (emails, wish.keep_copy)


def refuse_redirect(address: Address) -> None:
    """Raise RedirectNotAllowed, OnlySends."""
    box = box_of(address)
    if not box.may_redirect:
        raise RedirectNotAllowed(domain=names.shown(address.domain.name))
    if not may_redirect(address, box):
        raise OnlySends


def is_new(address: Address, emails: list[str]) -> bool:
    """Say whether one of these is no recipient of the address yet.

    Also in the own domain: a thief of the session may well be a colleague.
    """
    return not {row.email for row in recipients.of(address)}.issuperset(emails)
