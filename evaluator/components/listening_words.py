"""What the numbers of two systems in a listening test mean, in plain words.

A difference is of all ratings, its p of those that can be set against each other; the sentence says of how many.
"""

from __future__ import annotations

from evaluator.comparing.comparison_columns import p_value
from evaluator.listening.design import ListeningTest
from evaluator.listening.results import TESTABLE, PairResult
from explorer.formatting import count, counted, decimal, percent

CLEAR = 0.05
"""p below which a difference is called one."""


def told(test: ListeningTest, pair: PairResult) -> str:
    """The sentence about a pair."""
    if test.kind == "ab":
        return _preferred(pair)
    if pair.mean is None:
        return f"{pair.a} and {pair.b} were not compared."
    first, second = (pair.a, pair.b) if pair.mean.value >= 0 else (pair.b, pair.a)
    size = f"{decimal(abs(pair.mean.value))} {test.scale.unit}"
    said = f"{first} was rated {size} above {second}" if pair.mean.value else f"{first} and {second} were rated alike"
    if pair.p is None:
        return f"{said}; {_untested(test, pair)}."
    luck = "would be rare" if pair.p < CLEAR else "is not unusual"
    basis = pair.basis
    shared = basis.mean or 0.0
    if decimal(shared) == decimal(pair.mean.value):
        what = "a difference this large"
    else:  # other sentences were rated, too, which no test can set against each other
        toward = shared if first == pair.a else -shared
        on_shared = f"{decimal(abs(toward))} {'above' if toward >= 0 else 'below'}"
        said = f"{said} by all ratings, {on_shared} on the {counted(basis.over, 'sentence')} rated for both"
        what = "the latter"
    return f"{said}; {what} {luck} if they were equally good (p {p_value(pair.p)}; {_base(test, pair)})."


def _preferred(pair: PairResult) -> str:
    preferred = pair.preference
    if preferred is None or preferred.share is None:
        return f"Nobody preferred {pair.a} or {pair.b}."
    first, second = (pair.a, pair.b) if preferred.share >= 0.5 else (pair.b, pair.a)
    share = percent(max(preferred.share, 1 - preferred.share), digits=0)
    split = f"{share} of those who decided were for {first}, the others for {second}"
    base = f"{count(pair.basis.differing)} of {counted(pair.basis.over, 'rating')} decided"
    if pair.p is None:
        return f"{split}; too few decided ({base}) to test that."
    if pair.p < CLEAR:
        return f"{first} was preferred to {second} by {share} of those who decided (p {p_value(pair.p)}; {base})."
    return f"No clear preference: {split} (p {p_value(pair.p)}; {base})."


def _untested(test: ListeningTest, pair: PairResult) -> str:
    """Why there is no p."""
    basis = pair.basis
    if basis.over < TESTABLE and test.scale.holds == "one":
        return f"too few sentences were rated for both ({count(basis.over)}) to test that"
    if basis.over < TESTABLE:
        return f"too few ratings ({count(basis.over)}) to test that"
    if not basis.differing:
        return f"none of the {_numbers(test, basis.over)} differs, so there is nothing to test"
    return f"too few differ ({_base(test, pair)}) to test that"


def _base(test: ListeningTest, pair: PairResult) -> str:
    verb = "differs" if pair.basis.differing == 1 else "differ"
    return f"{count(pair.basis.differing)} of {_numbers(test, pair.basis.over)} {verb}"


def _numbers(test: ListeningTest, over: int) -> str:
    if test.scale.holds == "one":
        return f"{counted(over, 'sentence')} rated for both"
    return counted(over, "rating")
