"""The panel's own look at its database: silent after the rules, and it names what is broken.

That it stays silent whatever the rules do is held by `truth.check()`, after each of their tests.
"""

import itertools

import pytest

from tests.mail.stage import catch_all, make, save, sql
from webmailadmin.database import PRAGMAS, MailDatabase, db
from webmailadmin.mail import addresses, invariants, usage
from webmailadmin.models import Mailbox


@pytest.fixture
def filled(contact, autre, tiers, alice):
    """Three domains with something of each kind."""
    make("sales@bonvenon.fr", by=alice, recipients=["contact@bonvenon.fr", "ann@x.org"])
    make("both@autre.fr", by=alice, mailbox=True, recipients=["someone@tiers.fr"])
    make("someone@tiers.fr", by=alice, recipients=["any@autre.fr", "o'brien+x@y.org"])
    gone = make("gone@autre.fr", by=alice, mailbox=True)
    addresses.remove(gone, confirmed=True, by=alice)
    catch_all("autre.fr", "contact@bonvenon.fr", by=alice)
    catch_all("tiers.fr", "bonvenon.fr", by=alice)
    save("both@autre.fr", by=alice, enabled=False)
    usage.note(Mailbox.get(Mailbox.quota_mb == 1024), 3, 5000, None)
    return contact


def test_nothing_is_broken_after_the_rules(filled):
    assert invariants.broken() == []


@pytest.mark.parametrize(
    ("statement", "text", "example"),
    [
        (
            "UPDATE address SET local_part = 'other' WHERE email = 'sales@bonvenon.fr'",
            "An address does not fit its domain",
            "sales@bonvenon.fr",
        ),
        (
            "UPDATE address SET email = 'Sales@bonvenon.fr', local_part = 'Sales'"
            " WHERE email = 'sales@bonvenon.fr'",
            "An address does not fit its domain",
            "Sales@bonvenon.fr",
        ),
        (
            "UPDATE recipient SET email = 'ann@x.org,bob@y.org', target = 'ann@x.org,bob@y.org'"
            " WHERE email = 'ann@x.org'",
            "A recipient is not one plain address",
            "ann@x.org,bob@y.org",
        ),
        (
            "UPDATE recipient SET target = email WHERE email = 'o''brien+x@y.org'",
            "A recipient is not one plain address",
            "o'brien+x@y.org",
        ),
        (
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)"
            " INSERT INTO recipient (address_id, email, target, domain, receives)"
            " SELECT id, i || '@x.org', i || '@x.org', 'x.org', 1 FROM n, address"
            " WHERE email = 'sales@bonvenon.fr'",
            "An address has too many recipients",
            "sales@bonvenon.fr",
        ),
        (
            "DELETE FROM address WHERE email = 'postmaster@tiers.fr'",
            "A domain has no postmaster@ that receives mail",
            "tiers.fr",
        ),
        (
            "UPDATE address SET receives = 1 WHERE email = 'both@autre.fr'",
            "It is stored wrongly whether mail for an address arrives",
            "both@autre.fr",
        ),
        (
            "UPDATE address SET enabled = 0 WHERE email = 'contact@bonvenon.fr'",
            "It is stored wrongly whether mail for an address arrives",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE recipient SET receives = 0 WHERE email = 'contact@bonvenon.fr'",
            "It is stored wrongly whether mail for a recipient arrives",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE recipient SET receives = NOT receives WHERE email = 'any@autre.fr'",
            "It is stored wrongly whether mail for a recipient arrives",
            "any@autre.fr",
        ),
        (
            "UPDATE domain SET catch_all_receives = 0 WHERE name = 'autre.fr'",
            "It is stored wrongly whether mail for unknown addresses arrives",
            "autre.fr",
        ),
        (
            "UPDATE domain SET catch_all_receives = 1 WHERE name = 'tiers.fr'",
            "It is stored wrongly whether mail for unknown addresses arrives",
            "tiers.fr",
        ),
        (
            "UPDATE mailbox SET password = '{PLAIN}hello' WHERE address_id IS NOT NULL"
            " AND quota_mb = 1024 AND id = (SELECT min(id) FROM mailbox)",
            "The password of a mailbox is no hash that Dovecot reads",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE mailbox SET password = replace(password, '$2b$04', '$2b$31')"
            " WHERE id = (SELECT min(id) FROM mailbox)",
            "The password of a mailbox is no hash that Dovecot reads",
            "contact@bonvenon.fr",
        ),
        (
            "INSERT INTO app_password (mailbox_id, name, password, created_at)"
            " SELECT min(id), 'Telephone', 'abcd-efgh', 1 FROM mailbox",
            "An app password is no hash that Dovecot reads",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE mailbox SET receives = 0 WHERE id = (SELECT min(id) FROM mailbox)",
            "It is stored wrongly whether mail for an address arrives",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE domain SET mailboxes = mailboxes + 1 WHERE name = 'bonvenon.fr'",
            "The counts of a domain are wrong",
            "bonvenon.fr",
        ),
        (
            "UPDATE domain SET used_bytes = 0 WHERE name = 'bonvenon.fr'",
            "The counts of a domain are wrong",
            "bonvenon.fr",
        ),
        (
            "UPDATE usage SET percent = 99",
            "It is stored wrongly how full a mailbox is",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE usage SET domain_id = NULL",
            "It is stored wrongly how full a mailbox is",
            "contact@bonvenon.fr",
        ),
        (
            "UPDATE mailbox SET home = '../../etc' WHERE address_id IS NOT NULL"
            " AND id = (SELECT min(id) FROM mailbox)",
            "The folder of a mailbox is misnamed, or to be deleted",
            "../../etc",
        ),
        (
            "UPDATE removed SET address_id = 0",
            "What was removed cannot come back as it was",
            "gone@autre.fr",
        ),
        (
            "UPDATE removed SET with_domain = 1",
            "What was removed cannot come back as it was",
            "gone@autre.fr",
        ),
        (
            "UPDATE address SET domain_id = (SELECT id FROM domain WHERE name = 'tiers.fr')"
            " WHERE email = 'sales@bonvenon.fr'",
            "The journal does not know of an address",
            "sales@bonvenon.fr",
        ),
    ],
)
def test_what_was_broken_past_the_rules_is_named(filled, statement, text, example):
    sql(statement)

    assert (text, example) in [(one.text, one.example) for one in invariants.broken()]


def test_a_mailbox_that_nothing_leads_to_and_one_that_two_lead_to_are_named(filled):
    ((home,),) = sql("SELECT home FROM mailbox WHERE address_id IS NULL")
    sql("DELETE FROM removed")
    text = "A mailbox is neither at an address nor removed, or both"

    assert invariants.broken() == [invariants.Broken(text, 1, home)]


def test_a_folder_that_is_used_and_to_be_deleted_is_named(filled):
    sql(
        "INSERT INTO purge SELECT home, 1, 'x@bonvenon.fr', 0, '' FROM mailbox"
        " WHERE address_id IS NOT NULL LIMIT 1"
    )

    (found,) = invariants.broken()
    assert found.text == "The folder of a mailbox is misnamed, or to be deleted"


def lead(chain):
    """Let each address of a chain lead to the next one, past the rules."""
    for here, there in itertools.pairwise(chain):
        sql("DELETE FROM recipient WHERE email = ?", there)
        sql(
            "INSERT INTO recipient (address_id, email, target, domain, receives)"
            " SELECT id, ?, ?, 'bonvenon.fr', 1 FROM address WHERE email = ?",
            *(there, there, here),
        )


def ways(text):
    """Return the examples of broken ways that are told with these words."""
    return [one.example for one in invariants.broken() if text in one.text]


def test_a_circle_is_named_also_one_through_a_catch_all(filled, alice):
    lead(["contact@bonvenon.fr", "sales@bonvenon.fr", "contact@bonvenon.fr"])
    assert ways("circle") == ["contact@bonvenon.fr"]
    sql("DELETE FROM recipient WHERE email = 'sales@bonvenon.fr'")
    assert ways("circle") == []
    sql(
        "UPDATE domain SET catch_all_target = 'unknown@tiers.fr' WHERE name = 'autre.fr'",
    )
    sql(
        "UPDATE domain SET catch_all_domain_id = NULL, catch_all_target = 'again@autre.fr'"
        " WHERE name = 'tiers.fr'"
    )
    assert ways("circle") == ["again@autre.fr"]


def test_a_way_of_too_many_steps_is_named(filled, alice):
    chain = [make(f"step{n:02}@bonvenon.fr", by=alice).email for n in range(12)]
    lead(chain[:11])
    assert ways("steps") == []
    lead(chain)
    assert ways("steps") == ["step00@bonvenon.fr"]


def test_a_way_to_too_many_is_named(filled, alice):
    for n in range(6):
        email = make(f"list{n}@bonvenon.fr", by=alice, recipients=["ann@x.org"]).email
        lead(["sales@bonvenon.fr", email])
        sql(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)"
            " INSERT INTO recipient (address_id, email, target, domain, receives)"
            " SELECT id, i || '@' || local_part || '.org', i || '@' || local_part || '.org',"
            " local_part || '.org', 1 FROM n, address WHERE email = ?",
            email,
        )

    assert ways("others") == ["sales@bonvenon.fr"]


def test_nobody_waits_for_the_look_and_it_waits_for_nobody(filled):
    another = MailDatabase(db.database, pragmas=PRAGMAS)
    another.connect()
    another.execute_sql("BEGIN IMMEDIATE")
    another.execute_sql("DELETE FROM address WHERE email = 'postmaster@tiers.fr'")
    try:
        assert invariants.broken() == []
        assert not db.in_transaction()
    finally:
        another.rollback()
        another.close()
