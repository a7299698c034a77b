"""What stood there before the set-up, kept until it is taken back.

One file that only root reads. It is written before each step, so that a set-up which was broken
off can be taken back too.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from webmailadmin.servers import places
from webmailadmin.servers.install import certificate, database
from webmailadmin.servers.install.postfix import without_ours
from webmailadmin.servers.install.steps import KINDS, Step, settings_now

KNOWN = {step.kind: step for step in (certificate.SelfMade, database.Database)} | KINDS


@dataclass
class Entry:
    """One thing: what it was before the first set-up, and what the last one made of it."""

    kind: str
    name: str
    before: Any
    put: Any
    touches: str
    stays: bool

    def step(self) -> Step:
        """Return the step that takes it back."""
        return KNOWN[self.kind](self.name, self.to_put_back(), self.touches, self.stays)

    def to_put_back(self) -> Any:
        """Return what it shall be without us: parameters keep what the hoster has added."""
        if self.kind == "settings":
            return self.settings_without_ours(settings_now())
        return self.before

    def settings_without_ours(self, now: dict[str, str]) -> dict[str, str | None]:
        """Return the parameters that we have set, as they would be without us."""
        return {
            name: without_ours(before, self.put[name], now.get(name))
            for name, before in self.before.items()
        }


@dataclass
class Saved:
    """All that was changed, in the order in which it was."""

    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls) -> "Saved":
        """Return what is kept; nothing, on a machine that was never set up."""
        if not places.BEFORE.exists():
            return cls()
        found = json.loads(places.BEFORE.read_text(encoding="utf-8"))
        return cls([Entry(**entry) for entry in found])

    def remember(self, step: Step) -> None:
        """Keep what a step is about to change."""
        entry = self.of(step)
        if entry is None:
            entry = Entry(step.kind, step.name, step.now(), None, step.touches, step.stays)
            self.entries.append(entry)
        entry.before = step.also(entry.before, step.now())
        entry.put = entry.put | step.wanted if isinstance(entry.put, dict) else step.wanted
        self.write()

    def of(self, step: Step) -> Entry | None:
        """Return what is kept of a step."""
        return next((e for e in self.entries if (e.kind, e.name) == (step.kind, step.name)), None)

    def write(self) -> None:
        """Write it all, or nothing when there is nothing to keep."""
        if not self.entries:
            places.BEFORE.unlink(missing_ok=True)
            return
        places.KEPT.mkdir(mode=0o755, exist_ok=True)
        fresh = places.BEFORE.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as opened:  # noqa: PTH123
            json.dump([vars(entry) for entry in self.entries], opened)
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(places.BEFORE)

    def settings_without_ours(self, now: dict[str, str]) -> dict[str, str]:
        """Return the parameters of main.cf as they would be without us."""
        there: dict[str, str | None] = dict(now)
        for entry in self.entries:
            if entry.kind == "settings":
                there |= entry.settings_without_ours(now)
        return {name: value for name, value in there.items() if value is not None}

    def parts(self, kind: str) -> set[str]:
        """Return the names of the parameters, or services, that we have set."""
        return {name for entry in self.entries if entry.kind == kind for name in entry.before}

    def backwards(self) -> Iterator[Entry]:
        """Return what was changed, the last first."""
        return reversed(self.entries)
