"""The archive of a mailbox: what a mail program finds in it, whatever happens while it is made."""

import mailbox
import os
import random
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.helper.conftest import Home, Stage
from webmailadmin.servers import mailfiles
from webmailadmin.servers.helper import mbox, zipped
from webmailadmin.servers.helper.archive import Archive
from webmailadmin.servers.helper.names import name_in_archive
from webmailadmin.servers.helper.tree import Folder
from webmailadmin.servers.helper.zipped import Frame, Stored


def downloaded(home: Home, folder: Path) -> zipfile.ZipFile:
    """Ask the helper for an archive; it must be whole, as long as it was said, and sound."""
    archive = mailfiles.archive(home.name)
    return whole(b"".join(archive.chunks), archive.size, folder)


def whole(text: bytes, size: int, folder: Path) -> zipfile.ZipFile:
    """Return an archive that is as it must be."""
    assert len(text) == size
    path = folder / "messages.zip"
    path.write_bytes(text)
    said = subprocess.run(["unzip", "-t", str(path)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    opened = zipfile.ZipFile(BytesIO(text))
    assert opened.testzip() is None
    return opened


def read(archive: zipfile.ZipFile, name: str, folder: Path) -> list[bytes]:
    """Return the messages of an mbox, as a mail program takes them out."""
    path = folder / "one.mbox"
    path.write_bytes(archive.read(name))
    with closing(mailbox.mbox(path)) as box:
        with_quotes = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118 - it has no other
    return [b"\n".join(map(unquoted, text.split(b"\n"))) for text in with_quotes]


def unquoted(line: bytes) -> bytes:
    return line[1:] if line.startswith(b">") and line.lstrip(b">").startswith(b"From ") else line


def text_of(number: int, dice: random.Random) -> bytes:
    """Return a message whose lines are as bad as lines can be."""
    lines = [
        "",
        "From here on",
        ">From",
        ">From there",
        ">>>From far",
        "from",
        " From",
        "é",
        "x" * 99,
    ]
    body = "\n".join(dice.choices(lines, k=dice.randrange(12)))
    return f"Message-ID: <{number}@b>\nSubject: {number}\n\n{body}\n".encode()


def test_two_thousand_messages_come_out_as_they_went_in(stage: Stage, tmp_path: Path) -> None:
    dice = random.Random(7)
    home = stage.home(".Empty")
    folders = {
        "": "INBOX.mbox",
        ".Sent": "Sent.mbox",
        ".Projets.2025.&AMk-t&AOk-": "Projets - 2025 - Été.mbox",
        ".R&-D": "R&D.mbox",
        ".Été": "Été.mbox",
    }
    kept: dict[str, list[bytes]] = {name: [] for name in folders}
    for number in range(2000):
        folder = dice.choice(list(folders))
        text = text_of(number, dice)
        place, flags = dice.choice([("new", ""), ("cur", ":2,S"), ("cur", ":2,")])
        home.deliver(text, f"{1000000000 + number}.M1P1.a,S=1,W=1{flags}", folder, place)
        kept[folder].append(text)

    archive = downloaded(home, tmp_path)

    assert sorted(archive.namelist()) == sorted([*folders.values(), "Empty.mbox"])
    assert read(archive, "Empty.mbox", tmp_path) == []
    for folder, name in folders.items():
        assert read(archive, name, tmp_path) == kept[folder]
    assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100600}


def test_a_mailbox_that_no_mail_has_come_to_is_an_empty_archive(
    stage: Stage, tmp_path: Path
) -> None:
    (stage.root / ("0" * 32)).mkdir()
    for name in ("f" * 32, "0" * 32):
        archive = downloaded(Home(stage.root / name), tmp_path)
        assert [(info.filename, info.file_size) for info in archive.infolist()] == [
            ("INBOX.mbox", 0)
        ]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"Subject: no end of line",
        b"Subject: x\r\n\r\nFrom here\r\n>From there\r\n",
        b"From the first line on\nSubject: x\n\n",
        b"Subject: x\n\n" + b"From \n" * 100_000,
        b"Subject: x\n\n" + b"x" * (3 * mbox.BLOCK) + b"From here\nFrom there\n",
        b"Subject: x\n\n" + b">" * mbox.BLOCK + b"From here\n",
        b"\0\xff" * 1000,
    ],
)
def test_a_strange_message_is_packed_too(text: bytes, stage: Stage, tmp_path: Path) -> None:
    home = stage.home()
    for number, message in enumerate((b"Subject: before\n\n", text, b"Subject: after\n\n")):
        os.utime(home.deliver(message, f"{number}.M1P1.a:2,"), (number, number))

    packed = downloaded(home, tmp_path).read("INBOX.mbox")

    starts = [line for line in packed.split(b"\n") if line.startswith(b"From ")]
    assert len(starts) == 3
    quoted = b"\n".join(
        b">" + line if line.lstrip(b">").startswith(b"From ") else line
        for line in text.split(b"\n")
    )
    ended = quoted if text.endswith(b"\n") else quoted + b"\n"
    middle = packed.partition(starts[1] + b"\n")[2].rpartition(starts[2])[0]
    assert middle == (ended if text else b"") + b"\n"


def test_each_message_begins_with_its_arrival(stage: Stage, tmp_path: Path) -> None:
    home = stage.home()
    for number, moment in enumerate((0, 1795573233, 2**33)):
        os.utime(home.deliver(b"Subject: x\n", f"{number}.M1P1.a:2,"), (moment, moment))

    packed = downloaded(home, tmp_path).read("INBOX.mbox").decode()

    assert [line for line in packed.splitlines() if line.startswith("From ")] == [
        "From - Thu Jan  1 00:00:00 1970",
        "From - Wed Nov 25 02:20:33 2026",
        "From - Wed Mar 16 12:56:32 2242",
    ]


# Meanwhile


def gone(home: Home) -> None:
    for path in home.maildir.glob("cur/*1.a:2,"):
        path.unlink()


def all_gone(home: Home) -> None:
    for path in home.maildir.glob("cur/*"):
        path.unlink()


def read_meanwhile(home: Home) -> None:
    for path in [*home.maildir.glob("cur/*"), *home.maildir.glob("new/*")]:
        path.rename(home.maildir / "cur" / (path.name.partition(":")[0] + ":2,FS"))


def longer(home: Home) -> None:
    for path in home.maildir.glob("cur/*1.a:2,"):
        path.write_bytes(path.read_bytes() * 3)


def shorter(home: Home) -> None:
    for path in home.maildir.glob("cur/*1.a:2,"):
        path.write_bytes(path.read_bytes()[:5])


def replaced_by_links(home: Home) -> None:
    for path in home.maildir.glob("cur/*1.a:2,"):
        path.unlink()
        path.symlink_to("/etc/passwd")


def more(home: Home) -> None:
    home.deliver(b"Subject: late\n\n", "9.M1P1.a:2,")


def folder_gone(home: Home) -> None:
    all_gone(home)
    for part in ("new", "cur", "tmp"):
        for path in (home.maildir / part).iterdir():
            path.unlink()
        (home.maildir / part).rmdir()


def folders_gone(home: Home) -> None:
    """As when a mail program deletes them."""
    shutil.rmtree(home.maildir / ".Sent")
    shutil.rmtree(home.maildir / ".Projets")
    (home.maildir / ".Projets").symlink_to("/etc")


@pytest.mark.parametrize(
    ("happens", "kept"),
    [
        (gone, "other"),
        (all_gone, "none"),
        (folder_gone, "none"),
        (read_meanwhile, "all"),
        (longer, "all"),
        (shorter, "other"),
        (replaced_by_links, "other"),
        (more, "all"),
        (folders_gone, "all"),
    ],
)
def test_what_changes_meanwhile_leaves_the_archive_whole(
    happens: Callable[[Home], None],
    kept: str,
    stage: Stage,
    opened: Folder,
    plan: BinaryIO,
    tmp_path: Path,
) -> None:
    home = stage.home(".Sent", ".Projets")
    home.deliver(b"Subject: project\n\n", "1.M1P1.a:2,", ".Projets")
    texts = [f"Subject: {number}\n\nFrom here\n".encode() * 50 for number in range(40)]
    for number, text in enumerate(texts):
        home.deliver(text, f"{1000 + number}.M1P1.a:2,", place="cur" if number % 2 else "new")
    home.deliver(b"Subject: sent\n\n", "1.M1P1.a:2,", ".Sent")

    with opened.folder(home.name) as folder:
        archive = Archive(folder, plan)
        happens(home)
        packed = whole(b"".join(archive.chunks()), archive.frame.size, tmp_path)

    found = read(packed, "INBOX.mbox", tmp_path)
    assert len(found) == 40
    assert all(b"root:" not in text for text in found)
    still = {"none": 0, "other": 20, "all": 40}[kept]
    assert sum(found[number] == text for number, text in enumerate(texts)) >= still
    sent = b"\n" * len(b"Subject: sent\n\n") if happens is folders_gone else b"Subject: sent\n\n"
    assert read(packed, "Sent.mbox", tmp_path) == [sent]


def test_who_leaves_early_is_let_go(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    home = stage.home()
    home.deliver(b"x" * 2**23, "1.M1P1.a:2,")
    archive = mailfiles.archive(home.name)
    next(archive.chunks)
    archive.chunks.close()

    assert mailfiles.archive(home.name).size == archive.size


# Names


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("", "INBOX"),
        (".INBOX", "INBOX"),
        (".&AMk-t&AOk-", "Été"),
        (".Projets.2025", "Projets - 2025"),
        (".R&-D", "R&D"),
        (".R&D", "R&D"),
        (".&a-", "&a-"),
        (".&2D3eAA-", "😀"),
        (".&2D0-", "&2D0-"),
        (".&AC4ALgAvAC4ALgAvAGUAdABj-", "_.._etc"),
        ('.a&AC8-b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        (".line\nend\x7f\u202e\udcff", "line_end___"),
        (".-rf", "rf"),
        (". ", "_"),
        (".con", "_con"),
        (".COM1", "_COM1"),
        (".nul.txt", "nul - txt"),
        (".console", "console"),
        ("." + "é" * 120, "é" * 90),
    ],
)
def test_a_folders_name_can_be_read_and_harms_no_system(folder: str, name: str) -> None:
    assert name_in_archive(folder, set()) == f"{name}.mbox"


def test_no_two_files_have_one_name() -> None:
    taken: set[str] = set()
    names = [name_in_archive(f".{name}", taken) for name in ("Sent", "SENT", "sent (2)", "sent")]

    assert names == ["Sent.mbox", "SENT (2).mbox", "sent (2) (2).mbox", "sent (3).mbox"]


# The frame


def test_more_than_four_gigabytes_are_framed_so_that_all_is_found(tmp_path: Path) -> None:
    big = 2**32 + 10
    files = [Stored("a.mbox", big), Stored("é.mbox", 5), Stored("c.mbox", 0)]
    frame = Frame(files, 1795573233)
    path = tmp_path / "big.zip"
    with path.open("wb") as out:
        for number, text in enumerate((None, b"hello", b"")):
            out.write(frame.head(number))
            if text is None:
                out.seek(big, os.SEEK_CUR)  # a hole, which takes no place
            out.write(text or b"")
            out.write(frame.tail(number, zlib.crc32(text or b"")))
        out.write(frame.end([0, zlib.crc32(b"hello"), 0]))

    assert path.stat().st_size == frame.size
    with zipfile.ZipFile(path) as opened:
        assert [(info.filename, info.file_size) for info in opened.infolist()] == [
            *(("a.mbox", big), ("é.mbox", 5), ("c.mbox", 0)),
        ]
        assert [opened.read(name) for name in ("é.mbox", "c.mbox")] == [b"hello", b""]
        with opened.open("a.mbox") as file:
            assert file.read(10) == b"\0" * 10
    asked = ["unzip", "-p", str(path), "c.mbox", "*.mbox", "-x", "a.mbox"]
    said = subprocess.run(asked, capture_output=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, b"hello", b"")


@pytest.mark.parametrize("limit", ["MOST", "MOST_FILES"])
def test_what_is_small_needs_no_zip64_and_what_is_not_has_it(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def framed() -> bytes:
        frame = Frame([Stored("a", 4), Stored("b", 4)], 0)
        parts = [frame.head(n) + b"text" + frame.tail(n, zlib.crc32(b"text")) for n in (0, 1)]
        text = b"".join(parts) + frame.end([zlib.crc32(b"text")] * 2)
        assert len(text) == frame.size
        return text

    assert struct.pack("<H", zipped.WITH_ZIP64) not in framed()
    monkeypatch.setattr(zipped, "MOST_FILES", 1)
    assert zipfile.ZipFile(BytesIO(framed())).testzip() is None


def test_a_fault_in_the_middle_ends_the_bytes_and_says_nothing_in_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("secret detail")

    home = stage.home()
    home.deliver(b"Subject: x\n\n", "1.M1P1.a:2,")
    monkeypatch.setattr(Archive, "mbox", broken)
    archive = mailfiles.archive(home.name)
    received: list[bytes] = []

    with pytest.raises(mailfiles.HelperUnreachable):
        received.extend(archive.chunks)

    assert b"refused" not in b"".join(received)
    assert "secret detail" in caplog.text
