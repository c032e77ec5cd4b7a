"""The child process that measures sounds for evaluator/measuring.py, and what it does with one sound.

{"detector": NAME or null, "options": {...}, "roots": [FOLDER, ...]}      the order
{"sounds": [[path, offset, duration or null], ...]}                       a piece of work
{"measured": [{"values": {...}, "seconds": s} or {"error": sentence}]}     its answer
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.detectors import Detector, load_detector
from evaluator.loading import allowed_sound
from explorer import audio
from explorer.audio import Audio
from explorer.child import serve
from explorer.errors import SpeechDataError
from explorer.segments import total
from explorer.signal_measures import Values, facts
from explorer.signal_meter import SignalMeter, full_scale

STRETCH = 600.0
"""Seconds that a detector hears at once: an hour is heard in six parts, so that memory does not grow with it."""


def measure_sound(
    path: Any, *, offset: float = 0.0, duration: float | None = None, detector: Detector | None = None
) -> tuple[Values, float]:
    """All measures of a cut, and the seconds that were decoded; one pass, in blocks.

    With a detector also ``speech_ratio``, the share of the time in which it hears speech.

    Raises:
        AudioError: the sound is missing or cannot be decoded, or the cut lies outside it.
        EngineError: the detector cannot judge it.
    """
    info = audio.info(path)
    start, stop = audio.cut_frames(info, offset=offset, duration=duration)
    meter = SignalMeter(info.sample_rate, info.channels, full_scale=full_scale(info.subtype))
    speech = None if detector is None else _SpeechMeter(detector, info.sample_rate)
    for block in audio.frames(path, offset=offset, duration=duration):
        mono = meter.add(block)
        if speech is not None:
            speech.add(mono)
    values = meter.values() | facts(
        info, offset=offset, duration=duration, decoded=meter.samples, promised=stop - start
    )
    if speech is not None:
        values["speech_ratio"] = speech.ratio()
    return values, meter.samples / info.sample_rate


class _SpeechMeter:
    """How much of a sound in blocks is speech."""

    def __init__(self, detector: Detector, sample_rate: int) -> None:
        self._detector = detector
        self._rate = sample_rate
        self._held: list[np.ndarray] = []
        self._waiting = 0
        self._heard = 0.0
        self._speech = 0.0

    def add(self, block: np.ndarray) -> None:
        self._held.append(block.copy())
        self._waiting += len(block)
        if self._waiting >= STRETCH * self._rate:
            self._hear()

    def _hear(self) -> None:
        sound = Audio(np.concatenate(self._held), self._rate)
        self._held, self._waiting = [], 0
        self._heard += sound.duration
        self._speech += total(self._detector.detect(audio.resample(sound, self._detector.sample_rate)))

    def ratio(self) -> float | None:
        if self._waiting:
            self._hear()
        return round(min(1.0, self._speech / self._heard), 4) if self._heard else None


def ready(order: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What answers the pieces of work of an order.

    Raises:
        SpeechDataError: the detector cannot be loaded.
    """
    name = order["detector"]
    detector = None if name is None else load_detector(name, **order["options"])
    roots = [Path(root) for root in order["roots"]]

    def answer(work: dict[str, Any]) -> dict[str, Any]:
        return {"measured": [_measured(*sound, roots=roots, detector=detector) for sound in work["sounds"]]}

    return answer


def _measured(
    path: str, offset: float, duration: float | None, *, roots: list[Path], detector: Detector | None
) -> dict[str, Any]:
    try:
        sound = allowed_sound(path, roots)
        values, seconds = measure_sound(sound, offset=offset, duration=duration, detector=detector)
    except (SpeechDataError, OSError, MemoryError, RuntimeError, ValueError) as error:
        # libraries for sound have many errors; here each is a sentence about one utterance, and the run goes on
        return {"error": str(error) if isinstance(error, SpeechDataError) else f"{type(error).__name__}: {error}"}
    return {"values": values, "seconds": round(seconds, 6)}


if __name__ == "__main__":
    serve(ready)
