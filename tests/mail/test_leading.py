"""What leads to an address or into a domain, what becomes of it, and how it is led elsewhere."""

import pytest

from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    everything,
    find,
    install,
    leads_on,
    make,
    receives,
    recipients_of,
    save,
)
from webmailadmin.mail import addresses, leading, removal, removed_domains
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import Changed, NotFound
from webmailadmin.mail.errors_of_domains import PostmasterNeedsDestination
from webmailadmin.mail.errors_of_names import AddressGone
from webmailadmin.mail.errors_of_recipients import (
    NobodyChosen,
    OthersLeadHere,
    PlaceMissing,
    PlaceReceivesNothing,
    RecipientIsItself,
    RecipientLoop,
    RecipientMalformed,
    TooManyRecipients,
)
from webmailadmin.mail.leading import Caught, Led
from webmailadmin.models import Address, Domain

CONTACT = "contact@bonvenon.fr"


def delete(email: str, *, by: Actor) -> None:
    """Delete an address, agreeing to it."""
    addresses.remove(find(email), confirmed=True, by=by)


def seen(*emails: str) -> dict[str, int]:
    """Return addresses with the versions that a page shows now."""
    return {email: find(email).version for email in emails}


def ends(led: Led) -> dict[str, bool]:
    """Return what leads there, each with whether its mail has no other end."""
    return {source.email: source.ends for source in led.sources}


# Who leads there


def test_who_leads_to_an_address_is_told_across_domains_and_with_extensions(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("z@bonvenon.fr", by=alice, recipients=[CONTACT])
    make("a@autre.fr", by=alice, recipients=["far@x.org", "contact+tag@bonvenon.fr"])
    make("other@autre.fr", by=alice, recipients=["contact@x.org"])
    make("box@autre.fr", by=alice, recipients=[CONTACT], mailbox=True)

    led = leading.to(alice, CONTACT)

    assert [(s.email, s.there, s.others, s.has_mailbox) for s in led.sources] == [
        ("a@autre.fr", ["contact+tag@bonvenon.fr"], ["far@x.org"], False),
        ("box@autre.fr", [CONTACT], [], True),
        ("z@bonvenon.fr", [CONTACT], [], False),
    ]
    assert ends(led) == {"a@autre.fr": False, "box@autre.fr": False, "z@bonvenon.fr": True}
    assert (led.caught, led.instead) == ([], "")


def test_a_stranger_is_told_of_nobody(contact: Address, alice: Actor) -> None:
    make("z@bonvenon.fr", by=alice, recipients=[CONTACT])
    nobody = Actor(Kind.OWNER, 99, "nobody")

    assert leading.to(nobody, CONTACT).sources == []
    delete(CONTACT, by=alice)
    assert leading.counts(nobody, [CONTACT]) == {}
    assert leading.counts(alice, [CONTACT]) == {CONTACT: 1}


def foretold(led: Led) -> dict[str, bool]:
    """Return, for each address that is on, whether mail for it will still arrive."""
    return {source.email: not source.ends for source in led.sources if source.enabled}


def test_what_is_foretold_of_a_deletion_is_what_it_does(contact: Address, alice: Actor) -> None:
    """A web of addresses: over steps, in rings of others, with copies, switched off."""
    make("one@bonvenon.fr", by=alice, recipients=[CONTACT])
    make("two@bonvenon.fr", by=alice, recipients=["one@bonvenon.fr"])
    make("both@bonvenon.fr", by=alice, recipients=[CONTACT, "two@bonvenon.fr"])
    make("copy@bonvenon.fr", by=alice, recipients=[CONTACT], mailbox=True)
    make("saved@bonvenon.fr", by=alice, recipients=[CONTACT, "two@bonvenon.fr", "copy@bonvenon.fr"])
    make("off@bonvenon.fr", by=alice, recipients=[CONTACT], enabled=False)

    told = foretold(leading.to(alice, CONTACT))
    others = {s.email: s.others for s in leading.to(alice, CONTACT).sources}
    delete(CONTACT, by=alice)

    assert told == {
        "both@bonvenon.fr": False,
        "copy@bonvenon.fr": True,
        "one@bonvenon.fr": False,
        "saved@bonvenon.fr": True,
    }
    assert {email: receives(email) for email in told} == told
    assert others["saved@bonvenon.fr"] == ["copy@bonvenon.fr"]
    truth.check()


def test_with_a_catch_all_the_mail_goes_there_and_nobody_loses_any(
    contact: Address, alice: Actor
) -> None:
    make("rest@bonvenon.fr", by=alice, mailbox=True)
    make("info@bonvenon.fr", by=alice, recipients=[CONTACT])
    catch_all("bonvenon.fr", "rest@bonvenon.fr", by=alice)

    led = leading.to(alice, CONTACT)
    delete(CONTACT, by=alice)

    assert led.instead == "rest@bonvenon.fr"
    assert receives("info@bonvenon.fr")
    assert leading.counts(alice, [CONTACT]) == {}
    # Of an address that stays, the catch-all takes nothing.
    assert leading.to(alice, CONTACT, stays=True).instead == ""


def test_the_same_name_at_another_domain_takes_the_mail_only_if_it_is_there(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("bonvenon.fr", "autre.fr", by=alice)
    assert leading.to(alice, CONTACT).instead == ""

    make("contact@autre.fr", by=alice, mailbox=True)

    assert leading.to(alice, CONTACT).instead == "contact@autre.fr"


def test_unknown_addresses_that_lead_there_are_told(
    contact: Address, autre: Domain, tiers: Domain, alice: Actor
) -> None:
    make("known@tiers.fr", by=alice, recipients=["nobody@autre.fr"])
    catch_all("autre.fr", CONTACT, by=alice)
    catch_all("tiers.fr", "bonvenon.fr", by=alice)

    led = leading.to(alice, CONTACT)

    assert led.caught == [Caught("autre.fr"), Caught("tiers.fr", "contact@tiers.fr")]
    # What leads to an unknown name of autre.fr loses its mail with it.
    assert leading.without_end([CONTACT]) >= {CONTACT, "nobody@autre.fr", "known@tiers.fr"}
    delete(CONTACT, by=alice)
    assert not receives("known@tiers.fr")
    assert leading.to(alice, CONTACT).caught == [Caught("autre.fr")]


def test_what_leads_into_a_domain_from_others_is_told(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("inside@bonvenon.fr", by=alice, recipients=[CONTACT])
    make("all@autre.fr", by=alice, recipients=[CONTACT, "nobody@bonvenon.fr", "ann@x.org"])
    make("only@autre.fr", by=alice, recipients=[CONTACT])

    led = leading.into(alice, domain_of("bonvenon.fr"))

    assert [(s.email, s.there, s.others) for s in led.sources] == [
        ("all@autre.fr", [CONTACT, "nobody@bonvenon.fr"], ["ann@x.org"]),
        ("only@autre.fr", [CONTACT], []),
    ]
    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    gone = Domain.get(Domain.name == "bonvenon.fr")
    assert ends(leading.into(alice, gone)) == {"all@autre.fr": False, "only@autre.fr": True}
    assert leading.counts_into(alice, [gone.name]) == {"bonvenon.fr": 2}


def test_a_domain_whose_unknown_addresses_lead_into_another_is_told(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", CONTACT, by=alice)

    assert leading.into(alice, domain_of("bonvenon.fr")).caught == [Caught("autre.fr")]


def test_an_address_that_others_lead_to_is_not_deleted_unasked(
    bonvenon: Domain, alice: Actor
) -> None:
    make("sales@bonvenon.fr", by=alice, recipients=["ann@x.org"])
    make("info@bonvenon.fr", by=alice, recipients=["sales@bonvenon.fr"])
    before = everything()

    with pytest.raises(OthersLeadHere) as refusal:
        addresses.remove(find("sales@bonvenon.fr"), confirmed=False, by=alice)

    assert (refusal.value.field, everything()) == ("may_remove", before)


# Nothing is changed silently


def test_who_led_to_a_removed_address_keeps_its_recipients_and_lives_again_with_it(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("info@autre.fr", by=alice, recipients=["contact+tag@bonvenon.fr", "far@x.org"])
    make("only@bonvenon.fr", by=alice, recipients=[CONTACT])
    before = [everything()[table] for table in ("address", "recipient")]

    delete(CONTACT, by=alice)

    assert recipients_of("info@autre.fr") == ["contact+tag@bonvenon.fr", "far@x.org"]
    assert not leads_on("info@autre.fr", "contact+tag@bonvenon.fr")
    assert (receives("info@autre.fr"), receives("only@bonvenon.fr")) == (True, False)
    assert leading.counts(alice, [CONTACT, "only@bonvenon.fr"]) == {CONTACT: 2}
    kept = removal.former("contact+tag@bonvenon.fr", by=COMMAND_LINE)
    assert kept is not None
    assert kept.email == CONTACT

    removal.restore(kept, by=alice)

    assert leading.counts(alice, [CONTACT]) == {}
    assert everything()["recipient"] == before[1]
    assert (receives("info@autre.fr"), receives("only@bonvenon.fr")) == (True, True)
    truth.check()


# Take it out there


def test_a_removed_address_is_taken_out_where_it_was_ticked(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("info@autre.fr", by=alice, recipients=["a@x.org", "contact+tag@bonvenon.fr", "b@x.org"])
    make("team@bonvenon.fr", by=alice, recipients=[CONTACT, "a@x.org"])
    delete(CONTACT, by=alice)
    versions = seen("info@autre.fr", "team@bonvenon.fr")

    changed = leading.take_out(CONTACT, {"info@autre.fr": versions["info@autre.fr"]}, by=alice)

    assert changed == ["info@autre.fr"]
    assert recipients_of("info@autre.fr") == ["a@x.org", "b@x.org"]
    assert recipients_of("team@bonvenon.fr") == [CONTACT, "a@x.org"]
    assert find("info@autre.fr").version == versions["info@autre.fr"] + 1
    assert find("team@bonvenon.fr").version == versions["team@bonvenon.fr"]
    assert acts_on(autre, "info@autre.fr")[-1] == "recipients.taken"
    assert leading.counts(alice, [CONTACT]) == {CONTACT: 1}
    truth.check()


def test_done_twice_it_does_nothing_more(contact: Address, alice: Actor) -> None:
    make("info@bonvenon.fr", by=alice, recipients=[CONTACT, "a@x.org"])
    delete(CONTACT, by=alice)
    versions = seen("info@bonvenon.fr")
    leading.take_out(CONTACT, versions, by=alice)
    before = everything()

    assert leading.take_out(CONTACT, versions, by=alice) == []
    assert everything() == before


def test_a_postmaster_is_not_left_without_an_end(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save("postmaster@autre.fr", by=alice, recipients=[CONTACT])
    make("info@autre.fr", by=alice, recipients=[CONTACT])
    assert [s.required for s in leading.to(alice, CONTACT).sources] == [False, True]
    before = everything()

    with pytest.raises(PostmasterNeedsDestination) as refusal:
        leading.take_out(CONTACT, seen("info@autre.fr", "postmaster@autre.fr"), by=alice)

    assert refusal.value.values["email"] == "postmaster@autre.fr"
    assert everything() == before


def test_nobody_ticked_is_said(contact: Address, alice: Actor) -> None:
    with pytest.raises(NobodyChosen):
        leading.take_out(CONTACT, {}, by=alice)


def test_who_was_slower_learns_who_was_quicker_and_nothing_is_half_done(
    contact: Address, alice: Actor
) -> None:
    for name in ("a", "b"):
        make(f"{name}@bonvenon.fr", by=alice, recipients=[CONTACT, "far@x.org"])
    delete(CONTACT, by=alice)
    versions = seen("a@bonvenon.fr", "b@bonvenon.fr")
    save("b@bonvenon.fr", by=alice, recipients=["near@x.org", CONTACT])
    before = everything()

    with pytest.raises(Changed) as refusal:
        leading.take_out(CONTACT, versions, by=alice)

    assert refusal.value.values["email"] == "b@bonvenon.fr"
    assert everything() == before


def test_one_that_was_deleted_meanwhile_is_said(contact: Address, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=[CONTACT])
    versions = seen("a@bonvenon.fr")
    delete("a@bonvenon.fr", by=alice)

    with pytest.raises(AddressGone):
        leading.take_out(CONTACT, versions, by=alice)
    with pytest.raises(NotFound):
        leading.take_out(CONTACT, {"never@bonvenon.fr": 1}, by=alice)


# Point them elsewhere


def test_they_point_elsewhere_in_the_place_of_what_is_gone(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("new@autre.fr", by=alice, mailbox=True)
    make("info@autre.fr", by=alice, recipients=["a@x.org", "contact+tag@bonvenon.fr", "b@x.org"])
    make("only@bonvenon.fr", by=alice, recipients=[CONTACT])
    make("knows@bonvenon.fr", by=alice, recipients=[CONTACT, "new@autre.fr"])
    delete(CONTACT, by=alice)
    chosen = seen("info@autre.fr", "knows@bonvenon.fr", "only@bonvenon.fr")

    changed = leading.point_to(CONTACT, chosen, " New <new@AUTRE.fr> ", by=alice)

    assert changed == sorted(chosen)
    assert recipients_of("info@autre.fr") == ["a@x.org", "new@autre.fr", "b@x.org"]
    assert recipients_of("only@bonvenon.fr") == ["new@autre.fr"]
    assert recipients_of("knows@bonvenon.fr") == ["new@autre.fr"]
    assert receives("only@bonvenon.fr")
    assert acts_on(contact.domain, "only@bonvenon.fr")[-2:] == [
        "recipients.taken",
        "recipients.added",
    ]
    truth.check()


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        ("  ", PlaceMissing),
        ("nonsense", RecipientMalformed),
        (CONTACT, PlaceReceivesNothing),
        ("contact+tag@bonvenon.fr", PlaceReceivesNothing),
        ("nobody@bonvenon.fr", PlaceReceivesNothing),
        ("info@bonvenon.fr", RecipientIsItself),
        ("above@bonvenon.fr", RecipientLoop),
    ],
)
def test_what_cannot_be_pointed_to_is_said_at_the_field_and_changes_nothing(
    contact: Address, alice: Actor, typed: str, refused: type[Exception]
) -> None:
    make("info@bonvenon.fr", by=alice, recipients=[CONTACT, "far@x.org"])
    make("above@bonvenon.fr", by=alice, recipients=["info@bonvenon.fr"])
    delete(CONTACT, by=alice)
    before = everything()

    with pytest.raises(refused) as refusal:
        leading.point_to(CONTACT, seen("info@bonvenon.fr"), typed, by=alice)

    assert refusal.value.parts()[0].field == "recipients"
    assert everything() == before


def test_no_more_recipients_than_an_address_may_have(contact: Address, alice: Actor) -> None:
    others = [f"r{n}@x.org" for n in range(99)]
    make("info@bonvenon.fr", by=alice, recipients=[CONTACT, *others])

    with pytest.raises(TooManyRecipients):
        leading.point_to(CONTACT, seen("info@bonvenon.fr"), "a@y.org, b@y.org", by=alice)


def test_a_postmaster_points_elsewhere_before_its_end_is_deleted(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save("postmaster@autre.fr", by=alice, recipients=[CONTACT])

    leading.point_to(CONTACT, seen("postmaster@autre.fr"), "far@x.org", by=alice)
    delete(CONTACT, by=alice)

    assert recipients_of("postmaster@autre.fr") == ["far@x.org"]
    truth.check()


def test_what_led_into_a_removed_domain_points_elsewhere_at_once(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("info@autre.fr", by=alice, recipients=[CONTACT, "b@x.org", "nobody@bonvenon.fr"])
    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    before = everything()
    with pytest.raises(PlaceReceivesNothing):
        leading.point_to("@bonvenon.fr", seen("info@autre.fr"), "new@bonvenon.fr", by=alice)
    assert everything() == before

    leading.point_to("@bonvenon.fr", seen("info@autre.fr"), "new@x.org", by=alice)

    assert recipients_of("info@autre.fr") == ["new@x.org", "b@x.org"]
    gone = Domain.get(Domain.name == "bonvenon.fr")
    assert leading.counts_into(alice, [gone.name]) == {}
    truth.check()


def test_what_leads_into_a_domain_installed_anew_is_alive_and_left_alone(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("info@autre.fr", by=alice, recipients=[CONTACT])
    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    (gone,) = removed_domains.list_for(alice)
    versions = seen("info@autre.fr")
    install("bonvenon.fr", by=alice)
    before = everything()

    assert leading.counts_into(alice, [gone.name]) == {}
    with pytest.raises(NotFound):
        leading.take_out("@bonvenon.fr", versions, by=alice)
    assert everything() == before


def test_all_are_counted_and_no_more_are_shown_than_a_page_holds(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "MOST_SHOWN", 2)
    for name in "abc":
        make(f"{name}@bonvenon.fr", by=alice, recipients=[CONTACT])

    led = leading.to(alice, CONTACT)

    assert [source.email for source in led.shown] == ["a@bonvenon.fr", "b@bonvenon.fr"]
    assert len(led.sources) == 3
