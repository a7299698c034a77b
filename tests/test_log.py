"""What the program logs: one JSON object a line, whatever strangers write into it."""

import io
import json
import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PASSWORD
from webmailadmin import log
from webmailadmin.mail import accounts
from webmailadmin.mail.actors import COMMAND_LINE

HOSTILE = 'a\nb\r{"level": "error"}\x1b[2J\x7f\x85\u2028\u202e\x00\ud800 "é'


@pytest.fixture
def lines():
    """Begin to log into a buffer; call it for what has been logged since, line by line."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    level, ours = root.level, logging.getLogger("webmailadmin").level
    root.handlers.clear()
    buffer = io.StringIO()
    log.start(buffer)

    def read():
        text = buffer.getvalue()
        assert text.isascii()
        assert not set(text) & set(map(chr, [*range(10), *range(11, 32), 127]))
        return [json.loads(line) for line in text.splitlines()]

    yield read
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("webmailadmin").setLevel(ours)


def test_an_event_is_one_line_with_time_level_and_what_is_known(lines):
    log.note("log-in", who="alice", network="192.0.2.1", refused=None)

    (line,) = lines()
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "event": "log-in", "who": "alice", "network": "192.0.2.1"}


@pytest.mark.parametrize("write", [log.note, logging.getLogger("waitress").warning])
def test_what_a_stranger_writes_begins_no_line_and_moves_no_cursor(lines, write):
    # pytest's own handlers: what is no Unicode cannot be passed on to the process that reports.
    del logging.getLogger().handlers[1:]
    if write is log.note:
        write("log-in refused", who=HOSTILE)
    else:
        write("bad request: %s", HOSTILE)

    (line,) = lines()
    assert HOSTILE in (line.get("who", ""), line.get("text", "").removeprefix("bad request: "))


def test_every_value_is_written_in_printable_ascii():
    written = log.as_json(HOSTILE)
    assert written.isascii()
    assert written.isprintable()


def test_an_error_of_ours_has_its_trace_in_the_same_line(lines):
    try:
        int(HOSTILE)
    except ValueError:
        logging.getLogger("webmailadmin.web").exception("error %s", "1f2e")

    (line,) = lines()
    assert (line["level"], line["text"]) == ("error", "error 1f2e")
    assert "ValueError" in line["trace"]


def test_other_libraries_tell_their_warnings_only(lines):
    logging.getLogger("waitress").info("serving")
    logging.getLogger("waitress.queue").warning("Task queue depth is %d", 3)

    assert [(line["from"], line["text"]) for line in lines()] == [
        ("waitress.queue", "Task queue depth is 3")
    ]


# Requests


def test_a_request_is_logged_with_who_status_time_and_its_number(lines, browser, bonvenon):
    browser.get("/domains/bonvenon.fr/?q=hidden")

    line = lines()[-1]
    assert (line["event"], line["who"], line["network"]) == ("request", "alice", "127.0.0.1")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/domains/bonvenon.fr/", 200)
    assert 0 <= line["ms"] < 10_000
    assert len(line["id"]) == 8
    assert "hidden" not in json.dumps(lines())


def test_a_refusal_is_logged_by_its_code(lines, browser, bonvenon):
    browser.submit("/domains/bonvenon.fr/", "#add-address", {"local_part": "postmaster"})

    last = [line for line in lines() if line.get("method") == "POST"][-1]
    assert (last["status"], last["refused"]) == (422, "address-exists")


def test_log_ins_and_refused_ones_are_logged_without_what_was_typed(lines, stranger, alice):
    secret = "a secret in the wrong field 3"
    stranger.submit("/log-in", "form.card", {"name": "Alice", "password": secret})
    stranger.submit("/log-in", "form.card", {"name": secret, "password": secret})
    stranger.log_in("alice", PASSWORD)

    found = [
        (line["level"], line["event"], line.get("who"), line.get("refused"))
        for line in lines()
        if line["event"] != "request"
    ]
    assert found == [
        ("warning", "log-in refused", "alice", "log-in-refused"),
        ("warning", "log-in refused", None, "log-in-refused"),
        ("info", "log-in", "alice", None),
    ]
    assert secret not in json.dumps(lines())
    assert PASSWORD not in json.dumps(lines())


def test_neither_passwords_nor_tokens_are_logged(lines, stranger, alice):
    one_time = accounts.reset_password("alice", None, by=COMMAND_LINE)
    stranger.log_in("alice", one_time)
    new = "quite another phrase 9"
    given = {"present": one_time, "password": new, "confirmation": new}
    stranger.submit("/password", "form.card", given)

    logged = json.dumps(lines())
    assert "/password" in logged
    for secret in (one_time, new, *stranger.cookies().values()):
        assert secret not in logged


def test_an_error_is_found_by_the_number_on_the_page(lines, browser, app, bonvenon, monkeypatch):
    app.testing = False
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "domains.list_", lambda: 1 / 0)

    page = browser.get("/domains/")

    (error,) = [line for line in lines() if line["level"] == "error"]
    assert error["text"].removeprefix("error ") in page.words("main")
    (request,) = [line for line in lines() if line.get("status") == 500]
    assert error["text"] == f"error {request['id']}"


@pytest.mark.parametrize("path", ["/%0a%7b%22level%22:1%7d", "/domains/%1b[2J/", "/%e2%80%ae"])
def test_a_path_that_a_stranger_made_up_stays_in_its_line(lines, stranger, alice, path):
    stranger.open(path)

    assert len([line for line in lines() if line["event"] == "request"]) == 1


# At a terminal


PROGRAM = """
from webmailadmin import log
log.start()
log.note("log-in refused", who="a\\nb\\x1b[2J")
"""


def test_at_a_terminal_it_is_words():
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", PROGRAM], stderr=theirs, check=True, cwd=Path(__file__).parents[1]
    )
    os.close(theirs)
    said = os.read(ours, 1000).decode()
    os.close(ours)

    assert said[8:] == ' log-in refused who="a\\nb\\u001b[2J"\r\n'
