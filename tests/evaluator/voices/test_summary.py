"""Scores by system and beside ratings: hand-worked, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from evaluator.voices.summary import Point, SystemScore, correlation, of_systems, outliers, spearman


def point(sentence: str, system: str, score: float, rating: float) -> Point:
    return Point(
        sentence=sentence, system=system, utterance=f"{sentence}{system}", score=score, rating=rating, ratings=3
    )


def test_ranks_that_agree_and_disagree() -> None:
    up = [point(f"s{n}", "a", n, 2 * n) for n in range(6)]
    down = [point(f"s{n}", "a", n, -n) for n in range(6)]
    assert correlation(up).rho == 1
    assert correlation(down).rho == -1
    assert correlation(up[:4]).rho is None
    assert correlation([]).points == 0
    assert correlation([point(f"s{n}", "a", 1.0, n) for n in range(6)]).rho is None


def test_rho_and_ties_are_those_of_scipy_and_the_interval_holds_it() -> None:
    generator = np.random.default_rng(1)
    score = generator.integers(0, 6, 60).astype(float)
    rating = score + generator.normal(0, 2, 60)
    found = correlation([point(f"s{n // 3}", "abc"[n % 3], score[n], rating[n]) for n in range(60)])
    assert found.rho == pytest.approx(float(spearmanr(score, rating).statistic))
    assert found.interval is not None
    assert found.rho is not None
    assert -1 <= found.interval.low < found.rho < found.interval.high <= 1
    assert spearman(score, rating) == found.rho


def test_systems_are_means_of_their_readings() -> None:
    scored = [SystemScore(system=name, mean=mean, readings=2) for name, mean in (("a", 2.5), ("b", 5.0), ("c", None))]
    found = of_systems([point("s0", "a", 1, 2), point("s1", "a", 3, 4), point("s0", "b", 5, 1)], scored)
    assert [(p.system, p.score, p.rating, p.ratings) for p in found] == [("a", 2.5, 3, 6), ("b", 5, 1, 3)]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_reading_that_people_judge_otherwise_is_found_whichever_direction_is_better(sign: int) -> None:
    readings = [point(f"s{n}", "a", sign * n, n) for n in range(10)] + [point("odd", "a", sign * 9.5, -1)]
    (first, apart), *_ = outliers(readings)
    assert first.sentence == "odd"
    assert apart == pytest.approx((11 - 1) / 11)
