"""When each app password was used last, as Dovecot notes at each log-in by IMAP, POP3 and SMTP.

In a file of its own beside the database, which the servers never write. They write this one, and
nothing but numbers and times is believed of it. It is no part of a backup.
"""

from pathlib import Path

from webmailadmin.database import another

FILE = "app-passwords.db"
MODE = 0o660
# The servers' users can make no files here: its -wal and -shm stay, as those of the database do.
TABLE = "CREATE TABLE IF NOT EXISTS used (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT"
SINCE = "SELECT id, at FROM used WHERE at >= ?"


def files(folder: Path) -> list[Path]:
    """Return its three files in the folder of the database."""
    return [folder / f"{FILE}{end}" for end in ("", "-wal", "-shm")]


def make(folder: Path) -> None:
    """Make what is missing of it."""
    path = folder / FILE
    if all(file.exists() for file in files(folder)):
        return
    path.touch(MODE)
    path.chmod(MODE)  # whatever our umask; SQLite gives the other two the same
    with another(path) as opened:
        opened.execute_sql(TABLE)


def moments(folder: Path, since: int) -> dict[int, int]:
    """Return when app passwords were used last, by their numbers: all since then, Unix seconds."""
    with another(folder / FILE) as opened:
        return dict(opened.execute_sql(SINCE, (since,)).fetchall())
