"""Loudness of a sound as people hear it, and the gain that brings every sound to the same loudness.

Integrated loudness after ITU-R BS.1770-4 (K-weighting, blocks of 0.4 s, gates at -70 LUFS and 10 LU below the mean), as
pyloudnorm computes it. A full-scale sine of 997 Hz in one channel has -3.01 LUFS; the target, -23 LUFS, is that of
EBU R 128. After a gain the largest sample is at CEILING_DB at most, so a peaky sound may stay below the target: it is
``limited`` then. A sound shorter than a block is measured as if it were repeated; silence has no loudness, and stays.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.sound.audio import Audio

TARGET_LUFS = -23.0
CEILING_DB = -1.0
"""The largest sample after a gain, dBFS: room for what lies between samples, and for a resampler after it."""

BLOCK = 0.4
"""Seconds of a gating block."""

MOST_CHANNELS = 5
LONGEST = 1800.0
"""Seconds of sound that are measured at most: it is held in memory."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was measured: LUFS and the largest sample in dBFS, None for silence or where there is none to measure."""

    lufs: float | None
    peak_db: float | None

    def gain_db(self, target: float = TARGET_LUFS) -> float:
        """The gain to the target as far as the peak allows, dB; 0 for a sound without a loudness."""
        if self.lufs is None or self.peak_db is None:
            return 0.0
        return min(target - self.lufs, CEILING_DB - self.peak_db)

    def facts(self, target: float = TARGET_LUFS) -> dict[str, Any]:
        """As JSON for a player: loudness, peak, gain, and whether the peak keeps it below the target."""
        gain = self.gain_db(target)
        limited = self.lufs is not None and self.lufs + gain < target - 0.05
        return {
            "lufs": None if self.lufs is None else round(self.lufs, 2),
            "peak_db": None if self.peak_db is None else round(self.peak_db, 2),
            "target_lufs": target,
            "gain_db": round(gain, 3),
            "limited": limited,
        }


def measure(samples: np.ndarray, sample_rate: int) -> Loudness:
    """The loudness of ``samples``, ``(n, channels)`` with full scale 1.0.

    More than five channels are mixed to one, since BS.1770 gives weights to five. Samples that are no numbers count as
    silence.
    """
    import pyloudnorm

    sound = np.nan_to_num(np.asarray(samples, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if sound.ndim == 1:
        sound = sound[:, None]
    largest = float(np.abs(sound).max(initial=0.0))
    if largest == 0.0:
        return Loudness(None, None)
    peak_db = 20 * float(np.log10(largest))
    if sound.shape[1] > MOST_CHANNELS:
        sound = sound.mean(axis=1, keepdims=True)
    shortest = math.ceil(BLOCK * sample_rate) + 1
    if len(sound) < shortest:
        sound = np.resize(sound, (shortest, sound.shape[1]))
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore")  # blocks of silence have no logarithm, and are gated away
        lufs = float(pyloudnorm.Meter(sample_rate, block_size=BLOCK).integrated_loudness(sound))
    return Loudness(lufs if np.isfinite(lufs) else None, peak_db)


def matched(sound: Audio, *, target: float = TARGET_LUFS) -> Audio:
    """The sound of one channel at the target loudness, as far as its peak allows."""
    gain = 10 ** (measure(sound.samples, sound.sample_rate).gain_db(target) / 20)
    return Audio((sound.samples * np.float32(gain)).astype(np.float32), sound.sample_rate)
