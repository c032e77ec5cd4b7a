"""What raters hear: nothing of the file it came from, and degradations as their standards define them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from evaluator.listening.rendering import RATE, degraded, low_passed, rendered
from explorer.sound.audio import Audio
from explorer.sound.loudness import measure


def tone(hz: float, rate: int, *, seconds: float = 2.0, peak: float = 0.1) -> Audio:
    t = np.arange(round(seconds * rate)) / rate
    return Audio((peak * np.sin(2 * np.pi * hz * t)).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100])
@pytest.mark.parametrize("form", ["plain", "degraded", "anchor"])
def test_every_rendering_has_one_format_and_one_loudness(rate: int, form: str) -> None:
    content = rendered(tone(440, rate), form, loudness=True)  # type: ignore[arg-type]
    samples, made = soundfile.read(io.BytesIO(content), dtype="float32")
    info = soundfile.info(io.BytesIO(content))
    assert (made, samples.ndim, info.subtype) == (RATE, 1, "PCM_16")
    assert len(samples) == pytest.approx(2 * RATE, abs=2)
    assert measure(samples, made).lufs == pytest.approx(-23, abs=0.2)


def test_without_matching_the_level_stays() -> None:
    samples, _ = soundfile.read(io.BytesIO(rendered(tone(440, 16_000, peak=0.25), "plain", loudness=False)))
    assert np.abs(samples).max() == pytest.approx(0.25, abs=0.002)


@pytest.mark.parametrize("q_db", [0.0, 10.0, 20.0])
def test_noise_follows_the_signal_at_the_ratio_that_q_says(q_db: float) -> None:
    signal = tone(440, 16_000, seconds=20, peak=0.01)
    noise = degraded(signal, q_db=q_db).samples - signal.samples
    ratio = 10 * np.log10(np.mean(signal.samples**2) / np.mean(noise**2))
    assert ratio == pytest.approx(q_db, abs=0.1)
    assert np.corrcoef(np.abs(signal.samples), np.abs(noise))[0, 1] > 0.3


def test_the_anchor_keeps_what_is_low_and_nothing_that_is_high() -> None:
    def level(audio: Audio) -> float:
        return float(20 * np.log10(np.sqrt(np.mean(audio.samples[4_800:-4_800] ** 2))))

    assert level(low_passed(tone(1_000, RATE))) == pytest.approx(level(tone(1_000, RATE)), abs=0.05)
    assert level(low_passed(tone(6_000, RATE))) < level(tone(6_000, RATE)) - 50


@pytest.mark.parametrize("samples", [1, 10, 200])
def test_very_short_sounds_can_be_rendered(samples: int) -> None:
    short = Audio(np.full(samples, 0.1, np.float32), RATE)
    for form in ("plain", "degraded", "anchor"):
        assert rendered(short, form, loudness=True)  # type: ignore[arg-type]
