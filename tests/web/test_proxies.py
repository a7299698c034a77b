"""Who asks, behind reverse proxies: as many are believed as are set, and no header besides."""

import pytest

from tests.browser_of import Browser
from webmailadmin import create_app, database
from webmailadmin.mail import accounts
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Throttle
from webmailadmin.web.proxies import Proxies

CLIENT, PROXY = "192.0.2.7", "198.51.100.9"
FORGED = "203.0.113.5"


@pytest.fixture
def panel(data, monkeypatch):
    """Make a panel that believes so many proxies."""

    def make(count):
        monkeypatch.setenv("WEBMAILADMIN_PROXIES", str(count))
        monkeypatch.setenv("WEBMAILADMIN_TRUSTED_HOSTS", "panel.example.net")
        app = create_app()
        accounts.add("alice", "a fine long password 27", by=COMMAND_LINE)
        return Browser(app, base_url="http://localhost")

    yield make
    database.db.close()


def fail(browser, forwarded):
    """Try to log in with a wrong password; return the networks that count it."""
    form = browser.open("/log-in", base_url="https://localhost")
    token = form.soup.select_one("input[name=csrf_token]")["value"]
    browser.open(
        "/log-in",
        method="POST",
        data={"name": "alice", "password": "wrong", "csrf_token": token},
        headers={"X-Forwarded-For": forwarded, "Referer": "https://localhost/log-in"},
        base_url="https://localhost",
    )
    rows = Throttle.select().where(Throttle.key.startswith("network:"))
    return {row.key.partition(":")[2] for row in rows}


@pytest.mark.parametrize(
    ("count", "forwarded", "network"),
    [
        (0, FORGED, "127.0.0.1"),
        (0, f"{FORGED}, {CLIENT}", "127.0.0.1"),
        (1, CLIENT, CLIENT),
        # What a client made up stands before what the proxy saw.
        (1, f"{FORGED}, {CLIENT}", CLIENT),
        (2, f"{FORGED}, {CLIENT}, {PROXY}", CLIENT),
        # Too few: somebody went round a proxy, and nothing is believed.
        (2, FORGED, "127.0.0.1"),
    ],
)
def test_a_forged_header_does_not_change_who_has_to_wait(panel, count, forwarded, network):
    assert fail(panel(count), forwarded) == {network}


def test_without_a_proxy_no_header_turns_http_into_https_nor_changes_the_host(panel):
    page = panel(0).open(
        "/log-in", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "panel.example.net"}
    )

    assert "Strict-Transport-Security" not in page.headers


@pytest.mark.parametrize(("count", "left"), [(0, set()), (1, {"HTTP_X_FORWARDED_FOR"})])
def test_nothing_behind_reads_what_nobody_vouches_for(count, left):
    read = set()

    def app(environ, start_response):
        read.update(environ.keys() & {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"})
        return []

    told = {"REMOTE_ADDR": CLIENT, "HTTP_X_FORWARDED_FOR": FORGED}
    Proxies(app, count)(told, None)
    assert read == left


def test_behind_a_proxy_its_scheme_and_host_count(panel):
    browser = panel(1)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "panel.example.net"}

    assert "Strict-Transport-Security" in browser.open("/log-in", headers=told).headers
    strange = {**told, "X-Forwarded-Host": "evil.example"}
    assert browser.open("/log-in", headers=strange).status == 400
