"""What Dovecot shall read: our file beside Debian's, and nothing of the machine's own users."""

from pathlib import Path

from webmailadmin.servers import places
from webmailadmin.servers.install.certificate import Pair
from webmailadmin.servers.render import Values, filled

# What Debian checks names and passwords by, until we take its place.
OF_DEBIAN = {"passdb pam", "userdb passwd"}
NO_SYSTEM_USERS = """\
# The users of this machine have no mailbox: `webmailadmin servers install` has emptied this file,
# and `webmailadmin servers uninstall` brings it back.
"""
TLS = {
    True: "ssl = required\nssl_cert = <{certificate}\nssl_key = <{key}\n",
    False: "ssl = required\nssl_server_cert_file = {certificate}\nssl_server_key_file = {key}\n",
}


def files(values: Values, pair: Pair, *, is_2_3: bool) -> dict[Path, str]:
    """Return the text of each file that is ours."""
    version = "2.3" if is_2_3 else "2.4"
    tls = TLS[is_2_3].format(certificate=pair.certificate, key=pair.key)
    found = {
        places.DOVECOT_SYSTEM_USERS: NO_SYSTEM_USERS,
        places.DOVECOT_OURS: f"{filled(f'dovecot-{version}.conf', values)}\n# Nothing without"
        f" TLS, but from this machine itself.\n{tls}",
    }
    if is_2_3:
        found[places.DOVECOT_SQL] = filled("dovecot-2.3-sql.conf", values)
        found[places.DOVECOT_USED] = filled("dovecot-2.3-used.conf", values)
        found[places.DOVECOT_DICT] = filled("dovecot-2.3-dict.conf", values)
    return found
