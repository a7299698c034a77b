"""Doing it: the steps that differ, then the checks; all back when something does not work."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from webmailadmin.servers import places
from webmailadmin.servers.install import checks, facts, plan, refusals, running, units
from webmailadmin.servers.install.database import Database
from webmailadmin.servers.install.facts import Facts
from webmailadmin.servers.install.plan import Wish
from webmailadmin.servers.install.saved import Saved
from webmailadmin.servers.install.steps import MACHINE, Folder, Group, Member, Step, User
from webmailadmin.servers.private import CannotStart
from webmailadmin.servers.render import MAIL_USER

Say = Callable[[str], None]


class Refused(Exception):
    """The machine is not to be set up. Its text is a line for each reason."""


class RolledBack(Exception):
    """The set-up did not work and is taken back. Its text says why."""


@dataclass
class SetUp:
    """One run: what is found, wanted and done.

    try_mail: sends a mail to a mailbox of its own and reads it, in a database made just now.
    done: the steps taken, with what was before.
    """

    wish: Wish
    facts: Facts
    say: Say
    try_mail: Callable[[], None]
    done: list[tuple[Step, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise Refused with all reasons not to set the machine up."""
        self.saved, self.saved_before = Saved.read(), Saved.read()
        if reasons := refusals.all_of(self.wish, self.facts, self.saved):
            raise Refused("\n".join(reasons))

    def things(self) -> list[Step]:
        """Return the steps that name the mail's owner by number; 0 while there is none."""
        number = MACHINE.ask("id", "-u", MAIL_USER).stdout.strip()
        values = self.wish.values(int(number or 0))
        there = self.saved_before.settings_without_ours(self.facts.settings)
        return plan.things(self.wish, self.facts, there, values)

    def differences(self) -> list[Step]:
        """Return the steps that would change something."""
        steps = [*plan.people(), *self.things(), *plan.services()]
        return [step for step in steps if step.differs()]

    def run(self) -> None:
        """Do them. Raises RolledBack, after everything is as it was before this run."""
        ran_before = running.run()
        try:
            self.do(plan.people())
            self.do(self.things())
            running.read_anew(self.touched())
            self.check()
            self.do(plan.services())
            self.restart_panel()
        except BaseException as error:
            self.say("Something does not work: everything is put back.")
            self.put_back(ran_before)
            if isinstance(error, (checks.NotWorking, CannotStart, OSError)):
                raise RolledBack(str(error)) from error
            raise

    def do(self, steps: Iterable[Step]) -> None:
        """Take the steps that differ, and keep what was."""
        for step in steps:
            if step.differs():
                self.done.append((step, step.now()))
                self.saved.remember(step)
                step.put(step.wanted)
                self.say(step.title())

    def touched(self) -> set[str]:
        """Return which servers read what was changed."""
        return {step.touches for step, _ in self.done}

    def check(self) -> None:
        """Look whether it all works. Raises checks.NotWorking."""
        self.say("Checking …")
        checks.all_of(self.wish)
        if any(isinstance(step, Database) for step, _ in self.done):
            self.try_mail()
            # The database was laid over: the next lookup of each of its processes would fail.
            # And an smtpd that is connected to it loses its log-ins.
            running.read_anew({"dovecot", "postfix"})
            checks.dovecot_asks()
        else:
            checks.one_that_lives(facts.as_panel(self.wish.data, "mailbox").strip())

    def restart_panel(self) -> None:
        """Let a panel that runs already read its new units."""
        if "systemd" in self.touched() and facts.SYSTEMD_RUNS.exists():
            names = [f"{name}.service" for name in units.LONG_RUNNING]
            MACHINE.run("systemctl", "try-restart", *names)

    def put_back(self, ran_before: set[str]) -> None:
        """Put back what this run has changed, the last first; users go once nothing runs as them.

        What cannot be put back is said and stays kept, for `uninstall`.
        """
        people = [taken for taken in self.done if isinstance(taken[0], (Group, Member, User))]
        others = [taken for taken in self.done if taken not in people]
        left = self.putting_back(others)
        try:
            running.as_before(ran_before, self.touched())
        except CannotStart as reason:
            self.say(str(reason))
        if not left + self.putting_back(people):
            self.saved_before.write()
        tidy()

    def putting_back(self, taken: list[tuple[Step, Any]]) -> int:
        """Put these back, the last first; return how many stay as they are."""
        left = 0
        for step, before in reversed(taken):
            try:
                step.put(before)
            except (CannotStart, OSError) as reason:
                self.say(f"{step.title()} is not put back: {reason}")
                left += 1
        return left


@dataclass
class TakingBack:
    """What puts everything back as it was before the first set-up.

    kept: what people may still need, by name.
    """

    say: Say
    saved: Saved = field(default_factory=Saved.read)
    kept: list[str] = field(default_factory=list)

    def steps(self) -> list[Step]:
        """Return the steps that would change something, the last change first."""
        found = []
        for entry in self.saved.backwards():
            step = entry.step()
            if is_of_people(step, entry.put):
                self.kept.append(step.name)
            elif step.differs():
                found.append(step)
        return found

    def run(self) -> None:
        """Do them. Raises private.CannotStart; another run then goes on where this one ended."""
        steps = self.steps()
        for step in steps:
            step.put(step.wanted)
            if step.differs():  # a folder that is not empty
                self.kept.append(step.name)
            else:
                self.say(step.title())
        running.read_anew({step.touches for step in steps} & {*running.run(), "systemd"})
        Saved().write()
        tidy()


def is_of_people(step: Step, put: Any) -> bool:
    """Say whether a thing stays when all else is taken back.

    Users with their groups, the database, and settings that somebody has edited since. Of our
    folders for data and mail, the empty ones go.
    """
    if step.name == str(places.ENVIRONMENT):
        return step.now() not in (put, None)
    return step.stays and not isinstance(step, Folder)


def tidy() -> None:
    """Remove our own folder when nothing is in it."""
    if places.KEPT.is_dir() and not any(places.KEPT.iterdir()):
        places.KEPT.rmdir()
