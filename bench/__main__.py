"""Measure the panel and write docs/performance.md: `python -m bench [ROUNDS]`."""

import random
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from bench import report, servers
from bench.measures import Person, Stranger

ROUNDS, WARM_UP = 150, 10


def measure(folder: Path, rounds: int) -> tuple[report.Series, float]:
    """Return the costs of each step at each size, one a round, and the seconds of filling.

    All steps of a round come in another order each time, so that whatever else the machine does
    hits all alike.
    """
    series: report.Series = defaultdict(list)
    order = random.Random(1)
    with ExitStack() as running:
        steps = []
        for count in (report.SMALL, report.LARGE):
            filling = servers.fill(folder / str(count), count)
            person = Person(running.enter_context(servers.panel(folder / str(count))), count)
            stranger = Stranger(running.enter_context(servers.bare(folder / str(count))))
            own = [*person.steps(), stranger.list, stranger.one_line]
            steps += [(count, step) for step in own]
        for turn in range(WARM_UP + rounds):
            order.shuffle(steps)
            for count, step in steps:
                for name, cost in step().items():
                    if turn >= WARM_UP:
                        series[name, count].append(cost)
    return series, filling


def main() -> None:
    """Measure and write."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    before = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="webmailadmin-bench-") as folder:
        series, filling = measure(Path(folder), rounds)
        queries = {count: servers.queries(Path(folder) / str(count), count) for count in (3, 300)}
    minutes = (time.monotonic() - before) / 60
    text = report.page(series, queries, rounds=rounds, filling=filling, minutes=minutes)
    Path("docs/performance.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
