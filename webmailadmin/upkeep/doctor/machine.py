"""The machine that is looked at: its programs, run as who they are run as, and their settings."""

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from webmailadmin import settings
from webmailadmin.upkeep.doctor.finding import Finding

CHECKOUT = Path(__file__).parents[3]
SECONDS = 10.0  # for a program to answer
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
COULD_NOT = 126


@dataclass(frozen=True)
class Answer:
    """What a program said. status: of its end, COULD_NOT when it could not even run."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Return its last line, which tells most when it failed."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1] if lines else f"status {self.status}"


class NoPanel(Exception):
    """Nobody could be asked as the panel's user. Its text is one sentence."""


@dataclass(frozen=True)
class Machine:
    """This machine, and where its mail servers have their settings."""

    postfix: Path = Path("/etc/postfix")
    dovecot: Path = Path("/etc/dovecot/dovecot.conf")
    facts: dict[str, Any] = field(default_factory=dict)

    def ask(
        self,
        *command: str,
        user: str | None = None,
        more_groups: Sequence[str] = (),
        given: str = "",
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> Answer:
        """Run a command to its end, as `user` with all the groups that are theirs and some more.

        Nothing of what it opens is ours: see MAIL_USER in servers/render.py for who is who.
        """
        who: dict[str, Any] = {}
        try:
            if user is not None and user != pwd.getpwuid(os.geteuid()).pw_name:
                entry = pwd.getpwnam(user)
                groups = os.getgrouplist(user, entry.pw_gid)
                who = {"user": user, "group": entry.pw_gid, "extra_groups": [*groups, *more_groups]}
            done = subprocess.run(
                command,
                input=given,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=SECONDS,
                env=environment,
                cwd=CHECKOUT,
                **who,
            )
        except KeyError:
            return Answer(COULD_NOT, "", f"There is no user {user}.")
        except (OSError, ValueError) as error:
            return Answer(COULD_NOT, "", str(error))
        except subprocess.TimeoutExpired:
            return Answer(COULD_NOT, "", f"{command[0]} gave no answer in {SECONDS:.0f} seconds.")
        return Answer(done.returncode, done.stdout, done.stderr)

    # The panel

    def panel(self, order: str, given: str = "") -> str:
        """Let a child of ours that is the panel's user carry out an order. Raises NoPanel."""
        # A folder that is named from here on is the same for the child, wherever it begins.
        own = {"WEBMAILADMIN_DATA": str(settings.current.data.resolve())}
        answer = self.ask(
            *(sys.executable, "-m", "webmailadmin.upkeep.doctor.asked", order),
            user=settings.current.panel_user if os.geteuid() == 0 else None,
            given=given,
            environment={**os.environ, **own},
        )
        if answer.status:
            raise NoPanel(answer.words)
        return answer.out

    def look_as_panel(self) -> list[Finding]:
        """Return what the panel's user sees, and keep the facts. Raises NoPanel."""
        told = json.loads(self.panel("look"))
        self.facts.update(told["facts"])
        return [Finding.from_dict(finding) for finding in told["findings"]]

    # Postfix

    @cached_property
    def postconf(self) -> dict[str, str]:
        """Return Postfix's settings with their values filled in; none when it has none."""
        lines = self.ask("postconf", "-c", str(self.postfix), "-x").out.splitlines()
        pairs = (line.partition(" = ") for line in lines)
        return {name.strip(" ="): value.strip() for name, _, value in pairs}

    # Dovecot

    @cached_property
    def doveconf(self) -> dict[str, str]:
        """Return Dovecot's settings; those in a block by the names of both: service auth/user."""
        blocks: list[str] = []
        found: dict[str, str] = {}
        for line in self.ask("doveconf", "-a", "-c", str(self.dovecot)).out.splitlines():
            text = line.strip()
            if text.endswith("{"):
                blocks.append(text[:-1].strip())
            elif text == "}":
                blocks.pop()
            elif "=" in text and not text.startswith("#"):
                name, _, value = text.partition("=")
                found["/".join([*blocks, name.strip()])] = value.strip()
        return found

    def doveadm(self, *arguments: str) -> Answer:
        """Ask Dovecot."""
        return self.ask("doveadm", "-c", str(self.dovecot), *arguments)
