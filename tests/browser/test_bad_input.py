"""Bad input typed by hand: words beside the field, focus in the first wrong one, nothing lost."""

from playwright.sync_api import Locator, Page, expect

from tests.browser import pages
from tests.browser.conftest import OpenPage
from tests.browser.pages import entry
from tests.browser.watch import Watch
from tests.browser.words import Words

# What is typed as a name, and how the message begins in each language.
NAMES = {
    "": {"en": "Enter the name", "fr": "Saisissez le nom"},
    "x" * 65: {"en": "The name before the @ has at most", "fr": "Le nom avant le @ a au plus"},
    "double..dot": {"en": "A dot stands", "fr": "Un point se place"},
    "élodie": {"en": "Mail servers know no accents", "fr": "Avant le @, pas d’accents"},
    "contact+news": {"en": "A + is not part", "fr": "Le + ne fait pas partie"},
    "|cmd": {"en": "Use the letters a to z", "fr": "Utilisez les lettres de a à z"},
    "zero\u200bwidth": {"en": "The name holds invisible", "fr": "Le nom contient des caractères"},
    "bo@elsewhere.org": {"en": "This address belongs", "fr": "Cette adresse appartient"},
}
TOO_SHORT = {"en": "A password needs 12", "fr": "Un mot de passe a au moins 12"}
DIFFER = {"en": "The two passwords differ.", "fr": "Les deux mots de passe diffèrent."}
NO_SIZE = {"en": "Enter the size limit", "fr": "Saisissez la taille limite"}
NO_ADDRESS = {"en": "“nonsense” is not an address", "fr": "« nonsense » n’est pas une adresse"}
NO_DOMAIN = {"en": "bonvenon is not the name", "fr": "bonvenon n’est pas un nom"}


def message_of(field: Locator) -> Locator:
    """Return what is said to be wrong with a field, as a screen reader finds it."""
    expect(field).to_have_attribute("aria-invalid", "true")
    ids = (field.get_attribute("aria-describedby") or "").split()
    return field.page.locator(f"#{next(id_ for id_ in ids if id_.endswith('-wrong'))}")


def is_beside(field: Locator) -> None:
    """See that the message stands under its field, or under the box that it is tied to."""
    box, said = field.bounding_box(), message_of(field).bounding_box()
    assert box is not None
    assert said is not None
    assert 0 <= said["y"] - (box["y"] + box["height"]) < 40
    assert abs(said["x"] - box["x"]) < 40


def test_a_bad_name_is_refused_beside_the_field_and_stays_typed(
    open_page: OpenPage, watch: Watch, bonvenon: str, words: Words
) -> None:
    watch.expect(422)
    page = open_page("/domains/bonvenon.fr/", language=words.language)
    for typed, says in NAMES.items():
        pages.add(page, words, typed)
        field = page.get_by_label(words.name, exact=True)
        expect(page.locator("#add-address .message").first).to_contain_text(says[words.language])
        expect(field).to_have_value(typed)
        expect(field).to_be_focused()
        expect(message_of(field)).to_contain_text(says[words.language])
        is_beside(field)
        expect(page.locator("#rows .row")).to_have_count(1)
    pages.add(page, words, " Contact@Bonvenon.fr ")
    expect(entry(page, "contact@bonvenon.fr").locator(".editor")).to_be_visible()
    expect(page.locator("[aria-invalid]")).to_have_count(0)

    pages.add(page, words, "contact")
    expect(page.get_by_label(words.name, exact=True)).to_be_focused()
    expect(entry(page, "contact@bonvenon.fr").locator(".editor")).to_have_count(1)


def test_all_that_is_wrong_in_the_editor_is_said_at_once_and_nothing_is_lost(
    open_page: OpenPage, watch: Watch, bonvenon: str, words: Words
) -> None:
    watch.expect(422)
    page = open_page("/domains/bonvenon.fr/", language=words.language)
    pages.add(page, words, "contact")
    typed = {
        page.get_by_label(words.password, exact=True): "short",
        page.get_by_label(words.confirmation, exact=True): "short",
        page.get_by_label(words.size_limit): "-5 or so",
        page.get_by_label(words.recipients): "Ann <ann@x.org>; nonsense",
    }
    for field, text in typed.items():
        field.fill(text)
    page.get_by_label(words.enabled).uncheck()
    pages.save(page, words)
    password, confirmation, size, recipients = typed
    for field, says in ((password, TOO_SHORT), (size, NO_SIZE), (recipients, NO_ADDRESS)):
        expect(message_of(field)).to_contain_text(says[words.language])
        is_beside(field)
    expect(password).to_be_focused()
    for field, text in typed.items():
        expect(field).to_have_value(text)
    expect(page.get_by_label(words.enabled)).not_to_be_checked()
    expect(page).to_have_url(pages_url(page))

    password.fill("quite long enough 1")
    confirmation.fill("quite long enough 2")
    size.fill("0")
    recipients.fill("")
    pages.save(page, words)
    expect(message_of(confirmation)).to_have_text(DIFFER[words.language])
    is_beside(confirmation)
    expect(confirmation).to_be_focused()
    expect(password).to_have_value("quite long enough 1")
    expect(confirmation).to_have_value("quite long enough 2")


def pages_url(page: Page) -> str:
    """Return the URL of the list: a refusal in a row leaves no other in the address bar."""
    return page.evaluate("location.origin") + "/domains/bonvenon.fr/"


def test_a_bad_domain_is_refused_beside_the_field_without_javascript_too(
    open_page: OpenPage, watch: Watch, words: Words
) -> None:
    watch.expect(422)
    page = open_page("/", language=words.language, java_script_enabled=False)
    name = page.get_by_label(words.domain, exact=True)
    contact = page.get_by_label(words.contact, exact=True)
    name.fill("bonvenon")
    contact.fill("contact")
    page.get_by_role("button", name=words.install).click()
    expect(message_of(name)).to_contain_text(NO_DOMAIN[words.language])
    is_beside(name)
    is_beside(contact)
    expect(name).to_be_focused()
    expect(name).to_have_value("bonvenon")
    expect(contact).to_have_value("contact")
