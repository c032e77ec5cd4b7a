"""Confusions: every edit of a system with its count, and what changed from one system to another, as a Listing.

Conventions: edits are those of edits.py, so that all substitutions, deletions and insertions together are the errors of
every rate. Two systems are counted on the utterances that both were scored on. ``count_<system>`` counts occurrences,
``utterances_<system>`` the utterances with one; ``change`` is occurrences of the second system minus those of the
first; ``gained`` are the utterances in which only the second has the edit, ``lost`` those in which only the first has.
Each of these numbers of utterances is that of the query that ``utterances_with`` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.comparing.shared_rows import shared
from evaluator.scoring.alignment import Kind
from evaluator.scoring.edits import column_name, parted
from evaluator.scoring.error_rate import ErrorCounts
from explorer.columns import Column
from explorer.corpora.corpus import Corpus
from explorer.querying.conditions import NO_BREAK, SEPARATOR
from explorer.querying.listing import Listing
from explorer.querying.query import Filter, Query, Test

TABS: dict[str, Kind] = {"confusions": "substitute", "deletions": "delete", "insertions": "insert"}
"""What a list of edits is called -> the kind of its edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusions:
    """The edits of one or two systems on ``rows`` (a query), ``utterances`` of them, with their pooled ``counts``.

    ``lists`` has a Listing for each of TABS.
    """

    systems: tuple[str, ...]
    rows: Query
    utterances: int
    counts: dict[str, ErrorCounts]
    lists: dict[str, Listing]

    @property
    def nbytes(self) -> int:
        """The memory of the lists."""
        return sum(listed.nbytes for listed in self.lists.values())


@dataclass(frozen=True, slots=True)
class _Found:
    """The edits of a system as numbers of ``codes``: how often, in how many utterances, and the first of these.

    ``pairs`` are utterance and edit, each pair once, as ``row * codes + code`` in their order.
    """

    counts: np.ndarray
    utterances: np.ndarray
    first: np.ndarray
    pairs: np.ndarray


def confusions(corpus: Corpus, query: Query, systems: Sequence[str]) -> Confusions:
    """Count the edits of one or two systems, which must be laid beside the corpus (edit_store.py).

    Raises:
        QueryError: a system has no scores or edits here, or the query does not fit the columns.
    """
    names = tuple(dict.fromkeys(systems))
    rows = replace(shared(corpus, query, names), sort=())
    read = [_read(corpus, rows, column_name(name)) for name in names]
    together = pa.chunked_array([edits for _, edits in read], pa.string()).combine_chunks().dictionary_encode()
    edits = together.dictionary.to_pylist()
    codes = np.split(together.indices.to_numpy(), np.cumsum([len(part) for _, part in read])[:-1])
    found = [_counted(places, code, len(edits)) for (places, _), code in zip(read, codes, strict=True)]
    parts = [parted(edit) for edit in edits]
    kinds = np.array([list(TABS.values()).index(kind) for kind, _, _ in parts], np.int8)
    return Confusions(
        systems=names,
        rows=rows,
        utterances=corpus.extent(rows).utterances,
        counts={name: _pooled(corpus, rows, name) for name in names},
        lists={
            tab: _listing(tab, names, edits, parts, np.flatnonzero(kinds == number), found)
            for number, tab in enumerate(TABS)
        },
    )


def utterances_with(edit: str, *, system: str, without: str = "") -> Query:
    """The utterances in which a system has an edit, and, where one is named, another system has not."""
    filters = [Filter(column_name(system), (Test("has", edit.replace(NO_BREAK, " ")),))]
    if without:
        filters.append(Filter(column_name(without), (Test("lacks", edit.replace(NO_BREAK, " ")),)))
    return Query(filters=tuple(filters))


def _read(corpus: Corpus, rows: Query, column: str) -> tuple[np.ndarray, pa.StringArray]:
    """Every edit of a column with the row it is in, row after row."""
    places, edits = [np.zeros(0, np.int64)], [pa.array([], pa.string())]
    for batch in corpus.batches([column], rows):
        kept = batch.filter(pc.is_valid(batch.column(column)))
        lists = pc.split_pattern(kept.column(column), SEPARATOR)
        places.append(np.repeat(kept.column("row").to_numpy(), pc.list_value_length(lists).to_numpy()))
        edits.append(lists.flatten())
    return np.concatenate(places), pa.concat_arrays(edits)


def _counted(places: np.ndarray, codes: np.ndarray, size: int) -> _Found:
    pairs = np.unique(places.astype(np.int64) * max(1, size) + codes)
    rows, edits = np.divmod(pairs, max(1, size))
    first = np.full(size, -1, np.int64)
    first[edits[::-1]] = rows[::-1]  # of several, the last that is written is the first
    return _Found(np.bincount(codes, minlength=size), np.bincount(edits, minlength=size), first, pairs)


def _pooled(corpus: Corpus, rows: Query, system: str) -> ErrorCounts:
    names = ("hits", "substitutions", "deletions", "insertions")
    sums = corpus.totals(rows, [f"{name}_{system}" for name in names])
    return ErrorCounts(*(round(sums[f"{name}_{system}"]) for name in names))


def _listing(
    tab: str,
    systems: tuple[str, ...],
    edits: Sequence[str],
    parts: Sequence[tuple[Kind, str | None, str | None]],
    chosen: np.ndarray,
    found: Sequence[_Found],
) -> Listing:
    """The edits of one kind, the most frequent first, or those that changed most."""
    size = len(edits)
    columns: list[Column] = []
    content: dict[str, np.ndarray] = {}

    def add(name: str, label: str, told: str, values: np.ndarray, **options: object) -> None:
        given = {"kind": "number", "style": "integer", "origin": "derived"} | options
        columns.append(Column(name=name, label=label, help=told, **given))  # type: ignore[arg-type]
        content[name] = values[chosen]

    for name, one in zip(systems, found, strict=True):
        told = f"How often {name} did this."
        add(f"count_{name}", name, told, one.counts, better="lower", system=name)
        told = f"In how many utterances {name} did this."
        hidden = len(systems) > 1
        add(f"utterances_{name}", f"Utterances {name}", told, one.utterances, system=name, hidden=hidden)
    first = found[0].first
    if len(systems) == 2:
        a, b = found
        both = np.bincount(np.intersect1d(a.pairs, b.pairs, assume_unique=True) % max(1, size), minlength=size)
        told = f"Occurrences of {systems[1]} minus those of {systems[0]}: negative is better."
        add("change", "Change", told, b.counts - a.counts, better="lower")
        told = f"Utterances in which {systems[1]} does this and {systems[0]} does not."
        add("gained", "New", told, b.utterances - both, better="lower")
        told = f"Utterances in which {systems[0]} does this and {systems[1]} does not."
        add("lost", "Gone", told, a.utterances - both, better="higher")
        first = np.where(first < 0, b.first, first)
        weight = np.abs(b.counts - a.counts)[chosen] * (2 * size + 1) + (a.counts + b.counts)[chosen]
    else:
        weight = found[0].counts[chosen]
    order = np.lexsort((first[chosen], -weight)) if chosen.size else chosen
    words = [
        _word(name, label, told)
        for name, label, told, kind in (
            ("word", "Said", "The word of the reference.", "insert"),
            ("heard", "Heard", "The word of the hypothesis.", "delete"),
        )
        if TABS[tab] != kind
    ]
    places = chosen[order].tolist()
    texts = {"word": [parts[place][1] for place in places], "heard": [parts[place][2] for place in places]}
    table: dict[str, pa.Array] = {column.name: pa.array(texts[column.name], pa.string()) for column in words}
    table |= {name: pa.array(values[order], pa.int64()) for name, values in content.items()}
    table |= {"edit": pa.array([edits[place] for place in places], pa.string())}
    table |= {"first": pa.array(first[chosen][order], pa.int64())}
    shown = (*words, *columns)
    return Listing(content=pa.table(table), columns=shown, searched=tuple(column.name for column in words))


def _word(name: str, label: str, told: str) -> Column:
    return Column(name=name, label=label, kind="text", help=told, origin="derived")
