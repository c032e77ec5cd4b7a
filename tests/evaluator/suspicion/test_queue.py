"""The queue: its order, why each row is in it, and the panel of its signals."""

from __future__ import annotations

import doctest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dash._utils import to_json

import evaluator.suspicion.queue
from evaluator.components.review_queue import queue_panel
from evaluator.normalizers.registry import normalizer
from evaluator.scoring.scores import ScoreStore
from evaluator.suspicion.queue import columns_read, queued, reasons
from evaluator.suspicion.ranking import Choice
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query, Sort
from tests.evaluator.suspected import clean, scored, store, suspected
from tests.explorer.manifests import opened

WRONG = {"duration": 0.64, "text": "at eleven", "pred_text_a": "at seven", "pred_text_b": "at seven"}
ROWS = [clean(n, "a", "b", **(WRONG if n == 17 else {})) for n in range(30)]


def test_the_example() -> None:
    assert not doctest.testmod(evaluator.suspicion.queue).failed


def test_the_likely_errors_come_first_unless_asked_otherwise(tmp_path: Path) -> None:
    corpus = suspected(tmp_path, ROWS)
    assert corpus.rows(queued(corpus, Query()))[0] == 17
    by_length = Query(sort=(Sort("duration"),))
    assert queued(corpus, by_length) == by_length
    plain = opened(tmp_path / "plain", ROWS)
    assert queued(plain, Query()) == Query()
    assert columns_read(plain) == ()


def test_reasons_are_told_by_what_they_count(tmp_path: Path) -> None:
    corpus = suspected(tmp_path, ROWS)
    [values] = corpus.page(queued(corpus, Query()), 0, 1, columns_read(corpus))
    found = reasons(values, Choice())
    assert found[0].signal == "vote"
    assert found[0].words == "2 of 2 systems say “seven” where the reference says “eleven”"
    assert 0.2 < found[0].strength < 0.5
    [clean_row] = corpus.page(Query(), 0, 1, columns_read(corpus))
    assert reasons(clean_row, Choice()) == ()


def test_signals_that_are_off_give_no_reason(tmp_path: Path) -> None:
    choice = Choice.of("vote:0")
    corpus = suspected(tmp_path, ROWS, "vote:0")
    [values] = corpus.page(Query(), 17, 18, columns_read(corpus))
    assert "vote" not in {one.signal for one in reasons(values, choice)}
    for one in reasons(values, choice):
        assert one.words in values["suspicion_reasons"]


def stores(folder: Path, corpus: Corpus, **options: Any) -> Any:
    kept = store(folder, **options)
    return SimpleNamespace(
        suspicions=kept,
        scores=ScoreStore(folder / "scores"),
        scored=lambda query: corpus,
        corpus=lambda query: kept.lay(corpus, Choice.of(query.get("signals"))),
        chosen_normalizer=lambda query: normalizer("basic"),
    )


def panel(folder: Path, corpus: Corpus, address: str = "?corpus=test", **options: Any) -> str:
    return str(to_json(queue_panel(stores(folder, corpus, **options), Parameters.of(address))))


def test_the_panel_tells_what_ranks_and_what_cannot(tmp_path: Path) -> None:
    shown = panel(tmp_path, scored(tmp_path, [clean(n, "a") for n in range(30)]))
    assert "not here: " in shown
    assert "it needs the hypotheses of two systems, and there are those of one only" in shown
    assert "signals=cer%3A2" in shown
    assert "Usual weights" not in shown


def test_weights_are_addresses(tmp_path: Path) -> None:
    shown = panel(tmp_path, scored(tmp_path, ROWS), "?corpus=test&signals=vote%3A1.3&u=x")
    assert "1.3" in shown
    assert "signals=vote%3A1.3%2Cpace%3A0" in shown
    assert "Usual weights" in shown


@pytest.mark.parametrize("rows", [[], [clean(0, text=None)], [clean(0)]])
def test_corpora_with_nothing_to_rank(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    assert "not here: " in panel(tmp_path, scored(tmp_path, rows))


def test_ranking_under_way_is_shown_and_can_be_cancelled(tmp_path: Path) -> None:
    corpus = scored(tmp_path, ROWS)
    given = stores(tmp_path, corpus, at_once=0)
    shown = str(to_json(queue_panel(given, Parameters.of("?corpus=test"))))
    assert "Ranking: 0 of 30 utterances" in shown
    given.suspicions.cancel(corpus)
    given.suspicions.close()
