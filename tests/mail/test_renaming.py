"""Renaming: the mailbox goes along, the old name leads to the new one, nothing else moves."""

import pytest

from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    emails_in,
    everything,
    find,
    kept_in,
    leads_on,
    make,
    receives,
    recipients_of,
    refused,
    save,
    sql,
)
from webmailadmin.mail import addresses, removal, renaming
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import Changed, Refusal
from webmailadmin.mail.errors_of_domains import PostmasterKeepsName, PostmasterNeedsDestination
from webmailadmin.mail.errors_of_names import (
    AddressGone,
    LocalPartOtherDomain,
    NameStays,
    NewNameTaken,
)
from webmailadmin.mail.errors_of_recipients import RecipientLoop, TooManySteps
from webmailadmin.models import Address, Domain

CONTACT, ANN = "contact@bonvenon.fr", "ann@bonvenon.fr"


def rename(email: str, typed: str, *, by: Actor, keep_alias: bool = True) -> Address:
    """Rename an address as it is now."""
    address = find(email)
    done = renaming.rename(address, typed, version=address.version, keep_alias=keep_alias, by=by)
    return done.address


def not_renamed(
    refusal: type[Refusal], email: str, typed: str, *, by: Actor, keep_alias: bool = True
) -> Refusal:
    """Try a rename that is refused; nothing may change."""
    return refused(lambda: rename(email, typed, by=by, keep_alias=keep_alias), refusal)


def box_at(email: str) -> list[object]:
    """Return all columns of the mailbox at an address."""
    return sql(
        "SELECT mailbox.* FROM mailbox JOIN address ON address.id = address_id WHERE email = ?",
        email,
    )


def test_the_mailbox_and_the_recipients_go_along_and_the_old_name_leads_to_the_new_one(
    contact: Address, alice: Actor
) -> None:
    save(CONTACT, by=alice, recipients=["far@x.org"])
    before, box = find(CONTACT), box_at(CONTACT)

    renamed = rename(CONTACT, " Ann@BonVenon.fr ", by=alice)

    assert (renamed.id, renamed.email, renamed.local_part) == (contact.id, ANN, "ann")
    assert (renamed.version, renamed.created_at) == (before.version + 1, before.created_at)
    assert (box_at(ANN), recipients_of(ANN)) == (box, ["far@x.org"])
    assert (box_at(CONTACT), recipients_of(CONTACT)) == ([], [ANN])
    assert receives(CONTACT)
    assert sql("SELECT user FROM dovecot_user") == [(ANN,)]
    assert ("contact@bonvenon.fr", ANN) in sql("SELECT email, login FROM postfix_sender")
    truth.check()


def test_both_names_tell_of_it_in_the_journal(contact: Address, alice: Actor) -> None:
    rename(CONTACT, "ann", by=alice)

    assert acts_on(contact.domain, CONTACT)[-3:] == [
        "address.renamed",
        "address.added",
        "recipients.added",
    ]
    assert acts_on(contact.domain, ANN) == ["address.renamed-from"]


def test_without_the_alias_the_old_name_is_unknown_and_whatever_led_there_receives_nothing(
    contact: Address, alice: Actor
) -> None:
    make("info@bonvenon.fr", by=alice, recipients=[CONTACT, "far@x.org"])
    make("only@bonvenon.fr", by=alice, recipients=[CONTACT])

    rename(CONTACT, "ann", by=alice, keep_alias=False)

    assert emails_in(contact.domain) == [
        ANN,
        "info@bonvenon.fr",
        "only@bonvenon.fr",
        "postmaster@bonvenon.fr",
    ]
    assert recipients_of("info@bonvenon.fr") == [CONTACT, "far@x.org"]
    assert not leads_on("info@bonvenon.fr", CONTACT)
    assert (receives("info@bonvenon.fr"), receives("only@bonvenon.fr")) == (True, False)
    truth.check()


def test_what_led_to_the_old_name_goes_on_through_the_alias_unchanged(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("info@autre.fr", by=alice, recipients=["contact+info@bonvenon.fr"])
    catch_all("autre.fr", CONTACT, by=alice)
    before = sql("SELECT * FROM recipient"), sql("SELECT * FROM domain WHERE name = 'autre.fr'")

    rename(CONTACT, "ann", by=alice)

    added = "SELECT * FROM recipient WHERE target != ?"
    after = sql(added, ANN), sql("SELECT * FROM domain WHERE name = 'autre.fr'")
    assert after == before
    assert receives("info@autre.fr")
    truth.check()


def test_without_the_alias_a_postmaster_that_leads_only_to_the_old_name_keeps_it(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save("postmaster@autre.fr", by=alice, recipients=[CONTACT])

    not_renamed(PostmasterNeedsDestination, CONTACT, "ann", by=alice, keep_alias=False)
    rename(CONTACT, "ann", by=alice)

    assert receives("postmaster@autre.fr")
    truth.check()


def test_an_alias_and_an_address_that_is_off_are_renamed_as_well(
    bonvenon: Domain, alice: Actor
) -> None:
    make(CONTACT, by=alice, recipients=["far@x.org"], enabled=False)

    renamed = rename(CONTACT, "ann", by=alice)

    assert (renamed.enabled, recipients_of(ANN)) == (False, ["far@x.org"])
    assert (receives(ANN), receives(CONTACT)) == (False, False)
    save(ANN, by=alice, enabled=True)
    assert receives(CONTACT)
    truth.check()


@pytest.mark.parametrize(
    ("taken", "proposal"), [("ann", "ann-2"), ("ann-2", "ann-2-2"), ("postmaster", "postmaster-2")]
)
def test_a_name_that_exists_is_refused_and_a_free_one_is_proposed(
    contact: Address, alice: Actor, taken: str, proposal: str
) -> None:
    make(ANN, by=alice, recipients=["far@x.org"])
    make("ann-2@bonvenon.fr", by=alice, mailbox=True) if taken == "ann-2" else None

    refusal = not_renamed(NewNameTaken, CONTACT, taken, by=alice)

    assert refusal.field == "local_part"
    assert refusal.values == {"email": f"{taken}@bonvenon.fr", "proposal": proposal}


def test_a_rename_can_be_taken_back_since_the_alias_that_it_left_makes_way(
    contact: Address, alice: Actor
) -> None:
    rename(CONTACT, "ann", by=alice)

    back = rename(ANN, "contact", by=alice)

    assert (back.id, back.email, recipients_of(ANN)) == (contact.id, CONTACT, [CONTACT])
    assert receives(ANN)
    truth.check()


@pytest.mark.parametrize(
    "wanted",
    [
        {"recipients": [CONTACT, "far@x.org"]},
        {"recipients": ["contact+tag@bonvenon.fr"]},
        {"recipients": [CONTACT], "mailbox": True},
    ],
    ids=["one of two", "tagged", "with a mailbox"],
)
def test_an_address_that_leads_elsewhere_too_never_makes_way(
    contact: Address, alice: Actor, wanted: dict[str, object]
) -> None:
    make(ANN, by=alice, **wanted)

    not_renamed(NewNameTaken, CONTACT, "ann", by=alice)


def test_postmaster_that_leads_only_here_never_makes_way(contact: Address, alice: Actor) -> None:
    save("postmaster@bonvenon.fr", by=alice, recipients=[CONTACT])

    not_renamed(NewNameTaken, CONTACT, "postmaster", by=alice)


def test_postmaster_keeps_its_name(bonvenon: Domain, alice: Actor) -> None:
    not_renamed(PostmasterKeepsName, "postmaster@bonvenon.fr", "ann", by=alice)


def test_its_own_name_another_domain_and_a_stale_page_are_refused(
    contact: Address, alice: Actor
) -> None:
    not_renamed(NameStays, CONTACT, "Contact", by=alice)
    not_renamed(LocalPartOtherDomain, CONTACT, "ann@autre.fr", by=alice)
    stale = find(CONTACT)
    save(CONTACT, by=alice, recipients=["far@x.org"])
    before = everything()

    with pytest.raises(Changed) as changed:
        renaming.rename(stale, "ann", version=stale.version, keep_alias=True, by=alice)

    assert everything() == before
    assert changed.value.values["act"] == "recipients.added"


def test_whoever_still_has_the_old_name_open_changes_nothing(
    contact: Address, alice: Actor
) -> None:
    stale = find(CONTACT)
    rename(CONTACT, "ann", by=alice)

    with pytest.raises(Changed):
        renaming.rename(stale, "bob", version=stale.version, keep_alias=True, by=alice)
    with pytest.raises(Changed):
        addresses.save(find(CONTACT), addresses.Wish(stale.version, mailbox=True), by=alice)


def test_an_address_deleted_meanwhile_is_told(contact: Address, alice: Actor) -> None:
    gone = find(CONTACT)
    addresses.remove(gone, confirmed=True, by=alice)

    with pytest.raises(AddressGone):
        renaming.rename(gone, "ann", version=gone.version, keep_alias=True, by=alice)


def test_an_address_that_is_redirected_to_the_new_name_is_not_led_to_itself(
    contact: Address, alice: Actor
) -> None:
    save(CONTACT, by=alice, recipients=["ann+later@bonvenon.fr"])

    refusal = not_renamed(RecipientLoop, CONTACT, "ann", by=alice)

    assert refusal.values["path"] == f"{ANN} → {ANN}"


def test_a_catch_all_that_would_take_the_mail_of_the_old_name_in_a_circle_is_refused(
    bonvenon: Domain, alice: Actor
) -> None:
    make("info@bonvenon.fr", by=alice, mailbox=True)
    make(CONTACT, by=alice, mailbox=True)
    catch_all("bonvenon.fr", "info@bonvenon.fr", by=alice)
    save("info@bonvenon.fr", by=alice, recipients=[CONTACT])

    not_renamed(RecipientLoop, CONTACT, "ann", by=alice, keep_alias=False)


def test_without_the_alias_a_catch_all_to_the_old_name_refuses_and_stays_as_it_was_set(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", CONTACT, by=alice)

    rename(CONTACT, "ann", by=alice, keep_alias=False)

    kept = "SELECT catch_all_to, catch_all_receives FROM domain WHERE name = 'autre.fr'"
    assert sql(kept) == [(CONTACT, 0)]
    truth.check()


def test_the_alias_is_a_step_more_and_counts(contact: Address, alice: Actor) -> None:
    for step in range(10):
        to = CONTACT if not step else f"step{step - 1}@bonvenon.fr"
        make(f"step{step}@bonvenon.fr", by=alice, recipients=[to])

    not_renamed(TooManySteps, CONTACT, "ann", by=alice)


def test_a_mailbox_taken_off_before_comes_back_to_the_new_name(
    contact: Address, alice: Actor
) -> None:
    box = box_at(CONTACT)
    save(CONTACT, by=alice, mailbox=False, may_remove=True, recipients=["far@x.org"])
    rename(CONTACT, "ann", by=alice)
    (kept,) = kept_in(contact.domain)
    assert (kept.email, removal.proposed_name(kept)) == (ANN, "ann")

    removal.restore(kept, by=alice)

    assert (box_at(ANN), box_at(CONTACT)) == (box, [])
    truth.check()


def test_a_mailbox_taken_off_before_finds_an_address_that_came_back_under_another_name(
    contact: Address, alice: Actor
) -> None:
    box = box_at(CONTACT)
    save(CONTACT, by=alice, mailbox=False, may_remove=True, recipients=["far@x.org"])
    gone = addresses.remove(find(CONTACT), confirmed=True, by=alice)
    removal.restore(gone, "ann", by=alice)
    (kept,) = kept_in(contact.domain)

    removal.restore(kept, by=alice)

    assert box_at(ANN) == box
    truth.check()


def test_an_address_deleted_before_under_the_new_name_comes_back_under_another(
    contact: Address, alice: Actor
) -> None:
    make(ANN, by=alice, mailbox=True)
    gone = addresses.remove(find(ANN), confirmed=True, by=alice)
    rename(CONTACT, "ann", by=alice)

    assert removal.proposed_name(gone) == "ann-old"
    assert removal.restore(gone, "ann-old", by=alice).email == "ann-old@bonvenon.fr"
    truth.check()
