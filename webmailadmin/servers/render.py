"""The text of what Postfix and Dovecot need to serve our addresses.

`webmailadmin servers render` writes it for the hoster to install; the private servers of the
demo and of the tests run on the same text. The longer files are in `templates/`, where `@{name}`
stands for a field of Values.
"""

import pwd
import re
from dataclasses import dataclass, fields
from pathlib import Path

from webmailadmin.servers import used
from webmailadmin.settings import Settings

TEMPLATES = Path(__file__).parent / "templates"
MAIL_USER = "vmail"
# Plain enough to stand unquoted in main.cf, in dovecot.conf and within a query.
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
PLACE = re.compile(r"@\{(?P<name>\w+)\}")

# One query a map: sqlite_table(5). Quoted '%s' only, the others are not escaped. With %d or %u,
# Postfix leaves out the keys that are no whole address.
QUERIES = {
    "domains": "SELECT name FROM postfix_domain WHERE name = '%s'",
    "mailboxes": "SELECT email FROM postfix_mailbox WHERE email = '%s'",
    "aliases": "SELECT recipient FROM postfix_alias WHERE email = '%s'",
    "same-name": (
        "SELECT recipient FROM postfix_same_name WHERE domain = '%d' AND local_part = '%u'"
    ),
    # By %d rather than by the key "bonvenon.fr": Postfix would also ask it about the mail of
    # shop.bonvenon.fr (parent_domain_matches_subdomains), a domain with a switch of its own.
    "refused": "SELECT action FROM postfix_refused WHERE email IN ('%s', '%d') LIMIT 1",
    "senders": "SELECT login FROM postfix_sender WHERE email = '%s'",
}


class UnfitValue(Exception):
    """A value cannot stand in the servers' files. Its text is one sentence for the hoster."""


@dataclass(frozen=True)
class Values:
    """What differs from one machine to the next. All folders are absolute.

    database: the SQLite file. mail_root: the folder of the mailboxes' homes.
    mail_user, mail_uid: the owner of the mail files, by name and by number.
    servers_group: the group that may read the database.
    maps: where Postfix finds its map files. dovecot: where Dovecot finds ours.
    spool: Postfix's queue_directory, where both meet by socket.
    """

    database: Path
    mail_root: Path
    mail_host: str
    mail_uid: int
    mail_user: str = MAIL_USER
    servers_group: str = "webmailadmin-servers"
    maps: Path = Path("/etc/postfix/webmailadmin")
    dovecot: Path = Path("/etc/dovecot")
    spool: Path = Path("/var/spool/postfix")

    @property
    def used(self) -> Path:
        """Return the file where Dovecot notes when an app password is used."""
        return self.database.with_name(used.FILE)

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not PLAIN.fullmatch(str(value)):
                raise UnfitValue(
                    f"{entry.name} is {str(value)!r}: for Postfix and Dovecot it must be of"
                    " ASCII letters, digits and / . _ - only."
                )
            if isinstance(value, Path) and not value.is_absolute():
                raise UnfitValue(f"{entry.name} is {value}: it must begin with a slash.")


def values_here(settings: Settings) -> Values:
    """Return the values of this machine.

    Raises UnfitValue when the owner of the mail files does not exist yet.
    """
    try:
        owner = pwd.getpwnam(MAIL_USER)
    except KeyError:
        raise UnfitValue(
            f"There is no user {MAIL_USER}: add it with"
            f" `useradd --system --user-group --shell /usr/sbin/nologin {MAIL_USER}`."
        ) from None
    return Values(
        database=settings.data.resolve() / "webmailadmin.db",
        mail_root=settings.mail_root,
        mail_host=settings.mail_host,
        mail_uid=owner.pw_uid,
    )


def texts(values: Values) -> dict[Path, str]:
    """Return the text of each file, by its place below the folder where all are written."""
    maps = {
        Path("postfix", "webmailadmin", f"{name}.cf"): map_text(values, query)
        for name, query in QUERIES.items()
    }
    return maps | {
        Path("postfix", "main.cf.webmailadmin"): filled("main.cf", values),
        Path("dovecot-2.3", "webmailadmin.conf"): filled("dovecot-2.3.conf", values),
        Path("dovecot-2.3", "webmailadmin-sql.conf.ext"): filled("dovecot-2.3-sql.conf", values),
        Path("dovecot-2.3", "webmailadmin-used.conf.ext"): filled("dovecot-2.3-used.conf", values),
        Path("dovecot-2.3", "webmailadmin-dict.conf.ext"): filled("dovecot-2.3-dict.conf", values),
        Path("dovecot-2.4", "webmailadmin.conf"): filled("dovecot-2.4.conf", values),
    }


def map_text(values: Values, query: str) -> str:
    """Return a Postfix map file: sqlite_table(5)."""
    return f"dbpath = {values.database}\nquery = {query}\n"


def filled(template: str, values: Values) -> str:
    """Return a template with the values in their places."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return PLACE.sub(lambda place: str(getattr(values, place["name"])), text)


def render_into(folder: Path, values: Values) -> list[Path]:
    """Write all files below `folder`, over those of an earlier time, and return their paths."""
    written = []
    for place, text in texts(values).items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
