"""Gate: conditions that fail a build, such as ``wer > 0.075`` or ``worse(p < 0.05)``, judged on a comparison.

    wer > 7.5%           a rate or delta, an operator (< <= > >=), a number as in a filter: 7.5%, 7.5 and 0.075 are the
                         same, from 1 to below 2 only with the percent sign
    worse                more errors than the baseline, however sure
    worse(p < 0.05)      more errors, and p of the matched pairs test (MAPSSWE, corrected by Holm) below the number

A rate is judged for every system but a baseline that was named, a difference for every system but the baseline. A value
that is undefined (an empty reference, too few segments for p) fulfils no condition, and is reported as such, so that a
gate never passes in silence on nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluator.comparing.comparison import Comparison, Standing
from evaluator.comparing.comparison_columns import points
from evaluator.scoring.metrics import METRICS
from explorer.errors import ConfigError, QueryError
from explorer.formatting import decimal, percent
from explorer.querying.conditions import fraction
from explorer.querying.query import nearest

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
WRITTEN = {"punctuation_error_rate": "punctuation marks", "capitalization_error_rate": "words with capitals"}
"""Rates of texts as they are written, and what references may lack for them."""
TOLD = ("wer", "cer", "substitution_rate", "deletion_rate", "insertion_rate", "wmr", "mwa", *WRITTEN)
_NUMBER = r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<percent>%?)"
_ALONE = "no other system is compared with it"
_UNTESTED = "fewer than two segments with errors"
_THRESHOLD = re.compile(rf"\s*(?P<name>[A-Za-z_]+)\s*(?P<operator><=|>=|<|>)\s*(?P<sign>-?){_NUMBER}\s*")
_WORSE = re.compile(rf"\s*worse\s*(?:\(\s*p\s*<\s*{_NUMBER}\s*\))?\s*")
_EXAMPLES = '"wer > 7.5%", "delta > 0.2%", "worse", "worse(p < 0.05)"'


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition found for a system, in words too; ``holds`` is None where the value is undefined."""

    condition: str
    system: str
    holds: bool | None
    told: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was written, the function that judges one standing, and whether that is about a difference."""

    written: str
    judge: Callable[[Standing], tuple[bool | None, str]]
    against: bool


def parsed(text: str) -> Condition:
    """The condition of a text.

    Raises:
        ConfigError: it is no condition, or its number could mean two things; the sentence says so and shows some.
    """
    worse = _WORSE.fullmatch(text)
    if worse:
        return Condition(text, _worse(_value(worse) if worse["number"] else None), against=True)
    found = _THRESHOLD.fullmatch(text)
    if not found:
        raise ConfigError(f'"{text}" is no condition; conditions are for example {_EXAMPLES}.')
    name = found["name"].lower()
    if name not in (*TOLD, "delta"):
        near = nearest(name, (*TOLD, "delta", "worse"))
        raise ConfigError(f'the condition "{text}" names no number that is compared{near} ({", ".join(TOLD)}, delta).')
    limit = -_value(found) if found["sign"] else _value(found)
    return Condition(text, _threshold(name, found["operator"], limit), against=name == "delta")


def judged(conditions: Sequence[Condition], compared: Comparison, *, spared: str | None) -> list[Verdict]:
    """Every condition on every system; ``spared`` is the named baseline, which is not on trial.

    A difference is never that of the baseline from itself; when there is nobody else, that is the verdict.
    """
    verdicts = []
    for one in conditions:
        absent = compared.baseline if one.against else spared
        on_trial = [row for row in compared.standings if row.system != absent]
        verdicts += [Verdict(one.written, row.system, *one.judge(row)) for row in on_trial]
        if one.against and not on_trial:
            verdicts.append(Verdict(one.written, compared.baseline, None, f"{compared.baseline}: {_ALONE}"))
    return verdicts


def _value(found: re.Match[str]) -> float:
    try:
        value = fraction(found["number"] + found["percent"])
    except QueryError as error:
        raise ConfigError(f'in the condition "{found.string}" {error}, for example {_EXAMPLES}.') from error
    assert value is not None  # the pattern lets nothing but numbers pass
    return value


def _threshold(name: str, sign: str, limit: float) -> Callable[[Standing], tuple[bool | None, str]]:
    def judge(row: Standing) -> tuple[bool | None, str]:
        if name == "delta":
            value = None if row.difference is None else row.difference.delta
        else:
            value = METRICS[name].value(row.counts)
        told = f"{name} of {row.system} is {percent(value)}"
        if value is None:
            lacking = f"the references carry no {WRITTEN[name]}" if name in WRITTEN else "there is nothing to divide by"
            because = _undefined_because(row) if name == "delta" else lacking
            told = f"{name} of {row.system} is undefined: {because}"
        return (None if value is None else OPERATORS[sign](value, limit)), told

    return judge


def _undefined_because(row: Standing) -> str:
    """Why a system that is compared has no difference."""
    if not row.counts.words.length:
        return "the references have no words"
    return "there are too few utterances (or blocks) with words to resample"


def _worse(below: float | None) -> Callable[[Standing], tuple[bool | None, str]]:
    def judge(row: Standing) -> tuple[bool | None, str]:
        if row.difference is None:
            return None, f"the difference of {row.system} is undefined: {_undefined_because(row)}"
        more = row.difference.delta > 0
        told = f"{row.system} differs by {points(row.difference.delta)} points"
        if below is None or not more:
            return more, told
        if row.p_holm is None:
            return None, f"{told}, p is undefined: {_UNTESTED}"
        return row.p_holm < below, f"{told}, p = {decimal(row.p_holm, digits=4)}"

    return judge
