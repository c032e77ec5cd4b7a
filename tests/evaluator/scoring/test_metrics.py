"""Every metric explains itself and is undefined, not a huge number, where its base is zero."""

from __future__ import annotations

import pytest

from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.metrics import METRICS, Metric, SystemCounts

EMPTY = SystemCounts(words=ErrorCounts.zero(), characters=0, character_errors=0)
NORMAL = SystemCounts(
    words=ErrorCounts(hits=14, substitutions=3, deletions=3, insertions=2),
    characters=100,
    character_errors=9,
    vocabulary=4,
    word_accuracies=3.0,
    punctuation=ErrorCounts(hits=5, substitutions=1, deletions=2, insertions=2),
    cased_words=16,
    case_errors=4,
    audio_seconds=120.0,
    wall_seconds=8.0,
)
EXPECTED = {
    "wer": (0.4, 20),
    "cer": (0.09, 100),
    "substitution_rate": (0.15, 20),
    "deletion_rate": (0.15, 20),
    "insertion_rate": (0.1, 20),
    "wmr": (0.7, 20),
    "mwa": (0.75, 4),
    "punctuation_error_rate": (0.5, 10),
    "capitalization_error_rate": (0.25, 16),
    "rtfx": (15.0, 8.0),
}
ALL = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())


@ALL
def test_values_by_hand(metric: Metric) -> None:
    value, base = EXPECTED[metric.name]
    assert metric.value(NORMAL) == pytest.approx(value)
    assert metric.base(NORMAL) == base


@ALL
def test_nothing_counted_is_undefined(metric: Metric) -> None:
    assert metric.value(EMPTY) is None
    assert not metric.base(EMPTY)


@ALL
def test_every_metric_explains_itself(metric: Metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.label
    assert metric.title
    assert metric.unit
    assert metric.base_unit
    assert metric.help.endswith(f"{metric.better.capitalize()} is better.")


def test_insertions_alone_have_no_rate() -> None:
    counts = SystemCounts(words=ErrorCounts(0, 0, 0, 5), characters=0, character_errors=20)
    assert all(metric.value(counts) is None for metric in METRICS.values())


def test_the_parts_make_the_whole() -> None:
    parts = [METRICS[name].value(NORMAL) or 0 for name in ("substitution_rate", "deletion_rate", "insertion_rate")]
    assert sum(parts) == pytest.approx(METRICS["wer"].value(NORMAL))
