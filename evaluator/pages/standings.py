"""Standings that pages of the comparison share: made once for an address, whoever asks first."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from evaluator.comparison import Comparison, compare
from evaluator.comparison_store import Making
from evaluator.pages.compare_controls import blocks_of, systems_of
from evaluator.pages.compare_tabs import SHARED
from explorer.parameters import Parameters
from explorer.query import Query


def ask(stores: Any, query: Parameters) -> Comparison | Making:
    """The comparison that the address asks for, or how far it is."""
    corpus = stores.corpus(query)

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


def key(stores: Any, query: Parameters) -> tuple[Hashable, ...]:
    """What the comparison of an address depends on."""
    corpus = stores.corpus(query)
    speeds = tuple(sorted((name, one.wall_seconds) for name, one in stores.means(corpus).speeds.items()))
    return (corpus.key, speeds, query.only(SHARED).without(("corpus", "sort")).pairs)
