"""Pictures of what people see of themselves and of each other.

An administrator, also as whom it entered; an owner; nobody. A holder's are in `shots.py`.
`pytest tests/browser/shots_of_people.py`: all come into `shots/`.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.panel import PASSWORD, Panel
from tests.browser.shots import FOLDER, Camera
from tests.browser.test_second_factor import next_code
from tests.browser.watch import Watch
from tests.browser.words import Words
from webmailadmin import demo
from webmailadmin.mail import links, sessions
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.models import Account, Address, Mailbox, Session, now

EMAIL = "contact@bonvenon.fr"


@pytest.fixture(scope="session")
def running_panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel that sends links, and whose administrators need a second factor."""
    panel = Panel(tmp_path_factory.mktemp("panel"))
    del panel.environment["WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS"]
    panel.environment["WEBMAILADMIN_PUBLIC_URL"] = panel.url
    panel.command("account", "add", "alice", "--administrator", "--password-stdin", typed=PASSWORD)
    panel.start()
    yield panel
    panel.stop()


def token_of_owner(panel: Panel) -> str:
    """Return the token of a new session of the demo's owner."""
    with panel.rules():
        account = Account.get(Account.name == demo.OWNER)
        return sessions.open_session(Actor(Kind.OWNER, account.id, account.name))


def grow_old(panel: Panel) -> None:
    """Let all log-ins be older than a quarter of an hour."""
    with panel.rules():
        Session.update(proved_at=now() - timedelta(hours=1)).execute()


def take_menu(page: Page, name: str) -> None:
    """Take the menu of a phone, which is open."""
    page.set_viewport_size(PHONE)
    page.locator(".opener").click()
    page.screenshot(path=f"{FOLDER}/{name}-390.png")


def enrol(page: Page, camera: Camera) -> None:
    """Set up the second factor that an administrator needs."""
    camera.take(page, "factor-first")
    code, _ = next_code(page.locator("#secret").inner_text().replace(" ", ""))
    page.locator("#code").fill("12")
    page.locator("main .main").click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    camera.take(page, "factor-wrong")
    page.locator("#code").fill(code)
    page.locator("main .main").click()
    expect(page.locator(".codes li")).to_have_count(10)
    camera.take(page, "factor-codes")


def test_pictures_of_an_administrator(
    panel: Panel, open_page: OpenPage, watch: Watch, words: Words
) -> None:
    FOLDER.mkdir(exist_ok=True)
    watch.expect(404, 422)
    camera = Camera(words.language)
    camera.number = 100
    with panel.rules() as alice:
        demo.fill(alice)
        demo.owner(PASSWORD, alice)
    page = open_page("/", language=words.language)
    enrol(page, camera)
    for path in ("me", "second-factor", "second-factor/off", "sessions", "password", "contact"):
        page.goto(f"/{path}")
        camera.take(page, path.replace("/", "-"))
    page.goto("/accounts/")
    camera.take(page, "accounts")
    page.locator("main form .main").click()
    expect(page.locator("[aria-invalid]").first).to_be_visible()
    camera.take(page, "accounts-wrong")
    page.goto(f"/accounts/{demo.OWNER}/")
    camera.take(page, "account")
    page.locator("#password button").click()
    expect(page.locator("#one-time")).to_be_visible()
    camera.take(page, "account-one-time")
    page.goto("/accounts/alice/")
    camera.take(page, "account-own")
    page.goto(f"/accounts/{demo.OWNER}/link")
    camera.take(page, "link-ask")
    page.locator("#show-link button").click()
    expect(page.locator("svg.qr")).to_be_visible()
    camera.take(page, "link-shown")
    page.goto(f"/addresses/{EMAIL}/link")
    camera.take(page, "link-mailbox")
    page.goto(f"/addresses/{EMAIL}/edit")
    camera.take(page, "editor")
    page.goto("/journal?person=alice&since=2020-01-01")
    camera.take(page, "journal")
    page.goto("/journal?since=yesterday")
    camera.take(page, "journal-wrong")
    page.goto("/domains/bonvenon.fr/about")
    camera.take(page, "about")
    page.goto(f"/accounts/{demo.OWNER}/")
    page.locator(f"form[action='/accounts/{demo.OWNER}/enter'] button").click()
    camera.take(page, "entered")
    take_menu(page, f"{camera.number + 1}-entered-menu-{words.language}")
    page.locator(".entered button").click()
    page.set_viewport_size(DESKTOP)
    grow_old(panel)
    page.goto("/second-factor/off")
    camera.take(page, "prove")
    page.goto("/accounts/")
    take_menu(page, f"{camera.number + 1}-menu-{words.language}")


def test_pictures_of_an_owner(
    panel: Panel, open_page: OpenPage, watch: Watch, words: Words
) -> None:
    FOLDER.mkdir(exist_ok=True)
    watch.expect(404, 422)
    camera = Camera(words.language)
    camera.number = 140
    with panel.rules() as alice:
        demo.fill(alice)
        demo.owner(PASSWORD, alice)
    panel.use()
    page = open_page("/", language=words.language, token=token_of_owner(panel))
    camera.take(page, "owner")
    for path in ("domains/", "domains/bonvenon.fr/about", "journal", "me", "sessions"):
        page.goto(f"/{path}")
        camera.take(page, "owner-" + path.replace("/", "-"))
    page.goto("/domains/bonvenon.fr/?q=sa")
    camera.take(page, "owner-list")
    page.goto("/nothing-here")
    camera.take(page, "owner-not-found")


def test_pictures_of_nobody(panel: Panel, open_page: OpenPage, watch: Watch, words: Words) -> None:
    FOLDER.mkdir(exist_ok=True)
    watch.expect(404, 410, 422)
    camera = Camera(words.language)
    camera.number = 160
    panel.install("bonvenon.fr")
    panel.add(EMAIL, mailbox=True)
    with panel.rules() as alice:
        box = Mailbox.get(Mailbox.address == Address.get(Address.email == EMAIL))
        token = links.invite(box, by=alice)
    page = open_page("/", language=words.language, logged_in=False)
    camera.take(page, "log-in")
    page.goto("/forgotten")
    camera.take(page, "forgotten")
    page.locator("#name").fill(EMAIL)
    page.locator("main .main").click()
    camera.take(page, "forgotten-sent")
    page.goto(f"/link/{token}")
    camera.take(page, "link-choose")
    page.goto("/link/nothing")
    camera.take(page, "link-over")
