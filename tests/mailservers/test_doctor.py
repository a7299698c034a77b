"""The doctor beside real servers: each thing that can go wrong is broken, named, and mended.

The mending is that of the command that the doctor names, wherever it needs no systemd.
"""

import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from tests.mailservers import panel as panels
from tests.mailservers.panel import CHECKOUT, GROUP, USER, Panel, environment, make_folder
from tests.mailservers.stage import Stage, free_ports
from webmailadmin import settings
from webmailadmin.servers.private import PrivateServers, private_servers
from webmailadmin.upkeep import doctor
from webmailadmin.upkeep.doctor import machine
from webmailadmin.upkeep.doctor.finding import Finding, State, run
from webmailadmin.upkeep.doctor.machine import Machine

PASSWORD = "correct horse battery"
CONTACT = "contact@bonvenon.fr"
HOST = "mail.bonvenon.fr"
Done = subprocess.CompletedProcess[str]


@dataclass
class Here:
    """A panel's database and private servers on it, as the doctor sees them."""

    data: Path
    servers: PrivateServers
    facts: dict[str, object]

    def machine(self) -> Machine:
        """Return a fresh look: nothing of an earlier one is remembered."""
        servers = self.servers
        return Machine(servers.postfix_folder, servers.dovecot_file, dict(self.facts))

    def found(self, code: str) -> list[Finding]:
        """Make one check."""
        return list(run([doctor.CHECKS[code]], self.machine()))

    def told(self, code: str) -> str:
        """Make one check; return in one text what is not well."""
        return "\n".join(
            one.text % one.values for one in self.found(code) if one.state is not State.OK
        )

    def mend(self, code: str) -> None:
        """Run the commands that the doctor names."""
        for command in dict.fromkeys(one.mend for one in self.found(code) if one.mend):
            subprocess.run(command, shell=True, check=True, capture_output=True)


@pytest.fixture(scope="module")
def here(open_folder: Path) -> Iterator[Here]:
    """Servers on a database of the panel's user, with one of each kind and a message."""
    data = open_folder / "doctored"
    make_folder(data)
    before = settings.current
    with Panel(data) as panel:
        for name in ("bonvenon.fr", "old.example"):
            panel.do("domain", name)
        panel.do("mailbox", CONTACT, PASSWORD)
        panel.do("alias", "sales@bonvenon.fr", [CONTACT])
        panel.do("alias", "fresh@bonvenon.fr")
        panel.do("same_name", "old.example", "bonvenon.fr")
    ports = free_ports()
    folder = open_folder / "doctored-servers"
    with private_servers(folder, data / "webmailadmin.db", ports, mail_host=HOST) as servers:
        Stage(servers).send(CONTACT)
        Stage(servers).wait_until_delivered()
        settings.use(
            replace(
                before,
                data=data,
                mail_root=servers.values.mail_root,
                mail_host=HOST,
                smtp_port=ports.smtp,
                panel_user=USER,
            )
        )
        found = Here(data, servers, {})
        with panel_python():
            looked = found.machine()
            looked.look_as_panel()
        found.facts = looked.facts
        yield found
    settings.use(before)


@cache
def python() -> str:
    """Return a Python that the panel's user may run."""
    return panels.python()


@contextmanager
def panel_python() -> Iterator[None]:
    """Let a child that is the panel's user find a Python that it may run, and our libraries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", python())
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        yield


# What the panel's user tells


def test_the_panels_user_tells_what_the_servers_are_to_be_asked(here: Here) -> None:
    keys = here.facts["keys"]

    assert isinstance(keys, dict)
    assert keys["postfix_domain"] == ["bonvenon.fr", "bonvenon.fr"]
    assert keys["postfix_mailbox"] == [CONTACT, CONTACT]
    assert keys["postfix_refused"][0] == "fresh@bonvenon.fr"
    assert set(keys) == {
        *(f"postfix_{name}" for name in ("domain", "mailbox", "alias", "same_name", "refused")),
        "postfix_sender",
        "dovecot_user",
    }
    assert here.facts["domains"] == ["bonvenon.fr", "old.example"]
    assert len(here.facts["homes"]) == 1  # type: ignore[arg-type]


# Well, broken, named, mended

WELL = (
    *("rights", "mail-root", "map-files", "dovecot-file", "views", "lookups", "postfix-maps"),
    *("postfix-settings", "smuggling", "delimiter", "destination", "lmtp", "log-in"),
    *("dovecot-settings", "vacation-answers", "versions", "disk-mail", "homes"),
)


@pytest.mark.parametrize("code", WELL)
def test_on_a_machine_that_is_well_all_is_well(here: Here, code: str) -> None:
    assert {one.state for one in here.found(code)} == {State.OK}, here.told(code)


def too_open(here: Here) -> None:
    (here.data / "webmailadmin.db").chmod(0o666)


def without_setgid(here: Here) -> None:
    here.data.chmod(0o750)


def of_another_group(here: Here) -> None:
    shutil.chown(here.data / "webmailadmin.db", group="nogroup")


def of_root(here: Here) -> None:
    shutil.chown(here.data / "webmailadmin.db-wal", user="root")


def mail_for_all(here: Here) -> None:
    here.servers.values.mail_root.chmod(0o755)


def mail_of_root(here: Here) -> None:
    shutil.chown(here.servers.values.mail_root, user="root")


def map_for_all(here: Here) -> None:
    (here.servers.values.maps / "aliases.cf").chmod(0o666)


def queries_for_all(here: Here) -> None:
    (here.servers.folder / "etc/dovecot-2.3/webmailadmin-sql.conf.ext").chmod(0o666)


@pytest.mark.parametrize(
    ("code", "broken", "words"),
    [
        ("rights", too_open, "webmailadmin.db has the rights 0666"),
        ("rights", without_setgid, f"has the rights 0750 {USER}:{GROUP} instead of 2750"),
        ("rights", of_another_group, f"0640 {USER}:nogroup instead of 0640 {USER}:{GROUP}"),
        ("rights", of_root, "-wal has the rights 0640 root:"),
        ("mail-root", mail_for_all, "has the rights 0755 vmail:vmail instead of 0700"),
        ("mail-root", mail_of_root, "has the rights 0700 root:vmail"),
        ("map-files", map_for_all, "aliases.cf has the rights 0666 root:postfix"),
        ("dovecot-file", queries_for_all, "Others than root can write"),
        ("views", of_another_group, "unable to open database file"),
    ],
)
def test_rights_that_are_wrong_are_named_and_mended_by_the_command(
    here: Here, code: str, broken: Callable[[Here], None], words: str
) -> None:
    broken(here)

    assert words in here.told(code)
    here.mend("rights" if code == "views" else code)
    assert here.told(code) == ""


@pytest.mark.parametrize(
    ("code", "name", "value", "words"),
    [
        ("smuggling", "smtpd_forbid_bare_newline", "no", "is “no”; it should be normalize"),
        ("smuggling", "smtpd_forbid_unauth_pipelining", "no", "is “no”; it should be yes"),
        ("postfix-settings", "allow_percent_hack", "yes", "is “yes”; it should be no"),
        ("postfix-settings", "smtpd_tls_auth_only", "no", "is “no”; it should be yes"),
        ("delimiter", "recipient_delimiter", "-", "is “-” in Postfix and “+” in Dovecot"),
        ("destination", "mydestination", "localhost, Bonvenon.fr", "bonvenon.fr stands in Postfix"),
        ("lmtp", "virtual_transport", "virtual:", "delivered by “virtual:” and not by Dovecot"),
        ("postfix-maps", "smtpd_sender_login_maps", "", "smtpd_sender_login_maps does not ask"),
        ("postfix-maps", "virtual_alias_maps", "hash:/etc/aliases", "virtual_alias_maps does not"),
    ],
)
def test_a_setting_of_postfix_that_carries_weight_is_named(
    here: Here, code: str, name: str, value: str, words: str
) -> None:
    with added(here.servers.postfix_folder / "main.cf", f"{name} = {value}"):
        told = here.told(code)
        assert words in told
        assert name in told or code == "lmtp"
    assert here.told(code) == ""


@contextmanager
def added(path: Path, *lines: str) -> Iterator[None]:
    """Let a file end with these lines for a while."""
    with changed(path):
        write(path, "\n".join([path.read_text(), *lines, ""]))
        yield


def write(path: Path, text: str) -> None:
    """Write a file as if a minute ago: Postfix waits until it trusts a younger one."""
    path.write_text(text)
    a_while_ago = time.time() - 60
    os.utime(path, (a_while_ago, a_while_ago))


@contextmanager
def changed(*paths: Path) -> Iterator[None]:
    """Put files back as they were afterwards."""
    texts = {path: path.read_text() for path in paths}
    try:
        yield
    finally:
        for path, text in texts.items():
            write(path, text)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("auth_username_chars", "", "auth_username_chars is “”"),
        ("auth_username_chars", "abc'", "auth_username_chars is “abc'”"),
        ("auth_cache_size", "10 M", "auth_cache_size is “10 M”"),
        ("disable_plaintext_auth", "no", "disable_plaintext_auth is “no”"),
        ("auth_username_format", "%u", "auth_username_format is “%u”"),
    ],
)
def test_a_setting_of_dovecot_that_carries_weight_is_named(
    here: Here, name: str, value: str, words: str
) -> None:
    with added(here.servers.dovecot_file, f"{name} = {value}"):
        assert words in here.told("dovecot-settings")


def test_an_auth_worker_that_runs_as_root_is_named(here: Here) -> None:
    lines = ("service auth-worker {", "user = root", "extra_groups =", "}")
    with added(here.servers.dovecot_file, *lines):
        assert "Dovecot's auth-worker runs as root" in here.told("views")
        assert "service auth-worker is “user = root" in here.told("dovecot-settings")


def test_settings_of_dovecot_that_cannot_be_read_are_named(here: Here) -> None:
    with changed(here.servers.dovecot_file):
        here.servers.dovecot_file.write_text("nonsense {\n")
        assert "Dovecot's settings cannot be read" in here.told("dovecot-settings")


def test_vacation_answers_that_nobody_finds_or_takes_are_named(here: Here) -> None:
    with moved(here.servers.folder / "run" / "dict"):
        assert "does not get at the vacation answers" in here.told("vacation-answers")
    with added(here.servers.dovecot_file, "submission_host ="):
        assert "submission_host is “”" in here.told("vacation-answers")


def test_a_map_file_that_is_gone_is_named(here: Here) -> None:
    with moved(here.servers.values.maps / "refused.cf"):
        assert "refused.cf, which is not there" in here.told("map-files")
        assert "smtpd_recipient_restrictions does not ask" in here.told("postfix-maps")


@contextmanager
def moved(path: Path) -> Iterator[None]:
    """Take a file or folder away for a while."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


def test_a_postfix_without_our_maps_is_named(here: Here) -> None:
    with changed(here.servers.postfix_folder / "main.cf"):
        write(here.servers.postfix_folder / "main.cf", "compatibility_level = 3.6\n")
        assert "no map that reads the panel's database" in here.told("map-files")


def test_an_address_that_postfix_does_not_find_is_named(here: Here) -> None:
    with told_of(here, postfix_mailbox=["absent@bonvenon.fr", "absent@bonvenon.fr"]):
        told = here.told("lookups")
    assert "Postfix does not find absent@bonvenon.fr by" in told
    assert CONTACT not in told


@contextmanager
def told_of(here: Here, **keys: list[str]) -> Iterator[None]:
    """Let the panel tell of addresses that the servers do not have."""
    before = here.facts
    here.facts = {**before, "keys": {**before["keys"], **keys}}  # type: ignore[dict-item]
    try:
        yield
    finally:
        here.facts = before


def test_a_query_that_fails_is_named_as_postfix_says_it(here: Here) -> None:
    file = here.servers.values.maps / "mailboxes.cf"
    with changed(file):
        write(file, file.read_text().replace("postfix_mailbox", "postfix_nothing"))
        assert "no such table: postfix_nothing" in here.told("views")


def test_a_map_that_asks_a_view_of_ours_for_something_else_is_no_alarm(here: Here) -> None:
    # As the sender rewriting of servers/srs.py does.
    file = here.servers.values.maps / "srs-own.cf"
    query = "SELECT 'DUNNO' FROM postfix_domain WHERE name = '%d'"
    file.write_text(f"dbpath = {here.data}/webmailadmin.db\nquery = {query}\n")
    file.chmod(0o640)
    shutil.chown(file, "root", "postfix")
    line = f"sender_dependent_default_transport_maps = proxy:sqlite:{file}"
    try:
        with added(here.servers.postfix_folder / "main.cf", line):
            assert [here.told(code) for code in ("lookups", "views", "map-files")] == ["", "", ""]
    finally:
        file.unlink()


def test_a_proxymap_that_does_not_answer_is_named(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "SECONDS", 1.0)
    with moved(here.servers.values.spool / "private" / "proxymap"):
        told = here.told("lookups")
    assert told.startswith("Postfix cannot look up ")
    assert told.count("\n") == 0


def test_a_database_that_dovecot_cannot_read_is_named(here: Here) -> None:
    lines = ("service auth-worker {", "extra_groups = nogroup", "}")
    with added(here.servers.dovecot_file, *lines):
        told = here.told("views")
    assert "Dovecot's user dovecot cannot read the database" in told
    assert "unable to open database file" in told


def test_a_delivery_that_nobody_takes_is_named(here: Here) -> None:
    with moved(here.servers.values.spool / "private" / "dovecot-lmtp"):
        told = here.told("lmtp")
    assert "Dovecot takes no mail from Postfix at" in told
    assert "No such file or directory" in told


def test_a_delivery_that_postfix_may_not_use_is_named(here: Here) -> None:
    path = here.servers.values.spool / "private" / "dovecot-lmtp"
    shutil.chown(path, "root", "root")
    try:
        assert "Permission denied" in here.told("lmtp")
    finally:
        shutil.chown(path, "postfix", "postfix")


def test_a_mailbox_that_dovecot_does_not_know_is_named(here: Here) -> None:
    with told_of(here, dovecot_user=["absent@bonvenon.fr", "0" * 32]):
        told = here.told("log-in")
    assert "Dovecot does not know the mailbox absent@bonvenon.fr" in told
    assert "Dovecot does not find the password of absent@bonvenon.fr" in told


def test_a_dovecot_that_lets_in_with_any_password_is_named(here: Here) -> None:
    lines = ("passdb {", "driver = static", "args = nopassword=y", "}")
    with added(here.servers.dovecot_file, *lines):
        reload(here)
        told = here.told("log-in")
    reload(here)
    assert f"Dovecot lets in {CONTACT} with any password" in told
    assert here.told("log-in") == ""


def reload(here: Here) -> None:
    """Let Dovecot read its settings, and wait until it answers by them."""
    here.servers.doveadm("reload")
    time.sleep(0.3)


# The machine


def test_a_folder_of_no_mailbox_and_a_mailbox_without_its_folder_are_named(here: Here) -> None:
    (home,) = here.facts["homes"]  # type: ignore[attr-defined]
    root = here.servers.values.mail_root
    (root / ("f" * 32)).mkdir()
    (root / ".being-deleted").mkdir()
    try:
        told = here.told("homes")
        assert told == f"Folders that belong to no mailbox: 1, the first one is {root}/{'f' * 32}."
    finally:
        (root / ("f" * 32)).rmdir()
        (root / ".being-deleted").rmdir()
    before = here.facts
    here.facts = {**before, "homes": {home: 1}}
    try:
        assert here.told("homes") == ""
        with moved(root / home):
            lost = f"{root}/{home} is missing; messages in it when Dovecot was asked last: 1."
            assert lost in here.told("homes")
    finally:
        here.facts = before


def certificate(folder: Path, host: str, days: int, signed_by: Path | None = None) -> Path:
    """Make a certificate with its key beside it, self-made unless somebody signed it."""
    file = folder / f"{host}-{days}-{signed_by is not None}.pem"
    by = ("-CA", str(signed_by), "-CAkey", f"{signed_by}.key") if signed_by else ()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", str(days), *by),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", f"{file}.key"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-out", str(file)),
        ],
        check=True,
        capture_output=True,
    )
    return file


def told_of_certificate(here: Here, file: Path) -> str:
    """Give Postfix a certificate; return what is told of it."""
    line = f"smtpd_tls_cert_file = {file}"
    with added(here.servers.postfix_folder / "main.cf", line):
        told = here.told("certificate").splitlines()
    return "\n".join(one for one in told if "Dovecot" not in one)


@pytest.mark.parametrize(
    ("host", "days", "signed", "words"),
    [
        (HOST, 100, True, ""),
        (HOST, 5, True, "The certificate {file} ends on "),
        (HOST, 100, False, "The certificate {file} is self-made: mail programs warn of it."),
        ("mail.other.example", 100, True, f"The certificate {{file}} is not for {HOST}."),
    ],
)
def test_a_certificate_that_mail_programs_will_not_like_is_named(
    here: Here, tmp_path: Path, host: str, days: int, signed: bool, words: str
) -> None:
    authority = certificate(tmp_path, "authority.example", 100) if signed else None
    file = certificate(tmp_path, host, days, authority)

    told = told_of_certificate(here, file)

    assert told.startswith(words.format(file=file))
    assert bool(told) == bool(words)
    assert "\n" not in told


# openssl ca(1), the only one that signs for dates of one's choice.
CA = """
[ca]
default_ca = own
[own]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def test_a_certificate_that_has_ended_is_named(here: Here, tmp_path: Path) -> None:
    authority = certificate(tmp_path, "authority.example", 100)
    file, request, config = (tmp_path / name for name in ("ended.pem", "request", "ca.cnf"))
    config.write_text(CA.format(folder=tmp_path))
    (tmp_path / "index").touch()
    for command in (
        ("req", "-new", "-key", f"{authority}.key", "-subj", f"/CN={HOST}", "-out", str(request)),
        (
            *("ca", "-batch", "-config", str(config), "-cert", str(authority)),
            *("-keyfile", f"{authority}.key", "-in", str(request), "-out", str(file)),
            *("-startdate", "20200101000000Z", "-enddate", "20200201000000Z"),
        ),
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)

    told = told_of_certificate(here, file)

    assert told == f"The certificate {file} has ended on 2020-02-01."


def test_a_certificate_that_is_not_there_is_named(here: Here, tmp_path: Path) -> None:
    assert "Dovecot has no certificate: no mail program can connect" in here.told("certificate")
    file = tmp_path / "none.pem"
    assert told_of_certificate(here, file).startswith(f"The certificate {file} cannot be read: ")


# The whole command


BIND = """
set -e
mount -t overlay -o "lowerdir=$1:/etc/postfix" overlay /etc/postfix
mount --bind "$2" /etc/dovecot/dovecot.conf
shift 2
exec "$@"
"""


def doctor_of(here: Here, *arguments: str, user: str = "root", **more: str) -> Done:
    """Run the command as `user`, with our servers' settings at their usual places."""
    command = [python(), "-m", "webmailadmin", "doctor", *arguments]
    if user != "root":
        command = [
            "setpriv",
            f"--reuid={user}",
            f"--regid={pwd.getpwnam(user).pw_gid}",
            "--init-groups",
            *command,
        ]
    etc = (str(here.servers.postfix_folder), str(here.servers.dovecot_file))
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", BIND, "bind", *etc, *command],
        env=environment() | settings_of(here) | more,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(here: Here) -> dict[str, str]:
    """Return the settings of this panel as variables."""
    values = {
        "DATA": str(here.data),
        "MAIL_ROOT": str(here.servers.values.mail_root),
        "MAIL_HOST": HOST,
        "SMTP_PORT": str(here.servers.ports.smtp),
        "HELPER_SOCKET": str(here.data / "no-helper"),
    }
    return {f"WEBMAILADMIN_{name}": value for name, value in values.items()}


def states(done: Done) -> dict[str, str]:
    """Return the worst state of each check that was told as JSON."""
    told = json.loads(done.stdout)["checks"]
    return {one["code"]: one["state"] for one in reversed(told)}


def files_of(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Return who owns what in the database's folder."""
    return {
        path.name: (path.owner(), path.group(), oct(path.stat().st_mode))
        for path in folder.iterdir()
    }


def test_root_looks_at_everything_and_leaves_the_database_as_it_is(here: Here) -> None:
    before = files_of(here.data)

    done = doctor_of(here, "--json")

    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert done.returncode == told["status"] == 2  # there is no helper here
    assert {one["code"] for one in told["checks"]} == set(doctor.CHECKS) - {"doctor", "proxies"}
    assert {frozenset(one) for one in told["checks"]} == {
        frozenset(("code", "state", "text", "why", "mend"))
    }
    assert {code for code, state in states(done).items() if state == "wrong"} == {
        *("helper", "worker", "certificate")
    }
    assert {states(done)[code] for code in (*WELL, "database", "integrity", "smtp")} == {"ok"}
    # The trap: had root opened it last, -wal and -shm would be gone, or root's.
    assert files_of(here.data) == before


def test_root_is_never_the_last_to_have_the_database_open(here: Here, open_folder: Path) -> None:
    """The trap: its last connection would take -wal and -shm away, and mail would stop."""
    alone = open_folder / "doctored-alone"
    make_folder(alone)
    with Panel(alone) as panel:
        panel.do("domain", "bonvenon.fr")
        panel.stop()
    before = files_of(alone)

    done = doctor_of(here, "--json", "--hand-over", WEBMAILADMIN_DATA=str(alone))

    assert {states(done)[code] for code in ("wal-files", "integrity", "rights", "views")} == {"ok"}
    assert set(before) >= {f"webmailadmin.db{end}" for end in ("", "-wal", "-shm")}
    assert files_of(alone) == before


@pytest.fixture(scope="module")
def handed_over(here: Here) -> Done:
    """What the timer does, once."""
    before = files_of(here.data)
    done = doctor_of(here, "--hand-over")
    assert files_of(here.data) == before
    return done


def test_the_report_is_handed_over_by_the_panels_user(here: Here, handed_over: Done) -> None:
    assert (handed_over.returncode, handed_over.stderr) == (2, "")
    with panel_python():
        kept = here.machine().ask(
            *(sys.executable, "-c", KEPT, str(here.data)), user=USER, environment=os.environ
        )
    found = json.loads(kept.out)
    assert {one["code"] for one in found} >= set(WELL)
    assert {one["state"] for one in found} <= {state.value for state in State}


KEPT = """
import sys
from pathlib import Path
from webmailadmin import database
from webmailadmin.mail import reports
database.open_as_it_is(Path(sys.argv[1]))
print(reports.latest("doctor").content)
database.db.close()
"""


def test_each_line_says_what_is_wrong_why_that_matters_and_what_mends_it(
    here: Here, handed_over: Done
) -> None:
    lines = handed_over.stdout.splitlines()
    at = lines.index(
        "✗ Mail-file helper: The mail-file helper does not answer as it should: "
        f"No mail-file helper answers at {here.data}/no-helper: No such file or directory."
    )
    assert lines[at + 1 : at + 3] == [
        "    Without it: no sizes, no download of messages, no deletion. Mail goes on.",
        "    $ systemctl restart webmailadmin-helper",
    ]
    assert "✓ Delivery: Dovecot takes mail from Postfix." in lines
    # The worst comes first.
    assert [line[0] for line in lines if line[0] != " "] == sorted(
        (line[0] for line in lines if line[0] != " "), key="✗!?✓".index
    )


def test_the_panels_user_sees_its_own_and_says_what_only_root_sees(here: Here) -> None:
    done = doctor_of(here, "--json", user=USER)

    seen = states(done)
    assert {seen[code] for code in ("database", "integrity", "invariants", "smtp")} == {"ok"}
    assert {code for code, state in seen.items() if state == "unknown"} == {
        check.code for check in doctor.AS_ROOT
    }
    french = doctor_of(here, user=USER, LANG="fr_FR.UTF-8").stdout
    assert "? Droits sur la base de données, Droits sur les fichiers de courrier, " in french
    assert "\u00a0: seul root peut le voir.\n" in french


def test_somebody_else_sees_nothing_and_is_told_why(here: Here) -> None:
    done = doctor_of(here, "--json", user="nobody")

    assert done.returncode == 2
    assert states(done)["database"] == "unknown"
    assert "Permission denied" in done.stdout


def test_missing_files_of_the_database_are_named_and_nobody_makes_others(here: Here) -> None:
    shm = here.data / "webmailadmin.db-shm"
    with moved(shm):
        before = files_of(here.data)
        done = doctor_of(here, "--json", "--hand-over")
        assert files_of(here.data) == before

    assert done.returncode == 2
    assert f"{shm} is missing: some program opened the database as root" in done.stdout
    assert "systemctl stop webmailadmin-web webmailadmin-worker && systemctl start" in done.stdout
    assert states(done)["database"] == states(done)["homes"] == "unknown"
    assert f"The report could not be handed over: {shm} is missing." in done.stderr


def test_a_panels_user_that_does_not_exist_is_named(here: Here) -> None:
    done = doctor_of(here, "--json", WEBMAILADMIN_PANEL_USER="nobody-has-it")

    assert done.returncode == 2
    assert "There is no user nobody-has-it" in done.stdout
    assert states(done)["database"] == "wrong"
    assert states(done)["lmtp"] == "ok"


def test_a_setting_that_cannot_be_read_is_told_with_status_2(here: Here) -> None:
    done = doctor_of(here, WEBMAILADMIN_PORT="x")

    assert (done.returncode, done.stdout) == (2, "")
    assert "WEBMAILADMIN_PORT is 'x'" in done.stderr
