"""Backups: whole, checked, for us alone. Restores: in place, all or nothing, nothing lost by it."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playhouse.cysqlite_ext import CySqliteDatabase

from tests import first_schema
from tests.helper_of import helper_at
from tests.killed.dying import DEATHS, Fate
from tests.mail import truth
from tests.mail.stage import everything, find, hoster, make, save, sql, wish
from tests.mailservers import panel
from tests.test_cli import Terminal, refused
from webmailadmin import database, settings, snapshot
from webmailadmin.database import db
from webmailadmin.mail import addresses, domains, purging, sessions
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.models import Domain, Journal, Mailbox, Purge, Removed, now
from webmailadmin.upkeep import backups, restoring
from webmailadmin.upkeep.restoring import CannotRestore, Outcome

# What belongs to the moment, and is not brought back.
OF_ITS_TIME = ("session", "throttle", "kick", "chore", "report", "sqlite_sequence")
WAL_FILES = {"webmailadmin.db", "webmailadmin.db-wal", "webmailadmin.db-shm"}


@pytest.fixture
def app(data: Path) -> Iterator[None]:
    """The rules on a fresh database, without the web."""
    settings.use(settings.read())
    database.open_database(settings.current.data)
    yield
    db.close()


@pytest.fixture
def beside(data: Path, bonvenon: Domain, tmp_path: Path) -> Path:
    """A folder for backups; the database has a domain, and nobody in this process has it open."""
    db.close()
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@contextmanager
def panel_at(data: Path) -> Iterator[Actor]:
    """Be the panel on the database; pass Alice."""
    database.open_database(data)
    try:
        yield hoster()
    finally:
        db.close()


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Look into a database as it is."""
    db.init(str(path))
    db.connect()
    try:
        yield
    finally:
        db.close()


def contents(path: Path) -> dict[str, list[Any]]:
    """Return what a database holds."""
    with opened(path):
        return everything()


def restored(file: Path, data: Path) -> Outcome:
    """Bring a backup back."""
    with restoring.opened(file) as backup:
        return restoring.restore(backup, data)


def lasting(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return what a restore brings back, but for its own line in the journal."""
    kept = {table: rows[table] for table in rows if table not in OF_ITS_TIME}
    return kept | {"journal": [row for row in kept["journal"] if row[4] != "database.restored"]}


# Backups


def test_a_backup_is_one_whole_file_for_us_alone(data: Path, beside: Path) -> None:
    file = beside / "one.db"

    size = backups.back_up(data, file)

    assert list(beside.iterdir()) == [file]
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert file.stat().st_size == size
    assert lasting(contents(file)) == lasting(contents(data / "webmailadmin.db"))
    with opened(file):
        snapshot.refuse_unsound(db)
        truth.check()


def test_a_backup_is_for_us_alone_before_anything_is_in_it(
    app: None, beside: Path, data: Path
) -> None:
    seen: list[tuple[int, str]] = []

    class Watching:
        def execute_sql(self, statement: str, values: tuple[str]) -> None:
            found = Path(values[0]).lstat()
            seen.append((found.st_size, oct(found.st_mode & 0o777)))
            db.execute_sql(statement, values)

    database.connect()
    before = os.umask(0)
    try:
        snapshot.write(Watching(), beside / "one.db")  # type: ignore[arg-type]
    finally:
        os.umask(before)

    assert seen == [(0, "0o600")]


def test_no_backup_goes_over_a_file_unless_that_is_asked_for(data: Path, beside: Path) -> None:
    file = beside / "one.db"
    file.write_text("somebody's")
    with pytest.raises(snapshot.NoSnapshot, match="exists already"):
        backups.back_up(data, file)
    assert file.read_text() == "somebody's"

    backups.back_up(data, file, replace=True)

    assert file.read_bytes().startswith(b"SQLite format 3\0")
    assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_no_link_is_followed(data: Path, beside: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (beside / "one.db").symlink_to(elsewhere)
    (beside / ".two.db.partial").symlink_to(elsewhere)

    with pytest.raises(snapshot.NoSnapshot, match="exists already"):
        backups.back_up(data, beside / "one.db")
    backups.back_up(data, beside / "two.db")

    assert not elsewhere.exists()
    assert stat.S_ISREG((beside / "two.db").lstat().st_mode)
    backups.back_up(data, beside / "one.db", replace=True)
    assert not elsewhere.exists()
    assert not (beside / "one.db").is_symlink()


WRITER = """
import sys
import time
from contextlib import suppress
from pathlib import Path
from webmailadmin import database
from webmailadmin.mail import addresses, domains
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.mail.errors import NotFound
database.open_database(Path(sys.argv[1]))
number = 0
print("ready", flush=True)
while True:
    time.sleep(0.02)
    number += 1
    domain = domains.install(f"d{number}.example", "camille@elsewhere.org", by=COMMAND_LINE)
    with suppress(NotFound):  # a backup is brought back in between
        address = addresses.add(domain, "contact", by=COMMAND_LINE)
        wish = addresses.Wish(version=1, mailbox=False, recipients="far@x.org")
        addresses.save(address, wish, by=COMMAND_LINE)
"""


def test_backups_while_somebody_writes_are_each_consistent(data: Path, beside: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(data)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdout
        process.stdout.readline()
        for number in range(12):
            backups.back_up(data, beside / f"{number}.db")
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()

    counts = []
    for number in range(12):
        with opened(beside / f"{number}.db"):
            truth.check()
            counts.append(Domain.select().count())
    assert counts == sorted(counts)
    assert len(set(counts)) > 3


def test_on_a_disk_that_is_full_nothing_half_is_left_and_the_page_is_told(
    data: Path, beside: Path
) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "disk", beside], check=True)
    try:
        with pytest.raises(snapshot.NoSnapshot, match="full"):
            backups.back_up(data, beside / "one.db")
        assert list(beside.iterdir()) == []
    finally:
        subprocess.run(["umount", beside], check=True)
    told = report(data)
    assert (told["ok"], told["file"]) == (False, str(beside / "one.db"))
    assert "full" in str(told["trouble"])


def test_a_damaged_database_is_not_backed_up_as_if_it_were_well(data: Path, beside: Path) -> None:
    file = data / "webmailadmin.db"
    with opened(file):
        sql("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = sql("SELECT rootpage FROM sqlite_schema WHERE name = 'journal'")[0]
    bytes_ = bytearray(file.read_bytes())
    bytes_[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    file.write_bytes(bytes_)

    with pytest.raises(snapshot.NoSnapshot):
        backups.back_up(data, beside / "one.db")

    assert list(beside.iterdir()) == []


def report(data: Path) -> dict[str, object]:
    """Return what was handed over of the last backup."""
    with opened(data / "webmailadmin.db"):
        ((content,),) = sql("SELECT content FROM report WHERE name = 'backup'")
    told: dict[str, object] = json.loads(content)
    return told


def test_on_schedule_the_latest_are_kept_and_nothing_of_others_is_touched(
    data: Path, beside: Path
) -> None:
    ours = [f"webmailadmin-202401{day:02}-033000.db" for day in range(1, 6)]
    theirs = ["webmailadmin-20240101.db", "webmailadmin-20240101-033000.db.gz", "other.db"]
    left = ".webmailadmin-20240101-033000.db.partial"
    for name in (*ours, *theirs, left):
        (beside / name).write_text("")
    os.utime(beside / left, (0, 0))

    file = backups.on_schedule(data, beside, kept=3)

    assert {path.name for path in beside.iterdir()} == {file.name, *ours[3:], *theirs}
    assert report(data) == {
        "file": str(file),
        "bytes": file.stat().st_size,
        "ok": True,
        "trouble": "",
    }


def test_the_latest_backup_is_kept_even_where_the_clock_was_ahead(data: Path, beside: Path) -> None:
    (beside / "webmailadmin-29990101-033000.db").write_text("")

    file = backups.on_schedule(data, beside, kept=1)

    assert list(beside.iterdir()) == [file]


# Restores: what comes back


def test_what_was_changed_since_is_as_it_was_and_kept_aside(data: Path, beside: Path) -> None:
    with panel_at(data) as alice:
        make("contact@bonvenon.fr", by=alice, mailbox=True)
        make("gone@bonvenon.fr", by=alice, recipients=["far@x.org"])
        moment = Journal.select(Journal.at).order_by(Journal.id.desc()).scalar()
    backups.back_up(data, beside / "one.db")
    before = contents(beside / "one.db")
    with panel_at(data) as alice:
        addresses.remove(find("gone@bonvenon.fr"), confirmed=True, by=alice)
        make("new@bonvenon.fr", by=alice, mailbox=True)
        domains.install("neuf.fr", "a@x.org", by=alice)
    last = contents(data / "webmailadmin.db")

    outcome = restored(beside / "one.db", data)

    assert outcome.kept is not None
    assert {path.name for path in data.iterdir()} == WAL_FILES | {outcome.kept.name}
    assert contents(outcome.kept) == last
    assert oct(outcome.kept.stat().st_mode & 0o777) == "0o600"
    assert outcome.moment == moment
    with panel_at(data):
        truth.check()
        assert lasting(everything()) == lasting(before)
        assert sql("SELECT actor, act FROM journal ORDER BY id DESC LIMIT 1") == [
            ("command line", "database.restored")
        ]


def test_who_has_the_file_open_sees_it_at_once(data: Path, beside: Path) -> None:
    backups.back_up(data, beside / "one.db")
    inode = (data / "webmailadmin.db").stat().st_ino
    with database.another(data / "webmailadmin.db") as reader:
        reader.execute_sql("UPDATE domain SET name = 'neuf.fr'")

        restored(beside / "one.db", data)

        names = reader.execute_sql("SELECT name FROM domain").fetchall()
        assert names == [("bonvenon.fr",)]
        reader.execute_sql("UPDATE domain SET name = 'neuf.fr'")
    assert (data / "webmailadmin.db").stat().st_ino == inode
    with panel_at(data):
        assert Domain.get().name == "neuf.fr"


def test_an_editor_that_stayed_open_finds_its_address_gone(data: Path, beside: Path) -> None:
    """The journal does not know the address any more, and cannot tell who changed it."""
    backups.back_up(data, beside / "one.db")
    with panel_at(data) as alice:
        address = make("ann@bonvenon.fr", by=alice, recipients=["far@x.org"])
        seen = wish("ann@bonvenon.fr", recipients=["other@x.org"])

    restored(beside / "one.db", data)

    with panel_at(data) as alice, pytest.raises(NotFound):
        addresses.save(address, seen, by=alice)


def test_no_session_outlives_it(data: Path, beside: Path) -> None:
    with panel_at(data) as alice:
        for name in ("same", "gone", "changed", "off"):
            make(f"{name}@bonvenon.fr", by=alice, mailbox=True)
        sessions.open_session(alice)
    backups.back_up(data, beside / "one.db")
    with panel_at(data) as alice:
        token = sessions.open_session(alice)
        new = {"password": "another fine password 9", "confirmation": "another fine password 9"}
        save("changed@bonvenon.fr", by=alice, **new)
        make("later@bonvenon.fr", by=alice, mailbox=True)
        addresses.remove(find("gone@bonvenon.fr"), confirmed=True, by=alice)
        save("off@bonvenon.fr", by=alice, enabled=False)
        sql("DELETE FROM kick")

    restored(beside / "one.db", data)

    with panel_at(data):
        assert sql("SELECT * FROM session") == []
        assert sessions.logged_in(token) is None
        kicked = [email for (email,) in sql("SELECT email FROM kick ORDER BY email")]
        assert kicked == ["changed@bonvenon.fr", "later@bonvenon.fr"]


# Restores: mail is not lost by it


def test_what_waits_for_its_end_in_an_old_backup_waits_anew(data: Path, beside: Path) -> None:
    """It may have come back since and be full of mail."""
    with panel_at(data) as alice:
        make("ann@bonvenon.fr", by=alice, mailbox=True)
        home = Mailbox.get().home
        addresses.remove(find("ann@bonvenon.fr"), confirmed=True, by=alice)
        Removed.update(until=now() - timedelta(days=1)).execute()
    backups.back_up(data, beside / "one.db")

    restored(beside / "one.db", data)

    with panel_at(data):
        assert purging.order_due() == 0
        assert Removed.get().until > now() + timedelta(days=29)
        assert Mailbox.get().home == home
        assert sql("SELECT * FROM purge") == []


def test_only_what_is_to_be_deleted_then_and_now_is_deleted_afterwards(
    data: Path, beside: Path
) -> None:
    with panel_at(data):
        for home in ("then", "always"):
            Purge.create(home=home, domain=1, email="x@bonvenon.fr")
    backups.back_up(data, beside / "one.db")
    with panel_at(data):
        Purge.delete().where(Purge.home == "then").execute()
        Purge.create(home="now", domain=1, email="x@bonvenon.fr")

    restored(beside / "one.db", data)

    with panel_at(data):
        assert sql("SELECT home FROM purge") == [("always",)]


def test_it_tells_whose_messages_are_gone_and_which_are_nobodys_now(
    data: Path, beside: Path, tmp_path: Path
) -> None:
    with panel_at(data) as alice:
        for name in ("kept", "purged"):
            make(f"{name}@bonvenon.fr", by=alice, mailbox=True)
        purged = Mailbox.get(Mailbox.address == find("purged@bonvenon.fr"))
        backups.back_up(data, beside / "one.db")
    with panel_at(data) as alice:
        addresses.remove(find("purged@bonvenon.fr"), confirmed=True, by=alice)
        kept = Removed.get()
        purging.order(kept, "purged@bonvenon.fr", by=alice)
        make("later@bonvenon.fr", by=alice, mailbox=True)
        make("never@bonvenon.fr", by=alice, mailbox=True)
        homes = dict(sql("SELECT email, home FROM address JOIN mailbox ON address_id = address.id"))
    there = {homes["kept@bonvenon.fr"], homes["later@bonvenon.fr"]}

    with helper_at(tmp_path / "helper") as helper:
        helper.answers["exists"] = lambda home: {"exists": home in there}
        outcome = restored(beside / "one.db", data)

    assert outcome.emptied == ["purged@bonvenon.fr"]
    assert outcome.left == [(homes["later@bonvenon.fr"], "later@bonvenon.fr")]
    assert {about for verb, about in helper.asked if verb == "exists"} == {
        purged.home,
        homes["later@bonvenon.fr"],
        homes["never@bonvenon.fr"],
    }
    assert {verb for verb, _ in helper.asked} == {"exists"}


def test_without_the_helper_it_is_done_and_that_is_said(data: Path, beside: Path) -> None:
    with panel_at(data) as alice:
        make("ann@bonvenon.fr", by=alice, mailbox=True)
    backups.back_up(data, beside / "one.db")
    with panel_at(data) as alice:
        make("bob@bonvenon.fr", by=alice, mailbox=True)

    outcome = restored(beside / "one.db", data)

    assert outcome.unasked.startswith("No mail-file helper answers")
    with panel_at(data):
        assert [row.email for row in sql_addresses()] == ["ann@bonvenon.fr"]


def sql_addresses() -> list[Any]:
    """Return the addresses that have a mailbox."""
    return [box.address for box in Mailbox.select()]


# Restores: what is refused, and what is mended


SPOILING = {
    "another's": "PRAGMA application_id = 42",
    "newer": "INSERT INTO schema_migration (name, applied) VALUES ('0999', '2030')",
    "orphans": "INSERT INTO journal VALUES (999, 1, 'x', 'x', 42, 'x', '', '')",
}


def spoilt(backup: Path, how: str) -> None:
    """Make a backup unfit."""
    if how == "damaged":
        content = bytearray(backup.read_bytes())
        content[4096 * 3 : 4096 * 5] = b"\xff" * 8192
        backup.write_bytes(content)
    elif how == "no database":
        backup.write_text("not a database" * 1000)
    elif how == "empty":
        backup.write_text("")
    elif how == "cut off":
        backup.write_bytes(backup.read_bytes()[:9000])
    else:
        another = CySqliteDatabase(str(backup))
        another.connect()
        another.execute_sql(SPOILING[how])
        another.close()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("damaged", "one.db is damaged"),
        ("no database", "one.db is damaged, or no database at all."),
        ("empty", "one.db is not a database of webmailadmin."),
        ("cut off", "one.db is damaged"),
        ("another's", "one.db is not a database of webmailadmin."),
        ("newer", "one.db was changed by a newer version of webmailadmin: start that version."),
        ("orphans", "one.db has rows that refer to nothing."),
    ],
)
def test_what_is_no_backup_of_ours_is_refused_and_changes_nothing(
    data: Path, beside: Path, how: str, words: str
) -> None:
    backups.back_up(data, beside / "one.db")
    spoilt(beside / "one.db", how)
    before = contents(data / "webmailadmin.db")

    with pytest.raises(CannotRestore, match=re.escape(str(beside / words))):
        restored(beside / "one.db", data)

    assert contents(data / "webmailadmin.db") == before
    assert {path.name for path in data.iterdir()} == WAL_FILES


def test_a_file_that_is_not_there_is_named(data: Path, beside: Path) -> None:
    with pytest.raises(CannotRestore, match=rf"^Cannot read {beside}/none: No such file"):
        restored(beside / "none", data)


def test_a_backup_of_the_first_version_is_brought_up_to_date(data: Path, beside: Path) -> None:
    file = first_schema.make(beside / "first")
    db.init(str(file))

    restored(file, data)

    with panel_at(data):
        truth.check()
        assert sql("SELECT count(*) FROM address") == [(8,)]
    with opened(file):
        assert "kick" not in db.get_tables(), "the backup itself was changed"


def test_a_copy_of_the_running_files_is_taken_with_its_log(data: Path, beside: Path) -> None:
    """As a hoster's own file backup has them."""
    with panel_at(data) as alice:
        make("ann@bonvenon.fr", by=alice, recipients=["far@x.org"])
        for name in WAL_FILES - {"webmailadmin.db-shm"}:
            shutil.copy(data / name, beside)
        assert (beside / "webmailadmin.db-wal").stat().st_size > 0
        addresses.remove(find("ann@bonvenon.fr"), confirmed=True, by=alice)

    restored(beside / "webmailadmin.db", data)

    with panel_at(data):
        truth.check()
        assert find("ann@bonvenon.fr").receives


@pytest.mark.parametrize("how", ["damaged", "no database", "empty", "cut off", "missing"])
def test_a_database_that_cannot_be_used_is_mended_in_place(
    data: Path, beside: Path, how: str
) -> None:
    backups.back_up(data, beside / "one.db")
    live = data / "webmailadmin.db"
    with opened(live):
        sql("PRAGMA wal_checkpoint(TRUNCATE)")
    if how == "missing":
        for name in WAL_FILES:
            (data / name).unlink()
    else:
        spoilt(live, how)
        inode, bytes_ = live.stat().st_ino, live.read_bytes()

    outcome = restored(beside / "one.db", data)

    with panel_at(data):
        truth.check()
        assert sql("PRAGMA integrity_check") == [("ok",)]
        assert (db.pragma("journal_mode"), Domain.get().name) == ("wal", "bonvenon.fr")
    assert {path.name for path in data.iterdir()} >= WAL_FILES
    if how in ("missing", "empty"):
        assert outcome.kept is None
    else:
        assert live.stat().st_ino == inode
        assert outcome.kept is not None
        assert outcome.kept.read_bytes() == bytes_
        assert oct(outcome.kept.stat().st_mode & 0o777) == "0o600"


def test_another_programs_database_in_our_place_is_left_alone(data: Path, beside: Path) -> None:
    backups.back_up(data, beside / "one.db")
    spoilt(data / "webmailadmin.db", "another's")
    before = contents(data / "webmailadmin.db")

    with pytest.raises(CannotRestore, match="is not a database of webmailadmin: take it away"):
        restored(beside / "one.db", data)

    assert contents(data / "webmailadmin.db") == before


@pytest.mark.parametrize("room", [1.6, 2.2, 2.7, 3.3], ids=lambda room: f"{room} databases")
def test_without_room_nothing_is_brought_back_and_nothing_half(
    data: Path, beside: Path, tmp_path: Path, room: float
) -> None:
    size = round(backups.back_up(data, beside / "one.db") * room)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "disk", disk], check=True)
    try:
        shutil.copy(data / "webmailadmin.db", disk)
        with opened(disk / "webmailadmin.db"):
            sql("UPDATE domain SET name = 'neuf.fr'")
            sql("PRAGMA wal_checkpoint(TRUNCATE)")

        with pytest.raises(CannotRestore, match=r"Cannot .*: .*(full|No space|disk I/O)"):
            restored(beside / "one.db", disk)

        assert not (disk / "restoring").exists()
        with opened(disk / "webmailadmin.db"):
            assert Domain.get().name == "neuf.fr"
            truth_of_file = sql("PRAGMA integrity_check")
        assert truth_of_file == [("ok",)]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_killed_at_any_step_on_files_it_is_the_state_before_or_the_one_after(
    data: Path, beside: Path, tmp_path: Path
) -> None:
    backups.back_up(data, beside / "one.db")
    with panel_at(data) as alice:
        make("ann@bonvenon.fr", by=alice, recipients=["far@x.org"])
        sql("PRAGMA wal_checkpoint(TRUNCATE)")
    old = lasting(contents(data / "webmailadmin.db"))
    new = lasting(contents(beside / "one.db"))
    work, point = tmp_path / "work", 1

    while dies(beside / "one.db", shutil.copytree(data, work), point):
        assert lasting(contents(work / "webmailadmin.db")) in (old, new), point
        with opened(work / "webmailadmin.db"):
            assert sql("PRAGMA integrity_check") == [("ok",)]
        if point % 5 == 0:
            restored(beside / "one.db", work)
            assert lasting(contents(work / "webmailadmin.db")) == new
            assert not (work / "restoring").exists()
        shutil.rmtree(work)
        point += 1

    assert lasting(contents(work / "webmailadmin.db")) == new
    assert point > 10
    DEATHS["bring a backup back"] += point - 1


def dies(backup: Path, data: Path, point: int) -> bool:
    """Let a child bring the backup back; say whether it died at this step."""
    child = os.fork()
    if not child:
        try:
            sys.addaudithook(Fate(point).hear)
            restored(backup, data)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, 9)
    return status != 0


# At the command line


@pytest.fixture
def terminal(data: Path, beside: Path) -> Terminal:
    """A shell with the database of bonvenon.fr."""
    return Terminal(data)


def test_backup_and_restore_say_what_they_did(terminal: Terminal, beside: Path) -> None:
    file = str(beside / "one.db")
    made = terminal.type("backup", file)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout == f"Backed up into {file} (0.3 MB).\n"
    refused(terminal.type("backup", file), f"Error: {file} exists already.")
    assert terminal.type("backup", "--replace", file).returncode == 0
    terminal.type("domain", "add", "neuf.fr", "--contact", "a@x.org")

    done = terminal.type("restore", file)

    assert (done.returncode, done.stderr) == (0, "")
    (kept,) = terminal.folder.glob("before-restore-*.db")
    first, second, third = done.stdout.splitlines()
    assert first == f"The state before is kept in {kept}."
    assert second.startswith("The database is as it was on ")
    assert third == "If Dovecot runs, let it open the database anew: doveadm reload"
    assert terminal.rows("SELECT name FROM domain") == [("bonvenon.fr",)]
    refused(terminal.type("restore", str(beside)), f"Error: Cannot read {beside}: Is a directory.")


def test_backup_without_a_file_goes_where_the_schedule_keeps_them(
    terminal: Terminal, beside: Path
) -> None:
    done = terminal.type("backup", WEBMAILADMIN_BACKUPS=str(beside))

    (made,) = beside.iterdir()
    assert done.stdout == f"Backed up into {made} (0.3 MB).\n"
    nowhere = str(beside / "none")
    refused(terminal.type("backup", WEBMAILADMIN_BACKUPS=nowhere), "No such file or directory.")
    assert report(terminal.folder)["ok"] is False


def test_without_a_database_there_is_nothing_to_back_up(terminal: Terminal, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")

    done = terminal.type("backup", str(tmp_path / "one.db"), WEBMAILADMIN_DATA=nowhere)

    refused(done, f"There is no database in {nowhere}.")
    assert not Path(nowhere).exists()


def test_a_damaged_database_names_the_command_that_restores(terminal: Terminal) -> None:
    (terminal.folder / "webmailadmin.db").write_bytes(b"x" * 9000)

    refused(terminal.type("run"), "`webmailadmin restore FILE` brings back a backup.")


def test_backup_and_restore_speak_french(terminal: Terminal, beside: Path) -> None:
    file = str(beside / "one.db")

    made = terminal.type("backup", file, LANG="fr_FR.UTF-8")
    done = terminal.type("restore", file, LANG="fr_FR.UTF-8")

    assert made.stdout == f"Sauvegarde faite dans {file} (0,3 Mo).\n"
    assert done.stdout.startswith("L’état précédent est conservé dans ")


def test_the_home_of_a_mailbox_is_told(terminal: Terminal) -> None:
    with panel_at(terminal.folder) as alice:
        make("ann@bonvenon.fr", by=alice, mailbox=True)
        home = Mailbox.get().home

    done = terminal.type("mailbox", "home", " Ann@bonvenon.fr")

    assert done.stdout == f"/var/mail/webmailadmin/{home}\n"
    for email in ("postmaster@bonvenon.fr", "nobody@bonvenon.fr"):
        refused(terminal.type("mailbox", "home", email), f"{email} has no mailbox.")


# Root


@pytest.fixture
def on_server(terminal: Terminal) -> Iterator[Terminal]:
    """Root's shell on a server, where the data belong to the panel's user."""
    panel.add_users()
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "data"
        panel.make_folder(folder)
        for file in terminal.folder.iterdir():
            shutil.copy(file, folder)
            shutil.chown(folder / file.name, panel.USER, panel.GROUP)
        terminal.folder = folder
        terminal.environment["WEBMAILADMIN_DATA"] = str(folder)
        yield terminal


def test_root_leaves_nothing_of_its_own_beside_the_database(
    on_server: Terminal, beside: Path
) -> None:
    place = on_server.folder.parent
    into = place / "backups"
    into.mkdir()
    shutil.chown(into, panel.USER)
    assert on_server.type("backup", str(into / "one.db")).returncode == 0
    # What root alone can read is brought back too.
    shutil.move(into / "one.db", beside / "one.db")
    os.chown(beside / "one.db", 0, 0)
    for name in ("webmailadmin.db-wal", "webmailadmin.db-shm"):
        (on_server.folder / name).unlink(missing_ok=True)

    done = on_server.type("restore", str(beside / "one.db"))

    assert (done.returncode, done.stderr) == (0, "")
    assert {(path.owner(), path.group()) for path in on_server.folder.iterdir()} == {
        (panel.USER, panel.GROUP)
    }
    assert {path.name for path in on_server.folder.iterdir()} >= WAL_FILES
    for name in WAL_FILES:
        assert oct((on_server.folder / name).stat().st_mode & 0o777) == "0o640"


def test_where_the_panels_user_may_not_write_root_does_not_either(
    on_server: Terminal, beside: Path
) -> None:
    refused(on_server.type("backup", str(beside / "one.db")), "Permission denied")
    assert list(beside.iterdir()) == []
