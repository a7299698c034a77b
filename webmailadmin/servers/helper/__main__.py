"""Runs the helper: `python -m webmailadmin.servers.helper`."""

import os
import signal
import sys
from logging import ERROR, WARNING
from pathlib import Path
from threading import Thread

from webmailadmin import log, settings
from webmailadmin.servers.helper import trash
from webmailadmin.servers.helper.orders import Orders
from webmailadmin.servers.helper.refused import Refused
from webmailadmin.servers.helper.server import Server, listen
from webmailadmin.servers.helper.tree import open_root


class CannotStart(Exception):
    """The helper cannot run. Its text is one sentence."""


def main() -> int:
    """Serve until SIGTERM or Ctrl-C."""
    log.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        # What is half deleted is finished after the next start.
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        server = prepared()
    except (CannotStart, settings.WrongSetting) as reason:
        log.note("cannot start", ERROR, reason=str(reason))
        return 1
    Thread(target=finish_purges, args=(server.orders.mail_root,), daemon=True).start()
    server.serve()
    return 0


def prepared() -> Server:
    """Return a server that listens, as the owner of the mail files. Raises CannotStart."""
    settings.use(settings.read())
    ours = settings.current
    become_owner(ours.mail_root)
    try:
        listening = listen(ours.helper_socket)
        server = Server(listening, ours.panel_user, Orders(ours.mail_root, ours.dovecot_config))
    except OSError as error:
        reason = f"Cannot listen at {ours.helper_socket}: {error.strerror}."
        raise CannotStart(reason) from error
    except KeyError as error:
        raise CannotStart(f"There is no user {ours.panel_user}.") from error
    log.note("listening", socket=ours.helper_socket, answers=ours.panel_user, user=os.geteuid())
    return server


def become_owner(mail_root: Path) -> None:
    """Whoever starts us as root gets the owner of the mail files. Raises CannotStart.

    For good, and before anything is opened or heard.
    """
    if os.geteuid() != 0:
        return
    try:
        owner = mail_root.stat(follow_symlinks=False)
    except OSError as error:
        reason = f"The mail files' folder {mail_root} cannot be found: {error.strerror}."
        raise CannotStart(reason) from error
    if owner.st_uid == 0:
        raise CannotStart(f"The mail files' folder {mail_root} belongs to root.")
    os.setgroups([])
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)


def finish_purges(mail_root: Path) -> None:
    """Delete what an earlier run left half deleted."""
    try:
        with open_root(mail_root) as root:
            trash.finish(root)
    except (Refused, OSError) as reason:
        log.note("purges not finished", WARNING, reason=str(reason))


if __name__ == "__main__":
    sys.exit(main())
