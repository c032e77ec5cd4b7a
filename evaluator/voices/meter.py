"""Measure a voice with signal processing alone: pitch, pace, silence, loudness, and distances from a recording.

Conventions: sound of one channel is brought to RATE; frames are HOP apart. F0 in Hz, NaN where unvoiced; distances go
along one time alignment (dynamic time warping of mel cepstra, Euclidean, steps of one), made after silence at both
ends was taken off.

Sources: M. Mauch, S. Dixon, "pYIN: a fundamental frequency estimator using probabilistic threshold distributions",
ICASSP 2014 (by librosa); R. F. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993;
H. Sakoe, S. Chiba, "Dynamic programming algorithm optimization for spoken word recognition", 1978 (by librosa).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from explorer.sound.activity import ACTIVE, FramePowers, activity, silences
from explorer.sound.audio import Audio, resample
from explorer.sound.loudness import measure

RATE = 16_000
HOP = 160
FRAME = 1024
LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
"""Where a voice's pitch is looked for."""

MEL_BANDS = 40
CEPSTRA = 13
LONGEST = 60.0
"""Seconds up to which readings are aligned: the memory of an alignment grows with the product of both lengths."""

_RANGE = 1e-8  # power of a mel band beside the sound's strongest: what is 80 dB below it is as good as nothing


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A reading as it is compared: F0 ``(frames,)`` and mel cepstra ``(frames, CEPSTRA)``, without silent ends.

    ``seconds`` is its length without them, ``silence`` the share of silent frames of the whole.
    """

    f0_hz: np.ndarray
    cepstra: np.ndarray
    seconds: float
    silence: float
    loudness: float | None


def heard(audio: Audio) -> Voice:
    """What is measured of a sound."""
    sound = resample(audio, RATE)
    powers = FramePowers(RATE)
    powers.add(sound.samples)
    found = activity(powers.powers())
    before, after = silences(found)
    silent = found.contrast_db is None
    share = 1.0 if silent else float(np.mean(found.smooth < ACTIVE)) if found.smooth.any() else 0.0
    stop = len(sound.samples) if silent else max(before * HOP, len(sound.samples) - after * HOP)
    trimmed = sound.samples[0 if silent else before * HOP : stop]
    return Voice(
        f0_hz=pitch(trimmed),
        cepstra=mel_cepstra(trimmed),
        seconds=0.0 if silent else len(trimmed) / RATE,
        silence=share,
        loudness=measure(audio.samples, audio.sample_rate).lufs,
    )


def pitch(samples: np.ndarray) -> np.ndarray:
    """F0 in Hz every HOP samples at RATE, NaN where there is none; float64 ``(frames,)``."""
    import librosa

    if len(samples) < FRAME or not samples.any():
        return np.full(1 + len(samples) // HOP, np.nan)
    f0, _, _ = librosa.pyin(
        samples, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=RATE, frame_length=FRAME, hop_length=HOP, fill_na=np.nan
    )
    return np.asarray(f0, dtype=np.float64)


def mel_cepstra(samples: np.ndarray) -> np.ndarray:
    """Mel cepstra c1..c13 every HOP samples at RATE; float64 ``(frames, CEPSTRA)``.

    c_n = 1/K sum over bands k < K of ln P_k cos(pi n (k + 1/2) / K)
    """
    import librosa

    padded = samples if len(samples) >= FRAME else np.pad(samples, (0, FRAME - len(samples)))
    powers = librosa.feature.melspectrogram(
        y=padded, sr=RATE, n_fft=FRAME, hop_length=HOP, n_mels=MEL_BANDS, fmin=0.0, power=2.0
    )
    lowest = max(_RANGE * float(powers.max()), float(np.finfo(np.float32).tiny))
    logarithms = np.log(np.maximum(powers, lowest))
    numbers, bands = np.arange(1, CEPSTRA + 1)[:, None], np.arange(MEL_BANDS)[None, :]
    basis = np.cos(np.pi * numbers * (bands + 0.5) / MEL_BANDS) / MEL_BANDS
    return np.asarray((basis @ logarithms.astype(np.float64)).T)


def alignment(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pairs of frames of two ``(frames, features)`` arrays from first to last; int ``(steps, 2)``."""
    import librosa

    _, path = librosa.sequence.dtw(a.T, b.T, metric="euclidean")
    return np.asarray(path[::-1])


def distortion_db(a: np.ndarray, b: np.ndarray, path: np.ndarray) -> float:
    """Mean over the path of 10/ln 10 sqrt(2 sum over n of (c_n - c'_n)^2): the distance of two envelopes in dB."""
    apart = a[path[:, 0]] - b[path[:, 1]]
    return float(np.mean(10 / np.log(10) * np.sqrt(2 * np.sum(apart**2, axis=1))))


def pitch_error_cents(a: np.ndarray, b: np.ndarray, path: np.ndarray) -> float | None:
    """Root mean square of 1200 log2(f / f') where both are voiced; None where they never are."""
    first, second = a[np.minimum(path[:, 0], len(a) - 1)], b[np.minimum(path[:, 1], len(b) - 1)]
    voiced = ~np.isnan(first) & ~np.isnan(second)
    if not voiced.any():
        return None
    return float(np.sqrt(np.mean((1200 * np.log2(first[voiced] / second[voiced])) ** 2)))


def own_values(voice: Voice, text: str | None) -> dict[str, float | None]:
    """The scores of a reading by itself; ``text`` is what was to be read."""
    voiced = voice.f0_hz[~np.isnan(voice.f0_hz)]
    span = None
    if len(voiced):
        low, high = np.percentile(voiced, [5, 95])
        span = round(float(12 * np.log2(high / low)), 3)
    letters = spoken_letters(text or "")
    return {
        "f0_mean": round(float(voiced.mean()), 2) if len(voiced) else None,
        "f0_range": span,
        "rate": round(letters / voice.seconds, 3) if letters and voice.seconds else None,
        "silence": round(voice.silence, 4),
        "loudness": None if voice.loudness is None else round(voice.loudness, 2),
    }


def compared_values(voice: Voice, reference: Voice) -> dict[str, float | None]:
    """The scores of a reading against a recording of the same sentence; None for more than LONGEST or for silence."""
    none: dict[str, float | None] = {"mcd": None, "f0_rmse": None, "duration_ratio": None}
    if not voice.seconds or not reference.seconds:
        return none
    ratio = round(voice.seconds / reference.seconds, 4)
    if max(voice.seconds, reference.seconds) > LONGEST:
        return none | {"duration_ratio": ratio}
    path = alignment(voice.cepstra, reference.cepstra)
    error = pitch_error_cents(voice.f0_hz, reference.f0_hz, path)
    return {
        "mcd": round(distortion_db(voice.cepstra, reference.cepstra, path), 3),
        "f0_rmse": None if error is None else round(error, 1),
        "duration_ratio": ratio,
    }


def spoken_letters(text: str) -> int:
    """How many letters and digits a text has."""
    return sum(unicodedata.category(letter)[0] in "LN" for letter in text)
