"""The child process that decodes sound for explorer/sound/decoders.py: one sound open at a time.

    {"open": locator}                     {"frames", "samplerate", "channels", "format", "subtype"}
    {"read": frames, "at": frame, null}   {"frames": n, "bytes": b} and float32 samples, frame by frame
    {"close": true}                       {}

An answer may be {"error": sentence, "kind": class} (the sound cannot be used) or {"fault": reason} (the decoder cannot
go on from here).
"""

from __future__ import annotations

import contextlib
import os
from contextlib import ExitStack
from typing import Any

import numpy as np

from explorer.child import Respond, serve
from explorer.errors import SpeechDataError
from explorer.places.sounds import place_at
from explorer.sound.decoding import FAULTS, Decoder, opened

FIRST_TO_DIE = "900"
"""Of 1000: a sound that makes a decoder ask for all memory must not cost the server its life."""


def written(locator: str) -> str:
    """A locator as JSON can carry it: names of files are bytes, which need not be text."""
    return os.fsencode(locator).decode("latin-1")


def read(text: str) -> str:
    """The locator that was written so."""
    return os.fsdecode(text.encode("latin-1"))


class DecoderService:
    """What answers the lines; it holds the open sound between them."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._decoder: Decoder | None = None

    def __call__(self, line: dict[str, Any]) -> dict[str, Any] | tuple[dict[str, Any], memoryview]:
        """The answer to a line."""
        try:
            if "open" in line:
                return self._open(read(line["open"]))
            return self._read(line["read"], line["at"]) if "read" in line else self._close()
        except SpeechDataError as error:
            return {"error": str(error), "kind": type(error).__name__}
        except FAULTS as error:
            return {"fault": str(getattr(error, "error_string", error))}
        except (OSError, RuntimeError, MemoryError, ArithmeticError, LookupError, TypeError) as error:
            # libraries for sound have many errors; each is about this sound, and the next may be whole
            return {"fault": f"{type(error).__name__}: {error}"}

    def _open(self, locator: str) -> dict[str, Any]:
        with contextlib.suppress(SpeechDataError):
            self._close()
        decoder = self._held.enter_context(opened(place_at(locator)))
        self._decoder = decoder
        return {name: getattr(decoder, name) for name in ("frames", "samplerate", "channels", "format", "subtype")}

    def _read(self, frames: int, at: int | None) -> tuple[dict[str, Any], memoryview]:
        if self._decoder is None:
            raise ValueError("no sound is open")
        if at is not None:
            self._decoder.seek(at)
        block = np.ascontiguousarray(self._decoder.read(frames, dtype="float32", always_2d=True), np.float32)
        return {"frames": len(block), "bytes": block.nbytes}, block.data.cast("B")

    def _close(self) -> dict[str, Any]:
        self._decoder = None
        held, self._held = self._held, ExitStack()
        held.close()
        return {}


def ready(_order: dict[str, Any]) -> Respond:
    """What answers the lines of this process."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(FIRST_TO_DIE)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file for every bad sound would fill the disk
    return DecoderService()


if __name__ == "__main__":
    serve(ready)
