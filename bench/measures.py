"""What is measured: each step as a person takes it, over HTTP, timed one by one."""

import random
import statistics
from collections.abc import Callable
from itertools import count as numbers

from bench.browser import Browser, Cost
from bench.fill import ACCOUNT, BOTH, DOMAIN, FEW, LAST, MAILBOXES, MANY, NONE, PASSWORD, name
from bench.servers import Server
from webmailadmin.mail.listing import PAGE

HERE = f"/domains/{DOMAIN}/"
STEPS = (
    "list",
    "more",
    "search, many",
    "search, one",
    "search, none",
    "edit",
    "save",
    "add",
    "save, new",
)

Costs = dict[str, Cost]


class Person:
    """Somebody who works in a panel of `count` addresses; each step returns what took how long."""

    def __init__(self, server: Server, count: int) -> None:
        self.browser = Browser(server)
        self.browser.log_in(ACCOUNT, PASSWORD)
        self.browser.open(HERE)
        self.url, self.line = self.browser.form("#add-address")
        self.chosen = random.Random(count)
        self.unused = numbers(count)
        # The first of each twenty is left as it is: recipients lead there, never in a circle.
        numbered = range(1, count - 20)
        self.boxes = [n for n in numbered if n % 20 and (n % 20 in MAILBOXES or n % 20 in BOTH)]

    def steps(self) -> list[Callable[[], Costs]]:
        """Return all steps."""
        return [
            self.list,
            self.more,
            lambda: self.search("search, many", MANY, PAGE),
            lambda: self.search("search, one", FEW, 1),
            lambda: self.search("search, none", NONE, 0),
            self.edit_and_save,
            self.add_and_save,
        ]

    def list(self) -> Costs:
        """Open the first page of the list."""
        self.browser.open(HERE)
        self.expect(PAGE + 1)
        return {"list": self.browser.cost}

    def more(self) -> Costs:
        """Ask for the rows that follow, deep in the list."""
        self.browser.open(f"{HERE}?after=rose.{self.chosen.choice(LAST)}", fragment=True)
        self.expect(PAGE)
        return {"more": self.browser.cost}

    def search(self, step: str, text: str, found: int) -> Costs:
        """Search a part of a name or of a recipient."""
        self.browser.open(f"{HERE}?q={text}&show=all", fragment=True)
        self.expect(found)
        return {step: self.browser.cost}

    def edit_and_save(self) -> Costs:
        """Open the editor of a mailbox; change its size limit and where copies go."""
        number = self.chosen.choice(self.boxes)
        email = f"{name(number)}@{DOMAIN}"
        self.browser.open(f"/addresses/{email}/edit", fragment=True)
        edit = self.browser.cost
        url, sent = self.browser.form("form.editor")
        sent["quota_mb"] = str(int(sent["quota_mb"]) + 1)
        sent["recipients"] = self.somewhere()
        self.browser.open(url, sent, fragment=True)
        assert f"{email} is saved." in self.browser.text, self.browser.text
        return {"edit": edit, "save": self.browser.cost}

    def add_and_save(self) -> Costs:
        """Add an address; redirect it."""
        number = next(self.unused)
        local_part = name(number)
        self.browser.open(self.url, self.line | {"local_part": local_part}, fragment=True)
        add = self.browser.cost
        url, sent = self.browser.form("form.editor")
        sent |= {"mailbox": "no", "recipients": self.somewhere()}
        self.browser.open(url, sent, fragment=True)
        assert f"{local_part}@{DOMAIN} is saved." in self.browser.text, self.browser.text
        return {"add": add, "save, new": self.browser.cost}

    def somewhere(self) -> str:
        """Return two recipients, one within the domain, never the same ones twice."""
        within = self.chosen.choice(self.boxes) // 20 * 20
        return f"{name(within)}@{DOMAIN}\nsomebody.{self.chosen.random()}@elsewhere.example"

    def expect(self, rows: int) -> None:
        """Make sure that the answer shows so many addresses."""
        found = self.browser.text.count('class="entry"')
        assert found == rows, f"{found} rows instead of {rows}"


class Stranger:
    """Somebody who asks the bare application."""

    def __init__(self, server: Server) -> None:
        self.browser = Browser(server)

    def one_line(self) -> Costs:
        """Ask for one line of text, five times: so short a request is easily disturbed."""
        costs = []
        for _ in range(5):
            assert self.browser.open("/") == "One line."
            costs.append(self.browser.cost)
        return {"one line": Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))}

    def list(self) -> Costs:
        """Ask for the bare list."""
        assert self.browser.open("/list").count("<tr>") == PAGE + 1
        return {"bare list": self.browser.cost}
