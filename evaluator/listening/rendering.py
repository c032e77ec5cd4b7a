"""What a rater's browser is sent: one channel, 48 kHz, 16 bit, one loudness, whatever the systems made.

Sample rate, format and level would tell systems apart without listening, so nothing of them is left. A check is
degraded by signal-correlated noise (MNRU, ITU-T P.810) at Q = 0 dB, which everybody hears; MUSHRA's anchor is the
reference through a low-pass of 3.5 kHz (ITU-R BS.1534-3, section 5.1).
"""

from __future__ import annotations

import numpy as np

from evaluator.listening.plans import Form
from explorer.sound.audio import Audio, resample, wav_bytes
from explorer.sound.loudness import matched

RATE = 48_000
MNRU_Q_DB = 0.0
ANCHOR_HZ = 3_500.0
_FILTER_ORDER = 8
_SEED = 810


def rendered(audio: Audio, form: Form, *, loudness: bool) -> bytes:
    """The WAV file of a slot; with ``loudness`` at -23 LUFS, else at its own level."""
    made = _FORMS[form](resample(audio, RATE))
    return wav_bytes(matched(made) if loudness else made)


def degraded(audio: Audio, *, q_db: float = MNRU_Q_DB) -> Audio:
    """The sound with noise that follows its own level: x (1 + 10^(-Q/20) n), n white and Gaussian."""
    noise = np.random.default_rng(_SEED).standard_normal(len(audio.samples), dtype=np.float32)
    made = audio.samples * (1 + np.float32(10 ** (-q_db / 20)) * noise)
    return Audio(_within_full_scale(made), audio.sample_rate)


def low_passed(audio: Audio, *, hz: float = ANCHOR_HZ) -> Audio:
    """The sound without what is above ``hz``, not delayed (forwards and backwards through a Butterworth filter)."""
    from scipy.signal import butter, sosfiltfilt

    filters = butter(_FILTER_ORDER, hz, fs=audio.sample_rate, output="sos")
    padding = min(3 * (2 * len(filters) + 1), max(0, len(audio.samples) - 1))
    made = sosfiltfilt(filters, audio.samples, padlen=padding)
    return Audio(_within_full_scale(np.asarray(made, dtype=np.float32)), audio.sample_rate)


def _within_full_scale(samples: np.ndarray) -> np.ndarray:
    peak = float(np.abs(samples).max(initial=0.0))
    return samples if peak <= 1 else (samples / np.float32(peak)).astype(np.float32)


_FORMS = {"plain": lambda audio: audio, "degraded": degraded, "anchor": low_passed}
