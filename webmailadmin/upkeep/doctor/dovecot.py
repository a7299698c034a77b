"""Checks, as root, of Dovecot: who it lets in, and settings that carry weight."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from webmailadmin import settings
from webmailadmin.mail.errors import N_
from webmailadmin.servers import sieve
from webmailadmin.upkeep.doctor.finding import Check, Finding, well, wrong
from webmailadmin.upkeep.doctor.machine import Machine
from webmailadmin.upkeep.doctor.rights import INSTALL, auth_worker

RESTART = "systemctl restart dovecot"
NOBODY = "nobody@nowhere.invalid"
REFUSED = "auth failed"  # the status is the same when nobody could be asked
# As shipped: quotes and all else that means something to SQL stay out of the queries.
NAME_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@")
# Of 2.3, and of 2.4.
CLEARTEXT = {"disable_plaintext_auth": "yes", "auth_allow_cleartext": "no"}


def log_in(machine: Machine) -> Iterator[Finding]:
    """Dovecot knows a mailbox that is there, and lets nobody in with a wrong password."""
    user, home = machine.facts.get("keys", {}).get("dovecot_user", (NOBODY, ""))
    if home:
        answer = machine.doveadm("user", "-f", "home", user)
        if answer.out.strip() != str(settings.current.mail_root / home):
            yield wrong(
                N_("Dovecot does not know the mailbox %(email)s: %(reason)s"),
                *("doveadm", "user", user),
                email=user,
                reason=answer.words,
            )
        answer = machine.doveadm("auth", "lookup", user)
        if answer.status:
            yield wrong(
                N_("Dovecot does not find the password of %(email)s."),
                *("doveadm", "auth", "lookup", user),
                email=user,
            )
    answer = machine.doveadm("auth", "test", user, secrets.token_hex(16))
    if answer.status == 0:
        yield wrong(N_("Dovecot lets in %(email)s with any password."), INSTALL, email=user)
    elif REFUSED not in answer.out + answer.err:
        text = N_("Nobody can log in: %(reason)s")
        yield wrong(text, RESTART, reason=answer.words)
    elif not home:
        yield well(N_("Dovecot refuses wrong passwords; there is no mailbox yet to ask for."))


def settings_of_weight(machine: Machine) -> Iterator[Finding]:
    """What guards the log-in and the database is set as we need it."""
    found = machine.doveconf
    if not found:
        yield wrong(N_("Dovecot's settings cannot be read."), *("doveconf", "-n"))
        return
    names = found.get("auth_username_chars", "")
    if not names or set(names) - NAME_CHARACTERS:
        yield set_otherwise("auth_username_chars", names)
    if found.get("auth_cache_size", "0") not in ("0", "0 B"):
        yield set_otherwise("auth_cache_size", found["auth_cache_size"])
    for name, expected in CLEARTEXT.items():
        if found.get(name, expected) != expected:
            yield set_otherwise(name, found[name])
    if "lower" not in (form := found.get("auth_username_format", "")) and "%L" not in form:
        yield set_otherwise("auth_username_format", form)
    user, groups = auth_worker(machine)
    if user == "root" or not groups:
        yield set_otherwise("service auth-worker", f"user = {user}, extra_groups = {groups}")


def vacation_answers(machine: Machine) -> Iterator[Finding]:
    """Deliveries find the answers, and Postfix takes them."""
    if not Path(sieve.PLUGIN).exists():
        text = N_("Dovecot's Sieve is missing: no mail is delivered.")
        yield wrong(text, "apt-get install dovecot-sieve")
        return
    user, _ = machine.facts.get("keys", {}).get("dovecot_user", (NOBODY, ""))
    is_2_3 = "dict/webmailadmin" in machine.doveconf
    answer = machine.doveadm(*sieve.question(user, is_2_3=is_2_3))
    if answer.status not in (0, sieve.NO_ANSWER):
        text = N_("Dovecot does not get at the vacation answers, and mail waits: %(reason)s")
        yield wrong(text, INSTALL, reason=answer.words)
    if not (host := machine.doveconf.get("submission_host", "")):
        yield set_otherwise("submission_host", host)


def set_otherwise(name: str, found: str) -> Finding:
    """Tell of a setting of Dovecot that is not as we need it."""
    text = N_("Dovecot's %(name)s is “%(found)s”.")
    return wrong(text, INSTALL, name=name, found=found)


CHECKS = (
    Check(
        "log-in",
        N_("Log-in"),
        N_("While Dovecot finds no mailbox nobody reads mail; if it asks no password, all do."),
        N_("Dovecot knows the mailboxes, and refuses wrong passwords."),
        log_in,
    ),
    Check(
        "dovecot-settings",
        N_("Settings of Dovecot"),
        N_(
            "They keep strange names out of the queries, passwords off the open network, and root "
            "away from the database."
        ),
        N_("Dovecot has the settings that carry weight."),
        settings_of_weight,
    ),
    Check(
        "vacation-answers",
        N_("Vacation answers"),
        N_(
            "Each delivery asks whether the mailbox answers; without an answer to that, mail waits."
        ),
        N_("Dovecot finds the vacation answers, and knows where to send them."),
        vacation_answers,
    ),
)
