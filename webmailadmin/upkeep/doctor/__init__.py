"""The doctor: looks at everything that mail depends on, and names the command that mends it.

`CHECKS` is the list of all there is to look at. Some of it the panel sees by itself, at each
view of its page; the rest only root does, by `webmailadmin doctor`, which hands its report over.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from webmailadmin import settings
from webmailadmin.mail import reports
from webmailadmin.mail.errors import N_
from webmailadmin.upkeep.doctor import (
    around,
    deep,
    dovecot,
    homes,
    host,
    own,
    page,
    postfix,
    rights,
    work,
)
from webmailadmin.upkeep.doctor.finding import Check, Finding, State, run, unknown, wrong
from webmailadmin.upkeep.doctor.machine import Machine, NoPanel

FRESH = (*own.BEFORE_OPENING, *own.CHECKS, *work.CHECKS, *around.CHECKS)
AS_ROOT = (
    *rights.CHECKS,
    *postfix.CHECKS,
    *dovecot.CHECKS,
    *host.CHECKS,
    *homes.CHECKS,
)
CHECKS: dict[str, Check] = {
    check.code: check for check in (*FRESH, *page.CHECKS, *deep.CHECKS, *AS_ROOT)
}
STATUS = {State.WRONG: 2, State.WARNING: 1}  # of the command; else 0


def examine(machine: Machine) -> list[Finding]:
    """Make all checks, those of the panel in a child that is the panel's user."""
    # The panel's first, while nobody has touched the database.
    found = seen_by_panel(machine)
    if os.geteuid() == 0:
        return [*found, *run(AS_ROOT, machine)]
    return [*found, *unseen(AS_ROOT, N_("Only root can look at this."))]


def seen_by_panel(machine: Machine) -> list[Finding]:
    """Return what the panel's user finds; only that nobody can be asked, when nobody can."""
    try:
        return machine.look_as_panel()
    except NoPanel as reason:
        text = N_("Nothing can be asked as the panel's user %(user)s: %(reason)s")
        user = settings.current.panel_user
        mend = "webmailadmin servers install"
        told = replace(wrong(text, mend, user=user, reason=str(reason)), code="database")
        rest = [check for check in (*FRESH, *deep.CHECKS) if check.code != told.code]
        return [told, *unseen(rest, N_("The panel could not be asked."))]


def unseen(checks: Iterable[Check], why: str) -> Iterator[Finding]:
    """Yield that these could not be looked at."""
    for check in checks:
        yield replace(unknown(why), code=check.code)


def status(findings: list[Finding]) -> int:
    """Return the status that tells a monitoring program: 0, 1 for warnings, 2 for what is wrong."""
    return max((STATUS.get(finding.state, 0) for finding in findings), default=0)


def hand_over(machine: Machine, findings: list[Finding]) -> None:
    """Let the panel keep the findings for its page. Raises NoPanel."""
    machine.panel("keep", json.dumps([finding.as_dict() for finding in findings]))


def fresh(proxies: int) -> list[Finding]:
    """Return what the panel sees by itself now. proxies: as page.proxies is given."""
    return [*run(FRESH), *run(page.CHECKS, proxies)]


def handed_over() -> tuple[datetime | None, list[Finding]]:
    """Return when the doctor handed its last report over, and what only that tells."""
    report = reports.latest(page.REPORT)
    if report is None:
        return None, []
    told = [Finding.from_dict(given) for given in json.loads(report.content)]
    seen = {check.code for check in FRESH}
    return report.at, [one for one in told if one.code in CHECKS and one.code not in seen]
