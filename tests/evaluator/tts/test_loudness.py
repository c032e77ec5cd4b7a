"""Loudness against the standard's own numbers: sines whose loudness is known, gates, short sounds, silence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluator.tts.loudness import HIGHEST_PEAK, TARGET_LUFS, integrated_loudness, matched, matching_gain_db
from explorer.sound.audio import Audio


def sine(seconds: float, *, peak_db: float = 0.0, rate: int = 48_000, hz: float = 997.0) -> Audio:
    t = np.arange(round(seconds * rate)) / rate
    return Audio((10 ** (peak_db / 20) * np.sin(2 * np.pi * hz * t)).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize(("seconds", "peak_db"), [(5.0, 0.0), (5.0, -20.0), (0.1, -20.0)])
def test_a_sine_of_997_hz_has_the_loudness_the_standard_gives_it(rate: int, seconds: float, peak_db: float) -> None:
    assert integrated_loudness(sine(seconds, peak_db=peak_db, rate=rate)) == pytest.approx(peak_db - 3.01, abs=0.1)


def test_long_pauses_do_not_make_speech_quieter() -> None:
    loud, pause = sine(2, peak_db=-20), np.zeros(48_000 * 10, np.float32)
    broken = Audio(np.concatenate([loud.samples, pause, loud.samples]), 48_000)
    assert integrated_loudness(broken) == pytest.approx(-23.01, abs=0.4)  # blocks half in the pause count, too


@pytest.mark.parametrize("samples", [0, 10, 48_000])
def test_silence_has_no_loudness_and_is_left_alone(samples: int) -> None:
    silence = Audio(np.zeros(samples, np.float32), 48_000)
    assert integrated_loudness(silence) is None
    assert not matched(silence).samples.any()


@pytest.mark.parametrize("peak_db", [-60.0, -12.0])
def test_sounds_are_brought_to_the_target(peak_db: float) -> None:
    assert integrated_loudness(matched(sine(3, peak_db=peak_db))) == pytest.approx(TARGET_LUFS, abs=0.1)


def test_a_sound_with_a_high_peak_stays_as_quiet_as_it_has_to() -> None:
    click = sine(5, peak_db=-60)
    click.samples[1000] = 0.9
    made = matched(click)
    assert float(np.abs(made.samples).max()) == pytest.approx(HIGHEST_PEAK, rel=1e-5)
    assert matching_gain_db(-40.0, 0.5) == pytest.approx(20 * math.log10(HIGHEST_PEAK / 0.5))
    assert matching_gain_db(-40.0, 0.01) == 17.0
