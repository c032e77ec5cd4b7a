"""Which utterance of a corpus a sound file, an offset and a duration mean, when they are written otherwise than there.

Files are the same when their paths end alike and no other file's path ends more alike. Where both paths begin with a
folder that the other lacks, their durations must be known and agree: a name alone is no proof.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

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
FEW = 8
"""Files of one stem, and utterances of one file, that are simply all looked at."""
NEIGHBOURS = 4
"""Further utterances that are looked at before and behind a place: to tell the nearest of the row's channel."""


NOWHERE = frozenset(("", ".", "..", "~"))
"""Parts of a path that name nothing."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A row of the file that is written otherwise than its utterance; a ``channel`` is a text."""

    line: int
    audio: str
    offset: float
    duration: float | None
    channel: str | None


Utterance: TypeAlias = tuple[float, float | None, str | None, int]
"""Offset, duration, channel, row."""

Parts: TypeAlias = tuple[str, ...]
"""The names in a path."""

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
    """Utterances by the paths of their sound files; ``utterances`` are their paths with what is known of them."""

    def __init__(self, utterances: Iterable[tuple[str, Utterance]]) -> None:
        self._files: dict[str, _Namesakes] = {}
        for audio, utterance in utterances:
            parts = path_parts(audio)
            self._files.setdefault(stem_of(parts[-1]), _Namesakes()).setdefault(parts, []).append(utterance)

    def place(self, row: Spoken) -> tuple[int | None, str, str]:
        """The utterance of a row; None with the reason and its kind when there is not just one."""
        parts = path_parts(row.audio)
        files = self._files.get(stem_of(parts[-1]))
        same, most = files.alike(parts) if files is not None else ((), 0)
        if files is None or not same:
            return None, f'no utterance is of "{row.audio}"', UNMATCHED
        if len(same) > 1:
            return None, f'"{row.audio}" could be {len(same)} sound files of the corpus', AMBIGUOUS
        surely = same[0] == parts or most == min(len(parts), len(same[0]))
        around = files.around(same[0], row.offset)
        near = [one for one in around if _fits(one, row) and abs(one[0] - row.offset) <= OFFSET_TOLERANCE]
        if not near:
            return None, _nearest(row, around), UNMATCHED
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


class _Namesakes(dict["Parts", list[Utterance]]):
    """The sound files of one stem with their utterances; where they are many, they are found by what paths end with."""

    __slots__ = ("_ends", "_known", "_offsets")

    def alike(self, parts: Parts) -> tuple[Sequence[Parts], int]:
        """The files whose paths end most like this one, and how many names at their ends are the same."""
        if parts in self:
            return (parts,), len(parts)
        if len(self) <= FEW:
            alike = [(_alike(parts, known), known) for known in self]
            most = max(length for length, _ in alike)
            return [known for length, known in alike if length == most > 0], most
        if not hasattr(self, "_ends"):
            self._ends: dict[Parts, list[Parts]] = {}
            self._known: dict[tuple[Parts, str], list[Parts]] = {}
            for known in self:
                for length in range(len(known)):
                    self._ends.setdefault(known[len(known) - 1 - length : -1], []).append(known)
        for length in range(len(parts) - 1, -1, -1):
            found = self._ending(parts[len(parts) - 1 - length : -1], parts[-1])
            if found:
                return found, length + 1
        return (), 0

    def _ending(self, folders: Parts, name: str) -> list[Parts]:
        """The files in these last folders that may be called so; remembered, since a million may be called alike."""
        key = folders, name
        if key not in self._known:
            self._known[key] = [known for known in self._ends.get(folders, ()) if _same_name(known[-1], name)]
        return self._known[key]

    def around(self, parts: Parts, offset: float) -> Sequence[Utterance]:
        """Those of a file that begin about there, by their offsets; all of them when they are few."""
        found = self[parts]
        if len(found) <= FEW:
            return found
        if not hasattr(self, "_offsets"):
            self._offsets: dict[Parts, list[float]] = {}
        if parts not in self._offsets:
            found.sort(key=lambda one: (one[0], one[3]))
            self._offsets[parts] = [one[0] for one in found]
        offsets = self._offsets[parts]
        first = bisect_left(offsets, offset - 2 * OFFSET_TOLERANCE)
        last = bisect_right(offsets, offset + 2 * OFFSET_TOLERANCE)
        return found[max(0, first - NEIGHBOURS) : last + NEIGHBOURS]


def _fits(one: Utterance, row: Spoken) -> bool:
    return row.channel is None or one[2] in (None, row.channel)


def _nearest(row: Spoken, around: Sequence[Utterance]) -> str:
    offsets = [one[0] for one in around if _fits(one, row)]
    if not offsets:
        return f'no utterance of "{row.audio}" is of channel {row.channel}'
    nearest = min(offsets, key=lambda offset: abs(offset - row.offset))
    return f'no utterance of "{row.audio}" begins at {row.offset:.2f} s; the nearest begins at {nearest:.2f} s'


def _lasts(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(one - other) <= DURATION_TOLERANCE


def path_parts(audio: str) -> tuple[str, ...]:
    """The folders and the name of a path, without what only says where it starts."""
    parts = (audio.replace("\\", "/") if "\\" in audio else audio).split("/")
    return tuple([part for part in parts if part not in NOWHERE]) or (audio,)


def stem_of_path(audio: str) -> str:
    """``stem_of(path_parts(audio)[-1])``, in a third of the time."""
    name = audio.rpartition("/")[2]
    return stem_of(path_parts(audio)[-1] if name in NOWHERE or "\\" in name else name)


def stem_of(name: str) -> str:
    """The name of a sound file without its ending; other endings belong to the name."""
    root, _, ending = name.rpartition(".")
    return root if root and f".{ending.lower()}" in SOUND_SUFFIXES else name


def _same_name(one: str, other: str) -> bool:
    """Whether files of one stem may be called so; the ending of a file counts only where both have one."""
    return one == other or any(stem_of(name) == name for name in (one, other))


def _alike(one: Parts, other: Parts) -> int:
    """How many names at the end of two paths are the same."""
    if not _same_name(one[-1], other[-1]):
        return 0
    folders = zip(reversed(one[:-1]), reversed(other[:-1]), strict=False)
    return 1 + len(list(takewhile(lambda pair: pair[0] == pair[1], folders)))
