"""Catch-alls: where mail for unknown names goes, and where it went."""

import pytest

from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    kept_in,
    make,
    refused,
    save,
)
from webmailadmin.mail import addresses, catch_alls, removal
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_catch_alls import (
    CatchAllDead,
    CatchAllDomainMissing,
    CatchAllMalformed,
    CatchAllMissing,
)
from webmailadmin.mail.errors_of_domains import (
    PostmasterNeedsDestination,
)
from webmailadmin.models import Address, Domain, Removed

FAR = "camille@elsewhere.org"


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
