"""Standings that pages of the comparison share: made once for an address, whoever asks first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from evaluator.comparing.comparison import Comparison, compare
from evaluator.comparison_store import Making
from evaluator.components.compare_controls import blocks_of, systems_of
from evaluator.components.compare_head import SHARED
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query


def ask(stores: Any, query: Parameters) -> Comparison | Making:
    """The comparison that the address asks for, or how far it is."""
    corpus = compared(stores, query)

    def make(tell: Callable[[int, int], None]) -> Comparison:
        return compare(
            corpus,
            Query.from_pairs(query.pairs),
            systems=systems_of(query),
            baseline=query.get("baseline", ""),
            blocks=blocks_of(query),
            means=stores.means(corpus),
            progress=tell,
        )

    found: Comparison | Making = stores.standings.get(key(stores, query), make)
    return found


def compared(stores: Any, query: Parameters, columns: Iterable[str] = ()) -> Corpus:
    """The corpus with its scores; with everything else laid beside it only where a filter may ask for that, or one of
    ``columns`` is not there without.

    So what comes later (edits, flags, suspicion) does not make a comparison of the whole corpus again.
    """
    scored: Corpus = stores.scored(query)
    known = {column.name for column in scored.columns}
    if Query.from_pairs(query.pairs).selects or not known.issuperset(columns):
        whole: Corpus = stores.corpus(query)
        return whole
    return scored


def key(stores: Any, query: Parameters) -> tuple[Hashable, ...]:
    """What the comparison of an address depends on."""
    corpus = compared(stores, query)
    speeds = tuple(sorted(stores.means(corpus).speeds.items()))
    return (corpus.key, speeds, query.only(SHARED).without(("corpus", "sort")).pairs)
