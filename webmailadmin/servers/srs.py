"""Mail from outside that a redirection sends outside again: its envelope sender is rewritten.

Otherwise the next host would see somebody's mail come from a machine that their domain does not
name (SPF), and refuse it. postsrsd(8) writes the sender into an address of ours that bounces find
their way back by (SRS). Only what leaves is rewritten: such mail goes once through this Postfix
again, by a cleanup of its own, so that mailboxes here see the true sender. Senders in our own
domains are left alone, by a lookup in the panel's database.
"""

from dataclasses import dataclass

from webmailadmin.servers.render import Values

OWN_SENDERS = "SELECT 'DUNNO' FROM postfix_domain WHERE name = '%d'"


@dataclass(frozen=True)
class SrsPorts:
    """Ports on the loopback: postsrsd's two, and the one by which mail comes in again."""

    forward: int = 10001
    reverse: int = 10002
    again: int = 10028


def maps(values: Values, ports: SrsPorts) -> dict[str, str]:
    """Return the files that Postfix looks in, by name: regexp_table(5), sqlite_table(5)."""
    host = values.mail_host.replace(".", r"\.")
    return {
        "srs-own.cf": f"dbpath = {values.database}\nquery = {OWN_SENDERS}\n",
        # What was rewritten already ends in the host's name; bounces have no sender at all.
        "srs-others.regexp": f"/@{host}$/ DUNNO\n/.@./ srs:[127.0.0.1]:{ports.again}\n",
        # Nothing else is asked of postsrsd: when it is down, no other mail waits for it.
        "srs-bounces.regexp": f"/^(SRS[01][-+=].*@{host})$/ $1\n",
    }


def parameters(values: Values, ports: SrsPorts) -> dict[str, str]:
    """Return what main.cf needs beside: postconf(5)."""
    return {
        "sender_dependent_default_transport_maps": (
            f"proxy:sqlite:{values.maps}/srs-own.cf, regexp:{values.maps}/srs-others.regexp"
        ),
        "recipient_canonical_maps": (
            f"pipemap:{{regexp:{values.maps}/srs-bounces.regexp, tcp:127.0.0.1:{ports.reverse}}}"
        ),
        "recipient_canonical_classes": "envelope_recipient",
    }


def services(ports: SrsPorts) -> dict[str, list[str]]:
    """Return what master.cf needs beside: each service's line, then its options. master(5)."""
    return {
        "srs/unix": ["srs unix - - y - - smtp", "smtp_tls_security_level=none"],
        f"127.0.0.1:{ports.again}/inet": [
            f"127.0.0.1:{ports.again} inet n - y - - smtpd",
            "cleanup_service_name=srs-cleanup",
            # Only this machine, which may send by port 25 as well.
            "mynetworks=127.0.0.0/8",
            "smtpd_client_restrictions=permit_mynetworks,reject",
            "smtpd_sender_restrictions=",
            "smtpd_relay_restrictions=permit_mynetworks,reject",
            "smtpd_recipient_restrictions=permit_mynetworks,reject",
            "smtpd_reject_unlisted_recipient=no",
            "smtpd_milters=",
            "smtpd_sasl_auth_enable=no",
            "smtpd_authorized_xforward_hosts=127.0.0.0/8",
        ],
        "srs-cleanup/unix": [
            "srs-cleanup unix n - y - 0 cleanup",
            f"sender_canonical_maps=tcp:127.0.0.1:{ports.forward}",
            "sender_canonical_classes=envelope_sender",
            "recipient_canonical_maps=",
            "virtual_alias_maps=",
            "non_smtpd_milters=",
        ],
    }


def defaults(values: Values, ports: SrsPorts) -> str:
    """Return Debian's /etc/default/postsrsd: rewritten addresses are in the host's own name."""
    return f"""\
SRS_DOMAIN={values.mail_host}
SRS_EXCLUDE_DOMAINS=
SRS_SEPARATOR==
SRS_SECRET=/etc/postsrsd.secret
SRS_HASHLENGTH=4
SRS_HASHMIN=4
SRS_FORWARD_PORT={ports.forward}
SRS_REVERSE_PORT={ports.reverse}
SRS_LISTEN_ADDR=127.0.0.1
RUN_AS=postsrsd
CHROOT=/var/lib/postsrsd
"""
