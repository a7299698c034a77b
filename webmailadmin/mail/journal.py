"""Who changed what, when. Written inside the transaction of the change it tells of."""

import json
from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import N_
from webmailadmin.models import Domain, Journal

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
    "recipients.added": N_("redirected to %(emails)s"),
    "recipients.taken": N_("no longer redirected to %(emails)s"),
    "messages.downloaded": N_("messages downloaded"),
    "mailbox.gone": N_("removed mailbox taken out of the bin, its messages are being deleted"),
    "address.gone": N_("removed address taken out of the bin for good"),
    "catch-all.gone": N_("former way of unknown addresses taken out of the bin for good"),
    "domain.gone": N_("removed domain taken out of the bin for good, with %(addresses)s"),
    "messages.deleted": N_("deleted for good: %(messages)s (%(bytes)s)"),
    "account.added": N_("account %(name)s added"),
    "account.changed": N_("account %(name)s changed"),
    "account.owner": N_("account %(name)s made an owner"),
    "account.administrator": N_("account %(name)s made an administrator"),
    "account.enabled": N_("account %(name)s switched on"),
    "account.disabled": N_("account %(name)s switched off"),
    "account.removed": N_("account %(name)s removed"),
    "account.password": N_("password of account %(name)s changed"),
    "database.restored": N_("database brought back as it was on %(moment)s"),
}
PAGE = 100


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    id: int
    at: datetime
    actor: str
    act: str
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


def latest() -> datetime | None:
    """Return the latest time that an entry was written at."""
    found: datetime | None = Journal.select(fn.MAX(Journal.at)).scalar()
    return found


def read(domain: Domain, email: str | None = None, before: int | None = None) -> list[Entry]:
    """Return the latest entries of a domain or of one address in it, newest first.

    before: only entries older than this id. At most PAGE entries come, and one more that tells
    that there are more.
    """
    rows = Journal.select().where(Journal.domain == domain)
    if email is not None:
        rows = rows.where(Journal.email == email)
    if before is not None:
        rows = rows.where(Journal.id < min(before, 2**63 - 1))
    return [
        Entry(row.id, row.at, row.actor, row.act, row.email, json.loads(row.details))
        for row in rows.order_by(Journal.id.desc()).limit(PAGE + 1)
    ]
