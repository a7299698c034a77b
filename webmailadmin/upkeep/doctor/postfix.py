"""Checks, as root, of Postfix: what it answers from our views, and settings that carry weight."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from webmailadmin.mail.errors import N_
from webmailadmin.upkeep.doctor.finding import Check, Finding, unknown, well, wrong
from webmailadmin.upkeep.doctor.machine import Machine
from webmailadmin.upkeep.doctor.rights import INSTALL, map_files, view_of

RESTART = "systemctl restart postfix"
# What each of these must ask, by the map that it names.
PLACES = {
    "virtual_mailbox_domains": "postfix_domain",
    "virtual_mailbox_maps": "postfix_mailbox",
    "virtual_alias_maps": "postfix_alias",
    "smtpd_recipient_restrictions": "postfix_refused",
    "smtpd_sender_login_maps": "postfix_sender",
}
SETTINGS = {
    "smtpd_reject_unlisted_recipient": ("yes",),
    "allow_percent_hack": ("no",),
    "swap_bangpath": ("no",),
    "disable_vrfy_command": ("yes",),
    "smtpd_tls_auth_only": ("yes",),
}
AGAINST_SMUGGLING = {
    "smtpd_forbid_bare_newline": ("normalize", "yes", "reject"),
    "smtpd_forbid_unauth_pipelining": ("yes",),
}
OTHER_PLACES_OF_DOMAINS = ("mydestination", "virtual_alias_domains", "relay_domains")
GREET = """
import socket, sys
with socket.socket(socket.AF_UNIX) as opened:
    opened.settimeout(5)
    opened.connect(sys.argv[1])
    greeting = opened.recv(4)
sys.exit(0 if greeting[:3] == b"220" else "It says " + repr(greeting))
"""


def lookups(machine: Machine) -> Iterator[Finding]:
    """Postfix's own proxymap finds in each view a key that is there."""
    keys = machine.facts.get("keys")
    if keys is None:
        yield unknown(N_("The database could not be asked for an address to look up."))
        return
    asked = 0
    for path in maps_of_places(machine):
        if (view := view_of(path)) not in keys:
            continue
        key, expected = keys[view]
        answer = machine.ask(
            *("postmap", "-c", str(machine.postfix), "-q", key, f"proxy:sqlite:{path}"),
            user="postfix",
        )
        asked += 1
        if answer.err:
            text = N_("Postfix cannot look up %(key)s by %(file)s: %(reason)s")
            yield wrong(text, RESTART, key=key, file=str(path), reason=answer.words)
            # The others would wait as long for the same answer.
            return
        elif expected not in answer.out.strip().split(","):
            text = N_("Postfix does not find %(key)s by %(file)s.")
            mend = ("postmap", "-q", key, f"proxy:sqlite:{path}")
            yield wrong(text, *mend, key=key, file=str(path))
    if asked and not keys.get("postfix_mailbox"):
        yield well(N_("Postfix finds what there is; there is no mailbox yet to look up."))


def maps_of_places(machine: Machine) -> list[Path]:
    """Return the map files that decide about our addresses; others ask the same views otherwise."""
    values = [machine.postconf.get(name, "") for name in PLACES]
    return [path for path in map_files(machine) if any(str(path) in value for value in values)]


def places(machine: Machine) -> Iterator[Finding]:
    """Each list of Postfix that must ask our views does so."""
    for name, view in PLACES.items():
        value = machine.postconf.get(name, "")
        asked = {view_of(path) for path in map_files(machine) if str(path) in value}
        if view not in asked:
            yield wrong(N_("%(name)s does not ask the panel's database."), INSTALL, name=name)


def settings_of_weight(machine: Machine) -> Iterator[Finding]:
    """What guards the machine is set as we need it."""
    yield from set_otherwise(machine, SETTINGS)


def smuggling(machine: Machine) -> Iterator[Finding]:
    """A message cannot hide another one in it (CVE-2023-51764)."""
    yield from set_otherwise(machine, AGAINST_SMUGGLING)


def set_otherwise(machine: Machine, expected: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Tell which settings have none of the expected values."""
    for name, values in expected.items():
        found = machine.postconf.get(name, "")
        # Postfix 3.9: "normalize, ..." may be followed by more.
        if found.replace(",", " ").split(" ")[0] not in values:
            yield wrong(
                N_("%(name)s is “%(found)s”; it should be %(expected)s."),
                f"postconf -e {name}={values[0]} && postfix reload",
                name=name,
                found=found,
                expected=values[0],
            )


def delimiter(machine: Machine) -> Iterator[Finding]:
    """Both servers cut name+anything at the same character."""
    ours, theirs = (
        machine.postconf.get("recipient_delimiter"),
        machine.doveconf.get("recipient_delimiter", "+"),
    )
    if ours != theirs:
        yield wrong(
            N_("recipient_delimiter is “%(postfix)s” in Postfix and “%(dovecot)s” in Dovecot."),
            "postconf -e recipient_delimiter=+ && postfix reload",
            postfix=ours or "",
            dovecot=theirs,
        )


def destinations(machine: Machine) -> Iterator[Finding]:
    """No domain of ours is also one of the machine's own."""
    ours = set(machine.facts.get("domains", ()))
    for name in OTHER_PLACES_OF_DOMAINS:
        named = machine.postconf.get(name, "").replace(",", " ").lower().split()
        for domain in sorted(ours.intersection(named)):
            yield wrong(
                N_("%(domain)s stands in Postfix's %(name)s too."),
                *("editor", str(machine.postfix / "main.cf")),
                domain=domain,
                name=name,
            )


def delivery(machine: Machine) -> Iterator[Finding]:
    """Postfix gets through to Dovecot, which delivers."""
    transport, _, place = machine.postconf.get("virtual_transport", "").partition(":")
    kind, _, name = place.partition(":")
    if (transport, kind) != ("lmtp", "unix"):
        found = machine.postconf.get("virtual_transport", "")
        yield wrong(
            N_("Mail is delivered by “%(found)s” and not by Dovecot."), INSTALL, found=found
        )
        return
    path = Path(machine.postconf.get("queue_directory", "/var/spool/postfix"), name)
    answer = machine.ask("/usr/bin/python3", "-I", "-c", GREET, str(path), user="postfix")
    if answer.status:
        text = N_("Dovecot takes no mail from Postfix at %(file)s: %(reason)s")
        mend = "systemctl restart dovecot"
        yield wrong(text, mend, file=str(path), reason=answer.words)


CHECKS = (
    Check(
        "lookups",
        N_("Postfix's lookups"),
        N_("What Postfix does not find it refuses; what it cannot ask it lets wait."),
        N_("Postfix finds what there is."),
        lookups,
    ),
    Check(
        "postfix-maps",
        N_("Postfix and the panel"),
        N_("Each of these lists is needed: mail would be refused, bounce, or come from anybody."),
        N_("Postfix asks the panel's database wherever it must."),
        places,
    ),
    Check(
        "postfix-settings",
        N_("Settings of Postfix"),
        N_("They keep out mail that bounces later, odd addresses, and passwords sent in clear."),
        N_("Postfix has the settings that carry weight."),
        settings_of_weight,
    ),
    Check(
        "smuggling",
        N_("SMTP smuggling"),
        N_("A stranger could hide a second mail in one, in anybody's name (CVE-2023-51764)."),
        N_("No mail can hide in another one."),
        smuggling,
    ),
    Check(
        "delimiter",
        N_("Sub-addresses"),
        N_("Mail for name+anything@ would bounce."),
        N_("Both servers understand name+anything@ in the same way."),
        delimiter,
    ),
    Check(
        "destination",
        N_("Domains of the machine"),
        N_("Its mail would go to the users of the machine, or nowhere, instead of the mailboxes."),
        N_("Each domain of the panel is the panel's alone."),
        destinations,
    ),
    Check(
        "lmtp",
        N_("Delivery"),
        N_("Until Dovecot takes it, mail waits in Postfix's queue."),
        N_("Dovecot takes mail from Postfix."),
        delivery,
    ),
)
