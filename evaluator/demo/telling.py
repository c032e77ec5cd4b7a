"""What a terminal is told while the demo is made: a line for every stage, one that changes within it."""

from __future__ import annotations

import time
from typing import TextIO

DETAIL = "  "
"""How a line begins that tells how far a stage is."""
SECONDS_BETWEEN_DETAILS = 10.0


class Telling:
    """A ``progress`` that writes to a terminal, or to a file, where details come now and then on lines of their own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._changes = stream.isatty()
        self._last = time.monotonic()
        self._open = False

    def __call__(self, line: str) -> None:
        """Tell a line."""
        if not line.startswith(DETAIL):
            self._write(f"{line}\n")
        elif self._changes:
            self._write(line)
            self._open = True
        elif time.monotonic() - self._last >= SECONDS_BETWEEN_DETAILS:
            self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        over = "\r\x1b[K" if self._open else ""
        self._open = False
        self._last = time.monotonic()
        print(f"{over}{text}", end="", file=self._stream, flush=True)
