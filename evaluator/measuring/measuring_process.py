"""The child process that measures sounds for evaluator/measuring/measurement.py, and what it does with one sound.

{"detector": NAME or null, "options": {...}, "roots": [FOLDER, ...], "voice": [JUDGE, ...] or null}      the order
{"sounds": [[path, offset, duration or null], ...], "voices": [[text, the same of a reference] or null, ...]}    a piece
{"measured": [{"values": {...}, "seconds": s} or {"error": sentence}]}     its answer
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.detectors import Detector, load_detector
from evaluator.runs.loading import allowed_sound
from evaluator.voices.scorer import VoiceScorer
from explorer.child import serve
from explorer.errors import SpeechDataError
from explorer.segments import total
from explorer.sound import audio
from explorer.sound.audio import Audio
from explorer.sound.signal_measures import Values, facts
from explorer.sound.signal_meter import SignalMeter, full_scale

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
        SpeechDataError: the detector or a judge cannot be loaded.
    """
    name = order["detector"]
    detector = None if name is None else load_detector(name, **order["options"])
    roots = [Path(root) for root in order["roots"]]

    def load(sound: Sequence[Any]) -> Audio:
        return audio.load(allowed_sound(sound[0], roots), offset=sound[1], duration=sound[2])

    scorer = None if order.get("voice") is None else VoiceScorer(order["voice"], load)

    def answer(work: dict[str, Any]) -> dict[str, Any]:
        voices = work.get("voices") or [None] * len(work["sounds"])
        pairs = zip(work["sounds"], voices, strict=True)
        return {"measured": [_measured(sound, voice, roots, detector, scorer) for sound, voice in pairs]}

    return answer


def _measured(
    sound: Sequence[Any],
    voice: Sequence[Any] | None,
    roots: list[Path],
    detector: Detector | None,
    scorer: VoiceScorer | None,
) -> dict[str, Any]:
    path, offset, duration = sound
    try:
        file = allowed_sound(path, roots)
        values, seconds = measure_sound(file, offset=offset, duration=duration, detector=detector)
        if scorer is not None:
            text, reference = voice or (None, None)
            values |= scorer.values(sound, text=text, reference=reference)
    except (SpeechDataError, OSError, MemoryError, RuntimeError, ValueError) as error:
        # libraries for sound have many errors; here each is a sentence about one utterance, and the run goes on
        return {"error": str(error) if isinstance(error, SpeechDataError) else f"{type(error).__name__}: {error}"}
    return {"values": values, "seconds": round(seconds, 6)}


if __name__ == "__main__":
    serve(ready)
