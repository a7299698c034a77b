"""What Postfix shall be told: parameters of main.cf, services of master.cf."""

import re
from collections.abc import Mapping

from webmailadmin.servers.install.certificate import Pair
from webmailadmin.servers.render import Values, filled

# Ours are put in front of what stands there: they only refuse, so nothing else is let in.
IN_FRONT = ("smtpd_recipient_restrictions", "smtpd_sender_restrictions")
# Ours are asked first, and what stands there after them, if the hoster says so.
KEEPABLE = ("virtual_alias_maps", "smtpd_sender_login_maps")
LISTS = (*IN_FRONT, *KEEPABLE)
# Only where nothing is set, or what Debian sets: the hoster's own choice does the same.
LEFT = {
    "smtpd_relay_restrictions": (
        "permit_mynetworks permit_sasl_authenticated defer_unauth_destination"
    ),
    "smtpd_tls_security_level": "none",
    "smtp_tls_security_level": "none",
}
# The hoster's own, but for what `mydestination` adds; Postfix's default.
NOT_SET = ("mydestination",)
DESTINATIONS = "$myhostname, localhost.$mydomain, localhost"
SUBMISSION = (
    "smtpd_sasl_auth_enable=yes",
    "smtpd_tls_auth_only=yes",
    "smtpd_client_restrictions=permit_sasl_authenticated,reject",
    "smtpd_helo_restrictions=",
    "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
)


def parameters(values: Values, pair: Pair) -> dict[str, str]:
    """Return all that main.cf shall hold, as on a machine where nothing is set."""
    return parsed(filled("main.cf", values)) | {
        # Log-in on the ports of mail programs alone.
        "smtpd_sasl_auth_enable": "no",
        "smtpd_tls_security_level": "may",
        "smtp_tls_security_level": "may",
        "smtpd_tls_cert_file": str(pair.certificate),
        "smtpd_tls_key_file": str(pair.key),
    }


def services() -> dict[str, list[str]]:
    """Return the services for mail programs. By number: /etc/services is not everywhere."""
    return {
        "465/inet": [
            "465 inet n - y - - smtpd",
            "syslog_name=postfix/submissions",
            "smtpd_tls_wrappermode=yes",
            *SUBMISSION,
        ],
        "587/inet": [
            "587 inet n - y - - smtpd",
            "syslog_name=postfix/submission",
            "smtpd_tls_security_level=encrypt",
            *SUBMISSION,
        ],
    }


def parsed(text: str) -> dict[str, str]:
    """Return the parameters in a text of main.cf: a line that begins with a space goes on."""
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\n[ \t]+", " ", text).splitlines()
    return {
        name.strip(): " ".join(value.split())
        for name, equals, value in (line.partition("=") for line in lines)
        if equals
    }


def merged(parameters: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str]:
    """Return what main.cf shall hold on a machine where `there` is set, ours left out."""
    wanted = {}
    for name, ours in parameters.items():
        theirs = there.get(name, "")
        if name in NOT_SET or (name in LEFT and theirs and not same(theirs, LEFT[name])):
            continue
        wanted[name] = joined(name, ours, theirs) if name in LISTS else ours
    if there.get("smtpd_tls_chain_files"):
        wanted["smtpd_tls_chain_files"] = ""  # or it would be used rather than ours
    return wanted


def joined(name: str, ours: str, theirs: str) -> str:
    """Return both lists, ours first."""
    if not theirs:
        return ours
    if name == "smtpd_recipient_restrictions":
        ours += ", permit_sasl_authenticated"  # theirs were made for strangers
    return f"{ours}, {theirs}"


def same(one: str, other: str) -> bool:
    """Say whether two lists have the same words, whatever stands between them."""
    return one.replace(",", " ").split() == other.replace(",", " ").split()


def without_ours(before: str | None, ours: str, now: str | None) -> str | None:
    """Return what a parameter is once ours is taken out of it again.

    before: what it was; ours: what we made of it; now: what it is, as the hoster left it.
    """
    if now is None or now == ours:
        return before
    added = ours.removesuffix(before or "").rstrip(", ")
    if not added or added not in now:
        return now
    left = now.replace(f"{added}, " if f"{added}, " in now else added, "", 1)
    return left.strip(", ") or before


def mydestination(there: str, old: str) -> str | None:
    """Return mydestination with this host's new name and its old one; None when it has both.

    there: as it stands, perhaps empty. old: the name until now, or the new one itself.
    """
    names = (there or DESTINATIONS).replace(",", " ").split()
    missing = [name for name in ("$myhostname", old) if name and name not in names]
    return ", ".join([*names, *missing]) if missing else None
