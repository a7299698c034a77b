"""What a user can do with the database in a folder: printed as JSON.

Run by Debian's Python as that user; its SQLite is the one that Postfix and Dovecot use.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path


def tried(act: Callable[[Path], object], folder: Path) -> object:
    """Return what came of it, or what the system said."""
    try:
        return act(folder)
    except OSError as error:
        return error.strerror
    except sqlite3.Error as error:
        return str(error)


def read(folder: Path) -> dict[str, int]:
    """Return the number of rows in each view."""
    connection = sqlite3.connect(folder / "webmailadmin.db")
    views = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    counted = {name: connection.execute(f"SELECT count(*) FROM {name}") for (name,) in views}
    return {name: rows.fetchone()[0] for name, rows in counted.items()}


def update(folder: Path) -> int:
    return sqlite3.connect(folder / "webmailadmin.db").execute("DELETE FROM domain").rowcount


def overwrite(folder: Path) -> int:
    return (folder / "webmailadmin.db").open("r+b").write(b"")


def overwrite_wal(folder: Path) -> int:
    return (folder / "webmailadmin.db-wal").open("r+b").write(b"")


def overwrite_shm(folder: Path) -> int:
    return (folder / "webmailadmin.db-shm").open("r+b").write(b"")


def create(folder: Path) -> None:
    (folder / "webmailadmin.db-journal").touch()


def remove(folder: Path) -> None:
    (folder / "webmailadmin.db-shm").unlink()


if __name__ == "__main__":
    acts = (read, update, overwrite, overwrite_wal, overwrite_shm, create, remove)
    print(json.dumps({act.__name__: tried(act, Path(sys.argv[1])) for act in acts}))
