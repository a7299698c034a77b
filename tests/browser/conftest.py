"""The stage of tests in a browser: Chromium, the running panel, a person at the keyboard."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.browser.panel import PASSWORD, Panel
from tests.browser.watch import Watch
from tests.browser.words import IN, Words

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
MILLISECONDS_TO_WAIT = 15_000
expect.set_options(timeout=MILLISECONDS_TO_WAIT)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, started once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running_panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel in which Alice has an account, started once."""
    panel = Panel(tmp_path_factory.mktemp("panel"))
    panel.command("account", "add", "alice", "--administrator", "--password-stdin", typed=PASSWORD)
    panel.start()
    yield panel
    panel.stop()


@pytest.fixture
def panel(running_panel: Panel) -> Panel:
    """The panel, empty but for its accounts."""
    running_panel.empty()
    return running_panel


@pytest.fixture
def bonvenon(panel: Panel) -> str:
    """bonvenon.fr is installed."""
    panel.install("bonvenon.fr")
    return "bonvenon.fr"


@pytest.fixture(params=IN)
def words(request: pytest.FixtureRequest) -> Words:
    """The visible names, in each language."""
    return IN[request.param]


@pytest.fixture
def watch(panel: Panel) -> Iterator[Watch]:
    """The listener; a test fails for everything that it heard and did not expect."""
    watch = Watch(panel.url)
    yield watch
    assert not watch.complaints


@pytest.fixture
def open_page(chromium: Browser, panel: Panel, watch: Watch) -> Iterator[OpenPage]:
    """Open a page in a fresh profile: `open_page("/", language="fr", logged_in=False)`.

    holder: the address of whose holder is logged in, instead of Alice.
    token: of any other session.
    """
    contexts = []

    def open_(
        path: str = "/",
        *,
        language: str = "en",
        size: dict[str, int] = DESKTOP,
        logged_in: bool = True,
        holder: str = "",
        token: str = "",
        **options: Any,
    ) -> Page:
        # Playwright clicks what stands still: without motion, that is sooner.
        options = {"reduced_motion": "reduce"} | options
        locale = {"en": "en-GB", "fr": "fr-FR"}[language]
        context = chromium.new_context(base_url=panel.url, locale=locale, viewport=size, **options)
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS_TO_WAIT)
        watch.over(context)
        page = context.new_page()
        if logged_in:
            own = panel.session_of_holder(holder) if holder else panel.session_of_alice()
            log_in(page, panel, token or own)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


class Held(list[Route]):
    """Requests that wait for their answer until the test lets them go on."""

    def hold(self, route: Route) -> None:
        """Keep one."""
        self.append(route)


def log_in(page: Page, panel: Panel, token: str) -> None:
    """Give the page a session. A cookie __Host-… can be given only this way."""
    page.context.new_cdp_session(page).send(
        "Network.setCookie",
        {
            "name": "__Host-session",
            "value": token,
            "url": panel.url.replace("http:", "https:"),
            "path": "/",
            "secure": True,
            "httpOnly": True,
        },
    )
