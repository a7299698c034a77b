"""What a mail folder is called in an archive: as its owner called it, and safe on every machine."""

import base64
import codecs
import re

INBOX = "INBOX"
LONGEST = 180  # bytes, of the 255 that file systems take
# RFC 3501, 5.1.3: so IMAP writes what is not ASCII, and Dovecot too.
ENCODED = re.compile(r"&([A-Za-z0-9+,]*)-")
UNFIT = set('\\/:*?"<>|')
# Windows opens devices by these names.
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

codecs.lookup("utf-16-be")  # loads it: later we may be a user who can read no library


def name_in_archive(folder: str, taken: set[str]) -> str:
    """Return the name of a mail folder's file, unlike those in `taken`, which it is added to.

    folder: as it is called on the disk.
    """
    parts = [part for part in folder.split(".") if part]
    plain = safe(" - ".join(decoded(part) for part in parts)) if parts else INBOX
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        name = f"{plain} ({number})"
    taken.add(name.casefold())
    return f"{name}.mbox"


def decoded(part: str) -> str:
    """Return a name out of IMAP's modified UTF-7; one that is none, as it is."""
    try:
        return ENCODED.sub(lambda found: letters(found[1]), part)
    except ValueError:
        return part


def letters(encoded: str) -> str:
    """Return what stands between & and -. Raises ValueError."""
    if not encoded:
        return "&"
    return base64.b64decode(encoded.replace(",", "/") + "===").decode("utf-16-be")


def safe(name: str) -> str:
    """Return a name that every system takes for a file, and none for a path or an option."""
    plain = "".join(sign if sign.isprintable() and sign not in UNFIT else "_" for sign in name)
    short = plain.encode()[:LONGEST].decode(errors="ignore").rstrip(" .").lstrip(" .-")
    return f"_{short}" if not short or DEVICE.fullmatch(short) else short
