"""Which utterance of a corpus a sound file, an offset and a duration mean, when they are written otherwise than there.

Files are the same when their paths end alike and no other file's path ends more alike. Where both paths begin with a
folder that the other lacks, their durations must be known and agree: a name alone is no proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

from explorer.formats.texts import SOUND_SUFFIXES
from explorer.formatting import count
from explorer.predictions.join_report import AMBIGUOUS, UNMATCHED

if TYPE_CHECKING:
    import pyarrow as pa

    from explorer.corpora.corpus import Corpus

OFFSET_TOLERANCE = 0.02
"""Seconds."""
DURATION_TOLERANCE = 0.1
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A row of the file that is written otherwise than its utterance."""

    line: int
    audio: str
    offset: float
    duration: float | None
    channel: Any
    text: str


Tell: TypeAlias = Callable[[str], None]
"""Hears in words how far something is; it may raise to end it."""


def quietly(_words: str) -> None:
    """Tell nobody."""


def watched(corpus: Corpus, columns: Sequence[str], tell: Tell) -> Iterator[pa.RecordBatch]:
    """The corpus's batches; how many utterances that makes is told."""
    looked = 0
    for batch in corpus.batches(columns):
        yield batch
        looked += batch.num_rows
        tell(f"{count(looked)} of {count(corpus.size)} utterances looked at")


class SoundPlaces:
    """The utterances of the sound files whose stems are asked for, by their path."""

    def __init__(self, corpus: Corpus, stems: set[str], *, tell: Tell = quietly) -> None:
        self._files: dict[str, dict[tuple[str, ...], list[tuple[float, float | None, Any, int]]]] = {}
        channel = ("channel",) if "channel" in {column.name for column in corpus.columns} else ()
        for batch in watched(corpus, ("audio", "offset", "duration", *channel), tell):
            values = [batch.column(name).to_pylist() for name in ("row", "audio", "offset", "duration")]
            channels = batch.column("channel").to_pylist() if channel else [None] * batch.num_rows
            for row, audio, offset, duration, number in zip(*values, channels, strict=True):
                parts = path_parts(audio)
                stem = stem_of(parts[-1])
                if stem in stems:
                    self._files.setdefault(stem, {}).setdefault(parts, []).append((offset, duration, number, row))

    def place(self, row: Spoken) -> tuple[int | None, str, str]:
        """The utterance of a row; None with the reason and its kind when there is not just one."""
        parts = path_parts(row.audio)
        files = self._files.get(stem_of(parts[-1]), {})
        alike = {known: _alike(parts, known) for known in files}
        most = max(alike.values(), default=0)
        same = [parts] if parts in files else [known for known, length in alike.items() if length == most > 0]
        if not same:
            return None, f'no utterance is of "{row.audio}"', UNMATCHED
        if len(same) > 1:
            return None, f'"{row.audio}" could be {len(same)} sound files of the corpus', AMBIGUOUS
        surely = parts in files or most == min(len(parts), len(same[0]))
        utterances = [one for one in files[same[0]] if row.channel is None or one[2] in (None, row.channel)]
        near = [one for one in utterances if abs(one[0] - row.offset) <= OFFSET_TOLERANCE]
        if not near:
            return None, _nearest(row, utterances), UNMATCHED
        lasting = [one for one in near if _lasts(one[1], row.duration)]
        if not surely and (row.duration is None or any(one[1] is None for one in near)):
            reason = (
                f'"{row.audio}" is called like "{"/".join(same[0])}", elsewhere; without durations that is no proof'
            )
            return None, reason, UNMATCHED
        if not lasting:
            known = ", ".join(f"{one[1]:.2f} s" for one in near)
            reason = f'the utterance of "{row.audio}" at {row.offset:.2f} s lasts {known}, the row {row.duration:.2f} s'
            return None, reason, UNMATCHED
        distances = [abs(one[0] - row.offset) for one in lasting]
        closest = [one for one, distance in zip(lasting, distances, strict=True) if distance == min(distances)]
        if len(closest) > 1:
            reason = f'{len(closest)} utterances of "{row.audio}" begin at {row.offset:.2f} s'
            return None, reason, AMBIGUOUS
        return closest[0][3], "", ""


def _nearest(row: Spoken, utterances: list[tuple[float, float | None, Any, int]]) -> str:
    if not utterances:
        return f'no utterance of "{row.audio}" is of channel {row.channel}'
    nearest = min((one[0] for one in utterances), key=lambda offset: abs(offset - row.offset))
    return f'no utterance of "{row.audio}" begins at {row.offset:.2f} s; the nearest begins at {nearest:.2f} s'


def _lasts(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(one - other) <= DURATION_TOLERANCE


def path_parts(audio: str) -> tuple[str, ...]:
    """The folders and the name of a path, without what only says where it starts."""
    parts = audio.replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in ("", ".", "..", "~")) or (audio,)


def stem_of(name: str) -> str:
    """The name of a sound file without its ending; other endings belong to the name."""
    root, _, ending = name.rpartition(".")
    return root if root and f".{ending.lower()}" in SOUND_SUFFIXES else name


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many names at the end of two paths are the same; the ending of a file counts only where both have one."""
    names = one[-1], other[-1]
    if names[0] != names[1] and not any(stem_of(name) == name for name in names):
        return 0
    folders = zip(reversed(one[:-1]), reversed(other[:-1]), strict=False)
    return 1 + len(list(takewhile(lambda pair: pair[0] == pair[1], folders)))
