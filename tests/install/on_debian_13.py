"""All that test_install.py shows, on Debian 13: `make test-debian13`.

The file system is that of tests/mailservers/trixie.py with a Python of its own; the libraries for
it come from where pip gets them, as the lock file names them. Both stay below var/.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.install.machine import CHECKOUT, Machine
from tests.install.test_install import *  # noqa: F403 -- the same tests, on the system below
from tests.mailservers import trixie

PACKAGES = ("python3", "python3-venv", "openssl", "postsrsd", "procps")


@pytest.fixture(scope="module")
def system() -> tuple[str, Path]:
    """The file system of Debian 13, and the libraries for its Python."""
    try:
        prefix = trixie.system(Path("/tmp")).prefix
        if not (trixie.ROOT / "usr" / "sbin" / "postsrsd").exists():
            trixie.run(*prefix, "apt-get", "update")
            quietly = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y")
            trixie.run(*prefix, *quietly, "install", "--no-install-recommends", *PACKAGES)
        version = "import sys; print(*sys.version_info[:2], sep='.')"
        python = trixie.run(*prefix, "python3", "-c", version).strip()
    except trixie.NoDebian13 as reason:
        pytest.fail(str(reason), pytrace=False)
    libraries = trixie.ROOT.with_name(f"libraries-{python}")
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--upgrade",
                "--target",
                libraries,
            ),
            *("--python-version", python, "--only-binary=:all:", "--require-hashes"),
            *("-r", CHECKOUT / "requirements.txt"),
        ],
        check=True,
        umask=0o022,
    )
    return str(trixie.ROOT), libraries


def test_these_are_the_servers_of_debian_13(installed: Machine) -> None:
    assert installed.run("dovecot", "--version").startswith("2.4.")
    assert installed.run("postconf", "-dh", "mail_version").startswith("3.10.")
