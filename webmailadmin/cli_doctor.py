"""The doctor at the command line: for a person, for a monitoring program, for its timer."""

import json
import sys

import click
from flask import Flask

from webmailadmin import settings
from webmailadmin.upkeep import doctor as looks
from webmailadmin.upkeep.doctor.finding import Finding, State, in_words, sorted_by_weight
from webmailadmin.upkeep.doctor.groups import grouped
from webmailadmin.upkeep.doctor.machine import Machine, NoPanel
from webmailadmin.words import gettext, of_terminal, teach

SIGNS = {
    State.WRONG: ("✗", "red"),
    State.WARNING: ("!", "yellow"),
    State.UNKNOWN: ("?", None),
    State.OK: ("✓", "green"),
}
TROUBLES = (State.WRONG, State.WARNING)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--hand-over", is_flag=True, help="Let the page Health show what was found.")
def doctor(as_json: bool, hand_over: bool) -> None:
    """Look at all that mail depends on, and say what is wrong and what mends it (root).

    Ends with status 0 when all is well, 1 when there are warnings, 2 when something is wrong.
    """
    # Not the whole application: it opens the database, and root must not.
    app = Flask(__name__)
    try:
        settings.use(settings.read())
    except settings.WrongSetting as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    teach(app, of_terminal)
    with app.app_context():
        machine = Machine()
        found = sorted_by_weight(looks.examine(machine))
        if as_json:
            click.echo(json.dumps({"status": looks.status(found), "checks": as_told(found)}))
        else:
            tell(found)
        if hand_over:
            keep(machine, found)
    sys.exit(looks.status(found))


def keep(machine: Machine, found: list[Finding]) -> None:
    """Hand the findings over; without a database to keep them in, the page says how old its are."""
    try:
        looks.hand_over(machine, found)
    except NoPanel as reason:
        text = gettext("The report could not be handed over: %(reason)s", reason=str(reason))
        click.echo(text, err=True)
        sys.exit(2)


def as_told(found: list[Finding]) -> list[dict[str, str]]:
    """Return the findings for a program: in words, with what mends each."""
    return [
        {
            "code": finding.code,
            "state": finding.state,
            "text": in_words(finding),
            "why": gettext(looks.CHECKS[finding.code].why),
            "mend": finding.mend,
        }
        for finding in found
    ]


def tell(found: list[Finding]) -> None:
    """Print a line for each check; below what is not well, why that matters and what mends it."""
    for group in grouped(found):
        sign, colour = SIGNS[group.state]
        name = ", ".join(group.names)
        if group.state in TROUBLES:
            name = click.style(name, bold=True)
        first, *others = group.texts
        line = gettext("%(name)s: %(told)s", name=name, told=first)
        click.echo(f"{click.style(sign, fg=colour)} {line}")
        if group.state in TROUBLES:
            others += [group.why, *(f"$ {mend}" for mend in group.mends)]
        for more in others:
            click.echo(f"    {more}")
