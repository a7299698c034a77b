"""Count the queries of every page with COUNT rows: `python -m bench.queries FOLDER COUNT`."""

import json
import os
import sys
import time

from playhouse.test_utils import count_queries

from bench.fill import ACCOUNT, DOMAIN, FEW, MANY, PASSWORD, fill, write
from tests.browser_of import FRAGMENT, Browser
from webmailadmin import create_app
from webmailadmin.mail import accounts, domains
from webmailadmin.models import Account, Domain

PAGES = {
    "list": f"/domains/{DOMAIN}/",
    "list, more": f"/domains/{DOMAIN}/?after=a",
    "list, search": f"/domains/{DOMAIN}/?q={MANY}",
    "list, mailboxes": f"/domains/{DOMAIN}/?show=mailboxes",
    "list, aliases": f"/domains/{DOMAIN}/?show=aliases",
    "list, to look at": f"/domains/{DOMAIN}/?show=to-look-at",
    "editor": f"/addresses/{FEW}@{DOMAIN}/edit",
    "removed": f"/domains/{DOMAIN}/removed/",
    "unknown addresses": f"/domains/{DOMAIN}/unknown",
    "journal": f"/domains/{DOMAIN}/journal",
    "journal of an address": f"/addresses/{FEW}@{DOMAIN}/journal",
    "domain": f"/domains/{DOMAIN}/about",
    "domains": "/domains/",
}


def fill_pages(count: int) -> None:
    """Fill every page with `count` rows: addresses, removed ones, journal entries, domains."""
    fill(count)
    domain = Domain.get(Domain.name == DOMAIN)
    by = accounts.actor(Account.get())
    for number in range(count):
        domains.install(f"domain-{number}.example", "camille@elsewhere.example", by=by)
    seconds, names = int(time.time()), [f"gone-{number}" for number in range(count)]
    write(
        "removed (domain_id, address_id, email, local_part, kind, recipients, enabled, version,"
        " removed_at, until)",
        (
            (
                domain.id,
                10**6,
                f"{name}@{DOMAIN}",
                name,
                "address",
                "",
                1,
                1,
                seconds,
                seconds + 86400,
            )
            for name in names
        ),
    )
    write(
        "journal (at, actor, act, domain_id, email, details)",
        ((seconds, ACCOUNT, "address.added", domain.id, f"{FEW}@{DOMAIN}", "{}") for _ in names),
    )


def counted(browser: Browser) -> dict[str, list[int]]:
    """Return the queries of each page, whole and as the fragment that htmx asks for."""
    found: dict[str, list[int]] = {}
    for name, url in PAGES.items():
        found[name] = []
        for headers in ({}, FRAGMENT):
            with count_queries() as queries:
                reply = browser.open(url, headers=headers)
            assert reply.status == 200, f"{url}: {reply.status}"
            found[name].append(queries.count)
    return found


if __name__ == "__main__":
    os.environ["WEBMAILADMIN_DATA"] = sys.argv[1]
    os.environ["WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS"] = "off"
    app = create_app()
    fill_pages(int(sys.argv[2]))
    app.testing = True
    browser = Browser(app)
    browser.log_in(ACCOUNT, PASSWORD)
    print(json.dumps(counted(browser)))
