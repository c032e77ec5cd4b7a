"""A sample rate or a number of channels that few utterances of the corpus have.

With p the share of the measured utterances that have the same value as this one, and the most frequent value above
1 - p:

    strength = trust * max(0, 1 - p / FEW)

so half the corpus at 8 kHz is no fault, and one utterance in a thousand is nearly of full strength.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from evaluator.suspicion.evidence import Facts, Finding, Observed, Signal, floats, needs_sound
from explorer.formatting import count, percent

FEW = 0.2
TRUST = 0.7


def minority(values: np.ndarray) -> tuple[np.ndarray, float]:
    """The strength of each value, 0 for NaN, and the most frequent value (NaN without any)."""
    known = ~np.isnan(values)
    kinds, place, times = np.unique(values[known], return_inverse=True, return_counts=True)
    strengths = np.zeros(len(values))
    if not kinds.size:
        return strengths, float("nan")
    strengths[known] = TRUST * np.maximum(0.0, 1 - times[place] / times.sum() / FEW)
    return strengths, float(kinds[times.argmax()])


def _judging(column: str, told: Callable[[float], str]) -> Callable[[Observed, Facts], Finding]:
    def judge(observed: Observed, facts: Facts) -> Finding:
        values = floats(observed[column])
        strengths, usual = minority(values)
        known = np.count_nonzero(~np.isnan(values))
        share = np.count_nonzero(values == usual) / known if known else 0.0

        def tell(flagged: np.ndarray) -> Iterable[str]:
            rest = f"where {percent(share, digits=0)} of the corpus have {told(usual)}"
            return (f"{told(one)} {rest}" for one in values[flagged].tolist())

        return Finding.told(strengths, tell)

    return judge


def _unusual(name: str, *, title: str, help: str, unit: str, told: Callable[[float], str]) -> Signal:
    """The signal that a measured number of a file is not the corpus's usual one."""
    column = f"signal_{name}"
    return Signal(
        name=name,
        title=title,
        help=help,
        unit=unit,
        needs="the measured sound",
        trust=TRUST,
        lacking=needs_sound,
        columns=lambda facts: (column,),
        observe=lambda batch, facts: {column: batch.values(column)},
        judge=_judging(column, told),
    )


SAMPLE_RATE = _unusual(
    "sample_rate",
    title="Unusual sample rate",
    help="The sound has another sample rate than nearly all of the corpus.",
    unit="Hz",
    told=lambda rate: f"{count(rate)} Hz",
)
CHANNELS = _unusual(
    "channels",
    title="Unusual number of channels",
    help="The sound has more or fewer channels than nearly all of the corpus.",
    unit="channels",
    told=lambda number: f"{count(number)} channel{'' if number == 1 else 's'}",
)
