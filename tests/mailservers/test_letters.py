"""Mails about log-ins through the real servers: what arrives, as text and HTML, and is used."""

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from bs4 import BeautifulSoup

from tests.browser_of import Browser
from tests.mailservers import forms
from tests.mailservers.stage import Stage
from tests.mailservers.test_mail_flow import ALL_DOORS, PASSWORD
from tests.web.link_pages import NEW, PUBLIC, choose, link_in, path_of, work
from webmailadmin import settings
from webmailadmin.models import Address, Mailbox

# By language: what the mails say in their subjects, before the name.
SUBJECTS = {
    "en": ("Confirm your contact address for", "A new password for", "Choose your password for"),
    "fr": (
        "Confirmez votre adresse de contact pour",
        "Un nouveau mot de passe pour",
        "Choisissez votre mot de passe pour",
    ),
}
CHANGED = {"en": "The password of {} was changed", "fr": "Le mot de passe de {} a été changé"}


@pytest.fixture(autouse=True)
def sending(stage: Stage) -> Iterator[None]:
    """The panel sends through the Postfix under test, and knows its public address."""
    before = settings.current
    port = stage.servers.ports.smtp
    settings.use(replace(before, smtp_port=port, mail_host="mail.example", public_url=PUBLIC))
    yield
    settings.use(before)


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest) -> str:
    """The language of the mails."""
    spoken: str = request.param
    return spoken


@pytest.fixture
def ann(bonvenon: str, language: str) -> str:
    """A mailbox in a domain that speaks the language."""
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD)
    forms.send(
        f"/domains/{bonvenon}/about", "main form[action$='/language']", {"language": language}
    )
    return ann


@pytest.fixture
def bob(bonvenon: str) -> str:
    """Another mailbox, where ann@ is reached too."""
    bob = f"bob@{bonvenon}"
    forms.mailbox(bob, PASSWORD)
    return bob


def stranger() -> Browser:
    """Return a browser in which nobody is logged in."""
    return Browser(forms.browser.client.application)


def arrived(stage: Stage, email: str, subject: str) -> EmailMessage:
    """Return the one mail with this subject, read by IMAP."""
    (mail,) = (m for m in stage.read_imap(email, PASSWORD) if m["Subject"] == subject)
    return mail


def use(mail: EmailMessage) -> Browser:
    """Choose another password by the link of a mail."""
    browser = stranger()
    page = choose(browser, link_in(mail), NEW)
    assert page.status == 200
    return browser


def confirmed_contact(stage: Stage, ann: str, bob: str, subject: str) -> None:
    """Let ann@ set bob@ as contact address, and confirm it by what arrives there."""
    inside = stranger()
    inside.log_in(ann, PASSWORD)
    values = {"contact": bob, "present": PASSWORD}
    assert inside.submit("/contact", "main form.card", values).status == 200
    browser = stranger()
    page = path_of(link_in(arrived(stage, bob, subject)))
    browser.submit(page, "form.card", {"present": PASSWORD})
    box = Mailbox.select().join(Address).where(Address.email == ann).get()
    assert box.contact_confirmed


def test_a_forgotten_password_is_replaced_by_a_link_that_arrives_elsewhere(
    stage: Stage, ann: str, bob: str, language: str
) -> None:
    confirmation, reset, _ = (f"{subject} {ann}" for subject in SUBJECTS[language])
    confirmed_contact(stage, ann, bob, confirmation)
    stranger().submit("/forgotten", "form.card", {"name": ann})
    work(forms.browser.client.application)

    mail = arrived(stage, bob, reset)
    use(mail)

    assert stage.doors_open_to(ann, PASSWORD) == set()
    assert stage.doors_open_to(ann, NEW) == ALL_DOORS
    assert stage.read_imap(ann, NEW) == []
    work(forms.browser.client.application)
    told = arrived(stage, bob, CHANGED[language].format(ann))
    assert link_in(told) == f"{PUBLIC}/forgotten"


def test_an_invitation_arrives_as_text_and_as_html_and_opens_the_mailbox(
    stage: Stage, ann: str, bob: str, language: str
) -> None:
    page = f"/addresses/{ann}/link"
    forms.send(page, "#send-link", {"to": bob})

    mail = arrived(stage, bob, f"{SUBJECTS[language][2]} {ann}")

    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    sender = f"postmaster@{ann.partition('@')[2]}"
    assert (mail["From"], mail["To"]) == (sender, bob)
    assert (mail["Return-Path"], mail["Auto-Submitted"]) == ("<>", "auto-generated")
    assert link_in(mail).startswith(f"{PUBLIC}/link/")
    text, html = (part.get_content() for part in mail.iter_parts())
    tree = BeautifulSoup(html, "html.parser")
    assert tree.html is not None
    assert tree.html["lang"] == language
    # The same words in both; no script or picture, nothing that is fetched; the one style breaks
    # a link that is longer than a phone is wide.
    assert set(text.split()) <= set(tree.get_text(" ").split())
    assert tree.select("[src], script, link, style") == []
    assert [tag["style"] for tag in tree.select("[style]")] == ["overflow-wrap: anywhere"]
    use(mail)
    assert stage.doors_open_to(ann, NEW) == ALL_DOORS


def test_a_mailbox_opened_by_a_link_opens_for_nobody_before(
    stage: Stage, bonvenon: str, bob: str
) -> None:
    eve = f"eve@{bonvenon}"
    forms.add(eve)
    values = {"mailbox": "yes", "by_link": "y", "quota_mb": "0", "password": "", "confirmation": ""}
    page = forms.browser.submit(f"/addresses/{eve}/edit", "form.editor", values)
    assert stage.doors_open_to(eve, "") == set()

    found = page.soup.select_one("#link")
    assert found is not None
    choose(stranger(), str(found["value"]), NEW)

    assert stage.doors_open_to(eve, NEW) == ALL_DOORS


def test_what_stands_in_a_name_never_becomes_a_header_or_markup(
    stage: Stage, bonvenon: str, bob: str
) -> None:
    """The only strangers' text in these mails is an address; the oddest one that is allowed."""
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD)
    odd = f"bob+b_x=1'&y@{bonvenon}"
    reply = forms.browser.submit(f"/addresses/{ann}/link", "#send-link", {"to": odd})
    assert reply.status == 200, reply.words("main")

    mail = arrived(stage, bob, f"{SUBJECTS['en'][2]} {ann}")

    assert mail["To"] == odd
    assert link_in(mail).startswith(PUBLIC)
