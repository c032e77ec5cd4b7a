"""Locks between processes that the operating system lets go of when their holder dies, however it dies."""

from __future__ import annotations

import sys
from typing import IO, Any

from explorer.errors import JobError


def exclusively(file: IO[Any]) -> bool:
    """Lock an open file for this process until it is closed; False when another process holds it.

    Raises:
        JobError: the operating system has no such locks.
    """
    if sys.platform == "win32":
        raise JobError(
            "Transcribing needs file locks that die with their process (flock), which Windows lacks; use WSL or Linux."
        )
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
