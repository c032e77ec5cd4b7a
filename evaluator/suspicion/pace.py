"""Pace: a reference that is much longer or much shorter than the speech.

Characters of the reference per second of speech (of the detected speech where that was measured for nearly all
utterances, else of the duration), on a logarithmic scale because twice as fast is as odd as half as fast. The robust
z-score (Iglewicz and Hoaglin, 1993) is

    z = (log rate - median) / max(1.4826 * MAD, FLOOR)

and the strength is trust * (1 - exp(-(|z| - Z) / 2)) beyond |z| = Z. With fewer than FEW utterances nobody knows what
is usual. Utterances without text, duration or speech are no business of this signal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from evaluator.suspicion.evidence import Batch, Facts, Finding, Observed, Signal, floats
from explorer.formatting import decimal

Z = 3.0
FLOOR = 0.05
FEW = 20
SPEECH_KNOWN = 0.9
TRUST = 0.85


def robust_z(values: np.ndarray) -> np.ndarray:
    """The module's z of numbers; NaN stays NaN."""
    known = values[~np.isnan(values)]
    if not known.size:
        return values
    middle = np.median(known)
    return np.asarray((values - middle) / max(1.4826 * float(np.median(np.abs(known - middle))), FLOOR))


def strength(z: np.ndarray) -> np.ndarray:
    """The strength of z-scores, 0 for NaN."""
    beyond = np.abs(np.nan_to_num(z, nan=0.0)) - Z
    return np.asarray(np.where(beyond > 0, TRUST * -np.expm1(-np.maximum(beyond, 0) / 2), 0.0))


def _lacking(facts: Facts) -> str:
    if not facts.references:
        return "there are no references"
    if facts.references < FEW:
        return f"{FEW} references are needed to know what is usual, and there are {facts.references}"
    return ""


def _observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
    observed = {"characters": batch.values("characters"), "seconds": batch.values("duration")}
    if facts.speech is not None:
        observed["share"] = batch.values(facts.speech)
    return observed


def _judge(observed: Observed, facts: Facts) -> Finding:
    characters, seconds = floats(observed["characters"]), floats(observed["seconds"])
    of = "of sound"
    if "share" in observed:
        share = floats(observed["share"])
        if np.isnan(share).mean() <= 1 - SPEECH_KNOWN:
            seconds, of = seconds * share, "of speech"
    usable = (characters > 0) & (seconds > 0)
    if usable.sum() < FEW:
        return Finding.none(len(characters), f"fewer than {FEW} utterances have a text and a duration")
    rates = np.divide(characters, seconds, out=np.full(len(characters), np.nan), where=usable)
    z = robust_z(np.log(rates))
    usual = decimal(float(np.nanmedian(rates)), digits=1)

    def tell(flagged: np.ndarray) -> Iterator[str]:
        for rate, score in zip(rates[flagged].tolist(), z[flagged].tolist(), strict=True):
            much = "more text than speech" if score > 0 else "more speech than text"
            yield f"{much}: {decimal(rate, digits=1)} characters a second {of}, usual are {usual} (z = {score:.1f})"

    return Finding.told(strength(z), tell)


PACE = Signal(
    name="pace",
    title="Text too long or too short",
    help="Characters of the reference per second of detected speech (or of sound, where speech was not looked for), "
    "as a robust z-score on a logarithmic scale. From 3 on it is odd.",
    unit="z",
    needs="references and durations of 20 utterances; better with the speech ratio measured",
    trust=TRUST,
    lacking=_lacking,
    columns=lambda facts: ("characters", "duration", *([facts.speech] if facts.speech else [])),
    observe=_observe,
    judge=_judge,
)
