"""The listening room's rows: some sentences of a stimulus set, with what every reading is and how it scores.

A query chooses sentences: those of which any reading fits it, in the order in which their readings come. All readings
of a chosen sentence are shown, so what is missing is missing from the set and not hidden by a filter; those that fit
are marked. The round trip is the error count of a recognizer's transcript against the text that was to be read: a
witness of intelligibility, good for finding broken readings, and no measure of how natural a voice sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluator.scoring.error_rate import ErrorCounts
from evaluator.tts.stimulus_set import Role, Sentence, Stimulus, StimulusSet
from explorer.columns import Column
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query

COUNTS = ("hits", "substitutions", "deletions", "insertions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A reading as the room shows it: what ``heard`` by a recognizer and its counts, its score, whether it fits."""

    stimulus: Stimulus
    heard: str | None
    counts: ErrorCounts | None
    score: float | None
    fits: bool


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A sentence and its readings by system; None is a missing one."""

    sentence: Sentence
    cells: Mapping[str, Cell | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSystem:
    """A column over all chosen sentences: how many it read, their mean length, pooled round trip and mean score."""

    name: str
    role: Role
    sentences: int
    seconds: float | None
    counts: ErrorCounts | None
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPage:
    """The rows ``start`` to ``stop`` of ``total`` chosen sentences; ``missing`` readings among those."""

    systems: tuple[RoomSystem, ...]
    rows: tuple[RoomRow, ...]
    total: int
    missing: int


def room_page(
    corpus: Corpus,
    stimuli: StimulusSet,
    query: Query,
    *,
    start: int,
    stop: int,
    recognizer: str | None = None,
    score: str | None = None,
    only_gaps: bool = False,
) -> RoomPage:
    """The chosen sentences ``start`` <= number < ``stop``, and every system over all that are chosen.

    ``recognizer`` is a system of the corpus whose transcripts are shown, ``score`` a number column; ``only_gaps``
    leaves out sentences that every system has read.

    Raises:
        QueryError: the query does not fit the corpus's columns, or there is no such column.
    """
    fitting = frozenset(corpus.rows(query).tolist()) if query.selects else None
    keys = chosen_sentences(corpus, stimuli, query)
    if only_gaps:
        gaps = {sentence for sentence, _ in stimuli.missing()}
        keys = [key for key in keys if key in gaps]
    known = {sentence.key: sentence for sentence in stimuli.sentences}
    values = _Values(corpus, recognizer, score)
    shown = keys[max(0, start) : max(0, stop)]
    heard = _transcripts(corpus, stimuli, shown, recognizer)
    rows = []
    for key in shown:
        own = stimuli.cells[key]
        cells: dict[str, Cell | None] = {}
        for system in stimuli.systems:
            stimulus = own.get(system.name)
            cells[system.name] = None if stimulus is None else values.cell(stimulus, heard, fitting)
        rows.append(RoomRow(known[key], cells))
    missing = frozenset(keys)
    return RoomPage(
        systems=tuple(_over(stimuli, keys, system.name, system.role, values) for system in stimuli.systems),
        rows=tuple(rows),
        total=len(keys),
        missing=sum(sentence in missing for sentence, _ in stimuli.missing()),
    )


def score_columns(corpus: Corpus) -> tuple[Column, ...]:
    """The columns that can be shown as a score of each reading: numbers that are visible."""
    return tuple(c for c in corpus.columns if c.kind == "number" and not c.hidden and c.name not in ("offset", "line"))


def chosen_sentences(corpus: Corpus, stimuli: StimulusSet, query: Query) -> list[str]:
    """The keys of the chosen sentences in their order."""
    if query == Query():
        return [sentence.key for sentence in stimuli.sentences]
    of_row = {stimulus.row: stimulus.sentence for stimulus in stimuli.readings()}
    found = (of_row.get(row) for row in corpus.rows(query).tolist())
    return list(dict.fromkeys(key for key in found if key is not None))


class _Values:
    """Counts and scores by row, read once for the whole corpus: 10,000 rows take some milliseconds."""

    def __init__(self, corpus: Corpus, recognizer: str | None, score: str | None) -> None:
        present = {column.name for column in corpus.columns}
        names = [f"{kind}_{recognizer}" for kind in COUNTS] if recognizer else []
        self._counts = [corpus.numbers(name) for name in names] if names and present.issuperset(names) else None
        self._score = corpus.numbers(score) if score else None

    def counts(self, row: int) -> ErrorCounts | None:
        if self._counts is None or any(np.isnan(column[row]) for column in self._counts):
            return None
        return ErrorCounts(*(int(column[row]) for column in self._counts))

    def score(self, row: int) -> float | None:
        return None if self._score is None or np.isnan(self._score[row]) else float(self._score[row])

    def cell(self, stimulus: Stimulus, heard: Mapping[int, str | None], fitting: frozenset[int] | None) -> Cell:
        row = stimulus.row
        return Cell(
            stimulus=stimulus,
            heard=heard.get(row),
            counts=self.counts(row) if heard.get(row) is not None else None,
            score=self.score(row),
            fits=fitting is not None and row in fitting,
        )


def _transcripts(
    corpus: Corpus, stimuli: StimulusSet, keys: Sequence[str], recognizer: str | None
) -> dict[int, str | None]:
    if recognizer is None:
        return {}
    rows = sorted({stimulus.row for key in keys for stimulus in stimuli.cells[key].values()})
    listed: list[tuple[str, list[Any]]] = corpus.listed(np.array(rows, np.int32), (f"hypothesis_{recognizer}",))
    return {row: values[0] for row, (_, values) in zip(rows, listed, strict=True)}


def _over(stimuli: StimulusSet, keys: Sequence[str], name: str, role: Role, values: _Values) -> RoomSystem:
    own = [stimuli.cells[key][name] for key in keys if name in stimuli.cells[key]]
    lengths = [stimulus.duration for stimulus in own if stimulus.duration is not None]
    counts = [found for stimulus in own if (found := values.counts(stimulus.row)) is not None]
    scores = [score for stimulus in own if (score := values.score(stimulus.row)) is not None]
    return RoomSystem(
        name=name,
        role=role,
        sentences=len(own),
        seconds=sum(lengths) / len(lengths) if lengths else None,
        counts=sum(counts, ErrorCounts.zero()) if counts else None,
        score=sum(scores) / len(scores) if scores else None,
    )
