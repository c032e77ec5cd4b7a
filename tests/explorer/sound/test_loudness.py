"""Loudness: sines of known loudness, gains that peaks allow, laws of level; and what the server tells a player."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.doors.media import add_routes
from explorer.querying.query import Query
from explorer.sound.audio import Audio
from explorer.sound.loudness import CEILING_DB, TARGET_LUFS, Loudness, matched, measure
from explorer.sound.media_cache import MediaCache
from tests.explorer.manifests import opened

RATE = 48_000


def sine(peak_db: float, *, seconds: float = 3.0, hz: float = 997.0, rate: int = RATE) -> np.ndarray:
    """A sine of that peak level, ``(n, 1)``."""
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (peak_db / 20) * np.sin(2 * np.pi * hz * time))[:, None]


# BS.1770: the K-weighting lifts 997 Hz by the 0.691 dB that the formula takes off, so a sine's loudness is its mean
# square: 3.01 dB below its peak in one channel, and the same as the peak in two.
@pytest.mark.parametrize(("peak_db", "lufs"), [(0.0, -3.01), (-19.99, -23.0), (-40.0, -43.01)])
def test_a_sine_has_the_loudness_of_the_standard(peak_db: float, lufs: float) -> None:
    found = measure(sine(peak_db), RATE)
    assert found.lufs == pytest.approx(lufs, abs=0.05)
    assert found.peak_db == pytest.approx(peak_db, abs=0.01)
    both = np.repeat(sine(peak_db), 2, axis=1)
    assert measure(both, RATE).lufs == pytest.approx(lufs + 3.01, abs=0.05)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
def test_the_rates_of_synthesizers_agree(rate: int) -> None:
    assert measure(sine(-20.0, rate=rate), rate).lufs == pytest.approx(-23.01, abs=0.15)


def test_silence_around_a_sound_does_not_make_it_softer() -> None:
    sound = np.concatenate([np.zeros((RATE * 5, 1)), sine(-20.0, seconds=5), np.zeros((RATE * 5, 1))])
    assert measure(sound, RATE).lufs == pytest.approx(-23.01, abs=0.4)


def test_what_has_no_loudness_stays_as_it_is() -> None:
    for sound in (np.zeros((RATE, 1)), np.zeros((0, 1)), np.full((RATE, 1), np.nan)):
        found = measure(sound, RATE)
        assert found.lufs is None
        assert found.gain_db() == 0.0
        assert found.facts()["limited"] is False


def test_a_sound_shorter_than_a_block_is_measured_as_if_repeated() -> None:
    assert measure(sine(-20.0, seconds=0.2), RATE).lufs == pytest.approx(-23.01, abs=0.2)


def test_a_gain_stops_where_the_peak_would_pass_the_ceiling() -> None:
    peaky = Loudness(lufs=-30.0, peak_db=-3.0)
    assert peaky.gain_db() == pytest.approx(2.0)
    assert peaky.facts()["limited"] is True
    assert Loudness(lufs=-30.0, peak_db=-20.0).gain_db() == pytest.approx(7.0)
    assert Loudness(lufs=-10.0, peak_db=0.0).gain_db() == pytest.approx(-13.0)
    assert Loudness(lufs=-24.0, peak_db=-0.5).gain_db() == -0.5  # above the ceiling as it is


@pytest.mark.parametrize("peak_db", [-60.0, -12.0])
def test_sounds_are_brought_to_the_target(peak_db: float) -> None:
    made = matched(Audio(sine(peak_db)[:, 0].astype(np.float32), RATE))
    assert measure(made.samples, made.sample_rate).lufs == pytest.approx(TARGET_LUFS, abs=0.1)


def test_a_sound_with_a_high_peak_stays_as_quiet_as_it_has_to() -> None:
    click = Audio(sine(-60.0, seconds=5)[:, 0].astype(np.float32), RATE)
    click.samples[1000] = 0.9
    assert float(np.abs(matched(click).samples).max()) == pytest.approx(10 ** (CEILING_DB / 20), rel=1e-5)


@pytest.mark.parametrize("samples", [0, 10, 48_000])
def test_silence_is_left_alone(samples: int) -> None:
    assert not matched(Audio(np.zeros(samples, np.float32), RATE)).samples.any()


@settings(max_examples=60, deadline=None)
@given(lufs=st.floats(-70, 0), peak=st.floats(-60, 3))
def test_a_gain_brings_no_sound_above_target_or_ceiling(lufs: float, peak: float) -> None:
    gain = Loudness(lufs, peak).gain_db()
    assert lufs + gain <= TARGET_LUFS + 1e-9
    assert peak + gain <= CEILING_DB + 1e-9
    assert math.isfinite(gain)


@settings(max_examples=15, deadline=None)
@given(gain=st.floats(-30, 10))
def test_a_louder_sound_is_as_much_louder(gain: float) -> None:
    sound = sine(-30.0, hz=300) + sine(-40.0, hz=2000)
    quiet, loud = measure(sound, RATE), measure(sound * 10 ** (gain / 20), RATE)
    assert quiet.lufs is not None
    assert loud.lufs == pytest.approx(quiet.lufs + gain, abs=1e-6)


def test_the_server_measures_a_version_of_a_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", sine(-20.0, seconds=2), RATE, subtype="FLOAT")
    corpus = opened(tmp_path, [{"audio_filepath": "a.wav", "duration": 2.0}])
    server = Flask(__name__)
    add_routes(server, lambda _name: corpus, MediaCache(tmp_path / "media", limit=1 << 24))
    id = corpus.page(Query(), 0, 1, ())[0]["id"]
    url = f"/media/test/{id}/loudness"
    told = server.test_client().get(url).get_json()
    assert told["lufs"] == pytest.approx(-23.01, abs=0.05)
    assert told["gain_db"] == pytest.approx(TARGET_LUFS - told["lufs"], abs=0.01)
    monkeypatch.setattr("explorer.doors.media.measure", lambda *_: pytest.fail("measured again"))
    assert server.test_client().get(url).get_json() == told
    assert server.test_client().get("/media/test/0000000000000000/loudness").status_code == 404
    monkeypatch.undo()
    soundfile.write(tmp_path / "a.wav", sine(-30.0, seconds=2), RATE, subtype="FLOAT")
    assert server.test_client().get(url).get_json()["lufs"] == pytest.approx(-33.01, abs=0.05)
