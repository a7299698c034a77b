"""A browser that measures: one kept-alive connection, cookies, real forms."""

import http.client
import time
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode

from bs4 import BeautifulSoup, Tag

from bench.servers import Server
from tests.browser_of import FRAGMENT, data_of


class Cost(NamedTuple):
    """What an answer took: the time until it was read, and the work of the server, in seconds."""

    time: float
    work: float


class Browser:
    """One person in front of one server on loopback."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.cost = Cost(0, 0)
        self.status, self.text = 0, ""

    def open(
        self,
        url: str,
        sent: Mapping[str, str] | None = None,
        *,
        fragment: bool = False,
        expected: tuple[int, ...] = (200, 303),
    ) -> str:
        """Ask for a page, or for the fragment that htmx would ask for; `sent` is a form.

        Raises AssertionError for another status than the `expected` ones.
        """
        headers = {"Accept-Language": "en", "Accept": "text/html", "Host": "localhost"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if fragment:
            headers |= FRAGMENT
        body = None
        if sent is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(sent)
        worked, before = self.server.worked(), time.perf_counter()
        self.connection.request("GET" if body is None else "POST", url, body, headers)
        response = self.connection.getresponse()
        received = response.read()
        seconds = time.perf_counter() - before
        self.cost = Cost(seconds, self.server.worked() - worked)
        self.status, self.text = response.status, received.decode()
        if self.status not in expected:
            raise AssertionError(f"{url}: {response.status}\n{self.text}")
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return self.text

    def form(self, selector: str) -> tuple[str, dict[str, str]]:
        """Return where a form of the last answer is sent to, and what it sends as it stands."""
        found = BeautifulSoup(self.text, "html.parser").select_one(selector)
        assert isinstance(found, Tag), f"no form {selector}"
        return str(found["action"]), data_of(found)

    def log_in(self, name: str, password: str) -> None:
        """Log in through the page."""
        self.open("/log-in")
        url, sent = self.form("form.card")
        self.open(url, sent | {"name": name, "password": password})
        assert "__Host-session" in self.cookies
