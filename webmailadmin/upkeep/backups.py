"""The database is backed up: into one file when asked, or on schedule with some of them kept."""

import json
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import peewee

from webmailadmin import database, snapshot
from webmailadmin.mail import reports

OURS = re.compile(r"webmailadmin-[0-9]{8}-[0-9]{6}\.db")
BROKEN_OFF = re.compile(rf"\.{OURS.pattern}\.partial")
A_DAY = 86400  # seconds


def back_up(data: Path, file: Path, *, replace: bool = False) -> int:
    """Back up the database in `data` into `file`; return its bytes. What came of it is handed over.

    replace: also over an existing file. Raises snapshot.NoSnapshot.
    """
    path = data / "webmailadmin.db"
    if not path.exists():
        raise snapshot.NoSnapshot(f"There is no database in {data}.")
    told: dict[str, object] = {"file": str(file), "bytes": 0, "ok": False, "trouble": ""}
    database.db.init(str(path))
    try:
        database.connect()
        size = snapshot.write(database.db, file, replace=replace)
        told |= {"bytes": size, "ok": True}
    except peewee.DatabaseError as error:
        told["trouble"] = f"{path} cannot be used: {error}."
        raise snapshot.NoSnapshot(str(told["trouble"])) from error
    except snapshot.NoSnapshot as trouble:
        told["trouble"] = str(trouble)
        raise
    finally:
        hand_over(told)
    return size


def hand_over(told: dict[str, object]) -> None:
    """Let the panel show what came of a backup, if it can be written down."""
    # A full disk may be the very trouble; an earlier schema has no place for it.
    with suppress(peewee.DatabaseError):
        reports.hand_over("backup", json.dumps(told))
    database.db.close()


def on_schedule(data: Path, folder: Path, kept: int) -> Path:
    """Back up into `folder` under a name of this moment, and keep so many of them; return the file.

    Raises snapshot.NoSnapshot.
    """
    file = folder / datetime.now(UTC).strftime("webmailadmin-%Y%m%d-%H%M%S.db")
    back_up(data, file)
    try:
        rotate(file, kept)
    except OSError as error:
        raise snapshot.NoSnapshot(
            f"{file} is made, but earlier ones cannot be taken away: {error.strerror}."
        ) from error
    return file


def rotate(latest: Path, kept: int) -> None:
    """Delete the oldest backups, so that `kept` of them stay; the latest is one of them."""
    files = {file for file in latest.parent.iterdir() if file != latest}
    earlier = sorted(file for file in files if OURS.fullmatch(file.name))
    for file in earlier[: max(len(earlier) - (kept - 1), 0)]:
        file.unlink()
    for file in (file for file in files if BROKEN_OFF.fullmatch(file.name)):
        if file.stat().st_mtime < time.time() - A_DAY:
            file.unlink()
