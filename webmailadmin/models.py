"""The tables, nothing else. What may be in them is decided in `mail/`."""

from datetime import UTC, datetime
from typing import Any

from peewee import (
    AutoField,
    BooleanField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
    TimestampField,
)

from webmailadmin.database import db

LARGEST_ID = 2**63 - 1  # SQLite's; a larger number typed in a URL could not even be looked up


def now() -> datetime:
    """Return this second in UTC, without a zone, as every time in the database."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def moment(seconds: int) -> datetime:
    """Return a time as the models read it from its column."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def tuples(query: Any) -> list[Any]:
    """Return the rows of a query as plain tuples, which cost less than models."""
    return list(query.tuples())


class Table(Model):
    """What all tables share."""

    class Meta:
        database = db
        strict_tables = True


class Account(Table):
    """A person who logs in to the panel by a name of its own: an administrator or an owner.

    name: what is typed to log in. one_time: must choose a new password first. person: what people
    call them. contact: an address elsewhere, `contact_confirmed` once mail there was answered.
    most_domains: how many domains an owner may add itself. Limits are None where there is none.
    """

    id = AutoField()
    name = TextField(unique=True)
    password = TextField()
    one_time = BooleanField()
    created_at = TimestampField(utc=True, default=now)
    kind = TextField(default="administrator")
    person = TextField(default="")
    contact = TextField(default="")
    contact_confirmed = BooleanField(default=False)
    language = TextField(default="en")
    enabled = BooleanField(default=True)
    most_domains = IntegerField(default=0)
    most_addresses = IntegerField(null=True, default=None)
    most_mailboxes = IntegerField(null=True, default=None)
    most_mb = IntegerField(null=True, default=None)
    most_mb_each = IntegerField(null=True, default=None)
    may_redirect_outside = BooleanField(default=True)


class Throttle(Table):
    """Tries of one name, one network or one person that are counted, such as failures to log in."""

    key = TextField(primary_key=True)
    failures = IntegerField()
    last_at = TimestampField(utc=True)


class Domain(Table):
    """A mail domain, as A-label. `removed_at` is set while it is kept for a restore.

    addresses, mailboxes, allocated_mb (of mailboxes with a size limit), unlimited (mailboxes
    without one), used_bytes: counts and sums of what it holds, kept by triggers.
    language: of the mails that its mailboxes get from us.
    """

    id = AutoField()
    name = TextField()
    enabled = BooleanField(default=True)
    catch_all_key = TextField()
    catch_all_to = TextField(null=True)
    catch_all_target = TextField(null=True)
    catch_all_receives = BooleanField(default=False)
    catch_all_domain = ForeignKeyField("self", null=True)
    catch_all_domain_id: int | None
    addresses = IntegerField(default=0)
    mailboxes = IntegerField(default=0)
    version = IntegerField(default=1)
    created_at = TimestampField(utc=True, default=now)
    removed_at = TimestampField(utc=True, null=True, default=None)
    allocated_mb = IntegerField(default=0)
    unlimited = IntegerField(default=0)
    used_bytes = IntegerField(default=0)
    language = TextField(default="en")


class Address(Table):
    """Local part + domain. `receives`: mail for it has an end, as long as its domain is on."""

    id = AutoField()
    domain = ForeignKeyField(Domain, backref="living")
    local_part = TextField()
    email = TextField(unique=True)
    enabled = BooleanField(default=True)
    receives = BooleanField(default=False)
    version = IntegerField(default=1)
    created_at = TimestampField(utc=True, default=now)


class Mailbox(Table):
    """A POP/IMAP store. Without an address it was removed, and a `Removed` row leads to it.

    receives: mail is kept in it. may_log_in: its holder may, to the panel and to the mail servers.
    main_in_programs: these take the main password, not only app passwords. may_redirect: its holder
    may say where else its mail goes. contact: an address elsewhere, see Account. language: of its
    holder, "" for that of its domain.
    """

    id = AutoField()
    address = ForeignKeyField(Address, null=True, unique=True, backref="boxes")
    home = TextField(unique=True)
    password = TextField()
    quota_mb = IntegerField()
    created_at = TimestampField(utc=True, default=now)
    receives = BooleanField(default=True)
    may_log_in = BooleanField(default=True)
    main_in_programs = BooleanField(default=True)
    may_redirect = BooleanField(default=False)
    contact = TextField(default="")
    contact_confirmed = BooleanField(default=False)
    language = TextField(default="")


class Ownership(Table):
    """A domain of an owner. `added_itself`: by the owner, not given by an administrator.

    journal_after, removed_after: the last number of a journal entry, and of something removed,
    from before it was theirs.
    """

    id = AutoField()
    account = ForeignKeyField(Account, on_delete="CASCADE")
    domain = ForeignKeyField(Domain, on_delete="CASCADE")
    added_itself = BooleanField(default=False)
    journal_after = IntegerField(default=0)
    removed_after = IntegerField(default=0)


class AppPassword(Table):
    """A password for one mail program. last_used: None for never."""

    id = AutoField()
    mailbox = ForeignKeyField(Mailbox, on_delete="CASCADE")
    name = TextField()
    password = TextField()
    created_at = TimestampField(utc=True, default=now)
    last_used = TimestampField(utc=True, null=True, default=None)

    class Meta:
        table_name = "app_password"


class Session(Table):
    """A log-in of an account or of a mailbox's holder, known by the SHA-256 of its token.

    entered_by: the administrator who entered it, None for the person itself. pending: a second
    factor is still asked for. proved_at: when the person showed last that it is them.
    """

    id = AutoField()
    token_hash = TextField(unique=True)
    account = ForeignKeyField(Account, null=True, default=None, on_delete="CASCADE")
    account_id: int | None
    mailbox = ForeignKeyField(Mailbox, null=True, default=None, on_delete="CASCADE")
    mailbox_id: int | None
    entered_by = ForeignKeyField(Account, null=True, default=None, on_delete="CASCADE")
    entered_by_id: int | None
    pending = BooleanField(default=False)
    network = TextField(default="")
    agent = TextField(default="")
    created_at = TimestampField(utc=True, default=now)
    seen_at = TimestampField(utc=True, default=now)
    proved_at = TimestampField(utc=True, default=now)


class Link(Table):
    """A link that was handed out, known by the SHA-256 of its token, good for once.

    purpose: a key of `mail/links.py`. email: the address that it was sent to, or that it confirms.
    made_by: who has seen it, if it was not asked for by who opens it.
    """

    id = AutoField()
    token_hash = TextField(unique=True)
    purpose = TextField()
    account = ForeignKeyField(Account, null=True, default=None, on_delete="CASCADE")
    account_id: int | None
    mailbox = ForeignKeyField(Mailbox, null=True, default=None, on_delete="CASCADE")
    mailbox_id: int | None
    made_by = ForeignKeyField(Account, null=True, default=None, on_delete="CASCADE")
    email = TextField(default="")
    created_at = TimestampField(utc=True, default=now)
    until = TimestampField(utc=True)


class SecondFactor(Table):
    """What proves a person beside the password. `secret` is encrypted with the key file.

    last_step: of the code that was used last, so that none is good twice.
    """

    id = AutoField()
    account = ForeignKeyField(Account, null=True, default=None, unique=True, on_delete="CASCADE")
    mailbox = ForeignKeyField(Mailbox, null=True, default=None, unique=True, on_delete="CASCADE")
    secret = TextField()
    last_step = IntegerField(default=0)
    created_at = TimestampField(utc=True, default=now)

    class Meta:
        table_name = "second_factor"


class RecoveryCode(Table):
    """A code that stands in for the second factor, once."""

    id = AutoField()
    factor = ForeignKeyField(SecondFactor, on_delete="CASCADE")
    code_hash = TextField()

    class Meta:
        table_name = "recovery_code"


class Recipient(Table):
    """One address that mail is redirected to.

    target: the same without its `+extension`, as an address of ours would be found.
    domain: what stands after the @.
    receives: mail sent on there arrives somewhere, as far as we can know.
    """

    id = AutoField()
    address = ForeignKeyField(Address, on_delete="CASCADE", backref="recipients")
    email = TextField()
    target = TextField()
    domain = TextField()
    receives = BooleanField()


class Removed(Table):
    """What was taken off and can be brought back until a date.

    kind: "address" with all it had, only its "mailbox", or a "catch-all".
    with_domain: it went with its domain, and comes back with it.
    removed_by: the name of who removed it.
    recipients: one a line.
    """

    id = AutoField()
    domain = ForeignKeyField(Domain)
    address_id = IntegerField()
    email = TextField()
    local_part = TextField()
    mailbox = ForeignKeyField(Mailbox, null=True, unique=True)
    mailbox_id: int | None
    recipients = TextField()
    enabled = BooleanField()
    version = IntegerField()
    removed_at = TimestampField(utc=True)
    until = TimestampField(utc=True)
    kind = TextField(default="mailbox")
    with_domain = BooleanField(default=False)
    removed_by = TextField(default="")

    @property
    def whole(self) -> bool:
        """Say whether this is the address itself."""
        return bool(self.kind == "address")


class Usage(Table):
    """What a mailbox holds, as Dovecot said last.

    last_log_in: the latest by IMAP or POP3, None for never. warned: the percentage of the size
    limit that its holder was told of, 0 for none. at: when Dovecot was asked.
    domain: where its mailbox is, None while that is removed. percent: of its size limit, rounded
    down, None without one. Both are kept by triggers.
    """

    mailbox = ForeignKeyField(Mailbox, primary_key=True, on_delete="CASCADE")
    messages = IntegerField()
    bytes = IntegerField()
    last_log_in = TimestampField(utc=True, null=True, default=None)
    warned = IntegerField(default=0)
    at = TimestampField(utc=True, default=now)
    domain = ForeignKeyField(Domain, null=True, default=None)
    percent = IntegerField(null=True, default=None)


class Vacation(Table):
    """What a mailbox answers to mail while its holder is away.

    begins, ends: from when and until when, the second no longer within; None for no bound.
    number: of the absence; senders are answered once in each.
    """

    mailbox = ForeignKeyField(Mailbox, primary_key=True, on_delete="CASCADE")
    enabled = BooleanField(default=False)
    begins = TimestampField(utc=True, null=True, default=None)
    ends = TimestampField(utc=True, null=True, default=None)
    subject = TextField(default="")
    text = TextField(default="")
    number = IntegerField(default=0)
    version = IntegerField(default=0)


class Warning(Table):
    """A mail on its way to a mailbox that is so full, until we know that it was taken."""

    mailbox = ForeignKeyField(Mailbox, primary_key=True, on_delete="CASCADE")
    percent = IntegerField()
    message_id = TextField()


class Kick(Table):
    """Sessions that must end: of a log-in that was taken away or has a new password."""

    id = AutoField()
    email = TextField()
    at = TimestampField(utc=True, default=now)


class Purge(Table):
    """A home whose files must go for good. `trouble`: what stopped the last try."""

    home = TextField(primary_key=True)
    domain = ForeignKeyField(Domain)
    email = TextField()
    at = TimestampField(utc=True, default=now)
    trouble = TextField(default="")


class Chore(Table):
    """The last run of one of the worker's chores. `trouble`: what stopped it."""

    name = TextField(primary_key=True)
    at = TimestampField(utc=True, default=now)
    milliseconds = IntegerField()
    trouble = TextField(default="")


class Report(Table):
    """What another program found and handed over, as JSON."""

    name = TextField(primary_key=True)
    at = TimestampField(utc=True, default=now)
    content = TextField()


class Journal(Table):
    """Who changed what, when. `details` is a JSON object of texts and numbers.

    through: the administrator who had entered as the actor, "" for the person itself.
    """

    id = AutoField()
    at = TimestampField(utc=True, default=now)
    actor = TextField()
    act = TextField()
    domain = ForeignKeyField(Domain, null=True)
    email = TextField(null=True)
    details = TextField()
    through = TextField()
