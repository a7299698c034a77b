"""What the program says of itself while it runs: one JSON object a line, words at a terminal.

Never a password, a token or a key: who calls `note` passes what may be read by whoever reads the
machine's log. What strangers wrote cannot begin a line of its own, nor move a terminal's cursor.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

OUR_LOGGERS = "webmailadmin"


def note(event: str, level: int = logging.INFO, **values: object) -> None:
    """Log that `event` happened. values: what is known of it; those that are None are left out."""
    logging.getLogger(OUR_LOGGERS).log(level, event, extra={"values": values})


def values_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what is known of an event; of a plain message, who wrote it and what it says."""
    known: dict[str, object] | None = getattr(record, "values", None)
    if known is None:
        return {"from": record.name, "text": record.getMessage()}
    return {name: value for name, value in known.items() if value is not None}


def moment_of(record: logging.LogRecord) -> datetime:
    """Return when a record was made, in UTC."""
    return datetime.fromtimestamp(record.created, UTC)


def as_json(value: object) -> str:
    """Write a value in printable ASCII."""
    # json leaves DEL as it is, which a terminal obeys.
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")


class AsJson(logging.Formatter):
    """One line a record, for journald and whoever searches in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, event, then what is known of it."""
        known = values_of(record)
        line = {
            "time": moment_of(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.msg if "text" not in known else "message",
            **known,
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return as_json(line)


class AsWords(logging.Formatter):
    """For a person at a terminal: the hour, the event, what is known of it, the trace below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line that is quickly read."""
        known = values_of(record)
        told = " ".join(f"{name}={as_json(value)}" for name, value in known.items())
        event = record.msg if "text" not in known else record.levelname.lower()
        line = f"{moment_of(record).astimezone():%H:%M:%S} {event} {told}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def start(stream: TextIO | None = None) -> None:
    """Send everything that is logged to `stream`, standard error if none is given."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(AsWords() if out.isatty() else AsJson())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OUR_LOGGERS).setLevel(logging.INFO)
