"""The orders of the panel: what each must look like, and what is done.

`servers/mailfiles.py` gives them. None of them is trusted.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webmailadmin.log import note
from webmailadmin.servers.helper import trash
from webmailadmin.servers.helper.archive import Archive
from webmailadmin.servers.helper.find import find
from webmailadmin.servers.helper.held import Held, held
from webmailadmin.servers.helper.refused import Refused
from webmailadmin.servers.helper.sessions import EMAIL, Sessions
from webmailadmin.servers.helper.tree import Folder, open_root

FORMS = {
    "home": re.compile(r"[0-9a-f]{32}"),
    "email": EMAIL,
    "message_id": re.compile(r"<[!-;=?-~]{1,250}>"),
}
# What each order must tell, and nothing else.
VERBS = {
    "usage": {"home"},
    "exists": {"home"},
    "find": {"home", "message_id"},
    "archive": {"home"},
    "purge": {"home"},
    "kick": {"email"},
}

Order = dict[str, str]
Answer = dict[str, Any]


def understood(line: bytes) -> Order:
    """Read an order. Raises Refused unless it is exactly one that we know."""
    try:
        order = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused("The order is no JSON.") from None
    if not isinstance(order, dict) or not all(isinstance(value, str) for value in order.values()):
        raise Refused("The order is not made of names and texts.")
    verb = order.get("verb", "")
    if verb not in VERBS:
        raise Refused(f"There is no order {verb[:40]!r}.")
    if set(order) != VERBS[verb] | {"verb"}:
        raise Refused(f"The order {verb} tells {', '.join(sorted(VERBS[verb]))}, and nothing else.")
    for name in VERBS[verb]:
        if not FORMS[name].fullmatch(order[name]):
            raise Refused(f"{order[name][:80]!r} cannot be the {name} of the order {verb}.")
    return order


class Orders:
    """Carries orders out, on the mail files in one folder and the sessions of one Dovecot."""

    def __init__(self, mail_root: Path, dovecot: Path) -> None:
        self.mail_root, self.sessions = mail_root, Sessions(dovecot)
        self.answers: dict[str, Callable[[Order], Answer]] = {
            "usage": self.usage,
            "exists": self.exists,
            "find": self.find,
            "purge": self.purge,
            "kick": self.kick,
        }

    @contextmanager
    def home(self, order: Order) -> Iterator[Folder]:
        """Open the home that an order is about. Raises FileNotFoundError, Refused."""
        with open_root(self.mail_root) as root, root.folder(order["home"]) as home:
            yield home

    def usage(self, order: Order) -> Answer:
        """Tell what a mailbox holds; a folder that no mail has made yet holds nothing."""
        try:
            with self.home(order) as home:
                return asdict(held(home))
        except FileNotFoundError:
            return asdict(Held())

    def exists(self, order: Order) -> Answer:
        """Tell whether a home is there."""
        try:
            with self.home(order):
                return {"exists": True}
        except FileNotFoundError:
            return {"exists": False}

    def find(self, order: Order) -> Answer:
        """Tell when a message arrived."""
        try:
            with self.home(order) as home:
                return {"arrived": find(home, order["message_id"])}
        except FileNotFoundError:
            return {"arrived": None}

    @contextmanager
    def archive(self, order: Order) -> Iterator[Archive]:
        """Pack a home, open until the block ends. Raises Refused, OSError."""
        with tempfile.TemporaryFile() as plan, ExitStack() as opened:
            try:
                home = opened.enter_context(self.home(order))
            except FileNotFoundError:
                home = None
            yield Archive(home, plan)

    def purge(self, order: Order) -> Answer:
        """Delete a home and tell what it held."""
        with open_root(self.mail_root) as root:
            found = trash.purge(root, order["home"])
        note("purged", home=order["home"], messages=found.messages, bytes=found.bytes)
        return asdict(found)

    def kick(self, order: Order) -> Answer:
        """End the sessions of a log-in."""
        self.sessions.kick(order["email"])
        return {}
