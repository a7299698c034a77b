"""What the machine is before anything is changed: only looked at, also as root without a trace."""

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from webmailadmin.servers import places, used
from webmailadmin.servers.install.steps import MACHINE, rights, services_now, settings_now
from webmailadmin.servers.private import PACKAGES

SYSTEMD_RUNS = Path("/run/systemd/system")
# A file by which a package is known, beside those of the private servers.
MORE_PACKAGES = {"openssl": "/usr/bin/openssl"}
SRS_PACKAGE = {"postsrsd": "/usr/sbin/postsrsd"}
BLOCK = re.compile(r"^(passdb|userdb)(?: (\S+))? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Facts:
    """The machine as it is.

    missing: Debian packages. settings, services: what main.cf and master.cf hold.
    log_ins: what Dovecot checks names and passwords by, beside the panel's database.
    domains: those of the panel. readers: users of this machine who have mail here.
    """

    missing: list[str] = field(default_factory=list)
    postfix: str = ""
    dovecot: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    services: dict[str, list[str]] = field(default_factory=dict)
    log_ins: list[str] = field(default_factory=list)
    dovecot_trouble: str = ""
    domains: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)

    @property
    def is_2_3(self) -> bool:
        """Whether Dovecot speaks the language of 2.3."""
        return self.dovecot.startswith("2.3.")

    def value(self, name: str) -> str:
        """Return a parameter of Postfix with all references resolved, its default included."""
        return MACHINE.run("postconf", "-xh", name).strip()


def look(data: Path, *, srs: bool) -> Facts:
    """Return what this machine is. Raises private.CannotStart when a server cannot tell.

    data: the folder of the panel's database, which need not be there.
    """
    packages = PACKAGES | MORE_PACKAGES | (SRS_PACKAGE if srs else {})
    missing = [package for package, file in packages.items() if not Path(file).exists()]
    if missing or not Path("/etc/postfix/main.cf").exists():
        return Facts(missing=missing)
    configured = MACHINE.ask("doveconf", "-n")
    return Facts(
        postfix=MACHINE.run("postconf", "-dh", "mail_version").strip(),
        dovecot=MACHINE.run("dovecot", "--version").split()[0],
        settings=settings_now(),
        services=services_now(),
        log_ins=log_ins(configured.stdout),
        dovecot_trouble=configured.stderr.strip() if configured.returncode else "",
        domains=domains(data),
        readers=readers(),
    )


def log_ins(configured: str) -> list[str]:
    """Return Dovecot's own passdbs and userdbs by their drivers: `passdb pam`.

    configured: what `doveconf -n` prints.
    """
    found = []
    for kind, name, body in BLOCK.findall(configured):
        driver = re.search(r"^  driver = (\S+)", body, re.MULTILINE)
        if not is_ours(name, body):
            found.append(f"{kind} {driver[1] if driver else name}")
    return found


def is_ours(name: str, body: str) -> bool:
    """Say whether a passdb or userdb is the one that we have set up."""
    if name in ("sql", "webmailadmin_used"):  # 2.4
        asked = ("dovecot_user", "dovecot_password", used.FILE)
        return any(part in body for part in asked) and places.DOVECOT_OURS.exists()
    return str(places.DOVECOT_SQL) in body or str(places.DOVECOT_USED) in body


def domains(data: Path) -> list[str]:
    """Return the panel's domains, asked as the panel's user: root must not open the database."""
    file = data / "webmailadmin.db"
    if not file.exists() or rights(file)["owner"] != places.PANEL_USER:
        return []
    found: list[str] = json.loads(as_panel(data, "domains"))
    return found


def as_panel(data: Path, order: str) -> str:
    """Let `panel.py` do something with the database, as its owner; return what it printed.

    Raises private.CannotStart.
    """
    return MACHINE.run(*panel_command("webmailadmin.servers.install.panel", order, str(data)))


def panel_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module as the owner of the database."""
    user = places.PANEL_USER
    return [
        *("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"),
        *("env", f"--chdir={places.CHECKOUT}", "PYTHONDONTWRITEBYTECODE=1"),
        *(sys.executable, "-m", module, *arguments),
    ]


def readers() -> list[str]:
    """Return the users of this machine, root aside, who have mail that Dovecot would show them."""
    folder = Path("/var/mail")
    if not folder.is_dir():
        return []
    return sorted(
        entry.name
        for entry in os.scandir(folder)
        if entry.is_file(follow_symlinks=False) and entry.name != "root" and entry.stat().st_size
    )
