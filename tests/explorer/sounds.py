"""Sound and manifests for tests: a voice-like signal, and a corpus over files made on the spot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np


@lru_cache(maxsize=64)
def voice(seconds: float, *, rate: int = 16_000, seed: int = 0) -> np.ndarray:
    """Harmonics of a gliding pitch, switched on and off like syllables, over a little noise: float32, peak 0.5."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 2.1 * time) + 0.4, 0, 1)
    sound = tone * syllables + 0.01 * rng.standard_normal(len(time))
    made = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    made.setflags(write=False)  # it is remembered
    return made


def manifest(folder: Path, rows: Sequence[dict[str, Any]], *, name: str = "manifest.json") -> Path:
    """Write the rows as a NeMo manifest."""
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
