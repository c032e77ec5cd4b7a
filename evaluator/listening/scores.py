"""Answers as numbers about systems: a rating each, or of a pair how much the one was preferred to the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.listening.clustered_tests import Rated
from evaluator.listening.design import ListeningTest
from evaluator.listening.ratings import Answer
from evaluator.listening.screening import screening


@dataclass(frozen=True, slots=True)
class Score:
    """One number about one system: the rating itself, or of a pair how much ``system`` was preferred to ``other``."""

    rater: str
    sentence: str
    system: str
    value: float
    other: str | None = None


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


def of_system(found: Sequence[Score], system: str) -> list[Score]:
    """The numbers about one system."""
    return [score for score in found if score.system == system]


def as_rated(own: Sequence[Score]) -> Rated:
    """The numbers with whose and about what they are, as arrays."""
    return Rated(
        values=np.array([score.value for score in own], dtype=float),
        raters=np.array([score.rater for score in own], dtype=str),
        sentences=np.array([score.sentence for score in own], dtype=str),
    )
