"""The database beside servers that run as users of their own: they read always, write never.

What went wrong before this was settled: without -wal and -shm beside the file, which SQLite
takes away when the last connection closes, Postfix could not open it and deferred all mail.
"""

import itertools
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.mailservers.panel import GROUP, USER, Panel, make_folder
from tests.mailservers.stage import Stage, free_ports, wait_until
from webmailadmin.servers import used
from webmailadmin.servers.private import PrivateServers, System, private_servers

PASSWORD = "correct horse battery"
ALL_DOORS = {"imap", "pop3", "smtp"}
CONTACT = "contact@bonvenon.fr"
OFF = "550 5.2.1 This address is switched off"
DOMAIN_OFF = "550 5.2.1 This domain is switched off"
NOTHING = "550 5.1.1 This address receives no mail"
fresh_number = itertools.count(1)


@pytest.fixture
def folder(open_folder: Path) -> Path:
    """A database's folder that no other test has, owned by the panel's user."""
    folder = open_folder / f"database{next(fresh_number)}"
    make_folder(folder)
    return folder


@pytest.fixture
def panel(folder: Path) -> Iterator[Panel]:
    """The panel, with the mailbox contact@bonvenon.fr."""
    with Panel(folder) as panel:
        panel.do("domain", "bonvenon.fr")
        panel.do("mailbox", CONTACT, PASSWORD)
        yield panel


def servers_on(folder: Path) -> AbstractContextManager[PrivateServers]:
    """Start Postfix and Dovecot on the database in `folder`."""
    file = folder / "webmailadmin.db"
    return private_servers(folder.with_name(f"{folder.name}-servers"), file, free_ports())


# Reading and writing


def test_the_panel_makes_files_that_the_group_reads_and_nobody_else_writes(
    folder: Path, panel: Panel
) -> None:
    assert {
        file.name: (file.owner(), file.group(), oct(file.stat().st_mode)[-4:])
        for file in [folder, *folder.iterdir()]
    } == {
        folder.name: (USER, GROUP, "2750"),
        "webmailadmin.db": (USER, GROUP, "0640"),
        "webmailadmin.db-wal": (USER, GROUP, "0640"),
        "webmailadmin.db-shm": (USER, GROUP, "0640"),
        "key": (USER, GROUP, "0600"),
    }


@pytest.mark.parametrize("user", ["postfix", "dovecot"])
@pytest.mark.parametrize("state", ["running", "stopped"])
def test_the_servers_users_read_every_view_and_write_nothing(
    folder: Path, panel: Panel, user: str, state: str
) -> None:
    if state == "stopped":
        panel.stop()

    assert tried_as(user, [GROUP], folder) == {
        "read": {
            "postfix_domain": 1,
            "postfix_mailbox": 1,
            "postfix_alias": 2,  # postmaster@ came with the domain
            "postfix_same_name": 0,
            "postfix_refused": 0,
            "postfix_sender": 1,
            "dovecot_user": 1,
            "dovecot_password": 1,
            "dovecot_vacation": 0,
        },
        "update": "attempt to write a readonly database",
        "overwrite": "Permission denied",
        "overwrite_wal": "Permission denied",
        "overwrite_shm": "Permission denied",
        "create": "Permission denied",
        "remove": "Permission denied",
    }


@pytest.mark.parametrize("user", ["vmail", "nobody"])
def test_other_users_do_not_even_read(folder: Path, panel: Panel, user: str) -> None:
    assert tried_as(user, [], folder) == {
        "read": "unable to open database file",
        "update": "unable to open database file",
        "overwrite": "Permission denied",
        "overwrite_wal": "Permission denied",
        "overwrite_shm": "Permission denied",
        "create": "Permission denied",
        "remove": "Permission denied",
    }


def tried_as(user: str, groups: list[str], folder: Path) -> dict[str, object]:
    """Return what came of the tries of intruder.py as this user."""
    done = subprocess.run(
        ["/usr/bin/python3", str(Path(__file__).with_name("intruder.py")), str(folder)],
        user=user,
        group=System().run("id", "-gn", user).strip(),
        extra_groups=groups,
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, object] = json.loads(done.stdout)
    return result


# What the servers' own tools answer


@pytest.fixture(scope="module")
def asked(open_folder: Path) -> Iterator[PrivateServers]:
    """Servers on a database with one of each kind."""
    folder = open_folder / "one-of-each"
    make_folder(folder)
    with Panel(folder) as panel:
        for name in ("bonvenon.fr", "old.example", "off.example", "shop.off.example"):
            panel.do("domain", name)
        panel.do("mailbox", CONTACT, PASSWORD, 5, ["bob@gmail.example"])
        panel.do("alias", "sales@bonvenon.fr", [CONTACT])
        panel.do("alias", "fresh@bonvenon.fr")
        panel.do("mailbox", "off@bonvenon.fr", PASSWORD)
        panel.do("mailbox", "o@off.example", PASSWORD)
        panel.do("mailbox", "s@shop.off.example", PASSWORD)
        panel.do("switch_off", "off@bonvenon.fr")
        panel.do("switch_domain_off", "off.example")
        panel.do("catch_all", "bonvenon.fr", CONTACT)
        panel.do("same_name", "old.example", "bonvenon.fr")
        with servers_on(folder) as servers:
            yield servers


@pytest.mark.parametrize(
    ("name", "key", "answer"),
    [
        ("domains", "bonvenon.fr", "bonvenon.fr"),
        ("domains", "off.example", "off.example"),
        ("domains", "gmail.example", ""),
        ("mailboxes", CONTACT, CONTACT),
        ("mailboxes", "sales@bonvenon.fr", ""),
        ("mailboxes", "off@bonvenon.fr", ""),
        ("aliases", CONTACT, f"{CONTACT},bob@gmail.example"),
        ("aliases", "sales@bonvenon.fr", CONTACT),
        ("aliases", "off@bonvenon.fr", "off@bonvenon.fr"),
        ("aliases", "@bonvenon.fr", CONTACT),
        ("aliases", "@old.example", ""),
        ("same-name", "contact@old.example", CONTACT),
        ("same-name", "off@old.example", ""),
        ("same-name", "nobody@old.example", ""),
        ("same-name", "@old.example", ""),
        ("refused", CONTACT, ""),
        ("refused", "fresh@bonvenon.fr", NOTHING),
        ("refused", "off@bonvenon.fr", OFF),
        ("refused", "o@off.example", DOMAIN_OFF),
        ("refused", "nobody@off.example", DOMAIN_OFF),
        ("refused", "s@shop.off.example", ""),
        ("refused", "off.example", ""),
        ("senders", CONTACT, CONTACT),
        ("senders", "sales@bonvenon.fr", CONTACT),
        ("senders", "off@bonvenon.fr", ""),
        ("senders", "o@off.example", ""),
    ],
)
def test_postfix_as_its_own_user_finds_the_answer(
    asked: PrivateServers, name: str, key: str, answer: str
) -> None:
    done = subprocess.run(
        ["postmap", "-q", key, f"sqlite:{asked.values.maps}/{name}.cf"],
        env={**os.environ, "MAIL_CONFIG": str(asked.postfix_folder)},
        user="postfix",
        group="postfix",
        extra_groups=[GROUP],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == (answer, "")


def test_dovecot_finds_a_mailbox_with_its_home_and_size_limit(asked: PrivateServers) -> None:
    found = dict(
        line.split("\t") for line in asked.doveadm("user", CONTACT).stdout.splitlines() if line
    )

    home = Path(found["home"])
    assert home.parent == asked.values.mail_root
    assert CONTACT not in home.name
    assert found["quota_rule"] == "*:storage=5M"


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        (CONTACT, PASSWORD, 0),
        (CONTACT, "wrong", 77),  # EX_NOPERM
        ("off@bonvenon.fr", PASSWORD, 77),
        ("sales@bonvenon.fr", PASSWORD, 77),
    ],
)
def test_dovecot_checks_a_password(
    asked: PrivateServers, user: str, password: str, status: int
) -> None:
    assert asked.doveadm("auth", "test", user, password).returncode == status


def test_dovecot_lists_the_living_mailboxes(asked: PrivateServers) -> None:
    listed = asked.doveadm("user", "*").stdout.split()

    assert sorted(listed) == [CONTACT, "o@off.example", "s@shop.off.example"]


# Mail flows, whatever the panel does


def stays(panel: Panel, folder: Path) -> None:
    """The panel runs and does nothing."""


def is_stopped(panel: Panel, folder: Path) -> None:
    """It ends and closes its connection, the last one."""
    panel.stop()


def is_killed(panel: Panel, folder: Path) -> None:
    """It goes in the middle of a transaction that would have made half@bonvenon.fr."""
    panel.do("begin_to_add", "half@bonvenon.fr")
    panel.kill()


def is_stopped_for_a_boot(panel: Panel, folder: Path) -> None:
    """It ends, the machine starts again, and the panel is not there yet."""
    is_stopped(panel, folder)
    spoil_shared_memory(folder)


def loses_power(panel: Panel, folder: Path) -> None:
    """It goes with the machine, which starts again."""
    is_killed(panel, folder)
    spoil_shared_memory(folder)


def spoil_shared_memory(folder: Path) -> None:
    """Leave in -shm what a boot may leave: the pages of a file that was never written out."""
    file = folder / "webmailadmin.db-shm"
    file.write_bytes(os.urandom(file.stat().st_size))


@pytest.mark.parametrize(
    "happens", [stays, is_stopped, is_killed, is_stopped_for_a_boot, loses_power]
)
def test_mail_flows_when_the_servers_start_after_the_panel(
    folder: Path, panel: Panel, happens: Callable[[Panel, Path], None]
) -> None:
    happens(panel, folder)

    with servers_on(folder) as servers:
        assert_mail_flows(Stage(servers))


def test_mail_flows_while_the_panel_comes_and_goes(folder: Path, panel: Panel) -> None:
    with servers_on(folder) as servers:
        stage = Stage(servers)
        assert_mail_flows(stage)

        panel.stop()
        assert_mail_flows(stage)

        with Panel(folder) as second:
            assert_mail_flows(stage)
            is_killed(second, folder)
        assert_mail_flows(stage)

        with Panel(folder) as third:
            third.do("mailbox", "third@bonvenon.fr", PASSWORD)
            assert stage.send("third@bonvenon.fr").taken
            third.stop()
        assert_mail_flows(stage)


def test_the_servers_leave_what_they_need_to_start_again(folder: Path, panel: Panel) -> None:
    panel.stop()
    files = sorted(file.name for file in {*folder.iterdir(), *used.files(folder)})

    for _ in range(2):
        with servers_on(folder) as servers:
            assert_mail_flows(Stage(servers))

        assert sorted(file.name for file in folder.iterdir()) == files


def test_the_panel_writes_after_servers_that_started_first(folder: Path, panel: Panel) -> None:
    loses_power(panel, folder)

    with servers_on(folder) as servers:
        stage = Stage(servers)
        assert_mail_flows(stage)
        with Panel(folder) as after_boot:
            after_boot.do("mailbox", "late@bonvenon.fr", PASSWORD)

            within = wait_until(lambda: stage.send("late@bonvenon.fr").taken, servers.logs)
            assert within < 1
            assert stage.doors_open_to("late@bonvenon.fr", PASSWORD) == ALL_DOORS
            assert_mail_flows(stage)


def assert_mail_flows(stage: Stage) -> None:
    """A stranger's mail for contact@ arrives, others are refused, and its holder reads it."""
    before = stage.subjects(CONTACT, PASSWORD)
    subject = f"Number {len(before) + 1}"

    assert stage.send(CONTACT, subject=subject).taken
    assert stage.send("half@bonvenon.fr").recipients[0][:9] == "550 5.1.1"
    assert stage.subjects(CONTACT, PASSWORD) == [*before, subject]
    assert stage.doors_open_to(CONTACT, PASSWORD) == ALL_DOORS
