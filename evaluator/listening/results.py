"""What a listening test found: every number of the results page, from the answers alone.

Training never counts. Raters who failed a check, or with MUSHRA the post-screening, are left out where that is asked
for; who was left out, and why, is told. A test with too few ratings says so.

Post-screening follows ITU-R BS.1534-3, section 4.1.2: a rater is left out who rates the hidden reference below 90 on
more than 15 % of the screens, or the anchor above 90 on more than 15 % of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from math import comb

import numpy as np

from evaluator.comparing.significance import holm
from evaluator.listening.design import ListeningTest
from evaluator.listening.rating_statistics import (
    Mean,
    Preference,
    alpha,
    interval_distance,
    mean_of,
    p_signed_rank,
    percentiles,
    preference,
    resampled_over,
)
from evaluator.listening.ratings import Answer
from explorer.formatting import count, counted

Tell = Callable[[int, int], None]

FEW_RATERS, FEW_RATINGS = 5, 20
"""Below these, for any system or pair, the results say that they are too few."""

TESTABLE = 6
"""Numbers other than zero that a test needs: of n, the sign test's and Wilcoxon's p is 2 / 2^n at least, and only from
six on below 0.05. A pair that could not pass is not tested, nor counted by Holm's correction (Tarone, "A modified
Bonferroni method for discrete data", Biometrics 46, 1990)."""

SCREENED_SHARE, SCREENED_POINTS = 0.15, 90
CHECK_POOR = 2
"""The best rating of a degraded recording that passes for attention, on the scale from 1 to 5."""


@dataclass(frozen=True, slots=True)
class Score:
    """One number about one system: the rating itself, or of a pair how much ``system`` was preferred to ``other``."""

    rater: str
    sentence: str
    system: str
    value: float
    other: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemResult:
    """A system's mean rating; with MUSHRA the anchor is a system of its own."""

    system: str
    mean: Mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a p is of: ``over`` numbers, ``differing`` from zero in so many cases, ``mean`` on average (a minus b).

    They are the sentences rated for both systems where recordings are heard one at a time, else the ratings of both.
    """

    over: int
    differing: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairResult:
    """System ``a`` against ``b``: mean difference (a minus b), or preferences; ``p`` with Holm's correction over pairs.

    ``mean`` is of all ratings, ``p`` of ``basis``. ``p_raw`` is the sign test's of preferences, and Wilcoxon's of
    differences; None where fewer than TESTABLE differ.
    """

    a: str
    b: str
    mean: Mean | None
    preference: Preference | None
    basis: Basis
    p_raw: float | None
    p: float | None


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
class LeftOut:
    """A rater who does not count, and why."""

    rater: str
    name: str
    why: str


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
    if test.scale.holds == "pair":
        systems: tuple[SystemResult, ...] = ()
        pairs = _compared(test, found, tell)
    else:
        systems = _means(found, tell)
        names = [result.system for result in systems]
        pairs = (_paired if test.scale.holds == "all" else _unpaired)(names, found, tell)
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


def scores(test: ListeningTest, answers: Iterable[Answer]) -> list[Score]:
    """Every answer as numbers about systems; pairs in alphabetical order, positive when the first is better."""
    found = []
    for answer in answers:
        slots = answer.screen.slots
        if test.scale.holds == "pair":
            first, second = slots[0].system, slots[1].system
            value = -answer.values[0]  # positive answers are for the second
            a, b, sign = (first, second, 1) if first < second else (second, first, -1)
            found.append(Score(answer.rater, answer.screen.sentence, a, float(sign * value), b))
            continue
        for slot, value in zip(slots, answer.values, strict=True):
            if slot.form != "degraded":
                name = slot.system if slot.form == "plain" else "anchor"
                found.append(Score(answer.rater, answer.screen.sentence, name, float(value)))
    return found


def rated(test: ListeningTest, answers: Sequence[Answer]) -> list[Score]:
    """What the raters said who are not left out, as numbers about systems; without training and checks."""
    gone = {one.rater for one in screening(test, answers)}
    return scores(test, [a for a in answers if a.rater not in gone and a.screen.purpose == "rated"])


def screening(test: ListeningTest, answers: Sequence[Answer]) -> tuple[LeftOut, ...]:
    """Who failed more than half of their attention checks, or MUSHRA's post-screening, and why."""
    by_rater: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_rater[answer.rater].append(answer)
    failed = []
    for rater, own in by_rater.items():
        reasons = [why for why in (_inattentive(test, own), *_unscreened(test, own)) if why]
        if reasons:
            failed.append(LeftOut(rater=rater, name=own[0].name, why="; ".join(reasons)))
    return tuple(failed)


def passed(test: ListeningTest, answer: Answer) -> bool:
    """Whether the answer to a check heard what was degraded."""
    slots, values = answer.screen.slots, answer.values
    degraded = [place for place, slot in enumerate(slots) if slot.form == "degraded"]
    match test.scale.holds:
        case "one":
            return values[0] <= CHECK_POOR
        case "pair":
            return values[0] < 0 if degraded == [1] else values[0] > 0
        case _:
            others = [value for place, value in enumerate(values) if place not in degraded]
            return all(values[place] < max(others) for place in degraded)


def _inattentive(test: ListeningTest, answers: Sequence[Answer]) -> str:
    checks = [answer for answer in answers if answer.screen.purpose == "check"]
    missed = sum(not passed(test, answer) for answer in checks)
    return f"missed {missed} of {counted(len(checks), 'attention check')}" if 2 * missed > len(checks) else ""


def _unscreened(test: ListeningTest, answers: Sequence[Answer]) -> list[str]:
    if test.scale.holds != "all" or test.reference is None:
        return []
    rated = [answer for answer in answers if answer.screen.purpose == "rated"]
    if not rated:
        return []
    low = high = 0
    for answer in rated:
        by_slot = dict(zip(answer.screen.slots, answer.values, strict=True))
        low += any(v < SCREENED_POINTS for s, v in by_slot.items() if s.system == test.reference and s.form == "plain")
        high += any(v > SCREENED_POINTS for s, v in by_slot.items() if s.form == "anchor")
    reasons = []
    if low > SCREENED_SHARE * len(rated):
        reasons.append(
            f"rated the hidden reference below {SCREENED_POINTS} on {low} of {counted(len(rated), 'screen')}"
        )
    if high > SCREENED_SHARE * len(rated):
        reasons.append(f"rated the anchor above {SCREENED_POINTS} on {high} of {counted(len(rated), 'screen')}")
    return reasons


def _means(found: Sequence[Score], tell: Tell) -> tuple[SystemResult, ...]:
    made = []
    names = sorted({score.system for score in found})
    for number, system in enumerate(names, start=1):
        mean = mean_of(*_arrays([score for score in found if score.system == system]))
        if mean is not None:
            made.append(SystemResult(system=system, mean=mean))
        tell(number, len(names) + comb(len(names), 2))
    return tuple(sorted(made, key=lambda result: -result.mean.value))


def _paired(systems: Sequence[str], found: Sequence[Score], tell: Tell) -> tuple[PairResult, ...]:
    """Every pair of systems that stood on the same screens: differences of what was said at once."""
    by_system: defaultdict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for score in found:
        by_system[score.system][score.rater, score.sentence] = score.value
    made = []
    for a, b in combinations(systems, 2):
        both = sorted(by_system[a].keys() & by_system[b].keys())
        values = np.array([by_system[a][key] - by_system[b][key] for key in both])
        mean = mean_of(values, np.array([key[0] for key in both]), np.array([key[1] for key in both]))
        p, basis = _p_of_ranks(values), _basis(values)
        made.append(PairResult(a=a, b=b, mean=mean, preference=None, basis=basis, p_raw=p, p=None))
        tell(len(systems) + len(made), len(systems) + comb(len(systems), 2))
    return _corrected(made)


def _unpaired(systems: Sequence[str], found: Sequence[Score], tell: Tell) -> tuple[PairResult, ...]:
    """Every pair of systems that were heard one at a time: differences of their means."""
    made = []
    for a, b in combinations(systems, 2):
        own, other = _of(found, a), _of(found, b)
        shared = _of_sentences(own, other)
        p, basis = _p_of_ranks(shared), _basis(shared)
        made.append(PairResult(a=a, b=b, mean=_apart(own, other), preference=None, basis=basis, p_raw=p, p=None))
        tell(len(systems) + len(made), len(systems) + comb(len(systems), 2))
    return _corrected(made)


def _apart(a: Sequence[Score], b: Sequence[Score]) -> Mean | None:
    """The difference of two means, raters and sentences of both drawn as one."""
    if not a or not b:
        return None
    signed = [*((score, 1.0) for score in a), *((score, -1.0) for score in b)]
    raters, sentences = (np.unique([getattr(s, name) for s, _ in signed]) for name in ("rater", "sentence"))
    interval = None
    if len(raters) > 1 and len(sentences) > 1:
        placed = [_placed(own, raters, sentences) for own in (a, b)]
        drawn = resampled_over(placed, shape=(len(raters), len(sentences)))
        both = ~np.isnan(drawn[0]) & ~np.isnan(drawn[1])
        interval = percentiles(drawn[0][both] - drawn[1][both]) if both.any() else None
    value = float(np.mean([s.value for s in a]) - np.mean([s.value for s in b]))
    return Mean(value=value, interval=interval, ratings=len(signed), raters=len(raters), sentences=len(sentences))


def _placed(
    own: Sequence[Score], raters: np.ndarray, sentences: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ratings of a system, with the numbers of their raters and sentences among all."""
    values, who, what = _arrays(own)
    return values, np.searchsorted(raters, who), np.searchsorted(sentences, what)


def _of_sentences(a: Sequence[Score], b: Sequence[Score]) -> np.ndarray:
    """How much better ``a`` was on each sentence rated for both, shape (sentences,); raters may have heard one only."""
    means = [_by_sentence(own) for own in (a, b)]
    both = sorted(means[0].keys() & means[1].keys())
    return np.array([means[0][key] - means[1][key] for key in both], dtype=float)


def _basis(values: np.ndarray) -> Basis:
    mean = float(values.mean()) if len(values) else None
    return Basis(over=len(values), differing=int(np.count_nonzero(values)), mean=mean)


def _p_of_ranks(values: np.ndarray) -> float | None:
    return p_signed_rank(values) if np.count_nonzero(values) >= TESTABLE else None


def _by_sentence(own: Sequence[Score]) -> Mapping[str, float]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for score in own:
        values[score.sentence].append(score.value)
    return {sentence: float(np.mean(numbers)) for sentence, numbers in values.items()}


def _compared(test: ListeningTest, found: Sequence[Score], tell: Tell) -> tuple[PairResult, ...]:
    """Every pair that was heard against each other."""
    made: list[PairResult] = []
    pairs = sorted({(score.system, str(score.other)) for score in found})
    for a, b in pairs:
        own = [score for score in found if (score.system, score.other) == (a, b)]
        values, raters, sentences = _arrays(own)
        counts = (int((values > 0).sum()), int((values == 0).sum()), int((values < 0).sum()))
        preferred = preference(*counts)
        basis = _basis(values)
        by_sign = preferred.p if basis.differing >= TESTABLE else None
        p = by_sign if test.kind == "ab" else _p_of_ranks(values)
        mean = mean_of(values, raters, sentences)
        made.append(PairResult(a=a, b=b, mean=mean, preference=preferred, basis=basis, p_raw=p, p=None))
        tell(len(made), len(pairs))
    return _corrected(made)


def _corrected(made: Sequence[PairResult]) -> tuple[PairResult, ...]:
    corrected = holm({f"{pair.a}\n{pair.b}": pair.p_raw for pair in made if pair.p_raw is not None})
    return tuple(replace(pair, p=corrected.get(f"{pair.a}\n{pair.b}")) for pair in made)


def hasty(answers: Iterable[Answer]) -> dict[str, int]:
    """How many screens each rater answered in less time than their recordings last, by the server's own clock.

    The first screen of a rater is not judged: nothing came before it.
    """
    before: dict[str, datetime] = {}
    found: dict[str, int] = {}
    for answer in answers:
        last = before.get(answer.rater)
        if last is not None and answer.least is not None:
            found[answer.rater] = found.get(answer.rater, 0) + ((answer.at - last).total_seconds() < answer.least)
        before[answer.rater] = answer.at
    return {rater: number for rater, number in found.items() if number}


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
    return alpha(_arrays(found)[0], units, distance=interval_distance) if found else None


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


def _of(found: Sequence[Score], system: str) -> list[Score]:
    return [score for score in found if score.system == system]


def _arrays(own: Sequence[Score]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([score.value for score in own], dtype=float),
        np.array([score.rater for score in own]),
        np.array([score.sentence for score in own]),
    )
