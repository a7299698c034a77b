"""What stands against a set-up: each in a sentence, with what to do. All are told at once."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from webmailadmin.servers import places
from webmailadmin.servers.install import dovecot, postfix
from webmailadmin.servers.install.certificate import UnfitCertificate, refuse_unfit
from webmailadmin.servers.install.facts import Facts
from webmailadmin.servers.install.plan import Wish, postfix_services
from webmailadmin.servers.install.saved import Saved
from webmailadmin.servers.install.steps import MACHINE, rights
from webmailadmin.servers.render import UnfitValue

FIRST_POSTFIX = (3, 7)
DOVECOTS = ("2.3.", "2.4.")
# Mail of others would be lost or land elsewhere: there is one such value in a Postfix.
FOR_ONE = ("virtual_mailbox_domains", "virtual_mailbox_maps", "virtual_transport")
LOG_IN = ("smtpd_sasl_auth_enable", "smtpd_sasl_type", "smtpd_sasl_path")
SENDERS = (
    "sender_dependent_default_transport_maps",
    "sender_canonical_maps",
    "recipient_canonical_maps",
)
NAMED_PORTS = {"smtps": 465, "submissions": 465, "ssmtp": 465, "urd": 465, "submission": 587}


def all_of(wish: Wish, facts: Facts, saved: Saved) -> list[str]:
    """Return every reason not to set this machine up. saved: what is set up already."""
    there = saved.settings_without_ours(facts.settings)
    reasons = [*host(wish), *packages(facts)]
    if reasons or not facts.settings:
        return reasons
    return [
        *versions(facts),
        *program(),
        *database(wish),
        *certificate(wish),
        *other_mail(there),
        *own_maps(there, {*wish.keep, *saved.parts("settings")}),
        *own_log_in(there),
        *delimiter(there),
        *destinations(wish, facts),
        *services(wish, facts, saved.parts("services")),
        *log_ins(wish, facts),
        *(senders(there) if wish.srs else []),
    ]


def host(wish: Wish) -> Iterator[str]:
    """The mail host needs a whole name, and all must fit in the servers' files."""
    try:
        wish.values(0)
    except UnfitValue as reason:
        yield str(reason)
    if "." not in wish.mail_host.strip("."):
        yield (
            f"The mail host is called {wish.mail_host!r}: give its whole name, to which the MX"
            " records will point, as `--mail-host mail.example.org`."
        )


def packages(facts: Facts) -> Iterator[str]:
    """What the set-up runs on must be there."""
    if facts.missing:
        yield (
            f"Install what is missing: apt-get install {' '.join(facts.missing)}"
            + (" (or leave postsrsd out with --no-srs)" if "postsrsd" in facts.missing else "")
            + "."
        )
    if "postfix" not in facts.missing and not Path("/etc/postfix/main.cf").exists():
        yield ("Postfix has no main.cf: run `dpkg-reconfigure postfix` and choose Internet Site.")


def versions(facts: Facts) -> Iterator[str]:
    """The texts are tried with these versions."""
    if tuple(int(part) for part in facts.postfix.split(".")[:2]) < FIRST_POSTFIX:
        yield f"This is Postfix {facts.postfix}: webmailadmin needs 3.7 or later (Debian 12)."
    if not facts.dovecot.startswith(DOVECOTS):
        yield f"This is Dovecot {facts.dovecot}: webmailadmin knows 2.3 and 2.4 (Debian 12 and 13)."
    if facts.dovecot_trouble:
        yield f"Dovecot cannot read its own files as they are: {facts.dovecot_trouble}."


def program() -> Iterator[str]:
    """The services run this very program, as a user who may not enter everywhere."""
    for path, how in ((sys.executable, "-x"), (str(Path(__file__)), "-r")):
        nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        if MACHINE.ask(*nobody, "test", how, path).returncode:
            yield (
                f"The panel's user cannot reach {path}: put the program where every user may go,"
                " as /opt/webmailadmin, with a virtual environment of Debian's own Python."
            )
            return


def database(wish: Wish) -> Iterator[str]:
    """A database that is there already belongs to the panel."""
    file = wish.data / "webmailadmin.db"
    if file.exists() and rights(file)["owner"] != places.PANEL_USER:
        yield (
            f"{file} belongs to {rights(file)['owner']}: once there is a user"
            f" {places.PANEL_USER} (`useradd --system --user-group {places.PANEL_USER}`), give it"
            f" the folder with `chown -R {places.PANEL_USER}: {wish.data}`."
        )


def certificate(wish: Wish) -> Iterator[str]:
    """One that cannot be used would end all log-ins."""
    if not wish.pair.is_self_made:
        try:
            refuse_unfit(wish.pair)
        except UnfitCertificate as reason:
            yield str(reason)


def other_mail(there: dict[str, str]) -> Iterator[str]:
    """Postfix takes mail for mailboxes of one kind only."""
    for name in FOR_ONE:
        if there.get(name):
            yield (
                f"{name} is set to `{there[name]}`: this Postfix takes mail for other mailboxes,"
                " and would no longer. Bring their domains into the panel on another machine, or"
                f" take it out with `postconf -X {name}` when nobody needs it."
            )


def own_maps(there: dict[str, str], kept: set[str]) -> Iterator[str]:
    """Maps of the hoster's own can go on beside ours."""
    for name in postfix.KEEPABLE:
        if there.get(name) and name not in kept:
            yield (
                f"{name} is set to `{there[name]}`: say `--keep {name}` to have it asked after"
                f" the panel's, or take it out with `postconf -X {name}`."
            )


def own_log_in(there: dict[str, str]) -> Iterator[str]:
    """People who send through this machine with other passwords would be shut out."""
    own = [f"{name} = {there[name]}" for name in LOG_IN if there.get(name, "no") != "no"]
    if own:
        yield (
            f"Mail programs log in to this Postfix already ({'; '.join(own)}), with other names"
            " than the panel's: they would be refused. Take it out with"
            f" `postconf -X {' '.join(name for name in LOG_IN if there.get(name))}` when nobody"
            " needs it."
        )


def delimiter(there: dict[str, str]) -> Iterator[str]:
    """The panel lets nobody have a + in a name, and anything else."""
    if there.get("recipient_delimiter", "+") not in ("+", ""):
        yield (
            f"recipient_delimiter is `{there['recipient_delimiter']}`, and the panel's addresses"
            " are divided at +: names with another sign would lead elsewhere. Set it with"
            " `postconf -e recipient_delimiter=+` when nobody needs the other one."
        )


def destinations(wish: Wish, facts: Facts) -> Iterator[str]:
    """Mail for a domain of the panel must not go to users of this machine."""
    if wish.mail_host in facts.domains:
        yield (
            f"{wish.mail_host} is a domain of the panel and the name of this host too: its mail"
            " would go to the users of this machine. Name the host below it, as"
            f" `--mail-host mail.{wish.mail_host}`."
        )
    names = (facts.settings.get("mydestination") or postfix.DESTINATIONS).replace(",", " ").split()
    own = facts.settings.get("mydomain") or wish.mail_host.partition(".")[2]
    found = {name: {"$mydomain": own}.get(name, name).lower() for name in names}
    for name in sorted(set(found.values()) & set(facts.domains)):
        kept = ", ".join(each for each in names if found[each] != name)
        yield (
            f"mydestination names {name}, a domain of the panel: its mail would go to the users"
            f" of this machine. Take it out: postconf -e 'mydestination = {kept}'."
        )


def services(wish: Wish, facts: Facts, ours: set[str]) -> Iterator[str]:
    """What we would add to master.cf must not be there, nor anybody else listen there.

    ours: those that we have added already.
    """
    wanted = set(postfix_services(wish))
    taken = {by_number(name): name for name in facts.services if name not in ours}
    for name in sorted(wanted - ours):
        port = name.partition("/")[0].rpartition(":")[2]
        if by_number(name) in taken:
            yield (
                f"master.cf has a service {taken[by_number(name)]} already: put a # before it and"
                f" its options when nobody needs it{srs_too(name)}."
            )
        elif port.isdigit() and listens(int(port)):
            yield f"Another program listens on port {port} already: end it first{srs_too(name)}."


def srs_too(name: str) -> str:
    """Say how to do without a service, if that goes."""
    return ", or say --no-srs" if name not in postfix.services() else ""


def by_number(name: str) -> str:
    """Return a service's name with its port as a number and no address: `465/inet`."""
    host, _, kind = name.partition("/")
    port = host.rpartition(":")[2] if kind == "inet" else host
    return f"{NAMED_PORTS.get(port, port)}/{kind}"


def listens(port: int) -> bool:
    """Say whether a program listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def log_ins(wish: Wish, facts: Facts) -> Iterator[str]:
    """People whom Dovecot knows from elsewhere would be shut out."""
    others = sorted(set(facts.log_ins) - dovecot.OF_DEBIAN)
    if others:
        yield (
            f"Dovecot knows names and passwords from elsewhere ({', '.join(others)}): these people"
            " would be shut out. Take it out of /etc/dovecot when nobody needs it."
        )
    system = set(facts.log_ins) & dovecot.OF_DEBIAN
    if system and facts.readers and not wish.end_system_mailboxes:
        yield (
            f"These users of this machine have mail in /var/mail: {', '.join(facts.readers)}. If"
            " they read it through Dovecot, they no longer will; the mail stays where it is. Say"
            " --end-system-mailboxes if that is all right."
        )


def senders(there: dict[str, str]) -> Iterator[str]:
    """Rewriting of senders that is set up already."""
    for name in SENDERS:
        if there.get(name):
            yield (
                f"{name} is set to `{there[name]}`: say --no-srs to leave it as it is, and senders"
                " of mail that is redirected outside unwritten, or take it out with"
                f" `postconf -X {name}`."
            )
