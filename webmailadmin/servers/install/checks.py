"""Whether mail works as it was set up: asked of the running servers, without leaving a trace."""

import imaplib
import poplib
import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

from webmailadmin.servers import places, sieve
from webmailadmin.servers.install.certificate import Pair
from webmailadmin.servers.install.plan import PORTS, Wish
from webmailadmin.servers.install.running import wait_until
from webmailadmin.servers.install.steps import MACHINE
from webmailadmin.servers.render import QUERIES

T = TypeVar("T")
HOST = "127.0.0.1"
SECONDS_TO_ANSWER = 20.0
SECONDS_TO_ARRIVE = 30.0
NO_SUCH_USER = 67  # exit status of doveadm(1), as in sysexits.h
NOBODY = "nobody@webmailadmin.invalid"


class NotWorking(Exception):
    """The set-up does not work. Its text is one sentence that says where."""


def all_of(wish: Wish) -> None:
    """Look at files, lookups and ports. Raises NotWorking at the first that is wrong."""
    files_are_read()
    for name in (*QUERIES, *(["srs-own"] if wish.srs else [])):
        lookup(places.POSTFIX_MAPS / f"{name}.cf")
    dovecot_asks()
    port_25(wish.pair)
    submission(465, wish.pair)
    submission(587, wish.pair)
    reading(wish.pair)
    if wish.srs:
        rewriting(wish)


def files_are_read() -> None:
    """Both servers find no fault with their files."""
    for command in (("postfix", "check"), ("doveconf", "-n")):
        done = MACHINE.ask(*command)
        if done.returncode:
            raise NotWorking(f"`{' '.join(command)}` says: {done.stderr.strip()}")


def lookup(file: Path) -> None:
    """Postfix's own lookup process reads a map, as the user postfix."""
    as_postfix = ("setpriv", "--reuid=postfix", "--regid=postfix", "--init-groups")
    answers((*as_postfix, "postmap", "-q", NOBODY, f"proxy:sqlite:{file}"), 1)


def dovecot_asks() -> None:
    """Dovecot asks the database for a user, a password, a vacation answer: there are none.

    No wrong password is tried: each costs ten seconds, of other people's log-ins too.
    """
    answers(("doveadm", "user", NOBODY), NO_SUCH_USER)
    answers(("doveadm", "auth", "lookup", NOBODY), NO_SUCH_USER)
    is_2_3 = places.DOVECOT_DICT.exists()
    answers(("doveadm", *sieve.question(NOBODY, is_2_3=is_2_3)), sieve.NO_ANSWER)


def answers(command: tuple[str, ...], expected: int) -> None:
    """Ask until the exit status is the expected one. Raises NotWorking when it never is."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while (done := MACHINE.ask(*command)).returncode != expected:
        if time.monotonic() > deadline:
            raise NotWorking(
                f"`{' '.join(command)}` ends with {done.returncode} rather than {expected}:"
                f" {(done.stderr or done.stdout).strip()}"
            )
        time.sleep(0.2)


# Ports


def port_25(pair: Pair) -> None:
    """Mail from outside: TLS is offered, and log-in is not."""
    with smtp(25) as client:
        if client.has_extn("auth"):
            raise NotWorking("Port 25 offers a log-in.")
        start_tls(client, 25, pair)
        if client.has_extn("auth"):
            raise NotWorking("Port 25 offers a log-in after STARTTLS.")


def submission(port: int, pair: Pair) -> None:
    """A port for mail programs: log-in after TLS, and not before."""
    with smtp(port) as client:
        if port == 587:
            if client.has_extn("auth"):
                raise NotWorking("Port 587 offers a log-in without TLS.")
            start_tls(client, port, pair)
        else:
            same_certificate(client.sock, port, pair)
        if not client.has_extn("auth"):
            raise NotWorking(f"Port {port} offers no log-in.")


def smtp(port: int) -> smtplib.SMTP:
    """Open a dialogue that has said EHLO. Raises NotWorking."""

    def opened() -> smtplib.SMTP:
        if port == 465:
            client: smtplib.SMTP = smtplib.SMTP_SSL(HOST, port, "localhost", context=any_tls())
        else:
            client = smtplib.SMTP(HOST, port, "localhost", SECONDS_TO_ANSWER)
        client.ehlo()
        return client

    return answering(port, opened)


def start_tls(client: smtplib.SMTP, port: int, pair: Pair) -> None:
    """Go on under TLS, with our certificate. Raises NotWorking."""
    if not client.has_extn("starttls"):
        raise NotWorking(f"Port {port} offers no TLS.")
    client.starttls(context=any_tls())
    client.ehlo()
    same_certificate(client.sock, port, pair)


def reading(pair: Pair) -> None:
    """IMAP and POP3 over TLS greet with our certificate."""
    client = answering(993, lambda: imaplib.IMAP4_SSL(HOST, 993, ssl_context=any_tls()))
    same_certificate(client.socket(), 993, pair)
    client.logout()
    pop3 = answering(995, lambda: poplib.POP3_SSL(HOST, 995, context=any_tls()))
    same_certificate(pop3.sock, 995, pair)
    pop3.quit()


def rewriting(wish: Wish) -> None:
    """postsrsd writes a stranger's sender into an address of this host, and back."""
    asked = ("postmap", "-q", "bob@near.example")
    there = MACHINE.ask(*asked, f"tcp:127.0.0.1:{PORTS.forward}").stdout.strip()
    if not there.startswith("SRS0=") or not there.endswith(f"@{wish.mail_host}"):
        raise NotWorking(f"postsrsd does not rewrite senders: it answers {there!r}.")
    back = MACHINE.ask("postmap", "-q", there, f"tcp:127.0.0.1:{PORTS.reverse}").stdout.strip()
    if back != asked[2]:
        raise NotWorking(f"postsrsd does not find back from {there}: it answers {back!r}.")


def answering(port: int, opened: Callable[[], T]) -> T:
    """Return what `opened` opens, once the server answers. Raises NotWorking."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while True:
        try:
            return opened()
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error, poplib.error_proto) as error:
            if time.monotonic() > deadline:
                raise NotWorking(f"No answer on port {port}: {error}.") from error
            time.sleep(0.1)


def any_tls() -> ssl.SSLContext:
    """Return a client's TLS that takes every certificate: it is compared with ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def same_certificate(socket: object, port: int, pair: Pair) -> None:
    """Raise NotWorking unless a server has shown our certificate."""
    assert isinstance(socket, ssl.SSLSocket)
    shown = socket.getpeercert(binary_form=True)
    text = pair.certificate.read_text(encoding="ascii", errors="replace")
    first = text[text.index("-----BEGIN") : text.index("-----END")] + "-----END CERTIFICATE-----"
    if shown != ssl.PEM_cert_to_DER_cert(first):
        raise NotWorking(f"Port {port} shows another certificate than {pair.certificate}.")


# Mail


def one_that_lives(email: str) -> None:
    """A mailbox of the panel is known to both servers; nothing is sent to it.

    email: its address; empty when there is none. Raises NotWorking.
    """
    if not email:
        return
    with smtp(25) as client:
        client.mail("<>")
        code, answer = client.rcpt(email)
        client.rset()
    # Whatever else is wrong with the recipient, as a full mailbox, Postfix knows it.
    if code in (550, 554, 451):
        raise NotWorking(f"Port 25 refuses {email}: {code} {answer.decode(errors='replace')}.")
    done = MACHINE.ask("doveadm", "user", email)
    if done.returncode:
        raise NotWorking(f"`doveadm user {email}` says: {(done.stderr or done.stdout).strip()}")


def mail_arrives(email: str, password: str) -> None:
    """Send a mail as a mail program does, and read it as one. Raises NotWorking."""
    message = EmailMessage()
    message["From"] = message["To"] = email
    message["Subject"] = "Sent and read by webmailadmin servers install"
    message.set_content("This mailbox was made to try the servers.")
    try:
        with smtp(587) as client:
            client.starttls(context=any_tls())
            client.login(email, password)
            client.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise NotWorking(f"A mail sent on port 587 was refused: {error}.") from error
    if not wait_until(lambda: holds_mail(email, password), SECONDS_TO_ARRIVE):
        raise NotWorking(
            f"A mail was taken on port 587 and did not arrive within {SECONDS_TO_ARRIVE:.0f}"
            " seconds: see /var/log/mail.log or `journalctl -u postfix@- -u dovecot`."
        )


def holds_mail(email: str, password: str) -> bool:
    """Say whether a mailbox, read over IMAP, holds a message. Raises NotWorking."""
    try:
        with imaplib.IMAP4_SSL(HOST, 993, ssl_context=any_tls()) as client:
            client.login(email, password)
            client.select(readonly=True)
            return bool(client.search(None, "ALL")[1][0])
    except (imaplib.IMAP4.error, OSError) as error:
        raise NotWorking(f"The log-in on port 993 was refused: {error}.") from error
