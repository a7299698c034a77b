"""Who acts: a person of one of three kinds, or a program on the server."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What somebody is to the panel."""

    ADMINISTRATOR = "administrator"
    OWNER = "owner"
    HOLDER = "holder"
    PROGRAM = "program"


@dataclass(frozen=True)
class Actor:
    """Who asks a rule for something, and stands in the journal for it.

    id: of the account; of the mailbox for a holder; 0 for a program. name: of the account, or the
    holder's address. through: the administrator who has entered as this person, "" for itself.
    """

    kind: Kind
    id: int
    name: str
    through: str = ""

    @property
    def has_account(self) -> bool:
        """Say whether this is a person with an account."""
        return self.kind in (Kind.ADMINISTRATOR, Kind.OWNER)


# Whoever may read the key and write the database.
COMMAND_LINE = Actor(Kind.PROGRAM, 0, "command line")
# What is done after its date, with nobody logged in.
THE_PANEL = Actor(Kind.PROGRAM, 0, "the panel")
