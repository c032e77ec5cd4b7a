"""Very high CER: even the system that comes nearest to the reference is far from it.

Of each system s the character errors beyond what is usual for it, as a share of what could be:

    x_s = clip((errors / (characters + SHORT) - 2 c_s) / (1 - 2 c_s), 0, 1)      c_s its pooled CER in the corpus

and the strength is trust * min over systems of x_s. SHORT characters are added so that one wrong word of two letters is
not yet a CER of 100 %. A system whose pooled CER is above MOST says nothing: it is always far off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from evaluator.suspicion.evidence import (
    Batch,
    Facts,
    Finding,
    Signal,
    needs_systems,
    score_columns,
)
from explorer.formatting import percent

SHORT = 8
MOST = 0.4
TRUST = 0.8


def excess(errors: np.ndarray, characters: np.ndarray, usual: float) -> np.ndarray:
    """The module's x of a system; NaN where it was not scored or the reference is empty."""
    share = (errors / np.where(characters > 0, characters + SHORT, np.nan) - 2 * usual) / (1 - 2 * usual)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _judging(facts: Facts) -> dict[str, float]:
    """The systems that are good enough to tell, with their pooled CER."""
    return {name: pooled.cer for name, pooled in facts.systems.items() if pooled.cer is not None and pooled.cer <= MOST}


def _lacking(facts: Facts) -> str:
    lacking = needs_systems(facts, 1)
    if lacking or _judging(facts):
        return lacking
    return f"no system's usual CER is below {percent(MOST, digits=0)}, so none stands out"


def _observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
    usual = _judging(facts)
    rates, excesses = [], []
    for system, cer in usual.items():
        errors, characters = (
            batch.numbers(f"character_errors_{system}"),
            batch.numbers(f"reference_characters_{system}"),
        )
        excesses.append(excess(errors, characters, cer))
        rates.append(errors / np.where(characters > 0, characters, np.nan))
    beyond = np.where(np.isnan(excesses), 2.0, excesses)
    best = beyond.argmin(axis=0)
    each = np.arange(len(batch))
    strengths = np.where(beyond[best, each] > 1.0, 0.0, TRUST * beyond[best, each])
    told_rates = np.stack(rates)[best, each]
    names = list(usual)

    def tell(flagged: np.ndarray) -> Iterator[str]:
        for system, rate in zip(best[flagged].tolist(), told_rates[flagged].tolist(), strict=True):
            who = "even the nearest system, " if len(names) > 1 else "the system "
            yield (
                f"{who}{names[system]}{',' if len(names) > 1 else ''} has a CER of {percent(rate, digits=0)} here, "
                f"usually {percent(usual[names[system]], digits=0)}"
            )

    told = Finding.told(strengths, tell)
    return told.observed()


FAR_OFF = Signal(
    name="cer",
    title="Very high CER",
    help="Even the system that comes nearest to the reference makes far more character errors here than it usually "
    "does. Short references need more of them.",
    unit="% CER",
    needs="hypotheses of a system",
    trust=TRUST,
    lacking=_lacking,
    columns=lambda facts: score_columns(facts, "character_errors", "reference_characters"),
    observe=_observe,
    judge=Finding.as_observed,
)
