"""Hostile orders: refused, logged in a line, and the helper goes on."""

import ast
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helper.conftest import Stage
from webmailadmin import log
from webmailadmin.servers import mailfiles
from webmailadmin.servers.helper import server

ID = "0123456789abcdef" * 2
FORBIDDEN = {"flask", "werkzeug", "jinja2", "click", "peewee", "playhouse", "cysqlite", "sqlite3"}


def order(**told: object) -> bytes:
    return json.dumps(told).encode() + b"\n"


LINES = {
    "nothing": b"",
    "an empty line": b"\n",
    "no whole line": order(verb="usage", home=ID)[:-1],
    "zeros": b"\0" * 100 + b"\n",
    "no JSON": b"usage please\n",
    "broken text": b'{"verb": "usage", "home": "\xff\xfe"}\n',
    "another encoding": order(verb="usage", home=ID).decode().encode("utf-16") + b"\n",
    "a deep list": b"[" * 1500 + b"\n",
    "a huge number": b'{"verb": ' + b"9" * 1900 + b"}\n",
    "a huge line": order(verb="usage", home=ID * 5000),
    "a line without end": b"x" * 300_000,
    "two orders": order(verb="usage", home=ID) * 2,
    "a list": b'["usage"]\n',
    "a text": b'"usage"\n',
    "null": b"null\n",
    "an empty object": b"{}\n",
    "no verb": order(home=ID),
    "an unknown verb": order(verb="rm", home=ID),
    "a verb of Python": order(verb="__init__", home=ID),
    "a verb that is a list": order(verb=["usage"], home=ID),
    "a number as home": order(verb="usage", home=7),
    "no home": order(verb="purge"),
    "null as home": order(verb="purge", home=None),
    "a list of homes": order(verb="purge", home=[ID]),
    "one thing more": order(verb="purge", home=ID, force="yes"),
    "an email for a home": order(verb="usage", email="ann@bonvenon.fr"),
    "a home for an email": order(verb="kick", home=ID),
    "find without a message": order(verb="find", home=ID),
}
HOMES = {
    f"{verb} of {home!r}": order(verb=verb, home=home)
    for verb in ("usage", "exists", "archive", "purge")
    for home in (
        *("", ".", "..", "/", "../..", "/etc", f"../{ID}", f"{ID}/..", f"{ID}/", f"/{ID}"),
        *(ID[:-1], ID + "0", ID.upper(), ID + "\n", "\n" + ID, ID[:-1] + "\0", ".trash"),
        *("٠" * 32, ID[:-1] + "ａ", " " + ID[1:], "*", ID[:-1] + "*", "-" + ID[1:]),
    )
}
EMAILS = {
    f"kick of {email!r}": order(verb="kick", email=email)
    for email in (
        *("", "*", "*@bonvenon.fr", "ann@*", "ann?@bonvenon.fr", "ann", "@bonvenon.fr"),
        *("-f@bonvenon.fr", "--help", "-A", "ann@bonvenon.fr\n", "ann@bonvenon.fr\n*"),
        *("ann@bonvenon.fr\0", "'ann'@bonvenon.fr", '"a b"@bonvenon.fr', "ann @bonvenon.fr"),
        *("ann@bonvenon.fr -f *", "ANN@bonvenon.fr", "é@bonvenon.fr", "ann|127.0.0.1"),
        *("ann@-bonvenon.fr", "127.0.0.0/8", "a" * 65 + "@bonvenon.fr", "a@" + "b" * 300),
    )
}
MESSAGES = {
    f"find of {message!r}": order(verb="find", home=ID, message_id=message)
    for message in ("", "<>", "a@b", "<a@b", "<a@b>\n", "<a\n@b>", "<a b@c>", "<é@b>", "<<a>>")
}


def seen(stage: Stage) -> list[str]:
    return sorted(str(path) for path in stage.root.rglob("*"))


@pytest.mark.parametrize("orders", [LINES, HOMES, EMAILS, MESSAGES])
def test_a_hostile_order_is_refused_and_logged_in_a_line(
    orders: dict[str, bytes], stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    home = stage.home("..strange")
    before = seen(stage)
    for what, line in orders.items():
        caplog.clear()

        answer = stage.send(line)

        assert answer.endswith(b"\n"), what
        refusal = json.loads(answer)
        assert list(refusal) == ["refused"], what
        assert "Traceback" not in refusal["refused"]
        assert len(refusal["refused"]) < 400
        (record,) = caplog.records
        written = log.AsJson().format(record)
        assert len(written.splitlines()) == 1
        told = {"event": "refused", "reason": refusal["refused"], "level": "warning"}
        assert told.items() <= json.loads(written).items()
    assert seen(stage) == before
    assert mailfiles.exists(home.name)


def test_who_says_nothing_is_left_and_holds_up_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience, is_told in ((60, False), (0.5, True)):
        monkeypatch.setattr(server, "SECONDS_TO_ORDER", patience)
        with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as slow:
            for connection in (silent, slow):
                connection.settimeout(10)
                connection.connect(str(stage.socket))
            slow.sendall(b'{"verb"')
            assert not mailfiles.exists(ID)
            for connection in (silent, slow) if is_told else ():
                assert b"took too long" in connection.recv(1000)


def test_more_than_it_can_do_at_once_waits_for_a_place(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS_TO_ORDER", 0.5)
    monkeypatch.setattr(mailfiles, "SECONDS_TO_ANSWER", 10)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(server.MOST_AT_ONCE)]
    began = time.monotonic()
    for connection in silent:
        connection.connect(str(stage.socket))

    assert not mailfiles.exists(ID)

    assert 0.4 < time.monotonic() - began < 5
    for connection in silent:
        connection.close()


def test_too_many_archives_at_once_are_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = stage.home()
    home.deliver(b"x" * 2**22, "1.M1P1.a,W=4194304")
    archives = [mailfiles.archive(home.name) for _ in range(server.MOST_ARCHIVES_AT_ONCE)]
    try:
        with pytest.raises(mailfiles.HelperRefused, match="try again"):
            mailfiles.archive(home.name)
        assert mailfiles.usage(home.name).messages == 1
    finally:
        for archive in archives:
            archive.chunks.close()


def test_a_fault_of_the_program_is_told_without_its_trace(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(order: object) -> dict[str, object]:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(stage.server.orders.answers, "usage", broken)

    with pytest.raises(mailfiles.HelperRefused) as refused:
        mailfiles.usage(ID)

    assert str(refused.value) == "The mail-file helper has a fault; its log tells more."
    (fault,) = (record for record in caplog.records if record.exc_info)
    assert "secret detail" in json.loads(log.AsJson().format(fault))["trace"]
    assert not mailfiles.exists(ID)


def test_what_no_dovecot_can_do_is_said(stage: Stage) -> None:
    with pytest.raises(
        mailfiles.HelperRefused, match=r"Dovecot does not end sessions: .*no-dovecot.conf"
    ):
        mailfiles.kick("ann@bonvenon.fr")


# What the program is made of


def test_the_helper_needs_neither_web_nor_database() -> None:
    program = "import sys; import webmailadmin.servers.helper.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = set(done.stdout.split())
    assert not {name.partition(".")[0] for name in loaded} & FORBIDDEN
    ours = {name for name in loaded if name.startswith("webmailadmin")}
    assert {name for name in ours if not name.startswith("webmailadmin.servers")} == {
        *("webmailadmin", "webmailadmin.log", "webmailadmin.settings"),
    }
    assert "webmailadmin.servers.mailfiles" not in ours


def test_nothing_of_an_order_is_joined_to_a_path() -> None:
    for path in Path(server.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Attribute) and node.attr in ("join", "joinpath")) or (
                isinstance(node.value, ast.Constant)
            ), f"{path}:{node.lineno}"
