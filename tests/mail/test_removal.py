"""What was removed comes back whole, until a date; nothing is merged or overwritten."""

from datetime import timedelta
from itertools import count

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
    recipients_of,
    refused,
    save,
    sql,
)
from webmailadmin import settings
from webmailadmin.mail import (
    addresses,
    catch_alls,
    keeping,
    mailboxes,
    passwords,
    removal,
    removed_domains,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_names import (
    AddressGone,
    LocalPartCharacters,
    LocalPartOtherDomain,
    NameTaken,
)
from webmailadmin.mail.errors_of_recipients import TooManySteps
from webmailadmin.models import Address, Domain, Mailbox, Removed, now

LATER = "quite another password 31"
CONTACT = "contact@bonvenon.fr"


def take_off(email: str, *, by: Actor) -> Removed:
    """Turn a mailbox into an alias, or into nothing."""
    kept = save(email, by=by, mailbox=False, may_remove=True).removed
    assert kept is not None
    return kept


def delete(email: str, *, by: Actor) -> Removed:
    """Delete an address."""
    return addresses.remove(find(email), confirmed=True, by=by)


def box_row(email: str) -> list[object]:
    """Return all columns of the mailbox at an address, but for where it is."""
    ((id_, _, *rest),) = sql(
        "SELECT * FROM mailbox WHERE address_id = (SELECT id FROM address WHERE email = ?)", email
    )
    return [id_, *rest]


def expire(kept: Removed) -> None:
    """Let the date pass until which something is kept."""
    Removed.update(until=now()).where(Removed.id == kept.id).execute()


def not_restored(kept: Removed, typed: str = "", *, by: Actor) -> NameTaken:
    """Try a restore whose name is taken; nothing may change."""
    return refused(lambda: removal.restore(kept, typed, by=by), NameTaken)


# A mailbox alone


def test_a_mailbox_taken_off_is_kept_whole_until_a_date(contact: Address, alice: Actor) -> None:
    before = box_row(CONTACT)

    kept = take_off(CONTACT, by=alice)

    assert (kept.whole, kept.email, kept.recipients) == (False, CONTACT, "")
    assert kept.until - kept.removed_at == timedelta(days=30)
    ((id_, address_id, *rest),) = sql("SELECT * FROM mailbox")
    assert ([id_, *rest], address_id) == (before, None)
    assert removal.boxes_of([contact.id]) == {contact.id: kept}
    assert kept_in(contact.domain) == [kept]
    assert acts_on(contact.domain, CONTACT)[-1] == "mailbox.removed"
    truth.check()


def test_how_long_it_is_kept_is_a_setting(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "current", settings.Settings(restore_days=3))

    kept = take_off(CONTACT, by=alice)

    assert kept.until - kept.removed_at == timedelta(days=3)


def test_each_kind_is_kept_for_its_days_to_the_second_though_seconds_go_by(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("info@bonvenon.fr", by=alice, mailbox=True)
    catch_all("bonvenon.fr", "ann@x.org", by=alice)
    start, seconds = now() + timedelta(hours=1), count()
    for module in (catch_alls, keeping, mailboxes, removed_domains):
        monkeypatch.setattr(module, "now", lambda: start + timedelta(seconds=next(seconds)))

    catch_all("bonvenon.fr", "", by=alice)
    take_off(CONTACT, by=alice)
    delete("info@bonvenon.fr", by=alice)
    removed_domains.remove(contact.domain, by=alice)

    rows = sql("SELECT kind, with_domain, until - removed_at FROM removed ORDER BY id")
    month = timedelta(days=30).total_seconds()
    assert rows == [
        ("catch-all", 0, month),
        ("mailbox", 0, month),
        ("address", 0, month),
        ("address", 1, month),
        ("address", 1, month),
    ]
    assert sql("SELECT removed_at FROM domain WHERE removed_at IS NOT NULL") == sql(
        "SELECT DISTINCT removed_at FROM removed WHERE with_domain"
    )


def test_a_mailbox_comes_back_to_its_address_untouched(contact: Address, alice: Actor) -> None:
    before = box_row(CONTACT)
    kept = take_off(CONTACT, by=alice)
    save(CONTACT, by=alice, recipients=["far@x.org"], enabled=False)
    version = find(CONTACT).version

    back = removal.restore(kept, by=alice)

    assert box_row(CONTACT) == before
    assert (back.id, back.enabled, back.version) == (contact.id, False, version + 1)
    assert recipients_of(CONTACT) == ["far@x.org"]
    assert kept_in(contact.domain) == []
    assert acts_on(contact.domain, CONTACT)[-1] == "mailbox.restored"
    truth.check()


def test_a_mailbox_does_not_come_back_to_an_address_that_has_another_one(
    contact: Address, alice: Actor
) -> None:
    old = box_row(CONTACT)
    kept = take_off(CONTACT, by=alice)
    save(CONTACT, by=alice, mailbox=True, password=LATER, confirmation=LATER)
    new = box_row(CONTACT)
    assert removal.proposed_name(kept) == "contact-old"

    refusal = not_restored(kept, by=alice)
    assert refusal.values == {"email": CONTACT, "proposal": "contact-old"}
    back = removal.restore(kept, "contact-old", by=alice)

    assert back.email == "contact-old@bonvenon.fr"
    assert (box_row(CONTACT), box_row(back.email)) == (new, old)
    assert acts_on(contact.domain, CONTACT)[-1] == "address.restored-as"
    assert acts_on(contact.domain, back.email) == ["mailbox.restored"]
    truth.check()


def test_a_taken_off_mailbox_whose_address_was_deleted_later_comes_back_with_a_new_address(
    contact: Address, alice: Actor
) -> None:
    old = box_row(CONTACT)
    box = take_off(CONTACT, by=alice)
    save(CONTACT, by=alice, recipients=["far@x.org"])
    delete(CONTACT, by=alice)
    assert removal.proposed_name(box) == "contact"

    back = removal.restore(box, by=alice)

    assert (back.email, box_row(CONTACT), recipients_of(CONTACT)) == (CONTACT, old, [])
    assert back.id != contact.id
    truth.check()


def test_a_taken_off_mailbox_finds_its_address_again_after_that_came_back(
    contact: Address, alice: Actor
) -> None:
    old = box_row(CONTACT)
    box = take_off(CONTACT, by=alice)
    save(CONTACT, by=alice, recipients=["far@x.org"])
    whole = delete(CONTACT, by=alice)
    back = removal.restore(whole, by=alice)
    assert back.id == contact.id
    assert removal.boxes_of([back.id]) == {back.id: box}

    removal.restore(box, by=alice)

    assert (box_row(CONTACT), recipients_of(CONTACT)) == (old, ["far@x.org"])
    truth.check()


def test_each_of_several_mailboxes_of_one_address_comes_back_on_its_own(
    contact: Address, alice: Actor
) -> None:
    rows, kept = [], []
    for _ in range(3):
        rows.append(box_row(CONTACT))
        kept.append(take_off(CONTACT, by=alice))
        save(CONTACT, by=alice, mailbox=True, password=LATER, confirmation=LATER)
    assert [row.id for row in kept_in(contact.domain)] == [row.id for row in kept[::-1]]
    assert removal.boxes_of([contact.id]) == {contact.id: kept[-1]}

    names = []
    for row in kept:
        names.append(not_restored(row, by=alice).values["proposal"])
        removal.restore(row, str(names[-1]), by=alice)

    assert names == ["contact-old", "contact-old-2", "contact-old-3"]
    assert [box_row(f"{name}@bonvenon.fr") for name in names] == rows
    truth.check()


# A whole address


def test_a_deleted_address_comes_back_whole(contact: Address, alice: Actor) -> None:
    save(CONTACT, by=alice, recipients=["z@x.org", "a+tag@x.org", "m@été.fr"], enabled=False)
    make("near@bonvenon.fr", by=alice, recipients=[CONTACT])
    before = {table: everything()[table] for table in ("mailbox", "recipient")}
    address = find(CONTACT)

    kept = delete(CONTACT, by=alice)
    assert kept.recipients == "z@x.org\na+tag@x.org\nm@xn--t-9fab.fr"
    back = removal.restore(kept, by=alice)

    assert everything()["mailbox"] == before["mailbox"]
    assert recipients_of(CONTACT) == ["z@x.org", "a+tag@x.org", "m@xn--t-9fab.fr"]
    assert (back.id, back.enabled, back.created_at.year) == (address.id, False, now().year)
    assert back.version > address.version
    assert kept_in(contact.domain) == []
    assert "address.restored" in acts_on(contact.domain, CONTACT)
    truth.check()


def test_an_empty_address_and_an_alias_come_back_too(bonvenon: Domain, alice: Actor) -> None:
    make("empty@bonvenon.fr", by=alice)
    make("alias@bonvenon.fr", by=alice, recipients=["far@x.org"])

    for email in ("empty@bonvenon.fr", "alias@bonvenon.fr"):
        removal.restore(delete(email, by=alice), by=alice)

    assert recipients_of("alias@bonvenon.fr") == ["far@x.org"]
    assert kept_in(bonvenon) == []
    truth.check()


def test_a_form_from_before_the_deletion_does_not_change_what_came_back(
    contact: Address, alice: Actor
) -> None:
    version = contact.version

    back = removal.restore(delete(CONTACT, by=alice), by=alice)

    assert back.version > version


def test_a_name_taken_in_the_meantime_stays_with_the_new_one(
    contact: Address, alice: Actor
) -> None:
    old = box_row(CONTACT)
    save(CONTACT, by=alice, recipients=["old@x.org"])
    kept = delete(CONTACT, by=alice)
    make(CONTACT, by=alice, mailbox=True, recipients=["new@x.org"])
    new = box_row(CONTACT)
    assert new[1:] != old[1:]
    assert removal.proposed_name(kept) == "contact-old"

    refusal = not_restored(kept, by=alice)
    assert refusal.values == {"email": CONTACT, "proposal": "contact-old"}
    back = removal.restore(kept, " Contact-Old@bonvenon.fr", by=alice)

    assert (box_row(CONTACT), recipients_of(CONTACT)) == (new, ["new@x.org"])
    assert (box_row(back.email), recipients_of(back.email)) == (old, ["old@x.org"])
    assert acts_on(contact.domain, CONTACT)[-1] == "address.restored-as"
    assert acts_on(contact.domain, back.email) == ["address.restored", "recipients.added"]
    truth.check()


def test_a_free_name_is_proposed_however_many_are_taken(contact: Address, alice: Actor) -> None:
    kept = delete(CONTACT, by=alice)
    for name in ("contact", "contact-old", "contact-old-2", "contact-old-4"):
        make(f"{name}@bonvenon.fr", by=alice)

    assert removal.proposed_name(kept) == "contact-old-3"
    assert not_restored(kept, "contact-old", by=alice).values == {
        "email": "contact-old@bonvenon.fr",
        "proposal": "contact-old-3",
    }


def test_the_proposal_for_a_long_name_is_a_name(bonvenon: Domain, alice: Actor) -> None:
    email = "x" * 64 + "@bonvenon.fr"
    make(email, by=alice, recipients=["far@x.org"])
    kept = delete(email, by=alice)
    make(email, by=alice)

    proposal = removal.proposed_name(kept)

    assert len(proposal) <= 64
    assert removal.restore(kept, proposal, by=alice).local_part == proposal


def test_an_address_may_come_back_under_another_name_although_its_own_is_free(
    contact: Address, alice: Actor
) -> None:
    kept = delete(CONTACT, by=alice)

    back = removal.restore(kept, "archive", by=alice)

    assert emails_in(contact.domain) == ["archive@bonvenon.fr", "postmaster@bonvenon.fr"]
    assert back.id == contact.id
    truth.check()


@pytest.mark.parametrize(
    ("typed", "refusal"), [("a%b", LocalPartCharacters), ("a@other.fr", LocalPartOtherDomain)]
)
def test_a_bad_name_for_the_restore_is_refused(
    typed: str, refusal: type[Exception], contact: Address, alice: Actor
) -> None:
    kept = delete(CONTACT, by=alice)
    before = everything()

    with pytest.raises(refusal):
        removal.restore(kept, typed, by=alice)

    assert everything() == before


def test_what_would_be_redirected_too_far_does_not_come_back(
    bonvenon: Domain, alice: Actor
) -> None:
    for number in range(10, 0, -1):
        to = f"a{number + 1}@bonvenon.fr" if number < 10 else "end@x.org"
        make(f"a{number}@bonvenon.fr", by=alice, recipients=[to])
    kept = delete("a10@bonvenon.fr", by=alice)
    make("b@bonvenon.fr", by=alice, recipients=["a1@bonvenon.fr"])
    before = everything()

    with pytest.raises(TooManySteps):
        removal.restore(kept, by=alice)

    assert everything() == before


# Once, and in time


def test_nothing_comes_back_twice(contact: Address, alice: Actor) -> None:
    for take in (take_off, delete):
        kept = take(CONTACT, by=alice)
        removal.restore(kept, by=alice)
        before = everything()

        with pytest.raises(NotFound):
            removal.restore(kept, by=alice)

        assert everything() == before


def test_nothing_can_be_brought_back_after_the_date(contact: Address, alice: Actor) -> None:
    box, whole = take_off(CONTACT, by=alice), delete(CONTACT, by=alice)
    assert removal.of(contact.domain, box.id, by=COMMAND_LINE) == box

    for kept in (box, whole):
        expire(kept)
        with pytest.raises(NotFound):
            removal.of(contact.domain, kept.id, by=COMMAND_LINE)

    assert kept_in(contact.domain) == []
    assert removal.boxes_of([contact.id]) == {}
    assert removal.last_of(contact.domain, CONTACT, by=COMMAND_LINE) is None
    with pytest.raises(NotFound):
        addresses.of(alice, CONTACT)


def test_a_page_left_open_past_the_date_brings_nothing_back(contact: Address, alice: Actor) -> None:
    kept = removal.of(contact.domain, delete(CONTACT, by=alice).id, by=alice)
    expire(kept)
    before = everything()

    with pytest.raises(NotFound):
        removal.restore(kept, by=alice)

    assert everything() == before


def test_the_latest_of_several_deletions_is_the_one_that_is_spoken_of(
    contact: Address, alice: Actor
) -> None:
    delete(CONTACT, by=alice)
    make(CONTACT, by=alice, recipients=["far@x.org"])
    second = delete(CONTACT, by=alice)

    assert removal.last_of(contact.domain, CONTACT, by=COMMAND_LINE) == second
    with pytest.raises(AddressGone):
        addresses.of(alice, CONTACT)


@pytest.mark.parametrize("id_", [0, -1, 10**6, 2**63 - 1, 2**63, 10**100])
def test_a_number_typed_by_hand_finds_nothing(id_: int, contact: Address, alice: Actor) -> None:
    delete(CONTACT, by=alice)

    with pytest.raises(NotFound):
        removal.of(contact.domain, id_, by=COMMAND_LINE)


def test_what_was_removed_from_one_domain_is_not_found_in_another(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    kept = delete(CONTACT, by=alice)

    with pytest.raises(NotFound):
        removal.of(autre, kept.id, by=COMMAND_LINE)
    assert kept_in(autre) == []


def test_nothing_comes_back_to_a_domain_that_was_removed(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    kept = delete(CONTACT, by=alice)
    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    before = everything()

    with pytest.raises(NotFound):
        removal.restore(kept, by=alice)

    assert everything() == before


def test_a_domain_installed_anew_brings_nothing_of_its_former_life(
    contact: Address, alice: Actor
) -> None:
    delete(CONTACT, by=alice)
    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)

    again = install("bonvenon.fr", by=alice)

    assert kept_in(again) == []
    assert removal.last_of(again, CONTACT, by=COMMAND_LINE) is None
    assert acts_on(again) == ["domain.installed", "recipients.added"]
    with pytest.raises(NotFound):
        addresses.of(alice, CONTACT)
    truth.check()


def test_nothing_is_merged_into_a_new_mailbox(contact: Address, alice: Actor) -> None:
    old = mailboxes.of(contact)
    assert old is not None
    delete(CONTACT, by=alice)

    make(CONTACT, by=alice, mailbox=True, password=LATER, confirmation=LATER)

    new = mailboxes.of(find(CONTACT))
    assert new is not None
    assert new.home != old.home
    assert passwords.matches(LATER, new.password)
    assert Mailbox.get_by_id(old.id).home == old.home
    assert removal.boxes_of([find(CONTACT).id]) == {}
