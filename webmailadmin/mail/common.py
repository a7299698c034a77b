"""Passwords that many people had and that were stolen: who guesses tries them before all others."""

from functools import cache
from importlib import resources

# What people put behind a word to please a rule. A longer tail is judged like any text.
LONGEST_TAIL = 6


@cache
def known() -> frozenset[str]:
    """Return the list, read once; where it comes from is in docs/dependencies.md."""
    listed = resources.files("webmailadmin.mail").joinpath("common_passwords.txt")
    return frozenset(listed.read_text("utf-8").split("\n")) - {""}


def is_common(password: str) -> bool:
    """Say whether a password is on the list, in any case, also with figures or signs behind it."""
    return not known().isdisjoint(forms(password.casefold()))


def forms(folded: str) -> set[str]:
    """Return a password as it may stand on the list: whole, without signs, without figures."""
    without_signs = folded.rstrip("!?.,;:*#$&@+-_ ")
    word = without_signs.rstrip("0123456789!?.,;:*#$&@+-_ ")
    return {
        form for form in (folded, without_signs, word) if len(folded) - len(form) <= LONGEST_TAIL
    }
