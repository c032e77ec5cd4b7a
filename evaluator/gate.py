"""Gate: conditions that fail a build, such as ``wer > 0.075`` or ``worse(p < 0.05)``, judged on a comparison.

    wer > 0.075          a rate or delta, an operator (< <= > >=), a fraction or a percentage (7.5%)
    worse                more errors than the baseline, however sure
    worse(p < 0.05)      more errors, and p of the matched pairs test (MAPSSWE, corrected by Holm) below the number

A condition is judged for every system but a baseline that was named. A value that is undefined (an empty reference, too
few segments for p) fulfils no condition, and is reported as such, so that a gate never passes in silence on nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluator.comparison import Comparison, Standing
from evaluator.metrics import METRICS
from explorer.errors import ConfigError
from explorer.formatting import decimal, percent
from explorer.query import nearest

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TOLD = ("wer", "cer", "substitution_rate", "deletion_rate", "insertion_rate", "wmr")
_NUMBER = r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<percent>%?)"
_THRESHOLD = re.compile(rf"\s*(?P<name>[A-Za-z_]+)\s*(?P<operator><=|>=|<|>)\s*(?P<sign>-?){_NUMBER}\s*")
_WORSE = re.compile(rf"\s*worse\s*(?:\(\s*p\s*<\s*{_NUMBER}\s*\))?\s*")
_EXAMPLES = '"wer > 0.075", "delta > 0.2%", "worse", "worse(p < 0.05)"'


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition found for a system, in words too; ``holds`` is None where the value is undefined."""

    condition: str
    system: str
    holds: bool | None
    told: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was written, and the function that judges one standing."""

    written: str
    judge: Callable[[Standing], tuple[bool | None, str]]


def parsed(text: str) -> Condition:
    """The condition of a text.

    Raises:
        ConfigError: it is no condition; the sentence names it and shows some that are.
    """
    worse = _WORSE.fullmatch(text)
    if worse:
        return Condition(text, _worse(_value(worse) if worse["number"] else None))
    found = _THRESHOLD.fullmatch(text)
    if not found:
        raise ConfigError(f'"{text}" is no condition; conditions are for example {_EXAMPLES}.')
    name = found["name"].lower()
    if name not in (*TOLD, "delta"):
        near = nearest(name, (*TOLD, "delta", "worse"))
        raise ConfigError(f'the condition "{text}" names no number that is compared{near} ({", ".join(TOLD)}, delta).')
    limit = -_value(found) if found["sign"] else _value(found)
    return Condition(text, _threshold(name, found["operator"], limit))


def judged(conditions: Sequence[Condition], compared: Comparison, *, spared: str | None) -> list[Verdict]:
    """Every condition on every system; ``spared`` is the named baseline, which is not on trial."""
    on_trial = [row for row in compared.standings if row.system != spared]
    return [Verdict(one.written, row.system, *one.judge(row)) for one in conditions for row in on_trial]


def _value(found: re.Match[str]) -> float:
    return float(found["number"]) / (100 if found["percent"] else 1)


def _threshold(name: str, sign: str, limit: float) -> Callable[[Standing], tuple[bool | None, str]]:
    def judge(row: Standing) -> tuple[bool | None, str]:
        if name == "delta":
            value = None if row.difference is None else row.difference.delta
        else:
            value = METRICS[name].value(row.counts)
        told = f"{name} of {row.system} is {percent(value)}"
        return (None if value is None else OPERATORS[sign](value, limit)), told

    return judge


def _worse(below: float | None) -> Callable[[Standing], tuple[bool | None, str]]:
    def judge(row: Standing) -> tuple[bool | None, str]:
        if row.difference is None:
            return None, f"{row.system} is not compared with another system"
        more = row.difference.delta > 0
        told = f"{row.system} differs by {percent(row.difference.delta)}"
        if below is None or not more:
            return more, told
        if row.p_holm is None:
            return None, f"{told}, p is undefined: fewer than two segments with errors"
        return row.p_holm < below, f"{told}, p = {decimal(row.p_holm, digits=4)}"

    return judge
