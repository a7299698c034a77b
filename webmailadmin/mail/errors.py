"""What a rule can refuse, as types whose words the doors translate."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


def N_(text: str) -> str:  # noqa: N802 - the name that message extraction looks for
    """Mark `text` for translation, and return it as it is."""
    return text


class NotFound(Exception):
    """There is no such thing, or it is not for the person who asks: never says which."""


class Refusal(Exception):
    """What a rule will not do. Nothing was changed.

    code: stable, for tests, the command line and the journal. The words may change.
    field: the input to correct; None when no input is at fault.
    """

    code: ClassVar[str] = "refused"
    field: str | None = None
    message: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(self.code, values)
        self.values = values

    def parts(self) -> list["Refusal"]:
        """Return the refusals that this one is made of: itself, unless there are several."""
        return [self]


class Several(Refusal):
    """More than one refusal at once, so that a form can show them all."""

    code = "several"
    message = ""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__()
        self.refusals = refusals

    def parts(self) -> list[Refusal]:
        return self.refusals


class Refusals:
    """Collects what independent checks refuse before anything is changed."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Note what is refused inside, and go on after it."""
        try:
            yield
        except Refusal as refusal:
            self.found += refusal.parts()

    def raise_any(self) -> None:
        """Raise what was found: the refusal itself, or Several."""
        if self.found:
            raise self.found[0] if len(self.found) == 1 else Several(self.found)


class Changed(Refusal):
    """Somebody else was quicker; the words say who, and what they did."""

    code = "changed"
    message = N_(
        "Meanwhile %(actor)s changed %(email)s: %(act)s. "
        "What you typed is still here; save again to put it in place."
    )
