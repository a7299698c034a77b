"""Domains: install, switch, catch-all, remove, bring back."""

import time
from collections.abc import Callable

import pytest

from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    emails_in,
    everything,
    find,
    install,
    kept_in,
    make,
    receives,
    recipients_of,
    save,
    sql,
)
from webmailadmin.mail import addresses, catch_alls, domains, removal, removed_domains
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors import NotFound, Refusal, Several
from webmailadmin.mail.errors_of_accounts import ContactMalformed
from webmailadmin.mail.errors_of_catch_alls import (
    CatchAllDead,
    CatchAllDomainMissing,
    CatchAllMalformed,
    CatchAllMissing,
    DomainIsCatchAll,
)
from webmailadmin.mail.errors_of_domains import (
    ContactDead,
    ContactInside,
    ContactMissing,
    DomainExists,
    DomainNameDiffers,
    DomainNameMalformed,
    DomainNameMissing,
    LanguageMissing,
    PostmasterNeedsDestination,
)
from webmailadmin.models import Address, Domain, Removed, now

FAR = "camille@elsewhere.org"


def refused(act: Callable[[], object], kind: type[Exception]) -> Exception:
    """Do what must be refused with `kind`, and see that nothing changed."""
    before = everything()
    with pytest.raises(kind) as refusal:
        act()
    assert type(refusal.value) is kind
    assert everything() == before
    return refusal.value


# Install


def test_a_domain_comes_with_its_postmaster_redirected_to_the_contact(
    bonvenon: Domain,
) -> None:
    assert emails_in(bonvenon) == ["postmaster@bonvenon.fr"]
    assert recipients_of("postmaster@bonvenon.fr") == [FAR]
    assert receives("postmaster@bonvenon.fr")
    assert (bonvenon.enabled, bonvenon.catch_all_to, bonvenon.catch_all_domain_id) == (
        True,
        None,
        None,
    )
    assert acts_on(bonvenon) == ["domain.installed", "recipients.added"]
    assert sql("SELECT name FROM postfix_domain") == [("bonvenon.fr",)]
    truth.check()


@pytest.mark.parametrize("again", ["ÉTÉ.fr", "xn--t-9fab.fr", "e\u0301te\u0301.fr", "été.fr."])
def test_a_domain_with_accents_is_one_domain_however_it_is_written(
    again: str, alice: Actor
) -> None:
    domain = install("été.fr", by=alice)

    assert domain.name == "xn--t-9fab.fr"
    assert domains.of(alice, again) == domain
    refusal = refused(lambda: install(again, by=alice), DomainExists)
    assert isinstance(refusal, DomainExists)
    assert (refusal.field, refusal.values) == ("name", {"name": "été.fr"})


@pytest.mark.parametrize(
    ("name", "contact", "kinds"),
    [
        ("", FAR, [DomainNameMissing]),
        ("bon venon", FAR, [DomainNameMalformed]),
        ("../etc/passwd", FAR, [DomainNameMalformed]),
        ("nouveau.fr", "", [ContactMissing]),
        ("nouveau.fr", "  ", [ContactMissing]),
        ("nouveau.fr", "|cmd", [ContactMalformed]),
        ("nouveau.fr", "a@x.org, b@x.org", [ContactMalformed]),
        ("nouveau.fr", "Ann <a@x.org>", [ContactMalformed]),
        ("nouveau.fr", "contact@nouveau.fr", [ContactInside]),
        ("été.fr", "contact@xn--t-9fab.fr", [ContactInside]),
        ("", "", [DomainNameMissing, ContactMissing]),
        ("bonvenon", "a@b@c", [DomainNameMalformed, ContactMalformed]),
    ],
)
def test_what_is_wrong_with_a_new_domain_is_said_all_at_once(
    name: str, contact: str, kinds: list[type[Refusal]], alice: Actor
) -> None:
    before = everything()

    with pytest.raises(Refusal) as refusal:
        install(name, contact=contact, by=alice)

    assert [type(part) for part in refusal.value.parts()] == kinds
    assert isinstance(refusal.value, Several) == (len(kinds) > 1)
    assert everything() == before


def test_a_contact_inside_the_new_domain_is_told_what_to_do(alice: Actor) -> None:
    with pytest.raises(ContactInside) as refusal:
        install("nouveau.fr", contact="Contact@Nouveau.fr", by=alice)

    assert (refusal.value.field, refusal.value.values) == ("contact", {"local_part": "contact"})


@pytest.mark.parametrize("contact", ["missing@bonvenon.fr", "off@bonvenon.fr", "off+x@bonvenon.fr"])
def test_a_contact_of_ours_that_receives_nothing_is_refused(
    contact: str, bonvenon: Domain, alice: Actor
) -> None:
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)

    refusal = refused(lambda: install("nouveau.fr", contact=contact, by=alice), ContactDead)

    assert isinstance(refusal, ContactDead)
    assert (refusal.field, refusal.values) == ("contact", {"email": contact})


def test_a_contact_that_a_catch_all_takes_is_one_that_receives(
    contact: Address, alice: Actor
) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)

    install("nouveau.fr", contact="somebody@bonvenon.fr", by=alice)

    assert truth.Postfix().takes("postmaster@nouveau.fr") == {contact.email}
    truth.check()


def test_a_contact_whose_mail_would_come_back_to_the_new_domain_is_refused(
    contact: Address, alice: Actor
) -> None:
    save(contact.email, by=alice, mailbox=False, may_remove=True, recipients=["ann@nouveau.fr"])

    refused(
        lambda: install("nouveau.fr", contact=contact.email, by=alice), PostmasterNeedsDestination
    )


def test_a_domain_that_a_postmaster_leads_out_to_is_not_taken_over(
    bonvenon: Domain, alice: Actor
) -> None:
    refusal = refused(
        lambda: install("elsewhere.org", contact="a@x.org", by=alice), PostmasterNeedsDestination
    )

    assert isinstance(refusal, PostmasterNeedsDestination)
    assert refusal.values == {"email": "postmaster@bonvenon.fr"}


# Find and list


def test_domains_are_listed_by_the_name_that_is_shown(alice: Actor) -> None:
    for name in ("zoo.fr", "été.fr", "abeille.fr"):
        install(name, by=alice)

    assert [domain.name for domain in domains.list_for(alice)] == [
        "abeille.fr",
        "zoo.fr",
        "xn--t-9fab.fr",
    ]


@pytest.mark.parametrize(
    "name", ["nowhere.fr", "", "..", "bonvenon", "\0", "' OR 1=1 --", "x" * 10**4]
)
def test_a_domain_that_is_not_ours_is_not_found(name: str, bonvenon: Domain, alice: Actor) -> None:
    with pytest.raises(NotFound):
        domains.of(alice, name)


@pytest.mark.parametrize("kind", [Kind.OWNER, Kind.HOLDER])
def test_who_owns_nothing_sees_no_domain(kind: Kind, bonvenon: Domain) -> None:
    nobody = Actor(kind, 99, "nobody")

    assert (domains.list_for(nobody), removed_domains.list_for(nobody)) == ([], [])
    with pytest.raises(NotFound):
        domains.of(nobody, "bonvenon.fr")


def test_the_counts_move_with_every_act(contact: Address, alice: Actor) -> None:
    def counts() -> tuple[int, int]:
        domain = domain_of("bonvenon.fr")
        ((addresses_, boxes),) = sql(
            "SELECT count(*), count(mailbox.id) FROM address"
            " LEFT JOIN mailbox ON mailbox.address_id = address.id WHERE domain_id = ?",
            domain.id,
        )
        assert (domain.addresses, domain.mailboxes) == (addresses_, boxes)
        return domain.addresses, domain.mailboxes

    seen = [counts()]
    make("a@bonvenon.fr", by=alice)
    seen.append(counts())
    save("a@bonvenon.fr", by=alice, mailbox=True)
    seen.append(counts())
    box = save("a@bonvenon.fr", by=alice, mailbox=False, may_remove=True).removed
    assert box is not None
    seen.append(counts())
    removal.restore(box, by=alice)
    seen.append(counts())
    whole = addresses.remove(find("a@bonvenon.fr"), confirmed=True, by=alice)
    seen.append(counts())
    removal.restore(whole, "b", by=alice)
    seen.append(counts())

    assert seen == [(2, 1), (3, 1), (3, 2), (3, 1), (3, 2), (2, 1), (3, 2)]


# Switch


def test_a_domain_is_switched_off_and_on(contact: Address, alice: Actor) -> None:
    domain = contact.domain
    before = everything()["address"]

    domains.switch(domain, False, by=alice)
    postfix = truth.Postfix()
    assert [postfix.takes(email) for email in (contact.email, "x@bonvenon.fr")] == [None, None]
    assert postfix.domains == {"bonvenon.fr"}
    truth.check()
    domains.switch(domain, True, by=alice)

    assert truth.Postfix().takes(contact.email) == {contact.email}
    assert everything()["address"] == before
    assert acts_on(domain)[-2:] == ["domain.disabled", "domain.enabled"]


def test_switching_twice_is_done_once(bonvenon: Domain, alice: Actor) -> None:
    domains.switch(bonvenon, False, by=alice)
    before = everything()

    domains.switch(bonvenon, False, by=alice)

    assert everything() == before


def test_a_domain_that_anothers_postmaster_needs_is_not_switched_off(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save("postmaster@autre.fr", by=alice, recipients=[contact.email])

    refusal = refused(
        lambda: domains.switch(domain_of("bonvenon.fr"), False, by=alice),
        PostmasterNeedsDestination,
    )

    assert isinstance(refusal, PostmasterNeedsDestination)
    assert refusal.values == {"email": "postmaster@autre.fr"}


def test_its_own_postmaster_does_not_keep_a_domain_from_being_switched_off(
    contact: Address, alice: Actor
) -> None:
    save("postmaster@bonvenon.fr", by=alice, recipients=[contact.email])

    domains.switch(contact.domain, False, by=alice)

    truth.check()


# The language of mails to its mailboxes


def test_the_language_of_its_mails_is_that_of_who_installs_it_until_it_is_changed(
    bonvenon: Domain, alice: Actor
) -> None:
    french = domains.install("autre.fr", FAR, by=alice, language="fr")
    assert [domain_of(name).language for name in ("bonvenon.fr", "autre.fr")] == ["en", "fr"]

    for _ in range(2):
        domains.set_language(french, "en", by=alice)

    assert domain_of("autre.fr").language == "en"
    assert acts_on(french).count("domain.language") == 1


@pytest.mark.parametrize("language", ["", "de", "FR", "fr\n"])
def test_a_language_that_no_mail_is_written_in_is_refused(
    bonvenon: Domain, alice: Actor, language: str
) -> None:
    refused(lambda: domains.set_language(bonvenon, language, by=alice), LanguageMissing)


def test_a_removed_domain_gets_no_other_language(bonvenon: Domain, alice: Actor) -> None:
    removed_domains.remove(bonvenon, by=alice)

    refused(lambda: domains.set_language(bonvenon, "fr", by=alice), NotFound)


# Catch-all


@pytest.mark.parametrize(
    ("kind", "to", "other", "refusal", "field"),
    [
        (CatchAll.ADDRESS, "", "", CatchAllMissing, "to"),
        (CatchAll.ADDRESS, " \n", "", CatchAllMissing, "to"),
        (CatchAll.ADDRESS, "|cmd", "", CatchAllMalformed, "to"),
        (CatchAll.ADDRESS, "a@x.org b@x.org", "", CatchAllMalformed, "to"),
        (CatchAll.ADDRESS, "@autre.fr", "", CatchAllMalformed, "to"),
        (CatchAll.ADDRESS, "missing@autre.fr", "", CatchAllDead, "to"),
        (CatchAll.ADDRESS, "missing@bonvenon.fr", "", CatchAllDead, "to"),
        (CatchAll.ADDRESS, "off@bonvenon.fr", "", CatchAllDead, "to"),
        (CatchAll.ADDRESS, "off+x@bonvenon.fr", "", CatchAllDead, "to"),
        (CatchAll.DOMAIN, "", "", CatchAllDomainMissing, "other"),
        (CatchAll.DOMAIN, "", "bonvenon.fr", CatchAllDomainMissing, "other"),
        (CatchAll.DOMAIN, "", "nowhere.fr", CatchAllDomainMissing, "other"),
        (CatchAll.DOMAIN, "", "a b", CatchAllDomainMissing, "other"),
    ],
)
def test_a_catch_all_that_leads_nowhere_is_refused(
    kind: CatchAll,
    to: str,
    other: str,
    refusal: type[Refusal],
    field: str,
    autre: Domain,
    alice: Actor,
) -> None:
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    bonvenon = domain_of("bonvenon.fr")

    found = refused(lambda: catch_alls.change(bonvenon, kind, to, other, by=alice), refusal)

    assert isinstance(found, Refusal)
    assert found.field == field


def test_an_unknown_address_that_a_catch_all_takes_is_no_catch_all(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)

    refused(lambda: catch_all("autre.fr", "nobody@bonvenon.fr", by=alice), CatchAllDead)


@pytest.mark.parametrize("to", ["far@x.org", "contact@bonvenon.fr", "Contact+all@bonvenon.fr"])
def test_a_catch_all_takes_the_mail_of_unknown_names_only(
    to: str, contact: Address, alice: Actor
) -> None:
    catch_all("bonvenon.fr", to, by=alice)

    postfix = truth.Postfix()
    assert postfix.takes("nobody@bonvenon.fr") == {to.lower().replace("+all", "")}
    assert postfix.takes("postmaster@bonvenon.fr") == {FAR}
    assert acts_on(contact.domain)[-1] == "catch-all.address"
    truth.check()


def test_the_same_name_elsewhere_takes_only_names_that_exist_there(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    catch_all("autre.fr", "Bonvenon.FR", by=alice)

    postfix = truth.Postfix()
    assert postfix.takes("contact@autre.fr") == {contact.email}
    assert postfix.takes("contact+tag@autre.fr") == {contact.email}
    assert [postfix.takes(email) for email in ("off@autre.fr", "nobody@autre.fr")] == [None, None]
    assert postfix.takes("postmaster@autre.fr") == {FAR}
    assert acts_on(autre)[-1] == "catch-all.domain"
    truth.check()


def test_one_kind_of_catch_all_replaces_the_other(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    for to, caught in [
        (contact.email, {contact.email}),
        ("bonvenon.fr", None),
        ("far@x.org", {"far@x.org"}),
        ("", None),
    ]:
        catch_all("autre.fr", to, by=alice)
        assert truth.Postfix().takes("nobody@autre.fr") == caught
        truth.check()

    assert acts_on(autre)[2:] == [
        "catch-all.address",
        "catch-all.domain",
        "catch-all.address",
        "catch-all.none",
    ]


@pytest.mark.parametrize("then", ["", "empty", "tiers.fr"])
def test_a_catch_all_that_anothers_postmaster_needs_is_not_changed(
    then: str, contact: Address, tiers: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", contact.email, by=alice)
    save("postmaster@bonvenon.fr", by=alice, recipients=["nobody@autre.fr"])
    domain = domain_of("autre.fr")

    refused(
        lambda: catch_alls.change(
            domain, CatchAll.DOMAIN if "." in then else CatchAll.NONE, "", then, by=alice
        ),
        PostmasterNeedsDestination,
    )


# A former catch-all


def led(kept: Removed) -> tuple[str, str, str]:
    return kept.kind, kept.email, kept.recipients


@pytest.mark.parametrize("then", ["", "far@x.org", "tiers.fr"])
def test_a_catch_all_that_is_switched_off_or_replaced_is_kept_and_comes_back(
    then: str, contact: Address, tiers: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", contact.email, by=alice)
    autre = domain_of("autre.fr")
    catch_all("autre.fr", then, by=alice)
    (kept,) = kept_in(autre)
    assert led(kept) == ("catch-all", "@autre.fr", contact.email)

    back = catch_alls.restore(kept, by=alice)

    assert (back.catch_all_to, back.catch_all_domain_id) == (contact.email, None)
    replaced = {"tiers.fr": "@tiers.fr"}.get(then, then)
    assert [led(row) for row in kept_in(autre)] == (
        [("catch-all", "@autre.fr", replaced)] if then else []
    )
    assert truth.Postfix().takes("nobody@autre.fr") == {contact.email}
    truth.check()


def test_the_same_names_elsewhere_come_back_too(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", "bonvenon.fr", by=alice)
    catch_all("autre.fr", "", by=alice)
    (kept,) = kept_in(autre)
    assert led(kept) == ("catch-all", "@autre.fr", "@bonvenon.fr")

    catch_alls.restore(kept, by=alice)

    assert truth.Postfix().takes("contact@autre.fr") == {contact.email}
    truth.check()


def test_a_catch_all_that_is_saved_as_it_was_is_not_kept(contact: Address, alice: Actor) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)

    catch_all("bonvenon.fr", contact.email, by=alice)

    assert kept_in(contact.domain) == []


def test_a_former_catch_all_whose_address_receives_nothing_by_now_does_not_come_back(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", contact.email, by=alice)
    catch_all("autre.fr", "", by=alice)
    addresses.remove(contact, confirmed=True, by=alice)
    (kept,) = kept_in(autre)

    refused(lambda: catch_alls.restore(kept, by=alice), CatchAllDead)


def test_a_former_catch_all_comes_back_once_and_only_as_one(contact: Address, alice: Actor) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)
    catch_all("bonvenon.fr", "", by=alice)
    (kept,) = kept_in(contact.domain)
    refused(lambda: removal.restore(kept, by=alice), NotFound)
    catch_alls.restore(kept, by=alice)

    refused(lambda: catch_alls.restore(kept, by=alice), NotFound)


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

    assert isinstance(refusal, DomainIsCatchAll)
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

    assert isinstance(refusal, PostmasterNeedsDestination)
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
    assert isinstance(refusal, DomainExists)
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
