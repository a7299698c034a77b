"""Where mail goes: circles, bombs, and `receives`, right at every moment."""

from collections.abc import Callable

import pytest

from tests.mail import truth
from tests.mail.stage import (
    catch_all,
    domain_of,
    find,
    install,
    leads_on,
    make,
    receives,
    refused,
    save,
    sql,
)
from webmailadmin.mail import addresses, domains, removal, removed_domains, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_catch_alls import AddressIsCatchAll, CatchAllLoop
from webmailadmin.mail.errors_of_recipients import RecipientLoop, TooManyInAll, TooManySteps
from webmailadmin.models import Account, Address, Domain


def chain(steps: int, *, by: Actor, domain: str = "bonvenon.fr") -> None:
    """Make a1@ → a2@ → … → outside: mail for a1@ is redirected `steps` times."""
    for number in range(steps, 0, -1):
        to = f"a{number + 1}@{domain}" if number < steps else "end@x.org"
        make(f"a{number}@{domain}", by=by, recipients=[to])


# Circles


@pytest.mark.parametrize("steps", [1, 2, 5, 9])
def test_a_circle_is_refused_over_any_number_of_steps(
    steps: int, bonvenon: Domain, alice: Actor
) -> None:
    chain(steps, by=alice)
    make("start@bonvenon.fr", by=alice, recipients=["a1@bonvenon.fr"])

    refusal = refused(
        lambda: save(f"a{steps}@bonvenon.fr", by=alice, recipients=["start@bonvenon.fr"]),
        RecipientLoop,
    )

    assert refusal.field == "recipients"
    way = ["start@bonvenon.fr", *(f"a{number}@bonvenon.fr" for number in range(1, steps + 1))]
    last = way.pop()
    assert refusal.values == {"path": " → ".join([last, *way, last])}


def test_a_circle_through_a_sub_address_is_refused(bonvenon: Domain, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["b+tag@bonvenon.fr"])
    make("b@bonvenon.fr", by=alice)

    refused(lambda: save("b@bonvenon.fr", by=alice, recipients="a+x@bonvenon.fr"), RecipientLoop)


def test_a_circle_beside_a_living_recipient_is_refused(contact: Address, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["end@x.org", "contact@bonvenon.fr"])

    refused(
        lambda: save(contact.email, by=alice, recipients=["far@x.org", "a@bonvenon.fr"]),
        RecipientLoop,
    )


def test_a_circle_through_another_domain_is_refused(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("a@autre.fr", by=alice, recipients=[contact.email])

    refused(lambda: save(contact.email, by=alice, recipients=["a@autre.fr"]), RecipientLoop)


def test_a_circle_through_an_address_that_is_off_is_refused(contact: Address, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=[contact.email], enabled=False)

    refused(lambda: save(contact.email, by=alice, recipients=["a@bonvenon.fr"]), RecipientLoop)


def test_a_circle_through_a_domain_that_is_off_is_refused(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("a@autre.fr", by=alice, recipients=[contact.email])
    domains.switch(autre, False, by=alice)

    refused(lambda: save(contact.email, by=alice, recipients=["a@autre.fr"]), RecipientLoop)


def test_a_circle_through_a_catch_all_address_is_refused_when_saving(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", contact.email, by=alice)

    refusal = refused(
        lambda: save(contact.email, by=alice, recipients=["nobody@autre.fr"]), RecipientLoop
    )

    assert refusal.values["path"] == "contact@bonvenon.fr → nobody@autre.fr → contact@bonvenon.fr"


def test_a_circle_through_the_same_name_elsewhere_is_refused_when_saving(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", "bonvenon.fr", by=alice)

    refused(lambda: save(contact.email, by=alice, recipients=["contact@autre.fr"]), RecipientLoop)


def test_another_name_of_such_a_domain_leads_elsewhere_and_is_no_circle(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("b@bonvenon.fr", by=alice, mailbox=True)
    catch_all("autre.fr", "bonvenon.fr", by=alice)

    save(contact.email, by=alice, recipients=["b@autre.fr"])

    truth.check()


def test_a_catch_all_that_closes_a_circle_is_refused(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save(contact.email, by=alice, recipients=["nobody@autre.fr"])

    refusal = refused(lambda: catch_all("autre.fr", contact.email, by=alice), CatchAllLoop)

    assert refusal.field == "to"


def test_a_catch_all_by_name_that_closes_a_circle_is_refused(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save(contact.email, by=alice, recipients=["contact@autre.fr"])

    refused(lambda: catch_all("autre.fr", "bonvenon.fr", by=alice), CatchAllLoop)


def test_a_catch_all_that_closes_a_circle_through_another_catch_all_is_refused(
    contact: Address, autre: Domain, tiers: Domain, alice: Actor
) -> None:
    make("b@autre.fr", by=alice, recipients=["nobody@tiers.fr"])
    save(contact.email, by=alice, recipients=["nobody@autre.fr"])
    catch_all("tiers.fr", contact.email, by=alice)

    refused(lambda: catch_all("autre.fr", "b@autre.fr", by=alice), CatchAllLoop)


def test_a_circle_closed_by_the_removal_of_an_address_is_refused(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("b@autre.fr", by=alice, mailbox=True)
    save(contact.email, by=alice, recipients=["b@autre.fr"])
    catch_all("autre.fr", contact.email, by=alice)

    # Without b@autre.fr its mail would fall into the catch-all, which leads back.
    refusal = refused(
        lambda: addresses.remove(find("b@autre.fr"), confirmed=True, by=alice), AddressIsCatchAll
    )

    assert refusal.values == {"email": "b@autre.fr", "name": "autre.fr", "domain": "autre.fr"}


def test_the_address_that_takes_unknown_names_is_deleted_once_they_lead_elsewhere(
    contact: Address, alice: Actor
) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)
    refused(
        lambda: addresses.remove(find(contact.email), confirmed=True, by=alice), AddressIsCatchAll
    )
    catch_all("bonvenon.fr", "", by=alice)

    addresses.remove(find(contact.email), confirmed=True, by=alice)

    truth.check()


def test_a_circle_closed_by_a_restore_is_refused(contact: Address, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=[contact.email])
    kept = addresses.remove(find("a@bonvenon.fr"), confirmed=True, by=alice)
    save(contact.email, by=alice, recipients=["a@bonvenon.fr"])

    refused(lambda: removal.restore(kept, by=alice), RecipientLoop)


def test_a_circle_closed_by_installing_a_domain_is_refused(contact: Address, alice: Actor) -> None:
    save(contact.email, by=alice, recipients=["postmaster@nouveau.fr"])

    refused(lambda: install("nouveau.fr", contact=contact.email, by=alice), RecipientLoop)


def test_a_circle_closed_by_the_catch_all_of_a_domain_that_comes_back_is_refused(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", contact.email, by=alice)
    removed_domains.remove(domain_of("autre.fr"), by=alice)
    save(contact.email, by=alice, recipients=["nobody@autre.fr"])  # outside, for now

    refused(lambda: removed_domains.bring_back(autre.id, by=alice), CatchAllLoop)


# Bombs


def test_ten_steps_are_taken_and_eleven_are_not(bonvenon: Domain, alice: Actor) -> None:
    chain(10, by=alice)
    make("above@bonvenon.fr", by=alice)

    refusal = refused(
        lambda: save("above@bonvenon.fr", by=alice, recipients=["a1@bonvenon.fr"]), TooManySteps
    )

    assert refusal.values == {"most": 10}


def test_the_steps_above_an_address_count_when_those_below_it_change(
    bonvenon: Domain, alice: Actor
) -> None:
    chain(9, by=alice)
    make("below@bonvenon.fr", by=alice, recipients=["end@x.org"])
    save("a9@bonvenon.fr", by=alice, recipients=["below@bonvenon.fr"])
    make("end@bonvenon.fr", by=alice, mailbox=True)

    save("below@bonvenon.fr", by=alice, recipients=["end@bonvenon.fr"])
    refused(lambda: save("end@bonvenon.fr", by=alice, recipients=["far@x.org"]), TooManySteps)


def test_steps_through_a_catch_all_count_on_both_sides(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    chain(6, by=alice, domain="autre.fr")
    catch_all("autre.fr", "a1@autre.fr", by=alice)  # nobody@autre.fr takes 7 steps
    make("b3@bonvenon.fr", by=alice, recipients=["nobody@autre.fr"])
    make("b2@bonvenon.fr", by=alice, recipients=["b3@bonvenon.fr"])
    make("b1@bonvenon.fr", by=alice, recipients=["b2@bonvenon.fr"])  # 10
    make("b0@bonvenon.fr", by=alice)

    refused(lambda: save("b0@bonvenon.fr", by=alice, recipients="b1@bonvenon.fr"), TooManySteps)
    make("below@autre.fr", by=alice, recipients=["end@x.org"])
    refused(lambda: save("a6@autre.fr", by=alice, recipients="below@autre.fr"), TooManySteps)


def test_a_catch_all_that_makes_a_way_too_long_is_refused(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    chain(6, by=alice, domain="autre.fr")
    make("b4@bonvenon.fr", by=alice, recipients=["nobody@autre.fr"])
    for number in (3, 2, 1):
        make(f"b{number}@bonvenon.fr", by=alice, recipients=[f"b{number + 1}@bonvenon.fr"])

    refused(lambda: catch_all("autre.fr", "a1@autre.fr", by=alice), TooManySteps)


def test_the_catch_all_of_a_domain_that_was_installed_anew_counts_no_more(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", "bonvenon.fr", by=alice)
    removed_domains.remove(domain_of("autre.fr"), by=alice)
    install("autre.fr", by=alice)
    make("above@bonvenon.fr", by=alice, recipients=["a1@autre.fr"])  # now an unknown name

    chain(10, by=alice)

    truth.check()


def fan(name: str, size: int, *more: str, by: Actor) -> None:
    """Make an address that leads to `size` outside addresses, and to `more`."""
    outside = [f"{name}{number}@x.org" for number in range(size)]
    make(f"{name}@bonvenon.fr", by=by, recipients=[*outside, *more])


def test_five_hundred_in_all_are_taken_and_more_are_not(bonvenon: Domain, alice: Actor) -> None:
    for name in "abcd":
        fan(name, 100, by=alice)
    fan("e", 95, *(f"{name}@bonvenon.fr" for name in "abcd"), by=alice)  # with itself 500

    refusal = refused(
        lambda: save(
            "e@bonvenon.fr",
            by=alice,
            recipients=[
                *(f"e{number}@x.org" for number in range(96)),
                *(f"{name}@bonvenon.fr" for name in "abcd"),
            ],
        ),
        TooManyInAll,
    )

    assert refusal.values == {"email": "e@bonvenon.fr", "most": 500}


def test_an_address_above_may_not_swell_when_one_below_it_changes(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    for name in "abcd":
        fan(name, 100, by=alice)
    fan("e", 90, *(f"{name}@bonvenon.fr" for name in "abcd"), "f@bonvenon.fr", by=alice)
    make("f@bonvenon.fr", by=alice, recipients=["g@bonvenon.fr"])
    make("g@bonvenon.fr", by=alice)

    refusal = refused(
        lambda: save(
            "g@bonvenon.fr", by=alice, recipients=[f"g{number}@x.org" for number in range(9)]
        ),
        TooManyInAll,
    )

    assert refusal.values["email"] == "e@bonvenon.fr"


def test_an_address_above_a_catch_all_may_not_swell_either(
    bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    make("g@bonvenon.fr", by=alice, recipients=["end@x.org"])
    catch_all("autre.fr", "g@bonvenon.fr", by=alice)
    for name in "abcd":
        fan(name, 100, by=alice)
    fan("e", 90, *(f"{name}@bonvenon.fr" for name in "abcd"), "nobody@autre.fr", by=alice)

    refusal = refused(
        lambda: save(
            "g@bonvenon.fr", by=alice, recipients=[f"g{number}@x.org" for number in range(9)]
        ),
        TooManyInAll,
    )

    assert refusal.values["email"] == "e@bonvenon.fr"


# Receives: one address


@pytest.mark.parametrize(
    ("mailbox", "recipients", "enabled", "wanted"),
    [
        (False, [], True, False),
        (True, [], True, True),
        (False, ["far@x.org"], True, True),
        (True, ["far@x.org"], True, True),
        (True, ["far@x.org"], False, False),
        (False, ["far@x.org"], False, False),
        (False, ["missing@bonvenon.fr"], True, False),
        (True, ["missing@bonvenon.fr"], True, True),
        (False, ["missing@bonvenon.fr", "far@x.org"], True, True),
        (False, ["postmaster@bonvenon.fr"], True, True),
        (False, ["postmaster+tag@bonvenon.fr"], True, True),
    ],
)
def test_an_address_receives_when_it_is_on_and_has_an_end(
    mailbox: bool,
    recipients: list[str],
    enabled: bool,
    wanted: bool,
    bonvenon: Domain,
    alice: Actor,
) -> None:
    make("a@bonvenon.fr", by=alice, mailbox=mailbox, recipients=recipients, enabled=enabled)

    assert receives("a@bonvenon.fr") is wanted
    truth.check()


def test_a_new_address_receives_nothing_yet_even_in_a_domain_with_a_catch_all(
    contact: Address, bonvenon: Domain, alice: Actor
) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)

    addresses.add(bonvenon, "new", by=alice)

    assert receives("new@bonvenon.fr") is False
    truth.check()


# Receives: what leads to an address that changes


@pytest.fixture
def leads_to_contact(contact: Address, autre: Domain, alice: Actor) -> Address:
    """near@ → contact@, far@autre.fr → near+tag@ → contact@, catch-all of autre.fr → near@."""
    make("near@bonvenon.fr", by=alice, recipients=["contact@bonvenon.fr"])
    make("far@autre.fr", by=alice, recipients=["near+tag@bonvenon.fr"])
    make("through@autre.fr", by=alice, recipients=["nobody@autre.fr"])
    catch_all("autre.fr", "near@bonvenon.fr", by=alice)
    assert answers() == [True] * 4
    return contact


def answers() -> list[bool]:
    """Return what is stored of all that lead to contact@."""
    assert leads_on("through@autre.fr", "nobody@autre.fr") is receives("through@autre.fr")
    return [
        receives("near@bonvenon.fr"),
        receives("far@autre.fr"),
        receives("through@autre.fr"),
        bool(domain_of("autre.fr").catch_all_receives),
    ]


def off_and_on(alice: Actor) -> Callable[[], object]:
    save("contact@bonvenon.fr", by=alice, enabled=False)
    return lambda: save("contact@bonvenon.fr", by=alice, enabled=True)


def emptied_and_filled(alice: Actor) -> Callable[[], object]:
    save("contact@bonvenon.fr", by=alice, mailbox=False, may_remove=True)
    return lambda: save("contact@bonvenon.fr", by=alice, recipients=["far@x.org"])


def mailbox_taken_and_restored(alice: Actor) -> Callable[[], object]:
    kept = save("contact@bonvenon.fr", by=alice, mailbox=False, may_remove=True).removed
    assert kept is not None
    return lambda: removal.restore(kept, by=alice)


def removed_and_restored(alice: Actor) -> Callable[[], object]:
    kept = addresses.remove(find("contact@bonvenon.fr"), confirmed=True, by=alice)
    return lambda: removal.restore(kept, by=alice)


def removed_and_made_anew(alice: Actor) -> Callable[[], object]:
    addresses.remove(find("contact@bonvenon.fr"), confirmed=True, by=alice)
    return lambda: make("contact@bonvenon.fr", by=alice, mailbox=True)


def removed_and_caught(alice: Actor) -> Callable[[], object]:
    addresses.remove(find("contact@bonvenon.fr"), confirmed=True, by=alice)
    return lambda: catch_all("bonvenon.fr", "far@x.org", by=alice)


def removed_and_caught_by_its_name(alice: Actor) -> Callable[[], object]:
    make("contact@autre.fr", by=alice, mailbox=True)
    addresses.remove(find("contact@bonvenon.fr"), confirmed=True, by=alice)
    return lambda: catch_all("bonvenon.fr", "autre.fr", by=alice)


def caught_by_a_name_that_appears(alice: Actor) -> Callable[[], object]:
    addresses.remove(find("contact@bonvenon.fr"), confirmed=True, by=alice)
    catch_all("bonvenon.fr", "autre.fr", by=alice)
    return lambda: make("contact@autre.fr", by=alice, mailbox=True)


@pytest.mark.parametrize(
    "act",
    [
        off_and_on,
        emptied_and_filled,
        mailbox_taken_and_restored,
        removed_and_restored,
        removed_and_made_anew,
        removed_and_caught,
        removed_and_caught_by_its_name,
        caught_by_a_name_that_appears,
    ],
)
def test_all_that_lead_to_an_address_follow_it(
    act: Callable[[Account], Callable[[], object]], leads_to_contact: Address, alice: Actor
) -> None:
    back = act(alice)
    assert answers() == [False] * 4
    truth.check()

    back()
    assert answers() == [True] * 4
    truth.check()


def test_a_domain_that_is_switched_off_is_no_end_for_the_others(
    leads_to_contact: Address, bonvenon: Domain, alice: Actor
) -> None:
    domains.switch(bonvenon, False, by=alice)
    assert answers() == [True, False, False, False]  # its own addresses keep their answer
    truth.check()

    domains.switch(bonvenon, True, by=alice)
    assert answers() == [True] * 4
    truth.check()


def test_what_led_outside_is_dead_once_the_domain_is_ours(bonvenon: Domain, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["ann@nouveau.fr"])
    make("b@bonvenon.fr", by=alice, recipients=["postmaster@nouveau.fr", "a@bonvenon.fr"])
    catch_all("bonvenon.fr", "ann@nouveau.fr", by=alice)

    install("nouveau.fr", by=alice)

    assert [receives("a@bonvenon.fr"), receives("b@bonvenon.fr")] == [False, True]
    assert domain_of("bonvenon.fr").catch_all_receives is False
    truth.check()


def test_what_led_into_a_domain_leads_outside_once_it_is_removed(
    autre: Domain, alice: Actor
) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["missing@autre.fr"])
    assert receives("a@bonvenon.fr") is False

    removed_domains.remove(autre, by=alice)

    assert receives("a@bonvenon.fr") is True
    truth.check()


def test_a_catch_all_follows_a_name_that_another_catch_all_takes(
    contact: Address, autre: Domain, tiers: Domain, alice: Actor
) -> None:
    make("b@autre.fr", by=alice, mailbox=True)
    catch_all("tiers.fr", "b@autre.fr", by=alice)
    catch_all("autre.fr", contact.email, by=alice)
    addresses.remove(find("b@autre.fr"), confirmed=True, by=alice)
    assert domain_of("tiers.fr").catch_all_receives is True  # over b@autre.fr to contact@

    save(contact.email, by=alice, enabled=False)

    assert domain_of("tiers.fr").catch_all_receives is False
    truth.check()


def test_a_catch_all_follows_a_name_that_lives_on_elsewhere(
    contact: Address, autre: Domain, tiers: Domain, alice: Actor
) -> None:
    make("contact@autre.fr", by=alice, mailbox=True)
    catch_all("tiers.fr", "contact@autre.fr", by=alice)
    addresses.remove(find("contact@autre.fr"), confirmed=True, by=alice)
    assert domain_of("tiers.fr").catch_all_receives is False

    catch_all("autre.fr", "bonvenon.fr", by=alice)
    assert domain_of("tiers.fr").catch_all_receives is True
    truth.check()

    domains.switch(domain_of("bonvenon.fr"), False, by=alice)
    assert domain_of("tiers.fr").catch_all_receives is False
    truth.check()


def test_a_name_elsewhere_follows_what_its_namesake_leads_to(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("near@bonvenon.fr", by=alice, recipients=[contact.email])
    catch_all("autre.fr", "bonvenon.fr", by=alice)
    make("x@autre.fr", by=alice, recipients=["near@autre.fr"])
    assert receives("x@autre.fr")

    save(contact.email, by=alice, enabled=False)
    assert not receives("x@autre.fr")
    truth.check()

    save(contact.email, by=alice, enabled=True)
    assert receives("x@autre.fr")
    truth.check()


# What Postfix is told


def test_a_catch_all_takes_neither_an_address_that_is_off_nor_one_that_is_empty(
    contact: Address, alice: Actor
) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    make("empty@bonvenon.fr", by=alice)
    make("dead@bonvenon.fr", by=alice, recipients=["off@bonvenon.fr"])
    postfix = truth.Postfix()

    assert {email: postfix.takes(f"{email}@bonvenon.fr") for email in ("off", "empty", "dead")} == {
        "off": None,
        "empty": None,
        "dead": None,
    }
    assert postfix.takes("off+tag@bonvenon.fr") is None
    assert postfix.takes("nobody@bonvenon.fr") == {contact.email}
    assert dict(sql("SELECT email, action FROM postfix_refused")) == {
        "off@bonvenon.fr": "550 5.2.1 This address is switched off",
        "empty@bonvenon.fr": "550 5.1.1 This address receives no mail",
        "dead@bonvenon.fr": "550 5.1.1 This address receives no mail",
    }


def test_an_alias_to_one_living_and_one_dead_address_delivers_once(
    contact: Address, alice: Actor
) -> None:
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    both = [contact.email, "off@bonvenon.fr", "missing@bonvenon.fr"]
    make("both@bonvenon.fr", by=alice, recipients=both)

    rows = sql("SELECT recipient FROM postfix_alias WHERE email = 'both@bonvenon.fr'")
    assert rows == [(contact.email,)]
    assert truth.Postfix().takes("both@bonvenon.fr") == {contact.email}


def test_a_domain_that_is_off_stays_ours_and_is_refused_as_a_whole(
    contact: Address, bonvenon: Domain, alice: Actor
) -> None:
    domains.switch(bonvenon, False, by=alice)

    assert sql("SELECT name FROM postfix_domain") == [("bonvenon.fr",)]
    assert sql("SELECT * FROM postfix_refused") == [
        ("bonvenon.fr", "550 5.2.1 This domain is switched off")
    ]


def test_who_may_send_as_an_address(contact: Address, autre: Domain, alice: Actor) -> None:
    make("alias@autre.fr", by=alice, recipients=[contact.email, "far@x.org"])
    make("tagged@autre.fr", by=alice, recipients=["contact+tag@bonvenon.fr"])
    make("off@autre.fr", by=alice, recipients=[contact.email], enabled=False)
    make("box@autre.fr", by=alice, mailbox=True, enabled=False)
    make("to-box@autre.fr", by=alice, recipients=["box@autre.fr"])

    assert sorted(sql("SELECT email, login FROM postfix_sender")) == [
        ("alias@autre.fr", contact.email),
        (contact.email, contact.email),
        ("tagged@autre.fr", contact.email),
    ]


def test_nobody_sends_as_an_address_nor_by_a_log_in_of_a_domain_that_is_off(
    contact: Address, bonvenon: Domain, autre: Domain, alice: Actor
) -> None:
    make("alias@autre.fr", by=alice, recipients=[contact.email])
    make("box@autre.fr", by=alice, mailbox=True)
    make("alias@bonvenon.fr", by=alice, recipients=["box@autre.fr"])
    domains.switch(bonvenon, False, by=alice)

    assert sql("SELECT email, login FROM postfix_sender") == [("box@autre.fr", "box@autre.fr")]


def test_whole_ways_are_found_by_name(bonvenon: Domain) -> None:
    found = routing.domain_named("bonvenon.fr")
    assert found == bonvenon
    assert routing.domain_named("BONVENON.fr") is None
    assert routing.address_of("nobody@bonvenon.fr") is None
