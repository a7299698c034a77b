"""The files of what was removed for good are deleted: after the commit, and until it is done."""

from webmailadmin.mail import purging
from webmailadmin.models import Purge
from webmailadmin.servers import mailfiles


class PurgesStuck(Exception):
    """Some homes could not be deleted. Its text is one sentence."""


def carry_out() -> None:
    """Let what is past its date go, and delete the files of all that must go.

    What meets trouble is tried again with the next run; the others go on.
    Raises purging.ClockBehind, PurgesStuck.
    """
    try:
        purging.order_due()
    finally:
        stuck = delete_ordered()
    if stuck:
        raise PurgesStuck(f"{len(stuck)} removed mailboxes are not deleted yet: {stuck[0]}")


def delete_ordered() -> list[str]:
    """Delete the homes that were ordered; return the troubles that some of them met."""
    return [trouble for purge in purging.ordered() if (trouble := delete(purge))]


def delete(purge: Purge) -> str:
    """Delete one home; return what stopped that, or "" when it is done."""
    try:
        purging.look_again(purge.home)
        held = mailfiles.purge(purge.home)
    except (mailfiles.HelperTrouble, purging.StillInUse) as trouble:
        purging.note_trouble(purge.home, str(trouble))
        return str(trouble)
    purging.finish(purge, held.messages, held.bytes)
    return ""
