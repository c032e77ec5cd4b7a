"""Distributions and totals: histograms of numbers, frequent values of everything else, and what a corpus amounts to.

Conventions: bins are half-open, [start, end), but the last one includes its end. Rows without a value, and NaN and
infinities, are ``missing``. Durations are seconds, ``hours`` are hours of known duration.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.errors import QueryError
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
SMALLEST_SPAN = 1e-290  # below, a power of ten times a width is no longer an exact float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of a number column in bins of equal width: ``edges`` has one more entry than ``counts``.

    Without a single value both are empty and the four numbers are None.
    """

    column: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    median: float | None


@dataclass(frozen=True, slots=True)
class TopValues:
    """The most frequent values of a column with their counts; ``other`` rows have one of the ``distinct`` rest."""

    column: str
    values: tuple[tuple[Any, int], ...]
    distinct: int
    missing: int
    other: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a corpus amounts to. ``words`` are running words, ``vocabulary`` different ones, both of the references."""

    utterances: int
    hours: float
    unknown_durations: int
    words: int
    characters: int
    vocabulary: int
    alphabet: dict[str, int]
    without_reference: int
    problem_count: int
    problem_kinds: dict[str, int]

    @property
    def mean_duration(self) -> float | None:
        """Hours of an utterance whose duration is known; None when none is."""
        known = self.utterances - self.unknown_durations
        return self.hours / known if known else None


def histogram(corpus: Corpus, query: Query, column: str, *, bins: int = 40) -> Histogram:
    """The distribution of a number column over the rows of ``query``, in at most ``bins`` bins with round edges.

    Raises:
        QueryError: there is no such column, or it holds no numbers.
    """
    if corpus.column(column).kind != "number":
        raise QueryError(f'"{column}" has no numbers; ask for its most frequent values instead')
    numbers = corpus.numbers(column)
    selected = numbers if not query.selects else numbers[corpus.rows(query)]
    known = selected[np.isfinite(selected)]
    missing = int(selected.size - known.size)
    if not known.size:
        return Histogram(column, (), (), missing, None, None, None, None)
    low, high = float(known.min()), float(known.max())
    whole = bool(np.all(known == np.floor(known))) and high < 2**53
    edges = round_edges(low, high, bins, whole=whole)
    counts, _ = np.histogram(known, bins=edges)
    return Histogram(
        column,
        tuple(edges.tolist()),
        tuple(counts.tolist()),
        missing,
        low,
        high,
        float(known.mean()),
        float(np.median(known)),
    )


def round_edges(low: float, high: float, bins: int, *, whole: bool = False) -> np.ndarray:
    """Edges of at most ``bins`` equal bins from ``low`` to ``high`` whose width is 1, 2, 2.5 or 5 times a power of ten.

    ``whole`` numbers get bins of whole width, so that none is empty by construction; they start at ``low`` itself when
    the width is 1. Where rounding is impossible (nearly equal, huge numbers) the edges are evenly spaced.
    """
    if low == high:
        half = 0.5 if abs(low) < 2**50 else abs(low) / 2
        return np.array([low, low + 1.0]) if whole and abs(low) < 2**50 else np.array([low - half, low + half])
    span = high - low
    if not math.isfinite(span) or span < max(SMALLEST_SPAN, 1e-9 * max(abs(low), abs(high))):
        return np.unique(np.append(low + (high / bins - low / bins) * np.arange(bins), high))
    least = span / max(1, bins - 1)
    power = 10.0 ** math.floor(math.log10(least))
    width = next(step * power for step in NICE_STEPS if step * power >= least * (1 - 1e-9))
    if whole:
        width = max(1.0, math.ceil(width))
    first = math.floor(low / width + 1e-9)
    count = max(1, math.floor((high - first * width) / width + 1e-9) + 1)
    # Multiplying, not adding up, keeps the edges as near to round numbers as floats can be.
    edges = (first + np.arange(count + 1)) * width
    digits = max(0, 2 - math.floor(math.log10(width)))
    edges = np.round(edges, digits) if digits <= 12 else edges
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    return edges


def top_values(corpus: Corpus, query: Query, column: str, *, limit: int = 20) -> TopValues:
    """The ``limit`` most frequent values of a column over the rows of ``query``; ties in the order of the values.

    Raises:
        QueryError: there is no such column.
    """
    values, distinct, missing, known = corpus.counted(query, column, limit)
    return TopValues(column, tuple(values), distinct, missing, known - sum(count for _, count in values))


def statistics(corpus: Corpus, query: Query | None = None) -> Statistics:
    """What a corpus, or the rows of a query, amount to.

    The whole was counted while it was built and costs next to nothing; the texts of a part are counted now. Problems
    are always those of the whole: a line that could not be read passes no filter.

    Raises:
        QueryError: the query does not fit the corpus.
    """
    if query is not None and query.selects:
        return _statistics_of(corpus, query)
    extent = corpus.extent(Query())
    known = corpus.counts
    return Statistics(
        utterances=corpus.size,
        hours=extent.hours,
        unknown_durations=extent.unknown_durations,
        words=known["words"],
        characters=known["characters"],
        vocabulary=known["vocabulary"],
        alphabet=dict(corpus.alphabet),
        without_reference=known["without_reference"],
        problem_count=corpus.problem_count,
        problem_kinds=dict(corpus.problem_kinds),
    )


def word_counts(corpus: Corpus, query: Query) -> Counter[str]:
    """How often each word, as ``str.split`` gives them, occurs in the references of the query's rows."""
    if not query.selects:
        return Counter(dict(corpus.words(corpus.counts["vocabulary"])))
    counts: Counter[str] = Counter()
    for text in _references(corpus, query):
        counts.update((text or "").split())
    return counts


def _references(corpus: Corpus, query: Query) -> Iterator[str | None]:
    for batch in corpus.batches(("reference",), query):
        yield from batch.column("reference").to_pylist()


def _statistics_of(corpus: Corpus, query: Query) -> Statistics:
    extent = corpus.extent(query)
    vocabulary = word_counts(corpus, query)
    alphabet: Counter[str] = Counter()
    without = 0
    for text in _references(corpus, query):
        without += text is None
        alphabet.update(text or "")
    return Statistics(
        utterances=extent.utterances,
        hours=extent.hours,
        unknown_durations=extent.unknown_durations,
        words=vocabulary.total(),
        characters=alphabet.total(),
        vocabulary=len(vocabulary),
        alphabet=dict(sorted(alphabet.items(), key=lambda entry: (-entry[1], entry[0]))),
        without_reference=without,
        problem_count=corpus.problem_count,
        problem_kinds=dict(corpus.problem_kinds),
    )
