"""Has a message arrived? Read from the newest messages of each folder."""

from datetime import datetime

import pytest

from tests.helper.conftest import Stage
from webmailadmin.servers import mailfiles
from webmailadmin.servers.helper.find import LONGEST_HEADER, NEWEST

WANTED = "<wanted.1@panel.example>"


def message(message_id: str, name: str = "Message-ID") -> bytes:
    return f"Subject: x\n{name}: {message_id}\nFrom: a@b\n\nMessage-ID: <body@b>\n".encode()


@pytest.mark.parametrize("folder", ["", ".Junk", ".Projets.2025"])
@pytest.mark.parametrize("place", ["new", "cur"])
def test_a_message_is_found_in_every_folder(folder: str, place: str, stage: Stage) -> None:
    home = stage.home(".Empty")
    name = "1795573233.M683052P1.vm,S=51,W=56"
    home.deliver(message(WANTED), name if place == "new" else f"{name}:2,S", folder, place)

    assert mailfiles.find(home.name, WANTED) == datetime(2026, 11, 25, 2, 20, 33, 683052)
    for other in ("<body@b>", "<wanted.1@panel>", "<anted.1@panel.example>"):
        assert mailfiles.find(home.name, other) is None


@pytest.mark.parametrize(
    "text",
    [
        message(WANTED, "message-id"),
        message(f"  {WANTED}  "),
        message(f"\n {WANTED}"),
        message(f"\t{WANTED}").replace(b"\n", b"\r\n"),
        message(WANTED)[: -len("\n\nMessage-ID: <body@b>\n")],
    ],
)
def test_a_header_is_read_as_it_may_be_written(text: bytes, stage: Stage) -> None:
    home = stage.home()
    home.deliver(text, "1795573233.M683052P1.vm,S=51,W=56")

    assert mailfiles.find(home.name, WANTED) is not None


def test_among_many_only_the_newest_are_looked_at(stage: Stage) -> None:
    home = stage.home()
    home.deliver(message(WANTED), "1000.M000001P1.vm,W=1")
    for number in range(NEWEST - 1):
        home.deliver(message("<x@y>"), f"2000.M{number:06}P1.vm,W=1:2,S")
    assert mailfiles.find(home.name, WANTED) is not None

    home.deliver(message("<x@y>"), "3000.M000001P1.vm,W=1", place="new")
    assert mailfiles.find(home.name, WANTED) is None


def test_nothing_is_found_where_nothing_is(stage: Stage) -> None:
    home = stage.home()
    home.deliver(b"", "1.M1P1.a")
    home.deliver(b"x" * LONGEST_HEADER + b"\n" + message(WANTED), "2.M1P1.a")

    assert mailfiles.find(home.name, WANTED) is None
    assert mailfiles.find("f" * 32, WANTED) is None


def test_a_name_that_tells_no_time_leaves_the_files_own(stage: Stage) -> None:
    home = stage.home()
    path = home.deliver(message(WANTED), "elsewhere")
    arrived = mailfiles.find(home.name, WANTED)

    assert arrived is not None
    assert abs((arrived - datetime(1970, 1, 1)).total_seconds() - path.stat().st_mtime) < 1e-3
