"""Root becomes the owner of the data before it touches them.

Otherwise what it makes would be its own, which the panel cannot write, and the mail-file helper
would not answer it.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def owner_of(folder: Path) -> Iterator[None]:
    """Be the owner of `folder` within the block, if we are root and it is somebody with a name."""
    owner = named_owner(folder)
    if os.geteuid() != 0 or owner is None or not owner.pw_uid:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    become(owner)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def named_owner(folder: Path) -> pwd.struct_passwd | None:
    """Return who owns `folder`, None if that has no name or there is no such folder."""
    try:
        return pwd.getpwuid(folder.stat().st_uid)
    except (FileNotFoundError, KeyError):
        return None


def become(user: pwd.struct_passwd) -> None:
    """Act as this user, with its groups, until root takes itself back."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
