"""Scores of voices on sounds whose pitch, envelope and length are known, and against librosa's own transform."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.voices.meter import (
    CEPSTRA,
    HOP,
    MEL_BANDS,
    RATE,
    Voice,
    alignment,
    compared_values,
    distortion_db,
    heard,
    mel_cepstra,
    own_values,
    pitch,
    pitch_error_cents,
    spoken_letters,
)
from explorer.sound.audio import Audio


def hum(hz: float, seconds: float, *, rate: int = RATE, peak: float = 0.2) -> np.ndarray:
    """A voiced sound: harmonics of ``hz`` that fall by 6 dB an octave."""
    t = np.arange(round(seconds * rate)) / rate
    parts = [np.sin(2 * np.pi * hz * n * t) / n for n in range(1, 20) if n * hz < rate / 2]
    sound = np.sum(parts, axis=0)
    return (peak * sound / np.abs(sound).max()).astype(np.float32)


def silence(seconds: float, *, rate: int = RATE) -> np.ndarray:
    return np.zeros(round(seconds * rate), np.float32)


@pytest.mark.parametrize("hz", [80.0, 120.0, 210.0, 400.0])
def test_the_pitch_of_a_hum_is_its_frequency(hz: float) -> None:
    found = pitch(hum(hz, 1.0))
    voiced = found[~np.isnan(found)]
    assert len(voiced) > 0.9 * len(found)
    assert np.median(voiced) == pytest.approx(hz, rel=0.01)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert np.isnan(pitch(noise)).mean() > 0.9
    assert np.isnan(pitch(silence(1))).all()
    assert np.isnan(pitch(silence(0.01))).all()


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_own_scores_of_a_hum_between_pauses(rate: int) -> None:
    sound = np.concatenate([silence(0.5, rate=rate), hum(150, 1.5, rate=rate), silence(1.0, rate=rate)])
    found = own_values(heard(Audio(sound, rate)), "abc, 12 – déf!")
    assert found["f0_mean"] == pytest.approx(150, rel=0.02)
    assert found["f0_range"] is not None
    assert found["f0_range"] < 0.7
    assert found["rate"] == pytest.approx(8 / 1.5, rel=0.05)
    assert found["silence"] == pytest.approx(0.5, abs=0.03)


def test_a_glide_of_an_octave_has_a_range_of_nearly_twelve_semitones() -> None:
    t = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * np.cumsum(120 * 2 ** (t / 2)) / RATE
    glide = (0.2 * (np.sin(phase) + 0.5 * np.sin(2 * phase))).astype(np.float32)
    found = own_values(heard(Audio(glide, RATE)), None)
    # From the 5th to the 95th percentile of a steady glide: 0.9 of an octave.
    assert found["f0_range"] == pytest.approx(0.9 * 12, abs=0.4)
    assert found["rate"] is None


def test_digital_silence_has_no_values_but_its_share() -> None:
    found = own_values(heard(Audio(silence(1), RATE)), "text")
    assert found == {"f0_mean": None, "f0_range": None, "rate": None, "silence": 1.0, "loudness": None}


def test_distortion_is_the_root_mean_square_of_the_envelopes_difference() -> None:
    """A difference of A dB shaped like one cosine has a root mean square of A / sqrt(2)."""
    bands = np.arange(MEL_BANDS)
    for number, amplitude_db in ((1, 6.0), (5, 3.0), (13, 2.0)):
        shape_db = amplitude_db * np.cos(np.pi * number * (bands + 0.5) / MEL_BANDS)
        basis = np.cos(np.pi * np.arange(1, CEPSTRA + 1)[:, None] * (bands + 0.5) / MEL_BANDS) / MEL_BANDS
        cepstrum = basis @ (shape_db * np.log(10) / 10)
        path = np.array([[0, 0], [1, 1]])
        found = distortion_db(np.vstack([cepstrum, cepstrum]), np.zeros((2, CEPSTRA)), path)
        assert found == pytest.approx(amplitude_db / np.sqrt(2))


def test_cepstra_do_not_change_with_gain() -> None:
    sound = hum(150, 0.5)
    np.testing.assert_allclose(mel_cepstra(sound), mel_cepstra(sound * 0.1), atol=2e-2)


def test_an_alignment_follows_a_slower_reading() -> None:
    a = np.array([0.0, 1, 2, 3])[:, None]
    b = np.array([0.0, 0, 1, 1, 2, 2, 3, 3])[:, None]
    path = alignment(a, b)
    assert path.tolist() == [[0, 0], [0, 1], [1, 2], [1, 3], [2, 4], [2, 5], [3, 6], [3, 7]]


def test_pitch_is_compared_in_cents_where_both_are_voiced() -> None:
    a, b = np.array([100.0, np.nan, 200.0]), np.array([100.0, 150.0, 100.0])
    path = np.array([[0, 0], [1, 1], [2, 2]])
    # 0 and 1200 cents: the root of (0 + 1200^2) / 2.
    assert pitch_error_cents(a, b, path) == pytest.approx(1200 / np.sqrt(2))
    assert pitch_error_cents(np.full(3, np.nan), b, path) is None


def test_a_recording_compared_with_itself_is_at_distance_zero_whatever_pauses_surround_it() -> None:
    core = np.concatenate([hum(120, 0.6), hum(180, 0.4)])
    reading = heard(Audio(np.concatenate([silence(0.7), core, silence(0.2)]), RATE))
    found = compared_values(reading, heard(Audio(np.concatenate([silence(0.1), core, silence(0.5)]), RATE)))
    assert found["duration_ratio"] == pytest.approx(1, abs=0.03)
    assert found["mcd"] == pytest.approx(0, abs=0.6)
    assert found["f0_rmse"] == pytest.approx(0, abs=60)


def test_another_pitch_is_as_far_away_as_it_is() -> None:
    low, high = (heard(Audio(hum(hz, 1.0), RATE)) for hz in (120.0, 120.0 * 2 ** (3 / 12)))
    found = compared_values(high, low)
    assert found["f0_rmse"] == pytest.approx(300, abs=25)


def test_very_long_readings_are_only_compared_in_length() -> None:
    frames = 7_000
    long = Voice(np.full(frames, 100.0), np.zeros((frames, CEPSTRA)), frames * HOP / RATE, 0.0, -23.0)
    short = Voice(np.full(100, 100.0), np.zeros((100, CEPSTRA)), 1.0, 0.0, -23.0)
    assert compared_values(long, short) == {"mcd": None, "f0_rmse": None, "duration_ratio": 70.0}


@pytest.mark.parametrize(("text", "letters"), [("", 0), ("a b!", 2), ("١٢ سلام", 6), ("日本語。", 3), ("don't", 4)])
def test_letters_are_counted_in_any_script(text: str, letters: int) -> None:
    assert spoken_letters(text) == letters
