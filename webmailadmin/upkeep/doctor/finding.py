"""What a check found: its words, what it weighs, and the command that mends it."""

import logging
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from webmailadmin.mail.errors import N_
from webmailadmin.words import gettext, shown_value

log = logging.getLogger(__name__)


class State(StrEnum):
    """How well something is, the worst first."""

    WRONG = "wrong"
    WARNING = "warning"
    UNKNOWN = "unknown"
    OK = "ok"


ORDER = list(State)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    text, values: the words, for translation. mend: a command, empty when there is none.
    code: of the check that found it.
    """

    state: State
    text: str
    values: Mapping[str, object]
    mend: str = ""
    code: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Finding":
        """Return what as_dict made."""
        return cls(**{**given, "state": State(given["state"])})


@dataclass(frozen=True)
class Check:
    """Looks at one thing.

    name, why: what it is, and why it matters. well: the words when `look` finds nothing to tell.
    look: is given what its kind of check is given, and yields findings.
    """

    code: str
    name: str
    why: str
    well: str
    look: Callable[..., Iterable[Finding]]


def wrong(text: str, *mend: str, **values: object) -> Finding:
    """Return what is wrong. mend: the words of the command."""
    return Finding(State.WRONG, text, values, command(*mend))


def warning(text: str, *mend: str, **values: object) -> Finding:
    """Return what will become wrong, or may be. mend: the words of the command."""
    return Finding(State.WARNING, text, values, command(*mend))


def unknown(text: str, **values: object) -> Finding:
    """Return what could not be seen."""
    return Finding(State.UNKNOWN, text, values)


def well(text: str, **values: object) -> Finding:
    """Return what is well, in words of its own."""
    return Finding(State.OK, text, values)


def command(*words: str) -> str:
    """Write a command as a person types it; a single word is one that is written already."""
    return words[0] if len(words) == 1 else shlex.join(words)


def setting_right(path: Path, owner: str, group: str, mode: int) -> str:
    """Write the command that gives a file or folder its owner, group and mode."""
    change = shlex.join(["chown", f"{owner}:{group}", str(path)])
    return f"{change} && {shlex.join(['chmod', f'{mode:04o}', str(path)])}"


def run(checks: Iterable[Check], *given: object) -> Iterator[Finding]:
    """Make checks one after the other; what one of them dies of stops no other."""
    for check in checks:
        try:
            found = list(check.look(*given)) or [well(check.well)]
        except Exception as error:  # a fault of ours, or something that nobody thought of
            log.warning("doctor: %s: %s", check.code, error, exc_info=error)
            reason = f"{type(error).__name__}: {error}"
            found = [unknown(N_("It could not be looked at: %(reason)s"), reason=reason)]
        for finding in found:
            yield replace(finding, code=check.code)


def sorted_by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """Return the worst first, otherwise in their order."""
    return sorted(findings, key=lambda finding: ORDER.index(finding.state))


def in_words(finding: Finding) -> str:
    """Say a finding in the language of the person."""
    values = {name: value_in_words(name, value) for name, value in finding.values.items()}
    return gettext(finding.text, **values)


def value_in_words(name: str, value: object) -> object:
    """Return a value for the eye; those named `words` are to be translated themselves."""
    return gettext(str(value)) if name == "words" else shown_value(name, value)
