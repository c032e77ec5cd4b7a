"""The frequency axis of a spectrogram: linear, mel or logarithmic rows over the bins of a Fourier transform.

A picture has ROWS rows between a scale's lowest frequency and half the sample rate, equally wide on that scale. A row
that holds bins shows the loudest of them, so that a tone keeps its level on every scale; a row that falls between two
bins shows the straight line between them.

The mel scale is Slaney's (Auditory Toolbox, Interval Research technical report 1998-010), as in librosa with
``htk=False``, not HTK's 2595 log10(1 + f/700): linear with 200/3 Hz a mel below 1000 Hz, above it logarithmic with 27
mel for a factor of 6.4. It is checked against librosa.hz_to_mel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

ROWS = 256
"""Rows of every picture, whatever the window's length."""

_BREAK_HZ, _BREAK_MEL, _MELS_A_FACTOR, _FACTOR = 1000.0, 15.0, 27.0, 6.4


@dataclass(frozen=True, slots=True)
class Scale:
    """A frequency scale: ``position(hz)`` rises with frequency, ``frequency`` is its inverse; ``lowest`` in Hz."""

    title: str
    lowest: float
    position: Callable[[np.ndarray], np.ndarray]
    frequency: Callable[[np.ndarray], np.ndarray]


def hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's mel of frequencies in Hz: ``3 f / 200`` below 1000 Hz, ``15 + 27 ln(f / 1000) / ln 6.4`` from there."""
    hz = np.asarray(hz, np.float64)
    above = _BREAK_MEL + _MELS_A_FACTOR * np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / np.log(_FACTOR)
    return np.where(hz < _BREAK_HZ, hz * (_BREAK_MEL / _BREAK_HZ), above)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """The inverse of ``hz_to_mel``."""
    mel = np.asarray(mel, np.float64)
    above = _BREAK_HZ * np.exp(np.log(_FACTOR) * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL) / _MELS_A_FACTOR)
    return np.where(mel < _BREAK_MEL, mel * (_BREAK_HZ / _BREAK_MEL), above)


SCALES = {
    "linear": Scale("Linear", 0.0, np.asarray, np.asarray),
    "mel": Scale("Mel", 0.0, hz_to_mel, mel_to_hz),
    "log": Scale("Logarithmic", 50.0, np.log, np.exp),
}
"""The scales a picture can have. A logarithm needs a lowest frequency: 50 Hz is under the lowest voices."""


def edges(scale: str, sample_rate: int) -> np.ndarray:
    """The ROWS + 1 borders of the rows in Hz, from the scale's lowest frequency to half the sample rate."""
    known = SCALES[scale]
    low, high = known.position(np.array([min(known.lowest, sample_rate / 8), sample_rate / 2], np.float64))
    borders = np.asarray(known.frequency(np.linspace(low, high, ROWS + 1)), np.float64)
    borders[-1] = sample_rate / 2
    return borders


def centres(scale: str, sample_rate: int) -> np.ndarray:
    """The frequency in the middle of each row on the scale, Hz, ``(ROWS,)``."""
    known = SCALES[scale]
    places = known.position(edges(scale, sample_rate)[::ROWS])
    step = (places[1] - places[0]) / ROWS
    return np.asarray(known.frequency(places[0] + (np.arange(ROWS) + 0.5) * step), np.float64)


def rows(db: np.ndarray, hz_step: float, scale: str, sample_rate: int) -> np.ndarray:
    """Levels of bins at ``0, hz_step, 2 hz_step...`` as levels of rows: ``(columns, bins)`` to ``(columns, ROWS)``."""
    firsts, filled, below, share = _places(db.shape[1], hz_step, scale, sample_rate)
    out = np.empty((len(db), ROWS), np.float32)
    between = ~filled
    left, right = db[:, below[between]], db[:, below[between] + 1]
    out[:, between] = left + (right - left) * share[between]
    if filled.any():
        last = int(np.searchsorted(np.arange(db.shape[1]) * hz_step, sample_rate / 2 * (1 + 1e-9)))
        out[:, filled] = np.maximum.reduceat(db[:, :last], firsts[filled], axis=1)
    return out


@lru_cache(maxsize=64)
def _places(bins: int, hz_step: float, scale: str, sample_rate: int) -> tuple[np.ndarray, ...]:
    """For each row: its first bin, whether it has one, the bin under its centre, and how far the centre is beyond."""
    borders = edges(scale, sample_rate)
    borders[-1] *= 1 + 1e-9  # the highest bin lies on the last border and belongs to the last row
    firsts = np.searchsorted(np.arange(bins) * hz_step, borders)
    middle = centres(scale, sample_rate) / hz_step
    below = np.clip(np.floor(middle).astype(int), 0, max(0, bins - 2))
    return firsts[:-1], firsts[1:] > firsts[:-1], below, np.clip(middle - below, 0, 1).astype(np.float32)
