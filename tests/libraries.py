"""Look our libraries up among the known holes: `make audit` ends with it.

pip-audit calls it a success when it could look up none of them. Here that is said, and fails.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COMMAND = ("--progress-spinner", "off", "--disable-pip", "--require-hashes", "-f", "json")


def verdict(libraries: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """Return the exit status and what to say of libraries, as pip-audit tells of them."""
    holes = [
        f"{library['name']} {library['version']}: {hole['id']}, mended in "
        + (", ".join(hole["fix_versions"]) or "no version yet")
        for library in libraries
        for hole in library.get("vulns", [])
    ]
    left = [library["name"] for library in libraries if "skip_reason" in library]
    if left or not libraries:
        what = ", ".join(left) or "no library"
        holes.append(f"NOT AUDITED: could not be looked up (without network?): {what}.")
    if holes:
        return 1, holes
    return 0, [f"{len(libraries)} libraries looked up: no known hole."]


def read(told: str) -> list[dict[str, Any]]:
    """Return the libraries in what pip-audit wrote; none when it broke off."""
    try:
        libraries: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except ValueError:
        return []
    return libraries


def main() -> int:
    """Ask pip-audit, and say what it found."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    done = subprocess.run(
        [program, *COMMAND, "-r", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    libraries = read(done.stdout)
    if not libraries:
        print(*done.stderr.splitlines()[-1:])
    status, lines = verdict(libraries)
    print(*lines, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
