"""Vacation answers, and the Sieve script that Dovecot reads of each that is to be sent now.

Dovecot asks for it at each delivery, so that a change counts for the next mail. A text is never
code: in Sieve a quoted string ends at a quote, an escape begins with a backslash, and nothing else
in it has a meaning, since the script asks for no extension that gives it one (RFC 5228, 2.4.2).
"""

from typing import Any

TABLE = """
CREATE TABLE vacation (
    mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id) ON DELETE CASCADE,
    enabled INTEGER NOT NULL,
    begins INTEGER,
    ends INTEGER,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT
"""

# number: of the absence; by it a sender is known to have been answered. subject: without one,
# Dovecot makes one of that of the mail it answers. The holder's own addresses follow each other:
# mail that names none of them is not answered, as what came blind or over a list (RFC 5230, 4.5).
# An alias is one of them when its mail goes nowhere else: who writes to a team is not told that
# one of it is away.
VIEW = r"""
CREATE VIEW dovecot_vacation AS
SELECT address.email AS user, number, 'require "vacation"; vacation :days 366'
    || ' :handle "' || number || '" :from "' || address.email || '" :addresses ' || (
        SELECT json_group_array(own) FROM (
            SELECT address.email AS own
            UNION ALL
            SELECT alias.email
            FROM recipient JOIN address AS alias ON alias.id = recipient.address_id
            WHERE recipient.target = address.email
                AND NOT EXISTS (SELECT 1 FROM mailbox AS kept WHERE kept.address_id = alias.id)
                AND (SELECT count(*) FROM recipient AS way WHERE way.address_id = alias.id) = 1
            UNION ALL
            SELECT address.local_part || '@' || catching.name FROM domain AS catching
            WHERE catching.catch_all_domain_id = address.domain_id
                AND catching.removed_at IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM address AS other
                    WHERE other.domain_id = catching.id
                        AND other.local_part = address.local_part
                )
        )
    )
    || CASE WHEN subject != '' THEN
        ' :subject "' || replace(replace(subject, '\', '\\'), '"', '\"') || '"'
        ELSE '' END
    || ' "' || replace(replace(text, '\', '\\'), '"', '\"') || '";' AS script
FROM address JOIN mailbox ON mailbox.address_id = address.id
JOIN vacation ON vacation.mailbox_id = mailbox.id
WHERE vacation.enabled AND unixepoch() >= coalesce(begins, 0)
    AND (ends IS NULL OR unixepoch() < ends)
"""


def up(migrator: Any, db: Any) -> None:
    """Add the table and the view."""
    db.execute_sql(TABLE)
    db.execute_sql(VIEW)
