"""Whether a mean of ratings differs from zero, or from another mean, when raters and sentences repeat.

A rater who answers ten screens is not ten raters, and a sentence that is rated ten times is not ten sentences: tests
that take every rating for independent (Wilcoxon's, the sign test) call luck a difference far too often. Here raters and
sentences both are samples of more that could have been asked, as they are for the intervals.

A mean has as many ``parts`` as ratings: how far each moves it from where it lies. With C_r the sum of the parts of a
rater, C_s that of a sentence, R raters, S sentences and n (rater, sentence) cells with sums C_c,

    V_r = R / (R - 1) sum C_r^2,   V_s = S / (S - 1) sum C_s^2,   V_c = n / (n - 1) sum C_c^2,
    V = max(V_r, V_s, V_r + V_s - V_c),   t = mean / sqrt(V) with min(R, S) - 1 degrees of freedom.

In a full design this is the quasi-F of Clark up to terms of order 1 / n; it needs no full design. Where all ratings are
the same there is no spread to judge by, and one more is assumed, of another rater about another sentence, that says the
opposite. Fewer than LEAST raters or sentences are not tested.

Sources: Clark, "The language-as-fixed-effect fallacy", Journal of Verbal Learning and Verbal Behavior 12, 1973;
Cameron, Gelbach and Miller, "Robust inference with multiway clustering", Journal of Business & Economic Statistics 29,
2011 (V, and the degrees of freedom); Camp, Kenter, Finkelstein and Clark, "MOS vs. AB: Evaluating text-to-speech
systems reliably using clustered standard errors", Interspeech 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

LEAST = 3
"""Raters, and sentences, that a test needs: with two, a difference must be 12.7 standard errors large to pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """Ratings, shape (n,), and whose and about what they are."""

    values: np.ndarray
    raters: np.ndarray
    sentences: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredTest:
    """A test of ``ratings`` by ``raters`` about ``sentences``: ``p`` two-sided, of ``t`` with ``freedom`` degrees.

    ``error`` is the standard error. All four are None for too few raters or sentences, and where nothing differs.
    """

    ratings: int
    raters: int
    sentences: int
    error: float | None = None
    t: float | None = None
    freedom: int | None = None
    p: float | None = None


def mean_tested(rated: Rated) -> ClusteredTest:
    """Whether the mean of ratings differs from zero."""
    asked = _asked(rated)
    if not asked.ratings:
        return asked
    if np.ptp(rated.values) == 0:
        rated = _doubted(rated, -rated.values[0])
    return _judged(asked, float(rated.values.mean()), _parts(rated))


def difference_tested(a: Rated, b: Rated) -> ClusteredTest:
    """Whether the mean of ``a`` differs from that of ``b``; a rater or sentence of both is one."""
    asked = _asked(_together(a, b))
    if not len(a.values) or not len(b.values):
        return asked
    if np.ptp(a.values) == 0 and np.ptp(b.values) == 0:
        a, b = _doubted(a, b.values[0]), _doubted(b, a.values[0])
    difference, minus = float(a.values.mean() - b.values.mean()), _parts(b)
    return _judged(asked, difference, _together(_parts(a), replace(minus, values=-minus.values)))


def _judged(asked: ClusteredTest, mean: float, parts: Rated) -> ClusteredTest:
    if (mean == 0 and not parts.values.any()) or min(asked.raters, asked.sentences) < LEAST:
        return asked
    from scipy.stats import t as student

    error = float(np.sqrt(_variance(parts)))
    t, freedom = mean / error, min(asked.raters, asked.sentences) - 1
    return replace(asked, error=error, t=t, freedom=freedom, p=float(2 * student.sf(abs(t), freedom)))


def _variance(parts: Rated) -> float:
    """V of the parts of a mean."""
    _, rater = np.unique(parts.raters, return_inverse=True)
    _, sentence = np.unique(parts.sentences, return_inverse=True)
    _, cell = np.unique(rater * len(sentence) + sentence, return_inverse=True)
    of_raters, of_sentences, of_cells = (_spread(parts.values, group) for group in (rater, sentence, cell))
    return max(of_raters, of_sentences, of_raters + of_sentences - of_cells) or of_cells


def _spread(parts: np.ndarray, group: np.ndarray) -> float:
    sums = np.bincount(group, parts)
    return float(len(sums) / (len(sums) - 1) * (sums @ sums))


def _parts(rated: Rated) -> Rated:
    return replace(rated, values=(rated.values - rated.values.mean()) / len(rated.values))


def _asked(rated: Rated) -> ClusteredTest:
    return ClusteredTest(
        ratings=len(rated.values), raters=len(np.unique(rated.raters)), sentences=len(np.unique(rated.sentences))
    )


def _doubted(rated: Rated, value: float) -> Rated:
    """With one rating more, of another rater about another sentence."""
    return _together(rated, Rated(values=np.array([value]), raters=np.array([""]), sentences=np.array([""])))


def _together(a: Rated, b: Rated) -> Rated:
    return Rated(
        values=np.concatenate([a.values, b.values]),
        raters=np.concatenate([a.raters, b.raters]),
        sentences=np.concatenate([a.sentences, b.sentences]),
    )
