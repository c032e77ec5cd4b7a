"""TTS material as a grid: the same sentences (rows) read by several systems (columns), gaps included.

A corpus is TTS material when it has a ``system`` field: which voice read the row. Rows belong to one sentence when
they have the same ``sentence_id``, or, in a corpus without that field, the same reference. Sentences come in the
order of their first row, systems in alphabetical order. When a system read a sentence twice, its first row stands in
the grid and the others are counted.

The round-trip error rate is the rate of a recognizer's transcript against the text that was to be read: a cheap
witness of intelligibility, good for finding broken utterances, and no measure of how natural a voice sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from evaluator.error_rate import ErrorCounts
from explorer.corpus import Corpus
from explorer.query import Filter, Query, Test

SYSTEM_FIELD = "system"
SENTENCE_FIELD = "sentence_id"
COUNTS = ("hits", "substitutions", "deletions", "insertions")


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One reading of a sentence. ``duration`` in seconds; ``counts`` is its round trip, None without a transcript."""

    id: str
    duration: float | None
    heard: str | None
    counts: ErrorCounts | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A row of the grid: its key and text, and per system its stimulus or None where there is none."""

    key: str
    text: str | None
    stimuli: Mapping[str, Stimulus | None]


@dataclass(frozen=True, slots=True)
class SystemSummary:
    """A column of the grid over all selected sentences.

    ``sentences`` it read, seconds of them, ``counts`` of its round trip (None without a recognizer's transcripts).
    """

    name: str
    sentences: int
    seconds: float
    counts: ErrorCounts | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Some of the sentences; ``total`` of them are selected, ``repeated`` rows have no cell of their own.

    ``without_sentence`` rows of the selection have no sentence or no system and cannot be placed.
    """

    systems: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    total: int
    repeated: int
    without_sentence: int


def is_tts(corpus: Corpus) -> bool:
    """Whether the corpus says which system read each row."""
    return any(column.name == SYSTEM_FIELD for column in corpus.columns)


def grid(corpus: Corpus, query: Query, *, start: int, stop: int, recognizer: str | None = None) -> Grid:
    """The sentences ``start`` <= number < ``stop`` of the query's rows, by every system that read any of them.

    Cells carry the transcript of ``recognizer`` (a system of the corpus) and, where score columns are laid beside
    the corpus, its error counts.

    Raises:
        QueryError: the corpus has no ``system`` field, or the query does not fit its columns.
    """
    key = _sentence_column(corpus)
    table = _texts(corpus, query, (SYSTEM_FIELD, key))
    placed = table.filter(pc.and_(_filled(table[SYSTEM_FIELD]), _filled(table[key])))
    systems = tuple(sorted(pc.unique(placed[SYSTEM_FIELD]).to_pylist()))
    keys = pc.unique(placed[key])
    cells = placed.group_by([key, SYSTEM_FIELD]).aggregate([]).num_rows
    shown: list[str] = keys.slice(max(0, start), max(0, stop - max(0, start))).to_pylist()
    rows = _rows_of(corpus, query, key, shown, recognizer)
    readings: dict[str, dict[str, Stimulus]] = {name: {} for name in shown}
    texts: dict[str, str | None] = {}
    for row in rows:
        name, system = _name(row[key]), _name(row[SYSTEM_FIELD])
        if not system or name not in readings:
            continue
        texts.setdefault(name, row["reference"])
        readings[name].setdefault(system, _stimulus(row, recognizer))
    return Grid(
        systems=systems,
        sentences=tuple(
            Sentence(name, texts.get(name), {system: readings[name].get(system) for system in systems})
            for name in shown
        ),
        total=len(keys),
        repeated=placed.num_rows - cells,
        without_sentence=table.num_rows - placed.num_rows,
    )


def summaries(
    corpus: Corpus, query: Query, systems: Sequence[str], *, recognizer: str | None = None
) -> tuple[SystemSummary, ...]:
    """Every system over the query's rows: how many sentences, how long, and its pooled round trip."""
    made = []
    for system in systems:
        own = replace(query, filters=(*query.filters, _equals(corpus, SYSTEM_FIELD, [system])), sort=())
        columns = _count_columns(corpus, recognizer)
        sums = corpus.totals(own, [*columns, "duration"])
        counts = ErrorCounts(*(round(sums[column]) for column in columns)) if columns else None
        made.append(SystemSummary(system, corpus.extent(own).utterances, sums["duration"], counts))
    return tuple(made)


def _sentence_column(corpus: Corpus) -> str:
    return SENTENCE_FIELD if any(column.name == SENTENCE_FIELD for column in corpus.columns) else "reference"


def _texts(corpus: Corpus, query: Query, columns: Sequence[str]) -> pa.Table:
    """The columns of the query's rows as text, in row order."""
    batches = list(corpus.batches(columns, query))
    if not batches:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    table = pa.Table.from_batches(batches)
    return pa.table({name: pc.cast(table[name], pa.string()) for name in columns})


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.not_equal(column, ""), False)


def _rows_of(
    corpus: Corpus, query: Query, key: str, names: Sequence[str], recognizer: str | None
) -> list[dict[str, Any]]:
    """The rows of these sentences, in row order."""
    if not names:
        return []
    narrowed = replace(query, filters=(*query.filters, _equals(corpus, key, names)), sort=())
    heard = [f"hypothesis_{recognizer}"] if recognizer else []
    columns = dict.fromkeys((SYSTEM_FIELD, key, "reference", "duration", *heard, *_count_columns(corpus, recognizer)))
    return corpus.page(narrowed, 0, corpus.extent(narrowed).utterances, tuple(columns))


def _name(value: Any) -> str:
    """A sentence's or system's name as Arrow casts it to text: whole numbers without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _equals(corpus: Corpus, column: str, values: Sequence[str]) -> Filter:
    """A filter for any of the values, which are texts even where the column holds numbers."""
    number = corpus.column(column).kind == "number"
    return Filter(column, tuple(Test("eq", float(value) if number else value) for value in values))


def _count_columns(corpus: Corpus, recognizer: str | None) -> tuple[str, ...]:
    """The columns with a recognizer's error counts, () where none are laid."""
    present = {column.name for column in corpus.columns}
    names = tuple(f"{kind}_{recognizer}" for kind in COUNTS)
    return names if recognizer and present.issuperset(names) else ()


def _stimulus(row: Mapping[str, Any], recognizer: str | None) -> Stimulus:
    heard = row.get(f"hypothesis_{recognizer}") if recognizer else None
    counted = [row.get(f"{kind}_{recognizer}") for kind in COUNTS]
    complete = heard is not None and all(count is not None for count in counted)
    counts = ErrorCounts(*(int(count) for count in counted if count is not None)) if complete else None
    return Stimulus(str(row["id"]), row["duration"], heard, counts)
