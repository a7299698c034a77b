"""What a link that was handed out is good for."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a link is good for."""

    INVITATION = "invitation"
    RESET = "reset"
    CONTACT = "contact"
