"""Messages as an mbox has them: a line that begins it, the message, an empty line.

mboxrd: https://www.loc.gov/preservation/digital/formats/fdd/fdd000385.shtml. A message's own line
"From " gets a ">", one more if it has some, so that nobody takes it for the next message.
"""

import re
import time
from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 2**18  # bytes
# At the start of a line; if a block begins within a line, not at its start.
FROM = re.compile(rb"^(?=>*From )", re.MULTILINE)
FROM_LATER = re.compile(rb"(?<=\n)(?=>*From )")
LAST_SECOND = 253402300799  # of year 9999


def head(arrived: float) -> bytes:
    """Return the line that begins a message, always as long. arrived: Unix seconds."""
    moment = time.gmtime(min(max(arrived, 0), LAST_SECOND))
    return f"From - {time.asctime(moment)}\n".encode("ascii")


def quoted(file: BinaryIO) -> Iterator[bytes]:
    """Yield a message, its lines quoted, and the empty line behind it."""
    within_line = False
    while lines := file.read(BLOCK) + file.readline(BLOCK):
        # A search for five bytes is quick; most mail has none of them.
        if b"From " in lines:
            lines = (FROM_LATER if within_line else FROM).sub(b">", lines)
        yield lines
        within_line = not lines.endswith(b"\n")
    yield b"\n\n" if within_line else b"\n"


def exactly(size: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield as many bytes as that of a quoted message, which may not be what it was.

    Of one that is too long, the beginning; behind one that is too short, empty lines.
    """
    end = b"\n\n"[-size:]
    missing = size - len(end)
    for chunk in chunks:
        yield chunk[:missing]
        missing -= min(missing, len(chunk))
        if not missing:
            break
    while missing:
        yield b"\n" * min(missing, BLOCK)
        missing -= min(missing, BLOCK)
    yield end
