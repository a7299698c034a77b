"""Deleting for good: all of it, nothing else, the same answer however often it is asked."""

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helper.conftest import Home, Stage
from webmailadmin.servers import mailfiles
from webmailadmin.servers.helper import trash
from webmailadmin.servers.helper.tree import Folder
from webmailadmin.servers.mailfiles import Held, HelperRefused

NOTHING = Held(0, 0, None)
TWO = Held(2, 110, None)
NOBODY = 65534


def with_mail(stage: Stage) -> Home:
    """Return a mailbox with two messages of 110 bytes."""
    home = stage.home(".Sent", ".Projets.2025")
    home.deliver(b"x", "1.M1P1.a,S=9,W=10", place="new")
    home.deliver(b"x", "2.M1P1.a,S=99,W=100:2,S", ".Sent")
    (home.path / "last_login").write_text("shared/last-login/imap\n1795573233\n")
    return home


def left_in_trash(root: Path) -> list[str]:
    return [str(path.relative_to(root / ".trash")) for path in (root / ".trash").rglob("*")]


def test_a_mailbox_goes_and_its_neighbour_stays(stage: Stage) -> None:
    home, neighbour = with_mail(stage), with_mail(stage)
    before = sorted(neighbour.path.rglob("*"))

    assert mailfiles.purge(home.name) == TWO

    assert not mailfiles.exists(home.name)
    assert sorted(path.name for path in stage.root.iterdir()) == sorted([".trash", neighbour.name])
    assert left_in_trash(stage.root) == [f"{home.name}-2-110"]
    assert sorted(neighbour.path.rglob("*")) == before


def test_who_asks_again_is_told_the_same(stage: Stage) -> None:
    home = with_mail(stage)

    assert [mailfiles.purge(home.name) for _ in range(3)] == [TWO] * 3
    assert mailfiles.usage(home.name) == NOTHING


def test_where_nothing_was_nothing_goes(stage: Stage) -> None:
    assert mailfiles.purge("f" * 32) == NOTHING
    assert left_in_trash(stage.root) == []


def test_what_comes_after_a_purge_goes_with_the_next(stage: Stage) -> None:
    home = with_mail(stage)
    assert mailfiles.purge(home.name) == TWO
    for _ in range(2):
        home.deliver(b"x", "3.M1P1.a,W=1")
        mailfiles.purge(home.name)
        assert not home.path.exists()

    assert mailfiles.purge(home.name) == Held(3, 111, None)


def test_what_broke_off_is_finished_by_the_next_purge(stage: Stage) -> None:
    home = with_mail(stage)
    half = stage.root / ".trash" / f"{home.name}-2-110"
    half.parent.mkdir()
    home.path.rename(half)
    (half / "Maildir" / "new" / "1.M1P1.a,S=9,W=10").unlink()

    assert mailfiles.purge(home.name) == TWO
    assert list(half.iterdir()) == []


def test_what_broke_off_is_finished_at_the_start_and_forgotten_after_a_week(
    stage: Stage, opened: Folder
) -> None:
    home, old, strange = with_mail(stage), with_mail(stage), stage.root / ".trash" / "strange"
    half = stage.root / ".trash" / f"{home.name}-2-110"
    strange.mkdir(parents=True)
    home.path.rename(half)
    assert mailfiles.purge(old.name) == TWO
    tombstone = stage.root / ".trash" / f"{old.name}-2-110"
    os.utime(tombstone, (0, time.time() - trash.SECONDS_TO_REMEMBER - 60))

    trash.finish(opened)

    assert sorted(left_in_trash(stage.root)) == sorted([half.name, "strange"])
    assert mailfiles.purge(home.name) == TWO


# Hostile trees


def test_links_pipes_sockets_and_devices_go_and_what_they_lead_to_stays(
    stage: Stage, tmp_path: Path
) -> None:
    home, outside = with_mail(stage), tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    cur = home.maildir / "cur"
    (home.path / "sieve").symlink_to(outside)
    (home.maildir / ".Linked").symlink_to(outside)
    (cur / "9.M1P1.a,W=9").symlink_to(outside / "kept")
    (cur / "loop").symlink_to(cur)
    os.link(outside / "kept", cur / "8.M1P1.a:2,")
    os.mkfifo(cur / "7.M1P1.a,W=7")
    os.mknod(cur / "6.M1P1.a,W=6", 0o020600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listening:
        place = os.open(cur, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{place}/s")
        os.close(place)

    assert mailfiles.purge(home.name).messages == 3  # the hard link is a message like another

    assert not home.path.exists()
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("kept", "kept")]


def test_folders_as_deep_as_you_like_go(stage: Stage) -> None:
    home = stage.home()
    place = os.open(home.path, os.O_RDONLY)
    for _ in range(1200):  # deeper than Python calls, longer than a path may be
        os.mkdir("deep", dir_fd=place)
        below = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)

    assert mailfiles.purge(home.name) == NOTHING
    assert left_in_trash(stage.root) == [f"{home.name}-0-0"]


def test_names_of_all_bytes_go(stage: Stage) -> None:
    home = stage.home()
    for name in (b"\xff\xfe", b"line\nend", b"-rf", b" ", b"\x7f\x1b[2J", "é".encode()):
        (home.maildir / "cur" / os.fsdecode(name)).mkdir()
        (home.maildir / "new" / os.fsdecode(name)).write_text("")

    mailfiles.purge(home.name)

    assert not home.path.exists()


@pytest.mark.parametrize("verb", ["usage", "exists", "archive", "purge"])
def test_a_home_that_is_a_link_is_refused(verb: str, stage: Stage) -> None:
    neighbour, name = with_mail(stage), "f" * 32
    before = sorted(stage.root.rglob("*"))
    (stage.root / name).symlink_to(neighbour.path)

    with pytest.raises(HelperRefused, match="cannot be opened as a folder"):
        getattr(mailfiles, verb)(name)

    (stage.root / name).unlink()
    assert [path for path in sorted(stage.root.rglob("*")) if path.name != ".trash"] == before


@pytest.mark.parametrize("verb", ["usage", "archive", "purge"])
@pytest.mark.parametrize("part", ["Maildir", "Maildir/cur"])
def test_a_folder_on_the_way_that_is_a_link_is_refused(
    verb: str, part: str, stage: Stage, tmp_path: Path
) -> None:
    home, neighbour = with_mail(stage), with_mail(stage)
    (home.path / part).rename(tmp_path / "moved")
    (home.path / part).symlink_to(neighbour.path / part)

    with pytest.raises(HelperRefused, match="cannot be opened as a folder"):
        getattr(mailfiles, verb)(home.name)

    assert mailfiles.usage(neighbour.name).messages == 2
    assert home.path.exists()


@pytest.mark.parametrize("verb", ["usage", "exists", "archive", "purge"])
def test_a_home_of_another_user_is_refused(verb: str, stage: Stage) -> None:
    home = with_mail(stage)
    os.chown(home.path, NOBODY, NOBODY)

    with pytest.raises(HelperRefused, match="belongs to somebody else"):
        getattr(mailfiles, verb)(home.name)

    assert len(list(home.path.rglob("*"))) > 5


@pytest.mark.parametrize("verb", ["usage", "archive", "purge"])
def test_a_mail_folder_of_another_user_is_refused(verb: str, stage: Stage) -> None:
    home = with_mail(stage)
    os.chown(home.maildir / ".Sent", NOBODY, NOBODY)

    with pytest.raises(HelperRefused, match=r"belongs to somebody else"):
        getattr(mailfiles, verb)(home.name)

    assert (home.maildir / ".Sent" / "cur").exists()


def test_a_message_of_another_user_is_not_packed(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    home = stage.home()
    os.chown(home.deliver(b"Subject: secret\n", "1.M1P1.a:2,"), NOBODY, NOBODY)
    (home.maildir / "cur" / "link").symlink_to("/etc/passwd")
    os.mkfifo(home.maildir / "cur" / "pipe")
    (home.maildir / ".Linked").symlink_to("/etc")

    packed = b"".join(mailfiles.archive(home.name).chunks)

    assert b"secret" not in packed
    assert b"root:" not in packed
    told = [record.values["file"] for record in caplog.records if record.msg == "left out"]
    assert len(told) == 4
    for name in ("1.M1P1.a:2,", "link", "pipe", ".Linked"):
        assert sum(repr(name) in line for line in told) == 1


def test_a_trash_that_is_a_link_is_refused(stage: Stage, tmp_path: Path) -> None:
    home = with_mail(stage)
    (stage.root / ".trash").symlink_to(tmp_path)

    with pytest.raises(HelperRefused, match="cannot be opened as a folder"):
        mailfiles.purge(home.name)

    assert mailfiles.usage(home.name).messages == 2


def test_a_mail_root_that_is_gone_or_a_link_or_of_another_user_is_said(
    stage: Stage, tmp_path: Path
) -> None:
    home = with_mail(stage)
    stage.root.rename(tmp_path / "elsewhere")
    with pytest.raises(HelperRefused, match=r"cannot be opened: No such file"):
        mailfiles.purge(home.name)

    stage.root.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HelperRefused, match=r"mail files' folder .* cannot be opened"):
        mailfiles.purge(home.name)

    # As the place is where a disk is mounted, before that is done.
    stage.root.unlink()
    stage.root.mkdir()
    os.chown(stage.root, NOBODY, NOBODY)
    with pytest.raises(HelperRefused, match="belongs to somebody else"):
        mailfiles.purge(home.name)


ON_ANOTHER_DISK = """
import sys
from pathlib import Path
from webmailadmin.servers.helper import trash
from webmailadmin.servers.helper.refused import Refused
from webmailadmin.servers.helper.tree import open_root
with open_root(Path(sys.argv[1])) as root:
    try:
        trash.purge(root, sys.argv[2])
    except Refused as reason:
        print(reason)
"""


@pytest.mark.parametrize("part", ["", "Maildir", "Maildir/.Sent", "other/deep"])
def test_another_file_system_is_not_entered_and_stops_a_purge_for_as_long(
    part: str, stage: Stage
) -> None:
    home = with_mail(stage)
    place = home.path / part
    place.mkdir(parents=True, exist_ok=True)
    mounted = f'mount -t tmpfs none "{place}" && touch "{place}/kept" && "$@" && ls "{place}"'
    asked = [sys.executable, "-c", ON_ANOTHER_DISK, str(stage.root), home.name]

    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f'{mounted} || find "{stage.root}" -name kept',
            "-",
            *asked,
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    refusal, kept = done.stdout.splitlines()
    assert "lies on another file system" in refusal or "cannot be deleted" in refusal
    assert kept.endswith("kept")
    assert mailfiles.purge(home.name) == TWO
    assert left_in_trash(stage.root) == [f"{home.name}-2-110"]


def test_a_folder_that_is_filled_while_it_is_emptied_is_emptied(
    opened: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "AT_ONCE", 3)
    home = Home(root / secrets.token_hex(16))
    for number in range(20):
        home.deliver(b"x", f"{number}.M1P1.a,W=1", f".F{number % 7}")

    assert trash.purge(opened, home.name).messages == 20
    assert not home.path.exists()
