"""What mailboxes hold, what was taken off and how, and what is still to be done on mail files.

Times are whole seconds since 1970, UTC. Sizes are bytes, or MB (1024 * 1024 bytes) in `_mb`.
"""

from typing import Any

TABLES = (
    """
    CREATE TABLE usage (
        mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id) ON DELETE CASCADE,
        messages INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        last_log_in INTEGER,
        warned INTEGER NOT NULL,
        at INTEGER NOT NULL,
        domain_id INTEGER REFERENCES domain (id),
        percent INTEGER
    ) STRICT
    """,
    # The filters of the list.
    "CREATE INDEX usage_nearly_full ON usage (domain_id, percent) WHERE percent >= 80",
    "CREATE INDEX usage_last_log_in ON usage (domain_id, last_log_in)",
    """
    CREATE TABLE warning (
        mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id) ON DELETE CASCADE,
        percent INTEGER NOT NULL,
        message_id TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE kick (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE purge (
        home TEXT PRIMARY KEY,
        domain_id INTEGER NOT NULL REFERENCES domain (id),
        email TEXT NOT NULL,
        at INTEGER NOT NULL,
        trouble TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE chore (
        name TEXT PRIMARY KEY,
        at INTEGER NOT NULL,
        milliseconds INTEGER NOT NULL,
        trouble TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE report (
        name TEXT PRIMARY KEY,
        at INTEGER NOT NULL,
        content TEXT NOT NULL
    ) STRICT
    """,
)

COLUMNS = (
    "ALTER TABLE domain ADD COLUMN allocated_mb INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE domain ADD COLUMN unlimited INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE domain ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE domain ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",
    "ALTER TABLE removed ADD COLUMN kind TEXT NOT NULL DEFAULT 'mailbox'",
    "ALTER TABLE removed ADD COLUMN with_domain INTEGER NOT NULL DEFAULT 0",
    "UPDATE removed SET kind = 'address' WHERE whole",
    # Until now, a domain went with its postmaster@ alone.
    """
    UPDATE removed SET with_domain = 1 WHERE kind = 'address' AND local_part = 'postmaster'
        AND domain_id IN (SELECT id FROM domain WHERE removed_at IS NOT NULL)
    """,
    "ALTER TABLE removed DROP COLUMN whole",
    "ALTER TABLE removed ADD COLUMN removed_by TEXT NOT NULL DEFAULT ''",
    # Who it was stands in the journal, in an entry of the same transaction.
    """
    UPDATE removed SET removed_by = coalesce(
        (SELECT actor FROM journal
         WHERE journal.domain_id = removed.domain_id AND journal.email = removed.email
            AND act IN ('address.removed', 'mailbox.removed') AND at >= removed_at
         ORDER BY id LIMIT 1),
        ''
    )
    WHERE NOT with_domain
    """,
    """
    UPDATE removed SET removed_by = coalesce(
        (SELECT actor FROM journal
         WHERE journal.domain_id = removed.domain_id
            AND act = 'domain.removed' AND at >= removed_at
         ORDER BY id LIMIT 1),
        ''
    )
    WHERE with_domain
    """,
    """
    UPDATE domain SET
        allocated_mb = (
            SELECT coalesce(sum(quota_mb), 0) FROM address JOIN mailbox ON address_id = address.id
            WHERE domain_id = domain.id
        ),
        unlimited = (
            SELECT count(*) FROM address JOIN mailbox ON address_id = address.id
            WHERE domain_id = domain.id AND quota_mb = 0
        )
    """,
    "CREATE INDEX removed_mailbox_until ON removed (until)",
    "CREATE INDEX removed_email ON removed (email)",
    "CREATE INDEX journal_at ON journal (at)",
)

# A domain's sums cost nothing to read; the triggers see every door.
SUM = """
    UPDATE domain SET
        allocated_mb = allocated_mb {sign} {row}.quota_mb,
        unlimited = unlimited {sign} ({row}.quota_mb = 0),
        used_bytes = used_bytes {sign}
            coalesce((SELECT bytes FROM usage WHERE mailbox_id = {row}.id), 0)
    WHERE id = (SELECT domain_id FROM address WHERE id = {row}.address_id);
"""
LESS, MORE = SUM.format(sign="-", row="old"), SUM.format(sign="+", row="new")
USED = """
    UPDATE domain SET used_bytes = used_bytes + {difference}
    WHERE id = (
        SELECT domain_id FROM address JOIN mailbox ON mailbox.address_id = address.id
        WHERE mailbox.id = new.mailbox_id
    );
"""
# What a filter asks for stands in its index.
FILED = """
    UPDATE usage SET (domain_id, percent) = (
        SELECT address.domain_id, iif(quota_mb, bytes * 100 / (quota_mb * 1048576), NULL)
        FROM mailbox LEFT JOIN address ON address.id = address_id WHERE mailbox.id = mailbox_id
    )
    WHERE mailbox_id = new.{id};
"""
TRIGGERS = (
    f"CREATE TRIGGER mailbox_sums_opened AFTER INSERT ON mailbox BEGIN {MORE} END",
    f"""
    CREATE TRIGGER mailbox_sums_changed AFTER UPDATE OF address_id, quota_mb ON mailbox
    BEGIN {LESS} {MORE} {FILED.format(id="id")} END
    """,
    f"""
    CREATE TRIGGER usage_known AFTER INSERT ON usage
    BEGIN {USED.format(difference="new.bytes")} {FILED.format(id="mailbox_id")} END
    """,
    f"""
    CREATE TRIGGER usage_changed AFTER UPDATE OF bytes ON usage WHEN new.bytes != old.bytes
    BEGIN {USED.format(difference="new.bytes - old.bytes")} {FILED.format(id="mailbox_id")} END
    """,
)


def up(migrator: Any, db: Any) -> None:
    """Add the tables, the columns and the triggers that keep the sums."""
    for statement in (*TABLES, *COLUMNS, *TRIGGERS):
        db.execute_sql(statement)
