"""Tests of repeated ratings: worked out by hand, as scipy has them where nothing repeats, and how often luck passes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp, wilcoxon

from evaluator.listening.clustered_tests import LEAST, ClusteredTest, Rated, difference_tested, mean_tested

RUNS, RATERS, SENTENCES = 600, 10, 12
ROUGHLY_FIVE_PERCENT = (0.02, 0.08)
"""Four standard errors and more around 5 % of RUNS; below it a test that is careful, above it one that is wrong."""


def rated(values: np.ndarray, raters: np.ndarray, sentences: np.ndarray) -> Rated:
    return Rated(values=np.asarray(values, dtype=float), raters=raters.astype(str), sentences=sentences.astype(str))


def full(table: np.ndarray) -> Rated:
    """Everybody about everything; shape (raters, sentences)."""
    rater, sentence = np.indices(table.shape)
    return rated(table.ravel(), rater.ravel(), sentence.ravel())


def test_three_raters_of_three_sentences_by_hand() -> None:
    # sentence   x  y  z   mean        C_r = C_s = 0, 1/3, -1/3:  V_r = V_s = 3/2 * 2/9 = 1/3
    # rater a    1  2  3    2          deviations squared are 12: V_c = 9/8 * 12/81 = 1/6
    #       b    2  3  4    3          V = 1/3 + 1/3 - 1/6 = 1/2, t = 2 / sqrt(1/2) = sqrt(8)
    #       c    0  1  2    1          with two degrees p = 1 - t / sqrt(2 + t^2) = 1 - sqrt(8 / 10)
    found = mean_tested(full(np.array([[1, 2, 3], [2, 3, 4], [0, 1, 2]])))
    assert (found.ratings, found.raters, found.sentences, found.freedom) == (9, 3, 3, 2)
    assert found.error == pytest.approx(np.sqrt(0.5))
    assert found.t == pytest.approx(np.sqrt(8))
    assert found.p == pytest.approx(1 - np.sqrt(0.8))


def test_two_means_by_hand() -> None:
    # a: 4 by r on x, 5 by s on y, 3 by u on z; b: 1 by r on x, 3 by s on y, 2 by u on z. The parts of a are
    # 0, 1/3, -1/3, minus those of b 1/3, -1/3, 0: a rater's (and sentence's, and cell's) sums are 1/3, 0, -1/3.
    # V = 3/2 * 2/9 = 1/3, t = (4 - 2) sqrt(3) = sqrt(12), with two degrees p = 1 - sqrt(12 / 14).
    who, what = np.array(list("rsu")), np.array(list("xyz"))
    found = difference_tested(rated(np.array([4, 5, 3]), who, what), rated(np.array([1, 3, 2]), who, what))
    assert (found.ratings, found.raters, found.sentences, found.freedom) == (6, 3, 3, 2)
    assert found.t == pytest.approx(np.sqrt(12))
    assert found.p == pytest.approx(1 - np.sqrt(12 / 14))


def test_where_nothing_repeats_it_is_the_t_test_of_ratings() -> None:
    values, each = np.random.default_rng(0).normal(0.4, 1, 30), np.arange(30)
    found = mean_tested(rated(values, each, each))
    assert found.p == pytest.approx(float(ttest_1samp(values, 0).pvalue))


def test_where_only_raters_repeat_it_is_the_t_test_of_raters() -> None:
    generator = np.random.default_rng(0)
    table = generator.normal(0.3, 0.5, 8)[:, None] + generator.normal(0, 1, (8, 5))
    found = mean_tested(rated(table.ravel(), np.repeat(np.arange(8), 5), np.arange(40)))
    assert found.freedom == 7
    assert found.p == pytest.approx(float(ttest_1samp(table.mean(axis=1), 0).pvalue))


@pytest.mark.parametrize("shape", [(2, 9), (9, 2), (1, 1)])
def test_too_few_raters_or_sentences_are_not_tested(shape: tuple[int, int]) -> None:
    assert min(shape) < LEAST
    found = mean_tested(full(np.random.default_rng(0).normal(3, 1, shape)))
    assert (found.ratings, found.p, found.t, found.error) == (shape[0] * shape[1], None, None, None)


def test_nothing_and_zeros_have_no_p() -> None:
    nothing = rated(np.array([]), np.array([]), np.array([]))
    assert mean_tested(nothing) == ClusteredTest(ratings=0, raters=0, sentences=0)
    assert mean_tested(full(np.zeros((4, 4)))).p is None
    alike = full(np.full((4, 4), 3.0))
    assert difference_tested(alike, alike).p is None
    assert difference_tested(alike, nothing).p is None


def test_raters_who_all_say_the_same_are_doubted_by_one_more() -> None:
    # Six say 1 about a sentence each, and one more -1: mean 5/7, squares of deviations 6 (2/7)^2 + (12/7)^2 = 24/7,
    # V = 7/6 * 24/7 / 49 = 4/49, t = 5/7 / (2/7) = 2.5, and still six raters.
    found = mean_tested(rated(np.ones(6), np.arange(6), np.arange(6)))
    assert (found.ratings, found.freedom) == (6, 5)
    assert found.t == pytest.approx(2.5)
    parted = difference_tested(full(np.full((6, 6), 5.0)), full(np.full((6, 6), 3.0)))
    assert parted.p is not None
    assert 0 < parted.p < 0.001


def test_a_pair_turned_round_has_the_same_p() -> None:
    values = np.random.default_rng(1).normal(0.5, 1, (5, 7))
    there, back = mean_tested(full(values)), mean_tested(full(-values))
    assert there.p == back.p
    assert there.t == -(back.t or 0)


def felt(generator: np.random.Generator, *, better: float = 0.0) -> np.ndarray:
    """How much everybody prefers one system on every sentence: people and sentences differ in that, luck comes on top.

    Shape (RATERS, SENTENCES).
    """
    by_rater, by_sentence = generator.normal(0, 0.7, (RATERS, 1)), generator.normal(0, 0.5, (1, SENTENCES))
    return better + by_rater + by_sentence + generator.normal(0, 1, (RATERS, SENTENCES))


def of_comparisons(generator: np.random.Generator) -> tuple[float | None, float]:
    values = np.clip(np.round(felt(generator)), -3, 3)
    return mean_tested(full(values)).p, float(wilcoxon(values[values != 0], method="approx").pvalue)


def of_sliders(generator: np.random.Generator) -> tuple[float | None, float]:
    values = np.round(20 * felt(generator))
    return mean_tested(full(values)).p, float(wilcoxon(values[values != 0], method="approx").pvalue)


def of_preferences(generator: np.random.Generator) -> tuple[float | None, float]:
    values = np.where(np.abs(values := felt(generator)) < 0.3, 0, np.sign(values))
    rater, sentence = np.nonzero(values)
    decided = values[rater, sentence]
    return mean_tested(rated(decided, rater, sentence)).p, binomtest(int((decided > 0).sum()), len(decided)).pvalue


def of_opinions(generator: np.random.Generator) -> tuple[float | None, float]:
    """Half of the sentences of each system are heard by a rater; the other test is of means of sentences."""
    taste, level = felt(generator), 3 + generator.normal(0, 0.5, (RATERS, 1)) + generator.normal(0, 0.5, SENTENCES)
    heard = generator.permuted(np.tile(np.arange(SENTENCES) % 2 == 0, (RATERS, 1)), axis=1)
    systems, means = [], []
    for sign, own in ((0.5, heard), (-0.5, ~heard)):
        values = np.clip(np.round(level + sign * taste), 1, 5)
        rater, sentence = np.nonzero(own)
        systems.append(rated(values[rater, sentence], rater, sentence))
        means.append(np.where(own, values, 0).sum(axis=0) / np.maximum(own.sum(axis=0), 1))
    apart = means[0] - means[1]
    return difference_tested(*systems).p, float(wilcoxon(apart[apart != 0], method="approx").pvalue)


@pytest.mark.parametrize(
    ("ratings", "others_at_least"),
    [(of_comparisons, 0.25), (of_sliders, 0.25), (of_preferences, 0.2), (of_opinions, 0.05)],
)
def test_equally_good_systems_pass_about_as_often_as_p_says(
    ratings: Callable[[np.random.Generator], tuple[float | None, float]], others_at_least: float
) -> None:
    """... while a test that takes ratings for independent finds a difference in many times as many tests."""
    generator = np.random.default_rng(20_261_128)
    own, independent = np.array([ratings(generator) for _ in range(RUNS)], dtype=float).T
    assert ROUGHLY_FIVE_PERCENT[0] <= (own < 0.05).mean() <= ROUGHLY_FIVE_PERCENT[1]
    assert (independent < 0.05).mean() > others_at_least


def test_a_difference_that_is_there_is_found() -> None:
    generator = np.random.default_rng(20_261_128)
    found = [mean_tested(full(felt(generator, better=1.5))).p for _ in range(100)]
    assert np.mean([p is not None and p < 0.05 for p in found]) > 0.9
