"""A Debian 13 in a folder, for its Dovecot 2.4 and Postfix 3.10.

Made once, in a minute or two and 400 MB, from the mirror that this machine's apt uses; kept
below var/ for the next run. Nothing stays mounted: each command mounts what it needs in a mount
namespace of its own, which goes with it.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.turns import turn
from webmailadmin.servers.private import PACKAGES, System, add_what_is_missing

ROOT = Path(__file__).parents[2] / "var" / "trixie"
# Names the packages of a tree that is whole.
COMPLETE = ROOT.with_name("trixie.complete")
# The mail-file helper needs Python, and nothing else of ours or of others.
WANTED = (*PACKAGES, "python3")
# $1: the folder that is to be found at the same place within; the rest is the command.
ENTER = f"""
set -e
mount -t proc proc {ROOT}/proc
mount --rbind /dev {ROOT}/dev
mkdir -p "{ROOT}$1"
mount --bind "$1" "{ROOT}$1"
shift
exec chroot {ROOT} "$@"
"""


class NoDebian13(Exception):
    """Debian 13 cannot be had here. Its text is one sentence that says what is missing."""


def system(folder: Path) -> System:
    """Return the Debian 13, made if need be, in which `folder` is at its own place.

    Raises NoDebian13.
    """
    with turn("debian-13"):
        if not COMPLETE.exists():
            make()
        if COMPLETE.read_text(encoding="ascii").split() != [*WANTED]:
            install()
        add_what_is_missing(within(folder), print)
    return within(folder)


def wanted(folder: Path) -> System:
    """Return the system, or let the test fail with the reason why there is none."""
    try:
        return system(folder)
    except NoDebian13 as reason:
        pytest.fail(str(reason), pytrace=False)


def within(folder: Path) -> System:
    own_mounts = ("unshare", "--mount", "--propagation", "private")
    return System((*own_mounts, "sh", "-c", ENTER, "enter", str(folder)))


def make() -> None:
    """Make the whole tree anew. Raises NoDebian13."""
    if shutil.which("debootstrap") is None:
        raise NoDebian13("Debian 13 is missing: apt-get install debootstrap")
    if ROOT.exists():
        shutil.rmtree(ROOT)
    ROOT.mkdir(parents=True)
    ROOT.chmod(0o755)  # every user of the tree passes it, whatever our umask
    run("debootstrap", "--variant=minbase", "trixie", str(ROOT), mirror())
    # Its services are started by us, each on a port of its own, and not by the packages.
    policy = ROOT / "usr" / "sbin" / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    policy.chmod(0o755)
    COMPLETE.touch()


def install() -> None:
    """Install what is wanted in the tree. Raises NoDebian13."""
    quietly = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y")
    run(*within(Path("/tmp")).prefix, *quietly, "install", "--no-install-recommends", *WANTED)
    COMPLETE.write_text("\n".join(WANTED), encoding="ascii")


def mirror() -> str:
    """Return the address of the Debian mirror that this machine's apt uses."""
    wanted = ("Identifier: Packages", "Origin: Debian", "Label: Debian")
    known = run("apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted).split()
    if not known:
        raise NoDebian13("Debian 13 is missing and apt knows no mirror: run apt-get update")
    return known[0]


def run(*command: str) -> str:
    """Run a command and return what it printed. Raises NoDebian13 with its last words."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,  # not ours, which a panel in this process has narrowed
    )
    if done.returncode:
        words = (done.stdout + done.stderr).strip().splitlines()
        raise NoDebian13(f"Debian 13 cannot be made, {command[0]} says: {words[-1:]}")
    return done.stdout
