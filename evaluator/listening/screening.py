"""Which raters count: attention checks, MUSHRA's post-screening, and who answered before the recordings had ended.

Post-screening follows ITU-R BS.1534-3, section 4.1.2: a rater is left out who rates the hidden reference below 90 on
more than 15 % of the screens, or the anchor above 90 on more than 15 % of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evaluator.listening.design import ListeningTest
from evaluator.listening.ratings import Answer
from explorer.formatting import counted

SCREENED_SHARE, SCREENED_POINTS = 0.15, 90
CHECK_POOR = 2
"""The best rating of a degraded recording that passes for attention, on the scale from 1 to 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A rater who does not count, and why."""

    rater: str
    name: str
    why: str


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
