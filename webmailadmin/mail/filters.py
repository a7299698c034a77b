"""The filters of the list of addresses, and how much each of them shows."""

from enum import StrEnum

from webmailadmin.database import db
from webmailadmin.mail import usage
from webmailadmin.models import Domain, Usage, now

MOST_COUNTED = 100  # a page says "99+" there: nobody wants the exact number of so many
FEW = 1000


class Show(StrEnum):
    """Which addresses the list shows."""

    ALL = "all"
    MAILBOXES = "mailboxes"
    ALIASES = "aliases"
    TO_LOOK_AT = "to-look-at"
    NEARLY_FULL = "nearly-full"
    FULL = "full"
    UNUSED = "unused"
    NEVER_USED = "never-used"


# The index holds all that both halves ask for. SQLite would rather read the addresses themselves.
# A mailbox that is meant to receive nothing is no trouble.
TROUBLED = """
    SELECT id FROM address WHERE domain_id = :domain AND receives = 0 AND enabled = 1
    AND (
        NOT EXISTS (SELECT 1 FROM mailbox WHERE address_id = address.id)
        OR EXISTS (SELECT 1 FROM recipient WHERE address_id = address.id)
    )
    UNION ALL
    SELECT DISTINCT address_id FROM recipient
    CROSS JOIN address INDEXED BY address_state ON address.id = address_id
    WHERE NOT recipient.receives AND domain_id = :domain AND address.receives = 1 AND enabled = 1
"""
# Each is answered from an index alone; that of nearly full ones holds no others.
USED = {
    Show.NEARLY_FULL: f"percent >= {usage.NEARLY_FULL}",
    Show.FULL: f"percent >= {usage.NEARLY_FULL} AND percent >= {usage.FULL}",
    Show.UNUSED: "last_log_in < :long_ago",
    Show.NEVER_USED: "last_log_in IS NULL",
}
COUNTED_USED = "SELECT 1 FROM usage WHERE domain_id = :domain AND {condition}"
COUNT = "(SELECT count(*) FROM ({shown} LIMIT :most))"
COUNTED = {
    Show.TO_LOOK_AT: TROUBLED,
    **{show: COUNTED_USED.format(condition=condition) for show, condition in USED.items()},
}
AMONG_MANY = "AND usage.domain_id = :domain AND {condition}"
AMONG_FEW = """
    AND address.id IN (
        SELECT address_id FROM usage JOIN mailbox ON mailbox.id = mailbox_id
        WHERE usage.domain_id = :domain AND {condition}
    )
"""
SHOWN = {
    Show.ALL: "",
    Show.MAILBOXES: "AND quota_mb IS NOT NULL",
    Show.ALIASES: """
        AND quota_mb IS NULL
        AND EXISTS (SELECT 1 FROM recipient WHERE address_id = address.id)
    """,
    Show.TO_LOOK_AT: f"AND address.id IN ({TROUBLED})",
}


def values(domain: Domain) -> dict[str, object]:
    """Return what the conditions ask with."""
    return {"domain": domain.id, "long_ago": Usage.last_log_in.db_value(now() - usage.UNUSED)}


def condition(domain: Domain, show: Show) -> str:
    """Return what the list asks for to show no others.

    Few are read one by one. Of many, the first ones are soon met in the order of the list.
    """
    if show not in USED:
        return SHOWN[show]
    many = count(domain, show, most=FEW + 1)[show] > FEW
    return (AMONG_MANY if many else AMONG_FEW).format(condition=USED[show])


def count(domain: Domain, *shows: Show, most: int = MOST_COUNTED) -> dict[Show, int]:
    """Count what each of these filters shows in the whole domain, to `most`.

    Not for all, mailboxes and aliases.
    """
    statement = "SELECT " + ", ".join(COUNT.format(shown=COUNTED[show]) for show in shows)
    found = db.execute_sql(statement, {**values(domain), "most": most}).fetchone()
    return dict(zip(shows, found, strict=True))
