"""What the numbers of two systems in a listening test mean, in plain words, with how many ratings they are of."""

from __future__ import annotations

from evaluator.comparing.comparison_columns import p_value
from evaluator.listening.clustered_tests import LEAST, ClusteredTest
from evaluator.listening.design import ListeningTest
from evaluator.listening.pairs import PairResult
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
        return f"{said}; {_untested(pair.tested)}."
    luck = "would be rare" if pair.p < CLEAR else "is not unusual"
    base = based(pair.tested)
    return f"{said}; a difference this large {luck} if they were equally good (p {p_value(pair.p)}; {base})."


def based(tested: ClusteredTest) -> str:
    """How many ratings a p is of, by how many raters about how many sentences."""
    ratings, raters = counted(tested.ratings, "rating"), counted(tested.raters, "rater")
    return f"{ratings} by {raters} about {counted(tested.sentences, 'sentence')}"


def _preferred(pair: PairResult) -> str:
    preferred = pair.preference
    if preferred is None or preferred.share is None:
        return f"Nobody preferred {pair.a} or {pair.b}."
    first, second = (pair.a, pair.b) if preferred.share >= 0.5 else (pair.b, pair.a)
    share = percent(max(preferred.share, 1 - preferred.share), digits=0)
    split = f"{share} of the decided ratings were for {first}, the others for {second}"
    if pair.p is None:
        return f"{split}; {_untested(pair.tested)}."
    base = f"{based(pair.tested)} decided"
    if pair.p < CLEAR:
        return f"{first} was preferred to {second} in {share} of the decided ratings (p {p_value(pair.p)}; {base})."
    return f"No clear preference: {split} (p {p_value(pair.p)}; {base})."


def _untested(tested: ClusteredTest) -> str:
    """Why there is no p."""
    if tested.raters < LEAST:
        return f"too few raters ({count(tested.raters)}) to test that"
    if tested.sentences < LEAST:
        return f"too few sentences ({count(tested.sentences)}) to test that"
    return f"none of the {counted(tested.ratings, 'rating')} differs, so there is nothing to test"
