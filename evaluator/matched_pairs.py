"""MAPSSWE: the matched pairs sentence segment word error test, NIST's test for "is B better than A on this test set".

Utterances are cut into segments that can be taken as independent: a segment holds errors of at least one system and
ends where both systems have ``GOOD_WORDS`` reference words in a row right, or at the end of the utterance. For every
segment the errors of A minus those of B are taken; under the hypothesis that the systems are equally good their mean is
zero, and mean / (standard deviation / sqrt(segments)) is normally distributed.

Sources: Gillick and Cox, "Some statistical issues in the comparison of speech recognition algorithms", ICASSP 1989;
NIST's sc_stats (SCTK), whose segments, mean, standard deviation and Z these equal for the same alignments. sc_stats
looks p up in a table by Z with two digits; here it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evaluator.alignment import AlignedColumn, align_many

GOOD_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPairs:
    """The outcome: segments, mean and standard deviation of errors of A minus errors of B, Z, and p (two-sided)."""

    segments: int
    mean: float
    deviation: float
    z: float
    p: float


def segment_errors(columns: Iterable[AlignedColumn]) -> Iterator[tuple[int, int]]:
    """The errors of A and of B in each segment of an utterance, from ``align_many(reference, [a, b])``."""
    errors, good, open_segment = [0, 0], 0, False
    for column in columns:
        wrong = [cell.kind not in (None, "equal") for cell in column.cells]
        if any(wrong):
            errors = [count + miss for count, miss in zip(errors, wrong, strict=True)]
            good, open_segment = 0, True
        else:
            good += 1
            if open_segment and good == GOOD_WORDS:
                yield errors[0], errors[1]
                errors, open_segment = [0, 0], False
    if open_segment:
        yield errors[0], errors[1]


def matched_pairs(utterances: Iterable[tuple[Sequence[str], Sequence[str], Sequence[str]]]) -> MatchedPairs | None:
    """The test over (reference, A, B) words of every utterance; None with fewer than two segments.

    When all segments differ by the same amount the deviation is 0 and Z infinite (or 0, without any difference).
    """
    from scipy.stats import norm

    total = squares = segments = 0
    for reference, heard_a, heard_b in utterances:
        if reference == heard_a == heard_b:
            continue
        for errors_a, errors_b in segment_errors(align_many(reference, [heard_a, heard_b])):
            more = errors_a - errors_b
            segments, total, squares = segments + 1, total + more, squares + more * more
    if segments < 2:
        return None
    mean = total / segments
    deviation = math.sqrt(max(0.0, (squares - segments * mean * mean) / (segments - 1)))
    z = _ratio(mean, deviation / math.sqrt(segments))
    return MatchedPairs(segments=segments, mean=mean, deviation=deviation, z=z, p=float(2 * norm.sf(abs(z))))


def _ratio(mean: float, error: float) -> float:
    if error:
        return mean / error
    return math.copysign(math.inf, mean) if mean else 0.0
