"""Names of addresses and domains: what is understood, what is refused, in which words."""

import pytest

from webmailadmin.mail import names
from webmailadmin.mail.errors import Refusal
from webmailadmin.mail.errors_of_domains import DomainNameMalformed, DomainNameMissing
from webmailadmin.mail.errors_of_names import (
    AddressTooLong,
    LocalPartAccented,
    LocalPartCharacters,
    LocalPartDots,
    LocalPartEdges,
    LocalPartInvisible,
    LocalPartMissing,
    LocalPartOtherDomain,
    LocalPartSubAddress,
    LocalPartTooLong,
)

HERE = "bonvenon.fr"
ACCENTED = "xn--t-9fab.fr"  # été.fr
MIXED = "xn--bnvenon-9ig.fr"  # bonvenon.fr with a Cyrillic о

# Local parts


@pytest.mark.parametrize(
    "typed",
    [
        "contact",
        "  contact\t",
        "CONTACT",
        "contact@",
        "contact@bonvenon.fr",
        "Contact@BONVENON.fr",
        "contact@bonvenon.fr.",
        "Ann Durand <contact@bonvenon.fr>",
        "<contact>",
    ],
)
def test_a_name_is_understood_however_it_is_typed_or_pasted(typed: str) -> None:
    assert names.local_part(typed, HERE) == "contact"


@pytest.mark.parametrize("typed", ["contact@été.fr", "contact@ÉTÉ.fr", "contact@xn--t-9fab.fr"])
def test_a_whole_address_is_of_this_domain_with_accents_and_as_punycode(typed: str) -> None:
    assert names.local_part(typed, ACCENTED) == "contact"


@pytest.mark.parametrize("name", ["a", "7", "a.b-c_d", "ann--durand", "a_.b", "x" * 64])
def test_letters_figures_dots_hyphens_and_underscores_make_a_name(name: str) -> None:
    assert names.local_part(name, HERE) == name


def refusal_of(typed: str) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        names.local_part(typed, HERE)
    assert refusal.value.field == "local_part"
    return refusal.value


@pytest.mark.parametrize("typed", ["", "   ", "\n", "@", "@bonvenon.fr", "<>", "<@bonvenon.fr>"])
def test_nothing_before_the_at_sign_is_said_to_be_missing(typed: str) -> None:
    assert type(refusal_of(typed)) is LocalPartMissing


@pytest.mark.parametrize(
    ("typed", "domain", "name"),
    [
        ("contact@other.fr", "other.fr", "other.fr"),
        ("contact@été.fr", "été.fr", ACCENTED),
        ("contact@xn--t-9fab.fr", "été.fr", ACCENTED),
        ("contact@bonvenon", "bonvenon", ""),
        ("contact@bonvenon.fr.evil.org", "bonvenon.fr.evil.org", "bonvenon.fr.evil.org"),
        ("contact@b\u043envenon.fr", MIXED, MIXED),
        ("contact@a b", "a b", ""),
    ],
)
def test_an_address_of_another_domain_is_refused_and_its_domain_named(
    typed: str, domain: str, name: str
) -> None:
    refusal = refusal_of(typed)

    assert type(refusal) is LocalPartOtherDomain
    assert refusal.values == {"domain": domain, "here": HERE, "name": name}


@pytest.mark.parametrize("sign", list("%!'\"\\,;:/|#$&*?^`{}~=()[] @"))
def test_a_sign_that_means_something_to_a_mail_server_is_refused_by_name(sign: str) -> None:
    refusal = refusal_of(f"a{sign}b@bonvenon.fr")

    assert type(refusal) is LocalPartCharacters
    assert refusal.values == {"characters": "␣" if sign == " " else sign}


@pytest.mark.parametrize(
    ("typed", "characters"),
    [
        ("|cmd", "|"),
        ("/file", "/"),
        (":include:x", ":"),
        ("a@b@c", "@"),
        ("a@b@bonvenon.fr", "@"),
        ("<<contact>>", "< >"),
        ("a b!%", "␣ ! %"),
        ("+b", "+"),
        ("сontact", "с"),  # CYRILLIC ES
        ("ſam", "ſ"),  # LATIN SMALL LETTER LONG S: lower-cased it stays, upper-cased it is S
        ("ｃontact", "ｃ"),  # FULLWIDTH
        ("Ꭺnn", "Ꭺ"),  # CHEROKEE, lower-cased to another plane
        ("日本", "日 本"),
    ],
)
def test_each_sign_that_cannot_stand_is_named(typed: str, characters: str) -> None:
    refusal = refusal_of(typed)

    assert (type(refusal), refusal.values["characters"]) == (LocalPartCharacters, characters)


@pytest.mark.parametrize(
    ("typed", "proposal"),
    [
        ("rené", "rene"),
        ("rene\u0301", "rene"),
        ("Œuvre", "oeuvre"),
        ("straße", "strasse"),
        ("\u212aate", "kate"),  # KELVIN SIGN: lower() makes it an ASCII k
        ("été@bonvenon.fr", "ete"),
    ],
)
def test_accents_are_refused_with_the_name_without_them(typed: str, proposal: str) -> None:
    refusal = refusal_of(typed)

    assert (type(refusal), refusal.values) == (LocalPartAccented, {"proposal": proposal})


@pytest.mark.parametrize(
    "sign",
    [
        *("\0", "\x07", "\n", "\r\n", "\t", "\x7f", "\x85", "\xad", "\u2028", "\u2029", "\ufeff"),
        *("\u200b", "\u200d", "\u200e", "\u202a", "\u202e", "\u2066", "\u2069", "\ud800"),
        "\ue000",
    ],
)
def test_what_nobody_sees_is_refused_and_never_dropped(sign: str) -> None:
    assert type(refusal_of(f"con{sign}tact")) is LocalPartInvisible


@pytest.mark.parametrize("typed", ["contact+tag", "contact+", "a+b+c", "Contact+Tag@bonvenon.fr"])
def test_a_sub_address_is_refused_since_it_reaches_the_name_by_itself(typed: str) -> None:
    refusal = refusal_of(typed)

    name = typed.lower().partition("+")[0]
    assert (type(refusal), refusal.values) == (LocalPartSubAddress, {"name": name})


@pytest.mark.parametrize("typed", [".a", "a.", "a..b", "...", ".", "-a..b"])
def test_dots_stand_between_letters(typed: str) -> None:
    assert type(refusal_of(typed)) is LocalPartDots


@pytest.mark.parametrize("typed", ["-a", "a-", "_a", "a_", "-", "__"])
def test_a_name_begins_and_ends_with_a_letter_or_a_figure(typed: str) -> None:
    assert type(refusal_of(typed)) is LocalPartEdges


def test_a_name_has_64_characters_at_most() -> None:
    refusal = refusal_of("x" * 65)

    assert (type(refusal), refusal.values) == (LocalPartTooLong, {"length": 65})


def test_a_whole_address_has_254_characters_at_most() -> None:
    domain = ".".join(["d" * 62] * 3 + ["fr"])  # 191 characters
    assert names.local_part("x" * 62, domain) == "x" * 62

    with pytest.raises(AddressTooLong) as refusal:
        names.local_part("x" * 63, domain)

    assert refusal.value.values == {"length": 255}


# Domains


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("bonvenon.fr", "bonvenon.fr"),
        (" BonVenon.FR\n", "bonvenon.fr"),
        ("bonvenon.fr.", "bonvenon.fr"),
        ("@bonvenon.fr", "bonvenon.fr"),
        ("été.fr", ACCENTED),
        ("ÉTÉ.FR", ACCENTED),
        ("e\u0301te\u0301.fr", ACCENTED),
        ("XN--T-9FAB.fr", ACCENTED),
        ("ｂonvenon。fr", "bonvenon.fr"),  # full-width letter and full stop
        ("\u212aelvin.fr", "kelvin.fr"),  # UTS 46 maps KELVIN SIGN, as every browser does
        ("faß.de", "xn--fa-hia.de"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("sub.bonvenon.fr", "sub.bonvenon.fr"),
        ("b" * 63 + ".fr", "b" * 63 + ".fr"),
    ],
)
def test_a_domain_is_the_same_with_accents_as_punycode_and_in_capitals(
    typed: str, name: str
) -> None:
    assert names.domain_name(typed) == name
    assert names.domain_name(name) == name


@pytest.mark.parametrize("typed", ["", "  ", ".", "@", "@."])
def test_no_domain_is_said_to_be_missing(typed: str) -> None:
    with pytest.raises(DomainNameMissing) as refusal:
        names.domain_name(typed)

    assert refusal.value.field == "name"


@pytest.mark.parametrize(
    "typed",
    [
        "bonvenon",
        "bonvenon..fr",
        ".bonvenon.fr",
        "bonvenon.fr..",
        "bonvenon.fr.。",
        "-bonvenon.fr",
        "bonvenon-.fr",
        "ab--c.fr",
        "xn--a.fr",
        "bon venon.fr",
        "bon_venon.fr",
        "bonvenon.fr/x",
        "http://bonvenon.fr",
        "a@bonvenon.fr",
        "*.fr",
        "b%n.fr",
        "../etc/passwd",
        "'; DROP TABLE domain; --.fr",
        "127.0.0.1",
        "bonvenon.42",
        "[127.0.0.1]",
        "☃.fr",
        "a\0b.fr",
        "a\u00adb.fr",  # UTS 46 would drop these three without a word
        "a\u200bb.fr",
        "a\u2060b.fr",
        "\u202erf.nonevnob",
        "a\nb.fr",
        "\ud800.fr",
        "b" * 64 + ".fr",
        ".".join(["b" * 61] * 5),
    ],
)
def test_what_is_no_name_of_a_mail_domain_is_refused_as_it_was_typed(typed: str) -> None:
    with pytest.raises(DomainNameMalformed) as refusal:
        names.domain_name(typed)

    assert (refusal.value.field, refusal.value.values) == ("name", {"name": typed})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bonvenon.fr", "bonvenon.fr"),
        (ACCENTED, "été.fr"),
        ("xn--fsqu00a.xn--0zwm56d", "例子.测试"),
        ("xn--80ak6aa92e.com", "аррӏе.com"),  # all Cyrillic: one alphabet
        ("xn--pple-43d.com", "xn--pple-43d.com"),  # Cyrillic а before Latin pple
        (MIXED, MIXED),  # Cyrillic о within Latin
        ("xn--a.fr", "xn--a.fr"),
        ("", ""),
    ],
)
def test_a_domain_is_shown_with_accents_unless_it_mixes_alphabets(name: str, shown: str) -> None:
    assert names.shown(name) == shown


def test_a_whole_address_is_shown_with_the_accents_of_its_domain() -> None:
    assert names.shown_email(f"contact@{ACCENTED}") == "contact@été.fr"


# Addresses anywhere


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        (" Ann@X.org ", "ann@x.org"),
        ("ann+tag@x.org", "ann+tag@x.org"),
        ("o'brien@x.org", "o'brien@x.org"),
        ("a=b#c$d&e*f?g^h`i{j}k~l@x.org", "a=b#c$d&e*f?g^h`i{j}k~l@x.org"),
        ("team/ann@x.org", "team/ann@x.org"),
        ("ann@été.fr", f"ann@{ACCENTED}"),
        ("ann@x.org.", "ann@x.org"),
    ],
)
def test_an_address_anywhere_is_stored_in_lower_case_with_its_punycode(
    typed: str, email: str
) -> None:
    assert names.email(typed) == email


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "ann",
        "ann@",
        "@x.org",
        "ann@x",
        "a@b@c.org",
        "ann@@x.org",
        "ann@ x.org",
        "ann @x.org",
        "ann@@",
        "ann@x.org..",
        ".ann@x.org",
        "ann.@x.org",
        "a..b@x.org",
        "|cmd@x.org",
        "/file@x.org",
        ":include:/f@x.org",
        '"a b"@x.org',
        "a\\b@x.org",
        "a%b@x.org",
        "a!b@x.org",
        "a,b@x.org",
        "a;b@x.org",
        "a:b@x.org",
        "a b@x.org",
        "<a@x.org>",
        "a(b)@x.org",
        "a@[127.0.0.1]",
        "a\nb@x.org",
        "a@x.org\nb@x.org",
        "a\0@x.org",
        "a\u200b@x.org",
        "\u202ea@x.org",
        "é@x.org",
        "Kate@x.org",
        "a@x\u200b.org",
        "a@x.org,b@x.org",
        "x" * 65 + "@x.org",
        "x" * 64 + "@" + ".".join(["d" * 62] * 3 + ["fr"]),
    ],
)
def test_what_postfix_could_take_for_two_a_command_or_a_route_is_no_address(typed: str) -> None:
    assert names.email(typed) is None


@pytest.mark.parametrize(
    ("email", "found_as"),
    [
        ("contact@x.org", "contact@x.org"),
        ("contact+tag@x.org", "contact@x.org"),
        ("contact+@x.org", "contact@x.org"),
        ("a+b+c@x.org", "a@x.org"),
        ("+b@x.org", "+b@x.org"),
    ],
)
def test_an_extension_is_left_off_as_postfix_does(email: str, found_as: str) -> None:
    assert names.without_extension(email) == found_as
