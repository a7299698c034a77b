"""The database: made by the panel's user, so that the files which SQLite keeps beside it are its.

Postfix and Dovecot cannot make these files, and may start before the panel does.
"""

from pathlib import Path

from webmailadmin.servers import used
from webmailadmin.servers.install.facts import as_panel
from webmailadmin.servers.install.steps import Step


class Database(Step):
    """The database in a folder, there or not."""

    kind = "database"

    def now(self) -> bool:
        return Path(self.name, "webmailadmin.db").exists()

    def put(self, what: bool) -> None:
        if what:
            as_panel(Path(self.name), "init")
        else:
            for name in ("webmailadmin.db*", f"{used.FILE}*"):
                for file in Path(self.name).glob(name):
                    file.unlink()

    def title(self) -> str:
        return f"{self.name}/webmailadmin.db"
