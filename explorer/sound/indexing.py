"""Indexer: makes the pyramid of a sound once, at once when it is short, otherwise in the background with progress.

Long sounds are indexed by a few threads, in blocks. Whoever waits asks again and again; when nobody has asked for a
while (the page was closed, or its Stop pressed), the work ends by itself and nothing is kept.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import BinaryIO

from explorer.errors import SpeechDataError
from explorer.sound.media_cache import MediaCache

LONG = 20_000_000
"""Frames from which a sound is indexed in the background: 20 minutes at 16 kHz, about a quarter of a second."""

THREADS = 2
PATIENCE = 10.0
"""Seconds without a question after which an indexing is given up."""

WAIT = 0.3
"""Seconds an answer waits for the end of an indexing before it tells how far it is."""

Make = Callable[[BinaryIO, Callable[[int], None]], None]
"""Writes the pyramid into a file and says from time to time how many frames it has seen."""


class _Abandoned(SpeechDataError):
    """Nobody waits for this index any more."""


@dataclass(slots=True)
class _Work:
    """One indexing that is going on."""

    total: int
    seen: int = 0
    asked: float = field(default_factory=time.monotonic)
    future: Future[None] | None = None


class Indexer:
    """Pyramids by key, kept in a MediaCache; safe for threads."""

    def __init__(self, cache: MediaCache) -> None:
        self._cache = cache
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="index")
        self._going: dict[str, _Work] = {}
        self._lock = threading.Lock()

    def index(self, key: str, frames: int, make: Make) -> BinaryIO | float:
        """The open file of the pyramid under ``key``, or how much of it is done, 0 to 1, while it is being made.

        What ``make`` raises is raised here, to the one who asks first after it; asking once more begins again.
        """
        if frames < LONG:
            return self._cache.file(key, lambda file: make(file, _unheard))
        found = self._cache.kept(key)
        if found is not None:
            return found
        with self._lock:
            work = self._going.get(key)
            if work is None:
                work = self._going[key] = _Work(frames)
                work.future = self._pool.submit(self._make, key, work, make)
        work.asked = time.monotonic()
        assert work.future is not None
        try:
            work.future.result(WAIT)
        except TimeoutError:
            if not work.future.done():
                return min(1.0, work.seen / work.total)
        except _Abandoned:
            pass
        with self._lock:
            if self._going.get(key) is work:
                del self._going[key]
        return self._cache.kept(key) or 0.0

    def _make(self, key: str, work: _Work, make: Make) -> None:
        def heard(frames: int) -> None:
            work.seen = frames
            if time.monotonic() - work.asked > PATIENCE:
                with self._lock:
                    self._going.pop(key, None)
                raise _Abandoned("nobody waits for this index any more")

        with tempfile.TemporaryFile() as fresh:
            make(fresh, heard)
            fresh.seek(0)
            self._cache.file(key, lambda file: shutil.copyfileobj(fresh, file)).close()


def _unheard(_frames: int) -> None:
    return None
