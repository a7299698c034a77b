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
    """Be the owner of `folder` within the block, if we are root and it is somebody else."""
    owner = folder.stat().st_uid if folder.exists() else 0
    if os.geteuid() != 0 or owner == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    become(pwd.getpwuid(owner))
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def become(user: pwd.struct_passwd) -> None:
    """Act as this user, with its groups, until root takes itself back."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
