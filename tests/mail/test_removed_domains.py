"""Domains that are removed, and come back."""

import time
from collections.abc import Callable

import pytest

from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    everything,
    find,
    install,
    kept_in,
    make,
    receives,
    recipients_of,
    refused,
    save,
    sql,
)
from webmailadmin.mail import addresses, catch_alls, domains, removal, removed_domains
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_catch_alls import (
    CatchAllDomainMissing,
    DomainIsCatchAll,
)
from webmailadmin.mail.errors_of_domains import (
    DomainExists,
    DomainNameDiffers,
    PostmasterNeedsDestination,
)
from webmailadmin.models import Address, Domain, Removed, now

FAR = "camille@elsewhere.org"


# Remove


@pytest.fixture
def lively(contact: Address, alice: Actor) -> Domain:
    """bonvenon.fr with a mailbox, aliases, one address that is off, a catch-all, and some gone."""
    save(contact.email, by=alice, recipients=["z@x.org", "a+tag@x.org"])
    make("ann@bonvenon.fr", by=alice, mailbox=True, quota_mb="7", enabled=False)
    make("sales@bonvenon.fr", by=alice, recipients=["contact+s@bonvenon.fr", "ann@bonvenon.fr"])
    make("all@bonvenon.fr", by=alice, recipients=["sales@bonvenon.fr", "nobody@bonvenon.fr"])
    make("empty@bonvenon.fr", by=alice)
    save("postmaster@bonvenon.fr", by=alice, recipients=["all@bonvenon.fr"])
    catch_all("bonvenon.fr", "sales@bonvenon.fr", by=alice)
    make("early@bonvenon.fr", by=alice, mailbox=True)
    addresses.remove(find("early@bonvenon.fr"), confirmed=True, by=alice)
    return domain_of("bonvenon.fr")


def as_it_was(*tables: str) -> dict[str, list[object]]:
    """Return what a domain must come back with, but for versions, times and numbers of rows."""
    asked = {
        "address": "SELECT id, domain_id, email, enabled, receives FROM address ORDER BY id",
        "mailbox": "SELECT * FROM mailbox ORDER BY id",
        "recipient": "SELECT address_id, email, target, domain, receives FROM recipient"
        " ORDER BY address_id, id",
        "domain": "SELECT id, name, enabled, catch_all_to, catch_all_receives, catch_all_domain_id,"
        " addresses, mailboxes, allocated_mb, unlimited FROM domain",
        "removed": "SELECT * FROM removed",
    }
    return {table: sql(query) for table, query in asked.items()}


def test_a_domain_is_removed_with_all_its_addresses_and_mailboxes(
    lively: Domain, alice: Actor
) -> None:
    boxes = sql("SELECT id, home, password, quota_mb FROM mailbox")

    count = removed_domains.remove(lively, by=alice)

    assert (count.addresses, count.mailboxes) == (6, 2)
    assert domains.list_for(alice) == []
    assert everything()["address"] == everything()["recipient"] == []
    assert sql("SELECT id, home, password, quota_mb FROM mailbox") == boxes
    assert truth.Postfix().domains == set()
    with pytest.raises(NotFound):
        domains.of(alice, "bonvenon.fr")
    assert [found.name for found in removed_domains.list_for(alice)] == ["bonvenon.fr"]
    assert acts_on(lively)[-1] == "domain.taken-off"
    truth.check()


def test_a_removed_domain_comes_back_with_all_that_went_with_it(
    lively: Domain, alice: Actor
) -> None:
    domains.switch(lively, False, by=alice)
    before = as_it_was()
    removed_domains.remove(lively, by=alice)

    back = removed_domains.bring_back(lively.id, by=alice)

    assert as_it_was() == before
    assert not back.enabled
    assert acts_on(lively)[-1] == "domain.put-back"
    truth.check()


def test_what_was_removed_before_its_domain_stays_removed_when_that_comes_back(
    lively: Domain, alice: Actor
) -> None:
    save("contact@bonvenon.fr", by=alice, mailbox=False, may_remove=True)
    removed_domains.remove(lively, by=alice)

    back = removed_domains.bring_back(lively.id, by=alice)

    assert [row.email for row in kept_in(back)] == [
        "contact@bonvenon.fr",
        "early@bonvenon.fr",
    ]
    for row in kept_in(back):
        removal.restore(row, by=alice)
    truth.check()


def test_a_form_from_before_a_domains_removal_does_not_change_what_came_back(
    lively: Domain, alice: Actor
) -> None:
    version = find("contact@bonvenon.fr").version
    removed_domains.remove(lively, by=alice)

    removed_domains.bring_back(lively.id, by=alice)

    assert find("contact@bonvenon.fr").version > version


def test_a_form_from_before_a_domains_removal_does_not_change_its_successor(
    lively: Domain, alice: Actor
) -> None:
    version = find("postmaster@bonvenon.fr").version
    removed_domains.remove(lively, by=alice)

    install("bonvenon.fr", by=alice)

    assert find("postmaster@bonvenon.fr").version > version


def test_the_sessions_of_all_mailboxes_end_with_their_domain(lively: Domain, alice: Actor) -> None:
    sql("DELETE FROM kick")

    removed_domains.remove(lively, by=alice)

    assert sorted(sql("SELECT email FROM kick")) == [
        ("ann@bonvenon.fr",),
        ("contact@bonvenon.fr",),
    ]


def test_thousands_of_addresses_go_and_come_back_within_seconds(
    bonvenon: Domain, alice: Actor
) -> None:
    values = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    sql(
        "INSERT INTO address (domain_id, local_part, email, enabled, receives, version, created_at)"
        f" SELECT ?, 'a' || i, 'a' || i || '@bonvenon.fr', 1, 1, 1, 0 FROM {values}"
        " SELECT i FROM n)",
        bonvenon.id,
    )
    sql(
        "INSERT INTO mailbox (address_id, home, password, quota_mb, created_at)"
        " SELECT id, lower(hex(randomblob(16))), '$2b$04$' || substr(hex(zeroblob(30)), 1, 53),"
        " 10, 0 FROM address WHERE id % 2 AND local_part != 'postmaster'"
    )
    sql(
        "INSERT INTO recipient (address_id, email, target, domain, receives)"
        " SELECT id, to_, to_, 'bonvenon.fr', 1 FROM"
        " (SELECT id, 'a' || (substr(local_part, 2) + 1) || '@bonvenon.fr' AS to_, local_part"
        " FROM address WHERE NOT id % 2 AND local_part != 'postmaster')"
    )
    before = as_it_was()

    began = time.process_time()
    removed_domains.remove(bonvenon, by=alice)
    removed = time.process_time() - began
    removed_domains.bring_back(bonvenon.id, by=alice)
    restored = time.process_time() - began - removed

    assert (removed < 2, restored < 5) == (True, True), (removed, restored)
    assert as_it_was() == before


@pytest.mark.parametrize("typed", ["", "bonvenon", "autre.fr", "été.fr ?", "contact@été.fr"])
def test_a_yes_is_the_name_of_the_domain(typed: str, alice: Actor) -> None:
    domain = install("été.fr", by=alice)

    with pytest.raises(DomainNameDiffers) as refusal:
        removed_domains.refuse_other_name(domain, typed)

    assert (refusal.value.field, refusal.value.values) == ("name", {"name": "été.fr"})
    removed_domains.refuse_other_name(domain, " Été.FR")
    removed_domains.refuse_other_name(domain, "xn--t-9fab.fr")


def test_a_domain_that_takes_the_unknown_names_of_another_is_not_removed(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", "bonvenon.fr", by=alice)

    refusal = refused(lambda: removed_domains.remove(bonvenon, by=alice), DomainIsCatchAll)

    assert refusal.values == {"other": "autre.fr", "name": "bonvenon.fr", "domain": "autre.fr"}


@pytest.mark.parametrize("way", ["straight", "alias", "catch-all"])
def test_a_domain_that_anothers_postmaster_needs_is_not_removed(
    way: str, bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    to = "postmaster@bonvenon.fr"
    if way == "alias":
        make("alias@autre.fr", by=alice, recipients=[to])
        to = "alias@autre.fr"
    if way == "catch-all":
        catch_all("bonvenon.fr", "far@x.org", by=alice)
        to = "nobody@bonvenon.fr"
    save("postmaster@autre.fr", by=alice, recipients=[to])

    refusal = refused(
        lambda: removed_domains.remove(domain_of("bonvenon.fr"), by=alice),
        PostmasterNeedsDestination,
    )

    assert refusal.values == {"email": "postmaster@autre.fr"}


@pytest.mark.parametrize("act", ["remove", "switch", "catch-all", "catch-all to it"])
def test_nothing_is_done_to_a_domain_that_was_removed_meanwhile(
    act: str, bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    removed_domains.remove(domain_of("autre.fr"), by=alice)
    acts: dict[str, Callable[[], object]] = {
        "remove": lambda: removed_domains.remove(autre, by=alice),
        "switch": lambda: domains.switch(autre, False, by=alice),
        "catch-all": lambda: catch_alls.change(autre, CatchAll.ADDRESS, "far@x.org", "", by=alice),
        "catch-all to it": lambda: catch_all("bonvenon.fr", "autre.fr", by=alice),
    }

    refused(acts[act], CatchAllDomainMissing if act == "catch-all to it" else NotFound)


# Bring back


def test_a_removed_domain_comes_back_with_postmaster_catch_all_and_what_was_removed_from_it(
    contact: Address, alice: Actor
) -> None:
    save("postmaster@bonvenon.fr", by=alice, mailbox=True)
    catch_all("bonvenon.fr", "far@x.org", by=alice)
    box = everything()["mailbox"]
    kept = addresses.remove(contact, confirmed=True, by=alice)
    removed_domains.remove(contact.domain, by=alice)

    back = removed_domains.bring_back(contact.domain.id, by=alice)

    assert (back.removed_at, back.addresses, back.mailboxes) == (None, 1, 1)
    assert recipients_of("postmaster@bonvenon.fr") == [FAR]
    assert truth.Postfix().takes("nobody@bonvenon.fr") == {"far@x.org"}
    removal.restore(removal.of(back, kept.id, by=alice), by=alice)
    assert sorted(everything()["mailbox"]) == sorted(box)
    assert "domain.put-back" in acts_on(back)
    assert removed_domains.list_for(alice) == []
    truth.check()


@pytest.mark.parametrize("id_", [0, -1, 10**6, 2**63, 10**100])
def test_a_domain_that_was_not_removed_does_not_come_back(
    id_: int, bonvenon: Domain, alice: Actor
) -> None:
    for number in (id_, bonvenon.id):
        with pytest.raises(NotFound):
            removed_domains.bring_back(number, by=alice)


def test_a_domain_does_not_come_back_after_the_date(bonvenon: Domain, alice: Actor) -> None:
    removed_domains.remove(bonvenon, by=alice)
    Removed.update(until=now()).execute()

    assert removed_domains.list_for(alice) == []
    refused(lambda: removed_domains.bring_back(bonvenon.id, by=alice), NotFound)


def test_a_domain_installed_anew_keeps_its_name(bonvenon: Domain, alice: Actor) -> None:
    removed_domains.remove(bonvenon, by=alice)
    again = install("bonvenon.fr", contact="new@x.org", by=alice)

    refusal = refused(lambda: removed_domains.bring_back(bonvenon.id, by=alice), DomainExists)
    assert refusal.values == {"name": "bonvenon.fr"}

    removed_domains.remove(again, by=alice)
    assert [found.id for found in removed_domains.list_for(alice)] in (
        [again.id, bonvenon.id],
        [bonvenon.id, again.id],
    )
    removed_domains.bring_back(bonvenon.id, by=alice)
    assert recipients_of("postmaster@bonvenon.fr") == [FAR]
    truth.check()


def test_a_domain_comes_back_without_a_catch_all_whose_domain_is_gone(
    autre: Domain, tiers: Domain, alice: Actor
) -> None:
    catch_all("tiers.fr", "autre.fr", by=alice)
    removed_domains.remove(domain_of("tiers.fr"), by=alice)
    removed_domains.remove(autre, by=alice)
    install("autre.fr", by=alice)  # not the one that tiers.fr meant
    make("ann@autre.fr", by=alice, mailbox=True)

    back = removed_domains.bring_back(tiers.id, by=alice)

    assert back.catch_all_domain_id is None
    assert "catch-all.none" in acts_on(back)
    assert truth.Postfix().takes("ann@tiers.fr") is None
    make("x@bonvenon.fr", by=alice, recipients=["ann@tiers.fr"])
    assert not receives("x@bonvenon.fr")
    truth.check()


def test_a_domain_whose_postmaster_would_lead_nowhere_does_not_come_back(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    make("ann@bonvenon.fr", by=alice, mailbox=True)
    save("postmaster@autre.fr", by=alice, recipients=["ann@bonvenon.fr"])
    removed_domains.remove(domain_of("autre.fr"), by=alice)
    kept = addresses.remove(find("ann@bonvenon.fr"), confirmed=True, by=alice)

    refused(lambda: removed_domains.bring_back(autre.id, by=alice), PostmasterNeedsDestination)
    removal.restore(kept, by=alice)

    removed_domains.bring_back(autre.id, by=alice)
    truth.check()


def test_what_led_outside_meanwhile_leads_into_the_domain_again(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["ann@autre.fr"])
    make("b@bonvenon.fr", by=alice, recipients=["postmaster@autre.fr"])
    removed_domains.remove(autre, by=alice)
    assert [receives("a@bonvenon.fr"), receives("b@bonvenon.fr")] == [True, True]

    removed_domains.bring_back(autre.id, by=alice)

    assert [receives("a@bonvenon.fr"), receives("b@bonvenon.fr")] == [False, True]
    truth.check()


def test_a_domain_stays_while_the_catch_all_of_another_leads_to_an_address_in_it(
    bonvenon, autre, alice
):
    catch_alls.change(bonvenon, CatchAll.ADDRESS, "postmaster@autre.fr", "", by=alice)

    with pytest.raises(DomainIsCatchAll) as refusal:
        removed_domains.remove(autre, by=alice)

    assert refusal.value.values["other"] == "bonvenon.fr"
    assert Domain.get_by_id(autre.id).removed_at is None
