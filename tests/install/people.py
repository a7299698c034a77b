"""Run within a machine, as the panel's user: makes what people would make in the panel.

Standard input: a JSON list of [email, password, recipients], and the text of a vacation answer for
who is away; their domains are made too.
"""

import json
import sys
from pathlib import Path

from webmailadmin import database, settings
from webmailadmin.mail import accounts, addresses, domains, vacations
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Account, Domain

settings.use(settings.read())
database.open_database(Path("/var/lib/webmailadmin"))
if not accounts.exist():
    accounts.add("hoster", "marmalade on the stairs 9", by=COMMAND_LINE)
hoster = accounts.actor(Account.get())
for email, password, to, *away in json.load(sys.stdin):
    name = email.partition("@")[2]
    domain = Domain.get_or_none(Domain.name == name)
    domain = domain or domains.install(name, "hosting@far.example", by=hoster)
    address = addresses.add(domain, email, by=hoster)
    wish = addresses.Wish(
        version=1,
        mailbox=bool(password),
        password=password,
        confirmation=password,
        quota_mb="10",
        recipients="\n".join(to),
    )
    addresses.save(address, wish, by=hoster)
    for text in away:
        vacations.save(email, vacations.Wish(0, enabled=True, text=text), by=hoster)
database.db.close()
