"""The command line, as a person types it: words, exit status, and never a traceback."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playhouse.cysqlite_ext import CySqliteDatabase

from tests.mailservers import panel
from webmailadmin.mail import passwords

TOP = Path(__file__).parents[1]
SECONDS_TO_START = 20
GOOD = "correct horse battery"
ONE_TIME = r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}"
# As somebody without rights: root may write everywhere, and reads what this Python is made of.
AS_NOBODY = (
    "import os, webmailadmin.web; from webmailadmin.__main__ import main\n"
    "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    "main()"
)


class Terminal:
    """A shell with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "WEBMAILADMIN_DATA": str(folder),
            "WEBMAILADMIN_MAIL_HOST": "mail.example.net",
            "WEBMAILADMIN_ACCOUNT_BCRYPT_COST": "4",
            "WEBMAILADMIN_SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
            "WEBMAILADMIN_MAILBOX_BCRYPT_COST": "4",
        }

    def type(
        self,
        *arguments: str,
        given: str = "",
        python: tuple[str, ...] = ("-m", "webmailadmin"),
        **more: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. more: variables of the environment."""
        return subprocess.run(
            [sys.executable, *python, *arguments],
            env=self.environment | more,
            cwd=TOP,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database, as another process of ours."""
        db = CySqliteDatabase(str(self.folder / "webmailadmin.db"))
        db.connect()
        try:
            return list(db.execute_sql(sql).fetchall())
        finally:
            db.close()

    @contextmanager
    def run(self, *arguments: str, **more: str) -> Iterator["Panel"]:
        """Start the panel, and end it."""
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "webmailadmin", "run", *arguments],
            env=self.environment | {"PORT": str(port)} | more,
            cwd=TOP,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        panel = Panel(process, port)
        try:
            yield panel
        finally:
            process.send_signal(signal.SIGINT)
            panel.rest, panel.errors = process.communicate(timeout=30)


class Panel:
    """A panel that was started."""

    rest = errors = ""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def answer(self) -> int:
        """Wait for the log-in page; return its status."""
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/log-in") as reply:
                    return int(reply.status)
            except urllib.error.URLError:
                assert self.process.poll() is None, self.process.communicate()
                time.sleep(0.02)
        raise AssertionError("the panel does not answer")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A shell with an empty data folder."""
    return Terminal(tmp_path / "data")


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check one sentence on standard error, exit status 1, and nothing else."""
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


# Domains


def test_a_domain_is_added_and_its_mx_record_told(terminal):
    done = terminal.type("domain", "add", "Été.fr", "--contact", "Ann@Elsewhere.org")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "été.fr is installed.\nxn--t-9fab.fr.  MX  10  mail.example.net.\n"
    assert terminal.rows("SELECT name, addresses FROM domain") == [("xn--t-9fab.fr", 1)]
    assert terminal.rows("SELECT email FROM recipient") == [("ann@elsewhere.org",)]
    assert terminal.rows("SELECT actor, act FROM journal ORDER BY id") == [
        ("command line", "domain.installed"),
        ("command line", "recipients.added"),
    ]


def test_a_domain_that_cannot_be_is_refused_in_words_and_changes_nothing(terminal):
    terminal.type("domain", "add", "bonvenon.fr", "--contact", "ann@elsewhere.org")
    before = terminal.rows("SELECT * FROM journal")

    twice = terminal.type("domain", "add", "BonVenon.fr", "--contact", "ann@elsewhere.org")
    refused(twice, "Error: bonvenon.fr is installed already.")
    inside = terminal.type("domain", "add", "neuf.fr", "--contact", "contact@neuf.fr")
    refused(inside, "Give an address elsewhere; you can change it once contact@ exists.")
    missing = terminal.type("domain", "add", "neuf.fr")
    refused(missing, "Enter the address that postmaster@ is redirected to.")
    both = terminal.type("domain", "add", "|cmd", "--contact", "$(id)")
    assert (both.returncode, both.stderr.splitlines()) == (
        1,
        [
            "Error: |cmd is not the name of a domain. It looks like bonvenon.fr.",
            "“$(id)” is not an address that mail can be sent to.",
        ],
    )
    assert terminal.rows("SELECT * FROM journal") == before


def test_the_command_line_speaks_french(terminal):
    done = terminal.type("domain", "add", "bonvenon.fr", "--contact", "a@x.org", LANG="fr_FR.UTF-8")
    assert done.stdout.startswith("bonvenon.fr est installé.\n")


def test_the_command_line_refuses_in_french(terminal):
    done = terminal.type("domain", "add", "x", LANG="fr_FR.UTF-8")

    assert done.stderr.splitlines() == [
        "Error: x n’est pas un nom de domaine. Il en faut un comme bonvenon.fr.",
        "Saisissez l’adresse vers laquelle postmaster@ est redirigée.",
    ]


# Accounts


def test_an_account_is_added_with_a_one_time_password_that_is_printed_once(terminal):
    done = terminal.type("account", "add", "alice", "--administrator")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "The account alice is added."
    found = re.fullmatch(f"Log in as alice with the one-time password ({ONE_TIME})", lines[1])
    assert found
    ((name, hash_, one_time),) = terminal.rows("SELECT name, password, one_time FROM account")
    assert (name, one_time) == ("alice", 1)
    assert passwords.matches(found[1], hash_)
    assert terminal.rows("SELECT actor, act, details FROM journal") == [
        ("command line", "account.added", '{"name": "alice"}')
    ]


def test_an_account_is_added_with_a_password_from_standard_input(terminal):
    done = terminal.type(
        "account", "add", "alice", "--administrator", "--password-stdin", given=f"{GOOD}\n"
    )

    assert (done.returncode, done.stdout) == (0, "The account alice is added.\n")
    ((hash_, one_time),) = terminal.rows("SELECT password, one_time FROM account")
    assert (passwords.matches(GOOD, hash_), one_time) == (True, 0)


def test_an_account_that_cannot_be_is_refused_in_words(terminal):
    for given, words in {
        "short\n": "A password needs 15 characters or more; this one has 5.",
        "": "A password needs 15 characters or more; this one has 0.",
        "é" * 40: "this one has 80.",
        "password123456\n": "A password needs 15 characters or more; this one has 14.",
    }.items():
        done = terminal.type(
            "account", "add", "alice", "--administrator", "--password-stdin", given=given
        )
        refused(done, words)
    refused(terminal.type("account", "add", "a b", "--administrator"), "2 to 64 letters")
    assert terminal.rows("SELECT * FROM account") == []

    terminal.type("account", "add", "alice", "--administrator")
    twice = terminal.type("account", "add", "ALICE", "--administrator")
    refused(twice, "There is an account alice already.")


def test_an_account_without_a_role_is_not_added(terminal):
    done = terminal.type("account", "add", "alice")

    assert (done.returncode, "--administrator" in done.stderr) == (2, True)


def test_owners_are_added_changed_and_given_domains(terminal):
    terminal.type("account", "add", "hoster", "--administrator")
    limits = ("--addresses", "50", "--mailboxes", "12", "--mb", "20480", "--no-outside")
    done = terminal.type("account", "add", "camille", "--owner", "--person", "Camille R.", *limits)
    assert done.stdout.startswith("The account camille is added.\nLog in as camille")

    changed = terminal.type("account", "change", "camille", "--mailboxes", "none", "--outside")
    assert changed.stdout == "The account camille is changed.\n"
    columns = "kind, person, most_addresses, most_mailboxes, most_mb, may_redirect_outside"
    assert terminal.rows(f"SELECT {columns} FROM account WHERE id = 2") == [
        ("owner", "Camille R.", 50, None, 20480, 1)
    ]

    where = ("--contact", "camille@elsewhere.org", "--owner", "camille")
    added = terminal.type("domain", "add", "bonvenon.fr", *where)
    assert added.stdout.splitlines()[-1] == "bonvenon.fr is given to camille."
    terminal.type("domain", "add", "autre.fr", *where[:2])
    given = terminal.type("domain", "give", "autre.fr", "camille")
    assert given.stdout == "autre.fr is given to camille.\n"
    listed = terminal.type("account", "list").stdout.splitlines()
    assert listed[1] == "camille\towner\ton\t-\tautre.fr bonvenon.fr"
    taken = terminal.type("domain", "take", "autre.fr", "camille")
    assert taken.stdout == "autre.fr is taken away from camille.\n"
    assert terminal.rows("SELECT domain_id FROM ownership") == [(1,)]


def test_accounts_are_switched_and_removed_but_for_the_last_administrator(terminal):
    terminal.type("account", "add", "hoster", "--administrator")
    terminal.type("account", "add", "camille", "--owner")

    for act in ("disable", "remove"):
        refused(terminal.type("account", act, "hoster"), "hoster is the last administrator")
    refused(terminal.type("account", "change", "hoster", "--owner"), "the last administrator")
    off = terminal.type("account", "disable", "camille")
    assert off.stdout == "The account camille is switched off.\n"
    assert terminal.rows("SELECT enabled FROM account ORDER BY id") == [(1,), (0,)]
    assert terminal.type("account", "enable", "camille").returncode == 0
    assert terminal.type("account", "remove", "camille").returncode == 0
    assert terminal.rows("SELECT name FROM account") == [("hoster",)]


def test_what_is_missing_or_no_owner_is_said_in_words_and_nothing_half_done(terminal):
    terminal.type("account", "add", "hoster", "--administrator")
    where = ("--contact", "camille@elsewhere.org", "--owner")

    refused(terminal.type("domain", "add", "a.fr", *where, "nobody"), "There is no account nobody")
    refused(terminal.type("domain", "add", "a.fr", *where, "hoster"), "hoster is an administrator")
    refused(terminal.type("domain", "give", "a.fr", "hoster"), "a.fr is not installed.")
    refused(terminal.type("account", "change", "nobody", "--owner"), "There is no account nobody")
    refused(terminal.type("account", "change", "hoster", "--mb", "x"), "Enter a whole number")
    assert terminal.rows("SELECT count(*) FROM domain") == [(0,)]


@pytest.mark.parametrize(
    "arguments",
    [("account", "password"), ("account", "remove"), ("account", "second-factor-off")],
)
def test_a_name_that_is_no_text_is_nobodys(terminal, arguments):
    refused(terminal.type(*arguments, "al\udcffce"), "There is no account")


def test_a_database_that_somebody_else_writes_to_is_said_to_be_busy(terminal):
    terminal.type("account", "add", "alice", "--administrator")
    db = CySqliteDatabase(str(terminal.folder / "webmailadmin.db"))
    db.connect()
    with db.atomic("IMMEDIATE"):
        done = terminal.type("account", "add", "bruno", "--administrator", LANG="fr_FR.UTF-8")
    db.close()

    refused(done, "La base de données est occupée.")
    assert terminal.rows("SELECT name FROM account") == [("alice",)]


def test_a_new_password_ends_the_sessions_of_the_account_and_is_journalled(terminal):
    terminal.type("account", "add", "alice", "--administrator")
    terminal.type("account", "add", "bruno", "--administrator")
    db = CySqliteDatabase(str(terminal.folder / "webmailadmin.db"))
    db.connect()
    for account in (1, 2):
        db.execute_sql(
            "INSERT INTO session (token_hash, account_id, created_at, seen_at, proved_at)"
            " VALUES (?, ?, 1, 1, 1)",
            (f"token{account}", account),
        )
    db.execute_sql("INSERT INTO throttle VALUES ('account:alice', 50, unixepoch())")
    db.close()

    done = terminal.type("account", "password", "alice")

    assert done.returncode == 0
    assert done.stdout.startswith(
        "The password of alice is changed; its sessions have ended.\n"
        "Log in as alice with the one-time password "
    )
    assert terminal.rows("SELECT account_id FROM session") == [(2,)]
    assert terminal.rows("SELECT * FROM throttle") == []
    assert terminal.rows("SELECT actor, act, details FROM journal ORDER BY id DESC LIMIT 1") == [
        ("command line", "account.password", '{"name": "alice"}')
    ]

    given = terminal.type("account", "password", "alice", "--password-stdin", given=GOOD)
    assert given.stdout == "The password of alice is changed; its sessions have ended.\n"
    refused(terminal.type("account", "password", "nobody"), "There is no account nobody.")


def test_a_second_factor_is_taken_off_who_lost_it(terminal):
    terminal.type("account", "add", "alice", "--administrator")
    refused(terminal.type("account", "second-factor-off", "nobody"), "There is no account nobody.")
    refused(terminal.type("account", "second-factor-off", "alice"), "There is no second factor")
    db = CySqliteDatabase(str(terminal.folder / "webmailadmin.db"))
    db.connect()
    db.execute_sql("INSERT INTO second_factor VALUES (1, 1, NULL, 'of a lost telephone', 0, 1)")
    db.close()

    done = terminal.type("account", "second-factor-off", " Alice")

    assert (done.returncode, done.stdout) == (0, "The second factor of alice is off.\n")
    assert terminal.rows("SELECT * FROM second_factor") == []
    assert terminal.rows("SELECT actor, act, details FROM journal ORDER BY id DESC LIMIT 1") == [
        ("command line", "factor.off", '{"name": "alice"}')
    ]


# What keeps the program from starting


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "http", "PORT is 'http'; it should be a whole number from 1 to 65535."),
        ("WEBMAILADMIN_PORT", "0", "WEBMAILADMIN_PORT is '0'; it should be a whole number"),
        ("WEBMAILADMIN_RESTORE_DAYS", "-1", "it should be a whole number from 1 to 3650."),
        ("WEBMAILADMIN_MAILBOX_BCRYPT_COST", "31", "it should be a whole number from 4 to 14."),
        ("WEBMAILADMIN_PUBLIC_URL", "panel", "it should be an address that begins with http://"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(terminal, name, value, words):
    refused(terminal.type("domain", "add", "x.fr", **{name: value}), name, words)
    assert not terminal.folder.exists()


def test_a_file_in_the_place_of_the_data_folder_is_named(terminal):
    terminal.folder.write_text("not a folder")

    refused(terminal.type("run"), f"Cannot make the folder {terminal.folder}: File exists.")


def test_a_data_folder_that_cannot_be_made_is_named(terminal):
    terminal.folder.write_text("not a folder")
    beneath = str(terminal.folder / "data")

    refused(terminal.type("run", WEBMAILADMIN_DATA=beneath), f"Cannot make the folder {beneath}")


def test_a_data_folder_that_may_not_be_written_is_named(terminal):
    """Below /tmp itself: the folders of tests are closed to other users."""
    folder = Path(f"/tmp/webmailadmin-read-only-{os.getpid()}")
    folder.mkdir(mode=0o555)
    try:
        done = terminal.type("run", python=("-c", AS_NOBODY), WEBMAILADMIN_DATA=str(folder))
        refused(done, f"The folder {folder} is not writable for this user.")
        beneath = str(folder / "data")
        done = terminal.type("run", python=("-c", AS_NOBODY), WEBMAILADMIN_DATA=beneath)
        refused(done, f"Cannot make the folder {beneath}: Permission denied.")
    finally:
        folder.rmdir()


def test_a_key_that_may_not_be_read_is_named(terminal):
    """The panel ran once as another user."""
    folder = Path(f"/tmp/webmailadmin-other-key-{os.getpid()}")
    folder.mkdir()
    try:
        terminal.type("account", "add", "alice", "--administrator", WEBMAILADMIN_DATA=str(folder))
        folder.chmod(0o777)
        for file in folder.iterdir():
            file.chmod(0o666 if file.name != "key" else 0o000)
        done = terminal.type("run", python=("-c", AS_NOBODY), WEBMAILADMIN_DATA=str(folder))
        refused(done, f"{folder / 'key'}")
    finally:
        shutil.rmtree(folder)


def test_a_key_that_a_power_cut_left_empty_is_named(terminal):
    terminal.type("account", "add", "alice", "--administrator")
    (terminal.folder / "key").write_bytes(b"")

    refused(terminal.type("run"), f"The key {terminal.folder / 'key'} is damaged: delete it")


def test_a_database_of_a_newer_version_is_left_alone(terminal):
    terminal.type("account", "add", "alice", "--administrator")
    db = CySqliteDatabase(str(terminal.folder / "webmailadmin.db"))
    db.connect()
    db.execute_sql(
        "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')"
    )
    db.close()

    refused(terminal.type("run"), "was changed by a newer version of webmailadmin")
    assert terminal.rows("SELECT count(*) FROM account") == [(1,)]


@pytest.mark.parametrize("content", [b"not a database at all" * 100, None])
def test_a_file_that_is_not_our_database_is_left_alone(terminal, content):
    terminal.folder.mkdir()
    file = terminal.folder / "webmailadmin.db"
    if content is None:
        db = CySqliteDatabase(str(file))
        db.connect()
        db.execute_sql("CREATE TABLE somebody_elses (id INTEGER)")
        db.close()
    else:
        file.write_bytes(content)
    before = file.read_bytes()

    refused(terminal.type("run"), str(file))
    if content is not None:
        assert file.read_bytes() == before
    else:
        assert terminal.rows("SELECT name FROM sqlite_master") == [("somebody_elses",)]


# The panel


def test_a_port_that_is_taken_is_named(terminal):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused(
            terminal.type("run", "--first-account", PORT=port),
            f"Cannot listen on 127.0.0.1:{port}: Address already in use.",
        )
    assert terminal.rows("SELECT * FROM account") == []


def test_a_panel_started_without_a_terminal_prints_no_password_and_makes_no_account(terminal):
    with terminal.run() as panel:
        assert panel.answer() == 200
    assert (panel.rest, panel.process.returncode) == (
        f"The panel is at http://127.0.0.1:{panel.port} (Ctrl-C ends it).\n",
        0,
    )
    assert "Traceback" not in panel.errors
    assert terminal.rows("SELECT * FROM account") == []


def test_the_first_start_prints_a_one_time_password_once_and_the_second_is_quick(terminal):
    with terminal.run("--first-account") as first:
        assert first.answer() == 200
    found = re.fullmatch(
        f"Log in as admin with the one-time password ({ONE_TIME})\n"
        rf"The panel is at http://127\.0\.0\.1:{first.port} \(Ctrl-C ends it\)\.\n",
        first.rest,
    )
    assert found
    ((name, hash_, one_time),) = terminal.rows("SELECT name, password, one_time FROM account")
    assert (name, one_time, passwords.matches(found[1], hash_)) == ("admin", 1, True)

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with terminal.run("--first-account") as second:
        assert second.answer() == 200
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert second.rest == f"The panel is at http://127.0.0.1:{second.port} (Ctrl-C ends it).\n"
    # Time on the processor: what else runs on the machine does not count.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
    assert terminal.rows("SELECT password FROM account") == [(hash_,)]


def test_the_data_is_for_the_panel_and_its_group_alone(terminal):
    terminal.type("account", "add", "alice", "--administrator")

    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in terminal.folder.iterdir()}
    assert oct(terminal.folder.stat().st_mode & 0o777) == "0o750"
    assert modes["key"] == "0o600"
    assert {modes[name] for name in modes if name.startswith("webmailadmin.db")} == {"0o640"}


def test_every_command_has_its_line_of_help(terminal):
    for arguments in ((), ("domain",), ("account",), ("servers",)):
        done = terminal.type(*arguments, "--help")
        assert done.returncode == 0
        commands = done.stdout.partition("Commands:\n")[2].splitlines()
        assert commands
        assert all(len(line.split()) > 2 for line in commands), commands


# Mail servers


def test_the_configuration_of_the_servers_is_written_where_it_is_asked_for(terminal, tmp_path):
    panel.add_users()
    done = terminal.type("servers", "render", str(tmp_path / "etc"))

    written = sorted(str(path) for path in (tmp_path / "etc").rglob("*") if path.is_file())
    assert (done.returncode, done.stderr, sorted(done.stdout.splitlines())) == (0, "", written)
    assert {path.parent.name for path in map(Path, written)} == {
        "postfix",
        "webmailadmin",
        "dovecot-2.3",
        "dovecot-2.4",
    }


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(terminal, tmp_path):
    panel.add_users()
    (tmp_path / "file").write_text("")
    done = terminal.type("servers", "render", str(tmp_path / "file" / "below"))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
