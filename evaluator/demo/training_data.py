"""Training data for a small recognizer, synthesized: commands spoken by many voices under many conditions.

What a recognizer must not depend on is varied at random: voice, accent, speed, pitch, level, noise (none, or white or
pink at 5 to 30 dB), the silence around an utterance (up to 3 s), and one to three utterances joined with pauses, so
that it can be given whole stretches of a long recording and not only single neat commands.

Every utterance has its own random numbers, drawn from (seed, split, number): the data are the same however many
processes make them, and a longer set begins with the shorter one.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from evaluator.demo import commands, mixing
from evaluator.demo.voices import training_speaker
from evaluator.synthesizers import Synthesizer, synthesizer

SPLITS = ("train", "validation", "test")
RECIPE_VERSION = 1
RECIPE_FILE = "recipe.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRecipe:
    """How many utterances of each split to make, and from which seed; ``neural`` is the share of the neural voice."""

    train: int
    validation: int
    test: int
    seed: int = 1
    neural: float = 0.12

    def count(self, split: str) -> int:
        """Utterances of a split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]


def synthesize_training_data(
    folder: Path,
    recipe: SynthesisRecipe,
    *,
    progress: Callable[[str], None],
    processes: int | None = None,
) -> dict[str, Path]:
    """Make the manifests ``train.json``, ``validation.json`` and ``test.json`` with their audio; returns their paths.

    Nothing is done where the folder already holds the data of this very recipe. The test split has only sentences that
    no training utterance has.

    Raises:
        EngineError: a synthesizer is missing or fails.
        OSError: the folder cannot be written.
    """
    manifests = {split: folder / f"{split}.json" for split in SPLITS}
    wanted = {"version": RECIPE_VERSION, **asdict(recipe)}
    marker = folder / RECIPE_FILE
    if marker.exists() and json.loads(marker.read_text()) == wanted:
        return manifests
    folder.mkdir(parents=True, exist_ok=True)
    marker.unlink(missing_ok=True)
    workers = processes or os.cpu_count() or 1
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for split, manifest in manifests.items():
            (folder / split).mkdir(exist_ok=True)
            count = recipe.count(split)
            make = partial(training_utterance, folder, split, recipe.seed, recipe.neural)
            rows: list[dict[str, Any]] = []
            for row in pool.map(make, range(count), chunksize=25):
                rows.append(row)
                if len(rows) % 500 == 0 or len(rows) == count:
                    hours = sum(row["duration"] for row in rows) / 3600
                    progress(f"synthesizing {split}: {len(rows):,} of {count:,} utterances, {hours:.2f} h")
            manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    marker.write_text(json.dumps(wanted), encoding="utf-8")
    return manifests


def training_utterance(folder: Path, split: str, seed: int, neural: float, number: int) -> dict[str, Any]:
    """Synthesize and write utterance ``number`` of a split; returns its manifest row."""
    random = np.random.default_rng((seed, SPLITS.index(split), number))
    pieces, sentences, voices = [], [], []
    for _ in range(int(random.choice((1, 2, 3), p=(0.7, 0.2, 0.1)))):
        sentence = commands.command(random, test=split == "test")
        speaker = training_speaker(random, neural=neural)
        pieces.append(_spoken(random, speaker.synthesizer, speaker.voice, sentence))
        sentences.append(sentence)
        voices.append(speaker.name)
    samples, snr = _recorded(random, pieces)
    name = f"{split}/{number:05d}.wav"
    soundfile.write(folder / name, samples, mixing.RATE_HZ, subtype="PCM_16")
    return {
        "audio_filepath": name,
        "duration": round(len(samples) / mixing.RATE_HZ, 4),
        "text": " ".join(sentences),
        "speaker": " ".join(voices),
        "snr": snr,
    }


def _spoken(random: np.random.Generator, engine: str, voice: str, sentence: str) -> np.ndarray:
    rate, seed = float(random.uniform(0.7, 1.12)), int(random.integers(2**31))
    options: Mapping[str, int] = {}
    stretch = 1.0
    if engine == "espeak":
        options = {"pitch": int(random.integers(25, 76)), "pitch_range": int(random.integers(20, 81))}
    else:
        stretch = float(random.uniform(0.9, 1.2))
        rate += 0.1
    audio = _synthesizer(engine).synthesize(sentence, voice=voice, rate=rate, seed=seed, **options)
    return mixing.speech(audio, stretch=stretch)


def _recorded(random: np.random.Generator, pieces: list[np.ndarray]) -> tuple[np.ndarray, float | None]:
    """The pieces joined with random pauses, noise and level; and the signal-to-noise ratio, None when clean."""
    inner = [float(random.uniform(0.15, 1.5)) for _ in pieces[1:]]
    levels = random.uniform(0.5, 1.0, size=len(pieces))
    pieces = [np.asarray(piece * level, dtype=np.float32) for piece, level in zip(pieces, levels, strict=True)]
    samples = mixing.join(pieces, [_edge_pause(random), *inner, _edge_pause(random)])
    snr = None
    if random.random() < 0.65:
        snr = round(float(random.uniform(5, 30)), 1)
        background = mixing.noise(random, len(samples), pink=random.random() < 0.5)
        samples = mixing.with_noise(samples, background, speech_power=mixing.power(pieces), snr=snr)
    return mixing.at_level(samples, float(random.uniform(0.1, 0.95))), snr


def _edge_pause(random: np.random.Generator) -> float:
    return float(random.uniform(0.05, 0.4) if random.random() < 0.6 else random.exponential(0.7) % 3.0)


@cache
def _synthesizer(name: str) -> Synthesizer:
    """One of each per process: loading the neural voice takes half a second."""
    return synthesizer(name)
