"""What the documentation says is so."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import click

from webmailadmin.cli import commands
from webmailadmin.mail import sessions, throttle
from webmailadmin.mail.actors import Kind
from webmailadmin.settings import PREFIX, Settings
from webmailadmin.upkeep import doctor

ROOT = Path(__file__).parent.parent


def test_each_setting_has_its_line_with_its_default_and_its_help():
    table = (ROOT / "docs" / "settings.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*?) \|$", table, re.MULTILINE))
    assert told == {PREFIX + f.name.upper(): f.metadata["help"] for f in fields(Settings)}
    for entry in fields(Settings):
        if isinstance(entry.default, int):
            switch = isinstance(entry.default, bool)
            shown = ("off", "on")[entry.default] if switch else entry.default
            assert f"| `{PREFIX}{entry.name.upper()}` | {shown} |" in table


def test_each_library_has_its_line():
    told = (ROOT / "docs" / "dependencies.md").read_text().lower()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split("[><=]", one)[0] for one in wanted]
    assert "peewee" in names
    assert [name for name in names if name not in told] == []


def test_each_check_of_the_doctor_has_its_line_with_its_name_and_why_it_matters():
    told = (ROOT / "docs" / "health.md").read_text()
    lines = re.findall(r"^\| `([\w-]+)` \| (.*?) \| (.*?) \| (.+?) \|$", told, re.MULTILINE)
    assert [line[:3] for line in lines] == [
        (check.code, check.name, check.why)
        for check in (*doctor.FRESH, *doctor.page.CHECKS, *doctor.deep.CHECKS, *doctor.AS_ROOT)
    ]
    assert all(line[3].endswith(".") for line in lines)


def test_the_vendored_script_is_the_one_that_is_noted():
    digest = hashlib.sha256((ROOT / "static/vendor/htmx.min.js").read_bytes()).hexdigest()
    assert digest in (ROOT / "static/vendor/README.md").read_text()


def test_each_command_says_what_it_does():
    silent = [name for name, command in every_command(commands) if not command.help]
    assert silent == []


def every_command(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Walk the commands and those below them."""
    for name, command in group.commands.items():
        yield f"{above} {name}".strip(), command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{above} {name}")


GUARDED = (ROOT / "docs" / "security.md").read_text()


def test_each_test_that_the_threat_model_names_is_there():
    named = re.findall(r"`([a-z_]+/(?:test_\w+\.py)?|test_\w+\.py|statements\.py)`", GUARDED)

    assert len(named) > 15
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_the_numbers_of_sessions_and_waits_are_those_of_the_program():
    minutes = {kind: limit // timedelta(minutes=1) for kind, limit in sessions.IDLE.items()}
    hours = {kind: limit // timedelta(hours=1) for kind, limit in sessions.LONGEST.items()}
    others = (Kind.OWNER, Kind.HOLDER)

    assert f"| administrators | {minutes[Kind.ADMINISTRATOR]} minutes | 24 hours |" in GUARDED
    assert hours[Kind.ADMINISTRATOR] == 24
    for kind in others:
        assert (
            f"| owners, holders | {minutes[kind] // 60} hours | {hours[kind] // 24} days |"
            in GUARDED
        )
    assert f"| name | {throttle.FREE_TRIES['account']} |" in GUARDED
    assert f"| network | {throttle.FREE_TRIES['network']} |" in GUARDED
    assert f"| code of a second factor | {throttle.FREE_TRIES['code']} |" in GUARDED
    assert throttle.LONGEST_WAIT == {"account": 60, "network": 15 * 60, "code": 15 * 60}


def test_the_table_of_rights_has_its_place():
    assert GUARDED.count("<!-- rights -->") == GUARDED.count("<!-- /rights -->") == 1


def test_the_readme_leads_to_each_page():
    readme = (ROOT / "README.md").read_text()
    pages = ["SECURITY.md", *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]

    assert [page for page in pages if f"({page})" not in readme] == []
