"""Elsewhere: rows of a file of predictions whose sound is written otherwise than in the corpus, and their places there.

The rows are held as Arrow. They are placed a part at a time, all files of one stem in one part, so that however many
there are, only so many stand as Python objects at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from explorer.corpora.corpus import Corpus
from explorer.formatting import count
from explorer.predictions.prediction_files import Part, as_text
from explorer.predictions.sound_places import SoundPlaces, Spoken, Tell, stem_of_path, watched

PLACED_AT_ONCE = 250_000
SPOKEN = ("line", "audio", "offset", "duration", "channel")


@dataclass(slots=True)
class Placed:
    """What became of some rows: utterances with the line and the text that are theirs, and why others have none."""

    rows: np.ndarray
    lines: np.ndarray
    texts: pa.Array
    left_out: list[tuple[int, str, str]] = field(default_factory=list)


class Elsewhere:
    """Rows that were not found as they are written; call ``add`` for all, then ``placed``."""

    def __init__(self) -> None:
        self._rows: list[pa.Table] = []
        self._marks: list[np.ndarray] = []

    def add(self, part: Part, places: Sequence[int]) -> None:
        """Keep the rows of a part at these places."""
        if not places:
            return
        audio = [part.audio[place] for place in places]
        columns = {
            "line": pa.array([part.lines[place] for place in places], pa.int64()),
            "audio": pa.array(audio, pa.string()),
            "offset": pa.array([part.offset[place] for place in places], pa.float64()),
            "duration": pa.array([part.duration[place] for place in places], pa.float64()),
            "channel": pa.array([as_text(part.channel[place]) for place in places], pa.string()),
            "text": pa.array([part.texts[place] for place in places], pa.string()),
        }
        self._rows.append(pa.table(columns))
        self._marks.append(_marks(audio))

    def placed(self, corpus: Corpus, tell: Tell) -> Iterator[Placed]:
        """What became of the rows, a part at a time; of few rows in their order."""
        if not self._rows:
            return
        rows, marks = pa.concat_tables(self._rows), np.concatenate(self._marks)
        utterances, known = _utterances(corpus, np.sort(marks), tell)
        parts = -(-len(marks) // PLACED_AT_ONCE)
        for part in range(parts):
            some = rows.take(pa.array(np.flatnonzero(marks % parts == part)))
            yield _placed(some, utterances.take(pa.array(np.flatnonzero(known % parts == part))))
            tell(f"{count(part + 1)} of {count(parts)} parts of the rows placed")


def _utterances(corpus: Corpus, wanted: np.ndarray, tell: Tell) -> tuple[pa.Table, np.ndarray]:
    """The utterances whose files are called like one that is ``wanted`` (ascending), and the marks of their names."""
    channel = ("channel",) if any(column.name == "channel" for column in corpus.columns) else ()
    found: list[pa.Table] = []
    marks = [np.empty(0, np.uint64)]
    for batch in watched(corpus, ("audio", "offset", "duration", *channel), tell):
        mark = _marks(batch.column("audio").to_pylist())
        # Not np.isin: that would sort all that is wanted again for every batch.
        places = np.minimum(np.searchsorted(wanted, mark), len(wanted) - 1)
        kept = np.flatnonzero(wanted[places] == mark)
        some = pa.Table.from_batches([batch]).take(pa.array(kept))
        texts = [as_text(value) for value in some["channel"].to_pylist()] if channel else [None] * len(kept)
        names = ("row", "audio", "offset", "duration")
        found.append(pa.table({**{name: some[name] for name in names}, "channel": pa.array(texts, pa.string())}))
        marks.append(mark[kept])
    return pa.concat_tables(found), np.concatenate(marks)


def _placed(rows: pa.Table, utterances: pa.Table) -> Placed:
    """Place rows among utterances."""
    audio, *known = (utterances[name].to_pylist() for name in ("audio", "offset", "duration", "channel", "row"))
    sounds = SoundPlaces(zip(audio, zip(*known, strict=True), strict=True))
    places: list[int] = []
    found: list[int] = []
    left_out: list[tuple[int, str, str]] = []
    for place, values in enumerate(zip(*(rows[name].to_pylist() for name in SPOKEN), strict=True)):
        row = Spoken(*values)
        its, reason, kind = sounds.place(row)
        if its is None:
            left_out.append((row.line, reason, kind))
        else:
            places.append(place)
            found.append(its)
    taken = rows.select(["line", "text"]).take(pa.array(places, pa.int64())).combine_chunks()
    texts = taken["text"].combine_chunks()
    return Placed(np.array(found, np.int64), taken["line"].to_numpy(), texts, left_out)


def _marks(audio: Sequence[str]) -> np.ndarray:
    """A number for each file's name without its ending: files of one stem have the same."""
    hashes = [hash(stem_of_path(name)) for name in audio]
    return np.array(hashes, np.int64).view(np.uint64)
