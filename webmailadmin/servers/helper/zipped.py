"""The frame of a .zip whose files are stored as they are: its size is known before their bytes.

APPNOTE 6.3.10. The checksum stands behind each file (a data descriptor), since it is known only
then. Zip64 where a number needs it, and nowhere else: some old programs do not read it.
"""

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 2**32 - 1  # of a plain zip; this number itself says "see Zip64"
MOST_FILES = 2**16 - 1
PLAIN, WITH_ZIP64 = 20, 45  # versions that a reader needs
FIRST_MOMENT = 315619200  # 1980-01-02: a zip knows nothing earlier
MADE_ON_UNIX = 3 << 8
SUM_FOLLOWS_AND_UTF8 = 0x0808
OWNERS_ALONE = 0o100600 << 16


@dataclass(frozen=True)
class Stored:
    """A file in a zip: its name and the number of its bytes."""

    name: str
    size: int

    @property
    def big(self) -> bool:
        """Say whether its size takes Zip64."""
        return self.size >= MOST


class Frame:
    """All that is in a zip of these files but their bytes. made: Unix seconds."""

    def __init__(self, files: Sequence[Stored], made: float) -> None:
        self.files = files
        # A clock that was never set shows an earlier year.
        year, month, day, hour, minute, second = time.localtime(max(made, FIRST_MOMENT))[:6]
        self.moment = (hour << 11 | minute << 5 | second // 2, year - 1980 << 9 | month << 5 | day)
        self.offsets: list[int] = []
        self.end_of_files = 0
        for number, file in enumerate(files):
            self.offsets.append(self.end_of_files)
            around = len(self.head(number)) + len(self.tail(number, 0))
            self.end_of_files += around + file.size

    @property
    def size(self) -> int:
        """Return how many bytes the whole zip has."""
        return self.end_of_files + len(self.end([0] * len(self.files)))

    def head(self, number: int) -> bytes:
        """Return what stands before the bytes of a file."""
        file = self.files[number]
        size, more = (MOST, extra_field(0, 0)) if file.big else (0, b"")
        version = WITH_ZIP64 if file.big else PLAIN
        name = file.name.encode()
        fixed = (version, SUM_FOLLOWS_AND_UTF8, 0, *self.moment, 0, size, size)
        return struct.pack("<4s5H3L2H", b"PK\3\4", *fixed, len(name), len(more)) + name + more

    def tail(self, number: int, checksum: int) -> bytes:
        """Return what stands behind the bytes of a file. checksum: their CRC-32."""
        file = self.files[number]
        form = "<4sL2Q" if file.big else "<4s3L"
        return struct.pack(form, b"PK\7\10", checksum, file.size, file.size)

    def end(self, checksums: Sequence[int]) -> bytes:
        """Return the directory behind all files."""
        directory = b"".join(
            self.entry(number, checksum) for number, checksum in enumerate(checksums)
        )
        count, size, offset = len(self.files), len(directory), self.end_of_files
        zip64 = b""
        if count >= MOST_FILES or size >= MOST or offset >= MOST:
            versions = (MADE_ON_UNIX | WITH_ZIP64, WITH_ZIP64)
            zip64 = struct.pack(
                "<4sQ2H2L4Q", b"PK\6\6", 44, *versions, 0, 0, count, count, size, offset
            )
            zip64 += struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1)
        files = min(count, MOST_FILES)
        numbers = (0, 0, files, files, min(size, MOST), min(offset, MOST), 0)
        return directory + zip64 + struct.pack("<4s4H2LH", b"PK\5\6", *numbers)

    def entry(self, number: int, checksum: int) -> bytes:
        """Return a file's line in the directory."""
        file, offset = self.files[number], self.offsets[number]
        sizes = (file.size, file.size) if file.big else ()
        more = extra_field(*sizes, *([offset] if offset >= MOST else []))
        version = WITH_ZIP64 if more else PLAIN
        size = min(file.size, MOST)
        name = file.name.encode()
        return (
            struct.pack(
                "<4s6H3L5H2L",
                *(b"PK\1\2", MADE_ON_UNIX | version, version, SUM_FOLLOWS_AND_UTF8, 0),
                *(*self.moment, checksum, size, size, len(name), len(more), 0, 0, 0),
                *(OWNERS_ALONE, min(offset, MOST)),
            )
            + name
            + more
        )


def extra_field(*numbers: int) -> bytes:
    """Return the field for numbers that are too large for their places; nothing for none."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
