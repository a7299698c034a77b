"""Which mailboxes are to be told that they are nearly full, and how often."""

import pytest

from tests.mail.stage import domain_of, find, make, save, sql
from webmailadmin.mail import addresses, domains, removal, removed_domains, usage, warnings
from webmailadmin.mail.actors import Actor
from webmailadmin.models import Address, Mailbox
from webmailadmin.models import Warning as Standing

MB = 2**20
CONTACT = "contact@bonvenon.fr"  # a mailbox of 1024 MB


def uses(megabytes: float, email: str = CONTACT) -> None:
    """Let a mailbox hold so much, as if Dovecot had been asked just now."""
    usage.note(box(email), 1, int(megabytes * MB), None)


def box(email: str = CONTACT) -> Mailbox:
    """Return the mailbox behind an address."""
    found: Mailbox = find(email).boxes[0]
    return found


def due() -> dict[str, int]:
    """Return the marks that are to be told, by address."""
    return {one.email: one.mark for one in warnings.due()}


def tell() -> dict[str, int]:
    """Tell all that is to be told, and return it."""
    told = due()
    for one in warnings.due():
        assert warnings.claim(one, "<new@mail.example>") == "<new@mail.example>"
        warnings.told(one.id, one.mark)
    return told


@pytest.mark.parametrize(
    ("megabytes", "mark"),
    [
        (0, None),
        (819.1, None),
        (819.3, 80),
        (820, 80),
        (972.7, 80),
        (972.9, 95),
        (1023, 95),
    ],
)
def test_the_marks_are_at_80_and_95_percent_of_the_size_limit(
    contact: Address, megabytes: float, mark: int | None
) -> None:
    uses(megabytes)

    assert due() == ({} if mark is None else {CONTACT: mark})


def test_what_is_due_tells_how_full_the_mailbox_is(contact: Address) -> None:
    uses(900)

    (one,) = warnings.due()

    assert one == warnings.Due(
        id=box().id,
        home=box().home,
        email=CONTACT,
        domain="bonvenon.fr",
        language="en",
        bytes=900 * MB,
        quota_mb=1024,
        mark=80,
    )
    assert one.percent == 87


def test_each_mark_is_told_once(contact: Address) -> None:
    uses(900)
    assert [tell(), tell()] == [{CONTACT: 80}, {}]
    uses(950)
    assert tell() == {}
    uses(1000)
    assert [tell(), tell()] == [{CONTACT: 95}, {}]


def test_a_mailbox_that_passes_both_marks_at_once_is_told_the_higher_one(contact: Address) -> None:
    uses(1000)
    assert tell() == {CONTACT: 95}
    uses(900)
    assert tell() == {}


def test_a_mark_that_is_crossed_again_is_told_again(contact: Address) -> None:
    for megabytes, told in ((1000, 95), (900, None), (1000, 95), (100, None), (900, 80)):
        uses(megabytes)
        assert tell() == ({} if told is None else {CONTACT: told}), megabytes


def test_a_larger_size_limit_takes_the_marks_back(contact: Address, alice: Actor) -> None:
    uses(1000)
    tell()

    save(CONTACT, by=alice, quota_mb="2048")
    assert tell() == {}
    assert sql("SELECT warned FROM usage") == [(0,)]

    uses(1700)
    assert tell() == {CONTACT: 80}


def test_a_smaller_size_limit_crosses_the_marks_too(contact: Address, alice: Actor) -> None:
    uses(500)
    assert due() == {}

    save(CONTACT, by=alice, quota_mb="600")

    assert due() == {CONTACT: 80}


@pytest.mark.parametrize("quota_mb", ["0", "1"])
def test_without_a_size_limit_or_without_any_room_nothing_is_told(
    contact: Address, alice: Actor, quota_mb: str
) -> None:
    uses(1000)

    save(CONTACT, by=alice, quota_mb=quota_mb, agreed_quota=quota_mb)

    assert due() == {}


def test_a_full_mailbox_is_told_as_soon_as_the_warning_has_room(contact: Address) -> None:
    uses(1024)
    assert due() == {}
    uses(1024 - 0.001)
    assert due() == {}

    uses(1023.9)
    assert due() == {CONTACT: 95}


def test_a_mailbox_that_was_never_measured_is_not_told(contact: Address) -> None:
    assert due() == {}


def test_what_is_off_is_told_once_it_is_on(contact: Address, alice: Actor) -> None:
    uses(900)
    save(CONTACT, by=alice, enabled=False)
    assert due() == {}
    save(CONTACT, by=alice, enabled=True)
    domains.switch(contact.domain, False, by=alice)
    assert due() == {}
    domains.switch(contact.domain, True, by=alice)
    assert due() == {CONTACT: 80}


def test_what_was_removed_is_not_told_and_remembers_what_it_was(
    contact: Address, alice: Actor
) -> None:
    uses(900)
    kept = addresses.remove(find(CONTACT), confirmed=True, by=alice)
    assert due() == {}
    removal.restore(kept, by=alice)
    assert tell() == {CONTACT: 80}

    removed_domains.remove(domain_of("bonvenon.fr"), by=alice)
    assert due() == {}
    removed_domains.bring_back(contact.domain.id, by=alice)
    assert due() == {}


def test_it_is_told_in_the_language_of_its_domain(contact: Address, alice: Actor) -> None:
    domains.set_language(contact.domain, "fr", by=alice)
    uses(900)

    assert [(one.email, one.language) for one in warnings.due()] == [(CONTACT, "fr")]


def test_many_are_told_in_several_runs(contact: Address, alice: Actor) -> None:
    for number in range(3):
        make(f"ann{number}@bonvenon.fr", by=alice, mailbox=True)
        uses(900, f"ann{number}@bonvenon.fr")
    warnings.AT_ONCE, before = 2, warnings.AT_ONCE
    try:
        assert [len(tell()) for _ in range(3)] == [2, 1, 0]
    finally:
        warnings.AT_ONCE = before


# What is standing


def test_a_claim_that_was_left_standing_keeps_its_message_id(contact: Address) -> None:
    uses(900)
    (one,) = warnings.due()
    assert warnings.standing(one) is None
    warnings.claim(one, "<first@mail.example>")

    assert due() == {CONTACT: 80}
    assert warnings.claim(one, "<second@mail.example>") == "<first@mail.example>"
    standing = warnings.standing(one)
    assert standing is not None
    assert (standing.percent, standing.message_id) == (80, "<first@mail.example>")

    warnings.told(one.id, 80)
    assert (warnings.standing(one), due()) == (None, {})


def test_the_claim_of_the_next_mark_has_a_message_id_of_its_own(contact: Address) -> None:
    uses(900)
    (one,) = warnings.due()
    warnings.claim(one, "<80@mail.example>")
    uses(1000)
    (one,) = warnings.due()

    assert warnings.claim(one, "<95@mail.example>") == "<95@mail.example>"


def test_a_claim_ends_when_the_mailbox_falls_below_its_mark(contact: Address) -> None:
    uses(900)
    (one,) = warnings.due()
    warnings.claim(one, "<old@mail.example>")
    uses(100)
    assert due() == {}
    assert Standing.select().count() == 0
    uses(900)

    assert tell() == {CONTACT: 80}


def test_what_is_no_longer_due_is_not_claimed(contact: Address, alice: Actor) -> None:
    uses(900)
    (one,) = warnings.due()
    save(CONTACT, by=alice, enabled=False)

    assert warnings.claim(one, "<1@mail.example>") is None
    assert Standing.select().count() == 0


def test_a_mark_that_was_told_late_does_not_take_back_a_higher_one(contact: Address) -> None:
    uses(1000)
    tell()

    warnings.told(box().id, 80)

    assert due() == {}
