"""How Dovecot is asked, as root, whether it gets at the vacation answers."""

PLUGIN = "/usr/lib/dovecot/modules/lib90_sieve_plugin.so"
# What doveadm-dict(1) ends with when there is none to be sent now.
NO_ANSWER = 68


def question(email: str, *, is_2_3: bool) -> tuple[str, ...]:
    """Return the arguments of doveadm that look for the answer of a mailbox."""
    where = "proxy::webmailadmin" if is_2_3 else "sieve_script/personal"
    return ("dict", "get", "-u", email, where, "priv/sieve/name/vacation")
