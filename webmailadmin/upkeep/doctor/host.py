"""Checks, as root, of the machine: versions, room for mail, its clock, the certificate."""

import platform
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from webmailadmin import settings
from webmailadmin.mail.errors import N_
from webmailadmin.upkeep.doctor.finding import Check, Finding, unknown, warning, well, wrong
from webmailadmin.upkeep.doctor.machine import COULD_NOT, Machine
from webmailadmin.upkeep.doctor.own import room

OLDEST = {"Postfix": (3, 7), "Dovecot": (2, 3)}
SQLITE = "import sqlite3; print(sqlite3.sqlite_version)"
DAYS_BEFORE_END = 14
RENEW = "certbot renew"
CERTIFICATE = "webmailadmin servers install --certificate FILE --key FILE"


def versions(machine: Machine) -> Iterator[Finding]:
    """All programs are of a version that we know."""
    found = {
        "Postfix": machine.postconf.get("mail_version", ""),
        "Dovecot": machine.ask("dovecot", "--version").out.split(" ")[0].strip(),
    }
    for name, version in found.items():
        if numbers(version) < OLDEST[name]:
            text = N_("%(name)s is missing or too old: “%(version)s”.")
            mend = f"apt-get install {name.lower()}-sqlite"
            yield wrong(text, mend, name=name, version=version)
    servers = machine.ask("/usr/bin/python3", "-I", "-c", SQLITE).out.strip()
    programs = {"Python": platform.python_version(), **found, "SQLite": servers}
    told = ", ".join(f"{name} {version}" for name, version in programs.items() if version)
    yield well(N_("%(versions)s on this system."), versions=told)


def numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def room_for_mail(machine: Machine) -> Iterator[Finding]:
    """The disks of the mailboxes and of the queue have room."""
    seen = set()
    queue = machine.postconf.get("queue_directory", "/var/spool/postfix")
    for folder in (settings.current.mail_root, Path(queue)):
        if folder.exists() and (disk := folder.stat().st_dev) not in seen:
            seen.add(disk)
            yield from room(folder)


def clock_is_set(machine: Machine) -> Iterator[Finding]:
    """The clock follows those of others."""
    answer = machine.ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    said = answer.out.strip()
    if answer.status or said not in ("yes", "no"):
        text = N_("The machine does not say whether its clock is set: %(reason)s")
        yield unknown(text, reason=answer.words)
    elif said == "no":
        text = N_("The clock of this machine is set by nobody.")
        yield warning(text, "timedatectl set-ntp true")


def certificates(machine: Machine) -> Iterator[Finding]:
    """The certificate of each server is for our host, from an authority, and lasts."""
    named = {
        "Postfix": machine.postconf.get("smtpd_tls_chain_files", "").split(",")[-1].strip()
        or machine.postconf.get("smtpd_tls_cert_file", ""),
        "Dovecot": machine.doveconf.get("ssl_server/cert_file", "")  # 2.4
        or machine.doveconf.get("ssl_cert", "").lstrip("<").strip(),
    }
    told = set()
    for server, file in named.items():
        if not file or file == "none":
            text = N_("%(server)s has no certificate: no mail program can connect safely.")
            yield wrong(text, CERTIFICATE, server=server)
        elif file not in told:
            told.add(file)
            yield from certificate(machine, file)


def certificate(machine: Machine, file: str) -> Iterator[Finding]:
    """Tell what is wrong with a certificate, if anything: openssl-x509(1)."""
    host = settings.current.mail_host
    answer = machine.ask(
        *("openssl", "x509", "-in", file, "-noout", "-subject", "-issuer", "-enddate"),
        *("-checkhost", host),
    )
    if answer.status == COULD_NOT or "notAfter=" not in answer.out:
        text = N_("The certificate %(file)s cannot be read: %(reason)s")
        yield wrong(text, CERTIFICATE, file=file, reason=answer.words)
        return
    told = dict(line.split("=", 1) for line in answer.out.splitlines() if "=" in line)
    end = datetime.strptime(told["notAfter"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    days = (end - datetime.now(UTC)).days
    values = {"file": file, "ends": end.date().isoformat()}
    if days < 0:
        yield wrong(N_("The certificate %(file)s has ended on %(ends)s."), RENEW, **values)
    elif days < DAYS_BEFORE_END:
        yield warning(N_("The certificate %(file)s ends on %(ends)s."), RENEW, **values)
    if told["subject"].strip() == told["issuer"].strip():
        text = N_("The certificate %(file)s is self-made: mail programs warn of it.")
        yield warning(text, CERTIFICATE, file=file)
    elif "does NOT match" in answer.out:
        text = N_("The certificate %(file)s is not for %(host)s.")
        yield wrong(text, CERTIFICATE, file=file, host=host)


CHECKS = (
    Check(
        "versions",
        N_("Versions"),
        N_("The panel was tried with Postfix 3.7 and Dovecot 2.3 and later."),
        "",
        versions,
    ),
    Check(
        "disk-mail",
        N_("Room for mail"),
        N_("On a full disk no mail is taken, and none can be delivered."),
        N_("The disks of mailboxes and queue have room."),
        room_for_mail,
    ),
    Check(
        "clock-set",
        N_("Setting of the clock"),
        N_("Dates decide what is deleted, who is logged in, and how other servers take our mail."),
        N_("The clock is set over the network."),
        clock_is_set,
    ),
    Check(
        "certificate",
        N_("Certificates"),
        N_("Mail programs refuse a certificate that has ended or is for another host."),
        N_("The certificates of Postfix and Dovecot are in order."),
        certificates,
    ),
)
