"""Keep what was made for the browser (pictures, peaks, cuts of sound) on disk, up to a size, the oldest dropped first.

Keys are strings that contain the version of what the value was made from, so a value never goes stale and is never
changed. Values are bytes or whole files: nothing is pickled, and a pickle put into the folder by somebody is not read.
"""

from __future__ import annotations

import tempfile
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import diskcache
from diskcache.core import MODE_PICKLE

_LOCKS = 64


class PlainDisk(diskcache.Disk):
    """diskcache's storage without its fallback to pickle for keys and values that SQLite has no type for."""

    def put(self, key: Any) -> tuple[Any, bool]:
        """The key as SQLite stores it; only strings."""
        if type(key) is not str:
            raise TypeError(f"a key of the media cache is a str, not {type(key).__name__}")
        return super().put(key)

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> tuple[int, int, str | None, Any]:
        """Where the value went; only bytes and, with ``read``, binary files."""
        if not read and type(value) is not bytes:
            raise TypeError(f"a value of the media cache is bytes, not {type(value).__name__}")
        return super().store(value, read, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        """The value; never a pickle."""
        if mode == MODE_PICKLE:
            raise TypeError("the media cache holds a pickle that Earmark did not write; delete the cache folder")
        return super().fetch(mode, filename, value, read)


class MediaCache:
    """Values made once, kept in ``folder`` up to ``limit`` bytes; safe for threads and for several processes."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self.limit = limit
        self._cache = diskcache.Cache(str(folder), disk=PlainDisk, size_limit=limit)
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def value(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The bytes under ``key``, made now if they are not there; two threads never make the same value at once."""
        found = self._cache.get(key)
        if found is None:
            with self._lock(key):
                found = self._cache.get(key)
                if found is None:
                    found = make()
                    self._cache.set(key, found)
        return found

    def kept(self, key: str) -> BinaryIO | None:
        """The file under ``key``, open for reading, if it is there."""
        found: BinaryIO | None = self._cache.get(key, read=True)
        return found

    def file(self, key: str, write: Callable[[BinaryIO], object]) -> BinaryIO:
        """The file under ``key``, open for reading, written now if it is not there.

        It stays readable while it is open, even if the cache drops it meanwhile. A file larger than the limit is
        made for this caller alone.
        """
        found = self._cache.get(key, read=True)
        if found is not None:
            return found
        with self._lock(key):
            found = self._cache.get(key, read=True)
            if found is not None:
                return found
            fresh = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
            try:
                write(fresh)
                fresh.seek(0)
                self._cache.set(key, fresh, read=True)
                fresh.seek(0)
            except BaseException:
                fresh.close()
                raise
        return fresh

    def close(self) -> None:
        """Close the database; the cache opens again by itself when it is used."""
        self._cache.close()

    def _lock(self, key: str) -> threading.Lock:
        return self._locks[zlib.crc32(key.encode()) % _LOCKS]
