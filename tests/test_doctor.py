"""What the doctor sees without mail servers: each thing broken, named, and well again.

What it sees of Postfix and Dovecot is in `tests/mailservers/test_doctor.py`.
"""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.helper_of import helper_at
from tests.mail.stage import find, make, sql
from webmailadmin import database, settings
from webmailadmin.database import db
from webmailadmin.mail import chores, kicks, reports, usage
from webmailadmin.models import Chore as Run
from webmailadmin.models import Domain, Journal, Kick, Mailbox, Purge, now
from webmailadmin.upkeep import doctor
from webmailadmin.upkeep.doctor import asked, host, machine, own
from webmailadmin.upkeep.doctor.finding import Check, State, run, wrong
from webmailadmin.upkeep.doctor.machine import Machine
from webmailadmin.upkeep.worker import CHORES


@pytest.fixture(autouse=True)
def app(data: Path) -> Iterator[None]:
    """A fresh database, a key, and no Flask."""
    settings.use(settings.read())
    database.open_database(data)
    (data / "key").touch(0o600)
    yield
    database.db.close()


def looked(code: str, *given: object) -> list[tuple[State, str]]:
    """Make one check; return what it found, in English."""
    found = run([doctor.CHECKS[code]], *given)
    return [(one.state, one.text % one.values if one.values else one.text) for one in found]


def told(code: str, *given: object) -> str:
    """Make one check; return what is not well."""
    return "\n".join(text for state, text in looked(code, *given) if state is not State.OK)


def set_to(**values: object) -> None:
    """Change some settings."""
    settings.use(replace(settings.current, **values))  # type: ignore[arg-type]


@contextmanager
def moved(path: Path) -> Iterator[None]:
    """Take a file away for a while."""
    aside = path.rename(path.with_name("aside"))
    try:
        yield
    finally:
        aside.rename(path)


WELL = ("wal-files", "database", "sqlite", "wal-size", "key", "disk", "chores", "purges", "kicks")
WELL += ("clock", "public-url", "integrity", "invariants")


@pytest.mark.parametrize("code", WELL)
def test_on_a_fresh_database_all_is_well(code: str) -> None:
    assert {state for state, _ in looked(code)} == {State.OK}


# The database and its files


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_a_file_of_the_database_that_is_missing_is_named(data: Path, end: str) -> None:
    with moved(data / f"webmailadmin.db{end}"):
        assert f"webmailadmin.db{end} is missing" in told("wal-files")
    assert told("wal-files") == ""


def test_a_folder_without_a_database_is_named(tmp_path: Path) -> None:
    set_to(data=tmp_path / "other")
    assert told("wal-files").startswith(f"There is no database at {tmp_path}/other/webmailadmin.db")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA foreign_keys = 0", "foreign_keys = 0 instead of 1"),
        ("PRAGMA synchronous = NORMAL", "synchronous = 1 instead of 2"),
        ("PRAGMA application_id = 7", "not one of this program"),
        (
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')",
            "A newer version of the program has changed the database",
        ),
        (
            "DELETE FROM schema_migration WHERE name LIKE '0002%'",
            "still has the form of an older version",
        ),
    ],
)
def test_a_database_that_is_not_as_we_need_it_is_named(statement: str, words: str) -> None:
    db.execute_sql(statement)
    assert words in told("database")


@pytest.mark.parametrize(
    ("version", "mended"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 46, 1), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 54, 0), True),
    ],
)
def test_it_is_known_which_sqlite_can_damage_the_database(
    version: tuple[int, ...], mended: bool
) -> None:
    assert own.is_mended(version) is mended


def test_a_sqlite_that_can_damage_the_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own.cysqlite, "sqlite_version", "3.40.1")
    assert told("sqlite") == "The panel uses SQLite 3.40.1; it needs 3.51.3 or later."


def test_a_log_that_has_grown_is_named_with_its_size(data: Path) -> None:
    os.truncate(data / "webmailadmin.db-wal", 65 * 2**20)
    assert "-wal has grown to " in told("wal-size")
    os.truncate(data / "webmailadmin.db-wal", 0)


def test_a_key_that_others_can_read_is_named_and_mended_by_the_command(data: Path) -> None:
    key = data / "key"
    key.chmod(0o644)
    assert told("key") == f"{key} is not for the panel alone: it has the rights 0644."
    (found,) = run([doctor.CHECKS["key"]])
    subprocess.run(found.mend, shell=True, check=True)
    assert told("key") == ""

    key.unlink()
    assert told("key") == f"There is no key yet at {key}."
    key.symlink_to("/etc/passwd")
    assert "is not for the panel alone" in told("key")


@contextmanager
def small_disk(at: Path, *options: str) -> Iterator[Path]:
    """Mount a disk of its own."""
    at.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(at)]
    subprocess.run(mount, check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=3m") as disk:
        set_to(data=disk, mail_root=disk)
        assert looked("disk") == [
            (State.WRONG, f"Only {3 * 2**20} are left on the disk of {disk}.")
        ]
        assert f"are left on the disk of {disk}" in told("disk-mail", Machine(postfix=tmp_path))
    with small_disk(tmp_path / "disk", "size=500m") as disk:
        assert looked("disk")[0][0] is State.WARNING


def test_a_disk_without_room_for_more_files_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=4g", "nr_inodes=1000") as disk:
        set_to(data=disk)
        assert told("disk") == ""
        for number in range(960):
            (disk / str(number)).touch()
        ((state, text),) = looked("disk")
        assert (state, text) == (State.WARNING, f"Only 39 more files fit on the disk of {disk}.")
        for number in range(960, 995):
            (disk / str(number)).touch()
        assert looked("disk")[0][0] is State.WRONG


def test_a_damaged_file_is_named(data: Path, contact: object) -> None:
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    index = sql("SELECT rootpage FROM sqlite_schema WHERE name = 'recipient_target'")[0][0]
    size = db.pragma("page_size")
    db.close()
    with (data / "webmailadmin.db").open("r+b") as file:
        file.seek((index - 1) * size + 8)
        file.write(bytes(2))
    db.connect()

    assert told("integrity").startswith("The database is damaged: ")


def test_rows_that_refer_to_nothing_are_named(contact: object) -> None:
    db.pragma("foreign_keys", 0)
    sql("UPDATE mailbox SET address_id = 999")
    assert told("integrity") == (
        "Rows that refer to nothing: 1, the first one in the table mailbox."
    )


def test_what_was_changed_past_the_rules_is_named(contact: object) -> None:
    sql("UPDATE address SET receives = 0 WHERE local_part = 'contact'")
    assert told("invariants") == (
        "It is stored wrongly whether mail for an address arrives: contact@bonvenon.fr (in all: 1)."
    )


# The panel's work


def test_a_worker_that_never_worked_or_works_no_more_is_named() -> None:
    assert told("worker") == "The worker has never worked."
    chores.note("kicks", 1, "")
    assert told("worker") == ""
    Run.update(at=now() - timedelta(minutes=7)).execute()
    assert told("worker") == "The worker has done nothing for 7 minutes."


def test_the_trouble_of_a_chore_is_told_with_the_chores_name_in_words() -> None:
    chores.note("purges", 1, "Nobody answers.")
    chores.note("new-one", 1, "ValueError: x")
    assert told("chores").splitlines() == [
        "new-one: ValueError: x",
        "Deleting what is past its date: Nobody answers.",
    ]
    assert {chore.name for chore in CHORES} <= set(doctor.work.CHORES)


def test_messages_that_cannot_be_deleted_are_named_with_the_trouble(bonvenon: Domain) -> None:
    for number in range(12):
        home = f"{number:032x}"
        Purge.create(home=home, domain=bonvenon, email=f"n{number:02}@bonvenon.fr", trouble="No.")
    lines = told("purges").splitlines()
    assert lines[0] == (
        "The messages of n00@bonvenon.fr, removed for good, are not deleted yet: No. "
        "It is tried again each minute."
    )
    assert lines[10:] == ["More removed mailboxes whose messages are not deleted: 2."]

    Purge.update(trouble="").execute()
    assert looked("purges") == [
        (State.OK, "Removed mailboxes whose messages are being deleted: 12.")
    ]
    Purge.update(at=now() - timedelta(hours=2)).execute()
    assert looked("purges") == [
        (
            State.WARNING,
            "Removed mailboxes whose messages wait for over an hour to be deleted: 12.",
        )
    ]


def test_sessions_that_should_have_ended_are_named() -> None:
    kicks.order("ann@x.org")
    assert told("kicks") == ""
    Kick.update(at=now() - timedelta(minutes=6)).execute()
    assert told("kicks") == (
        "Log-ins whose sessions should have ended: 1, the first one is ann@x.org."
    )


def test_a_clock_behind_the_journal_is_named() -> None:
    Journal.create(actor="x", act="x", details="{}", at=now() + timedelta(days=2))
    assert told("clock").startswith("The clock shows ")


def test_the_state_of_the_backup_is_told() -> None:
    assert looked("backup") == [(State.WARNING, "There has been no backup yet.")]
    report = {"file": "/backup/1.db", "bytes": 5000, "ok": True}
    reports.hand_over("backup", json.dumps(report))
    assert looked("backup") == [(State.OK, "The last backup is /backup/1.db, of 5000.")]
    sql("UPDATE report SET at = at - 3 * 86400")
    assert looked("backup") == [(State.WARNING, "The last backup is 3 days old.")]
    failed = {"file": "/backup/2.db", "ok": False, "trouble": "No room."}
    reports.hand_over("backup", json.dumps(failed))
    assert looked("backup") == [(State.WRONG, "The last backup failed: No room.")]


# What the panel speaks with


def test_a_helper_that_does_not_answer_or_refuses_is_named(tmp_path: Path) -> None:
    assert "No mail-file helper answers at " in told("helper")
    with helper_at(tmp_path / "helper") as helper:
        assert told("helper").endswith(" as it should: No exists here.")
        helper.answers["exists"] = {"exists": False}
        assert told("helper") == ""
        assert helper.asked[-1][0] == "exists"


@contextmanager
def greeting(words: bytes) -> Iterator[int]:
    """Listen on a port, and greet with these words."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(words)

        thread = threading.Thread(target=greet)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_a_mail_server_that_does_not_answer_is_named() -> None:
    for words, said in ((b"220 hello\r\n", ""), (b"554 no\r\n", "is no mail server that is ready")):
        with greeting(words) as port:
            set_to(smtp_port=port)
            assert said in (found := told("smtp"))
            assert bool(found) == bool(said)
    assert told("smtp") == (
        f"No mail server answers on port {port} of this machine: Connection refused."
    )


@pytest.mark.parametrize(
    ("url", "socket_path", "state"),
    [
        ("https://panel.example", Path("/run/x"), State.OK),
        ("http://panel.example", None, State.WRONG),
        ("http://localhost:8025", None, State.OK),
        ("", None, State.OK),
        ("", Path("/run/x"), State.WARNING),
    ],
)
def test_an_address_of_the_panel_without_https_is_named(
    url: str, socket_path: Path | None, state: State
) -> None:
    set_to(public_url=url, socket=socket_path)
    assert [found for found, _ in looked("public-url")] == [state]


@pytest.mark.parametrize(
    ("believed", "seen", "state"),
    [
        (0, 0, State.OK),
        (1, 1, State.OK),
        (1, 0, State.WRONG),
        (0, 1, State.WARNING),
        (1, 2, State.WARNING),
    ],
)
def test_a_count_of_proxies_that_is_not_so_is_named(believed: int, seen: int, state: State) -> None:
    set_to(proxies=believed)
    assert [found for found, _ in looked("proxies", seen)] == [state]


# What root sees beside


def with_program(folder: Path, name: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program before all others that says something."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    monkeypatch.setitem(machine.ENVIRONMENT, "PATH", f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin")


@pytest.mark.parametrize(
    ("says", "state"), [("yes", State.OK), ("no", State.WARNING), ("", State.UNKNOWN)]
)
def test_a_clock_that_nobody_sets_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, state: State
) -> None:
    with_program(tmp_path, "timedatectl", says, monkeypatch)
    assert [found for found, _ in looked("clock-set", Machine())] == [state]


def test_servers_that_are_missing_or_too_old_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_program(tmp_path, "dovecot", "2.2.36 (abc)", monkeypatch)
    assert told("versions", Machine(postfix=tmp_path)).splitlines() == [
        "Postfix is missing or too old: “”.",
        "Dovecot is missing or too old: “2.2.36”.",
    ]
    assert host.numbers("3.10.5") > host.numbers("3.9.1") > host.OLDEST["Postfix"]


def test_a_folder_of_mail_files_that_is_missing_is_named(tmp_path: Path) -> None:
    set_to(mail_root=tmp_path / "none")
    assert told("mail-root", Machine()) == f"There is no folder {tmp_path}/none."


# All together


def test_a_check_that_dies_is_told_and_stops_no_other() -> None:
    def die() -> list[object]:
        raise ValueError("odd")

    def find_wrong() -> list[object]:
        return [wrong("Wrong.", "mend", "it's")]

    checks = [Check("a", "", "", "Well.", die), Check("b", "", "", "Well.", find_wrong)]  # type: ignore[arg-type]
    found = list(run(checks))

    assert [(one.code, one.state) for one in found] == [("a", "unknown"), ("b", "wrong")]
    assert found[0].values == {"reason": "ValueError: odd"}
    assert found[1].mend == "mend 'it'\"'\"'s'"


def test_what_the_child_tells_can_be_read_by_its_parent(
    contact: object, alice: object, data: Path
) -> None:
    make("sales@bonvenon.fr", by=alice, recipients=["ann@x.org"])  # type: ignore[arg-type]
    usage.note(Mailbox.get(), 3, 5000, None)
    db.close()

    answered = json.loads(json.dumps(asked.look()))

    found = [doctor.Finding.from_dict(one) for one in answered["findings"]]
    assert {one.code for one in found} == {
        check.code for check in (*doctor.FRESH, *doctor.deep.CHECKS)
    }
    database.connect()
    assert answered["facts"]["homes"] == {Mailbox.get().home: 3}
    assert answered["facts"]["keys"]["dovecot_user"] == [
        "contact@bonvenon.fr",
        Mailbox.get(Mailbox.address == find("contact@bonvenon.fr")).home,
    ]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([], 0),
        ([State.OK, State.UNKNOWN], 0),
        ([State.WARNING, State.OK], 1),
        ([State.WARNING, State.WRONG], 2),
    ],
)
def test_the_status_tells_a_monitoring_program_the_worst(states: list[State], status: int) -> None:
    assert doctor.status([doctor.Finding(state, "", {}) for state in states]) == status


def test_codes_are_told_apart_and_each_check_says_why_it_matters() -> None:
    every = (*doctor.FRESH, *doctor.page.CHECKS, *doctor.deep.CHECKS, *doctor.AS_ROOT)
    assert len(doctor.CHECKS) == len(every)
    assert [check.code for check in every if not (check.name and check.why)] == []


def test_opening_as_it_is_makes_and_changes_nothing(data: Path, tmp_path: Path) -> None:
    db.execute_sql("DELETE FROM schema_migration WHERE name > '0002'")
    db.close()
    with pytest.raises(database.DatabaseUnusable, match=r"webmailadmin\.db is missing"):
        database.open_as_it_is(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    before: Callable[[], bytes] = (data / "webmailadmin.db").read_bytes
    text = before()
    database.open_as_it_is(data)
    assert len(sql("SELECT * FROM schema_migration")) == 1
    db.close()
    assert before() == text
