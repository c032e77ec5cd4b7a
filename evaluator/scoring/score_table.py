"""ScoreTable: the score columns of several systems for the rows of a query, as arrays that statistics work on.

Conventions: arrays have shape (rows,), in the order of the corpus; counts are int32, zero where not scored.
Word errors ("marks") are those of every rate: they were written when the scores were (scoring.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from evaluator.scoring.counting import EMPTY_REFERENCE, SCORED, marks_path
from evaluator.scoring.score_columns import score_overlay
from evaluator.scoring.written import NUMBERS as WRITTEN
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.query import Query

NUMBERS = ("hits", "substitutions", "deletions", "insertions", "character_errors", "reference_characters")


@dataclass(frozen=True, slots=True)
class Marks:
    """The word errors of one system on the rows of a table, in the order of rows and places.

    ``row`` (int64) numbers the table's rows from 0; ``place`` (int64) is the number of the reference word, of an
    insertion (``inserted``, bool) that of the word it stands before.
    """

    row: np.ndarray
    place: np.ndarray
    inserted: np.ndarray

    def of(self, chosen: np.ndarray) -> Marks:
        """Those on the rows of ``table.of(chosen)``."""
        if chosen.all():
            return self
        kept = chosen[self.row]
        return Marks((np.cumsum(chosen) - 1)[self.row[kept]], self.place[kept], self.inserted[kept])


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """``rows`` of the corpus; by system which were ``scored`` and the ``numbers`` counted; ``blocks``, a number for
    each row that tells which belong together, None when each stands alone."""

    rows: np.ndarray
    scored: dict[str, np.ndarray]
    numbers: dict[str, dict[str, np.ndarray]]
    blocks: np.ndarray | None

    def errors(self, system: str) -> np.ndarray:
        """Word errors in each row."""
        number = self.numbers[system]
        return np.asarray(number["substitutions"] + number["deletions"] + number["insertions"])

    def lengths(self, system: str) -> np.ndarray:
        """Reference words of each row."""
        number = self.numbers[system]
        return np.asarray(number["hits"] + number["substitutions"] + number["deletions"])

    def together(self, systems: Sequence[str]) -> np.ndarray:
        """Whether all of these systems were scored on a row."""
        return np.asarray(np.logical_and.reduce([self.scored[name] for name in systems]))

    def of(self, chosen: np.ndarray) -> ScoreTable:
        """The rows where ``chosen`` (bool) holds; this very table when it always does."""
        if chosen.all():
            return self
        return ScoreTable(
            self.rows[chosen],
            {system: scored[chosen] for system, scored in self.scored.items()},
            {system: {k: v[chosen] for k, v in numbers.items()} for system, numbers in self.numbers.items()},
            None if self.blocks is None else self.blocks[chosen],
        )


def written_numbers(corpus: Corpus, query: Query, system: str) -> np.ndarray | None:
    """What is counted of a system's texts as they are written (written.py): int64 (kinds, rows), the rows those of
    ``score_table``, zero where nothing was counted; None when that is not laid beside the corpus."""
    names = [f"{name}_{system}" for name in WRITTEN]
    if not {column.name for column in corpus.columns}.issuperset(names):
        return None
    batches = list(corpus.batches(names, query))
    if not batches:
        return np.zeros((len(names), 0), np.int64)
    found = pa.Table.from_batches(batches)
    return np.stack([pc.fill_null(found[name], 0).to_numpy().astype(np.int64) for name in names])


def score_table(corpus: Corpus, query: Query, systems: Sequence[str], blocks: str | None) -> ScoreTable:
    """The scores of systems that are laid beside the corpus; ``blocks`` names the column that holds rows together.

    They are read from the files that were laid, which takes a third of the time of asking for them row by row.

    Raises:
        QueryError: there is no such column, or scores were removed; opening the corpus anew makes them again.
    """
    rows = np.sort(corpus.rows(replace(query, sort=())))
    scored, numbers = {}, {}
    for system in systems:
        scored[system], numbers[system] = _read(corpus, rows, system)
    return ScoreTable(rows, scored, numbers, _blocks(corpus, query, blocks) if blocks else None)


def _read(corpus: Corpus, rows: np.ndarray, system: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Whether a system was scored on each of ``rows``, and its numbers, from its file."""
    columns = ["row", f"scoring_{system}", *(f"{name}_{system}" for name in NUMBERS)]
    found = _file(corpus, system, lambda path: path, "scores").read(columns=columns)
    place = np.full(corpus.size, -1, np.int64)
    place[found["row"].to_numpy()] = np.arange(found.num_rows)
    at = place[rows]
    known = at >= 0
    counted = pa.array([SCORED, EMPTY_REFERENCE])
    scored = pc.is_in(found[f"scoring_{system}"].cast(pa.string()), counted).to_numpy()
    values = {name: pc.fill_null(found[f"{name}_{system}"], 0).to_numpy().astype(np.int32) for name in NUMBERS}
    if len(rows) == found.num_rows and np.array_equal(at, np.arange(len(rows))):
        return scored, values
    if not found.num_rows:
        return known, {name: np.zeros(len(rows), np.int32) for name in NUMBERS}
    return known & scored[at], {name: np.where(known, numbers[at], 0) for name, numbers in values.items()}


def _file(corpus: Corpus, system: str, beside: Callable[[Path], Path], told: str) -> pyarrow.parquet.ParquetFile:
    """A file of a system's scores, the one ``beside`` it.

    Raises:
        QueryError: it is not there any more.
    """
    laid = score_overlay(corpus, system)
    try:
        if laid is not None:
            return pyarrow.parquet.ParquetFile(beside(laid.path))
    except FileNotFoundError:
        pass
    raise QueryError(f'the {told} of "{system}" are not in the cache any more; start again to make them')


def marks_of(corpus: Corpus, table: ScoreTable, system: str) -> Marks:
    """The word errors of a system on the rows of a table.

    Raises:
        QueryError: they were removed with old scores; opening the corpus anew makes them again.
    """
    found = _file(corpus, system, marks_path, "word errors").read()
    order = np.full(corpus.size, -1, dtype=np.int64)
    order[table.rows] = np.arange(len(table.rows))
    row = order[found["row"].to_numpy()]
    kept = row >= 0
    return Marks(row[kept], found["place"].to_numpy()[kept].astype(np.int64), found["inserted"].to_numpy()[kept])


def _blocks(corpus: Corpus, query: Query, column: str) -> np.ndarray:
    """A number for each value of a column on the rows of a query; rows without one are blocks of their own."""
    name = corpus.column(column).name
    batches = list(corpus.batches([name], query))
    if not batches:
        return np.zeros(0, np.int64)
    values = pa.Table.from_batches(batches)[name]
    codes = pc.fill_null(values.combine_chunks().dictionary_encode().indices.cast(pa.int64()), -1).to_numpy().copy()
    unknown = codes < 0
    codes[unknown] = codes.max(initial=-1) + 1 + np.arange(unknown.sum())
    return np.asarray(codes)
