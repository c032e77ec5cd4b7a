"""Spectrogram tiles: pieces of the picture of a sound of any length, all cut from one fixed grid.

At level k a column is ``2**k`` frames long; tile n of that level has the columns ``512 n`` up to ``512 (n + 1)``, and
ROWS rows on a frequency scale. A tile has levels in absolute decibels (see stft.py), not colours: how loud is white,
how quiet is black and in which colours is decided where it is shown, without asking again.

Tiles whose columns are shorter than the stored columns of the pyramid are computed from the sound; longer ones from
the stored columns, whose window is always 32 ms: in a column of a quarter second and more, nobody sees the window.
Tiles side by side are the same, cell by cell, as one picture of the whole sound.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explorer.errors import QueryError
from explorer.sound import frequency, stft
from explorer.sound.pyramid import Pyramid

COLUMNS = 512
"""Columns of a tile."""

FINEST = 4
"""The lowest level: a column of 16 frames, a millisecond at 16 kHz; a shorter one would show nothing new."""

COARSEST = 40

WINDOWS_MS = (4, 8, 16, 32, 64, 128)
"""The lengths of window that can be asked for."""

DecodeOne = Callable[[int, int], np.ndarray]
"""Frames first up to, not including, last of the stretch, one channel or the mix, as float32 ``(n,)``."""


@dataclass(frozen=True, slots=True)
class Lens:
    """How a sound is looked at: the window's length in ms and the frequency scale.

    Raises:
        QueryError: there is no such window or scale.
    """

    window_ms: int
    scale: str

    def __post_init__(self) -> None:
        if self.window_ms not in WINDOWS_MS:
            raise QueryError(f"a window lasts {', '.join(map(str, WINDOWS_MS))} ms, not {self.window_ms}")
        if self.scale not in frequency.SCALES:
            raise QueryError(f'there is no frequency scale "{self.scale}"; known are: {", ".join(frequency.SCALES)}')


def tile(pyramid: Pyramid, decode: DecodeOne, lens: Lens, *, level: int, number: int) -> np.ndarray:
    """The codes of a tile: uint8 ``(ROWS, columns)``, low frequencies at the bottom; fewer columns at the end.

    Raises:
        QueryError: there is no such level, or the sound ends before the tile.
    """
    header = pyramid.header
    if not FINEST <= level <= COARSEST:
        raise QueryError(f"tiles have the levels {FINEST} to {COARSEST}, not {level}")
    hop = 1 << level
    count = min(COLUMNS, -(-header.frames // hop) - number * COLUMNS)
    if number < 0 or count <= 0:
        raise QueryError(f"the sound has no tile {number} of level {level}: it is {header.frames} frames long")
    first = number * COLUMNS
    if hop >= header.hop:
        power, hz_step = _stored(pyramid, first, count, hop // header.hop), header.hz_step
    else:
        window = stft.Window.of(lens.window_ms / 1000, header.sample_rate)
        power, hz_step = computed(decode, header.frames, window, hop, first, count), window.hz_step
    levels = stft.decibels(stft.codes(power))
    rows = frequency.rows(levels, hz_step, lens.scale, header.sample_rate)
    return np.rint((rows[:, ::-1].T - stft.FLOOR_DB) * stft.CODES_A_DB).astype(np.uint8)


def computed(decode: DecodeOne, frames: int, window: stft.Window, hop: int, first: int, count: int) -> np.ndarray:
    """Power of the columns ``first`` up to ``first + count`` from the sound itself: float32 ``(count, bins)``.

    Beyond the ends of the sound there are zeros.
    """
    begins = stft.starts(first * hop, count, hop, window)
    start, stop = int(begins[0]), int(begins[-1]) + window.length
    inside = decode(max(0, start), min(frames, stop)) if start < frames else np.zeros(0, np.float32)
    samples = np.zeros(stop - start, np.float32)
    at = max(0, start) - start
    samples[at : at + len(inside)] = inside
    power = window.power(samples, begins - start)
    return power.reshape(count, -1, power.shape[1]).mean(axis=1)


def png(codes: np.ndarray) -> bytes:
    """A tile as a grey PNG, one byte a cell: the grey is the code."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(codes)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _stored(pyramid: Pyramid, first: int, count: int, ratio: int) -> np.ndarray:
    """Power of columns of ``ratio`` stored ones each; the last may have fewer."""
    power = stft.powers(pyramid.columns(first * ratio, (first + count) * ratio))
    if ratio == 1:
        return power
    sums = np.add.reduceat(power, np.arange(0, len(power), ratio), axis=0)
    sizes = np.minimum(ratio, len(power) - np.arange(0, len(power), ratio))
    return sums / sizes[:, None].astype(np.float32)
