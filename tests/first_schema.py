"""A database as the first version left it: its schema alone, filled as its rules filled it.

One of everything that it could hold. Written in SQL: the rules of today do not fit there.
"""

from pathlib import Path

from playhouse.migrations import Runner

from webmailadmin import database
from webmailadmin.database import db
from webmailadmin.snapshot import APPLICATION_ID

FIRST = "0001_first_tables"
PASSWORD = "correct horse battery"
# Of that password, at a cost of 4.
HASH = "$2b$04$yYCic4sLvKbgQh/T4OH20uKcKgQFUN.ZEL07ICfzyTx5QAId69C46"
HOMES = {name: f"{number:032x}" for number, name in enumerate(("ann", "bob", "off", "old", "eve"))}
WRITTEN = 1_760_000_000  # Unix time of all that was done
KEPT_UNTIL = 4_000_000_000

ROWS = f"""
INSERT INTO account VALUES (1, 'alice', '{HASH}', 0, {WRITTEN});
INSERT INTO session VALUES ('a-token', 1, {WRITTEN}, {WRITTEN});
INSERT INTO throttle VALUES ('account:alice', 3, {WRITTEN});
INSERT INTO domain (id, name, enabled, catch_all_key, catch_all_to, catch_all_target,
    catch_all_receives, catch_all_domain_id, version, created_at, removed_at) VALUES
    (1, 'bonvenon.fr', 1, '@bonvenon.fr', 'ann@bonvenon.fr', 'ann@bonvenon.fr', 1, NULL, 2,
     {WRITTEN}, NULL),
    (2, 'shop.example', 1, '@shop.example', NULL, NULL, 0, 1, 1, {WRITTEN}, NULL),
    (3, 'xn--t-9fab.fr', 0, '@xn--t-9fab.fr', NULL, NULL, 0, NULL, 2, {WRITTEN}, NULL),
    (4, 'gone.example', 1, '@gone.example', NULL, NULL, 0, NULL, 2, {WRITTEN}, {WRITTEN});
INSERT INTO address (id, domain_id, local_part, email, enabled, receives, version, created_at)
VALUES
    (1, 1, 'postmaster', 'postmaster@bonvenon.fr', 1, 1, 1, {WRITTEN}),
    (2, 1, 'ann', 'ann@bonvenon.fr', 1, 1, 2, {WRITTEN}),
    (3, 1, 'bob', 'bob@bonvenon.fr', 1, 1, 2, {WRITTEN}),
    (4, 1, 'off', 'off@bonvenon.fr', 0, 0, 3, {WRITTEN}),
    (5, 1, 'sales', 'sales@bonvenon.fr', 1, 1, 2, {WRITTEN}),
    (6, 1, 'empty', 'empty@bonvenon.fr', 1, 0, 1, {WRITTEN}),
    (7, 2, 'postmaster', 'postmaster@shop.example', 1, 1, 1, {WRITTEN}),
    (8, 3, 'postmaster', 'postmaster@xn--t-9fab.fr', 1, 1, 1, {WRITTEN});
INSERT INTO mailbox VALUES
    (1, 2, '{HOMES["ann"]}', '{HASH}', 1024, {WRITTEN}),
    (2, 3, '{HOMES["bob"]}', '{HASH}', 0, {WRITTEN}),
    (3, 4, '{HOMES["off"]}', '{HASH}', 512, {WRITTEN}),
    (4, NULL, '{HOMES["old"]}', '{HASH}', 2048, {WRITTEN}),
    (5, NULL, '{HOMES["eve"]}', '{HASH}', 1024, {WRITTEN});
INSERT INTO recipient (address_id, email, target, domain, receives) VALUES
    (1, 'camille@elsewhere.org', 'camille@elsewhere.org', 'elsewhere.org', 1),
    (3, 'bob@far.example', 'bob@far.example', 'far.example', 1),
    (5, 'ann@bonvenon.fr', 'ann@bonvenon.fr', 'bonvenon.fr', 1),
    (5, 'off@bonvenon.fr', 'off@bonvenon.fr', 'bonvenon.fr', 0),
    (7, 'sales+shop@bonvenon.fr', 'sales@bonvenon.fr', 'bonvenon.fr', 1),
    (8, 'camille@elsewhere.org', 'camille@elsewhere.org', 'elsewhere.org', 1);
-- A mailbox that was taken off an address that lives on; an address with its mailbox; what a
-- domain was removed with.
INSERT INTO removed (domain_id, address_id, email, local_part, whole, mailbox_id, recipients,
    enabled, version, removed_at, until) VALUES
    (1, 5, 'sales@bonvenon.fr', 'sales', 0, 4, '', 1, 1, {WRITTEN}, {KEPT_UNTIL}),
    (1, 9, 'eve@bonvenon.fr', 'eve', 1, 5, 'eve@far.example', 1, 2, {WRITTEN}, {KEPT_UNTIL}),
    (4, 10, 'postmaster@gone.example', 'postmaster', 1, NULL, 'camille@elsewhere.org', 1, 1,
     {WRITTEN}, {KEPT_UNTIL});
INSERT INTO journal (at, actor, act, domain_id, email, details) VALUES
    ({WRITTEN}, 'command line', 'account.added', NULL, NULL, '{{"name": "alice"}}'),
    ({WRITTEN}, 'alice', 'domain.installed', 1, NULL, '{{"contact": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'recipients.added', 1, 'postmaster@bonvenon.fr',
     '{{"emails": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'address.added', 1, 'ann@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'mailbox.opened', 1, 'ann@bonvenon.fr', '{{"quota_mb": "1024"}}'),
    ({WRITTEN}, 'alice', 'address.added', 1, 'bob@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'recipients.added', 1, 'bob@bonvenon.fr',
     '{{"emails": "bob@far.example"}}'),
    ({WRITTEN}, 'alice', 'mailbox.opened-unlimited', 1, 'bob@bonvenon.fr',
     '{{"quota_mb": "0"}}'),
    ({WRITTEN}, 'alice', 'address.added', 1, 'off@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'mailbox.opened', 1, 'off@bonvenon.fr', '{{"quota_mb": "512"}}'),
    ({WRITTEN}, 'alice', 'address.disabled', 1, 'off@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'address.added', 1, 'sales@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'mailbox.opened', 1, 'sales@bonvenon.fr', '{{"quota_mb": "2048"}}'),
    ({WRITTEN}, 'alice', 'mailbox.removed', 1, 'sales@bonvenon.fr', '{{"until": "2096-10-02"}}'),
    ({WRITTEN}, 'alice', 'recipients.added', 1, 'sales@bonvenon.fr',
     '{{"emails": "ann@bonvenon.fr, off@bonvenon.fr"}}'),
    ({WRITTEN}, 'alice', 'address.added', 1, 'empty@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'address.added', 1, 'eve@bonvenon.fr', '{{}}'),
    ({WRITTEN}, 'alice', 'address.removed', 1, 'eve@bonvenon.fr', '{{"until": "2096-10-02"}}'),
    ({WRITTEN}, 'alice', 'catch-all.address', 1, NULL, '{{"to": "ann@bonvenon.fr"}}'),
    ({WRITTEN}, 'alice', 'domain.installed', 2, NULL, '{{"contact": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'recipients.added', 2, 'postmaster@shop.example',
     '{{"emails": "sales+shop@bonvenon.fr"}}'),
    ({WRITTEN}, 'alice', 'catch-all.domain', 2, NULL, '{{"to": "bonvenon.fr"}}'),
    ({WRITTEN}, 'alice', 'domain.installed', 3, NULL, '{{"contact": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'recipients.added', 3, 'postmaster@xn--t-9fab.fr',
     '{{"emails": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'domain.disabled', 3, NULL, '{{}}'),
    ({WRITTEN}, 'alice', 'domain.installed', 4, NULL, '{{"contact": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'recipients.added', 4, 'postmaster@gone.example',
     '{{"emails": "camille@elsewhere.org"}}'),
    ({WRITTEN}, 'alice', 'address.removed', 4, 'postmaster@gone.example',
     '{{"until": "2096-10-02"}}'),
    ({WRITTEN}, 'alice', 'domain.removed', 4, NULL, '{{}}');
"""


def make(folder: Path) -> Path:
    """Make such a database in `folder`, as the first version's program did; return its file."""
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = folder / "webmailadmin.db"
    db.init(str(path))
    db.connect()
    Runner(db, str(database.MIGRATIONS)).up(FIRST)
    db.pragma("application_id", APPLICATION_ID, permanent=False)
    with db.atomic():
        for statement in ROWS.split(";\n"):
            if statement.strip():
                db.execute_sql(statement)
    db.close()
    return path
