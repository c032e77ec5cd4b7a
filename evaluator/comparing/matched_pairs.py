"""MAPSSWE: the matched pairs sentence segment word error test, NIST's test for "is B better than A on this test set".

Utterances are cut into segments that can be taken as independent: a segment holds errors of at least one system and
ends where both systems have ``GOOD_WORDS`` reference words in a row right, or at the end of the utterance. For every
segment the errors of A minus those of B are taken; under the hypothesis that the systems are equally good their mean is
zero, and mean / (standard deviation / sqrt(segments)) is normally distributed.

Only the places of errors matter for that, so whole test sets are cut at once: between two errors that follow each other
in an utterance lie as many good words as there are reference words between their places. (100,000 utterances: 20 ms.)

Sources: Gillick and Cox, "Some statistical issues in the comparison of speech recognition algorithms", ICASSP 1989;
NIST's sc_stats (SCTK), whose segments, mean, standard deviation and Z these equal for the same alignments. sc_stats
looks p up in a table by Z with two digits; here it is computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evaluator.scoring.score_table import Marks

GOOD_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPairs:
    """The outcome: segments, mean and standard deviation of errors of A minus errors of B, Z, and p (two-sided)."""

    segments: int
    mean: float
    deviation: float
    z: float
    p: float


def segment_errors(a: Marks, b: Marks) -> np.ndarray:
    """The errors of A and of B in each segment, int64 of shape (segments, 2), in the order of the table."""
    row, place = np.concatenate([a.row, b.row]), np.concatenate([a.place, b.place])
    inserted = np.concatenate([a.inserted, b.inserted])
    if not len(row):
        return np.zeros((0, 2), dtype=np.int64)
    after = place + ~inserted  # reference words up to and with the error; an insertion takes none
    order = np.argsort((row * (place.max() + 1) + place) * 2 + ~inserted, kind="stable")
    row, place, after = row[order], place[order], after[order]
    fresh = np.concatenate([[True], (row[1:] != row[:-1]) | (place[1:] - after[:-1] >= GOOD_WORDS)])
    is_a = (order < len(a.row)).astype(np.int64)
    return np.add.reduceat(np.column_stack([is_a, 1 - is_a]), np.flatnonzero(fresh))


def matched_pairs(a: Marks, b: Marks) -> MatchedPairs | None:
    """The test of two systems' errors on the same rows; None with fewer than two segments.

    When all segments differ by the same amount the deviation is 0 and Z infinite (or 0, without any difference).
    """
    found = segment_errors(a, b)
    if len(found) < 2:
        return None
    more = found[:, 0] - found[:, 1]
    mean, deviation = float(more.mean()), float(more.std(ddof=1))
    z = _ratio(mean, deviation / math.sqrt(len(more)))
    return MatchedPairs(segments=len(more), mean=mean, deviation=deviation, z=z, p=math.erfc(abs(z) / math.sqrt(2)))


def _ratio(mean: float, error: float) -> float:
    if error:
        return mean / error
    return math.copysign(math.inf, mean) if mean else 0.0
