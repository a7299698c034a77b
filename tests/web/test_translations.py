"""The French catalogue: whole, as fresh as the source, and compiled."""

import gettext
import io
from pathlib import Path
from typing import IO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from webmailadmin.mail import errors
from webmailadmin.mail.journal import ACTS

TOP = Path(__file__).parents[2]
FRENCH = TOP / "webmailadmin/translations/fr/LC_MESSAGES"

# Written the same in both languages.
SAME = {
    "%(n)s message",
    "%(n)s messages",
    "Code",
    "Journal",
    "Menu",
    "Redirection",
    "Sessions",
    "Webmail",
    "d MMM",
    "d MMM HH:mm",
    "d MMM yyyy",
    "d MMM yyyy HH:mm",
    "d MMMM",
    "d MMMM yyyy",
    "port 993, SSL/TLS",
    "port 995, SSL/TLS",
}


def catalogue() -> Catalog:
    """Return the committed catalogue."""
    with (FRENCH / "messages.po").open("rb") as file:
        return read_po(file, locale="fr")


def messages() -> list[Message]:
    """Return its messages without the header."""
    return [message for message in catalogue() if message.id]


def in_source() -> set[object]:
    """Return the texts that stand in the source now."""
    with (TOP / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    # A template with a mistake must fail here, not lose its messages in silence.
    options = {pattern: {**found, "silent": "false"} for pattern, found in options.items()}
    keywords = {**DEFAULT_KEYWORDS, "_l": None}
    return {
        found[2]
        for folder in ("webmailadmin", "templates")
        for found in extract_from_dir(
            TOP / folder,
            [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods],
            {pattern.removeprefix(f"{folder}/"): found for pattern, found in options.items()},
            keywords,
        )
    }


def both(message: Message) -> list[tuple[str, str]]:
    """Return each form of a message with its translation."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    return list(zip(message.id, message.string, strict=True))


def test_the_catalogue_holds_what_the_source_says_and_nothing_else():
    assert {message.id for message in messages()} == in_source()


def test_nothing_is_untranslated():
    assert [m.id for m in messages() if not all(translated for _, translated in both(m))] == []


def test_nothing_is_only_half_sure():
    assert [m.id for m in messages() if m.fuzzy] == []


def test_no_old_message_is_kept():
    assert list(catalogue().obsolete) == []


def test_french_is_not_english():
    same = {one for m in messages() for one, translated in both(m) if one == translated}
    assert same == SAME & same


def test_every_value_of_a_message_is_in_its_translation_too():
    wrong = [m.id for m in messages() if list(m.check())]
    named = [
        one
        for m in messages()
        for one, translated in both(m)
        if values_in(one) - values_in(translated)
    ]
    assert (wrong, named) == ([], [])


def values_in(text: str) -> set[str]:
    """Return the names of the values in a text."""
    return {part.partition(")")[0] for part in text.split("%(")[1:]}


def test_the_compiled_catalogue_is_fresh():
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    with (FRENCH / "messages.mo").open("rb") as file:
        assert texts_in(file) == texts_in(compiled)


def texts_in(file: IO[bytes]) -> dict[object, str]:
    """Return the texts of a compiled catalogue, without its header, which holds a date."""
    texts: dict[object, str] = gettext.GNUTranslations(file)._catalog
    return {key: text for key, text in texts.items() if key}


def every_refusal() -> list[type[errors.Refusal]]:
    """Return all kinds of refusals."""
    found, waiting = [], [errors.Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind not in (errors.Refusal, errors.Several):
            found.append(kind)
    return found


@pytest.mark.parametrize("kind", every_refusal(), ids=lambda kind: kind.code)
def test_each_refusal_has_words_in_french(kind):
    translated = catalogue().get(kind.message)
    assert translated is not None
    assert translated.string not in ("", kind.message)


@pytest.mark.parametrize("act", ACTS)
def test_each_act_of_the_journal_has_words_in_french(act):
    translated = catalogue().get(ACTS[act])
    assert translated is not None
    assert translated.string not in ("", ACTS[act])


def test_french_has_the_space_before_its_high_punctuation():
    """A plain space there would let `:` begin the next line."""
    wrong = [
        translated
        for message in messages()
        for _, translated in both(message)
        if any(bad in translated for bad in (" :", " ;", " !", " ?", " »", "« "))
    ]
    assert wrong == []


def test_the_templates_hold_no_words_outside_the_catalogue():
    """Each text between tags goes through _(), but for names that are the same everywhere."""
    loose = {}
    for path in sorted((TOP / "templates").rglob("*.html")):
        for text in loose_words(path.read_text()):
            loose.setdefault(text, path.name)
    assert set(loose) <= {"webmailadmin", "· webmailadmin", ".  MX  10  ."}, loose


def loose_words(source: str) -> list[str]:
    """Return the words of a template that stand neither in tags nor in Jinja's braces."""
    text, depth, kept = source, 0, []
    for opening, closing in (("{#", "#}"), ("{%", "%}"), ("{{", "}}")):
        while (start := text.find(opening)) >= 0:
            end = text.find(closing, start)
            text = text[:start] + text[end + 2 :]
    for character in text:
        if character == "<":
            depth += 1
        elif character == ">":
            depth -= 1
            kept.append(" ")
        elif depth == 0:
            kept.append(character)
    words = "".join(kept).split("\n")
    return [line.strip() for line in words if sum(c.isalpha() for c in line) > 1]
