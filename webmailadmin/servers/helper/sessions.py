"""Open IMAP and POP3 sessions are ended by Dovecot's own command."""

import re
import subprocess
import time
from pathlib import Path
from queue import Full, Queue
from threading import Thread

from webmailadmin.log import note
from webmailadmin.servers.helper.refused import Refused

# Nothing that doveadm would take for a pattern or an option.
EMAIL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}@[a-z0-9][a-z0-9.-]{0,252}")
SECONDS_TO_KICK = 4.0  # the panel waits for five
# Who was in the middle of logging in with the old password has a session by then.
SECONDS_TO_KICK_AGAIN = 5.0
MOST_WAITING = 20_000
NOBODY_WAS_IN = 68  # doveadm-kick(1), Dovecot 2.3
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class Sessions:
    """Ends sessions by the Dovecot of one configuration file; each log-in's once more, later."""

    def __init__(self, dovecot: Path) -> None:
        self.dovecot = dovecot
        self.again: Queue[tuple[float, str]] = Queue(MOST_WAITING)
        Thread(target=self.kick_again, name="again", daemon=True).start()

    def kick(self, email: str) -> None:
        """End the sessions of a log-in. Raises Refused."""
        self.end(email)
        try:
            self.again.put_nowait((time.monotonic() + SECONDS_TO_KICK_AGAIN, email))
        except Full:
            note("not kicked again", email=email)

    def kick_again(self) -> None:
        """End once more what is due, one after the other, for ever."""
        while True:
            due, email = self.again.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                self.end(email)
            except Refused as reason:
                note("not kicked again", email=email, reason=str(reason))

    def end(self, email: str) -> None:
        """End the sessions that a log-in has now. Raises Refused."""
        if not EMAIL.fullmatch(email):
            raise Refused(f"{email!r} is no address of ours.")
        command = ["doveadm", "-c", str(self.dovecot), "kick", "--", email]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS_TO_KICK,
                check=False,
                env=ENVIRONMENT,
                cwd="/",
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(f"Dovecot does not end sessions: {error}") from error
        if done.returncode not in (0, NOBODY_WAS_IN):
            words = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise Refused(f"Dovecot does not end sessions: {words}")
