"""What can be computed from the samples alone: spectrogram, envelope, level, bandwidth.

Conventions: samples float32, full scale 1.0. Powers are shown in decibels: 10 log10(power ratio) = 20 log10(amplitude
ratio). Digital silence has no level, so it is ``None``, not a large negative number. Functions of a whole sound take
``Audio``; the two that pictures of hours need also work on consecutive blocks of samples, with the same result.

Sources: J. B. Allen, L. R. Rabiner, "A unified approach to short-time Fourier analysis and synthesis", Proc. IEEE 65
(1977); F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier transform", Proc. IEEE 66
(1978); IEC 61606-3 for dBFS. The spectrogram is checked against librosa.stft and scipy.signal.ShortTimeFFT.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from explorer.audio import Audio

_CHUNK = 512
"""Windows transformed at a time: keeps the working set in the processor's cache."""

_WINDOWS_PER_COLUMN = 4
"""Windows whose power is averaged when a column stands for much more time than one window holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Short-time power: ``db`` float32 ``(bins, frames)``, 0 for the loudest cell, never below ``floor_db``.

    Frame k stands for the time from ``k * hop`` to ``(k + 1) * hop`` seconds; the frames tile the sound exactly.
    ``hz`` ``(bins,)`` are the centre frequencies, from 0 to half the sample rate.
    """

    db: np.ndarray
    hop: float
    hz: np.ndarray
    floor_db: float


@dataclass(frozen=True, slots=True)
class Level:
    """Peak and root-mean-square amplitude in dB re. full scale (dBFS); None for digital silence.

    A full-scale sine has a peak of 0 dBFS and an RMS of -3.01 dBFS (no 3 dB are added).
    """

    peak_db: float | None
    rms_db: float | None


def spectrogram(
    audio: Audio, *, frames: int = 2000, hop: float = 0.01, window: float = 0.032, floor_db: float = -80.0
) -> Spectrogram:
    """The short-time power spectrum with at most ``frames`` columns.

    With N samples of window w (periodic Hann) around the middle c of frame k, zeros outside the sound, and M the
    largest power of all cells:

        P[b, k] = | sum_n w[n] x[c - N/2 + n] exp(-2 pi i b n / L) |^2,    db = max(floor_db, 10 log10(P / M))

    L is the next length that transforms fast (the window is padded with zeros), so ``hz[b] = b * rate / L``. The step
    is ``hop`` seconds, or longer so that ``frames`` columns hold the whole sound. A column much longer than the window
    is the mean power of several windows spread evenly over it, so that long pictures are not a lottery of instants.

    Args:
        audio: the sound; it may be shorter than the window.
        frames: the largest number of columns.
        hop: the shortest step between columns, seconds.
        window: length of the window, seconds (0.032 s: 31 Hz resolution, harmonics of speech are just apart).
        floor_db: the level that stands for "nothing", dB re. the loudest cell.
    """
    return spectrogram_of_blocks(
        [audio.samples],
        len(audio.samples),
        audio.sample_rate,
        frames=frames,
        hop=hop,
        window=window,
        floor_db=floor_db,
    )


def spectrogram_of_blocks(
    blocks: Iterable[np.ndarray],
    total: int,
    sample_rate: int,
    *,
    frames: int = 2000,
    hop: float = 0.01,
    window: float = 0.032,
    floor_db: float = -80.0,
) -> Spectrogram:
    """``spectrogram`` of a sound of ``total`` samples that comes as consecutive blocks; memory holds one block."""
    from scipy import fft  # a third of a second of every start, and only the first picture needs it

    length = max(2, 2 * round(window * sample_rate / 2))
    size = fft.next_fast_len(length, real=True)
    columns = max(1, min(frames, math.ceil(total / (hop * sample_rate))))
    step = total / columns
    repeats = _WINDOWS_PER_COLUMN if step > 2 * length else 1
    middles = (np.arange(columns * repeats) + 0.5) * (step / repeats)
    starts = np.round(middles).astype(np.int64) - length // 2

    taper = np.hanning(length + 1)[:-1].astype(np.float32)
    power = np.empty((columns * repeats, size // 2 + 1), np.float32)
    for first, windows in _windows(blocks, starts, length):
        spectrum = fft.rfft(windows * taper, n=size, axis=1)
        power[first : first + len(windows)] = spectrum.real**2 + spectrum.imag**2
    mean = power.reshape(columns, repeats, -1).mean(axis=1).T

    loudest = float(mean.max())
    db = np.full(mean.shape, floor_db, np.float32)
    if loudest > 0:
        np.log10(np.maximum(mean / np.float32(loudest), np.float32(1e-30)), out=db)
        np.maximum(db * np.float32(10), np.float32(floor_db), out=db)
    return Spectrogram(db, step / sample_rate, np.arange(size // 2 + 1) * (sample_rate / size), floor_db)


def envelope(audio: Audio, *, bins: int = 2000) -> np.ndarray:
    """Smallest and largest sample of each of ``bins`` equal parts of the sound: float32 ``(2, bins)``.

    Part b holds the samples ``floor(b n / bins)`` up to, not including, ``floor((b + 1) n / bins)``; a sound of fewer
    than ``bins`` samples gets as many parts as it has samples.
    """
    meter = EnvelopeMeter(len(audio.samples), bins=bins)
    meter.add(audio.samples)
    return meter.envelope()


class EnvelopeMeter:
    """The ``envelope`` of a sound of ``total`` samples that comes as consecutive blocks; missing samples are zeros."""

    def __init__(self, total: int, *, bins: int = 2000) -> None:
        count = max(1, min(bins, total))
        self._edges = np.arange(count + 1, dtype=np.int64) * total // count
        self._low = np.full(count, np.inf, np.float32)
        self._high = np.full(count, -np.inf, np.float32)
        self.samples = 0

    def add(self, block: np.ndarray) -> None:
        """Take in the next block: float32 ``(n,)``."""
        if not len(block):
            return
        block = _sane(block)
        first = int(np.searchsorted(self._edges, self.samples, side="right")) - 1
        last = int(np.searchsorted(self._edges, self.samples + len(block), side="left"))
        cuts = np.maximum(self._edges[first:last] - self.samples, 0)
        part = slice(first, last)
        self._low[part] = np.minimum(self._low[part], np.minimum.reduceat(block, cuts))
        self._high[part] = np.maximum(self._high[part], np.maximum.reduceat(block, cuts))
        self.samples += len(block)

    def envelope(self) -> np.ndarray:
        """Smallest and largest sample of each part so far: float32 ``(2, bins)``."""
        shape = np.stack([self._low, self._high])
        shape[:, self._low > self._high] = 0.0
        return shape


def level(audio: Audio) -> Level:
    """Peak ``20 log10 max|x|`` and RMS ``10 log10 mean(x^2)`` of the sound, in dB re. full scale."""
    samples = _sane(audio.samples)
    if not len(samples):
        return Level(None, None)
    peak = float(np.abs(samples).max())
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return Level(20 * math.log10(peak) if peak > 0 else None, 10 * math.log10(power) if power > 0 else None)


def bandwidth(audio: Audio, *, threshold_db: float = -50.0) -> float | None:
    """The highest frequency (Hz) whose mean power is within ``threshold_db`` of the strongest frequency's.

    It unmasks sound that was recorded or coded at a lower rate than its file says: 8 kHz telephone speech in a
    16 kHz file has a bandwidth just under 4000 Hz. None for silence and for sound shorter than one window (32 ms).
    """
    window = 0.032
    if audio.duration < window or not np.any(_sane(audio.samples)):
        return None
    picture = spectrogram(audio, window=window, floor_db=-120.0)
    mean = np.mean(10 ** (picture.db / 10), axis=1)
    loud = np.flatnonzero(mean >= mean.max() * 10 ** (threshold_db / 10))
    return float(picture.hz[loud[-1]])


def _windows(blocks: Iterable[np.ndarray], starts: np.ndarray, length: int) -> Iterator[tuple[int, np.ndarray]]:
    """The stretches of ``length`` samples at the rising ``starts``, as (number of the first, ``(n, length)``).

    Zeros stand for what lies before the sound and after it. ``starts[0]`` is at least ``-length``.
    """
    held = np.zeros(length, np.float32)
    origin, done = -length, 0  # held[0] is sample number ``origin``
    for block in _ended(blocks, length):
        held = np.concatenate([held, block])
        # Windows that lie wholly in what is held; the rest wait for the next block.
        ready = int(np.searchsorted(starts, origin + len(held) - length, side="right"))
        if ready > done:
            view = np.lib.stride_tricks.sliding_window_view(held, length)
            for first in range(done, ready, _CHUNK):
                chosen = starts[first : min(first + _CHUNK, ready)] - origin
                yield first, view[chosen]
            done = ready
        keep = int(starts[done]) if done < len(starts) else origin + len(held)
        drop = min(max(keep - origin, 0), len(held))
        held, origin = held[drop:], origin + drop
    if done < len(starts):  # the sound ended early (a truncated file): the rest is silence
        for first in range(done, len(starts), _CHUNK):
            yield first, np.zeros((len(starts[first : first + _CHUNK]), length), np.float32)


def _ended(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """The blocks, and zeros enough for the last window."""
    yield from map(_sane, blocks)
    yield np.zeros(length, np.float32)


def _sane(samples: np.ndarray) -> np.ndarray:
    """The samples with NaN as 0 and nothing beyond +-1e9, so that no power overflows; the same array if all is well.

    Such numbers come from damaged float files. ``not peak <= limit`` is also true of NaN.
    """
    limit = 1e9
    if len(samples) and not float(np.abs(samples).max()) <= limit:
        return np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -limit, limit)
    return samples
