"""Where things are on a server that `webmailadmin servers install` has set up."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PANEL_USER = "webmailadmin"
# Settings of the services, and of the command line of root and of the panel's user.
ENVIRONMENT = Path("/etc/webmailadmin.env")
DATA = Path("/var/lib/webmailadmin")
# What the set-up keeps for itself, root's alone.
KEPT = Path("/etc/webmailadmin")
# What stood there before the set-up, for `servers uninstall`.
BEFORE = KEPT / "before-install.json"
# In use for as long as there is no better certificate.
SELF_MADE = KEPT / "self-made.pem"
SELF_MADE_KEY = KEPT / "self-made.key"
LETS_ENCRYPT = Path("/etc/letsencrypt/live")
POSTFIX_MAPS = Path("/etc/postfix/webmailadmin")
DOVECOT = Path("/etc/dovecot")
DOVECOT_OURS = DOVECOT / "conf.d" / "99-webmailadmin.conf"
DOVECOT_SQL = DOVECOT / "webmailadmin-sql.conf.ext"  # 2.3 only
DOVECOT_USED = DOVECOT / "webmailadmin-used.conf.ext"  # 2.3 only
DOVECOT_DICT = DOVECOT / "webmailadmin-dict.conf.ext"  # 2.3 only
DOVECOT_SYSTEM_USERS = DOVECOT / "conf.d" / "auth-system.conf.ext"
UNITS = Path("/etc/systemd/system")
POSTSRSD = Path("/etc/default/postsrsd")


def environment(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables of this process and, beneath them, those of the services.

    The services' file is for root and the panel's user alone: anybody else runs a panel of their
    own. systemd.exec(5), EnvironmentFile=.
    """
    if not ENVIRONMENT.is_file() or not is_ours(os.geteuid()):
        return dict(inherited)
    found: dict[str, str] = {}
    for line in ENVIRONMENT.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            found[name.strip()] = value.strip().strip("\"'")
    return found | dict(inherited)


def is_ours(uid: int) -> bool:
    """Say whether this is root or the panel's user."""
    try:
        return uid in (0, pwd.getpwnam(PANEL_USER).pw_uid)
    except KeyError:
        return uid == 0
