"""Checks of what the panel does by itself: chores, deletions, ended sessions, backups."""

import json
from collections.abc import Iterator
from datetime import timedelta

from webmailadmin.mail import chores, journal, kicks, purging, reports
from webmailadmin.mail.errors import N_
from webmailadmin.models import now
from webmailadmin.upkeep.doctor.finding import Check, Finding, warning, well, wrong

RESTART_WORKER = "systemctl restart webmailadmin-worker"
READ_WORKER = "journalctl -u webmailadmin-worker -n 50"
READ_HELPER = "journalctl -u webmailadmin-helper -n 50"
BACK_UP = "systemctl start webmailadmin-backup.service"
LONG_WITHOUT_WORKER = timedelta(minutes=5)
LONG_TO_KICK = timedelta(minutes=5)
LONG_TO_PURGE = timedelta(hours=1)
LONG_WITHOUT_BACKUP = timedelta(days=2)
MOST_SHOWN = 10
# What the worker's chores are called in words; one without words is called by its name.
CHORES = {
    "kicks": N_("Ending sessions"),
    "letters": N_("Mails about log-ins"),
    "checkpoint": N_("Emptying the log of the database"),
    "purges": N_("Deleting what is past its date"),
    "usage": N_("Asking what mailboxes hold"),
    "app-passwords": N_("Looking when app passwords were used"),
    "warnings": N_("Warning of full mailboxes"),
}


def worker() -> Iterator[Finding]:
    """The worker has done something not long ago."""
    runs = chores.latest()
    if not runs:
        yield wrong(
            N_("The worker has never worked."), "systemctl enable --now webmailadmin-worker"
        )
        return
    idle = now() - max(run.at for run in runs)
    if idle > LONG_WITHOUT_WORKER:
        minutes = int(idle.total_seconds() // 60)
        text = N_("The worker has done nothing for %(minutes)s minutes.")
        yield wrong(text, RESTART_WORKER, minutes=minutes)


def troubles() -> Iterator[Finding]:
    """No chore met trouble at its last run."""
    for run in chores.latest():
        if run.trouble:
            words = CHORES.get(run.name, run.name)
            text = N_("%(words)s: %(trouble)s")
            yield wrong(text, READ_WORKER, words=words, trouble=run.trouble)


def purges() -> Iterator[Finding]:
    """What is past its date is deleted."""
    ordered = purging.ordered()
    stuck = [purge for purge in ordered if purge.trouble]
    for purge in stuck[:MOST_SHOWN]:
        yield wrong(
            N_(
                "The messages of %(email)s, removed for good, are not deleted yet: %(trouble)s "
                "It is tried again each minute."
            ),
            READ_HELPER,
            email=purge.email,
            trouble=purge.trouble,
        )
    if len(stuck) > MOST_SHOWN:
        yield wrong(
            N_("More removed mailboxes whose messages are not deleted: %(count)s."),
            READ_HELPER,
            count=len(stuck) - MOST_SHOWN,
        )
    late = [one for one in ordered if not one.trouble and one.at < now() - LONG_TO_PURGE]
    if late:
        text = N_(
            "Removed mailboxes whose messages wait for over an hour to be deleted: %(count)s."
        )
        yield warning(text, RESTART_WORKER, count=len(late))
    elif ordered and not stuck:
        text = N_("Removed mailboxes whose messages are being deleted: %(count)s.")
        yield well(text, count=len(ordered))


def sessions() -> Iterator[Finding]:
    """Sessions that must end have ended."""
    late = [kick for kick in kicks.waiting() if kick.at < now() - LONG_TO_KICK]
    if late:
        yield wrong(
            N_("Log-ins whose sessions should have ended: %(count)s, the first one is %(email)s."),
            READ_HELPER,
            count=len(late),
            email=late[-1].email,
        )


def clock() -> Iterator[Finding]:
    """It is at least as late as when the journal was written last."""
    latest = journal.latest()
    if latest is not None and now() < latest:
        yield wrong(
            N_("The clock shows %(now)s UTC, and the journal has an entry of %(latest)s."),
            "timedatectl set-ntp true",
            now=str(now()),
            latest=str(latest),
        )


def backup() -> Iterator[Finding]:
    """The last backup went well, and not long ago."""
    report = reports.latest("backup")
    if report is None:
        text = N_("There has been no backup yet.")
        yield warning(text, "systemctl enable --now webmailadmin-backup.timer")
        return
    told = json.loads(report.content)
    if not told["ok"]:
        text = N_("The last backup failed: %(trouble)s")
        yield wrong(text, BACK_UP, trouble=told.get("trouble") or told["file"])
    age = now() - report.at
    if age > LONG_WITHOUT_BACKUP:
        yield warning(N_("The last backup is %(days)s days old."), BACK_UP, days=age.days)
    elif told["ok"]:
        text = N_("The last backup is %(file)s, of %(bytes)s.")
        yield well(text, file=told["file"], bytes=told["bytes"])


CHECKS = (
    Check(
        "worker",
        N_("Worker"),
        N_("It ends sessions, asks for sizes, warns of full mailboxes, deletes what is past."),
        N_("The worker works."),
        worker,
    ),
    Check(
        "chores",
        N_("Chores of the worker"),
        N_("What a chore cannot do waits until it can; mail goes on meanwhile."),
        N_("The worker met no trouble."),
        troubles,
    ),
    Check(
        "purges",
        N_("Deletion of messages"),
        N_("Who removed something for good was told that its messages are gone."),
        N_("No messages wait to be deleted."),
        purges,
    ),
    Check(
        "kicks",
        N_("Ended sessions"),
        N_("Until then, a mail program that was open goes on with a log-in that was taken away."),
        N_("No session waits to be ended."),
        sessions,
    ),
    Check(
        "clock",
        N_("Clock"),
        N_("While it is behind, nothing is deleted, and sessions end at the wrong time."),
        N_("The clock is not behind the journal."),
        clock,
    ),
    Check(
        "backup",
        N_("Backup"),
        N_("When the disk dies, a backup elsewhere is all that is left of the addresses."),
        "",
        backup,
    ),
)
