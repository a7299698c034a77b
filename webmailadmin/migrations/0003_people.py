"""Owners beside administrators, holders who log in, and what guards each of them.

Times are whole seconds since 1970, UTC. Limits are NULL where there is none; `_mb` is MB
(1024 * 1024 bytes).
"""

from typing import Any

ACCOUNT = (
    "ALTER TABLE account ADD COLUMN kind TEXT NOT NULL DEFAULT 'administrator'",
    "ALTER TABLE account ADD COLUMN person TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE account ADD COLUMN contact TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE account ADD COLUMN contact_confirmed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",
    "ALTER TABLE account ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE account ADD COLUMN most_domains INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE account ADD COLUMN most_addresses INTEGER",
    "ALTER TABLE account ADD COLUMN most_mailboxes INTEGER",
    "ALTER TABLE account ADD COLUMN most_mb INTEGER",
    "ALTER TABLE account ADD COLUMN most_mb_each INTEGER",
    "ALTER TABLE account ADD COLUMN may_redirect_outside INTEGER NOT NULL DEFAULT 1",
)

# journal_after, removed_after: the last numbers given before the domain became theirs. What was
# done and removed before is nobody's business who comes later.
OWNERSHIP = (
    """
    CREATE TABLE ownership (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
        added_itself INTEGER NOT NULL DEFAULT 0,
        journal_after INTEGER NOT NULL DEFAULT 0,
        removed_after INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE UNIQUE INDEX ownership_once ON ownership (account_id, domain_id)",
    "CREATE INDEX ownership_domain ON ownership (domain_id)",
)

MAILBOX = (
    "ALTER TABLE mailbox ADD COLUMN receives INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE mailbox ADD COLUMN may_log_in INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE mailbox ADD COLUMN main_in_programs INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE mailbox ADD COLUMN may_redirect INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mailbox ADD COLUMN contact TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE mailbox ADD COLUMN contact_confirmed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mailbox ADD COLUMN language TEXT NOT NULL DEFAULT ''",
    """
    CREATE TABLE app_password (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        password TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        last_used INTEGER
    ) STRICT
    """,
    "CREATE UNIQUE INDEX app_password_name ON app_password (mailbox_id, name)",
)

# A session, a link or a second factor belongs to an account or to a mailbox: to a number, never
# to a name, which may be somebody else's tomorrow. All who are logged in log in once more.
GUARDS = (
    "DROP TABLE session",
    """
    CREATE TABLE session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token_hash TEXT NOT NULL UNIQUE,
        account_id INTEGER REFERENCES account (id) ON DELETE CASCADE,
        mailbox_id INTEGER REFERENCES mailbox (id) ON DELETE CASCADE,
        entered_by_id INTEGER REFERENCES account (id) ON DELETE CASCADE,
        pending INTEGER NOT NULL DEFAULT 0,
        network TEXT NOT NULL DEFAULT '',
        agent TEXT NOT NULL DEFAULT '',
        created_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        proved_at INTEGER NOT NULL,
        CHECK ((account_id IS NULL) != (mailbox_id IS NULL))
    ) STRICT
    """,
    "CREATE INDEX session_account ON session (account_id)",
    "CREATE INDEX session_mailbox ON session (mailbox_id)",
    "CREATE INDEX session_entered_by ON session (entered_by_id)",
    """
    CREATE TABLE link (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token_hash TEXT NOT NULL UNIQUE,
        purpose TEXT NOT NULL,
        account_id INTEGER REFERENCES account (id) ON DELETE CASCADE,
        mailbox_id INTEGER REFERENCES mailbox (id) ON DELETE CASCADE,
        made_by_id INTEGER REFERENCES account (id) ON DELETE CASCADE,
        email TEXT NOT NULL DEFAULT '',
        created_at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        CHECK ((account_id IS NULL) != (mailbox_id IS NULL))
    ) STRICT
    """,
    "CREATE INDEX link_account ON link (account_id)",
    "CREATE INDEX link_mailbox ON link (mailbox_id)",
    "CREATE INDEX link_made_by ON link (made_by_id)",
    """
    CREATE TABLE second_factor (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER UNIQUE REFERENCES account (id) ON DELETE CASCADE,
        mailbox_id INTEGER UNIQUE REFERENCES mailbox (id) ON DELETE CASCADE,
        secret TEXT NOT NULL,
        last_step INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        CHECK ((account_id IS NULL) != (mailbox_id IS NULL))
    ) STRICT
    """,
    """
    CREATE TABLE recovery_code (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        factor_id INTEGER NOT NULL REFERENCES second_factor (id) ON DELETE CASCADE,
        code_hash TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX recovery_code_factor ON recovery_code (factor_id)",
    "ALTER TABLE journal ADD COLUMN through TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX journal_actor ON journal (actor, id)",
)

# What opened a door before must not open it afterwards, whoever changed it. What a person is still
# to be told opens none, and stays: whoever took the log-in must not take back the news of it.
OPENS = "purpose NOT IN ('password-changed', 'factor-changed', 'entered', 'contact-changed')"
ENDS = f"""
    DELETE FROM session WHERE {{column}} = new.id;
    DELETE FROM link WHERE {{column}} = new.id AND {OPENS};
"""  # noqa: S608 - our words
TRIGGERS = (
    f"""
    CREATE TRIGGER account_closed AFTER UPDATE OF password, enabled, kind ON account
    WHEN new.password != old.password OR NOT new.enabled OR new.kind != old.kind
    BEGIN
        {ENDS.format(column="account_id")}
        DELETE FROM session WHERE entered_by_id = new.id;
    END
    """,  # noqa: S608 - our words
    f"""
    CREATE TRIGGER mailbox_closed AFTER UPDATE OF password, may_log_in, address_id ON mailbox
    WHEN new.password != old.password OR NOT new.may_log_in OR new.address_id IS NULL
    BEGIN {ENDS.format(column="mailbox_id")} END
    """,
    # Whoever made a link has seen it: it would open what is not theirs any more. So has a thief of
    # their session, who is to be out with a new password.
    """
    CREATE TRIGGER maker_closed AFTER UPDATE OF password, enabled, kind ON account
    WHEN new.password != old.password OR NOT new.enabled OR new.kind != old.kind
    BEGIN DELETE FROM link WHERE made_by_id = new.id; END
    """,
    """
    CREATE TRIGGER maker_owns_no_more AFTER DELETE ON ownership
    BEGIN
        DELETE FROM link WHERE made_by_id = old.account_id AND mailbox_id IN (
            SELECT mailbox.id FROM mailbox JOIN address ON address.id = mailbox.address_id
            WHERE address.domain_id = old.domain_id
        );
    END
    """,
    """
    CREATE TRIGGER mailbox_removed AFTER UPDATE OF address_id ON mailbox
    WHEN new.address_id IS NULL
    BEGIN DELETE FROM link WHERE mailbox_id = new.id; END
    """,
    f"""
    CREATE TRIGGER address_closed AFTER UPDATE OF enabled ON address WHEN NOT new.enabled
    BEGIN
        DELETE FROM session WHERE mailbox_id IN (
            SELECT id FROM mailbox WHERE address_id = new.id
        );
        DELETE FROM link WHERE {OPENS} AND mailbox_id IN (
            SELECT id FROM mailbox WHERE address_id = new.id
        );
    END
    """,  # noqa: S608 - our words
)


def up(migrator: Any, db: Any) -> None:
    """Add the columns and tables, and the triggers that end sessions and links."""
    for statement in (*ACCOUNT, *OWNERSHIP, *MAILBOX, *GUARDS, *TRIGGERS):
        db.execute_sql(statement)
