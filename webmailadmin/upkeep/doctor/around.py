"""Checks of what the panel speaks with: the mail-file helper, Postfix, and whoever comes in."""

import secrets
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from webmailadmin import settings
from webmailadmin.mail.errors import N_
from webmailadmin.servers import mailfiles
from webmailadmin.upkeep.doctor.finding import Check, Finding, warning, wrong

SECONDS_TO_GREET = 3.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SET_ANEW = "editor /etc/webmailadmin.env && systemctl restart webmailadmin-web"


def helper() -> Iterator[Finding]:
    """It answers a question about a folder that nobody has."""
    try:
        mailfiles.exists(secrets.token_hex(16))
    except mailfiles.HelperTrouble as trouble:
        text = N_("The mail-file helper does not answer as it should: %(trouble)s")
        yield wrong(text, "systemctl restart webmailadmin-helper", trouble=str(trouble))


def smtp() -> Iterator[Finding]:
    """Postfix greets at the port by which our own mail leaves."""
    port = settings.current.smtp_port
    mend = "systemctl restart postfix"
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS_TO_GREET) as connection:
            greeting = connection.recv(4)
    except OSError as error:
        reason = error.strerror or str(error)
        text = N_("No mail server answers on port %(port)s of this machine: %(reason)s.")
        yield wrong(text, mend, port=str(port), reason=reason)
        return
    if greeting[:3] != b"220":
        text = N_("What answers on port %(port)s of this machine is no mail server that is ready.")
        yield wrong(text, mend, port=str(port))


def public_url() -> Iterator[Finding]:
    """People come by https."""
    url = settings.current.public_url
    if url.startswith("http://") and urlsplit(url).hostname not in LOOPBACK:
        yield wrong(N_("PUBLIC_URL is %(url)s: without https."), SET_ANEW, url=url)
    elif not url and settings.current.socket:
        text = N_("PUBLIC_URL is not set: the panel does not know by which address people come.")
        yield warning(text, SET_ANEW)


CHECKS = (
    Check(
        "helper",
        N_("Mail-file helper"),
        N_("Without it: no sizes, no download of messages, no deletion. Mail goes on."),
        N_("The mail-file helper answers."),
        helper,
    ),
    Check(
        "smtp",
        N_("Way out for our own mail"),
        N_("Warnings to mailboxes and test messages leave by it."),
        N_("Postfix answers on this machine."),
        smtp,
    ),
    Check(
        "public-url",
        N_("Address of the panel"),
        N_("Without https, passwords cross the network for all to read, and no log-in lasts."),
        N_("People come to the panel by https, or from this machine."),
        public_url,
    ),
)
