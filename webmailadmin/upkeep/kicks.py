"""Open sessions are ended once their log-in is taken away or has a new password."""

import math
import time

from webmailadmin.mail import kicks
from webmailadmin.servers import mailfiles


def carry_out(seconds: float = math.inf) -> None:
    """End the sessions that rules have ordered to end; begin no other after so many seconds.

    Raises HelperTrouble at the first that does not go; that and the rest stay for the next time.
    """
    deadline = time.monotonic() + seconds
    for kick in kicks.waiting():
        if time.monotonic() > deadline:
            return
        mailfiles.kick(kick.email)
        kicks.done(kick)
