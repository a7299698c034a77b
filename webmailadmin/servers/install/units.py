"""The systemd units: every file in deploy/systemd, with its places filled in."""

import sys
from collections.abc import Mapping
from pathlib import Path

from webmailadmin.servers import places
from webmailadmin.servers.render import PLACE

FOLDER = places.CHECKOUT / "deploy" / "systemd"
# What runs all the time, in the order of its start; timers stand for the services of their name.
LONG_RUNNING = ("webmailadmin-helper", "webmailadmin-web", "webmailadmin-worker")


def files(data: Path, mail_root: Path) -> dict[Path, str]:
    """Return the text of each unit and drop-in, by its place."""
    filled: Mapping[str, object] = {
        "checkout": places.CHECKOUT,
        "python": sys.executable,
        "data": data,
        "mail_root": mail_root,
    }
    return {
        places.UNITS / source.relative_to(FOLDER): PLACE.sub(
            lambda place: str(filled[place["name"]]), source.read_text(encoding="utf-8")
        )
        for source in sorted(FOLDER.rglob("*"))
        if source.is_file()
    }


def started() -> list[str]:
    """Return the units that start at a boot."""
    timers = sorted(path.name for path in FOLDER.glob("*.timer"))
    return [*(f"{name}.service" for name in LONG_RUNNING), *timers]
