"""Every setting: its default, how it is read, its line of help.

A setting comes from the environment as WEBMAILADMIN_<NAME>; `PORT` alone is understood too.
`docs/settings.md` is checked against this file.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from socket import getfqdn
from typing import Any, TypeVar
from urllib.parse import urlsplit

PREFIX = "WEBMAILADMIN_"
T = TypeVar("T")


class WrongSetting(Exception):
    """A setting cannot be read. Its text is one sentence for the person who starts the program."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def switch(text: str) -> bool:
    """Read on or off."""
    if text not in ("on", "off"):
        raise ValueError("on or off")
    return text == "on"


def web_address(text: str) -> str:
    """Read an http or https address without its final slash."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that begins with http:// or https://")
    return text.rstrip("/")


def hosts(text: str) -> tuple[str, ...]:
    """Read host names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def name_server(text: str) -> tuple[str, int]:
    """Read the address of a name server, and its port."""
    try:
        parts = urlsplit(f"//{text}")
        return str(ip_address(parts.hostname or "")), parts.port or 53
    except ValueError:
        raise ValueError("an IP address, with :port or without") from None


# Certificate authorities write to most of them; the others speak for who runs the domain.
RESERVED = (
    "admin",
    "administrator",
    "hostmaster",
    "webmaster",
    "postmaster",
    "abuse",
    "security",
    "root",
    "ssl-admin",
)


def reserved(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    return tuple(name.lower() for name in hosts(text))


def setting(default: T, help: str, read: Callable[[str], T]) -> T:
    """Declare a setting. `read` raises ValueError with what it expected."""
    made: T = field(default=default, metadata={"help": help, "read": read})
    return made


@dataclass(frozen=True)
class Settings:
    """The settings of one run. Names in capitals are those of the environment."""

    data: Path = setting(Path("var"), "Folder of the database and of the key.", Path)
    port: int = setting(8025, "Port of the panel on 127.0.0.1.", whole(1, 65535))
    socket: Path | None = setting(
        None, "Unix socket to listen on instead of the port, for a reverse proxy.", Path
    )
    proxies: int = setting(
        0, "Reverse proxies in front of the panel, whose X-Forwarded-* are believed.", whole(0, 9)
    )
    public_url: str = setting(
        "",
        "Address people type; links in mails begin with it, and without it none is sent.",
        web_address,
    )
    trusted_hosts: tuple[str, ...] = setting(
        (), "Host names the panel answers to, beside that of PUBLIC_URL and loopback.", hosts
    )
    time_zone: str = setting("", "Time zone of dates on pages; the system's when empty.", str)
    mail_host: str = setting(getfqdn(), "Host that mail programs and MX records point to.", str)
    helper_socket: Path = setting(
        Path("/run/webmailadmin-helper/socket"), "Socket of the mail-file helper.", Path
    )
    panel_user: str = setting(
        "webmailadmin", "User the panel runs as, the only one the helper answers.", str
    )
    smtp_port: int = setting(25, "Port on 127.0.0.1 that takes our own mail.", whole(1, 65535))
    webmail_url: str = setting("", "Address of a webmail to link to.", web_address)
    mail_root: Path = setting(
        Path("/var/mail/webmailadmin"), "Folder of the mail files, for the mail servers.", Path
    )
    dovecot_config: Path = setting(
        Path("/etc/dovecot/dovecot.conf"), "Dovecot's configuration, whose sessions we end.", Path
    )
    backups: Path = setting(
        Path("/var/backups/webmailadmin"), "Folder of the backups made on schedule.", Path
    )
    backups_kept: int = setting(
        14, "Backups kept in that folder; the oldest goes first.", whole(1, 3650)
    )
    default_quota_mb: int = setting(
        1024, "Size limit proposed for a new mailbox, in MB; 0 is unlimited.", whole(0, 2**31)
    )
    restore_days: int = setting(
        30, "Days during which what was removed can be brought back.", whole(1, 3650)
    )
    mailbox_bcrypt_cost: int = setting(
        10, "bcrypt cost of mailbox passwords; each log-in by IMAP pays it.", whole(4, 14)
    )
    account_bcrypt_cost: int = setting(12, "bcrypt cost of panel accounts.", whole(4, 14))
    mailbox_password_length: int = setting(
        12, "Least length of a mailbox password, in characters.", whole(8, 64)
    )
    account_password_length: int = setting(
        15, "Least length of an account's password, in characters.", whole(8, 64)
    )
    second_factor_for_administrators: bool = setting(
        True, "Whether administrators must set up a second factor: on or off.", switch
    )
    owners_prove_domains: bool = setting(
        True, "Whether owners show in the DNS that a domain they add is theirs: on or off.", switch
    )
    name_server: tuple[str, int] | None = setting(
        None,
        "Name server that is asked, as 192.0.2.1 or [2001:db8::1]:53; the system's when empty.",
        name_server,
    )
    reserved_names: tuple[str, ...] = setting(
        RESERVED, "Names before the @ that no owner or holder takes; commas between.", reserved
    )
    hsts_seconds: int = setting(
        31536000,
        "Seconds for which browsers may insist on https, when it is used; 0 sends none.",
        whole(0, 2**31),
    )


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment.

    Raises WrongSetting, with one sentence that names the variable and what it should hold.
    """
    values: dict[str, Any] = {}
    for entry in fields(Settings):
        name = PREFIX + entry.name.upper()
        if name not in environment and entry.name == "port":
            name = "PORT"
        text = environment.get(name, "").strip()
        if text:
            try:
                values[entry.name] = entry.metadata["read"](text)
            except ValueError as expected:
                raise WrongSetting(f"{name} is {text!r}; it should be {expected}.") from None
    return Settings(**values)


current = Settings()


def use(settings: Settings) -> None:
    """Make `settings` the ones that the whole program reads as `settings.current`."""
    global current
    current = settings
