"""Scores of a stimulus set by system, and how they go with what people said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.comparing.significance import Interval
from evaluator.listening.rating_statistics import percentiles
from evaluator.listening.scores import Score
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.tts.room import COUNTS
from evaluator.tts.stimulus_set import StimulusSet
from explorer.columns import Column
from explorer.corpora.corpus import Corpus

ROUND_TRIP = "wer_"
"""How the columns begin that hold a recognizer's word error rate against the text that was to be read."""

RESAMPLES = 2_000
SEED = 20_261_127
FEWEST = 5
"""Readings below which ranks say nothing about how two numbers go together."""

FEWEST_SYSTEMS = 3
"""The same for systems, of which there never are many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemScore:
    """A score of a system, over its ``readings`` that have one; None without any."""

    system: str
    mean: float | None
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A reading with its score and the mean of its ratings."""

    sentence: str
    system: str
    utterance: str
    score: float
    rating: float
    ratings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Spearman's rho of ``points`` points; None for too few, or where one of both never changes.

    The interval resamples sentences with all their readings.
    """

    rho: float | None
    interval: Interval | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A score beside ratings: the ``points`` that have both, how both go together, and where they differ most."""

    points: tuple[Point, ...]
    readings: Correlation
    systems: Correlation
    outliers: tuple[tuple[Point, float], ...]


def relation(
    corpus: Corpus,
    material: StimulusSet,
    column: Column,
    rated: Sequence[Score],
    *,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Relation:
    """How a score goes with ratings; ``tell`` is told how many resamples are done of all."""
    found = points(corpus, material, column, rated)
    whole = of_systems(found, by_system(corpus, material, column))
    return Relation(
        points=tuple(found),
        readings=correlation(found, tell=tell),
        systems=correlation(whole, fewest=FEWEST_SYSTEMS),
        outliers=tuple(outliers(found)),
    )


def score_columns(corpus: Corpus) -> list[Column]:
    """The columns that score a reading by a number: of the voice, of the sound, and round trips of recognizers."""
    scored = [column for column in corpus.columns if column.kind == "number"]
    return [column for column in scored if column.origin in ("voice", "signal") or column.name.startswith(ROUND_TRIP)]


def by_system(corpus: Corpus, material: StimulusSet, column: Column) -> list[SystemScore]:
    """The score of every system of the set: the mean of its readings, of a round trip the pooled rate."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for reading in material.readings():
        rows[reading.system].append(reading.row)
    return [
        _scored(corpus, column, system.name, np.array(rows[system.name], dtype=np.int64)) for system in material.systems
    ]


def _scored(corpus: Corpus, column: Column, system: str, rows: np.ndarray) -> SystemScore:
    own = corpus.numbers(column.name)[rows]
    known = ~np.isnan(own)
    readings = int(known.sum())
    if not column.name.startswith(ROUND_TRIP):
        return SystemScore(system=system, mean=float(own[known].mean()) if readings else None, readings=readings)
    recognizer = column.name.removeprefix(ROUND_TRIP)
    counts = [corpus.numbers(f"{kind}_{recognizer}")[rows] for kind in COUNTS]
    pooled = sum(
        (ErrorCounts(*map(int, one)) for one in zip(*counts, strict=True) if not np.isnan(one).any()),
        ErrorCounts.zero(),
    )
    return SystemScore(system=system, mean=pooled.rate, readings=readings)


def points(corpus: Corpus, material: StimulusSet, column: Column, rated: Sequence[Score]) -> list[Point]:
    """Every reading that has both a score and ratings, in the order of the set."""
    numbers = corpus.numbers(column.name)
    heard = _ratings(rated)
    made = []
    for reading in material.readings():
        said = heard.get((reading.sentence, reading.system))
        if said and not np.isnan(numbers[reading.row]):
            made.append(
                Point(
                    sentence=reading.sentence,
                    system=reading.system,
                    utterance=reading.id,
                    score=float(numbers[reading.row]),
                    rating=float(np.mean(said)),
                    ratings=len(said),
                )
            )
    return made


def correlation(
    found: Sequence[Point], *, fewest: int = FEWEST, tell: Callable[[int, int], None] = lambda _done, _of: None
) -> Correlation:
    """How the ranks of scores and ratings go together; None for fewer than ``fewest`` points."""
    scores = np.array([point.score for point in found])
    ratings = np.array([point.rating for point in found])
    rho = spearman(scores, ratings) if len(found) >= fewest else None
    names, sentence = np.unique(np.array([point.sentence for point in found], dtype=str), return_inverse=True)
    if rho is None or len(names) < 2:
        return Correlation(rho=rho, interval=None, points=len(found))
    members = [np.flatnonzero(sentence == number) for number in range(len(names))]
    generator = np.random.default_rng(SEED)
    drawn = []
    for number in range(RESAMPLES):
        if number % 100 == 0:
            tell(number, RESAMPLES)
        drawn_names = generator.integers(len(names), size=len(names))
        places = np.concatenate([members[name] for name in drawn_names])
        one = spearman(scores[places], ratings[places])
        if one is not None:
            drawn.append(one)
    return Correlation(rho=rho, interval=percentiles(np.array(drawn)) if drawn else None, points=len(found))


def of_systems(found: Sequence[Point], scored: Sequence[SystemScore]) -> list[Point]:
    """One point for each system that was rated: its score, and the mean over its readings' ratings."""
    groups: defaultdict[str, list[Point]] = defaultdict(list)
    for point in found:
        groups[point.system].append(point)
    return [
        Point(
            sentence=one.system,
            system=one.system,
            utterance="",
            score=one.mean,
            rating=float(np.mean([point.rating for point in groups[one.system]])),
            ratings=sum(point.ratings for point in groups[one.system]),
        )
        for one in scored
        if one.mean is not None and one.system in groups
    ]


def outliers(found: Sequence[Point], *, most: int = 10) -> list[tuple[Point, float]]:
    """The readings whose ranks by score and by rating lie furthest apart, with the distance as a share of all ranks.

    A score where less is better is turned by the sign of the correlation.
    """
    from scipy.stats import rankdata

    if len(found) < FEWEST:
        return []
    scores, ratings = (rankdata([getattr(point, name) for point in found]) for name in ("score", "rating"))
    if (spearman(scores, ratings) or 0) < 0:
        scores = len(found) + 1 - scores
    apart = (scores - ratings) / len(found)
    return [(found[place], float(apart[place])) for place in np.argsort(-np.abs(apart), kind="stable")[:most]]


def spearman(a: np.ndarray, b: np.ndarray) -> float | None:
    """Spearman's rank correlation (1904), ties at their mean rank; None where it is undefined."""
    from scipy.stats import rankdata

    if len(a) < 2:
        return None
    first, second = rankdata(a), rankdata(b)
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return None if size == 0 else float(first @ second) / size


def _ratings(rated: Sequence[Score]) -> Mapping[tuple[str, str], list[float]]:
    """What was said about each (sentence, system); of a pair, what was said for the one counts against the other."""
    heard: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for score in rated:
        heard[score.sentence, score.system].append(score.value)
        if score.other is not None:
            heard[score.sentence, score.other].append(-score.value)
    return heard
