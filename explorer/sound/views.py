"""View: one stretch of a sound file, ready to be looked at anywhere and at any width.

It joins the pyramid of the stretch with the sound itself. Frames count from the start of the stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from explorer.errors import UnreadableAudio
from explorer.sound import audio, frequency, pyramid, stft, tiles
from explorer.sound.audio import Opener
from explorer.sound.decoding import opened
from explorer.sound.pyramid import Pyramid
from explorer.sound.tiles import Lens

if TYPE_CHECKING:
    from explorer.doors.media import Excerpt
    from explorer.sound.indexing import Indexer

VERSION = 1
"""Goes up when the same sound would give another pyramid."""

WHOLE_WIDTH = 1024
"""Pixels that the first look at the whole sound is meant for."""

SHORT = 0.05
"""Seconds that may be missing at the end of a file without a word."""

BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class View:
    """A stretch of sound with its pyramid; closes the pyramid's file at the end of a ``with``."""

    excerpt: Excerpt
    through: Opener
    start: int
    stop: int
    file: BinaryIO
    pyramid: Pyramid

    @classmethod
    def of(cls, excerpt: Excerpt, indexer: Indexer, *, limit: int, through: Opener = opened) -> View | float:
        """The view, or how much of the sound is indexed so far, 0 to 1.

        Raises:
            UnreadableAudio: nothing can be decoded, or the index would not fit into ``limit`` bytes.
        """
        facts = excerpt.facts
        start, stop = audio.cut_frames(facts, offset=excerpt.offset, duration=excerpt.duration)
        if excerpt.channel is not None and excerpt.channel >= facts.channels:
            raise UnreadableAudio(
                f"{facts.path} has {facts.channels} channel(s), numbered from 0; there is no channel {excerpt.channel}"
            )
        size = pyramid.size_estimate(stop - start, facts.sample_rate, facts.channels)
        if size > limit // 2:
            raise UnreadableAudio(
                f"the index of {facts.path} takes {size / 2**20:.0f} MB, more than half of the media cache; "
                f"raise cache.media_mb"
            )

        def make(file: BinaryIO, seen: Callable[[int], None]) -> None:
            with closing(_selected(excerpt, through, 0, stop - start, start=start)) as blocks:
                pyramid.build(
                    blocks,
                    sample_rate=facts.sample_rate,
                    channels=facts.channels if excerpt.channel is None else 1,
                    file=file,
                    seen=seen,
                )

        found = indexer.index(f"index-{VERSION}-{excerpt.key}", stop - start, make)
        if isinstance(found, float):
            return found
        try:
            return cls(excerpt, through, start, stop, found, Pyramid(found))
        except BaseException:
            found.close()
            raise

    def __enter__(self) -> View:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def facts(self) -> dict[str, Any]:
        """What a player needs to know before it draws anything, as JSON.

        ``frames`` can be decoded, at ``sample_rate`` Hz (``duration`` s); ``channels`` can be chosen from; ``peak`` is
        the largest amplitude (full scale 1.0; ``peak_db`` in dBFS, null for silence), ``loudest_db`` the loudest cell
        of the spectrogram; ``scales`` the frequencies (Hz) of a tile's rows from the lowest up; ``note`` a sentence or
        null; ``wave`` the whole waveform.
        """
        header = self.pyramid.header
        rate, peak = header.sample_rate, max(header.peaks)
        note, ends = None, self.excerpt.facts.duration
        if self.stop - self.start - header.frames > SHORT * rate:
            note = (
                f"The file is cut short: {header.frames / rate:.2f} s of "
                f"{(self.stop - self.start) / rate:.2f} s can be decoded."
            )
        elif self.excerpt.lacking > SHORT:
            note = f"The row promises {self.excerpt.lacking:.2f} s more than the file has: that ends at {ends:.2f} s."
        return {
            "frames": header.frames,
            "sample_rate": rate,
            "duration": header.frames / rate,
            "channels": self.excerpt.channels,
            "peak": peak,
            "peak_db": 20 * float(np.log10(peak)) if peak else None,
            "loudest_db": float(stft.decibels(np.array(header.loudest))),
            "scales": {
                name: [round(float(hz), 1) for hz in frequency.centres(name, rate)] for name in frequency.SCALES
            },
            "codes": {"floor_db": stft.FLOOR_DB, "a_db": stft.CODES_A_DB},
            "tiles": {"columns": tiles.COLUMNS, "finest": tiles.FINEST, "windows_ms": tiles.WINDOWS_MS},
            "stored_hop": header.hop,
            "note": note,
            "wave": self.wave(0, header.frames, WHOLE_WIDTH),
        }

    def wave(self, first: int, last: int, width: int) -> dict[str, Any]:
        """The waveform from frame ``first`` up to ``last`` for ``width`` pixels, as JSON.

        ``low`` and ``high`` have a list of bins for each channel, in 1/32767 of the largest amplitude of all channels;
        with ``step`` 1 the samples are in ``low`` and ``high`` is null.
        """
        wave = self.pyramid.wave(first, last, width, self._all)
        peak = max(self.pyramid.header.peaks)
        factor = 32_767 / peak if peak else 0.0
        low, high = (
            np.rint(np.clip(part, -peak, peak) * factor).astype(int).tolist() for part in (wave.low, wave.high)
        )
        return {"first": wave.first, "step": wave.step, "low": low, "high": None if wave.step == 1 else high}

    def tile(self, lens: Lens, *, level: int, number: int) -> bytes:
        """A tile of the spectrogram as PNG; see tiles.py for what it raises."""
        return tiles.png(tiles.tile(self.pyramid, self._one, lens, level=level, number=number))

    def _all(self, first: int, last: int) -> np.ndarray:
        """Frames of the stretch, ``(n, channels)``."""
        return np.concatenate(list(_selected(self.excerpt, self.through, first, last, start=self.start)))

    def _one(self, first: int, last: int) -> np.ndarray:
        """Frames of the stretch, its channel or the mean of all, ``(n,)``."""
        return stft.mixed(self._all(first, last))


def _selected(
    excerpt: Excerpt, through: Opener, first: int, last: int, *, start: int
) -> Generator[np.ndarray, None, None]:
    """Frames ``first`` up to ``last`` after the file's frame ``start``: all channels, or the excerpt's own."""
    rate = excerpt.facts.sample_rate
    cut = {"offset": (start + first) / rate, "duration": (last - first) / rate}
    for block in audio.frames(excerpt.facts.path, **cut, size=BLOCK, through=through):
        yield _sane(block if excerpt.channel is None else block[:, excerpt.channel : excerpt.channel + 1])


def _sane(block: np.ndarray) -> np.ndarray:
    """Nothing beyond +-1e9, so that no power of a damaged float file overflows."""
    return block if float(np.abs(block).max()) <= 1e9 else np.clip(block, -1e9, 1e9)
