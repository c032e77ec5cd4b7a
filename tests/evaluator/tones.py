"""A language of whistles: words are pure tones, so that a recognizer of thirty lines hears real audio exactly.

A word lasts 0.3 s, a pause 0.2 s, so "one two" takes 0.8 s. ``write_sentence`` makes the sound file,
``ToneRecognizer`` understands it (Recognizer protocol), ``EnergyDetector`` finds where it is (Detector protocol).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from evaluator.engines import Hypothesis
from evaluator.runs.run_store import Run, RunStore
from explorer.errors import EngineError, OutOfMemory
from explorer.segments import Segment
from explorer.sound.audio import Audio

RATE = 8000
WORD, PAUSE = 0.3, 0.2
TONES = {"one": 500, "two": 750, "three": 1000, "four": 1250, "five": 1500, "boom": 2500, "hang": 3000}


def sentence(text: str, *, rate: int = RATE, pause: float = PAUSE) -> np.ndarray:
    """The sound of the words; a word "." is a second of silence."""
    parts = []
    for word in text.split():
        if word == ".":
            parts.append(np.zeros(rate, np.float32))
            continue
        t = np.arange(round(WORD * rate)) / rate
        parts += [0.5 * np.sin(2 * np.pi * TONES[word] * t), np.zeros(round(pause * rate))]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def write_sentence(path: Path, text: str, *, rate: int = RATE) -> float:
    """Write the sound of the words as WAV; its seconds."""
    samples = sentence(text, rate=rate)
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return len(samples) / rate


def write_input(run: Run, rows: Sequence[tuple[str, Path, float | None]]) -> None:
    """The run's utterances.parquet from (id, path, duration)."""
    table = pa.table(
        {
            "id": [row[0] for row in rows],
            "row": pa.array(range(len(rows)), pa.int32()),
            "path": [str(row[1]) for row in rows],
            "offset": [0.0] * len(rows),
            "duration": pa.array([row[2] for row in rows], pa.float64()),
        }
    )
    pq.write_table(table, run.input)


def spoken_run(runs: RunStore, folder: Path, texts: Mapping[str, str], *, kind: str = "transcribe") -> Run:
    """A run over one sound file for each id and text."""
    run = runs.create(kind=kind, system="tones", corpus="c", sources=(folder / "c.json",), roots=(folder,), settings={})
    rows = [
        (name, folder / f"{name}.wav", write_sentence(folder / f"{name}.wav", text)) for name, text in texts.items()
    ]
    write_input(run, rows)
    return run


def tones_in(audio: Audio) -> list[Segment]:
    """The words of a recording with their times, by energy and then by the strongest frequency."""
    hop = round(0.01 * audio.sample_rate)
    count = len(audio.samples) // hop
    frames = audio.samples[: count * hop].reshape(count, hop)
    loud = np.sqrt((frames**2).mean(axis=1)) > 0.05 if count else np.zeros(0, bool)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0])))).reshape(-1, 2)
    words = []
    for first, last in edges.tolist():
        part = audio.samples[first * hop : last * hop]
        if len(part) < 0.05 * audio.sample_rate:
            continue
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        hz = float(np.fft.rfftfreq(len(part), 1 / audio.sample_rate)[spectrum.argmax()])
        name = min(TONES, key=lambda word: abs(TONES[word] - hz))
        words.append(Segment(first * hop / audio.sample_rate, last * hop / audio.sample_rate, name))
    return words


@dataclass
class ToneRecognizer:
    """Understands whistles. More than ``memory_seconds`` of padded audio is OutOfMemory; "boom" is an EngineError."""

    memory_seconds: float = 1e9
    sample_rate: int = RATE
    batches: list[list[float]] = field(default_factory=list)

    @property
    def description(self) -> Mapping[str, Any]:
        return {"class": "ToneRecognizer"}

    def transcribe(self, batch: Sequence[Audio]) -> list[Hypothesis]:
        assert all(audio.sample_rate == self.sample_rate and audio.samples.dtype == np.float32 for audio in batch)
        self.batches.append([audio.duration for audio in batch])
        if len(batch) * max(audio.duration for audio in batch) > self.memory_seconds:
            raise OutOfMemory("The whistle is too long.")
        heard = [tones_in(audio) for audio in batch]
        if any(word.label == "boom" for words in heard for word in words):
            raise EngineError("boom")
        return [Hypothesis(" ".join(word.label for word in words), tuple(words)) for words in heard]

    def close(self) -> None:
        pass


class EnergyDetector:
    """Finds whistles; words less than half a second apart are one stretch."""

    sample_rate = 16000

    @property
    def description(self) -> Mapping[str, Any]:
        return {"detector": "energy"}

    def detect(self, audio: Audio) -> list[Segment]:
        assert audio.sample_rate == self.sample_rate
        words = tones_in(audio)
        stretches: list[Segment] = []
        for word in words:
            if stretches and word.start - stretches[-1].end < 0.5:
                stretches[-1] = Segment(stretches[-1].start, word.end, "speech")
            else:
                stretches.append(Segment(word.start, word.end, "speech"))
        return stretches
