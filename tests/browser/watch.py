"""The listener behind every test: what a page must never do fails the test."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

# The browser tells a violation to the page, and the page to its console.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
UNREACHABLE = re.compile(r"ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|Failed to fetch")


class Watch:
    """Collects complaints: console errors and warnings, broken policy, failed requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.statuses: set[int] = set()
        self.unreachable = False
        self.aborted = False

    def expect(self, *statuses: int) -> None:
        """Let pass the statuses of refusals that the test provokes."""
        self.statuses |= set(statuses)

    def expect_unreachable(self) -> None:
        """Let pass what a browser says of a server that does not answer."""
        self.unreachable = True

    def expect_aborted(self) -> None:
        """Let pass requests that the page gives up for newer ones."""
        self.aborted = True

    def over(self, context: BrowserContext) -> None:
        """Listen to all pages of a context."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self.console)
        context.on("weberror", self.error)
        context.on("request", self.request)
        context.on("requestfailed", self.failed)

    def console(self, message: ConsoleMessage) -> None:
        """Hear what the console is told."""
        if message.type not in ("error", "warning"):
            return
        refused = REFUSED.match(message.text)
        if refused and int(refused[1]) in self.statuses:
            return
        if self.unreachable and UNREACHABLE.search(message.text):
            return
        self.complaints.append(f"console {message.type}: {message.text} {message.location}")

    def error(self, error: WebError) -> None:
        """Hear of an exception that no script caught."""
        self.complaints.append(f"script: {error.error}")

    def request(self, request: Request) -> None:
        """See where each request goes."""
        if not request.url.startswith((self.url, "data:")):
            self.complaints.append(f"foreign request: {request.url}")

    def failed(self, request: Request) -> None:
        """Hear of a request without an answer."""
        why = request.failure or ""
        if self.unreachable and UNREACHABLE.search(why):
            return
        if self.aborted and "ERR_ABORTED" in why:
            return
        self.complaints.append(f"failed request: {request.method} {request.url}: {why}")
