"""What is done with the panel's database during the set-up, as a process of the panel's user.

Run as `python -m webmailadmin.servers.install.panel ORDER FOLDER`. Root never opens the database:
the files that SQLite makes beside it would be root's.
"""

import json
import sys
from pathlib import Path

from webmailadmin import database
from webmailadmin.models import Address, Domain, Mailbox
from webmailadmin.servers import used


def main(order: str, folder: Path) -> None:
    """Open the database in `folder` and make it if need be; then do what is ordered.

    init: make the file of app passwords too. domains: print their names as JSON. mailbox: print
    the address of one that receives mail, if there is any.
    """
    try:
        database.open_database(folder)
    except database.DatabaseUnusable as reason:
        sys.exit(str(reason))
    if order == "init":
        used.make(folder)
    if order == "domains":
        there = Domain.select().where(Domain.removed_at.is_null()).order_by(Domain.name)
        print(json.dumps([domain.name for domain in there]))
    if order == "mailbox":
        box = Address.select().join(Mailbox).where(Address.enabled).order_by(Address.id).first()
        print(box.email if box else "")
    database.db.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
