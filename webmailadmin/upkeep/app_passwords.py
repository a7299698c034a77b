"""When app passwords were used last is taken over from where Dovecot notes it."""

import time

from webmailadmin import settings
from webmailadmin.mail import app_passwords
from webmailadmin.servers import used

SECONDS_TO_LOOK_BACK = 300  # before the last look: a log-in may have been on its way


class Round:
    """Knows up to when it has looked."""

    def __init__(self) -> None:
        self.since = 0

    def carry_out(self) -> None:
        """Take over what is new."""
        began = int(time.time())
        folder = settings.current.data
        used.make(folder)
        moments = used.moments(folder, self.since)
        if moments:
            app_passwords.note_used(moments)
        self.since = began - SECONDS_TO_LOOK_BACK
