"""What a listening test found: every number of the results page, from the answers alone.

Training never counts. Raters who failed a check, or with MUSHRA the post-screening, are left out where that is asked
for; who was left out, and why, is told. A test with too few ratings says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from evaluator.listening.design import ListeningTest
from evaluator.listening.pairs import PairResult, compared
from evaluator.listening.rating_statistics import Mean, alpha, interval_distance, mean_of
from evaluator.listening.ratings import Answer
from evaluator.listening.scores import Score, as_rated, of_system, scores
from evaluator.listening.screening import LeftOut, screening
from explorer.formatting import count

Tell = Callable[[int, int], None]

FEW_RATERS, FEW_RATINGS = 5, 20
"""Below these, for any system or pair, the results say that they are too few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemResult:
    """A system's mean rating; with MUSHRA the anchor is a system of its own."""

    system: str
    mean: Mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The ratings of one sentence read by one system (of a pair: of ``system`` against ``other``)."""

    sentence: str
    system: str
    other: str | None
    ratings: int
    mean: float
    deviation: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All of it. ``agreement`` is Krippendorff's alpha (interval data); ``warnings`` say what the numbers cannot."""

    systems: tuple[SystemResult, ...]
    pairs: tuple[PairResult, ...]
    spread: tuple[Spread, ...]
    agreement: float | None
    left_out: tuple[LeftOut, ...]
    raters: int
    answers: int
    warnings: tuple[str, ...]


def results(
    test: ListeningTest,
    answers: Iterable[Answer],
    *,
    screened: bool = True,
    tell: Tell = lambda _done, _of: None,
) -> Results:
    """What the answers say; without ``screened`` raters who failed checks count, too.

    ``tell`` is told after each system and pair how many are done of all.
    """
    every = list(answers)
    failed = screening(test, every) if screened else ()
    gone = {one.rater for one in failed}
    taken = [answer for answer in every if answer.screen.purpose == "rated" and answer.rater not in gone]
    found = scores(test, taken)
    systems = () if test.scale.holds == "pair" else _means(found, tell)
    pairs = compared(test.scale, [result.system for result in systems], found, tell)
    return Results(
        systems=systems,
        pairs=pairs,
        spread=_spread(found),
        agreement=_agreement(found),
        left_out=tuple(failed),
        raters=len({answer.rater for answer in taken}),
        answers=len(taken),
        warnings=tuple(_warnings(test, taken, systems, pairs, failed)),
    )


def _means(found: Sequence[Score], tell: Tell) -> tuple[SystemResult, ...]:
    made = []
    names = sorted({score.system for score in found})
    for number, system in enumerate(names, start=1):
        rated = as_rated(of_system(found, system))
        mean = mean_of(rated.values, rated.raters, rated.sentences)
        if mean is not None:
            made.append(SystemResult(system=system, mean=mean))
        tell(number, len(names) + comb(len(names), 2))
    return tuple(sorted(made, key=lambda result: -result.mean.value))


def _spread(found: Sequence[Score]) -> tuple[Spread, ...]:
    groups: defaultdict[tuple[str, str, str | None], list[float]] = defaultdict(list)
    for score in found:
        groups[score.sentence, score.system, score.other].append(score.value)
    made = []
    for (sentence, system, other), values in groups.items():
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
        made.append(
            Spread(
                sentence=sentence,
                system=system,
                other=other,
                ratings=len(values),
                mean=float(np.mean(values)),
                deviation=deviation,
                low=min(values),
                high=max(values),
            )
        )
    return tuple(made)


def _agreement(found: Sequence[Score]) -> float | None:
    units = np.array([f"{score.sentence}\n{score.system}\n{score.other or ''}" for score in found])
    return alpha(as_rated(found).values, units, distance=interval_distance) if found else None


def _warnings(
    test: ListeningTest,
    answers: Sequence[Answer],
    systems: Sequence[SystemResult],
    pairs: Sequence[PairResult],
    failed: Sequence[LeftOut],
) -> Iterable[str]:
    raters = len({answer.rater for answer in answers})
    if not answers:
        everybody = "everybody who has rated so far is left out; the table of raters says why."
        yield f"Nothing counts yet: {everybody}" if failed else "Nobody has rated anything yet."
        return
    if raters < FEW_RATERS:
        yield f"Too few raters: {count(raters)}, and an interval means something from about {FEW_RATERS} on."
    rated = {result.system: result.mean.ratings for result in systems}
    rated |= {f"{pair.a} against {pair.b}": pair.mean.ratings for pair in pairs if pair.preference and pair.mean}
    few = [f"{name} ({number})" for name, number in rated.items() if number < FEW_RATINGS]
    if few:
        yield f"Too few ratings (under {FEW_RATINGS}): {', '.join(few)}."
    unheard = sorted(set(test.systems) - {slot.system for answer in answers for slot in answer.screen.slots})
    if unheard:
        yield f"Not rated yet: {', '.join(unheard)}."
