"""Outages: which storages were away a moment ago, so that not everybody who asks waits for them anew.

A storage that is away costs seconds for each request, and a page asks for many views of a sound. So what has failed
slowly is believed for REMEMBERED seconds: whoever asks meanwhile is told at once what went wrong and when it will be
tried again. A quick failure costs nothing and is tried each time.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

REMEMBERED = 15.0
SLOW = 1.0
"""Seconds from which a failure is worth remembering."""


@dataclass(frozen=True, slots=True)
class Outage:
    """What went wrong, in words, and until when (``time.monotonic``) it is believed."""

    reason: str
    until: float


class Outages:
    """Outages by place (a scheme, its bucket and the options in force); may be called from any thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Outage] = {}
        self._lock = threading.Lock()

    def of(self, place: tuple[str, ...]) -> Outage | None:
        """The outage of a place that is believed now."""
        with self._lock:
            known = self._known.get(place)
        return known if known is not None and time.monotonic() < known.until else None

    def failed(self, place: tuple[str, ...], reason: str, *, seconds: float) -> None:
        """A request to the place has failed after so many seconds."""
        if seconds >= SLOW:
            with self._lock:
                self._known[place] = Outage(reason, time.monotonic() + REMEMBERED)

    def answered(self, place: tuple[str, ...]) -> None:
        """The place is there."""
        with self._lock:
            self._known.pop(place, None)
