"""Owners: domains given and taken, what was before, and nothing of anybody else's domains."""

from collections.abc import Callable

import pytest

from tests.mail.people import account_of, holder, owner
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    everything,
    find,
    install,
    kept_in,
    make,
    save,
    wish,
)
from webmailadmin.mail import (
    accounts,
    addresses,
    catch_alls,
    domains,
    leading,
    listing,
    mailboxes,
    owners,
    purging,
    recycle_bin,
    removal,
    removed_domains,
    renaming,
    trials,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_accounts import ContactsInside, NotAnOwner
from webmailadmin.mail.errors_of_limits import DomainForHoster
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import Account, Address, Domain, Mailbox, Ownership

CONTACT = "contact@bonvenon.fr"


def mine(by: Actor) -> list[str]:
    """Return the names of somebody's domains."""
    return [domain.name for domain in domains.list_for(by)]


# Given and taken


def test_a_domain_may_have_several_owners_and_an_owner_several(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    camille = owner("camille", bonvenon, autre)
    denis = owner("denis", bonvenon)

    assert (mine(camille), mine(denis)) == (["autre.fr", "bonvenon.fr"], ["bonvenon.fr"])
    assert [one.name for one in owners.of(bonvenon)] == ["camille", "denis"]
    assert [one.name for one in owners.domains_of(account_of("camille"))] == mine(camille)
    owners.take(bonvenon, account_of("camille"), by=alice)
    assert (mine(camille), mine(denis)) == (["autre.fr"], ["bonvenon.fr"])
    assert acts_on(bonvenon)[-3:] == ["domain.given", "domain.given", "domain.taken"]


@pytest.mark.parametrize("change", ["removed", "made an administrator"])
def test_the_journal_of_a_domain_tells_that_its_owner_is_none_any_more(
    bonvenon: Domain, autre: Domain, alice: Actor, change: str
) -> None:
    owner("camille", bonvenon, autre)
    if change == "removed":
        accounts.remove(account_of("camille"), "camille", by=alice)
    else:
        accounts.change(account_of("camille"), Kind.ADMINISTRATOR, Wish(), by=alice)

    assert [acts_on(one)[-1] for one in (bonvenon, autre)] == ["domain.taken", "domain.taken"]


def test_to_give_or_take_twice_is_to_do_it_once(bonvenon: Domain, alice: Actor) -> None:
    owner("camille", bonvenon)
    before = everything()
    owners.give(bonvenon, account_of("camille"), by=alice)
    assert everything() == before

    owners.take(bonvenon, account_of("camille"), by=alice)
    before = everything()
    owners.take(bonvenon, account_of("camille"), by=alice)
    assert everything() == before


def test_only_owners_are_given_domains(bonvenon: Domain, alice: Actor) -> None:
    with pytest.raises(NotAnOwner):
        owners.give(bonvenon, account_of("alice"), by=alice)
    gone = Account(id=99, name="gone")
    with pytest.raises(NotFound):
        owners.give(bonvenon, gone, by=alice)
    camille = owner("camille")
    removed_domains.remove(bonvenon, by=alice)
    with pytest.raises(NotFound):
        owners.give(bonvenon, account_of("camille"), by=alice)
    assert mine(camille) == []


def test_owners_and_holders_give_and_take_nothing(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    camille = owner("camille", contact.domain)
    before = everything()
    for who in (camille, holder(contact)):
        for domain in (contact.domain, autre):
            with pytest.raises(NotFound):
                owners.give(domain, account_of("camille"), by=who)
            with pytest.raises(NotFound):
                owners.take(domain, account_of("camille"), by=who)
    assert everything() == before


def test_a_domain_with_an_administrators_contact_gets_no_owner(
    bonvenon: Domain, alice: Actor
) -> None:
    """An owner could have a link for a new password sent there, and read it."""
    Account.update(contact="alice@bonvenon.fr").where(Account.id == alice.id).execute()
    who = owner("camille", most_domains="5")

    with pytest.raises(ContactsInside):
        owners.give(bonvenon, account_of("camille"), by=alice)
    Account.update(contact="alice@neuf.fr").where(Account.id == alice.id).execute()
    with pytest.raises(DomainForHoster):
        domains.install("neuf.fr", "camille@elsewhere.org", by=who)
    owners.give(bonvenon, account_of("camille"), by=alice)
    assert mine(who) == ["bonvenon.fr"]


@pytest.mark.parametrize("whose", ["denis", CONTACT])
def test_no_owner_adds_a_domain_where_others_get_their_links(
    whose: str, contact: Address, autre: Domain
) -> None:
    """Whoever has the domain could have a link to a new password sent there, and read it."""
    owner("denis", contact.domain)
    who = owner("camille", autre, most_domains="5")
    row = account_of("denis") if whose == "denis" else mailboxes.of(contact)
    assert row is not None
    row.contact, row.contact_confirmed = "denis@neuf.fr", True
    row.save()

    with pytest.raises(DomainForHoster):
        domains.install("neuf.fr", "camille@elsewhere.org", by=who)

    row.contact_confirmed = False
    row.save()
    neuf = domains.install("neuf.fr", "camille@elsewhere.org", by=who)
    removed_domains.remove(neuf, by=who)
    row.contact_confirmed = True
    row.save()
    with pytest.raises(DomainForHoster):
        removed_domains.bring_back(neuf.id, by=who)


def test_an_owner_adds_and_brings_back_a_domain_where_its_own_people_get_their_links(
    contact: Address,
) -> None:
    who = owner("camille", contact.domain, most_domains="5")
    Mailbox.update(contact="c@neuf.fr", contact_confirmed=True).execute()
    Account.update(contact="c@neuf.fr", contact_confirmed=True).where(
        Account.id == who.id
    ).execute()
    Ownership.update(added_itself=True).execute()

    neuf = domains.install("neuf.fr", "camille@elsewhere.org", by=who)
    removed_domains.remove(contact.domain, by=who)
    removed_domains.remove(neuf, by=who)
    removed_domains.bring_back(neuf.id, by=who)

    assert mine(who) == ["neuf.fr"]


def test_a_domain_installed_anew_is_nobodys(bonvenon: Domain, alice: Actor) -> None:
    camille = owner("camille", bonvenon)
    removed_domains.remove(bonvenon, by=alice)
    again = install("bonvenon.fr", by=alice)

    assert (mine(camille), owners.of(again)) == ([], [])


def test_a_domain_that_comes_back_has_its_owners_again_and_one_gone_for_good_none(
    bonvenon: Domain, alice: Actor
) -> None:
    camille = owner("camille", bonvenon)
    removed_domains.remove(bonvenon, by=alice)
    assert mine(camille) == []
    removed_domains.bring_back(bonvenon.id, by=alice)
    assert mine(camille) == ["bonvenon.fr"]

    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    purging.order_domain(bonvenon, "bonvenon.fr", by=alice)
    assert Ownership.select().count() == 0


# What was before


def test_nothing_that_was_removed_before_is_theirs(contact: Address, alice: Actor) -> None:
    make("old@bonvenon.fr", by=alice, recipients=["far@x.org"])
    addresses.remove(find("old@bonvenon.fr"), confirmed=True, by=alice)
    save(CONTACT, by=alice, mailbox=False, may_remove=True, recipients=["far@x.org"])
    catch_all("bonvenon.fr", "far@x.org", by=alice)
    catch_all("bonvenon.fr", "", by=alice)
    domain = domain_of("bonvenon.fr")
    camille = owner("camille", domain)
    former = kept_in(domain)
    before = everything()

    assert len(former) == 3
    assert recycle_bin.page(domain, by=camille).entries == []
    assert listing.row(find(CONTACT), by=camille).removed is None
    assert all(row.removed is None for row in listing.page(domain, by=camille).rows)
    assert removal.last_of(domain, "old@bonvenon.fr", by=camille) is None
    assert removal.former("old@bonvenon.fr", by=camille) is None
    for kept in former:
        for act in (
            lambda kept: removal.of(domain, kept.id, by=camille),
            lambda kept: recycle_bin.of(domain, kept.id, by=camille),
            lambda kept: removal.restore(kept, by=camille),
            lambda kept: catch_alls.restore(kept, by=camille),
            lambda kept: purging.order(kept, kept.email, by=camille),
        ):
            with pytest.raises(NotFound):
                act(kept)
    with pytest.raises(NotFound):
        addresses.of(camille, "old@bonvenon.fr")
    with pytest.raises(NotFound):  # who changed it last, and what they did
        addresses.save(
            find(CONTACT), wish(CONTACT, version=0, recipients=["new@x.org"]), by=camille
        )
    assert everything() == before


def test_what_is_removed_later_is_theirs(contact: Address, alice: Actor) -> None:
    camille = owner("camille", contact.domain)
    kept = addresses.remove(contact, confirmed=True, by=alice)

    assert [one.id for one in recycle_bin.page(contact.domain, by=camille).entries] == [kept.id]
    back = removal.restore(removal.of(contact.domain, kept.id, by=camille), by=camille)
    assert back.email == CONTACT


def test_the_journal_of_before_is_not_theirs(contact: Address, alice: Actor) -> None:
    camille = owner("camille", contact.domain)
    after = owners.journal_after(camille, contact.domain)
    later = [row for row in everything()["journal"] if row[1] > after]
    assert [row[4] for row in later] == ["domain.given"]
    assert owners.journal_after(alice, contact.domain) == 0
    assert owners.journal_after(holder(contact), contact.domain) == 0
    with pytest.raises(NotFound):
        owners.journal_after(owner("denis"), contact.domain)


def test_a_domain_that_goes_and_comes_again_begins_anew(contact: Address, alice: Actor) -> None:
    camille = owner("camille", contact.domain)
    owners.take(contact.domain, account_of("camille"), by=alice)
    addresses.remove(contact, confirmed=True, by=alice)
    owners.give(contact.domain, account_of("camille"), by=alice)

    assert recycle_bin.page(contact.domain, by=camille).entries == []


# Two owners with foreign domains


@pytest.fixture
def theirs(contact: Address, autre: Domain, alice: Actor) -> tuple[Actor, Actor]:
    """The owner of bonvenon.fr, which has one of all there is, and that of autre.fr."""
    make("gone@bonvenon.fr", by=alice, mailbox=True)
    make("led@bonvenon.fr", by=alice, recipients=[CONTACT])
    camille = owner("camille", contact.domain, most_domains="2")
    addresses.remove(find("gone@bonvenon.fr"), confirmed=True, by=camille)
    domains.install("propre.fr", "camille@elsewhere.org", by=camille)
    removed_domains.remove(domain_of("propre.fr"), by=camille)
    catch_all("bonvenon.fr", CONTACT, by=camille)
    catch_all("bonvenon.fr", "", by=camille)
    return camille, owner("denis", autre, most_domains="2")


def here() -> Domain:
    return domain_of("bonvenon.fr")


def of_kind(kind: str) -> object:
    """Return the number of something removed from bonvenon.fr."""
    return next(kept for kept in kept_in(here()) if kept.kind == kind)


def gone_domain() -> Domain:
    found: Domain = Domain.get(Domain.name == "propre.fr")
    return found


# Every rule that takes who asks, on what is somebody else's.
RULES: dict[str, Callable[[Actor], object]] = {
    "domains.of": lambda by: domains.of(by, "bonvenon.fr"),
    "domains.switch": lambda by: domains.switch(here(), False, by=by),
    "domains.set_language": lambda by: domains.set_language(here(), "fr", by=by),
    "catch_alls.change": lambda by: catch_alls.change(here(), CatchAll.ADDRESS, CONTACT, "", by=by),
    "catch_alls.restore": lambda by: catch_alls.restore(of_kind("catch-all"), by=by),
    "removed_domains.remove": lambda by: removed_domains.remove(here(), by=by),
    "removed_domains.of": lambda by: removed_domains.of(by, gone_domain().id),
    "removed_domains.bring_back": lambda by: removed_domains.bring_back(gone_domain().id, by=by),
    "addresses.of": lambda by: addresses.of(by, CONTACT),
    "addresses.of gone": lambda by: addresses.of(by, "gone@bonvenon.fr"),
    "addresses.add": lambda by: addresses.add(here(), "new", by=by),
    "addresses.save": lambda by: save(CONTACT, by=by, quota_mb="1"),
    "addresses.save twice": lambda by: save(CONTACT, by=by, version=0, quota_mb="1"),
    "addresses.remove": lambda by: addresses.remove(find(CONTACT), confirmed=True, by=by),
    "renaming.rename": lambda by: renaming.rename(
        find(CONTACT), "new", version=find(CONTACT).version, keep_alias=True, by=by
    ),
    "removal.of": lambda by: removal.of(here(), of_kind("address").id, by=by),  # type: ignore[attr-defined]
    "removal.restore": lambda by: removal.restore(of_kind("address"), by=by),  # type: ignore[arg-type]
    "removal.last_of": lambda by: removal.last_of(here(), "gone@bonvenon.fr", by=by),
    "recycle_bin.page": lambda by: recycle_bin.page(here(), by=by),
    "recycle_bin.domain_of": lambda by: recycle_bin.domain_of(by, gone_domain().id),
    "purging.order": lambda by: purging.order(of_kind("address"), "gone@bonvenon.fr", by=by),  # type: ignore[arg-type]
    "purging.order_domain": lambda by: purging.order_domain(gone_domain(), "propre.fr", by=by),
    "leading.take_out": lambda by: leading.take_out(CONTACT, {"led@bonvenon.fr": 2}, by=by),
    "leading.point_to": lambda by: leading.point_to(
        CONTACT, {"led@bonvenon.fr": 2}, "far@x.org", by=by
    ),
    "mailboxes.tell_download": lambda by: mailboxes.tell_download(
        mailboxes.of(find(CONTACT)),  # type: ignore[arg-type]
        CONTACT,
        here(),
        by=by,
    ),
    "trials.count": lambda by: trials.count(find(CONTACT), by=by),
    "trials.ends": lambda by: trials.ends(find(CONTACT), by=by),
    "listing.page": lambda by: listing.page(here(), by=by),
    "listing.row": lambda by: listing.row(find(CONTACT), by=by),
    "owners.journal_after": lambda by: owners.journal_after(by, here()),
    "owners.give": lambda by: owners.give(here(), account_of("denis"), by=by),
    "owners.take": lambda by: owners.take(here(), account_of("camille"), by=by),
    "accounts.every": accounts.every,
    "accounts.named": lambda by: accounts.named("camille", by=by),
    "accounts.reset_password": lambda by: accounts.reset_password("camille", None, by=by),
    "accounts.remove": lambda by: accounts.remove(account_of("camille"), "camille", by=by),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_rule_shows_or_changes_what_is_somebody_elses(
    rule: Callable[[Actor], object], theirs: tuple[Actor, Actor], contact: Address
) -> None:
    box = save("postmaster@autre.fr", by=COMMAND_LINE, mailbox=True).address
    before = everything()
    for by in (theirs[1], holder(box)):
        with pytest.raises(NotFound):
            rule(by)
        assert everything() == before


def test_what_leads_to_ones_own_from_elsewhere_is_not_told(
    theirs: tuple[Actor, Actor], alice: Actor
) -> None:
    camille, denis = theirs
    make("hers@autre.fr", by=denis, recipients=["far@x.org"])
    make("to-her@bonvenon.fr", by=camille, recipients=["hers@autre.fr"])
    catch_all("bonvenon.fr", "hers@autre.fr", by=camille)

    assert not leading.to(denis, "hers@autre.fr")
    assert not leading.into(denis, domain_of("autre.fr"))
    assert leading.to(alice, "hers@autre.fr").caught
    assert leading.counts(denis, ["hers@autre.fr"]) == {}
    assert purging.undone(by=denis) == []


def test_that_somebody_else_removed_an_address_is_not_told_to_who_leads_there(
    theirs: tuple[Actor, Actor], alice: Actor
) -> None:
    camille, denis = theirs
    email = "left@bonvenon.fr"
    addresses.remove(make(email, by=camille, recipients=["far@x.org"]), confirmed=True, by=camille)

    assert removal.former(email, by=denis) is None
    assert removal.former(email, by=camille) is not None


def test_an_owner_cannot_let_unknown_names_go_to_a_domain_of_another(
    theirs: tuple[Actor, Actor],
) -> None:
    with pytest.raises(Refusal):
        catch_all("autre.fr", "bonvenon.fr", by=theirs[1])
