"""People who click at once beside Postfix: `make load` is the long form."""

from pathlib import Path

from bench import load


def test_nobody_meets_an_error_and_no_confirmed_change_is_lost(open_folder: Path) -> None:
    alone, beside, seen, missing = load.measure(open_folder, seconds=5, people=12)

    assert alone.errors + beside.errors + seen.errors == []
    assert missing == []
    assert len(beside.seconds) > 400
    assert seen.recipients
    assert seen.names
