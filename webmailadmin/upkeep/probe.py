"""A mailbox that lives for as long as the servers are tried, in a database made just now.

Run as the panel's user: `python -m webmailadmin.upkeep.probe FOLDER`. It says what it has made in
a line of JSON, waits until its standard input is closed, and lays the database as it was over the
live one, where who reads it sees that at once.
"""

import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webmailadmin import database, settings
from webmailadmin.mail import accounts, addresses, domains
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Account, Mailbox

DOMAIN = "probe.webmailadmin.invalid"
CONTACT = "nobody@example.org"  # nothing is ever sent there


def main(folder: Path) -> None:
    """Make the mailbox in the database in `folder`, say it, and be there until the input ends."""
    settings.use(settings.read())
    database.open_database(folder)
    with untouched(folder):
        print(json.dumps(made()), flush=True)
        sys.stdin.read()
    database.db.close()


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Bring the database back as it is now, however the block ends."""
    # A folder: SQLite keeps files beside the copy too.
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        copy = str(Path(beside, "webmailadmin.db"))
        database.db.connection().backup_to_file(copy)
        try:
            yield
        finally:
            before = database.MailDatabase(copy)
            before.connect()
            before.connection().backup(database.db.connection())
            before.close()
            database.db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def made() -> dict[str, str]:
    """Make the mailbox; return its address, its password and its folder."""
    password = secrets.token_urlsafe(24)
    accounts.add("probe", None, by=COMMAND_LINE)
    hoster = accounts.actor(Account.get())
    domain = domains.install(DOMAIN, CONTACT, by=hoster)
    address = addresses.add(domain, "probe", by=hoster)
    wish = addresses.Wish(
        version=1, mailbox=True, password=password, confirmation=password, quota_mb="10"
    )
    saved = addresses.save(address, wish, by=hoster).address
    box = Mailbox.get(Mailbox.address == saved)
    return {"email": saved.email, "password": password, "home": box.home}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
