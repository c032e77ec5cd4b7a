"""What comparisons of a corpus read again and again, kept in memory: score tables, word errors, words of references.

An entry belongs to one version of a corpus and one filter, and never gets stale; the least recently used go when all
together are larger than MOST_BYTES. Words of a whole corpus are kept in a folder, too.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from evaluator.comparing.speed import Speed, told_by_rows
from evaluator.scoring.mean_accuracy import ReferenceWords, reference_words
from evaluator.scoring.score_columns import normalizer_of, scored_systems
from evaluator.scoring.score_table import Marks, ScoreTable, marks_of, score_table, written_numbers
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.query import Query

MOST_BYTES = 200_000_000

T = TypeVar("T")


class TableStore:
    """Reads and remembers; safe from several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES, *, folder: Path | None = None) -> None:
        self._most = most_bytes
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def table(self, corpus: Corpus, query: Query, blocks: str | None) -> ScoreTable:
        """The scores of all systems of the corpus on the rows of a query.

        Raises:
            QueryError: there is no column ``blocks``.
        """
        systems = scored_systems(corpus)
        return self._get(("table", *_key(corpus, query), blocks), lambda: score_table(corpus, query, systems, blocks))

    def marks(self, corpus: Corpus, query: Query, system: str) -> Marks:
        """The word errors of a system on the rows of ``table(corpus, query, ...)``.

        Raises:
            QueryError: they are not there any more.
        """
        return self._get(
            ("marks", *_key(corpus, query), system),
            lambda: marks_of(corpus, self.table(corpus, query, None), system),
        )

    def written(self, corpus: Corpus, query: Query, system: str) -> np.ndarray | None:
        """Punctuation and capitals of a system on the rows of ``table(corpus, query, ...)``, see score_table.py."""
        return self._get(("written", *_key(corpus, query), system), lambda: written_numbers(corpus, query, system))

    def words(self, corpus: Corpus, query: Query) -> ReferenceWords:
        """The words of the references on the rows of ``table(corpus, query, ...)``."""
        chosen = normalizer_of(corpus)
        if chosen is None:
            raise QueryError(f'"{corpus.name}" has no scored system')
        make = partial(reference_words, corpus, query, chosen, folder=self._folder)
        return self._get(("words", *_key(corpus, query)), make)

    def speeds(self, corpus: Corpus) -> dict[str, Speed]:
        """How fast systems were, as times of utterances tell it."""
        return self._get(("speeds", corpus.key), lambda: told_by_rows(corpus))

    def _get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key][0]
                return found
        made = make()
        with self._lock:
            self._kept[key] = made, _bytes(made)
            while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return made


def _key(corpus: Corpus, query: Query) -> tuple[Hashable, ...]:
    return corpus.key, replace(query, sort=())


def _bytes(entry: object) -> int:
    """The memory of an entry's arrays."""
    if isinstance(entry, ScoreTable):
        numbers = [array for counts in entry.numbers.values() for array in counts.values()]
        arrays = [entry.rows, *entry.scored.values(), *numbers, *([] if entry.blocks is None else [entry.blocks])]
        return sum(array.nbytes for array in arrays)
    if isinstance(entry, np.ndarray):
        return int(entry.nbytes)
    if isinstance(entry, Marks):
        return entry.row.nbytes + entry.place.nbytes + entry.inserted.nbytes
    if isinstance(entry, ReferenceWords):
        return entry.codes.nbytes + entry.ends.nbytes + int(entry.vocabulary.nbytes)
    return 0
