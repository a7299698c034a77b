"""The mail-file helper beside the private servers, for the demo and for the tests."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webmailadmin.servers.private import SECONDS_TO_START, CannotStart, PrivateServers, stop
from webmailadmin.servers.render import MAIL_USER
from webmailadmin.settings import PREFIX

CHECKOUT = Path(__file__).parents[2]


def socket_of(folder: Path) -> Path:
    """Return where the helper beside the servers in `folder` will listen."""
    return folder / "helper" / "socket"


@contextmanager
def private_helper(
    servers: PrivateServers,
    panel_user: str,
    python: str = sys.executable,
    checkout: Path = CHECKOUT,
) -> Iterator[Path]:
    """Run the helper on the mail of private servers until the block ends; its log is with theirs.

    panel_user: whom it answers. python, checkout: what runs it, and from where, in the servers'
    system. Started as root, it becomes the owner of the mail files by itself: that user need not
    be able to run our Python. Raises CannotStart. However the block is left, no process stays.
    """
    group = servers.system.run("id", "-gn", panel_user).strip()
    path = socket_of(servers.folder)
    servers.system.run(
        "install", "-d", "-o", MAIL_USER, "-g", group, "-m", "2750", str(path.parent)
    )
    settings = {
        "MAIL_ROOT": servers.values.mail_root,
        "HELPER_SOCKET": path,
        "PANEL_USER": panel_user,
        "DOVECOT_CONFIG": servers.dovecot_file,
    }
    environment = [f"{PREFIX}{name}={value}" for name, value in settings.items()]
    command = ("env", f"PYTHONPATH={checkout}", *environment, python, "-P", "-m")
    log = servers.folder / "log" / "helper.log"
    keeper = servers.system.start(log, *command, "webmailadmin.servers.helper")
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not answers(path):
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"The mail-file helper does not start: {log.read_text()[-500:]}")
            time.sleep(0.02)
        yield path
    finally:
        stop([keeper])


def answers(path: Path) -> bool:
    """Say whether somebody listens at a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
