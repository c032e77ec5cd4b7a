"""Means, preferences and agreement against numbers worked out by hand, published ones, and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.listening.rating_statistics import (
    alpha,
    interval_distance,
    mean_of,
    nominal_distance,
    preference,
    resampled_means,
)

# Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, section C: four observers, twelve units.
OBSERVED = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def observed() -> tuple[np.ndarray, np.ndarray]:
    cells = [
        (float(value), unit)
        for line in OBSERVED.strip().splitlines()
        for unit, value in enumerate(line.split())
        if value != "."
    ]
    values, units = zip(*cells, strict=True)
    return np.array(values), np.array(units)


def test_alpha_is_that_of_the_published_example() -> None:
    values, units = observed()
    assert alpha(values, units, distance=nominal_distance) == pytest.approx(0.743, abs=5e-4)
    assert alpha(values, units, distance=interval_distance) == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_full_agreement_is_one_and_of_nothing_undefined() -> None:
    units = np.array([0, 0, 1, 1])
    assert alpha(np.array([1.0, 1, 5, 5]), units, distance=interval_distance) == 1
    assert alpha(np.array([3.0, 3, 3, 3]), units, distance=interval_distance) is None
    assert alpha(np.array([3.0, 4]), np.array([0, 1]), distance=interval_distance) is None
    # Two units, each rated 1 and 5: Do = 16; De = (4 + 4) * 16 / (4 * 3) = 32 / 3; alpha = 1 - 3 / 2.
    assert alpha(np.array([1.0, 5, 1, 5]), units, distance=interval_distance) == pytest.approx(-0.5)


def test_a_mean_counts_who_said_it_about_what() -> None:
    values, raters, sentences = np.array([4.0, 2, 5, 3]), np.array(list("aabb")), np.array(list("xyxy"))
    mean = mean_of(values, raters, sentences)
    assert mean is not None
    assert (mean.value, mean.ratings, mean.raters, mean.sentences) == (3.5, 4, 2, 2)
    assert mean.interval is not None
    assert 2 <= mean.interval.low < 3.5 < mean.interval.high <= 5


@pytest.mark.parametrize(("raters", "sentences"), [("aaaa", "wxyz"), ("abcd", "xxxx"), ("a", "x")])
def test_one_rater_or_one_sentence_has_no_interval(raters: str, sentences: str) -> None:
    mean = mean_of(np.ones(len(raters)), np.array(list(raters)), np.array(list(sentences)))
    assert mean is not None
    assert mean.interval is None
    assert mean_of(np.array([]), np.array([]), np.array([])) is None


def test_the_interval_of_a_full_design_has_the_width_that_theory_says() -> None:
    """With x = rater + sentence + noise the variance of the mean is sr2 / R + ss2 / S + se2 / (R S); Owen's bootstrap
    adds the noise twice more, which is little."""
    generator = np.random.default_rng(0)
    raters, sentences = 40, 60
    value = generator.normal(0, 0.5, raters)[:, None] + generator.normal(0, 0.7, sentences)[None, :]
    value = value + generator.normal(0, 0.3, value.shape)
    rater, sentence = np.indices(value.shape)
    drawn = resampled_means(value.ravel(), rater.ravel(), sentence.ravel())
    assert drawn is not None
    by_rater, by_sentence = value.mean(axis=1), value.mean(axis=0)
    expected = np.sqrt(by_rater.var() / raters + by_sentence.var() / sentences)
    assert drawn.std() == pytest.approx(expected, rel=0.06)
    assert drawn.mean() == pytest.approx(value.mean(), abs=0.01)


def test_preferences_have_wilsons_interval_and_the_sign_test() -> None:
    found = preference(15, 4, 5)
    assert found.share == 0.75
    # Wilson's interval of 15 of 20 by its formula: centre (p + z2 / 2n) / (1 + z2 / n), z = 1.959964.
    z2 = 1.959964**2
    centre = (0.75 + z2 / 40) / (1 + z2 / 20)
    half = 1.959964 * np.sqrt(0.75 * 0.25 / 20 + z2 / 1600) / (1 + z2 / 20)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((centre - half, centre + half), abs=1e-6)
    # Two-sided: 2 * sum of binomials (20, k) for k <= 5, over 2^20 = 2 * 21700 / 1048576.
    assert found.p == pytest.approx(2 * 21_700 / 2**20)


def test_nobody_decided_is_undefined() -> None:
    found = preference(0, 7, 0)
    assert (found.share, found.interval, found.p) == (None, None, None)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_intervals_lie_within_the_scale_and_are_the_same_each_time(cells: list[tuple[int, int, int]]) -> None:
    values, raters, sentences = (np.array(column) for column in zip(*cells, strict=True))
    mean = mean_of(values, raters, sentences, resamples=200)
    assert mean == mean_of(values, raters, sentences, resamples=200)
    assert mean is not None
    if mean.interval is not None:
        assert values.min() <= mean.interval.low <= mean.interval.high <= values.max()
