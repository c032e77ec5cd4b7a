"""Scatter: every utterance in one cell, every cell and every choice of cells a query of exactly its utterances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.comparing.scatter import BINS, Density, Of, cells_query, density
from evaluator.selection import scored
from explorer.errors import QueryError
from explorer.querying.query import Query
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

# errors of a and b: (0, 0), (1, 0), (2, 2), (0, 1) without reference words, and a row that b lacks
ROWS: list[dict[str, Any]] = [
    row("a.wav", text="one two", pred_text_a="one two", pred_text_b="one two"),
    row("b.wav", text="one two", pred_text_a="one", pred_text_b="one two"),
    row("c.wav", text="one two", pred_text_a="", pred_text_b="x y"),
    row("d.wav", text="", pred_text_a="", pred_text_b="um"),
    row("e.wav", text="one two", pred_text_a="one two"),
]


def cells(found: Density) -> dict[tuple[int, int], int]:
    return dict(zip(zip(found.x.tolist(), found.y.tolist(), strict=True), found.counts.tolist(), strict=True))


def test_errors_and_rates_by_hand(tmp_path: Path) -> None:
    with scored(scored_corpus(tmp_path, ROWS), "basic") as corpus:
        found = density(corpus, Query(), "a", "b", "errors")
        assert (found.utterances, found.undefined, found.edges) == (4, 0, (0.0, 1.0, 2.0))
        assert cells(found) == {(0, 0): 1, (0, 1): 1, (1, 0): 1, (2, 2): 1}
        assert (found.better, found.equal, found.worse) == (1, 2, 1)
        rates = density(corpus, Query(), "a", "b", "wer")
        assert (rates.utterances, rates.undefined) == (4, 1)
        assert rates.edges[:3] == (0.0, 0.05, 0.1) or rates.edges[:3] == (0.0, 0.025, 0.05)
        assert cells(rates)[len(rates.edges) - 1, len(rates.edges) - 1] == 1
        assert corpus.rows(cells_query(found, [(1, 0)])).tolist() == [1]
        assert corpus.rows(cells_query(found, [(2, 2), (0, 1)])).tolist() == [2, 3]
        assert "is at least 2" in cells_query(found, [(2, 2)]).sentence(corpus)
        with pytest.raises(QueryError, match="nothing is selected"):
            cells_query(found, [])
        empty = density(corpus, Query(search="nobody says this"), "a", "b", "wer")
        assert (empty.utterances, cells(empty)) == (0, {})
        with pytest.raises(QueryError, match="scoring_c"):
            density(corpus, Query(), "a", "c", "errors")


numbers = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 90), st.integers(0, 30)), min_size=1, max_size=15)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(numbers, st.sampled_from(["errors", "wer"]), st.data())
def test_any_choice_of_cells_selects_its_utterances(
    tmp_path_factory: pytest.TempPathFactory, errors: list[tuple[int, int, int]], of: Of, data: st.DataObject
) -> None:
    rows = [
        row(f"{n}.wav", text=" ".join(["a"] * words), pred_text_a="b " * a, pred_text_b="c " * b)
        for n, (a, b, words) in enumerate(errors)
    ]
    with scored(scored_corpus(tmp_path_factory.mktemp("cells"), rows), "basic") as corpus:
        found = density(corpus, Query(where="{duration} > 1 || {duration} < 1"), "a", "b", of)
        known = cells(found)
        assert sum(known.values()) == found.utterances - found.undefined
        assert len(found.edges) <= BINS + 1
        assert found.better + found.equal + found.worse == found.utterances - found.undefined
        every = np.concatenate([corpus.rows(cells_query(found, [cell])) for cell in known] or [np.zeros(0)])
        assert sorted(every.tolist()) == sorted(set(every.tolist()))
        for cell, number in known.items():
            assert corpus.extent(cells_query(found, [cell])).utterances == number
        if known:
            chosen = data.draw(st.lists(st.sampled_from(sorted(known)), min_size=1, unique=True))
            query = cells_query(found, chosen)
            assert corpus.extent(query).utterances == sum(known[cell] for cell in chosen)
            assert Query.from_pairs(query.pairs()) == query


def test_an_intricate_outline_is_a_sentence() -> None:
    none = np.zeros(0, np.int64)
    found = Density(
        systems=("a", "b"), of="errors", rows=Query(), utterances=0, undefined=0, edges=tuple(map(float, range(40))),
        x=none, y=none, counts=none, better=0, equal=0, worse=0,
    )  # fmt: skip
    checkers = [(x, y) for x in range(40) for y in range(40) if (x + y) % 2]
    with pytest.raises(QueryError, match="too intricate"):
        cells_query(found, checkers)
    whole = cells_query(found, [(x, y) for x in range(40) for y in range(40)])
    assert [entry.tests[0].operator for entry in whole.filters] == ["filled", "filled"]
