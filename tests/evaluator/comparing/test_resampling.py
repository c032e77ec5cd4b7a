"""Resampling systems together: the same distribution as one by one, nothing drawn twice, and what the table keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluator.comparing import resampling
from evaluator.comparing.comparison import Means, compare
from evaluator.comparing.comparison_report import as_csv, as_latex, as_markdown, as_text, report
from evaluator.comparing.resampling import bootstrap
from evaluator.comparing.significance import difference, rate_interval
from evaluator.scoring.score_table import ScoreTable
from evaluator.scoring.scores import ScoreStore, pooled
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query
from tests.evaluator.scored import ROWS, scored_corpus
from tests.explorer.manifests import row


def table(size: int, *, blocks: np.ndarray | None = None) -> ScoreTable:
    """Two systems, B a little better than A, on random utterances."""
    source = np.random.default_rng(4)
    lengths = source.integers(0, 30, size).astype(np.int32)
    numbers = {}
    for name, rate in (("A", 0.2), ("B", 0.15)):
        wrong = source.binomial(lengths, rate).astype(np.int32)
        none = np.zeros(size, np.int32)
        numbers[name] = {"hits": lengths - wrong, "substitutions": wrong, "deletions": none, "insertions": none}
    everywhere = np.ones(size, dtype=bool)
    return ScoreTable(np.arange(size, dtype=np.int32), {"A": everywhere, "B": everywhere}, numbers, blocks)


@pytest.mark.parametrize("blocks", [None, np.arange(400) % 37])
def test_together_is_as_one_by_one(blocks: np.ndarray | None) -> None:
    shared = table(400, blocks=blocks)
    drawn = bootstrap(shared, ["A", "B"], resamples=10_000, seed=1)
    errors_a, errors_b, lengths = shared.errors("A"), shared.errors("B"), shared.lengths("A")
    alone = rate_interval(errors_a, lengths, blocks=blocks)
    assert (drawn.interval("A").low, drawn.interval("A").high) == pytest.approx((alone.low, alone.high), abs=0.002)
    ours, theirs = drawn.difference("A", "B"), difference(errors_a, errors_b, lengths, blocks=blocks)
    assert ours.delta == theirs.delta
    assert (ours.interval.low, ours.interval.high) == pytest.approx(
        (theirs.interval.low, theirs.interval.high), abs=0.002
    )
    assert ours.improvement == pytest.approx(theirs.improvement, abs=0.01)
    back = drawn.difference("B", "A")
    assert (back.delta, back.interval.low) == pytest.approx((-ours.delta, -ours.interval.high))


def test_an_interval_does_not_depend_on_who_else_is_compared() -> None:
    shared = table(200)
    both = bootstrap(shared, ["A", "B"], resamples=500, seed=1)
    alone = bootstrap(shared, ["B"], resamples=500, seed=1)
    assert both.interval("B") == alone.interval("B")


def test_what_was_drawn_is_kept_and_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    options = {"resamples": 100, "seed": 1, "folder": tmp_path, "tell": lambda done, total: told.append((done, total))}
    first = bootstrap(table(50), ["A", "B"], **options)
    assert told[-1] == (100, 100)
    told.clear()
    assert bootstrap(table(50), ["A", "B"], **options).interval("A") == first.interval("A")
    assert not told
    (kept,) = tmp_path.glob("*.npz")
    kept.write_bytes(b"damaged")
    assert bootstrap(table(50), ["A", "B"], **options).interval("A") == first.interval("A")
    monkeypatch.setattr(resampling, "KEPT", 1)
    bootstrap(table(60), ["A", "B"], **options)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_very_many_utterances_are_resampled_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "MOST_UNITS", 10)
    shared = table(50)
    drawn = bootstrap(shared, ["A", "B"], resamples=200, seed=7)
    assert drawn.interval("A") == rate_interval(shared.errors("A"), shared.lengths("A"), resamples=200, seed=7)


def laid(folder: Path, rows: list[dict[str, object]]) -> Corpus:
    return ScoreStore(folder / "scores").lay(scored_corpus(folder, rows), "basic")


def test_mean_word_accuracy_is_that_of_the_overview(tmp_path: Path) -> None:
    corpus = laid(tmp_path, [row_ for row_ in ROWS if row_.get("text") is not None and "pred_text_tiny" in row_])
    for standing in compare(corpus, Query(), means=Means()).standings:
        score = pooled(corpus, Query(), standing.system)
        assert standing.counts.vocabulary == score.counts.vocabulary
        assert standing.counts.word_accuracies == pytest.approx(score.counts.word_accuracies)


def test_mean_word_accuracy_of_a_part_by_hand(tmp_path: Path) -> None:
    rows = [row("a.wav", text="a b a", pred_text_x="a c a"), row("b.wav", text="b", pred_text_x="b z"),
            row("c.wav", text="a", pred_text_x="")]  # fmt: skip
    corpus = laid(tmp_path, rows)
    (whole,) = compare(corpus, Query()).standings
    assert (whole.counts.vocabulary, whole.counts.word_accuracies) == (2, pytest.approx(2 / 3 + 1 / 2))
    (part,) = compare(corpus, Query(where="{words} > 1")).standings
    assert (part.counts.vocabulary, part.counts.word_accuracies) == (2, 1.0)


@pytest.mark.parametrize(
    "rows",
    [
        [row("a.wav", text="one", pred_text_x="one", pred_text_y="two")],  # one utterance
        [row(f"{n}.wav", text="", pred_text_x="one", pred_text_y="") for n in range(3)],  # empty references
        [row(f"{n}.wav", pred_text_x="one", pred_text_y="two") for n in range(3)],  # hypotheses only
        [row(f"{n}.wav", text="a b", pred_text_x="a b", pred_text_y="a c") for n in range(3)],  # a constant difference
        [row("a.wav", text="a", pred_text_x="a"), row("b.wav", text="a", pred_text_y="a")],  # nothing in common
    ],
    ids=["one", "empty", "hypotheses", "constant", "disjoint"],
)
def test_odd_corpora_have_no_nan_and_no_traceback(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    found = compare(laid(tmp_path, rows), Query())
    for write in (as_csv, as_markdown, as_latex, as_text):
        assert "nan" not in write(found).lower().replace("unan", "")
    assert "NaN" not in str(report(found))
