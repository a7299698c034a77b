"""The key file: what signs our forms, and what guards the secrets that are stored as they are."""

import os
import secrets
from pathlib import Path

from webmailadmin import database

KEY_BYTES = 32


def secret_key(folder: Path) -> bytes:
    """Return the key, made at the first start, readable by us alone.

    Raises DatabaseUnusable when there is one that cannot be read.
    """
    path = folder / "key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return read_key(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := secrets.token_bytes(KEY_BYTES))
    return key


def read_key(path: Path) -> bytes:
    """Read the key of an earlier start. Raises DatabaseUnusable."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise database.DatabaseUnusable(
            f"The key {path} cannot be read: {error.strerror}."
        ) from error
    if len(key) < KEY_BYTES:
        raise database.DatabaseUnusable(
            f"The key {path} is damaged: delete it, and the next start makes another."
        )
    return key
