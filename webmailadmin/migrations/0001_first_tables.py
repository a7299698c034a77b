"""The first tables, and the views through which Postfix and Dovecot read.

Times are whole seconds since 1970, UTC. Sizes are MB (1024 * 1024 bytes); 0 is unlimited.
"""

from typing import Any

TABLES = """
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    one_time INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account_id);

CREATE TABLE throttle (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;

CREATE TABLE domain (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    catch_all_key TEXT NOT NULL,
    catch_all_to TEXT,
    catch_all_target TEXT,
    catch_all_receives INTEGER NOT NULL DEFAULT 0,
    catch_all_domain_id INTEGER REFERENCES domain (id),
    addresses INTEGER NOT NULL DEFAULT 0,
    mailboxes INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX domain_name ON domain (name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX domain_catch_all_key ON domain (catch_all_key) WHERE removed_at IS NULL;
CREATE INDEX domain_catch_all_target ON domain (catch_all_target);
CREATE INDEX domain_catch_all_domain ON domain (catch_all_domain_id);

CREATE TABLE address (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL REFERENCES domain (id),
    local_part TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    enabled INTEGER NOT NULL DEFAULT 1,
    receives INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX address_in_domain ON address (domain_id, local_part);
CREATE INDEX address_state ON address (domain_id, receives, enabled);

CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address_id INTEGER UNIQUE REFERENCES address (id),
    home TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    quota_mb INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE recipient (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address_id INTEGER NOT NULL REFERENCES address (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    target TEXT NOT NULL,
    domain TEXT NOT NULL,
    receives INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX recipient_of_address ON recipient (address_id, email);
CREATE INDEX recipient_target ON recipient (target);
CREATE INDEX recipient_domain ON recipient (domain);
CREATE INDEX recipient_without_end ON recipient (address_id) WHERE NOT receives;

CREATE TABLE removed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL REFERENCES domain (id),
    address_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    local_part TEXT NOT NULL,
    whole INTEGER NOT NULL,
    mailbox_id INTEGER UNIQUE REFERENCES mailbox (id),
    recipients TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    removed_at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX removed_of_domain ON removed (domain_id, until);
CREATE INDEX removed_of_address ON removed (address_id);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    domain_id INTEGER REFERENCES domain (id),
    email TEXT,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX journal_domain ON journal (domain_id, id);
CREATE INDEX journal_address ON journal (domain_id, email, id);
"""

# The menu's counts cost nothing to read; the triggers see every door.
COUNTS = """
CREATE TRIGGER address_added AFTER INSERT ON address BEGIN
    UPDATE domain SET addresses = addresses + 1 WHERE id = new.domain_id;
END;
CREATE TRIGGER address_gone AFTER DELETE ON address BEGIN
    UPDATE domain SET addresses = addresses - 1 WHERE id = old.domain_id;
END;
CREATE TRIGGER mailbox_opened AFTER INSERT ON mailbox WHEN new.address_id IS NOT NULL BEGIN
    UPDATE domain SET mailboxes = mailboxes + 1
    WHERE id = (SELECT domain_id FROM address WHERE id = new.address_id);
END;
CREATE TRIGGER mailbox_taken_off AFTER UPDATE OF address_id ON mailbox
WHEN old.address_id IS NOT NULL BEGIN
    UPDATE domain SET mailboxes = mailboxes - 1
    WHERE id = (SELECT domain_id FROM address WHERE id = old.address_id);
END;
CREATE TRIGGER mailbox_put_back AFTER UPDATE OF address_id ON mailbox
WHEN new.address_id IS NOT NULL BEGIN
    UPDATE domain SET mailboxes = mailboxes + 1
    WHERE id = (SELECT domain_id FROM address WHERE id = new.address_id);
END;
"""

JOURNAL_IS_KEPT = """
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE ON journal BEGIN
    SELECT raise(ABORT, 'the journal is not rewritten');
END;
CREATE TRIGGER journal_is_kept BEFORE DELETE ON journal
WHEN old.at > unixepoch() - 365 * 86400 BEGIN
    SELECT raise(ABORT, 'the journal is kept for a year');
END;
"""

# The contract with the mail servers. None computes the column that they search by.
VIEWS = """
CREATE VIEW postfix_domain AS
SELECT name FROM domain WHERE removed_at IS NULL;

CREATE VIEW postfix_mailbox AS
SELECT address.email FROM address JOIN mailbox ON mailbox.address_id = address.id
WHERE address.receives;

-- An address's own row stops the catch-all from taking its mail: a mailbox delivers there,
-- what receives nothing is refused by postfix_refused before this view is asked.
CREATE VIEW postfix_alias AS
SELECT email, email AS recipient FROM address
WHERE NOT receives OR EXISTS (SELECT 1 FROM mailbox WHERE mailbox.address_id = address.id)
UNION ALL
SELECT address.email, recipient.email AS recipient
FROM address JOIN recipient ON recipient.address_id = address.id
WHERE address.receives AND recipient.receives
UNION ALL
SELECT catch_all_key AS email, catch_all_to AS recipient FROM domain
WHERE removed_at IS NULL AND catch_all_receives;

CREATE VIEW postfix_same_name AS
SELECT catching.name AS domain, address.local_part, address.email AS recipient
FROM domain AS catching
JOIN domain AS other ON other.id = catching.catch_all_domain_id
JOIN address ON address.domain_id = other.id
WHERE catching.removed_at IS NULL AND other.enabled AND address.receives;

CREATE VIEW postfix_refused AS
SELECT email, CASE WHEN enabled
    THEN '550 5.1.1 This address receives no mail'
    ELSE '550 5.2.1 This address is switched off' END AS action
FROM address WHERE NOT receives
UNION ALL
SELECT name AS email, '550 5.2.1 This domain is switched off' AS action
FROM domain WHERE removed_at IS NULL AND NOT enabled;

CREATE VIEW postfix_sender AS
SELECT address.email, address.email AS login
FROM address JOIN domain ON domain.id = address.domain_id
JOIN mailbox ON mailbox.address_id = address.id
WHERE address.enabled AND domain.enabled
UNION ALL
SELECT address.email, holder.email AS login
FROM address JOIN domain ON domain.id = address.domain_id
JOIN recipient ON recipient.address_id = address.id
JOIN address AS holder ON holder.email = recipient.target
JOIN domain AS home ON home.id = holder.domain_id
JOIN mailbox ON mailbox.address_id = holder.id
WHERE address.enabled AND domain.enabled AND holder.enabled AND home.enabled;

CREATE VIEW dovecot_user AS
SELECT address.email AS user, mailbox.password, mailbox.home, mailbox.quota_mb
FROM address JOIN mailbox ON mailbox.address_id = address.id
WHERE address.enabled;
"""


def up(migrator: Any, db: Any) -> None:
    """Create everything, and the statistics once: a later ANALYZE would disturb Dovecot."""
    for script in (TABLES, COUNTS, JOURNAL_IS_KEPT, VIEWS):
        for statement in statements(script):
            db.execute_sql(statement)
    db.execute_sql("ANALYZE")


def statements(script: str) -> list[str]:
    """Split a script at the semicolons that end a statement, not those within a trigger."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        within_trigger = "CREATE TRIGGER" in pending and "END;" not in line
        if line.endswith(";") and not within_trigger:
            found.append(pending)
            pending = ""
    return found
