"""Findings as they are shown: together what belongs together, in the language of the person."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from webmailadmin.upkeep.doctor import CHECKS
from webmailadmin.upkeep.doctor.finding import Finding, State, in_words, sorted_by_weight
from webmailadmin.words import gettext


@dataclass(frozen=True)
class Group:
    """Findings that belong together: those of one check, or what could not be seen for one reason.

    codes, names: of the checks. texts: what was found. mends: the commands.
    """

    state: State
    codes: list[str]
    names: list[str]
    texts: list[str]
    why: str
    mends: list[str]


def grouped(findings: list[Finding]) -> list[Group]:
    """Return findings in words, the worst first."""
    return [group(list(those)) for _, those in groupby(sorted_by_weight(findings), belongs)]


def belongs(finding: Finding) -> tuple[State, str]:
    """Return what is the same for findings that belong together."""
    unseen = finding.state is State.UNKNOWN
    return finding.state, in_words(finding) if unseen else finding.code


def group(those: list[Finding]) -> Group:
    """Say together what belongs together."""
    checks = [CHECKS[code] for code in unique(one.code for one in those)]
    return Group(
        those[0].state,
        [check.code for check in checks],
        [gettext(check.name) for check in checks],
        unique(in_words(one) for one in those),
        gettext(checks[0].why),
        unique(one.mend for one in those if one.mend),
    )


def unique(texts: Iterable[str]) -> list[str]:
    """Return each text once, in their order."""
    return list(dict.fromkeys(texts))
