"""Test messages: how many may be sent, and where they must be looked for."""

from datetime import timedelta

import pytest

from tests.mail.people import owner
from tests.mail.stage import catch_all, find, install, make, save
from webmailadmin.mail import accounts, domains, log_ins, throttle, trials
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_mailboxes import TooManyTests
from webmailadmin.models import Account, Address, Domain, Throttle, now

CONTACT = "contact@bonvenon.fr"


@pytest.fixture
def ann(bonvenon: Domain, alice: Actor) -> Address:
    """ann@bonvenon.fr with a mailbox."""
    return make("ann@bonvenon.fr", by=alice, mailbox=True)


def ends(email: str) -> tuple[list[str], list[str]]:
    """Return the mailboxes and the outside addresses that mail for an address ends at."""
    found = trials.ends(find(email), by=COMMAND_LINE)
    for box, home in found.boxes:
        assert home == find(box).boxes[0].home
    return [box for box, _ in found.boxes], found.outside


# How many


def test_an_address_gets_a_few_test_messages_a_minute(
    contact: Address, ann: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(trials.MOST_TO_ONE):
        trials.count(contact, by=alice)
    with pytest.raises(TooManyTests) as refusal:
        trials.count(contact, by=alice)
    assert 0 < int(str(refusal.value.values["seconds"])) <= 60
    trials.count(ann, by=alice)

    monkeypatch.setattr(throttle, "now", lambda: now() + timedelta(minutes=1))
    trials.count(contact, by=alice)


def test_it_is_counted_whoever_sends_them(contact: Address, alice: Actor) -> None:
    accounts.add("bob", "another fine long password 27", by=COMMAND_LINE)
    for _ in range(trials.MOST_TO_ONE):
        trials.count(contact, by=alice)

    with pytest.raises(TooManyTests):
        trials.count(contact, by=accounts.actor(Account.get(Account.name == "bob")))


def test_a_person_sends_some_test_messages_a_minute(bonvenon: Domain, alice: Actor) -> None:
    for number in range(trials.MOST_BY_ONE):
        trials.count(Address(email=f"ann{number}@bonvenon.fr", domain=bonvenon), by=alice)

    with pytest.raises(TooManyTests):
        trials.count(Address(email="bob@bonvenon.fr", domain=bonvenon), by=alice)


def test_a_refused_one_counts_for_nothing(contact: Address, alice: Actor) -> None:
    for _ in range(trials.MOST_TO_ONE):
        trials.count(contact, by=alice)
    for _ in range(20):
        with pytest.raises(TooManyTests):
            trials.count(contact, by=alice)

    by_alice = Throttle.get(Throttle.key == "tests by:alice")
    assert by_alice.failures == trials.MOST_TO_ONE


def test_no_log_in_waits_for_them(contact: Address, alice: Actor) -> None:
    for _ in range(trials.MOST_TO_ONE):
        trials.count(contact, by=alice)

    assert log_ins.log_in("alice", "a fine long password 27", "192.0.2.1")


# Where they end


def test_mail_for_a_mailbox_ends_in_it_and_at_its_copies(
    contact: Address, ann: Address, alice: Actor
) -> None:
    save(CONTACT, by=alice, recipients=["ann@bonvenon.fr", "bob+x@elsewhere.org"])

    assert ends(CONTACT) == ([CONTACT, "ann@bonvenon.fr"], ["bob+x@elsewhere.org"])


def test_an_alias_is_followed_over_aliases_and_extensions_each_end_once(
    contact: Address, ann: Address, alice: Actor
) -> None:
    make("team@bonvenon.fr", by=alice, recipients=["ann@bonvenon.fr", "bob@elsewhere.org"])
    make(
        "sales@bonvenon.fr",
        by=alice,
        recipients=["team+a@bonvenon.fr", "ann+b@bonvenon.fr", "bob@elsewhere.org", CONTACT],
    )

    assert ends("sales@bonvenon.fr") == (["ann@bonvenon.fr", CONTACT], ["bob@elsewhere.org"])


def test_what_is_off_or_missing_is_no_end(contact: Address, ann: Address, alice: Actor) -> None:
    make(
        "sales@bonvenon.fr",
        by=alice,
        recipients=["ann@bonvenon.fr", CONTACT, "nobody@bonvenon.fr"],
    )
    save(CONTACT, by=alice, enabled=False)

    assert ends("sales@bonvenon.fr") == (["ann@bonvenon.fr"], [])
    assert ends(CONTACT) == ([], [])


def test_another_domain_that_is_off_is_no_end(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("ann@autre.fr", by=alice, mailbox=True)
    save(CONTACT, by=alice, recipients=["ann@autre.fr"])
    assert ends(CONTACT) == ([CONTACT, "ann@autre.fr"], [])

    domains.switch(autre, False, by=alice)
    assert ends(CONTACT) == ([CONTACT], [])


def test_unknown_names_are_followed_where_their_domain_sends_them(
    contact: Address, autre: Domain, tiers: Domain, alice: Actor
) -> None:
    install("quart.fr", by=alice)
    catch_all("autre.fr", "bonvenon.fr", by=alice)
    catch_all("tiers.fr", "all@elsewhere.org", by=alice)
    make(
        "sales@quart.fr",
        by=alice,
        recipients=["contact@autre.fr", "nobody@autre.fr", "anything@tiers.fr"],
    )

    assert ends("sales@quart.fr") == ([CONTACT], ["all@elsewhere.org"])


def test_an_owner_is_not_told_where_addresses_of_others_lead(
    contact: Address, ann: Address, autre: Domain, alice: Actor
) -> None:
    who = owner("camille", contact.domain)
    make("team@autre.fr", by=alice, recipients=["secret@elsewhere.org", "ann@bonvenon.fr"])
    save(CONTACT, by=alice, recipients=["team+x@autre.fr"])

    found = trials.ends(find(CONTACT), by=who)

    assert [box for box, _ in found.boxes] == [CONTACT]
    assert found.outside == ["team+x@autre.fr"]
    with pytest.raises(NotFound):
        trials.ends(find("team@autre.fr"), by=who)
