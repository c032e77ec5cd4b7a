"""Significance: how sure a pooled error rate, or the difference of two, is.

Conventions: ``errors`` and ``lengths`` are whole numbers per utterance, arrays of shape (utterances,); rates are
fractions; a difference is B minus A, so a negative one means that B makes fewer errors. Utterances are resampled with
replacement; when ``blocks`` says which belong together (a speaker's, for example), whole blocks are, because utterances
of one speaker are not independent and an interval over utterances would be too narrow. Seeds are fixed: the same
numbers give the same intervals.

A bootstrap draws only how often each distinct (errors, length) pair occurs: the pairs that are alike are
interchangeable, so one multinomial draw over the distinct pairs replaces one draw per utterance, with the very same
distribution. A million utterances have a few thousand distinct pairs.

Sources: Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004 (the
intervals and the probability of improvement); Wilcoxon, "Individual comparisons by ranking methods", 1945; Holm, "A
simple sequentially rejective multiple test procedure", 1979. MAPSSWE is in matched_pairs.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
SEED = 20_040_517
LEVEL = 0.95
DRAWN_AT_ONCE = 4_000_000
EXACT_PAIRS = 50
"""Up to so many differing pairs Wilcoxon's test is exact; beyond, its statistic is taken as normal, as scipy does."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a number lies with the probability LEVEL: both ends are fractions."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Rate of B minus rate of A, with its interval.

    ``p_bootstrap`` is two-sided: twice the smaller share of resamples on one side of zero, at least
    1 / (resamples + 1).
    ``improvement`` is the share of resamples in which B makes fewer errors than A (ties count half).
    """

    delta: float
    interval: Interval
    p_bootstrap: float
    improvement: float


def rate_interval(
    errors: np.ndarray,
    lengths: np.ndarray,
    *,
    blocks: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval | None:
    """The percentile interval of the pooled rate; None when there are no reference tokens, or only one block."""
    rates = resampled_rates(errors[:, None], lengths, blocks=blocks, resamples=resamples, seed=seed)
    return None if rates is None else interval_of(rates[:, 0])


def difference(
    errors_a: np.ndarray,
    errors_b: np.ndarray,
    lengths: np.ndarray,
    *,
    blocks: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference | None:
    """The paired difference of two systems on the same utterances; None where there is nothing to resample."""
    more = (errors_b - errors_a).astype(np.int64)
    deltas = resampled_rates(more[:, None], lengths, blocks=blocks, resamples=resamples, seed=seed)
    if deltas is None:
        return None
    return difference_of(deltas[:, 0], float(more.sum() / lengths.sum()), resamples=resamples)


def difference_of(drawn: np.ndarray, delta: float, *, resamples: int = RESAMPLES) -> Difference:
    """What resampled differences, ``drawn``, say about the measured one."""
    below, above = float((drawn < 0).mean()), float((drawn > 0).mean())
    equal = 1.0 - below - above
    smaller = min(below, above) + equal
    return Difference(
        delta=delta,
        interval=interval_of(drawn),
        p_bootstrap=min(1.0, max(2 * smaller, 1 / (resamples + 1))),
        improvement=below + equal / 2,
    )


def resampled_rates(
    errors: np.ndarray, lengths: np.ndarray, *, blocks: np.ndarray | None, resamples: int, seed: int
) -> np.ndarray | None:
    """Pooled rates of resampled utterances, shape (resamples, systems) for ``errors`` (utterances, systems).

    A resample without a single reference token has no rate and is left out. None when no rate can vary: without
    reference tokens, or with fewer than two utterances (blocks).
    """
    table = np.column_stack([errors, lengths]).astype(np.int64)
    if blocks is not None:
        table = summed(table, blocks)
    if len(table) < 2 or table[:, -1].sum() == 0:
        return None
    distinct, counts = alike(table)
    generator = np.random.default_rng(seed)
    shares = counts / counts.sum()
    drawn = []
    step = max(1, DRAWN_AT_ONCE // len(distinct))
    for start in range(0, resamples, step):
        times = generator.multinomial(len(table), shares, size=min(step, resamples - start))
        drawn.append(times @ distinct)
    sums = np.concatenate(drawn)
    sums = sums[sums[:, -1] > 0]
    return np.asarray(sums[:, :-1] / sums[:, -1:])


def alike(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of whole numbers in their order, and how often each occurs: ``np.unique(table, axis=0)``.

    A row is made one number where that is possible, which is sorted ten times as fast (a million rows: 0.1 s).
    """
    low = table.min(axis=0)
    spans = (table.max(axis=0) - low + 1).astype(object)  # of any size
    if np.prod(spans) >= 1 << 62:
        distinct, counts = np.unique(table, axis=0, return_counts=True)
        return distinct, counts
    keys = np.zeros(len(table), np.int64)
    for column, least, span in zip(table.T, low.tolist(), spans.tolist(), strict=True):
        keys = keys * span + (column - least)
    keys, counts = np.unique(keys, return_counts=True)
    columns = []
    for least, span in zip(low.tolist()[::-1], spans.tolist()[::-1], strict=True):
        keys, rest = np.divmod(keys, span)
        columns.append(rest + least)
    return np.column_stack(columns[::-1]), counts


def p_wilcoxon(rates_a: np.ndarray, rates_b: np.ndarray) -> float | None:
    """Wilcoxon's signed rank test of the utterances' own rates, two-sided: long utterances do not decide it alone.

    ``rates_a`` and ``rates_b`` have shape (utterances,) and no NaN. None when no utterance differs: there is nothing
    to rank.
    """
    more = (rates_b - rates_a)[rates_a != rates_b]
    if not len(more):
        return None
    if len(more) <= EXACT_PAIRS:
        from scipy.stats import wilcoxon  # a second to import, and few pairs are not worth writing it again

        return float(wilcoxon(more, method="auto").pvalue)
    _, places, repeats = np.unique(np.abs(more), return_inverse=True, return_counts=True)
    ranks = np.cumsum(repeats) - (repeats - 1) / 2
    upward = float(ranks[places][more > 0].sum())
    pairs, ties = len(more), repeats.astype(np.float64)
    mean = pairs * (pairs + 1) / 4
    variance = pairs * (pairs + 1) * (2 * pairs + 1) / 24 - float((ties**3 - ties).sum()) / 48
    return math.erfc(abs(upward - mean) / math.sqrt(2 * variance))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p-values corrected for being several: the chance that any of them is small by luck stays what it says."""
    ordered = sorted(p_values.items(), key=lambda entry: entry[1])
    corrected: dict[str, float] = {}
    least = 0.0
    for rank, (name, p) in enumerate(ordered):
        least = max(least, min(1.0, (len(ordered) - rank) * p))
        corrected[name] = least
    return {name: corrected[name] for name in p_values}


def interval_of(rates: np.ndarray) -> Interval:
    """The percentile interval of resampled rates."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(rates, [tail, 100 - tail])
    return Interval(float(low), float(high))


def summed(table: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """The sums of the rows of each block, shape (blocks, columns)."""
    _, place = np.unique(blocks, return_inverse=True)
    summed = np.zeros((place.max() + 1 if len(place) else 0, table.shape[1]), dtype=np.int64)
    np.add.at(summed, place, table)
    return summed
