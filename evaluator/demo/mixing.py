"""From clean synthetic speech to something like a recording: resampled, with silences, noise and a level.

Samples are float32 ``(n,)`` at 16 kHz. A signal-to-noise ratio is the power of the speech alone (pauses between the
pieces and around them left out) over the power of the noise, in dB.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.sound.audio import Audio, resample

RATE_HZ = 16_000
QUIET = 1e-3  # -60 dB re. full scale: what counts as silence at the edges of a synthetic utterance


def speech(audio: Audio, *, stretch: float = 1.0) -> np.ndarray:
    """The utterance at 16 kHz, without the silence at its edges, with a peak of 1.

    ``stretch`` plays it slower (> 1) and deeper, as a tape would: another throat for the same voice.
    """
    at_16k = resample(Audio(audio.samples, round(audio.sample_rate / stretch)), RATE_HZ).samples
    loud = np.flatnonzero(np.abs(at_16k) > QUIET)
    if not loud.size:
        return np.zeros(0, np.float32)
    cut = at_16k[loud[0] : loud[-1] + 1]
    return np.asarray(cut / np.abs(cut).max(), dtype=np.float32)


def silence(seconds: float) -> np.ndarray:
    """So many seconds of digital silence."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def noise(random: np.random.Generator, length: int, *, pink: bool) -> np.ndarray:
    """``length`` samples of noise with a power of 1; pink noise falls by 3 dB an octave (above 250 Hz or so)."""
    white = random.standard_normal(length).astype(np.float32)
    if not pink or not length:
        return white
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    coloured = np.fft.irfft(spectrum / np.sqrt(hz + 30.0), length)
    return np.asarray(coloured / np.sqrt(np.mean(coloured**2)), dtype=np.float32)


def join(pieces: Sequence[np.ndarray], pauses: Sequence[float]) -> np.ndarray:
    """The pieces in order with pauses (s) around them: one more pause than pieces, the first leads, the last trails."""
    parts = [silence(pauses[0])]
    for piece, pause in zip(pieces, pauses[1:], strict=True):
        parts += [piece, silence(pause)]
    return np.concatenate(parts)


def power(pieces: Sequence[np.ndarray]) -> float:
    """Mean square of the pieces together; 0 when they have no samples."""
    length = sum(len(piece) for piece in pieces)
    return float(sum(np.sum(piece.astype(np.float64) ** 2) for piece in pieces) / length) if length else 0.0


def with_noise(samples: np.ndarray, noise_samples: np.ndarray, *, speech_power: float, snr: float) -> np.ndarray:
    """``samples`` with noise (of power 1) added so that ``speech_power`` stands ``snr`` dB above it."""
    gain = np.sqrt(speech_power / 10 ** (snr / 10))
    return np.asarray(samples + gain * noise_samples, dtype=np.float32)


def at_level(samples: np.ndarray, peak: float) -> np.ndarray:
    """The samples scaled to a peak (1 is full scale); silence stays silence."""
    loudest = float(np.abs(samples).max(initial=0.0))
    return np.asarray(samples * (peak / loudest), dtype=np.float32) if loudest > 0 else samples
