"""Planted errors come before clean rows: better than at random, and better than by CER."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from explorer.querying.query import Query, Sort
from tests.bench.manifest import lines
from tests.evaluator.suspected import ranked, suspected
from tests.planting import FAULTS, planted, retrieval


def test_retrieval_by_hand() -> None:
    """Wanted are 1 and 3, found at places 1 and 4."""
    found = retrieval([1, 0, 2, 3], {1, 3})
    assert (found.precision_half, found.precision, found.recall_double) == (1, 0.5, 1)
    assert found.average == pytest.approx((1 + 2 / 4) / 2)


def test_planted_errors_rank_above_clean_rows(tmp_path: Path) -> None:
    rows, faults = planted([orjson.loads(line) for line in lines(700)], share=0.1)
    assert set(faults.values()) == set(FAULTS)
    corpus = suspected(tmp_path, rows)
    ours = retrieval(ranked(corpus), set(faults))
    by_cer = retrieval(corpus.rows(Query(sort=(Sort("cer_large", descending=True),))).tolist(), set(faults))
    at_random = retrieval(np.random.default_rng(1).permutation(len(rows)).tolist(), set(faults))
    assert ours.average > by_cer.average + 0.2 > at_random.average
    assert ours.precision_half > 0.95
    assert ours.precision > 0.8
