"""What is said while a corpus is being read: a sentence for each stage, and lines for a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

TAR_STEPS = 1000
"""Steps of the stage "tars" that one tar file counts for."""

STAGES = {
    "reading": "Reading the manifest",
    "finishing": "Counting and sorting",
    "tars": "Reading the indexes of the tar files",
    "durations": "Reading missing durations from the audio",
}
QUIET_SECONDS = 1.0
SECONDS_BETWEEN_LINES = 2.0


def sentence(stage: str, done: int, total: int) -> str:
    """What is being done, in words: ``Reading the index of shard 3 of 8``."""
    if stage == "tars" and total:
        count = max(1, total // TAR_STEPS)
        return f"Reading the index of shard {min(count, done // TAR_STEPS + 1):,} of {count:,}"
    return STAGES.get(stage, stage)


def lines_on(stream: TextIO) -> Callable[[str, int, int], None]:
    """A ``progress`` that writes a line now and then, and none at all for what is done within a second."""
    began = last = time.monotonic()

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - began < QUIET_SECONDS or now - last < SECONDS_BETWEEN_LINES:
            return
        last = now
        share = f", {100 * done / total:.0f} %" if total else ""
        print(f"{sentence(stage, done, total)}{share}", file=stream, flush=True)

    return tell
