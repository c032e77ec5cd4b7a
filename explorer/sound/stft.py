"""Short-time Fourier transform in absolute decibels: the one window, its power, and levels as one byte.

The power of a window of N samples (periodic Hann w) at frequency bin b is

    P[b] = | sum_n w[n] x[n] exp(-2 pi i b n / L) |^2 / (sum_n w[n] / 2)^2

so that a sine of amplitude A has power A^2 at its frequency: 0 dB is a sine of full scale (dBFS of a peak meter). L is
N or more, a length that transforms fast; the window is padded with zeros, which adds bins but no resolution. A column
of a picture that is much longer than the window is the mean power of four windows spread evenly over it.

A level is kept as the code ``round(2 (dB + 120))``, 0 to 255: half a decibel a step, from -120 dB to +7.5 dB.

Sources: J. B. Allen, L. R. Rabiner, "A unified approach to short-time Fourier analysis and synthesis", Proc. IEEE 65
(1977); F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier transform", Proc. IEEE 66
(1978). Checked against scipy.signal.ShortTimeFFT and librosa.stft.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLOOR_DB = -120.0
CODES_A_DB = 2.0
REPEATS = 4
"""Windows of a column that is much longer than one window."""

_LEAST_SIZE = 512
"""Shortest transform: shorter windows are padded, so that a picture has smooth rows."""

_CHUNK = 512
"""Windows transformed at a time: keeps the working set in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Window:
    """A Hann window of ``length`` samples in a transform of ``size``; bins are ``hz_step`` apart."""

    length: int
    size: int
    hz_step: float

    @classmethod
    def of(cls, seconds: float, sample_rate: int) -> Window:
        """The window that lasts so long: an even number of samples, at least 4."""
        from scipy import fft  # a third of a second of every start, and only the first picture needs it

        length = max(4, 2 * round(seconds * sample_rate / 2))
        size = int(fft.next_fast_len(max(length, _LEAST_SIZE), real=True))
        return cls(length, size, sample_rate / size)

    @property
    def bins(self) -> int:
        """Frequencies from 0 to half the sample rate."""
        return self.size // 2 + 1

    def power(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Power of the windows that begin at ``starts``, all inside ``samples``: float32 ``(windows, bins)``."""
        from scipy import fft

        taper = np.hanning(self.length + 1)[:-1].astype(np.float32)
        taper /= taper.sum(dtype=np.float64) / 2
        view = np.lib.stride_tricks.sliding_window_view(samples, self.length)
        power = np.empty((len(starts), self.bins), np.float32)
        for first in range(0, len(starts), _CHUNK):
            part = slice(first, first + _CHUNK)
            spectrum = fft.rfft(view[starts[part]] * taper, n=self.size, axis=1)
            power[part] = spectrum.real**2 + spectrum.imag**2
        return power


def starts(first: int, count: int, hop: int, window: Window) -> np.ndarray:
    """Where the windows of ``count`` columns begin, the columns being ``hop`` frames each from frame ``first`` on.

    Four windows a column when the hop is longer than two windows, otherwise one around the column's middle: int64
    ``(count * windows,)``. Windows of the first and last columns may reach beyond the sound.
    """
    repeats = windows_a_column(hop, window)
    middles = (np.arange(count * repeats) + 0.5) * (hop / repeats)
    return np.floor(middles).astype(np.int64) + first - window.length // 2


def windows_a_column(hop: int, window: Window) -> int:
    """How many windows a column of so many frames is made of."""
    return REPEATS if hop > 2 * window.length else 1


def codes(power: np.ndarray) -> np.ndarray:
    """Power as codes, uint8; 0 stands for -120 dB and everything below."""
    db = 10 * np.log10(np.maximum(power, np.float32(1e-13)))
    return np.clip(np.rint((db - FLOOR_DB) * CODES_A_DB), 0, 255).astype(np.uint8)


def decibels(code: np.ndarray) -> np.ndarray:
    """The levels of codes in dB, float32."""
    return (code / np.float32(CODES_A_DB) + np.float32(FLOOR_DB)).astype(np.float32)


def powers(code: np.ndarray) -> np.ndarray:
    """The power of codes, float32; nothing for code 0."""
    table = (10 ** (decibels(np.arange(256)) / 10)).astype(np.float32)
    table[0] = 0
    return table[code]


def mixed(block: np.ndarray) -> np.ndarray:
    """The mean of the channels of frames ``(n, channels)``, as contiguous float32 ``(n,)``."""
    return block[:, 0].copy() if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
