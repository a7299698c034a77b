"""How much an owner may have, counted where it is taken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from tests.mail.people import account_of, holder, owner
from tests.mail.stage import (
    PASSWORD,
    catch_all,
    domain_of,
    find,
    kept_in,
    make,
    refused,
    save,
)
from webmailadmin import database
from webmailadmin.mail import (
    accounts,
    addresses,
    catch_alls,
    domains,
    leading,
    limits,
    proofs,
    removal,
    removed_domains,
    renaming,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal, Several
from webmailadmin.mail.errors_of_domains import DomainExists
from webmailadmin.mail.errors_of_limits import (
    AddressesUsedUp,
    CatchAllOutside,
    DomainIsOff,
    DomainsUsedUp,
    MailboxesUsedUp,
    OthersLimit,
    OutsideRefused,
    SizeLimitMissing,
    SizeLimitTooHigh,
    SpaceUsedUp,
    WouldLeadOutside,
)
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import Account, Address, Domain, Ownership

CONTACT = "contact@bonvenon.fr"


# What is counted


def test_addresses_are_counted_over_all_domains_of_the_owner(
    bonvenon: Domain, autre: Domain
) -> None:
    camille = owner("camille", bonvenon, autre, most_addresses="3")
    make("one@bonvenon.fr", by=camille)

    values = refused(lambda: addresses.add(autre, "two", by=camille), AddressesUsedUp).values
    assert values == {"used": 3, "most": 3, "wanted": 4}
    addresses.remove(find("one@bonvenon.fr"), confirmed=True, by=camille)
    assert addresses.add(autre, "two", by=camille)


def test_the_last_place_is_taken_once_by_however_many_at_once(bonvenon: Domain) -> None:
    camille = owner("camille", bonvenon, most_addresses="2")
    start = Barrier(6)

    def take(number: int) -> bool:
        database.connect()
        start.wait()
        try:
            addresses.add(bonvenon, f"one{number}", by=camille)
        except AddressesUsedUp:
            return False
        finally:
            database.db.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(take, range(6))).count(True) == 1
    assert limits.used(account_of("camille")).addresses == 2


def test_an_old_name_that_stays_is_one_address_more(contact: Address, autre: Domain) -> None:
    camille = owner("camille", contact.domain, most_addresses="2")

    def rename(*, keep: bool) -> object:
        version = find(CONTACT).version
        return renaming.rename(contact, "hello", version=version, keep_alias=keep, by=camille)

    refused(lambda: rename(keep=True), AddressesUsedUp)
    assert rename(keep=False)


def test_mailboxes_are_counted(contact: Address) -> None:
    camille = owner("camille", contact.domain, most_mailboxes="1")
    addresses.add(contact.domain, "sales", by=camille)

    used_up = refused(lambda: save("sales@bonvenon.fr", by=camille, mailbox=True), MailboxesUsedUp)
    assert used_up.values == {"used": 1, "most": 1, "wanted": 2}
    assert save(CONTACT, by=camille, quota_mb="2048")
    save(CONTACT, by=camille, mailbox=False, may_remove=True)
    assert save("sales@bonvenon.fr", by=camille, mailbox=True)
    (kept,) = kept_in(contact.domain)
    refused(lambda: removal.restore(kept, by=camille), MailboxesUsedUp)


def test_size_limits_are_summed(contact: Address) -> None:
    camille = owner("camille", contact.domain, most_mb="2000")
    addresses.add(contact.domain, "sales", by=camille)
    box = {"mailbox": True, "quota_mb": "977"}

    values = refused(lambda: save("sales@bonvenon.fr", by=camille, **box), SpaceUsedUp).values
    assert values == {"used_mb": 1024, "most_mb": 2000, "wanted_mb": 2001}
    save("sales@bonvenon.fr", by=camille, **box | {"quota_mb": "976"})
    refused(lambda: save(CONTACT, by=camille, quota_mb="1025"), SpaceUsedUp)
    assert save(CONTACT, by=camille, quota_mb="1023")


@pytest.mark.parametrize("limit", ["most_mb", "most_mb_each"])
def test_a_mailbox_without_a_size_limit_is_refused_where_space_is_limited(
    contact: Address, limit: str
) -> None:
    camille = owner("camille", contact.domain, **{limit: "5000"})

    refused(lambda: save(CONTACT, by=camille, quota_mb="0"), SizeLimitMissing)


def test_a_size_limit_has_a_highest(contact: Address, alice: Actor) -> None:
    camille = owner("camille", contact.domain, most_mb_each="1000")
    addresses.add(contact.domain, "sales", by=camille)
    box = {"mailbox": True, "quota_mb": "1001"}

    too_high = refused(lambda: save("sales@bonvenon.fr", by=camille, **box), SizeLimitTooHigh)
    assert too_high.values == {"limit": 1000}
    refused(lambda: save(CONTACT, by=camille, quota_mb="1025"), SizeLimitTooHigh)
    assert save(CONTACT, by=camille, quota_mb="1023")  # lower, though still too high
    save(CONTACT, by=alice, quota_mb="0")
    assert save(CONTACT, by=camille, quota_mb="900")


def test_several_limits_are_told_at_once(contact: Address) -> None:
    camille = owner("camille", contact.domain, most_mailboxes="1", most_mb="1024")
    addresses.add(contact.domain, "sales", by=camille)

    with pytest.raises(Several) as found:
        save("sales@bonvenon.fr", by=camille, mailbox=True)
    assert [type(one) for one in found.value.parts()] == [MailboxesUsedUp, SpaceUsedUp]


def test_what_is_over_already_stays_and_may_become_less(contact: Address, alice: Actor) -> None:
    make("sales@bonvenon.fr", by=alice, mailbox=True)
    limited = {"most_addresses": "1", "most_mailboxes": "1", "most_mb": "10", "most_mb_each": "5"}
    camille = owner("camille", contact.domain, **limited)

    assert save(CONTACT, by=camille, quota_mb="1000", recipients=["far@x.org"])
    assert save(CONTACT, by=camille, password=PASSWORD, confirmation=PASSWORD)
    assert save("sales@bonvenon.fr", by=camille, enabled=False)
    assert renaming.rename(
        find(CONTACT), "hello", version=find(CONTACT).version, keep_alias=False, by=camille
    )


def test_one_without_a_limit_may_get_one_although_the_sum_is_over(
    contact: Address, alice: Actor
) -> None:
    save(CONTACT, by=alice, quota_mb="0")
    camille = owner("camille", contact.domain, most_mb="10")

    assert save(CONTACT, by=camille, quota_mb="500")


def test_administrators_go_over_a_limit_and_it_is_shown(contact: Address, alice: Actor) -> None:
    owner("camille", contact.domain, most_mailboxes="1", most_mb="1024")
    make("sales@bonvenon.fr", by=alice, mailbox=True, recipients=["far@x.org"])

    has = limits.used(account_of("camille"))
    assert (has.addresses, has.mailboxes, has.mb, has.unlimited) == (3, 2, 2048, 0)


def test_the_limits_of_every_owner_bind_without_telling_what_the_other_has(
    contact: Address, autre: Domain
) -> None:
    owner("camille", contact.domain, autre, most_mailboxes="1")
    denis = owner("denis", contact.domain)
    addresses.add(contact.domain, "sales", by=denis)

    of_others = refused(lambda: save("sales@bonvenon.fr", by=denis, mailbox=True), OthersLimit)
    assert of_others.values == {}


def test_somebody_who_has_no_domain_in_common_is_not_bound(contact: Address, autre: Domain) -> None:
    owner("camille", contact.domain, most_mailboxes="1")
    denis = owner("denis", autre)

    assert make("sales@autre.fr", by=denis, mailbox=True)


# Outside


def test_recipients_outside_need_the_right(contact: Address, autre: Domain, alice: Actor) -> None:
    make("led@bonvenon.fr", by=alice, recipients=["old@x.org"])
    camille = owner("camille", contact.domain, may_redirect_outside=False)

    outside = ["new@x.org", "postmaster@autre.fr", "other@y.org"]
    values = refused(lambda: save(CONTACT, by=camille, recipients=outside), OutsideRefused).values
    assert values == {"emails": "new@x.org, other@y.org"}
    assert save(CONTACT, by=camille, recipients=["postmaster@autre.fr"])  # installed here
    assert save("led@bonvenon.fr", by=camille, recipients=["old@x.org", CONTACT])  # was there
    assert save("led@bonvenon.fr", by=alice, recipients=["new@x.org"])
    led = {"led@bonvenon.fr": find("led@bonvenon.fr").version}
    refused(lambda: leading.point_to("new@x.org", led, "newer@x.org", by=camille), OutsideRefused)


def test_what_led_outside_does_not_come_back_without_the_right(
    bonvenon: Domain, alice: Actor
) -> None:
    make("led@bonvenon.fr", by=alice, recipients=["far@x.org"])
    catch_all("bonvenon.fr", "far@x.org", by=alice)
    camille = owner("camille", bonvenon, may_redirect_outside=False)
    kept = addresses.remove(find("led@bonvenon.fr"), confirmed=True, by=camille)
    catch_all("bonvenon.fr", "", by=camille)
    (way, _) = kept_in(bonvenon)

    refused(lambda: removal.restore(kept, by=camille), OutsideRefused)
    refused(lambda: catch_alls.restore(way, by=camille), CatchAllOutside)
    refused(lambda: catch_all("bonvenon.fr", "new@x.org", by=camille), CatchAllOutside)
    assert removal.restore(kept, by=alice)


@pytest.mark.parametrize(
    "lead_outside",
    [
        lambda by: make("led@neuf.fr", by=by, recipients=["far@x.org"]),
        lambda by: catch_all("neuf.fr", "far@x.org", by=by),
    ],
    ids=["alias", "catch-all"],
)
def test_a_domain_that_leads_outside_does_not_come_back_without_the_right(
    lead_outside: Callable[[Actor], object], alice: Actor
) -> None:
    camille = owner("camille", most_domains="1")
    new = added("neuf.fr", camille)
    lead_outside(camille)
    removed_domains.remove(new, by=camille)
    Account.update(may_redirect_outside=False).where(Account.id == camille.id).execute()

    refusal = refused(lambda: removed_domains.bring_back(new.id, by=camille), OutsideRefused)

    assert refusal.values == {"emails": "far@x.org"}
    assert removed_domains.bring_back(new.id, by=alice)


def test_no_way_leads_outside_over_a_domain_that_is_removed(contact: Address) -> None:
    camille = owner("camille", contact.domain, may_redirect_outside=False, most_domains="1")
    refused(lambda: save(CONTACT, by=camille, recipients=["x@neuf.fr"]), OutsideRefused)
    new = domains.install("neuf.fr", CONTACT, by=camille)
    make("x@neuf.fr", by=camille, mailbox=True)
    save(CONTACT, by=camille, recipients=["x@neuf.fr"])  # installed here, so far

    refusal = refused(lambda: removed_domains.remove(new, by=camille), WouldLeadOutside)

    assert refusal.values == {"emails": CONTACT}
    save(CONTACT, by=camille, recipients=[])
    assert removed_domains.remove(new, by=camille)


def test_no_postmaster_comes_back_to_a_domain_that_went_meanwhile(contact: Address) -> None:
    camille = owner("camille", contact.domain, may_redirect_outside=False, most_domains="2")
    end = domains.install("un.fr", CONTACT, by=camille)
    make("x@un.fr", by=camille, mailbox=True)
    other = domains.install("deux.fr", CONTACT, by=camille)
    save("postmaster@deux.fr", by=camille, recipients=["x@un.fr"])
    removed_domains.remove(other, by=camille)

    refusal = refused(lambda: removed_domains.remove(end, by=camille), WouldLeadOutside)

    assert refusal.values == {"emails": "postmaster@deux.fr"}


def test_who_may_lead_outside_removes_what_their_own_leads_to(contact: Address) -> None:
    camille = owner("camille", contact.domain, most_domains="1")
    new = added("neuf.fr", camille)
    make("x@neuf.fr", by=camille, mailbox=True)
    save(CONTACT, by=camille, recipients=["x@neuf.fr"])

    assert removed_domains.remove(new, by=camille)


def test_a_holder_is_bound_by_the_owners_limits(contact: Address) -> None:
    """The rule that lets holders redirect their mail asks here."""
    owner("camille", contact.domain, may_redirect_outside=False)

    with pytest.raises(OutsideRefused):
        limits.refuse_outside(contact.domain, ["far@x.org"], by=holder(contact))


# Domains that an owner adds


def added(name: str, by: Actor) -> Domain:
    """Add a domain as its owner."""
    return domains.install(name, "camille@elsewhere.org", by=by)


def test_who_may_add_no_domain_finds_no_way_to(bonvenon: Domain, contact: Address) -> None:
    for who in (owner("camille", bonvenon), holder(contact)):
        refused(lambda who=who: added("neuf.fr", who), NotFound)  # type: ignore[arg-type]
        assert not limits.may_add_domains(who)


def test_an_owner_adds_domains_up_to_a_number(bonvenon: Domain, alice: Actor) -> None:
    camille = owner("camille", bonvenon, most_domains="2")
    first = added("un.fr", camille)
    added("deux.fr", camille)

    used_up = refused(lambda: added("trois.fr", camille), DomainsUsedUp)
    assert used_up.values == {"used": 2, "most": 2}
    own = Ownership.get(Ownership.domain == first)
    assert (own.added_itself, own.account.name) == (True, "camille")
    removed_domains.remove(first, by=camille)
    added("trois.fr", camille)
    refused(lambda: removed_domains.bring_back(first.id, by=camille), DomainsUsedUp)
    assert removed_domains.bring_back(first.id, by=alice)


def test_a_domain_added_while_the_name_servers_were_asked_counts(
    bonvenon: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    camille = owner("camille", most_domains="1")

    def in_another_tab(name: str, *, by: Actor) -> None:
        if name == "un.fr":
            added("deux.fr", by)

    monkeypatch.setattr(proofs, "refuse_unproved", in_another_tab)
    with pytest.raises(DomainsUsedUp):
        added("un.fr", camille)
    assert [one.name for one in domains.list_for(camille)] == ["deux.fr"]


def test_a_domain_that_an_owner_adds_counts_with_its_postmaster(bonvenon: Domain) -> None:
    camille = owner("camille", bonvenon, most_domains="5", most_addresses="1")

    refused(lambda: added("neuf.fr", camille), AddressesUsedUp)


def test_an_owner_removes_and_brings_back_what_it_added_itself_only(
    bonvenon: Domain, alice: Actor
) -> None:
    camille = owner("camille", bonvenon, most_domains="1")
    denis = owner("denis", most_domains="1")
    alike = Actor(Kind.HOLDER, camille.id, CONTACT)  # a mailbox of the same number
    new = added("neuf.fr", camille)

    refused(lambda: removed_domains.remove(bonvenon, by=camille), NotFound)
    for other in (denis, alike):
        refused(partial(removed_domains.remove, new, by=other), NotFound)
    refused(lambda: domains.switch(new, False, by=camille), NotFound)
    removed_domains.remove(new, by=camille)
    removed_domains.remove(bonvenon, by=alice)
    assert [one.name for one in removed_domains.list_for(camille)] == ["neuf.fr"]
    refused(lambda: removed_domains.bring_back(bonvenon.id, by=camille), NotFound)
    for other in (denis, alike):
        refused(partial(removed_domains.bring_back, new.id, by=other), NotFound)
    assert removed_domains.bring_back(new.id, by=camille).name == "neuf.fr"


def test_a_domain_that_the_hoster_switched_off_is_not_removed_to_be_added_anew(
    bonvenon: Domain, alice: Actor
) -> None:
    camille = owner("camille", bonvenon, most_domains="2")
    new = added("neuf.fr", camille)
    domains.switch(new, False, by=alice)

    refused(lambda: removed_domains.remove(new, by=camille), DomainIsOff)
    refused(lambda: added("neuf.fr", camille), DomainExists)
    assert removed_domains.remove(new, by=alice)


@pytest.mark.parametrize(
    ("limit", "refusal"),
    [
        ({"most_addresses": "2"}, AddressesUsedUp),
        ({"most_mailboxes": "0"}, MailboxesUsedUp),
        ({"most_mb": "1000"}, SpaceUsedUp),
        ({"most_mb_each": "1000"}, SizeLimitTooHigh),
        ({"may_redirect_outside": False}, OutsideRefused),
    ],
)
def test_a_domain_that_comes_back_is_counted(
    bonvenon: Domain, alice: Actor, limit: dict[str, str | bool], refusal: type[Refusal]
) -> None:
    camille = owner("camille", most_domains="1")
    new = added("neuf.fr", camille)
    make("a@neuf.fr", by=camille, mailbox=True)
    make("b@neuf.fr", by=camille, recipients=["far@x.org"])
    removed_domains.remove(new, by=camille)
    wish = Wish(most_domains="1", **limit)  # type: ignore[arg-type]
    accounts.change(account_of("camille"), Kind.OWNER, wish, by=alice)

    refused(lambda: removed_domains.bring_back(new.id, by=camille), refusal)
    assert removed_domains.bring_back(new.id, by=alice)


# What is proposed


def test_the_size_limit_proposed_is_within_all_limits(contact: Address, alice: Actor) -> None:
    domain = contact.domain
    camille = owner("camille", domain)

    def proposed(**limits_: int | None) -> int:
        if limits_:
            Account.update(**limits_).where(Account.id == camille.id).execute()
        return limits.proposed_mb(domain_of(domain.name), 2048, by=camille)

    assert proposed() == 2048
    assert proposed(most_mb=2000) == 976
    assert proposed(most_mb_each=500) == 500
    assert proposed(most_mb=1024, most_mb_each=None) == 1
    assert limits.proposed_mb(domain, 0, by=camille) == 1
    assert limits.proposed_mb(domain, 0, by=alice) == 0


def test_a_change_of_the_hoster_asks_for_no_limit(contact: Address, alice: Actor) -> None:
    owner("camille", contact.domain, most_mb_each="1")

    assert limits.binding(contact.domain, alice) == []
