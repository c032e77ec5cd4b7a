"""Receipts: what shows, with an answer, that its recordings were sent to that rater for that screen.

A receipt goes out with a recording and comes back with the answer, so nothing has to be remembered: it holds after a
restart, and at another server over the same workspace. It is a keyed hash of rater, screen and place, and says nothing
about what was heard there. The key is a file beside the tests.
"""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

NAME = ".receipts"
SIZE = 32


class Receipts:
    """Gives and checks receipts; safe from several threads and servers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: bytes | None = None

    def of(self, rater: str, screen: str, place: str) -> str:
        """The receipt for the recording at a place of a rater's screen."""
        told = "\0".join((rater, screen, place)).encode()
        return blake2b(told, key=self._key(), digest_size=12).hexdigest()

    def holds(self, receipt: object, rater: str, screen: str, place: str) -> bool:
        """Whether it is the one that was given out for that recording."""
        wanted = self.of(rater, screen, place)
        return isinstance(receipt, str) and secrets.compare_digest(receipt.encode(errors="replace"), wanted.encode())

    def _key(self) -> bytes:
        with self._lock:
            if self._known is None:
                self._known = _kept(self._folder)
            return self._known


def _kept(folder: Path) -> bytes:
    """The key of a folder, made when there is none; where none can be kept, one that holds until the server ends."""
    path, own = folder / NAME, secrets.token_bytes(SIZE)
    beside = folder / f"{NAME}-{secrets.token_hex(4)}"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        beside.touch(mode=0o600)
        beside.write_bytes(own)
        with suppress(FileExistsError):
            os.link(beside, path)  # whole or not at all, and never over another server's
        beside.unlink()
    with suppress(OSError):
        found = path.read_bytes()
        return found if len(found) == SIZE else own
    return own
