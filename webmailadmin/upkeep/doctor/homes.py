"""The folders of the mailboxes, held against the database. Only root sees both."""

from collections.abc import Iterator

from webmailadmin import settings
from webmailadmin.mail.errors import N_
from webmailadmin.upkeep.doctor.finding import Check, Finding, unknown, warning, wrong
from webmailadmin.upkeep.doctor.machine import Machine

MOST_SHOWN = 5


def homes(machine: Machine) -> Iterator[Finding]:
    """Each folder belongs to a mailbox, and each mailbox that held messages has its folder."""
    held: dict[str, int] | None = machine.facts.get("homes")
    if held is None:
        yield unknown(N_("The database could not be asked for the mailboxes."))
        return
    root = settings.current.mail_root
    # What begins with a dot is the mail-file helper's own: what it is deleting.
    there = {path.name for path in root.iterdir() if not path.name.startswith(".")}
    lost = sorted(home for home, messages in held.items() if messages and home not in there)
    for home in lost[:MOST_SHOWN]:
        yield wrong(
            N_("%(file)s is missing; messages in it when Dovecot was asked last: %(count)s."),
            *("ls", "-la", str(root)),
            file=str(root / home),
            count=held[home],
        )
    strange = sorted(there - set(held))
    if strange:
        first = root / strange[0]
        yield warning(
            N_("Folders that belong to no mailbox: %(count)s, the first one is %(file)s."),
            *("ls", "-la", str(first)),
            count=len(strange),
            file=str(first),
        )


CHECKS = (
    Check(
        "homes",
        N_("Folders of the mailboxes"),
        N_(
            "A folder without a mailbox takes room; a mailbox without its folder has lost its mail."
        ),
        N_("Each folder belongs to a mailbox, and each mailbox has its own."),
        homes,
    ),
)
