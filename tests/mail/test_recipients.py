"""Recipients: pasted lists are understood, each refused one is named, nothing is dropped."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mail.stage import acts_on, everything, make, recipients_of, save, sql
from webmailadmin.mail import recipients
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import Refusal, Several
from webmailadmin.mail.errors_of_recipients import (
    RecipientIsItself,
    RecipientMalformed,
    TooManyRecipients,
)
from webmailadmin.models import Address, Domain

OWN = "contact@bonvenon.fr"


def refusals_of(typed: str) -> list[tuple[type[Refusal], object]]:
    """Return what is refused, with the text that it names."""
    with pytest.raises(Refusal) as refusal:
        recipients.read(typed, OWN)
    parts = refusal.value.parts()
    assert {part.field for part in parts} == {"recipients"}
    return [(type(part), next(iter(part.values.values()))) for part in parts]


# What is understood


@pytest.mark.parametrize(
    "typed",
    [
        "ann@x.org\nbob@y.org",
        "ann@x.org\r\nbob@y.org\r\n",
        "  ann@x.org  \n\n  bob@y.org\n",
        "ann@x.org, bob@y.org",
        "ann@x.org,bob@y.org,",
        "ann@x.org; bob@y.org;",
        "ann@x.org bob@y.org",
        "ann@x.org\tbob@y.org",
        "ann@x.org\u00a0bob@y.org",
        "ann@x.org,,;; ,bob@y.org",
        "Ann <ann@x.org>; bob@y.org",
        "Ann <ann@x.org>, Bob <bob@y.org>",
        "Ann Durand <ann@x.org> Bob <bob@y.org>",
        "<ann@x.org><bob@y.org>",
        '"Durand, Ann" <ann@x.org>; "Bob" <bob@y.org>',
        '"Durand, Ann"<ann@x.org>\n"; <no@no.org>" <bob@y.org>',
        "'ann@x.org' <ann@x.org>; 'bob@y.org' <bob@y.org>",
        "Ann O'Neill <ann@x.org>, Bob d'Or <bob@y.org>",
        "René (chef) <ann@x.org>, Боб <bob@y.org>",
        "< ann@x.org >, < bob@y.org >",
        "ANN@X.ORG, Bob@Y.org",
        "ann@x.org Bob <bob@y.org>",
        'ann@x.org "B" <bob@y.org>',
    ],
)
def test_what_mail_programs_copy_is_understood(typed: str) -> None:
    assert recipients.read(typed, OWN) == recipients.Pasted(["ann@x.org", "bob@y.org"], [])


def test_an_empty_field_is_no_recipient() -> None:
    assert recipients.read(" \r\n,; ", OWN) == recipients.Pasted([], [])


def test_an_address_before_a_name_on_the_same_line_is_not_taken_for_a_part_of_the_name() -> None:
    assert recipients.read("bob@y.org Ann <ann@x.org>", OWN).emails == ["bob@y.org", "ann@x.org"]


def test_doubles_are_folded_and_told_once_each() -> None:
    pasted = recipients.read(
        "ann@x.org\nAnn <ANN@x.org>, bob@été.fr bob@xn--t-9fab.fr ann@x.org", OWN
    )

    assert pasted.emails == ["ann@x.org", "bob@xn--t-9fab.fr"]
    assert pasted.doubles == ["ann@x.org", "bob@xn--t-9fab.fr"]


def test_a_sub_address_is_another_recipient_than_its_plain_address() -> None:
    assert recipients.read("ann@x.org ann+tag@x.org", OWN).doubles == []


# What is refused


@pytest.mark.parametrize(
    "typed",
    [
        *("|cmd", '"|cmd"', "/etc/passwd", ":include:/etc/passwd", "/file@x.org", "|cmd@x.org"),
        *("a@b@c.org", "a%b@x.org", "a!b@x.org", "a\\b@x.org", '"a"@x.org', "mailto:a@x.org"),
        *("a@[127.0.0.1]", "a@127.0.0.1", "a@localhost", "a(b)@x.org", "root", "a..b@x.org"),
        *("é@x.org", "\u212aate@x.org", "a@x\u200b.org", "\u202ea@x.org", "a\0@x.org"),
        *("a@x.org\x7f", "a@x..org", "a@x.org..", "undisclosed-recipients:", '"', "<>", ">"),
    ],
)
def test_what_is_not_one_plain_address_is_refused_by_name(typed: str) -> None:
    assert refusals_of(typed) == [(RecipientMalformed, typed)]
    assert refusals_of(f"ann@x.org\n{typed}\nbob@y.org") == [(RecipientMalformed, typed)]


@pytest.mark.parametrize(
    "typed",
    ["Ann <a%b@x.org>", "<|cmd>", "Ann <>", "Ann <a@x.org b@y.org>", "Kate <\u212aate@x.org>"],
)
def test_what_stands_in_angle_brackets_is_refused_with_its_name(typed: str) -> None:
    assert refusals_of(typed) == [(RecipientMalformed, typed)]


def test_every_refused_one_is_named_at_once() -> None:
    assert refusals_of("good@x.org, |cmd; /file  a@b@c\ncontact@bonvenon.fr") == [
        (RecipientMalformed, "|cmd"),
        (RecipientMalformed, "/file"),
        (RecipientMalformed, "a@b@c"),
        (RecipientIsItself, OWN),
    ]


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("Ann <ann@x.org", ["Ann", "<ann@x.org"]),
        ("Ann ann@x.org>", ["Ann", "ann@x.org>"]),
        ("Durand, Ann <ann@x.org>", ["Durand"]),
        ("Group: a@x.org, b@x.org;", ["Group:"]),
        ("a @x.org", ["a", "@x.org"]),
        ('"Ann <ann@x.org>', ['"Ann']),
    ],
)
def test_half_of_an_entry_is_named_as_well(typed: str, named: list[str]) -> None:
    assert refusals_of(typed) == [(RecipientMalformed, name) for name in named]


@pytest.mark.parametrize(
    "typed", [OWN, "Contact@Bonvenon.FR", "contact+tag@bonvenon.fr", "Me <contact+@bonvenon.fr>"]
)
def test_the_own_address_with_or_without_extension_is_refused(typed: str) -> None:
    assert refusals_of(typed) == [(RecipientIsItself, OWN)]


def test_a_hundred_recipients_are_taken_and_a_hundred_and_one_are_not() -> None:
    hundred = [f"a{number}@x.org" for number in range(100)]
    assert recipients.read(" ".join(hundred + hundred[:50]), OWN).emails == hundred

    with pytest.raises(TooManyRecipients) as refusal:
        recipients.read(" ".join([*hundred, "b@x.org"]), OWN)

    assert refusal.value.values == {"most": 100, "count": 101}


def test_too_many_and_malformed_are_said_together() -> None:
    typed = " ".join(f"a{number}@x.org" for number in range(101))

    with pytest.raises(Several) as refusal:
        recipients.read(f"{typed} |cmd", OWN)

    assert [part.code for part in refusal.value.parts()] == [
        "recipient-malformed",
        "too-many-recipients",
    ]


def test_a_long_paste_of_nonsense_is_answered_with_the_first_hundred() -> None:
    assert refusals_of("a b@x.org " * 1000) == [(RecipientMalformed, "a")] * 100


@pytest.mark.parametrize("piece", ["a ", '"', "<", "'a ", '"a" ', "a@", "<a", "a@x.org ", "a"])
def test_a_huge_paste_is_read_in_linear_time(piece: str) -> None:
    text = piece * (300_000 // len(piece))

    began = time.process_time()
    with pytest.raises(Refusal) if piece != "a@x.org " else pytest.MonkeyPatch.context():
        recipients.read(text, OWN)

    assert time.process_time() - began < 10


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.from_regex(r"[a-z]{1,3}@[a-z]{1,3}\.org", fullmatch=True), max_size=20), st.data()
)
def test_no_address_is_lost_whatever_stands_between(emails: list[str], data: st.DataObject) -> None:
    between = st.sampled_from([" ", "\n", ", ", ";", "\r\n", " ; ", "\t"])
    around = st.sampled_from(["{}", "<{}>", "Ann <{}>", '"D, A" <{}>', "'{0}' <{0}>", '"{0}"<{0}>'])
    typed = "".join(data.draw(around).format(email) + data.draw(between) for email in emails)

    assert recipients.read(typed, OWN).emails == list(dict.fromkeys(emails))


# What is written


def test_recipients_keep_the_order_in_which_they_were_typed(bonvenon: Domain, alice: Actor) -> None:
    make("team@bonvenon.fr", by=alice, recipients=["z@x.org", "a@x.org", "m@x.org"])

    assert recipients_of("team@bonvenon.fr") == ["z@x.org", "a@x.org", "m@x.org"]


def test_the_journal_tells_which_recipients_came_and_which_went(
    bonvenon: Domain, alice: Actor
) -> None:
    make("team@bonvenon.fr", by=alice, recipients=["a@x.org", "b@x.org"])
    save("team@bonvenon.fr", by=alice, recipients=["c@x.org", "b@x.org", "d@x.org"])

    assert acts_on(bonvenon, "team@bonvenon.fr") == [
        "address.added",
        "recipients.added",
        "recipients.taken",
        "recipients.added",
    ]
    details = [row[-2] for row in everything()["journal"][-2:]]
    assert details == ['{"emails": "a@x.org"}', '{"emails": "c@x.org, d@x.org"}']


def test_another_order_is_kept_without_a_word_in_the_journal(
    bonvenon: Domain, alice: Actor
) -> None:
    make("team@bonvenon.fr", by=alice, recipients=["a@x.org", "b@x.org"])
    before = acts_on(bonvenon)

    save("team@bonvenon.fr", by=alice, recipients=["b@x.org", "a@x.org"])

    assert recipients_of("team@bonvenon.fr") == ["b@x.org", "a@x.org"]
    assert acts_on(bonvenon) == before


def test_a_refused_recipient_leaves_all_as_it_was(contact: Address, alice: Actor) -> None:
    save(OWN, by=alice, recipients=["ann@x.org"])
    before = everything()

    with pytest.raises(RecipientMalformed):
        save(OWN, by=alice, recipients="bob@y.org |cmd")

    assert everything() == before


def test_each_recipient_is_a_row_of_its_own_in_the_view(contact: Address, alice: Actor) -> None:
    save(OWN, by=alice, recipients="Ann <ann@x.org>; bob@y.org, c@z.org")

    rows = [row for row in sql("SELECT email, recipient FROM postfix_alias") if row[0] == OWN]
    assert sorted(rows) == [(OWN, to) for to in ("ann@x.org", "bob@y.org", "c@z.org", OWN)]
