"""Slicing: which slice each row of a query falls into, with the query that selects exactly a slice's rows.

Conventions: intervals are half-open, [low, high), the first and the last are open to the outside. Rows without a value
(and with an empty text) are a slice of their own, "no value". Of a column with very many values, the MOST_VALUES with
most reference words have slices, the rest together is "others". Empty slices are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.comparing.slots import Slot
from explorer.columns import Column
from explorer.errors import QueryError
from explorer.formatting import count
from explorer.formatting import value as printed
from explorer.querying.expression import Condition, Literal
from explorer.querying.query import Filter, Query, Test

MOST_VALUES = 50
FEW_VALUES = 8
"""A number column with at most so many different values is sliced by value, not by interval."""
PARTS = 5
"""Slices of a number column whose edges nobody has given: quintiles."""
DIGITS = 3
LONGEST_LIST = 4_000
"""Characters of the values that "others" are not: an expression cannot be much longer."""
NO_VALUE = "no value"
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Slicing:
    """``labels`` and ``queries`` of the slices; ``places``, int64 (rows,), the slice of every row; ``note`` says what
    the reader has to know about the column, "" when nothing."""

    labels: tuple[str, ...]
    queries: tuple[Query, ...]
    places: np.ndarray
    note: str = ""


def slicing(column: Column, values: pa.ChunkedArray, words: np.ndarray, slot: Slot) -> Slicing:
    """Divide rows by their ``values``; ``words``, int64 (rows,), are the rows' reference words.

    Raises:
        QueryError: the slot does not fit the column.
    """
    if column.kind == "json":
        raise QueryError(f"{column.label} holds nested values, which cannot be sliced by; choose another column")
    if slot.edges and column.kind != "number":
        raise QueryError(f"{column.label} has no numbers, so it has no intervals; leave the edges out")
    if column.kind == "number" and not slot.groups:
        return _without_empty(_by_number(column, values, slot.edges))
    if column.kind == "number":
        raise QueryError(f"{column.label} has numbers; give the edges of intervals, such as {column.name}:1,2")
    return _without_empty(_by_value(column, values, words, slot.groups))


def narrowed(query: Query, by: Query) -> Query:
    """The rows of both."""
    where = " && ".join(f"({part})" if other else part for part, other in _parts(query.where, by.where))
    return replace(query, filters=(*query.filters, *by.filters), where=where)


def _parts(first: str, second: str) -> list[tuple[str, str]]:
    return [(part, other) for part, other in ((first, second), (second, first)) if part]


def _by_number(column: Column, values: pa.ChunkedArray, edges: Sequence[float]) -> Slicing:
    known = pc.is_valid(values).to_numpy()
    numbers = pc.fill_null(values, 0).to_numpy()
    found = numbers[known]
    note = ""
    if not edges:
        distinct = np.unique(found)
        if distinct.size <= FEW_VALUES and np.isfinite(distinct).all():
            return _by_each(column, values, known, distinct)
        edges = _quantiles(found[np.isfinite(found)])
        note = f"Intervals with about as many utterances each ({PARTS} of them, where values allow)."
    places = np.full(len(numbers), len(edges) + 1, np.int64)
    places[known] = np.searchsorted(np.asarray(edges, np.float64), found, side="right")
    ends = [_edge(column, edge) for edge in edges]
    unit = f"\u00a0{column.unit or 's'}" if column.unit or column.style == "seconds" else ""
    inner = [f"{low} – {high}{unit}" for low, high in pairwise(ends)]
    labels = (f"< {ends[0]}{unit}", *inner, f"≥ {ends[-1]}{unit}", NO_VALUE) if ends else ("all", NO_VALUE)
    bounds: list[tuple[Test, ...]] = [()]
    for edge in edges:
        bounds[-1] = (*bounds[-1], Test("lt", edge))
        bounds.append((Test("ge", edge),))
    queries = [Query(tuple(Filter(column.name, (test,)) for test in tests)) for tests in bounds]
    return Slicing(labels, (*queries, _no_value(column)), places, note)


def _by_each(column: Column, values: pa.ChunkedArray, known: np.ndarray, distinct: np.ndarray) -> Slicing:
    """A slice for each of a few numbers."""
    places = np.full(len(known), distinct.size, np.int64)
    places[known] = np.searchsorted(distinct, pc.fill_null(values, 0).to_numpy()[known])
    each = distinct.tolist()
    note = _constant(column, each, bool(known.all()))
    queries = [Query((Filter(column.name, (Test("eq", number),)),)) for number in each]
    labels = (*(printed(column, number) for number in each), NO_VALUE)
    return Slicing(labels, (*queries, _no_value(column)), places, note)


def _quantiles(found: np.ndarray) -> list[float]:
    """Edges between parts of about the same size, rounded to a few digits."""
    wanted = np.quantile(found, np.arange(1, PARTS) / PARTS) if found.size else np.zeros(0)
    rounded = {float(f"{edge:.{DIGITS}g}") for edge in wanted.tolist()}
    return sorted(edge for edge in rounded if found.min() < edge <= found.max())


def _edge(column: Column, edge: float) -> str:
    return f"{100 * edge if column.style == 'percent' else edge:,.6g}"


def _by_value(
    column: Column, values: pa.ChunkedArray, words: np.ndarray, groups: tuple[tuple[str, ...], ...]
) -> Slicing:
    encoded = values.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy()
    each: list[Any] = encoded.dictionary.to_pylist()
    blank = np.array([value == "" for value in each] + [True])  # the last is that of -1
    missing = blank[codes]
    note = ""
    if not groups:
        weights = np.bincount(codes[~missing], weights=words[~missing] + 1e-9, minlength=len(each))
        order = [place for place in np.argsort(-weights, kind="stable").tolist() if not blank[place]]
        kept = order[:MOST_VALUES]
        while sum(len(str(each[place])) + 4 for place in kept) > LONGEST_LIST:
            kept.pop()
        if len(kept) < len(order):
            note = (
                f"{count(len(order))} different values: the {count(len(kept))} with most words have a slice, "
                f"the rest is “{OTHERS}”. A column with fewer values says more."
            )
        else:
            note = _constant(column, [each[place] for place in order], not missing.any())
        members: list[tuple[Any, ...]] = [(each[place],) for place in kept]
    else:
        members = [tuple(group) for group in groups]
    slice_of = {value: number for number, group in enumerate(members) for value in group}
    of_code = np.array([slice_of.get(_key(value, groups), len(members)) for value in each] + [-1], np.int64)
    places = np.where(missing, len(members) + 1, of_code[codes])
    labels = [", ".join(str(printed(column, value)) for value in group) for group in members]
    queries = [Query((Filter(column.name, tuple(_eq(column, value) for value in group)),)) for group in members]
    listed = tuple(Literal(str(value)) for group in members for value in group)
    filled = Query((Filter(column.name, (Test("filled"),)),))
    others = replace(filled, where=str(Condition(column.name, "outside", listed))) if listed else filled
    return Slicing((*labels, OTHERS, NO_VALUE), (*queries, others, _no_value(column)), places, note)


def _key(value: Any, groups: Sequence[Any]) -> Any:
    """What a group names a value by: groups are written as texts."""
    return (str(value).lower() if isinstance(value, bool) else str(value)) if groups else value


def _eq(column: Column, value: Any) -> Test:
    if column.kind == "flag" and isinstance(value, str):
        return Test("eq", value.lower() == "true")
    return Test("eq", value)


def _constant(column: Column, values: Sequence[Any], everywhere: bool) -> str:
    if len(values) == 1 and everywhere:
        return f"Every utterance has the same value: {column.label} divides nothing."
    return "" if values else f"No utterance has a value: {column.label} divides nothing."


def _no_value(column: Column) -> Query:
    return Query((Filter(column.name, (Test("empty"),)),))


def _without_empty(found: Slicing) -> Slicing:
    used = np.bincount(found.places, minlength=len(found.labels)) > 0
    renumbered = np.cumsum(used) - 1
    return Slicing(
        tuple(label for label, is_used in zip(found.labels, used, strict=True) if is_used),
        tuple(query for query, is_used in zip(found.queries, used, strict=True) if is_used),
        renumbered[found.places],
        found.note,
    )
