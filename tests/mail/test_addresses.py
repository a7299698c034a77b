"""Addresses: add, save, switch, delete; who was quicker is told."""

import threading
from collections.abc import Callable

import pytest

from tests.mail import truth
from tests.mail.people import holder
from tests.mail.stage import (
    PASSWORD,
    acts_on,
    domain_of,
    emails_in,
    everything,
    find,
    install,
    make,
    receives,
    recipients_of,
    save,
    sql,
    wish,
)
from webmailadmin import database
from webmailadmin.mail import (
    addresses,
    catch_alls,
    holders,
    mailboxes,
    passwords,
    removal,
    removed_domains,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.days import day_of
from webmailadmin.mail.errors import Changed, NotFound, Several
from webmailadmin.mail.errors_of_domains import PostmasterNeedsDestination, PostmasterStays
from webmailadmin.mail.errors_of_mailboxes import MailboxWouldGo, QuotaMalformed
from webmailadmin.mail.errors_of_names import AddressExists, AddressGone, LocalPartCharacters
from webmailadmin.mail.errors_of_passwords import PasswordMissing, PasswordsDiffer
from webmailadmin.mail.errors_of_recipients import RecipientMalformed
from webmailadmin.models import Address, Domain

# Add


def test_an_added_address_is_on_empty_and_receives_nothing_yet(
    bonvenon: Domain, alice: Actor
) -> None:
    address = addresses.add(bonvenon, " Contact@BonVenon.fr ", by=alice)

    assert (address.email, address.local_part) == ("contact@bonvenon.fr", "contact")
    assert (address.enabled, address.receives, address.version) == (True, False, 1)
    assert (mailboxes.of(address), recipients_of(address.email)) == (None, [])
    assert emails_in(bonvenon) == ["contact@bonvenon.fr", "postmaster@bonvenon.fr"]
    truth.check()


def test_adding_an_address_twice_is_refused_and_changes_nothing(
    bonvenon: Domain, alice: Actor
) -> None:
    addresses.add(bonvenon, "contact", by=alice)
    before = everything()

    with pytest.raises(AddressExists) as refusal:
        addresses.add(bonvenon, " Contact ", by=alice)

    assert (refusal.value.field, refusal.value.values) == (
        "local_part",
        {"email": "contact@bonvenon.fr"},
    )
    assert everything() == before
    assert acts_on(bonvenon, "contact@bonvenon.fr") == ["address.added"]


def test_postmaster_exists_already(bonvenon: Domain, alice: Actor) -> None:
    with pytest.raises(AddressExists):
        addresses.add(bonvenon, "Postmaster", by=alice)


def test_a_refused_name_adds_nothing(bonvenon: Domain, alice: Actor) -> None:
    before = everything()

    with pytest.raises(LocalPartCharacters):
        addresses.add(bonvenon, "a%b", by=alice)

    assert everything() == before


def test_the_same_name_may_be_in_two_domains(autre: Domain, alice: Actor) -> None:
    make("contact@autre.fr", by=alice, mailbox=True)
    make("contact@bonvenon.fr", by=alice, recipients=["contact@autre.fr"])

    assert emails_in(autre) == ["contact@autre.fr", "postmaster@autre.fr"]
    truth.check()


def test_an_address_of_a_domain_with_accents_is_stored_in_punycode(alice: Actor) -> None:
    domain = install("été.fr", by=alice)

    assert addresses.add(domain, "ann@ÉTÉ.fr", by=alice).email == "ann@xn--t-9fab.fr"


def test_nothing_is_added_to_a_domain_that_was_removed_meanwhile(
    autre: Domain, alice: Actor
) -> None:
    removed_domains.remove(domain_of("autre.fr"), by=alice)
    before = everything()

    with pytest.raises(NotFound):
        addresses.add(autre, "contact", by=alice)
    install("autre.fr", by=alice)
    with pytest.raises(NotFound):
        addresses.add(autre, "contact", by=alice)

    assert everything()["address"][: len(before["address"])] == before["address"]
    truth.check()


def test_of_two_who_add_the_same_name_at_once_one_is_refused(
    bonvenon: Domain, alice: Actor
) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(4)

    def add() -> None:
        database.connect()
        together.wait()
        try:
            outcomes.append(addresses.add(bonvenon, "contact", by=alice).email)
        except AddressExists as refusal:
            outcomes.append(refusal.code)
        finally:
            database.db.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["address-exists"] * 3 + ["contact@bonvenon.fr"]
    truth.check()


# Find


def test_an_address_is_found_by_its_name(contact: Address, alice: Actor) -> None:
    assert addresses.of(alice, "contact@bonvenon.fr") == contact


@pytest.mark.parametrize(
    "email",
    ["nobody@bonvenon.fr", "contact@nowhere.fr", "", "@", "contact", "contact@", "\0", "' OR 1"],
)
def test_what_does_not_exist_is_not_found(email: str, contact: Address, alice: Actor) -> None:
    with pytest.raises(NotFound):
        addresses.of(alice, email)


def test_nobody_finds_an_address_without_an_account(contact: Address) -> None:
    with pytest.raises(NotFound):
        addresses.of(Actor(Kind.OWNER, 99, "nobody"), contact.email)


def test_a_deleted_address_is_said_to_be_gone_and_until_when_it_can_come_back(
    contact: Address, alice: Actor
) -> None:
    kept = addresses.remove(contact, confirmed=True, by=alice)

    with pytest.raises(AddressGone) as refusal:
        addresses.of(alice, contact.email)

    assert refusal.value.values == {
        "email": contact.email,
        "domain": "bonvenon.fr",
        "until": day_of(kept.until),
    }


def test_a_stranger_is_not_told_that_an_address_is_gone(contact: Address, alice: Actor) -> None:
    addresses.remove(contact, confirmed=True, by=alice)

    with pytest.raises(NotFound):
        addresses.of(Actor(Kind.OWNER, 99, "nobody"), contact.email)


# Save


def test_mailbox_and_recipients_are_saved_at_once(bonvenon: Domain, alice: Actor) -> None:
    addresses.add(bonvenon, "both", by=alice)

    saved = save("both@bonvenon.fr", by=alice, mailbox=True, recipients="Ann <ann@x.org> ANN@x.org")

    box = mailboxes.of(saved.address)
    assert box is not None
    assert (box.quota_mb, passwords.matches(PASSWORD, box.password)) == (1024, True)
    assert recipients_of("both@bonvenon.fr") == ["ann@x.org"]
    assert (saved.doubles, saved.removed, saved.address.version) == (["ann@x.org"], None, 2)
    assert sorted(truth.Postfix().takes("both@bonvenon.fr") or ()) == [
        "ann@x.org",
        "both@bonvenon.fr",
    ]
    truth.check()


def test_adding_a_side_keeps_the_other(contact: Address, alice: Actor) -> None:
    box = mailboxes.of(contact)

    save(contact.email, by=alice, recipients=["far@x.org"])
    assert mailboxes.of(contact) == box

    save(contact.email, by=alice, mailbox=False, may_remove=True)
    assert recipients_of(contact.email) == ["far@x.org"]

    save(contact.email, by=alice, mailbox=True)
    assert recipients_of(contact.email) == ["far@x.org"]

    save(contact.email, by=alice, recipients=[])
    assert mailboxes.of(find(contact.email)) is not None
    truth.check()


def test_switching_off_and_on_keeps_the_rest(contact: Address, alice: Actor) -> None:
    save(contact.email, by=alice, recipients=["far@x.org"])
    before = {table: everything()[table] for table in ("mailbox", "recipient")}

    save(contact.email, by=alice, enabled=False)
    assert sql("SELECT user FROM dovecot_user") == []
    assert receives(contact.email) is False
    save(contact.email, by=alice, enabled=True)

    assert {table: everything()[table] for table in before} == before
    assert acts_on(contact.domain, contact.email)[-2:] == ["address.disabled", "address.enabled"]


def test_a_save_tells_all_that_is_wrong_at_once_and_changes_nothing(
    contact: Address, alice: Actor
) -> None:
    before = everything()

    with pytest.raises(Several) as refusal:
        save(
            contact.email,
            by=alice,
            password="another fine one 27",
            confirmation="a different one 27",
            quota_mb="-1",
            recipients="|cmd a@b@c",
        )

    assert [type(part) for part in refusal.value.parts()] == [
        PasswordsDiffer,
        QuotaMalformed,
        RecipientMalformed,
        RecipientMalformed,
    ]
    assert everything() == before


def test_a_first_mailbox_needs_a_password(bonvenon: Domain, alice: Actor) -> None:
    addresses.add(bonvenon, "a", by=alice)

    with pytest.raises(PasswordMissing) as refusal:
        save("a@bonvenon.fr", by=alice, mailbox=True, password="", confirmation="")

    assert refusal.value.field == "password"


def test_a_confirmation_without_a_password_is_not_overlooked(
    contact: Address, alice: Actor
) -> None:
    with pytest.raises(Exception, match="password-too-short"):
        save(contact.email, by=alice, confirmation=PASSWORD)


def test_what_stands_in_the_part_that_was_not_chosen_is_not_looked_at(
    bonvenon: Domain, alice: Actor
) -> None:
    addresses.add(bonvenon, "a", by=alice)

    save(
        "a@bonvenon.fr",
        by=alice,
        mailbox=False,
        password="x",
        quota_mb="huge",
        recipients="a@x.org",
    )

    assert everything()["mailbox"] == []


def test_a_mailbox_does_not_go_without_the_box_ticked(contact: Address, alice: Actor) -> None:
    before = everything()

    with pytest.raises(MailboxWouldGo) as refusal:
        save(contact.email, by=alice, mailbox=False, recipients=["far@x.org"])

    assert refusal.value.field == "may_remove"
    assert everything() == before


# Two tabs


def test_who_comes_second_is_told_who_was_quicker_and_what_they_did(
    contact: Address, alice: Actor
) -> None:
    bob = Actor(Kind.ADMINISTRATOR, alice.id, "bob")
    old = wish(contact.email, recipients=["far@x.org"])
    save(contact.email, by=bob, quota_mb="5")
    before = everything()

    with pytest.raises(Changed) as refusal:
        addresses.save(find(contact.email), old, by=alice)

    assert refusal.value.values == {
        "email": contact.email,
        "actor": "bob",
        "act": "mailbox.quota",
        "details": '{"old": "1024", "new": "5"}',
    }
    assert everything() == before


def test_somebody_quicker_between_look_and_write_is_noticed(contact: Address, alice: Actor) -> None:
    seen, old = find(contact.email), wish(contact.email, recipients=["far@x.org"])
    save(contact.email, by=alice, enabled=False)
    before = everything()

    with pytest.raises(Changed) as refusal:
        addresses.save(seen, old, by=alice)

    assert refusal.value.values["act"] == "address.disabled"
    assert everything() == before


def test_saving_an_address_that_was_deleted_meanwhile_tells_so(
    bonvenon: Domain, alice: Actor
) -> None:
    seen = make("a@bonvenon.fr", by=alice, recipients=["far@x.org"])
    old = wish("a@bonvenon.fr", recipients=["other@x.org"])
    addresses.remove(find("a@bonvenon.fr"), confirmed=True, by=alice)
    before = everything()

    with pytest.raises(Changed) as refusal:
        addresses.save(seen, old, by=alice)

    assert refusal.value.values["act"] == "address.removed"
    assert everything() == before


@pytest.mark.parametrize(
    "wanted",
    [
        {"mailbox": True, "recipients": ["far@x.org"], "quota_mb": "7"},
        {"mailbox": False, "may_remove": True, "recipients": ["far@x.org"]},
        {"mailbox": False, "may_remove": True},
        {"enabled": False},
        {"password": "another fine one 27", "confirmation": "another fine one 27"},
    ],
)
def test_the_same_form_sent_twice_is_done_once_and_no_error(
    wanted: dict[str, object], contact: Address, alice: Actor
) -> None:
    once = wish(contact.email, **wanted)
    addresses.save(find(contact.email), once, by=alice)
    before = everything()

    again = addresses.save(find(contact.email), once, by=alice)

    assert (again.address.email, again.doubles, again.removed) == (contact.email, [], None)
    assert everything() == before


def test_an_old_page_is_no_place_to_guess_what_a_holder_chose(
    contact: Address, alice: Actor
) -> None:
    """Who set the password knows it; nobody else learns whether theirs is the same."""
    other = "quite another password 31"
    holders.change_password(PASSWORD, other, other, by=holder(contact))
    typed = {"version": contact.version - 1, "password": other, "confirmation": other}
    guess = wish(contact.email, **typed)
    with pytest.raises(Changed):
        addresses.save(find(contact.email), guess, by=alice)

    save(contact.email, by=alice, password=other, confirmation=other)
    assert addresses.save(find(contact.email), guess, by=alice)


@pytest.mark.parametrize(
    "wanted",
    [
        {"recipients": ["other@x.org"]},
        {"recipients": "|cmd"},
        {"enabled": False},
        {"quota_mb": "8"},
        {"quota_mb": "huge"},
        {"mailbox": False, "may_remove": True},
        {"password": "another fine one 27", "confirmation": "another fine one 27"},
    ],
)
def test_another_form_from_an_old_page_is_not_taken_for_the_same(
    wanted: dict[str, object], contact: Address, alice: Actor
) -> None:
    old = wish(contact.email, **wanted)
    save(contact.email, by=alice, quota_mb="7")
    before = everything()

    with pytest.raises(Changed):
        addresses.save(find(contact.email), old, by=alice)

    assert everything() == before


def test_a_new_address_saved_twice_opens_one_mailbox(bonvenon: Domain, alice: Actor) -> None:
    addresses.add(bonvenon, "a", by=alice)
    once = wish("a@bonvenon.fr", mailbox=True)
    addresses.save(find("a@bonvenon.fr"), once, by=alice)

    addresses.save(find("a@bonvenon.fr"), once, by=alice)

    assert len(everything()["mailbox"]) == 1
    truth.check()


# Delete


def test_a_deleted_address_is_gone_for_the_mail_servers_at_once(
    contact: Address, alice: Actor
) -> None:
    save(contact.email, by=alice, recipients=["far@x.org"])

    addresses.remove(find(contact.email), confirmed=True, by=alice)

    assert emails_in(contact.domain) == ["postmaster@bonvenon.fr"]
    assert truth.Postfix().takes(contact.email) is None
    assert sql("SELECT user FROM dovecot_user") == []
    assert sql("SELECT * FROM recipient WHERE email = 'far@x.org'") == []
    truth.check()


def test_an_address_with_a_mailbox_is_not_deleted_unasked(contact: Address, alice: Actor) -> None:
    before = everything()

    with pytest.raises(MailboxWouldGo):
        addresses.remove(contact, confirmed=False, by=alice)

    assert everything() == before


def test_an_alias_is_deleted_at_once(bonvenon: Domain, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, recipients=["far@x.org"])

    kept = addresses.remove(find("a@bonvenon.fr"), confirmed=False, by=alice)

    assert (kept.whole, kept.mailbox_id, kept.recipients) == (True, None, "far@x.org")


def test_an_address_deleted_twice_is_kept_once(contact: Address, alice: Actor) -> None:
    addresses.remove(contact, confirmed=True, by=alice)
    before = everything()

    with pytest.raises(AddressGone):
        addresses.remove(contact, confirmed=True, by=alice)

    assert everything() == before


def test_a_name_that_was_deleted_and_added_meanwhile_is_not_deleted_again(
    contact: Address, alice: Actor
) -> None:
    addresses.remove(find(contact.email), confirmed=True, by=alice)
    make(contact.email, by=alice, mailbox=True)
    before = everything()

    with pytest.raises(AddressGone):
        addresses.remove(contact, confirmed=True, by=alice)

    assert everything() == before


def test_what_is_kept_of_a_deleted_address_is_its_state_at_that_moment(
    contact: Address, alice: Actor
) -> None:
    seen = find(contact.email)
    save(contact.email, by=alice, enabled=False)

    kept = addresses.remove(seen, confirmed=True, by=alice)

    assert removal.restore(kept, by=alice).enabled is False


# postmaster@


def test_postmaster_is_not_deleted(bonvenon: Domain, alice: Actor) -> None:
    before = everything()

    with pytest.raises(PostmasterStays) as refusal:
        addresses.remove(find("postmaster@bonvenon.fr"), confirmed=True, by=alice)

    assert refusal.value.values == {"email": "postmaster@bonvenon.fr"}
    assert everything() == before


@pytest.mark.parametrize(
    "wanted",
    [
        {"enabled": False},
        {"recipients": []},
        {"recipients": ["missing@bonvenon.fr"]},
        {"recipients": ["off@bonvenon.fr"]},
        {"recipients": ["empty@bonvenon.fr", "missing@bonvenon.fr"]},
    ],
)
def test_postmaster_is_neither_switched_off_nor_left_without_a_living_destination(
    wanted: dict[str, object], bonvenon: Domain, alice: Actor
) -> None:
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    make("empty@bonvenon.fr", by=alice)
    before = everything()

    with pytest.raises(PostmasterNeedsDestination) as refusal:
        save("postmaster@bonvenon.fr", by=alice, **wanted)

    assert refusal.value.values == {"email": "postmaster@bonvenon.fr"}
    assert everything() == before


def test_postmaster_becomes_a_mailbox_both_and_an_alias_again(
    bonvenon: Domain, alice: Actor
) -> None:
    save("postmaster@bonvenon.fr", by=alice, mailbox=True, recipients=[])
    assert truth.Postfix().takes("postmaster@bonvenon.fr") == {"postmaster@bonvenon.fr"}

    save("postmaster@bonvenon.fr", by=alice, recipients=["far@x.org"])
    truth.check()

    save("postmaster@bonvenon.fr", by=alice, mailbox=False, may_remove=True)
    assert truth.Postfix().takes("postmaster@bonvenon.fr") == {"far@x.org"}
    truth.check()


def test_postmaster_does_not_lose_its_mailbox_while_that_is_its_only_destination(
    bonvenon: Domain, alice: Actor
) -> None:
    save("postmaster@bonvenon.fr", by=alice, mailbox=True, recipients=[])
    before = everything()

    with pytest.raises(PostmasterNeedsDestination):
        save("postmaster@bonvenon.fr", by=alice, mailbox=False, may_remove=True)

    assert everything() == before


@pytest.mark.parametrize("way", ["straight", "alias", "catch-all", "same name"])
@pytest.mark.parametrize("door", ["delete", "switch off", "empty", "take the mailbox off"])
def test_the_last_address_that_postmaster_leads_to_stays_alive(
    way: str, door: str, contact: Address, autre: Domain, alice: Actor
) -> None:
    if way == "straight":
        save("postmaster@bonvenon.fr", by=alice, recipients=[contact.email])
    if way == "alias":
        make("alias@autre.fr", by=alice, recipients=["contact+tag@bonvenon.fr"])
        save("postmaster@bonvenon.fr", by=alice, recipients=["alias@autre.fr"])
    if way == "catch-all":
        catch_alls.change(autre, catch_alls.CatchAll.ADDRESS, contact.email, "", by=alice)
        save("postmaster@bonvenon.fr", by=alice, recipients=["nobody@autre.fr"])
    if way == "same name":
        catch_alls.change(autre, catch_alls.CatchAll.DOMAIN, "", "bonvenon.fr", by=alice)
        save("postmaster@bonvenon.fr", by=alice, recipients=["contact@autre.fr"])
    if door == "empty":
        save(contact.email, by=alice, mailbox=False, may_remove=True, recipients=["far@x.org"])
    before = everything()

    doors: dict[str, Callable[[], object]] = {
        "delete": lambda: addresses.remove(find(contact.email), confirmed=True, by=alice),
        "switch off": lambda: save(contact.email, by=alice, enabled=False),
        "empty": lambda: save(contact.email, by=alice, recipients=[]),
        "take the mailbox off": lambda: save(
            contact.email, by=alice, mailbox=False, may_remove=True
        ),
    }
    with pytest.raises(PostmasterNeedsDestination) as refusal:
        doors[door]()

    assert refusal.value.values == {"email": "postmaster@bonvenon.fr"}
    assert everything() == before
    save("postmaster@bonvenon.fr", by=alice, recipients=["far@x.org", contact.email])
    addresses.remove(find(contact.email), confirmed=True, by=alice)  # now there is another one
    truth.check()


def test_postmaster_is_no_shield_for_addresses_that_only_look_like_it(
    bonvenon: Domain, alice: Actor
) -> None:
    make("postmaster2@bonvenon.fr", by=alice, recipients=["far@x.org"])

    save("postmaster2@bonvenon.fr", by=alice, enabled=False)
    addresses.remove(find("postmaster2@bonvenon.fr"), confirmed=True, by=alice)

    truth.check()
