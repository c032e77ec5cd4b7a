"""Scatter: how often utterances have so many errors under one system and so many under another, as a density of cells.

Conventions: utterances are those that both systems were scored on. A cell is a pair of half-open intervals of the two
numbers, [low, high), the last of each open to above, so that every utterance is in exactly one cell and a browser never
gets more than CELLS of them. ``of`` is "errors" (words substituted, left out and added) or "wer" (a fraction, which an
empty reference has not: such utterances are ``undefined`` and in no cell). Any choice of cells is a Query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np
import pyarrow.compute as pc

from evaluator.comparing.shared_rows import shared
from evaluator.comparing.slicing import narrowed
from explorer.corpora.corpus import Corpus
from explorer.errors import ExpressionError, QueryError
from explorer.querying.expression import field_text, parse
from explorer.querying.query import Filter, Query, Test

Of = Literal["errors", "wer"]

BINS = 40
CELLS = BINS * BINS
TAIL = 0.001
"""Share of the utterances that the last intervals may hold together."""
STEPS = (0.01, 0.02, 0.025, 0.05)
"""Widths of intervals of rates: whole or half per cents, which are the same numbers when written as per cents."""
MOST = 1.0
"""Rates from here on share the last interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """``edges`` are where the intervals of both numbers begin; cell (x, y), places in ``edges``, holds ``counts``.

    ``better`` utterances have a smaller number under the second system, ``worse`` a greater one.
    """

    systems: tuple[str, str]
    of: Of
    rows: Query
    utterances: int
    undefined: int
    edges: tuple[float, ...]
    x: np.ndarray
    y: np.ndarray
    counts: np.ndarray
    better: int
    equal: int
    worse: int


def density(corpus: Corpus, query: Query, first: str, second: str, of: Of) -> Density:
    """The numbers of two systems for the rows of a query, counted in cells.

    Raises:
        QueryError: a system has no scores here, or the query does not fit the columns.
    """
    rows = replace(shared(corpus, query, [first, second]), sort=())
    names = [f"{of}_{first}", f"{of}_{second}"]
    parts, utterances = [np.zeros((2, 0))], 0
    for batch in corpus.batches(names, rows):
        known = pc.and_(batch.column(1).is_valid(), batch.column(2).is_valid())
        kept = batch.filter(known)
        parts.append(np.stack([kept.column(name).to_numpy() for name in names]).astype(np.float64))
        utterances += batch.num_rows
    values = np.concatenate(parts, axis=1)
    edges = _edges(values, of)
    x, y = (np.searchsorted(edges, numbers, side="right") - 1 for numbers in values)
    cells, counts = np.unique(x * BINS * 2 + y, return_counts=True)
    return Density(
        systems=(first, second),
        of=of,
        rows=rows,
        utterances=utterances,
        undefined=utterances - values.shape[1],
        edges=tuple(edges.tolist()),
        x=cells // (BINS * 2),
        y=cells % (BINS * 2),
        counts=counts,
        better=int((values[1] < values[0]).sum()),
        equal=int((values[1] == values[0]).sum()),
        worse=int((values[1] > values[0]).sum()),
    )


def _edges(values: np.ndarray, of: Of) -> np.ndarray:
    """At most BINS rising numbers from 0 on."""
    highest = float(np.quantile(values, 1 - TAIL, method="higher")) if values.size else 0.0
    if of == "errors":
        width = max(1, int(np.ceil((highest + 1) / BINS)))
        return np.arange(0, min(BINS, int(highest // width) + 1), dtype=np.float64) * width
    highest = min(highest, MOST)
    step = next((step for step in STEPS if highest / step <= BINS - 1), STEPS[-1])
    return np.round(np.arange(0, int(round(highest / step, 6)) + 1) * step, 6)


def cells_query(found: Density, cells: Iterable[tuple[int, int]]) -> Query:
    """The utterances of some cells.

    Raises:
        QueryError: there are none, or their outline takes more conditions than a filter can have.
    """
    boxes = _boxes(cells)
    if not boxes:
        raise QueryError("nothing is selected")
    first, second = (f"{found.of}_{system}" for system in found.systems)
    if len(boxes) == 1:
        [(x, y)] = boxes
        filters = [Filter(name, (test,)) for name, span in ((first, x), (second, y)) for test in _tests(found, span)]
        return narrowed(found.rows, Query(tuple(filters)))
    told = " || ".join(f"({_written(found, first, x, second, y)})" for x, y in boxes)
    try:
        query = narrowed(found.rows, Query(where=told))
        parse(query.where)
    except ExpressionError:
        raise QueryError("this outline is too intricate for a filter; draw a simpler one, or a box") from None
    return query


def _boxes(cells: Iterable[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The cells as rectangles, ((first x, last x), (first y, last y)), as few as adjoining columns allow."""
    columns: dict[int, tuple[tuple[int, int], ...]] = {}
    for x, inside in groupby(sorted(set(cells)), key=lambda cell: cell[0]):
        columns[x] = _runs([y for _, y in inside])
    boxes = []
    for _, alike in groupby(sorted(columns), key=lambda x: columns[x]):
        places = list(alike)
        boxes += [(across, up) for across in _runs(places) for up in columns[places[0]]]
    return boxes


def _runs(places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Rising places as runs of neighbours."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = runs[-1][0], place
        else:
            runs.append((place, place))
    return tuple(runs)


def _bounds(found: Density, span: tuple[int, int]) -> tuple[float | None, float | None]:
    """The low and the high end of a run of intervals; None where it is open."""
    low, last = span
    high = found.edges[last + 1] if last + 1 < len(found.edges) else None
    return (found.edges[low] if low else None), high


def _tests(found: Density, span: tuple[int, int]) -> list[Test]:
    low, high = _bounds(found, span)
    return [Test(name, end) for name, end in (("ge", low), ("lt", high)) if end is not None] or [Test("filled")]


def _written(found: Density, first: str, x: tuple[int, int], second: str, y: tuple[int, int]) -> str:
    unit = "%" if found.of == "wer" else ""
    parts = []
    for name, span in ((first, x), (second, y)):
        ends = _bounds(found, span)
        tests = [(sign, end) for sign, end in zip((">=", "<"), ends, strict=True) if end is not None]
        parts += [f"{field_text(name)} {sign} {100 * end if unit else end:.6g}{unit}" for sign, end in tests]
        parts += [] if tests else [f"{field_text(name)} is not empty"]
    return " && ".join(parts)
