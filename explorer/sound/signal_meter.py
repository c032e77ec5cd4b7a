"""Measure a sound that comes in blocks: level, clipping, DC offset, bandwidth, SNR, silence.

Conventions: samples float32, full scale 1.0. Levels, clipping and DC offset look at every channel; bandwidth, SNR and
silence at the mean of the channels. One pass: an hour needs 4 bytes for each 10 ms, and no other memory than a minute.
What each measure means, for people: signal_measures.py.

Sources: IEC 61606-3 for dBFS; F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
transform", Proc. IEEE 66 (1978) for the window; P. D. Welch, "The use of fast Fourier transform for the estimation of
power spectra", IEEE Trans. Audio Electroacoust. 15 (1967); explorer/sound/activity.py for SNR and silence. Checked
against scipy and ffmpeg's astats. The threshold of the bandwidth is that of NeMo's Speech Data Explorer.
"""

from __future__ import annotations

import math

import numpy as np

from explorer.sound.activity import FramePowers, activity, silences, snr_db
from explorer.sound.signal_measures import Values

BANDWIDTH_DB = -50.0
"""How far below the strongest frequency the spectrum may fall and still belong to the bandwidth."""

CLIPPED_RUN = 3
"""Samples in a row at full scale that count as clipped; one or two are the peak of an undamaged sound."""

_FULL_SCALE = {"PCM_U8": 127 / 128, "PCM_S8": 127 / 128, "ULAW": 32124 / 32768, "ALAW": 32256 / 32768}
_FULL_SCALE_16 = 32767 / 32768
_TOO_LOUD = 1e9  # samples of damaged float files; their squares must not overflow
_WINDOW = 0.032  # s
_BLACKMAN_HARRIS = (0.35875, 0.48829, 0.14128, 0.01168)
_WINDOWS_AT_ONCE = 512  # keeps the working set in the processor's cache


def full_scale(subtype: str) -> float:
    """The largest positive sample of a sample format (libsndfile's name), 1.0 being full scale."""
    return _FULL_SCALE.get(subtype, _FULL_SCALE_16)


class SignalMeter:
    """Everything of MEASURES that the samples alone can tell; feed it blocks in order, then ask for ``values``."""

    def __init__(self, sample_rate: int, channels: int, *, full_scale: float = _FULL_SCALE_16) -> None:
        self.samples = 0
        self._nyquist = sample_rate / 2
        self._channels = channels
        self._peak = 0.0
        self._square = 0.0
        self._sum = np.zeros(channels)
        self._clips = _Clipping(full_scale, channels)
        self._spectrum = _Spectrum(sample_rate)
        self._frames = FramePowers(sample_rate)

    def add(self, block: np.ndarray) -> np.ndarray:
        """Take in the next frames, float32 ``(n, channels)``; the mean of the channels, float32 ``(n,)``."""
        peak = max(float(block.max()), -float(block.min())) if len(block) else 0.0
        if peak > _TOO_LOUD:
            block, peak = np.clip(block, -_TOO_LOUD, _TOO_LOUD), _TOO_LOUD
        flat = np.ascontiguousarray(block).reshape(-1)
        self._peak = max(self._peak, peak)
        self._square += float(np.dot(flat, flat)) if peak < 1e3 else float(np.sum(np.square(flat, dtype=np.float64)))
        self._sum += block.sum(axis=0, dtype=np.float64)
        self._clips.add(block, peak)
        self.samples += len(block)
        mono = flat if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
        self._spectrum.add(mono)
        self._frames.add(mono)
        return mono

    def values(self) -> Values:
        """The measures by their short names, rounded to what they are good for."""
        count = self.samples * self._channels
        means = self._sum / max(1, self.samples)
        powers = self._frames.powers()
        found = activity(powers)
        before, after = silences(found)
        length = self.samples / (2 * self._nyquist)
        bandwidth = self._spectrum.bandwidth()
        return {
            "peak": _db(self._peak**2),
            "rms": _db(self._square / max(1, count)),
            "clipped": self._clips.count,
            "clipped_share": round(self._clips.count / count, 9) if count else None,
            "dc_offset": round(float(means[np.argmax(np.abs(means))]), 7),
            "bandwidth": bandwidth if bandwidth is None else float(round(bandwidth)),
            "bandwidth_share": bandwidth if bandwidth is None else round(bandwidth / self._nyquist, 5),
            "snr": _rounded(snr_db(powers, found)),
            "leading_silence": round(min(length, before * self._frames.hop), 4),
            "trailing_silence": round(min(length, after * self._frames.hop), 4),
        }


class _Clipping:
    """Counts samples in runs of CLIPPED_RUN or more at full scale, of one sign; runs go on from block to block."""

    def __init__(self, full_scale: float, channels: int) -> None:
        self.count = 0
        self._limit = full_scale - 1e-6
        self._last = np.zeros((0, channels), np.int8)  # signs of the last frames: a run may go on from them

    def add(self, block: np.ndarray, peak: float) -> None:
        if peak < self._limit and not self._last.any():
            self._last = self._last[:0]
            return
        signs = np.where(block >= self._limit, 1, np.where(block <= -self._limit, -1, 0)).astype(np.int8)
        held = np.concatenate([self._last, signs])
        # What is in a run at the end of ``_last`` has been counted, and is in one without what came before it, too.
        self.count += int(_in_runs(held).sum()) - int(_in_runs(self._last).sum())
        self._last = held[-CLIPPED_RUN:]


def _in_runs(signs: np.ndarray) -> np.ndarray:
    """Which samples stand in runs of CLIPPED_RUN or more of the same sign: bool, as ``signs`` ``(n, channels)``."""
    marks = np.zeros(signs.shape, bool)
    last = len(signs) - CLIPPED_RUN + 1
    if last <= 0:
        return marks
    whole = signs[:last] != 0
    for step in range(1, CLIPPED_RUN):
        whole &= signs[step : step + last] == signs[:last]
    for step in range(CLIPPED_RUN):
        marks[step : step + last] |= whole
    return marks


class _Spectrum:
    """The long-term mean power spectrum (Welch): windows of 32 ms, half overlapping, of a sound in blocks."""

    def __init__(self, sample_rate: int) -> None:
        from scipy import fft  # a third of a second of every start

        self._fft = fft
        self._rate = sample_rate
        self._length = 2 * fft.next_fast_len(max(8, round(_WINDOW * sample_rate / 2)), real=True)
        cosines = [part * (-1) ** order for order, part in enumerate(_BLACKMAN_HARRIS)]
        phase = 2 * np.pi * np.arange(self._length) / self._length
        terms = [part * np.cos(order * phase) for order, part in enumerate(cosines)]
        self._window = np.sum(terms, axis=0).astype(np.float32)
        # A constant leaves this in the lowest bins, relative to bin 0. It is taken off: DC is not the loudest sound.
        self._constant = np.array([1.0, *(part / (2 * cosines[0]) for part in cosines[1:])], np.float32)
        self._sum = np.zeros(self._length // 2 + 1)
        self._rest = np.zeros(0, np.float32)

    def add(self, block: np.ndarray) -> None:
        held = np.concatenate([self._rest, block]) if len(self._rest) else block
        step = self._length // 2
        if len(held) < self._length:
            self._rest = held.copy()
            return
        windows = np.lib.stride_tricks.sliding_window_view(held, self._length)[::step]
        for first in range(0, len(windows), _WINDOWS_AT_ONCE):
            spectrum = self._fft.rfft(windows[first : first + _WINDOWS_AT_ONCE] * self._window, axis=1, workers=1)
            spectrum[:, :4] -= spectrum[:, :1] * self._constant
            parts = spectrum.view(np.float32)
            power = np.einsum("ij,ij->j", parts, parts, dtype=np.float64)
            self._sum += power[0::2] + power[1::2]
        self._rest = held[len(windows) * step :].copy()

    def bandwidth(self) -> float | None:
        """The highest frequency (Hz) within BANDWIDTH_DB of the strongest; None for silence and less than a window."""
        strongest = float(self._sum.max())
        if strongest <= 0:
            return None
        loud = np.flatnonzero(self._sum >= strongest * 10 ** (BANDWIDTH_DB / 10))
        return float(loud[-1]) * self._rate / self._length


def _db(power: float) -> float | None:
    return round(10 * math.log10(power), 3) if power > 0 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
