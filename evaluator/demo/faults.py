"""Faults planted on purpose, so that the demo shows how each of them looks, sounds and scores.

Each fault changes the sound or the row of one utterance and is named in its field ``planted``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evaluator.demo.mixing import RATE_HZ
from explorer.sound.audio import Audio, resample

WRONG_REFERENCE, CLIPPED, SILENT, STEREO, NARROW = "wrong reference", "clipped", "silent", "stereo", "8 kHz"
OVERDRIVE = 8.0  # 18 dB too loud


def planted(fault: str | None, samples: np.ndarray) -> tuple[np.ndarray, int]:
    """The samples ``(n,)`` at 16 kHz as the fault leaves them, and their sample rate in Hz; stereo is ``(n, 2)``."""
    if fault == CLIPPED:
        loudest = float(np.abs(samples).max(initial=0.0)) or 1.0
        return np.clip(samples * (OVERDRIVE / loudest), -1.0, 1.0), RATE_HZ
    if fault == SILENT:
        return np.zeros_like(samples), RATE_HZ
    if fault == STEREO:
        return np.stack([samples, 0.3 * samples], axis=1), RATE_HZ
    if fault == NARROW:
        return resample(Audio(samples, RATE_HZ), 8000).samples, 8000
    return samples, RATE_HZ


def places(counts: Mapping[str, int], size: int, random: np.random.Generator) -> dict[int, str]:
    """Which utterance numbers below ``size`` get which fault: so many of each, none twice; fewer when size is small."""
    faults = [fault for fault, count in counts.items() for _ in range(count)]
    chosen = random.permutation(size)[: len(faults)]
    return {int(number): fault for number, fault in zip(chosen, faults, strict=False)}
