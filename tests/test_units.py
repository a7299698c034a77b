"""The systemd units: systemd reads them without a word, and they allow little."""

import re
import subprocess
from pathlib import Path

import pytest

from webmailadmin.servers.render import PLACE
from webmailadmin.settings import Settings

UNITS = Path(__file__).parents[1] / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
HIGHEST_EXPOSURE = 2.5
FILLED = {
    "checkout": "/opt/webmailadmin",
    "python": "/usr/bin/python3",
    "data": "/var/lib/webmailadmin",
    "mail_root": "/var/mail/webmailadmin",
}


@pytest.fixture
def folder(tmp_path):
    """All units with their places filled in, and the neighbours that they name."""
    for path in UNITS.iterdir():
        if path.is_file():
            text = PLACE.sub(lambda place: FILLED[place["name"]], path.read_text())
            (tmp_path / path.name).write_text(text)
    for name in ("dovecot.service", "postfix.service"):
        (tmp_path / name).write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "opt").mkdir()
    return tmp_path


def analyze(*arguments):
    """Run systemd-analyze; it needs no systemd that runs."""
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False
    )


def test_there_are_units_for_all_that_runs():
    assert {
        f"webmailadmin-{name}.service" for name in ("web", "worker", "helper", "doctor", "backup")
    } <= set(SERVICES)


@pytest.mark.parametrize("name", sorted(path.name for path in UNITS.iterdir() if path.is_file()))
def test_systemd_understands_every_line(folder, name):
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(folder / name))

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_allows_little(folder, name, record_property):
    done = analyze("security", "--offline=true", str(folder / name))

    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done
    record_property("exposure", found[1])
    print(f"{name}: {found[1]}")
    assert float(found[1]) <= HIGHEST_EXPOSURE


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_starts_whether_the_servers_run_or_not(name):
    assert not re.search(r"^(Requires|BindsTo|PartOf|Requisite)=", unit(name), re.MULTILINE)


def test_postfix_waits_for_dovecot_at_a_boot_and_no_longer():
    for place in ("postfix.service.d", "postfix@-.service.d"):
        lines = (UNITS / place / "webmailadmin.conf").read_text().splitlines()
        assert lines[1:] == ["[Unit]", "Wants=dovecot.service", "After=dovecot.service"]


def test_only_the_helper_may_write_mail_files_and_only_the_panel_the_database():
    written = {
        name: re.findall(r"^ReadWritePaths=(.*)$", unit(name), re.MULTILINE)
        for name in (
            *("webmailadmin-web.service", "webmailadmin-helper.service"),
            "webmailadmin-backup.service",
        )
    }
    assert written == {
        "webmailadmin-web.service": ["@{data} /run/webmailadmin"],
        "webmailadmin-helper.service": ["@{mail_root} /run/webmailadmin-helper"],
        "webmailadmin-backup.service": [f"@{{data}} {Settings().backups}"],
    }
    assert "InaccessiblePaths=-@{data}" in unit("webmailadmin-helper.service").splitlines()


def test_nothing_in_a_unit_waits_for_a_place_that_nobody_fills():
    for path in UNITS.rglob("*"):
        if path.is_file():
            assert {place["name"] for place in PLACE.finditer(path.read_text())} <= set(FILLED)


def unit(name):
    """Return a unit as it is kept."""
    return (UNITS / name).read_text()
