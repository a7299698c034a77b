"""Passwords: what is allowed, what bcrypt sees of them, what a check costs."""

import re
import time

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webmailadmin import settings as ours
from webmailadmin.mail import accounts, common, mailboxes, passwords
from webmailadmin.mail.errors import Refusal
from webmailadmin.mail.errors_of_passwords import (
    PasswordCommon,
    PasswordControl,
    PasswordGuessable,
    PasswordIsAddress,
    PasswordsDiffer,
    PasswordTooLong,
    PasswordTooShort,
)

GOOD = "a fine long password 27"
ABOUT = "contact@bonvenon.fr"


def check(password: str, confirmation: str | None = None, about: str = ABOUT) -> None:
    """Check a mailbox's password as the editor does."""
    passwords.check(
        password, password if confirmation is None else confirmation, least=12, about=about
    )


def refusal_of(password: str, confirmation: str | None = None, about: str = ABOUT) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        check(password, confirmation, about)
    return refusal.value


# What is allowed


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "quatre mots bien choisis",
        "Tr0ub4dor&3 zzz",
        "пароль длинный и хороший",
        "🐢 lent mais sûr 🐇 vite",
        "  spaces at both ends  ",
        '"quotes"\\and%s;--',
        "kx7qp2vm9trw",
        "kx7 qp2 vm9 trw " * 4 + "kx7qp2vm",
    ],
)
def test_long_uncommon_passwords_are_allowed(password: str) -> None:
    check(password)


def test_the_shortest_allowed_counts_characters_not_bytes() -> None:
    assert type(refusal_of("éèàùçôîûâ")) is PasswordTooShort
    check("kx7éqpèvm9à2")


def test_a_short_password_is_told_both_lengths() -> None:
    refusal = refusal_of("kx7qp2vm9tr")

    assert (type(refusal), refusal.field) == (PasswordTooShort, "password")
    assert refusal.values == {"least": 12, "length": 11}


def test_72_bytes_are_allowed_and_73_are_not() -> None:
    password = "kx7 qp2 vm9 trw " * 4 + "kx7qp2vm"
    assert len(password) == 72
    check(password)

    refusal = refusal_of(password + "x")

    assert (type(refusal), refusal.values) == (PasswordTooLong, {"length": 73})


def test_bytes_are_counted_after_letters_and_accents_are_joined() -> None:
    joined = "kx7qp2vm9trw " + "é" * 29  # 71 bytes
    apart = joined.replace("é", "e\u0301")  # 100 bytes, the same text
    check(joined)
    check(apart)
    check(apart, joined)

    assert refusal_of("é" * 37).values == {"length": 74}


def test_a_huge_password_is_refused_at_once() -> None:
    began = time.process_time()

    assert type(refusal_of("x" * 500_000)) is PasswordTooLong

    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "sign",
    [
        "\0",
        "\t",
        "\n",
        "\r",
        "\x1b",
        "\x7f",
        "\x9b",
        "\u200b",
        "\u202e",
        "\u2028",
        "\ufeff",
        "\ud800",
    ],
)
def test_control_and_invisible_characters_are_refused(sign: str) -> None:
    assert type(refusal_of(GOOD + sign)) is PasswordControl
    assert type(refusal_of(sign + GOOD)) is PasswordControl


def test_the_confirmation_must_be_the_same() -> None:
    refusal = refusal_of(GOOD, GOOD + " ")

    assert (type(refusal), refusal.field) == (PasswordsDiffer, "confirmation")
    assert type(refusal_of(GOOD, "")) is PasswordsDiffer


@pytest.mark.parametrize(
    ("password", "about"),
    [
        ("contact@bonvenon.fr", ABOUT),
        ("Contact@BonVenon.FR", ABOUT),
        ("contactbonvenon.fr", ABOUT),
        ("long-domain-name.fr", "a@long-domain-name.fr"),
        ("long-domain-name", "a@long-domain-name.fr"),
        ("a-very-long-name", "a-very-long-name@x.fr"),
        ("contact@événement.fr", "contact@xn--vnement-9xab.fr"),
        ("contact@xn--vnement-9xab.fr", "contact@xn--vnement-9xab.fr"),
        ("événement.fr", "contact@xn--vnement-9xab.fr"),
        ("administrator-one", "administrator-one"),
    ],
)
def test_the_address_and_its_parts_are_no_password(password: str, about: str) -> None:
    refusal = refusal_of(password, about=about)

    assert (type(refusal), refusal.field) == (PasswordIsAddress, "password")


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaa", "abcabcabcabc"),
        *("motdepasse12", "azertyuiop12", "azerty123456", "webmailadmin1", "contactcontact"),
        "é" * 36,
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert type(refusal_of(password)) in (PasswordGuessable, PasswordCommon)


@pytest.mark.parametrize(
    "password", ["quizilbach2026", "zyxomatic.fr1", "Quizilbach@zyxomatic.fr1"]
)
def test_a_name_that_no_list_knows_is_tried_first_with_its_own_address(password: str) -> None:
    check(password)
    refusal = refusal_of(password, about="quizilbach@zyxomatic.fr")
    assert type(refusal) is PasswordGuessable


# Stolen and common ones


def test_the_list_holds_many_passwords_of_the_lengths_that_are_allowed() -> None:
    listed = common.known()

    assert len(listed) > 10_000
    assert min(map(len, listed)) == 8
    assert all(entry == entry.casefold() and len(entry.encode()) <= 72 for entry in listed)


def test_each_password_of_the_list_is_refused_whatever_its_case() -> None:
    for entry in common.known():
        assert common.is_common(entry), entry
        assert common.is_common(entry.upper()), entry


@pytest.mark.parametrize("least", [8, 12])
def test_a_listed_password_is_refused_in_its_own_words(least: int) -> None:
    longest = sorted(entry for entry in common.known() if len(entry) >= 12)
    assert len(longest) > 300
    for entry in longest[::25]:
        with pytest.raises(PasswordCommon) as refusal:
            passwords.check(entry, entry, least=least, about=ABOUT)
        assert (refusal.value.code, refusal.value.field) == ("password-common", "password")


@pytest.mark.parametrize(
    "password",
    [
        "sunshine2024",
        "Sunshine2024!",
        "SUNSHINE-1987",
        "Liverpool123!",
        "princess 2026",
        "starwars!!!!",
        "liverpool201724",
        "nokia5130 !!!",  # listed with its figures
    ],
)
def test_figures_and_signs_behind_a_common_word_do_not_help(password: str) -> None:
    assert type(refusal_of(password)) is PasswordCommon


@pytest.mark.parametrize(
    "password", ["sunshine 492057183", "over sunshine valley", "sunshinéé-2024"]
)
def test_what_only_holds_a_common_word_is_judged_like_any_text(password: str) -> None:
    check(password)


def test_an_account_and_a_mailbox_are_refused_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = next(entry for entry in sorted(common.known()) if len(entry) >= 15)

    with pytest.raises(PasswordCommon):
        accounts.check_password(entry, entry, "alice")
    with pytest.raises(PasswordCommon):
        passwords.check(entry, entry, least=12, about=ABOUT)


def test_a_generated_password_is_never_on_the_list() -> None:
    assert not any(common.is_common(passwords.generated()) for _ in range(2000))


def test_looking_a_password_up_takes_no_time() -> None:
    common.known()
    began = time.process_time()

    for number in range(1000):
        common.is_common(f"a fine long password {number}")

    assert time.process_time() - began < 0.2


def test_generated_passwords_pass_every_check_and_never_repeat() -> None:
    made = {passwords.generated() for _ in range(50)}

    assert len(made) == 50
    for password in made:
        assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
        assert not set(password) & set("01iol")
        passwords.check(password, password, least=15, about=ABOUT)


# Hashes


def test_a_hash_is_bcrypt_at_the_cost_that_was_asked_for() -> None:
    first, second = passwords.hashed(GOOD, 4), passwords.hashed(GOOD, 5)

    assert (first[:7], second[:7]) == ("$2b$04$", "$2b$05$")
    assert first != passwords.hashed(GOOD, 4)


def test_the_real_costs_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "current", ours.Settings())

    assert mailboxes.hashed(GOOD)[:7] == "$2b$10$"
    assert passwords.dummy_hash(12)[:7] == "$2b$12$"
    assert passwords.matches(GOOD, passwords.hashed(GOOD, 12))
    assert not passwords.matches(GOOD, passwords.dummy_hash(12))


def test_the_same_text_in_other_bytes_opens_the_hash() -> None:
    hash_ = passwords.hashed("déjà vu à l’été", 4)

    assert passwords.matches("de\u0301ja\u0300 vu a\u0300 l’e\u0301te\u0301", hash_)
    assert bcrypt.checkpw("déjà vu à l’été".encode(), hash_.encode())


def test_what_bcrypt_would_cut_off_counts() -> None:
    hash_ = passwords.hashed("a" * 72, 4)

    assert passwords.matches("a" * 72, hash_)
    assert not passwords.matches("a" * 73, hash_)
    assert not passwords.matches("a" * 72 + "\0", hash_)
    assert not passwords.matches("a" * 71, hash_)


@pytest.mark.parametrize("typed", ["", "\0", "a\0b", "\ud800", "x" * 1_000_000, "é" * 40, "\u202e"])
def test_what_nobody_could_have_as_a_password_is_only_wrong(typed: str) -> None:
    assert passwords.matches(typed, passwords.dummy_hash(4)[:4] + "04$" + "." * 53) is False
    assert passwords.matches(typed, passwords.hashed(GOOD, 4)) is False


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=80))
def test_a_check_never_raises_whatever_is_typed(typed: str) -> None:
    assert passwords.matches(typed, HASH) is False


HASH = passwords.hashed(GOOD, 4)
