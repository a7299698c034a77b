"""Write the figures as a page: docs/performance.md."""

import os
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple

from bench.browser import Cost
from bench.measures import STEPS
from webmailadmin.serving import THREADS

Series = dict[tuple[str, int], list[Cost]]
Queries = dict[int, dict[str, list[int]]]

LIBRARIES = ("flask", "werkzeug", "jinja2", "flask-babel", "flask-wtf", "peewee", "cysqlite")
SMALL, LARGE = 1_000, 100_000

PAGE = """# How fast the pages are

Written by `make bench`, as measured, and not by hand: {date}, {rounds} rounds in {minutes:.1f}
minutes, on {cores} cores ({machine}) of a machine whose load was {load:.1f} at the end (the
measurement alone makes about 1). Python {python}, waitress {waitress} with {threads} threads,
{libraries}.

The panel runs as `webmailadmin run` starts it, in a process of its own over a database of its own
for each size, and is asked over one kept-alive connection on loopback by somebody who is logged
in and sends the forms of the pages, tokens included. One domain holds {small:,} or {large:,}
addresses: half are mailboxes, a quarter are redirected, a fifth are both, the rest are off or
receive nothing yet. Every round takes each step once, in another order each time. Milliseconds
mean little on a shared machine: what counts is each time **divided by another one of the same
round**. Each figure is a median, with its quartiles in brackets: between them lies half of what
was measured. *Work* is the processor time of the server, which other programs disturb less; the
goals are for the time.

## Goals

| what | goal | time | work of the server | |
|---|---|---|---|---|
{goals}

## Each step

| step | ms, {small:,} | {large:,} | × one line, {small:,} | {large:,} | growth | of work |
|---|---|---|---|---|---|---|
{steps}

*Growth* is {large:,} addresses against {small:,}, in time and in work of the server.

- *one line*: a Flask route that returns one line of text, under the same server, the median of
  five requests. *bare list*: as many rows of the same addresses in a page of nothing but Flask,
  Peewee and Jinja (`bench/bare.py`), without log-in, session, language, menu, counts or forms.
- *list*: the first page, whole. *more*: the fragment with the 50 rows after a place in the last
  eighth of the list. *search*: the fragment for a text that many, one or none of the addresses
  and recipients hold.
- *edit*: the editor of a mailbox as a fragment. *save*: its size limit and both its recipients
  changed, without a password: bcrypt alone takes longer, on purpose. *add*: a new address, whose
  editor comes back. *save, new*: that address redirected to two others. Each ends on the disk
  (`synchronous=FULL`) before it is answered.
- Filling {large:,} addresses took {filling:.0f} seconds; counts and every `receives` were checked.

## Queries

The number of queries of each page, as a page and as the fragment that htmx asks for, with 3 and
with 300 rows of everything: addresses, removed ones, journal entries, domains.

| page | with 3 rows | with 300 |
|---|---|---|
{queries}
"""


class Ratios(NamedTuple):
    """How often one cost goes into another, round by round."""

    time: list[float]
    work: list[float]


def page(series: Series, queries: Queries, *, rounds: int, filling: float, minutes: float) -> str:
    """Return the page."""
    return PAGE.format(
        date=datetime.now(UTC).strftime("%d %B %Y"),
        minutes=minutes,
        cores=os.cpu_count(),
        machine=platform.machine(),
        python=platform.python_version(),
        libraries=", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        threads=THREADS,
        waitress=version("waitress"),
        rounds=rounds,
        load=os.getloadavg()[0],
        small=SMALL,
        large=LARGE,
        goals="\n".join(goals(series, queries)),
        steps="\n".join(step_line(series, step) for step in ("one line", "bare list", *STEPS)),
        filling=filling,
        queries="\n".join(
            f"| {name} | {in_words(queries[3][name])} | {in_words(queries[300][name])} |"
            for name in queries[3]
        ),
    )


def goals(series: Series, queries: Queries) -> list[str]:
    """Return the lines of the table of goals."""
    found = [
        goal(f"{step}: {LARGE:,} against {SMALL:,} addresses", 1.2, growth(series, step))
        for step in ("list", "add", "save")
    ]
    for size in (SMALL, LARGE):
        against = ratios(series["list", size], series["bare list", size])
        found.append(goal(f"list against the bare list, {size:,} addresses", 1.5, against))
    few, many = queries[3], queries[300]
    more = [name for name in few if any(b > a for a, b in zip(few[name], many[name], strict=True))]
    found.append(
        "| queries of every page, 300 rows against 3 | no more | "
        + (f"more: {', '.join(more)} | | **missed** |" if more else "no more | | reached |")
    )
    return found


def goal(what: str, most: float, measured: Ratios) -> str:
    """Return one line of the table of goals."""
    verdict = "reached" if statistics.median(measured.time) <= most else "**missed**"
    return f"| {what} | ≤ {most} | {spread(measured.time)} | {spread(measured.work)} | {verdict} |"


def step_line(series: Series, step: str) -> str:
    """Return one line of the table of steps."""
    cells = [step]
    for size in (SMALL, LARGE):
        cells.append(f"{statistics.median(cost.time for cost in series[step, size]) * 1000:.1f}")
    for size in (SMALL, LARGE):
        cells.append(spread(ratios(series[step, size], series["one line", size]).time))
    grown = growth(series, step)
    return f"| {' | '.join([*cells, spread(grown.time), spread(grown.work)])} |"


def growth(series: Series, step: str) -> Ratios:
    """Return what a step takes with many addresses, as multiples of what it takes with few."""
    return ratios(series[step, LARGE], series[step, SMALL])


def ratios(costs: list[Cost], others: list[Cost]) -> Ratios:
    """Divide the costs of each round."""
    pairs = list(zip(costs, others, strict=True))
    return Ratios(
        [one.time / other.time for one, other in pairs],
        [one.work / other.work for one, other in pairs],
    )


def spread(values: list[float]) -> str:
    """Return the median with the quartiles."""
    lower, median, upper = statistics.quantiles(values, n=4)
    return f"{median:.2f} ({lower:.2f} to {upper:.2f})"


def in_words(counts: list[int]) -> str:
    """Return the queries of page and fragment."""
    return " and ".join(str(count) for count in counts)
