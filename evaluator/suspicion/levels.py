"""What the level of the sound says: silent, clipped, or drowned in noise.

From the measures of the sound (explorer/sound/signal_measures.py):

    silent    no sample but zeros, RMS below QUIET, or a detector that hears no speech though there is a reference:
              strength = trust
    clipped   with c the share of clipped samples: trust * c / (c + HALF_CLIPPED), 0 without any
    snr       trust * clip((GOOD - snr) / (GOOD - BAD), 0, 1), in dB

Noise is the weakest of all signals: most noisy utterances are transcribed well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from evaluator.suspicion.evidence import Batch, Facts, Finding, Observed, Signal, floats, needs_sound
from explorer.formatting import count, decimal, percent

QUIET = -60.0  # dBFS
HALF_CLIPPED = 0.002
GOOD, BAD = 10.0, 0.0  # dB
SILENT_TRUST, CLIPPED_TRUST, SNR_TRUST = 0.9, 0.7, 0.25


def clipped_strength(share: np.ndarray) -> np.ndarray:
    """The strength of shares of clipped samples; 0 for NaN."""
    known = np.nan_to_num(share)
    return np.asarray(CLIPPED_TRUST * known / (known + HALF_CLIPPED))


def snr_strength(snr: np.ndarray) -> np.ndarray:
    """The strength of signal-to-noise ratios in dB; 0 for NaN."""
    return np.asarray(SNR_TRUST * np.clip(np.nan_to_num((GOOD - snr) / (GOOD - BAD)), 0.0, 1.0))


def _observing(*names: str) -> Callable[[Batch, Facts], Mapping[str, pa.Array]]:
    """Observe these columns as they are."""
    return lambda batch, facts: {name: batch.values(name) for name in names if name in batch}


def _judge_silent(observed: Observed, facts: Facts) -> Finding:
    measured = ~np.isnan(floats(observed["signal_sample_rate"]))
    rms = floats(observed["signal_rms"])
    nothing = measured & np.isnan(rms)
    quiet = measured & (rms < QUIET)
    speechless = np.zeros(len(measured), bool)
    if facts.speech is not None:
        speechless = (floats(observed[facts.speech]) == 0) & (floats(observed["characters"]) > 0)

    def tell(flagged: np.ndarray) -> Iterable[str]:
        for row in flagged.tolist():
            if nothing[row]:
                yield "the sound is digital silence"
            elif quiet[row]:
                yield f"the sound is almost silent: {decimal(rms[row], digits=0)} dBFS"
            else:
                yield "no speech was detected in the sound"

    return Finding.told(np.where(nothing | quiet | speechless, SILENT_TRUST, 0.0), tell)


def _judge_clipped(observed: Observed, facts: Facts) -> Finding:
    share, samples = floats(observed["signal_clipped_share"]), floats(observed["signal_clipped"])

    def tell(flagged: np.ndarray) -> Iterable[str]:
        for row in flagged.tolist():
            yield f"the sound is clipped: {count(samples[row])} samples, {percent(share[row])}"

    return Finding.told(clipped_strength(share), tell)


def _judge_snr(observed: Observed, facts: Facts) -> Finding:
    snr = floats(observed["signal_snr"])

    def tell(flagged: np.ndarray) -> Iterable[str]:
        return (f"noisy: a signal-to-noise ratio of {decimal(one, digits=0)} dB" for one in snr[flagged].tolist())

    return Finding.told(snr_strength(snr), tell)


def _silent_columns(facts: Facts) -> Sequence[str]:
    return ("signal_sample_rate", "signal_rms", "characters", *([facts.speech] if facts.speech else []))


SILENT = Signal(
    name="silent",
    title="Silent sound",
    help="The sound is silence, or nearly, or no speech was detected in it though there is a reference.",
    unit="dBFS",
    needs="the measured sound",
    trust=SILENT_TRUST,
    lacking=needs_sound,
    columns=_silent_columns,
    observe=lambda batch, facts: {name: batch.values(name) for name in _silent_columns(facts)},
    judge=_judge_silent,
)
CLIPPED = Signal(
    name="clipped",
    title="Clipped sound",
    help="Samples stand at full scale in runs of three and more: the sound was recorded too loud.",
    unit="% of samples",
    needs="the measured sound",
    trust=CLIPPED_TRUST,
    lacking=needs_sound,
    columns=lambda facts: ("signal_clipped_share", "signal_clipped"),
    observe=_observing("signal_clipped_share", "signal_clipped"),
    judge=_judge_clipped,
)
SNR = Signal(
    name="snr",
    title="Noisy sound",
    help=f"A signal-to-noise ratio below {GOOD:g} dB; full strength at {BAD:g} dB. The weakest sign of all.",
    unit="dB",
    needs="the measured sound",
    trust=SNR_TRUST,
    lacking=needs_sound,
    columns=lambda facts: ("signal_snr",),
    observe=_observing("signal_snr"),
    judge=_judge_snr,
)
