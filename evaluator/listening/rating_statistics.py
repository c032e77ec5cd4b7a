"""What ratings say, and how surely: means, preferences, agreement, with intervals.

Conventions: ratings are arrays of shape (n,), with ``raters`` and ``sentences`` of the same shape saying whose and
about what. Intervals hold with probability LEVEL. Raters and sentences are both samples of more that could have been
asked, so the bootstrap resamples both, independently and with replacement (a rating counts as often as its rater was
drawn times its sentence): an interval over ratings alone would be too narrow. Seeds are fixed.

Sources: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007 (resampling both ways of a crossed
design); Wilson, "Probable inference", 1927; Krippendorff, "Content Analysis", 2004, chapter 11 (alpha).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.comparing.significance import LEVEL, Interval

RESAMPLES = 10_000
SEED = 20_261_127
BLOCK = 250
"""Resamples that are in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean of ``ratings`` ratings by ``raters`` about ``sentences``; no interval with fewer than two of either."""

    value: float
    interval: Interval | None
    ratings: int
    raters: int
    sentences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A against B: who was preferred how often. ``share`` of the decided for A, None when nobody decided.

    ``interval`` is Wilson's, of the decided as if they were independent; ``p`` is the sign test's, two-sided, too.
    """

    wins: int
    none: int
    losses: int
    share: float | None
    interval: Interval | None
    p: float | None


def mean_of(
    values: np.ndarray, raters: np.ndarray, sentences: np.ndarray, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Mean | None:
    """The mean of ratings with its interval; None without ratings."""
    if not len(values):
        return None
    drawn = resampled_means(values, raters, sentences, resamples=resamples, seed=seed)
    return Mean(
        value=float(values.mean()),
        interval=None if drawn is None else percentiles(drawn),
        ratings=len(values),
        raters=len(np.unique(raters)),
        sentences=len(np.unique(sentences)),
    )


def resampled_means(
    values: np.ndarray, raters: np.ndarray, sentences: np.ndarray, *, resamples: int = RESAMPLES, seed: int = SEED
) -> np.ndarray | None:
    """Means of ratings when raters and sentences are drawn again, shape (at most resamples,).

    A resample without a single rating is left out. None with fewer than two raters or sentences.
    """
    who, rater = np.unique(raters, return_inverse=True)
    what, sentence = np.unique(sentences, return_inverse=True)
    if len(who) < 2 or len(what) < 2:
        return None
    (drawn,) = resampled_over([(values, rater, sentence)], shape=(len(who), len(what)), resamples=resamples, seed=seed)
    return np.asarray(drawn[~np.isnan(drawn)])


def resampled_over(
    rated: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    shape: tuple[int, int],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> np.ndarray:
    """The same of several systems over ``shape`` raters and sentences; shape (systems, resamples).

    ``rated`` has of each system its ratings, and the numbers of the raters and sentences they are by and about. All
    see the same draws, so that the difference of two is paired. NaN stands for a resample without a rating. Draws are
    made and used in blocks: all of them at once would take gigabytes for thousands of sentences.
    """
    generator = np.random.default_rng(seed)
    raters, sentences = shape
    drawn_raters = generator.multinomial(raters, np.full(raters, 1 / raters), size=resamples)
    means = np.full((len(rated), resamples), np.nan)
    for start in range(0, resamples, BLOCK):
        block = slice(start, min(start + BLOCK, resamples))
        drawn = generator.multinomial(sentences, np.full(sentences, 1 / sentences), size=block.stop - start)
        for place, (values, rater, sentence) in enumerate(rated):
            times = (drawn_raters[block][:, rater] * drawn[:, sentence]).astype(float)
            number = times.sum(axis=1)
            np.divide(times @ values, number, out=means[place, block], where=number > 0)
    return means


def percentiles(drawn: np.ndarray) -> Interval:
    """The interval that holds LEVEL of the resampled values."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Interval(float(low), float(high))


def preference(wins: int, none: int, losses: int) -> Preference:
    """Preferences for A (``wins``) and B (``losses``), and for neither."""
    from scipy.stats import binomtest

    decided = wins + losses
    if not decided:
        return Preference(wins=wins, none=none, losses=losses, share=None, interval=None, p=None)
    tested = binomtest(wins, decided, 0.5)
    ends = tested.proportion_ci(confidence_level=LEVEL, method="wilson")
    return Preference(
        wins=wins,
        none=none,
        losses=losses,
        share=wins / decided,
        interval=Interval(float(ends.low), float(ends.high)),
        p=float(tested.pvalue),
    )


def alpha(
    values: np.ndarray, units: np.ndarray, *, distance: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> float | None:
    """Krippendorff's alpha of ratings about ``units`` (what was rated), for any ``distance`` between two values.

    A rater rates a unit once. 1 is perfect agreement, 0 what chance would give, below 0 systematic disagreement; units
    with one rating say nothing. None when no unit was rated twice, or all ratings are alike (chance agrees fully, too).

        alpha = 1 - Do / De,  Do = sum over units u of sum_{i != j in u} d(i, j) / (n_u - 1) / n,
                              De = sum over all pairs i != j of d(i, j) / (n (n - 1))
    """
    kinds, unit, sizes = np.unique(units, return_inverse=True, return_counts=True)
    paired = sizes[unit] > 1
    values, unit = values[paired], unit[paired]
    n = len(values)
    if n < 2:
        return None
    levels, level = np.unique(values, return_inverse=True)
    times = np.zeros((len(kinds), len(levels)))
    np.add.at(times, (unit, level), 1)
    between = distance(levels[:, None], levels[None, :]).astype(float)
    weights = 1 / np.maximum(sizes - 1, 1)
    observed = float(np.einsum("ua,ab,ub,u->", times, between, times, weights, optimize=True)) / n
    marginal = times.sum(axis=0)
    expected = float(marginal @ between @ marginal) / (n * (n - 1))
    return None if expected == 0 else 1 - observed / expected


def interval_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """For numbers whose differences mean something: the squared difference."""
    return np.asarray((a - b) ** 2)


def nominal_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """For names: 0 when alike, else 1."""
    return np.asarray(a != b)
