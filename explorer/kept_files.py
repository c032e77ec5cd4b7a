"""Files that are kept only because making them again takes time: how long they stay, and what a file's state is called.

Whoever keeps such files in a folder names each after everything it depends on, the states of other files among them,
and writes it under a name with ``.building`` in it until it is whole.
"""

from __future__ import annotations

import time
from pathlib import Path

KEPT_SECONDS = 30 * 24 * 3600
ABANDONED_SECONDS = 24 * 3600
"""A file still being built after a day was left by a process that was killed."""


def sweep(folder: Path) -> None:
    """Remove what was made, or last looked at, a month ago, and what a killed process left half made."""
    for path in folder.iterdir():
        try:
            age = time.time() - path.stat().st_mtime
            if age > (ABANDONED_SECONDS if ".building" in path.name else KEPT_SECONDS):
                path.unlink()
        except OSError:  # another process has swept it
            continue


def file_state(path: Path) -> str:
    """The path with what changes when the file does; one that is gone cannot change any more."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return str(path)
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"
