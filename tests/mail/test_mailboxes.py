"""Mailboxes: size limits, passwords, homes, and what Dovecot sees of them."""

import re

import bcrypt
import pytest

from tests.mail import truth
from tests.mail.stage import PASSWORD, acts_on, everything, find, make, save, sql
from webmailadmin import settings
from webmailadmin.mail import addresses, mailboxes, passwords
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_mailboxes import QuotaMalformed, QuotaTooLarge
from webmailadmin.mail.errors_of_passwords import (
    PasswordIsAddress,
    PasswordTooLong,
    PasswordTooShort,
)
from webmailadmin.models import Address, Domain, Mailbox

OTHER = "quite another password 31"

# Size limits


@pytest.mark.parametrize(
    ("typed", "megabytes"),
    [
        ("0", 0),
        ("1024", 1024),
        (" 1 024 ", 1024),
        ("1\u00a0024", 1024),
        ("1\u202f024", 1024),
        ("007", 7),
        ("2147483648", 2**31),
    ],
)
def test_a_size_limit_is_a_whole_number_of_megabytes(typed: str, megabytes: int) -> None:
    assert mailboxes.read_quota(typed) == megabytes


@pytest.mark.parametrize(
    "typed",
    ["", " ", "-1", "+1", "1.5", "1,5", "1e3", "0x10", "ten", "１２", "٣", "²", "1 GB", "1\0", "∞"],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(QuotaMalformed) as refusal:
        mailboxes.read_quota(typed)

    assert refusal.value.field == "quota_mb"


@pytest.mark.parametrize("typed", ["2147483649", "9" * 11, "9" * 100_000])
def test_a_huge_size_limit_is_refused(typed: str) -> None:
    with pytest.raises(QuotaTooLarge) as refusal:
        mailboxes.read_quota(typed)

    assert (refusal.value.field, refusal.value.values) == ("quota_mb", {"most": 2**31})


def test_the_size_limit_reaches_dovecot_and_the_journal(contact: Address, alice: Actor) -> None:
    save(contact.email, by=alice, quota_mb="5")
    save(contact.email, by=alice, quota_mb="0")

    assert sql("SELECT user, quota_mb FROM dovecot_user") == [(contact.email, 0)]
    told = [row[-2] for row in everything()["journal"] if row[4] == "mailbox.quota"]
    assert told == ['{"old": "1024", "new": "5"}', '{"old": "5", "new": "0"}']


def test_an_unlimited_mailbox_is_told_as_such(bonvenon: Domain, alice: Actor) -> None:
    make("a@bonvenon.fr", by=alice, mailbox=True, quota_mb="0")

    assert acts_on(bonvenon, "a@bonvenon.fr") == ["address.added", "mailbox.opened-unlimited"]


# Passwords


def test_dovecot_gets_a_bcrypt_hash_that_python_and_dovecot_read(contact: Address) -> None:
    ((password,),) = sql("SELECT password FROM dovecot_user")

    assert re.fullmatch(r"\$2b\$04\$[./A-Za-z0-9]{53}", password)
    assert bcrypt.checkpw(PASSWORD.encode(), password.encode())


def test_an_empty_password_keeps_the_present_one(contact: Address, alice: Actor) -> None:
    before = mailboxes.of(contact)

    save(contact.email, by=alice, quota_mb="5")

    after = mailboxes.of(contact)
    assert before is not None
    assert after is not None
    assert after.password == before.password


def test_a_new_password_replaces_the_old_one_and_nothing_else(
    contact: Address, alice: Actor
) -> None:
    before = everything()["mailbox"]

    save(contact.email, by=alice, password=OTHER, confirmation=OTHER)

    after = everything()["mailbox"]
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    box = mailboxes.of(contact)
    assert box is not None
    assert (passwords.matches(OTHER, box.password), passwords.matches(PASSWORD, box.password)) == (
        True,
        False,
    )
    assert acts_on(contact.domain, contact.email)[-1] == "mailbox.password"


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("short one 1", PasswordTooShort),
        ("x" * 73, PasswordTooLong),
        ("contact@bonvenon.fr", PasswordIsAddress),
    ],
)
def test_a_bad_password_changes_nothing(
    password: str, refusal: type[Exception], contact: Address, alice: Actor
) -> None:
    before = everything()

    with pytest.raises(refusal):
        save(contact.email, by=alice, password=password, confirmation=password, quota_mb="5")

    assert everything() == before


def test_no_password_is_ever_stored_or_told(contact: Address, alice: Actor) -> None:
    save(contact.email, by=alice, password=OTHER, confirmation=OTHER)

    assert PASSWORD not in str(everything())
    assert OTHER not in str(everything())
    assert str(everything()["journal"]).count("$2b$") == 0


def test_the_least_length_is_a_setting(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        settings, "current", settings.Settings(mailbox_bcrypt_cost=4, mailbox_password_length=20)
    )

    with pytest.raises(PasswordTooShort) as refusal:
        save(contact.email, by=alice, password="kx7qp2vm9tr w", confirmation="kx7qp2vm9tr w")

    assert refusal.value.values == {"least": 20, "length": 13}


# Homes


def test_a_home_is_random_and_tells_nothing_of_its_address(contact: Address) -> None:
    box = mailboxes.of(contact)

    assert box is not None
    assert re.fullmatch(r"[0-9a-f]{32}", box.home)


def test_a_new_mailbox_never_has_an_old_home(contact: Address, alice: Actor) -> None:
    for _ in range(3):
        save(contact.email, by=alice, mailbox=False, may_remove=True)
        save(contact.email, by=alice, mailbox=True)
    addresses.remove(find(contact.email), confirmed=True, by=alice)
    make(contact.email, by=alice, mailbox=True)

    homes = [box.home for box in Mailbox.select()]
    assert len(homes) == len(set(homes)) == 5
    truth.check()


def test_a_saved_mailbox_keeps_its_home(contact: Address, alice: Actor) -> None:
    before = [box.home for box in Mailbox.select()]

    save(contact.email, by=alice, password=OTHER, confirmation=OTHER, recipients=["far@x.org"])
    save(contact.email, by=alice, enabled=False)

    assert [box.home for box in Mailbox.select()] == before


# What Dovecot sees


def test_only_living_mailboxes_that_are_on_may_log_in(contact: Address, alice: Actor) -> None:
    make("alias@bonvenon.fr", by=alice, recipients=["far@x.org"])
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)
    make("taken@bonvenon.fr", by=alice, mailbox=True)
    save("taken@bonvenon.fr", by=alice, mailbox=False, may_remove=True)
    make("gone@bonvenon.fr", by=alice, mailbox=True)
    addresses.remove(find("gone@bonvenon.fr"), confirmed=True, by=alice)

    assert sql("SELECT user FROM dovecot_user") == [(contact.email,)]
    truth.check()
