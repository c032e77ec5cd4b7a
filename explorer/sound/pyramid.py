"""Pyramid: what a sound of any length looks like at every width of view, made in one pass and read in pieces.

One file holds, for a stretch of sound of C channels:

    8 bytes                       length of the header, big-endian
    header                        JSON, the fields of ``Header``
    level 0, 1, 2...              float32 (bins, C, 2): smallest and largest sample of each 256, 1024... frames
    columns                       uint8 (columns, bins): the spectrogram of the channels' mean, a quarter second each

A view reads only its part of the level that is just fine enough; a view finer than 256 frames a pixel reads the sound
itself. So the answer takes the same time anywhere in a file of seconds or of hours. The last bin of a level may be
shorter than the others.

Levels of the spectrogram are codes: ``code / 2 - 120`` dB, 0 dB being a sine of full scale (see tiles.py).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import numpy as np
import orjson

from explorer.errors import QueryError
from explorer.sound import stft

BASE = 256
"""Frames in a bin of the lowest level: below that the sound itself is as quick to read."""

FACTOR = 4
"""Bins of a level in one of the next."""

WINDOW = 0.032
"""Length (s) of the windows of the stored columns: 31 Hz resolution, harmonics of speech are just apart."""

COLUMN = 0.256
"""Length (s) of a stored column, about: the nearest power of two in frames."""

_TOP = 1024
"""Levels end when they have no more bins than this."""

Decode = Callable[[int, int], np.ndarray]
"""Frames first up to, not including, last of the stretch as float32 ``(n, channels)``."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a pyramid is of, and where its parts lie in the file.

    ``frames`` is what could be decoded; ``peaks`` the largest amplitude of each channel; ``loudest`` the code of the
    loudest window of the columns; ``hop`` their length in frames, ``hz_step`` from one of their bins to the next.
    """

    frames: int
    sample_rate: int
    channels: int
    peaks: tuple[float, ...]
    loudest: int
    hop: int
    hz_step: float
    column_bins: int
    level_bins: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """Part of a waveform: bin k holds the frames ``first + k * step`` up to ``step`` more.

    ``low`` and ``high`` are float32 ``(channels, bins)``; with a step of one frame both are the samples themselves.
    """

    first: int
    step: int
    low: np.ndarray
    high: np.ndarray


class PyramidBuilder:
    """Makes a pyramid of consecutive blocks of sound."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate, self._channels = sample_rate, channels
        self._extremes: list[np.ndarray] = []
        self._columns: list[np.ndarray] = []
        self._loudest = 0
        self._loose = np.zeros((0, channels), np.float32)
        self._loose_mono = np.zeros(0, np.float32)
        self._hop = 1 << max(4, round(math.log2(COLUMN * sample_rate)))
        self._window = stft.Window.of(WINDOW, sample_rate)
        self.frames = 0

    def add(self, block: np.ndarray) -> None:
        """Take in the next frames: float32 ``(n, channels)``."""
        self.frames += len(block)
        self._add_extremes(np.concatenate([self._loose, block]) if len(self._loose) else block, BASE)
        mono = stft.mixed(block)
        self._add_columns(np.concatenate([self._loose_mono, mono]) if len(self._loose_mono) else mono)

    def write(self, file: BinaryIO) -> None:
        """Finish, and write the pyramid into a file at its present position."""
        if len(self._loose):
            self._add_extremes(self._loose, len(self._loose))
        if len(self._loose_mono):
            self._add_columns(np.pad(self._loose_mono, (0, self._hop - len(self._loose_mono))))
        levels = [np.concatenate(self._extremes)]
        while len(levels[-1]) > _TOP:
            levels.append(_joined(levels[-1], FACTOR))
        columns = np.concatenate(self._columns)
        peaks = np.abs(levels[0]).max(axis=(0, 2))
        header = Header(
            frames=self.frames,
            sample_rate=self._rate,
            channels=self._channels,
            peaks=tuple(float(peak) for peak in peaks),
            loudest=self._loudest,
            hop=self._hop,
            hz_step=self._window.hz_step * self._pooled,
            column_bins=columns.shape[1],
            level_bins=tuple(len(level) for level in levels),
        )
        words = orjson.dumps(asdict(header))
        file.write(len(words).to_bytes(8, "big") + words)
        for level in levels:
            file.write(level.tobytes())
        file.write(columns.tobytes())

    @property
    def _pooled(self) -> int:
        """How many neighbouring frequencies of a window one stored bin has: odd, so that it keeps its middle."""
        groups = -(-self._window.bins // 257)
        return groups + 1 - groups % 2

    def _add_extremes(self, block: np.ndarray, size: int) -> None:
        count = len(block) // size
        self._loose = block[count * size :].copy()
        if count:
            parts = block[: count * size].T.reshape(self._channels, count, size)
            self._extremes.append(np.stack([parts.min(axis=2).T, parts.max(axis=2).T], axis=2).astype(np.float32))

    def _add_columns(self, mono: np.ndarray) -> None:
        count = len(mono) // self._hop
        self._loose_mono = mono[count * self._hop :].copy()
        if not count:
            return
        # The windows of a column lie inside it: a hop is at least five windows long.
        starts = stft.starts(0, count, self._hop, self._window)
        power = self._window.power(mono[: count * self._hop], starts)
        side = self._pooled // 2
        padded = np.pad(power, ((0, 0), (side, -(power.shape[1] + side) % self._pooled)))
        pooled = padded.reshape(len(power), -1, self._pooled).max(axis=2)
        self._loudest = max(self._loudest, int(stft.codes(pooled).max()))
        self._columns.append(stft.codes(pooled.reshape(count, -1, pooled.shape[1]).mean(axis=1)))


class Pyramid:
    """A pyramid in an open file, read where it is needed; safe for threads. The caller closes the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file  # kept, or its number could soon be another file's
        self._descriptor = file.fileno()
        size = int.from_bytes(os.pread(self._descriptor, 8, 0), "big")
        known: dict[str, Any] = orjson.loads(os.pread(self._descriptor, size, 8))
        known |= {"peaks": tuple(known["peaks"]), "level_bins": tuple(known["level_bins"])}
        self.header = Header(**known)
        bytes_a_bin = self.header.channels * 8
        self._level_starts = [8 + size]
        for bins in self.header.level_bins:
            self._level_starts.append(self._level_starts[-1] + bins * bytes_a_bin)

    def wave(self, first: int, last: int, width: int, decode: Decode) -> Wave:
        """The waveform from frame ``first`` up to ``last`` in ``width`` to ``2 * width`` bins, or all samples.

        Bins are powers of two long and aligned, so that neighbouring views agree; the answer covers the frames asked
        for, as far as the sound goes.

        Raises:
            QueryError: none of these frames is in the sound.
        """
        first, last = max(0, first), min(self.header.frames, last)
        if first >= last:
            raise QueryError(f"the sound is {self.header.frames} frames long; there is nothing to see from {first} on")
        step = 1 << max(0, ((last - first) // max(1, width)).bit_length() - 1)
        start, stop = first // step, -(-last // step)
        if step < BASE:
            samples = decode(start * step, min(stop * step, self.header.frames))
            extremes = _joined(np.stack([samples, samples], axis=2), step)
        else:
            level = min(int(math.log(step // BASE, FACTOR) + 1e-9), len(self.header.level_bins) - 1)
            ratio = step // (BASE * FACTOR**level)
            extremes = _joined(self._level(level, start * ratio, stop * ratio), ratio)
        low, high = np.ascontiguousarray(extremes.transpose(2, 1, 0))
        return Wave(start * step, step, low, high)

    def columns(self, first: int, last: int) -> np.ndarray:
        """Stored columns as codes: uint8 ``(n, bins)``, fewer at the end of the sound."""
        bins = self.header.column_bins
        count = -(-self.header.frames // self.header.hop)
        first, last = min(first, count), min(last, count)
        data = os.pread(self._descriptor, (last - first) * bins, self._level_starts[-1] + first * bins)
        return np.frombuffer(data, np.uint8).reshape(-1, bins)

    def _level(self, level: int, first: int, last: int) -> np.ndarray:
        """Bins of a level: float32 ``(n, channels, 2)``."""
        bytes_a_bin = self.header.channels * 8
        last = min(last, self.header.level_bins[level])
        start = self._level_starts[level] + first * bytes_a_bin
        data = os.pread(self._descriptor, (last - first) * bytes_a_bin, start)
        return np.frombuffer(data, np.float32).reshape(-1, self.header.channels, 2)


def build(
    blocks: Iterable[np.ndarray],
    *,
    sample_rate: int,
    channels: int,
    file: BinaryIO,
    seen: Callable[[int], Any] | None = None,
) -> None:
    """Write the pyramid of a sound that comes as blocks of float32 ``(n, channels)``.

    ``seen(frames)`` is called after each block; what it raises ends the work.
    """
    builder = PyramidBuilder(sample_rate, channels)
    for block in blocks:
        builder.add(block)
        if seen is not None:
            seen(builder.frames)
    builder.write(file)


def size_estimate(frames: int, sample_rate: int, channels: int) -> int:
    """About how many bytes the pyramid of so many frames has."""
    return round(frames / BASE * channels * 8 * FACTOR / (FACTOR - 1) + frames / sample_rate / COLUMN * 257 * 1.42)


def _joined(extremes: np.ndarray, count: int) -> np.ndarray:
    """Each ``count`` neighbouring bins as one, the last perhaps of fewer: ``(n, channels, 2)`` to ``(m, ...)``."""
    if count == 1:
        return extremes
    whole = len(extremes) // count * count
    parts = extremes[:whole].reshape(-1, count, *extremes.shape[1:])
    joined = [np.stack([parts[..., 0].min(axis=1), parts[..., 1].max(axis=1)], axis=2)]
    rest = extremes[whole:]
    if len(rest):
        joined.append(np.stack([rest[None, ..., 0].min(axis=1), rest[None, ..., 1].max(axis=1)], axis=2))
    return np.concatenate(joined)
