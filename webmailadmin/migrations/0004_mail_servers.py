"""Mailboxes that do not receive, holders who may not log in, app passwords: the servers' views.

A mailbox that does not receive is no end for mail. Who may not log in keeps getting mail.
"""

from typing import Any

MAILBOX = """
CREATE VIEW postfix_mailbox AS
SELECT address.email FROM address JOIN mailbox ON mailbox.address_id = address.id
WHERE address.receives AND mailbox.receives
"""

# An address's own row stops the catch-all from taking its mail: a mailbox delivers there,
# what receives nothing is refused by postfix_refused before this view is asked.
ALIAS = """
CREATE VIEW postfix_alias AS
SELECT email, email AS recipient FROM address
WHERE NOT receives OR EXISTS (
    SELECT 1 FROM mailbox WHERE mailbox.address_id = address.id AND mailbox.receives
)
UNION ALL
SELECT address.email, recipient.email AS recipient
FROM address JOIN recipient ON recipient.address_id = address.id
WHERE address.receives AND recipient.receives
UNION ALL
SELECT catch_all_key AS email, catch_all_to AS recipient FROM domain
WHERE removed_at IS NULL AND catch_all_receives
"""

REFUSED = """
CREATE VIEW postfix_refused AS
SELECT email, CASE
    WHEN NOT enabled THEN '550 5.2.1 This address is switched off'
    WHEN EXISTS (
        SELECT 1 FROM mailbox
        WHERE mailbox.address_id = address.id AND mailbox.may_log_in AND NOT mailbox.receives
    ) THEN '550 5.2.1 This address only sends mail'
    ELSE '550 5.1.1 This address receives no mail' END AS action
FROM address WHERE NOT receives
UNION ALL
SELECT name AS email, '550 5.2.1 This domain is switched off' AS action
FROM domain WHERE removed_at IS NULL AND NOT enabled
"""

# Postfix asks for each message: who may not log in any more sends nothing in an open session.
SENDER = """
CREATE VIEW postfix_sender AS
SELECT address.email, address.email AS login
FROM address JOIN domain ON domain.id = address.domain_id
JOIN mailbox ON mailbox.address_id = address.id
WHERE address.enabled AND domain.enabled AND mailbox.may_log_in
UNION ALL
SELECT address.email, holder.email AS login
FROM address JOIN domain ON domain.id = address.domain_id
JOIN recipient ON recipient.address_id = address.id
JOIN address AS holder ON holder.email = recipient.target
JOIN domain AS home ON home.id = holder.domain_id
JOIN mailbox ON mailbox.address_id = holder.id
WHERE address.enabled AND domain.enabled AND holder.enabled AND home.enabled
    AND mailbox.may_log_in
"""

# Deliveries ask for the home of whoever may not log in too. Files of an earlier `servers install`
# ask here for the password.
USER = """
CREATE VIEW dovecot_user AS
SELECT address.email AS user, CASE WHEN may_log_in AND main_in_programs THEN password END
    AS password, mailbox.home, mailbox.quota_mb
FROM address JOIN mailbox ON mailbox.address_id = address.id
WHERE address.enabled
"""

# What opens a mailbox: its own password, as bcrypt, with an empty digest; and each app password,
# found by the SHA-256 that the column holds.
LOG_IN = """
CREATE VIEW dovecot_password AS
SELECT user, '' AS digest, password, NULL AS app FROM dovecot_user WHERE password IS NOT NULL
UNION ALL
SELECT address.email AS user, app_password.password AS digest, app_password.password,
    app_password.id AS app
FROM address JOIN mailbox ON mailbox.address_id = address.id
JOIN app_password ON app_password.mailbox_id = mailbox.id
WHERE address.enabled AND mailbox.may_log_in
"""

GONE = (
    "DROP VIEW postfix_mailbox",
    "DROP VIEW postfix_alias",
    "DROP VIEW postfix_refused",
    "DROP VIEW postfix_sender",
    "DROP VIEW dovecot_user",
)


def up(migrator: Any, db: Any) -> None:
    """Make the views anew."""
    for statement in GONE:
        db.execute_sql(statement)
    for view in (MAILBOX, ALIAS, REFUSED, SENDER, USER, LOG_IN):
        db.execute_sql(view)
