"""PartReader: bytes that lie elsewhere, a stretch of a file or an object read in blocks, as a file of their own."""

from __future__ import annotations

import io
import os


class PartReader(io.RawIOBase):
    """``size`` bytes as a seekable file for reading; a subclass has ``_bytes_at``."""

    def __init__(self, size: int) -> None:
        self._size, self._position = size, 0

    def _bytes_at(self, position: int, most: int) -> bytes:
        """Some of the bytes from ``position`` on, at least one and at most ``most``; none where they end early."""
        raise NotImplementedError

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The byte that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; OSError before the first."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(f"seek before the start: {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Some of the next bytes."""
        most = max(0, min(len(buffer), self._size - self._position))
        found = self._bytes_at(self._position, most) if most else b""
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)
