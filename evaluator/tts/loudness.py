"""How loud a sound is, and the gain that makes it as loud as others, by ITU-R BS.1770-4 (through pyloudnorm).

Conventions: loudness in LUFS, gain in dB, peak as a fraction of full scale. Speech is compared at TARGET_LUFS, the
level of EBU R 128; a sound whose peak would be clipped there stays as much quieter as it has to.
"""

from __future__ import annotations

import math

import numpy as np

from explorer.sound.audio import Audio
from explorer.sound.loudness import TARGET_LUFS, measure

HIGHEST_PEAK = 10 ** (-1 / 20)
"""1 dB below full scale: what a lossless file may reach without clipping in a decoder or a resampler after it."""


def integrated_loudness(audio: Audio) -> float | None:
    """The gated loudness of one channel in LUFS; None for silence, which has none.

    A sine of 997 Hz and full scale has -3.01 LUFS.
    """
    return measure(audio.samples, audio.sample_rate).lufs


def matching_gain_db(loudness: float | None, peak: float, *, target: float = TARGET_LUFS) -> float:
    """The gain that brings a sound to the target, less where its peak would be too high; 0 for silence."""
    if loudness is None or peak <= 0:
        return 0.0
    return min(target - loudness, 20 * math.log10(HIGHEST_PEAK / peak))


def matched(audio: Audio, *, target: float = TARGET_LUFS) -> Audio:
    """The sound at the target loudness."""
    peak = float(np.abs(audio.samples).max(initial=0.0))
    gain = 10 ** (matching_gain_db(integrated_loudness(audio), peak, target=target) / 20)
    return Audio((audio.samples * np.float32(gain)).astype(np.float32), audio.sample_rate)
