"""What is true of the whole database after every change, whatever was done before.

When it is not, the program has a fault, or somebody wrote into the tables past the rules.
Each question is a few index searches for each address, so that 100,000 take about a second.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from webmailadmin.database import db
from webmailadmin.mail import recipients, routing
from webmailadmin.mail.errors import N_


@dataclass(frozen=True)
class Broken:
    """What is not as it must be. count: how often. example: the first address or domain."""

    text: str
    count: int
    example: str


# Whether mail for a target arrives, seen from the domain `own`: as routing.arrives() tells it, by
# the stored answers of the next stop. All of them right one step on, and no circle: all are right.
ARRIVES = """
    CASE
    WHEN there.id IS NULL THEN 1
    WHEN NOT there.enabled AND there.id != own.id THEN 0
    WHEN ending.id IS NOT NULL THEN ending.receives
    WHEN there.catch_all_domain_id IS NULL THEN there.catch_all_receives
    ELSE EXISTS (
        SELECT 1 FROM domain AS other JOIN address AS same
            ON same.email = substr({target}, 1, instr({target}, '@')) || other.name
        WHERE other.id = there.catch_all_domain_id AND same.receives
            AND (other.enabled OR other.id = own.id)
    ) END
"""
NEXT_STOP = """
    LEFT JOIN domain AS there
        ON there.name = substr({target}, instr({target}, '@') + 1) AND there.removed_at IS NULL
    LEFT JOIN address AS ending ON ending.email = {target}
"""
WRONG_OF_RECIPIENTS = """
    SELECT recipient.email FROM recipient
    JOIN address ON address.id = recipient.address_id
    JOIN domain AS own ON own.id = address.domain_id
    {next_stop} WHERE recipient.receives != {arrives}
"""
WRONG_OF_CATCH_ALLS = """
    SELECT own.name FROM domain AS own
    {next_stop} WHERE own.removed_at IS NULL AND own.catch_all_receives !=
        CASE WHEN own.catch_all_target IS NULL THEN 0 ELSE {arrives} END
"""
MANY = """
    SELECT email FROM address WHERE id IN (
        SELECT address_id FROM recipient GROUP BY address_id HAVING count(*) > {most}
    )
"""


def about(statement: str, target: str) -> str:
    """Return a statement that asks whether mail for the column `target` arrives."""
    parts = {"next_stop": NEXT_STOP, "arrives": ARRIVES}
    return statement.format(**{name: part.format(target=target) for name, part in parts.items()})


# Each statement returns the addresses or domains of which it is not so.
STATEMENTS = {
    N_("An address does not fit its domain"): """
        SELECT email FROM address JOIN domain ON domain.id = domain_id
        WHERE email != local_part || '@' || name OR email GLOB '*[^a-z0-9._@-]*'
            OR local_part GLOB '*..*' OR local_part GLOB '[._-]*' OR local_part GLOB '*[._-]'
            OR local_part = '' OR length(email) > 254 OR removed_at IS NOT NULL
    """,
    N_("A recipient is not one plain address"): """
        SELECT email FROM recipient
        WHERE email GLOB '*[^a-z0-9_+=''#$&*?^`{}~./@-]*' OR email NOT GLOB '?*@?*.?*'
            OR email GLOB '*@*@*' OR domain != substr(email, instr(email, '@') + 1)
            OR email GLOB '[-/]*' OR target != CASE
                WHEN instr(email, '+') BETWEEN 2 AND instr(email, '@')
                THEN substr(email, 1, instr(email, '+') - 1) || '@' || domain ELSE email END
    """,
    N_("An address has too many recipients"): MANY.format(most=recipients.MOST),
    N_("A domain has no postmaster@ that receives mail"): """
        SELECT name FROM domain WHERE removed_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM address WHERE email = 'postmaster@' || name AND enabled AND receives
        )
    """,
    N_("It is stored wrongly whether mail for an address arrives"): """
        SELECT email FROM address WHERE receives != (enabled AND (
            EXISTS (SELECT 1 FROM mailbox WHERE address_id = address.id AND mailbox.receives)
            OR EXISTS (SELECT 1 FROM recipient WHERE address_id = address.id AND receives)
        ))
    """,
    N_("It is stored wrongly whether mail for a recipient arrives"): about(
        WRONG_OF_RECIPIENTS, "recipient.target"
    ),
    N_("It is stored wrongly whether mail for unknown addresses arrives"): about(
        WRONG_OF_CATCH_ALLS, "own.catch_all_target"
    ),
    N_("The password of a mailbox is no hash that Dovecot reads"): """
        SELECT coalesce(email, home) FROM mailbox LEFT JOIN address ON address.id = address_id
        WHERE password NOT GLOB '$2b$[0-9][0-9]$*' OR length(password) != 60
            OR substr(password, 5, 2) NOT BETWEEN '04' AND '14'
    """,
    N_("An app password is no hash that Dovecot reads"): """
        SELECT coalesce(email, home) FROM app_password
        JOIN mailbox ON mailbox.id = mailbox_id LEFT JOIN address ON address.id = address_id
        WHERE length(app_password.password) != 64 OR app_password.password GLOB '*[^0-9a-f]*'
    """,
    N_("The counts of a domain are wrong"): """
        SELECT name FROM domain LEFT JOIN (
            SELECT address.domain_id, count(*) AS addresses, count(mailbox.id) AS mailboxes,
                total(quota_mb) AS allocated, total(quota_mb = 0) AS unlimited,
                total(bytes) AS used
            FROM address LEFT JOIN mailbox ON mailbox.address_id = address.id
            LEFT JOIN usage ON usage.mailbox_id = mailbox.id
            GROUP BY address.domain_id
        ) AS found ON found.domain_id = domain.id
        WHERE domain.addresses != coalesce(found.addresses, 0)
            OR domain.mailboxes != coalesce(found.mailboxes, 0)
            OR domain.allocated_mb != coalesce(found.allocated, 0)
            OR domain.unlimited != coalesce(found.unlimited, 0)
            OR domain.used_bytes != coalesce(found.used, 0)
    """,
    N_("It is stored wrongly how full a mailbox is"): """
        SELECT coalesce(email, home) FROM usage JOIN mailbox ON mailbox.id = mailbox_id
        LEFT JOIN address ON address.id = address_id
        WHERE usage.domain_id IS NOT address.domain_id
            OR percent IS NOT iif(quota_mb, bytes * 100 / (quota_mb * 1048576), NULL)
    """,
    N_("A mailbox is neither at an address nor removed, or both"): """
        SELECT home FROM mailbox WHERE (address_id IS NOT NULL) =
            EXISTS (SELECT 1 FROM removed WHERE mailbox_id = mailbox.id)
    """,
    N_("The folder of a mailbox is misnamed, or to be deleted"): """
        SELECT home FROM mailbox WHERE length(home) != 32 OR home GLOB '*[^0-9a-f]*'
            OR home IN (SELECT home FROM purge)
    """,
    N_("What was removed cannot come back as it was"): """
        SELECT email FROM removed JOIN domain ON domain.id = domain_id
        WHERE (kind = 'mailbox' AND mailbox_id IS NULL)
            OR (kind != 'catch-all' AND address_id = 0)
            OR (kind = 'catch-all' AND (mailbox_id IS NOT NULL OR address_id != 0))
            OR (with_domain AND domain.removed_at IS NULL)
    """,
    N_("The journal does not know of an address"): """
        SELECT email FROM address WHERE NOT EXISTS (
            SELECT 1 FROM journal
            WHERE journal.domain_id = address.domain_id AND journal.email = address.email
        )
    """,
}
WAYS = "SELECT address.email, target FROM recipient JOIN address ON address.id = address_id"
CATCHING = """
    SELECT own.name, own.catch_all_target, other.name FROM domain AS own
    LEFT JOIN domain AS other ON other.id = own.catch_all_domain_id
    WHERE own.removed_at IS NULL AND (own.catch_all_target IS NOT NULL OR other.id IS NOT NULL)
"""
ADDRESSES = "SELECT email FROM address"
# An address with a single recipient may go to one more than that: the rules look at the next one.
MOST_IN_ALL = routing.MOST_IN_ALL + routing.MOST_STEPS


def broken() -> list[Broken]:
    """Return what is not so, all of it seen at one moment; nobody waits for that."""
    with db.transaction("DEFERRED"):
        found = [
            (text, [row[0] for row in db.execute_sql(statement).fetchall()])
            for text, statement in STATEMENTS.items()
        ]
        found += ways_that_do_not_end()
    return [Broken(text, len(of), min(of)) for text, of in found if of]


def ways_that_do_not_end() -> list[tuple[str, list[str]]]:
    """Return the addresses whose mail goes in a circle, over too many steps, or to too many."""
    circles, long, wide = [], [], []
    after = stops()
    for start in after:
        level, seen, steps = {start}, {start}, -1
        while level:
            following = {stop for here in level for stop in after.get(here, ())}
            if start in following:
                circles.append(start)
            level = following - seen
            seen |= level
            steps += 1
            if steps > routing.MOST_STEPS or len(seen) > MOST_IN_ALL:
                break
        if steps > routing.MOST_STEPS:
            long.append(start)
        if len(seen) > MOST_IN_ALL:
            wide.append(start)
    return [
        (N_("Mail for an address goes round in a circle"), circles),
        (N_("Mail for an address takes too many steps"), long),
        (N_("Mail for an address goes to too many others"), wide),
    ]


def stops() -> dict[str, list[str]]:
    """Return where mail for an address goes on to, whatever is switched on or off."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for email, target in db.execute_sql(WAYS).fetchall():
        after[email].append(target)
    caught = dict(unknown_stops({target for targets in after.values() for target in targets}))
    after.update({target: [stop] for target, stop in caught.items()})
    return dict(after)


def unknown_stops(targets: set[str]) -> Iterator[tuple[str, str]]:
    """Yield those of `targets` that do not exist, with where their catch-alls send them."""
    catching = {name: (to, other) for name, to, other in db.execute_sql(CATCHING).fetchall()}
    if not catching:
        return
    known = {email for (email,) in db.execute_sql(ADDRESSES).fetchall()}
    waiting = [target for target in targets if target not in known]
    while waiting:
        target = waiting.pop()
        local_part, _, name = target.rpartition("@")
        to, other = catching.get(name, (None, None))
        stop = f"{local_part}@{other}" if other else to
        if stop is None or (other and stop not in known):
            continue
        yield target, stop
        if stop not in known and stop not in targets:
            waiting.append(stop)
            targets.add(stop)
