"""Shared rows: the utterances of a query that every one of some systems was scored on, as a query again.

A link that opens "exactly these utterances" has to leave out what a count has left out; this is how it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evaluator.scoring.counting import EMPTY_REFERENCE, SCORED
from explorer.corpora.corpus import Corpus
from explorer.corpora.stats import top_values
from explorer.querying.query import Filter, Query, Test

COUNTED = (SCORED, EMPTY_REFERENCE)
"""How the rows were scored that counts come from."""


def shared(corpus: Corpus, query: Query, systems: Sequence[str]) -> Query:
    """The query without the rows that one of the systems was not scored on; the same query where there is none.

    Raises:
        QueryError: a system has no scores here, or the query does not fit the columns.
    """
    lacking = [system for system in systems if _lacks(corpus, query, system)]
    tests = tuple(Test("eq", state) for state in COUNTED)
    return replace(query, filters=(*query.filters, *(Filter(f"scoring_{system}", tests) for system in lacking)))


def _lacks(corpus: Corpus, query: Query, system: str) -> bool:
    return any(state not in COUNTED for state, _ in top_values(corpus, query, f"scoring_{system}").values)
