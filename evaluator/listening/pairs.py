"""Every two systems of a listening test against each other: differences or preferences, and whether they are luck.

A p is of the very ratings that the difference is of, and allows for raters and sentences that repeat
(clustered_tests.py); over all pairs it is corrected by Holm's method.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np

from evaluator.comparing.significance import holm
from evaluator.listening.clustered_tests import ClusteredTest, Rated, difference_tested, mean_tested
from evaluator.listening.kinds import Kind
from evaluator.listening.rating_statistics import (
    Mean,
    Preference,
    mean_of,
    percentiles,
    preference,
    resampled_over,
)
from evaluator.listening.scores import Score, as_rated, of_system

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairResult:
    """System ``a`` against ``b``: mean difference (a minus b), or preferences; ``p`` with Holm's correction over pairs.

    ``tested`` has the p of this pair alone; of preferences it is of those who decided.
    """

    a: str
    b: str
    mean: Mean | None
    preference: Preference | None
    tested: ClusteredTest
    p: float | None = None


def compared(kind: Kind, systems: Sequence[str], found: Sequence[Score], tell: Tell) -> tuple[PairResult, ...]:
    """Every pair of these systems; ``tell`` is told how many are done, after the means of the systems."""
    if kind.holds == "pair":
        return _preferred(kind, found, tell)
    pair = _at_once if kind.holds == "all" else _apart
    pairs = list(combinations(systems, 2))
    own = {system: of_system(found, system) for system in systems}
    made = []
    for number, (a, b) in enumerate(pairs, start=1):
        mean, tested = pair(own[a], own[b])
        made.append(PairResult(a=a, b=b, mean=mean, preference=None, tested=tested))
        tell(len(systems) + number, len(systems) + comb(len(systems), 2))
    return _corrected(made)


def _at_once(a: Sequence[Score], b: Sequence[Score]) -> tuple[Mean | None, ClusteredTest]:
    """Systems that stood on the same screens: the mean of the differences of what was said at once."""
    other = {(score.rater, score.sentence): score.value for score in b}
    both = [replace(s, value=s.value - other[s.rater, s.sentence]) for s in a if (s.rater, s.sentence) in other]
    rated = as_rated(sorted(both, key=lambda score: (score.rater, score.sentence)))
    return mean_of(rated.values, rated.raters, rated.sentences), mean_tested(rated)


def _apart(a: Sequence[Score], b: Sequence[Score]) -> tuple[Mean | None, ClusteredTest]:
    """Systems that were heard one at a time: the difference of their means; a rater of both is drawn as one."""
    rated = as_rated(a), as_rated(b)
    tested = difference_tested(*rated)
    if not a or not b:
        return None, tested
    raters = np.unique(np.concatenate([one.raters for one in rated]))
    sentences = np.unique(np.concatenate([one.sentences for one in rated]))
    interval = None
    if len(raters) > 1 and len(sentences) > 1:
        placed = [_placed(one, raters, sentences) for one in rated]
        drawn = resampled_over(placed, shape=(len(raters), len(sentences)))
        both = ~np.isnan(drawn[0]) & ~np.isnan(drawn[1])
        interval = percentiles(drawn[0][both] - drawn[1][both]) if both.any() else None
    value = float(rated[0].values.mean() - rated[1].values.mean())
    mean = Mean(
        value=value, interval=interval, ratings=tested.ratings, raters=tested.raters, sentences=tested.sentences
    )
    return mean, tested


def _placed(rated: Rated, raters: np.ndarray, sentences: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ratings of a system, with the numbers of their raters and sentences among all."""
    return rated.values, np.searchsorted(raters, rated.raters), np.searchsorted(sentences, rated.sentences)


def _preferred(kind: Kind, found: Sequence[Score], tell: Tell) -> tuple[PairResult, ...]:
    """Every pair that was heard against each other."""
    groups: defaultdict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in found:
        groups[score.system, str(score.other)].append(score)
    made: list[PairResult] = []
    for a, b in sorted(groups):
        own = groups[a, b]
        rated = as_rated(own)
        counts = (int((rated.values > 0).sum()), int((rated.values == 0).sum()), int((rated.values < 0).sum()))
        mean = mean_of(rated.values, rated.raters, rated.sentences)
        tested = mean_tested(as_rated([score for score in own if score.value]) if kind.name == "ab" else rated)
        made.append(PairResult(a=a, b=b, mean=mean, preference=preference(*counts), tested=tested))
        tell(len(made), len(groups))
    return _corrected(made)


def _corrected(made: Sequence[PairResult]) -> tuple[PairResult, ...]:
    corrected = holm({f"{pair.a}\n{pair.b}": pair.tested.p for pair in made if pair.tested.p is not None})
    return tuple(replace(pair, p=corrected.get(f"{pair.a}\n{pair.b}")) for pair in made)
