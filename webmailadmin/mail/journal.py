"""Who changed what, when. Written inside the transaction of the change it tells of."""

import json
from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import N_
from webmailadmin.models import Domain, Journal, Mailbox

# What begins a mailbox, and what puts another one at an address.
OPENED = ("mailbox.opened", "mailbox.opened-unlimited")
OTHER_MAILBOX = ("mailbox.restored", "address.restored", "address.renamed-from")

ACTS = {
    "domain.installed": N_("domain installed, postmaster@ redirected to %(contact)s"),
    "domain.enabled": N_("domain switched on"),
    "domain.disabled": N_("domain switched off"),
    "domain.language": N_("language of mails to its mailboxes: %(language)s"),
    "domain.removed": N_("domain removed"),
    "domain.restored": N_("domain brought back"),
    "domain.taken-off": N_(
        "domain removed with %(addresses)s and %(mailboxes)s, kept until %(until)s"
    ),
    "domain.put-back": N_("domain brought back with %(addresses)s and %(mailboxes)s"),
    "domain.given": N_("domain given to %(name)s"),
    "domain.taken": N_("domain taken away from %(name)s"),
    "catch-all.none": N_("unknown addresses are refused"),
    "catch-all.address": N_("unknown addresses lead to %(to)s"),
    "catch-all.domain": N_("unknown addresses lead to the same name at %(to)s"),
    "address.added": N_("address added"),
    "address.enabled": N_("address switched on"),
    "address.disabled": N_("address switched off"),
    "address.renamed": N_("renamed to %(to)s"),
    "address.renamed-from": N_("renamed from %(was)s"),
    "address.removed": N_("address deleted, kept until %(until)s"),
    "address.restored": N_("address brought back"),
    "address.restored-as": N_("address brought back as %(name)s"),
    "mailbox.opened": N_("mailbox opened, %(quota_mb)s MB"),
    "mailbox.opened-unlimited": N_("mailbox opened, without a size limit"),
    "mailbox.removed": N_("mailbox removed, kept until %(until)s"),
    "mailbox.restored": N_("mailbox brought back"),
    "mailbox.password": N_("password changed"),
    "mailbox.quota": N_("size limit changed from %(old)s to %(new)s MB"),
    "mailbox.receives": N_("mailbox receives mail"),
    "mailbox.receives-not": N_("mailbox receives no mail any more"),
    "mailbox.log-in": N_("log-in allowed"),
    "mailbox.no-log-in": N_("log-in taken away"),
    "mailbox.redirect": N_("holder may redirect mail"),
    "mailbox.no-redirect": N_("holder may no longer redirect mail"),
    "mailbox.copies": N_("redirected mail is kept in the mailbox too"),
    "mailbox.no-copies": N_("redirected mail is not kept in the mailbox"),
    "main-password.barred": N_("main password barred from mail programs"),
    "main-password.let-in": N_("main password allowed in mail programs"),
    "app-password.created": N_("app password “%(name)s” created"),
    "app-password.revoked": N_("app password “%(name)s” revoked"),
    "vacation.on": N_("vacation answer switched on"),
    "vacation.changed": N_("vacation answer changed"),
    "vacation.off": N_("vacation answer switched off"),
    "recipients.added": N_("redirected to %(emails)s"),
    "recipients.taken": N_("no longer redirected to %(emails)s"),
    "messages.downloaded": N_("messages downloaded"),
    "mailbox.gone": N_("removed mailbox taken out of the bin, its messages are being deleted"),
    "address.gone": N_("removed address taken out of the bin for good"),
    "catch-all.gone": N_("former way of unknown addresses taken out of the bin for good"),
    "domain.gone": N_("removed domain taken out of the bin for good, with %(addresses)s"),
    "messages.deleted": N_("deleted for good: %(messages)s (%(bytes)s)"),
    "account.added": N_("account %(name)s added"),
    "account.entered": N_("entered the panel of account %(name)s"),
    "account.left": N_("left the panel of account %(name)s"),
    "mailbox.entered": N_("entered the panel of its holder"),
    "mailbox.left": N_("left the panel of its holder"),
    "account.changed": N_("account %(name)s changed"),
    "account.owner": N_("account %(name)s made an owner"),
    "account.administrator": N_("account %(name)s made an administrator"),
    "account.enabled": N_("account %(name)s switched on"),
    "account.disabled": N_("account %(name)s switched off"),
    "account.removed": N_("account %(name)s removed"),
    "account.password": N_("password of account %(name)s changed"),
    "factor.on": N_("second factor of %(name)s switched on"),
    "factor.off": N_("second factor of %(name)s switched off"),
    "factor.codes": N_("new recovery codes for %(name)s made"),
    "factor.recovery-code": N_("recovery code of %(name)s used"),
    "sessions.ended": N_("all sessions of %(name)s ended"),
    "mailbox.link-made": N_("link made by which the holder chooses the password"),
    "mailbox.link-sent": N_("link by which the holder chooses the password sent to %(to)s"),
    "mailbox.reset-sent": N_("link to a new password sent to the holder’s contact address"),
    "mailbox.contact": N_("the holder’s contact address changed"),
    "mailbox.contact-confirmed": N_("the holder’s contact address confirmed"),
    "account.link-made": N_("link made by which %(name)s chooses the password"),
    "account.link-sent": N_("link by which %(name)s chooses the password sent to %(to)s"),
    "account.reset-sent": N_("link to a new password sent to the contact address of %(name)s"),
    "account.contact": N_("contact address of %(name)s changed"),
    "account.contact-confirmed": N_("contact address of %(name)s confirmed"),
    "database.restored": N_("database brought back as it was on %(moment)s"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the journal. domain: the name of the domain that it concerns, if any."""

    id: int
    at: datetime
    actor: str
    through: str
    act: str
    domain: str | None
    email: str | None
    details: dict[str, str]


def record(
    act: str,
    *,
    by: Actor,
    domain: Domain | None = None,
    email: str | None = None,
    **details: object,
) -> None:
    """Write one entry. `act` is a key of ACTS."""
    # Left out where it is nobody: a database of before its time is written to as well.
    through = {"through": by.through} if by.through else {}
    Journal.insert(
        actor=by.name,
        act=act,
        domain=domain,
        email=email,
        details=json.dumps({name: str(value) for name, value in details.items()}),
        **through,
    ).execute()


def record_about(act: str, who: Actor, *, by: Actor) -> None:
    """Write one entry about a person; of a holder, in their domain."""
    address = None if who.has_account else Mailbox.get_by_id(who.id).address
    domain, email = (address.domain, address.email) if address else (None, None)
    record(act, by=by, domain=domain, email=email, name=who.name)


def latest() -> datetime | None:
    """Return the latest time that an entry was written at."""
    found: datetime | None = Journal.select(fn.MAX(Journal.at)).scalar()
    return found
