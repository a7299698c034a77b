"""What a mailbox holds, read from names and files. Against Dovecot itself: tests/mailservers."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from tests.helper.conftest import Stage
from webmailadmin.servers import mailfiles
from webmailadmin.servers.helper import held
from webmailadmin.servers.mailfiles import Held

NOTHING = Held(0, 0, None)


def test_a_mailbox_that_no_mail_has_come_to_holds_nothing(stage: Stage) -> None:
    home = stage.home()
    (stage.root / ("0" * 32)).mkdir()

    assert mailfiles.usage("f" * 32) == NOTHING
    assert mailfiles.usage("0" * 32) == NOTHING
    assert mailfiles.usage(home.name) == NOTHING
    assert [mailfiles.exists(name) for name in ("f" * 32, "0" * 32)] == [False, True]


def test_all_folders_count_new_and_read_mail(stage: Stage) -> None:
    home = stage.home()
    home.deliver(b"", "1.M1P1.a,S=9,W=10", place="new")
    home.deliver(b"", "2.M1P1.a,S=99,W=100:2,S")
    home.deliver(b"", "3.M1P1.a,S=999,W=1000:2,ST", folder=".Trash")
    home.deliver(b"", "4.M1P1.a,W=10000,S=9999:2,", folder=".Projets.2025")

    assert mailfiles.usage(home.name) == Held(4, 11110, None)


def test_what_is_no_message_does_not_count(stage: Stage, tmp_path: Path) -> None:
    home = stage.home()
    home.deliver(b"", "1.M1P1.a,W=10", place="tmp")
    home.deliver(b"", ".hidden,W=10")
    home.deliver(b"", "line\nend,W=10")
    (home.maildir / "cur" / "folder,W=10").mkdir()
    (home.maildir / "cur" / "link,W=10").symlink_to("/etc/passwd")
    os.mkfifo(home.maildir / "cur" / "pipe,W=10")
    home.deliver(b"", "1.M1P1.a,W=10", folder="no-mail-folder")
    (home.maildir / "dovecot-uidlist").write_text("3 V1 N1\n")

    assert mailfiles.usage(home.name) == NOTHING


def test_a_message_that_is_read_meanwhile_counts_once(stage: Stage) -> None:
    home = stage.home()
    home.deliver(b"", "1.M1P1.a,W=10", place="new")
    home.deliver(b"", "1.M1P1.a,W=10:2,S")

    assert mailfiles.usage(home.name) == Held(1, 10, None)


@pytest.mark.parametrize("text", [b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\ntwo\r\n"])
def test_a_message_from_elsewhere_is_counted_with_its_line_ends(text: bytes, stage: Stage) -> None:
    home = stage.home()
    home.deliver(text, "1.M1P1.a:2,S")
    home.deliver(b"cut", "2.elsewhere,S=3")

    assert mailfiles.usage(home.name) == Held(2, len(b"one\r\ntwo\r\n") + 3, None)


def test_a_large_message_from_elsewhere_is_counted_right_and_read_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "BLOCK", 64)
    home = stage.home()
    text = b"".join(b"x" * length + b"\r\n" + b"y" * length + b"\n" for length in range(200))
    path = home.deliver(text, "1.elsewhere:2,S")

    whole = Held(1, len(text) + 200, None)
    assert mailfiles.usage(home.name) == whole
    path.rename(path.with_name("1.elsewhere:2,SF"))
    monkeypatch.setattr(held, "bytes_sent", None)
    assert mailfiles.usage(home.name) == whole


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("shared/last-login/imap\n1795573233\n", datetime(2026, 11, 25, 2, 20, 33)),
        (
            "shared/last-login/imap\n1795573239\nshared/last-login/pop3\n1795573233\n",
            datetime(2026, 11, 25, 2, 20, 39),
        ),
        ("", None),
        ("shared/last-login/imap\n", None),
        ("garbage\n99999999999999999999\n-1\n", None),
    ],
)
def test_the_latest_log_in_counts(text: str, last: datetime | None, stage: Stage) -> None:
    home = stage.home()
    (home.path / "last_login").write_text(text)

    assert mailfiles.usage(home.name).last_log_in == last


def test_a_last_log_in_that_is_a_link_is_none(stage: Stage, tmp_path: Path) -> None:
    home = stage.home()
    (tmp_path / "elsewhere").write_text("shared/last-login/imap\n1795573233\n")
    (home.path / "last_login").symlink_to(tmp_path / "elsewhere")

    assert mailfiles.usage(home.name).last_log_in is None
