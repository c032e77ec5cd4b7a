"""Measures of a sound against signals with known answers, against scipy and ffmpeg, and against their laws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.sound import audio
from explorer.sound.activity import CONTRAST_DB, FramePowers, activity
from explorer.sound.signal_measures import MEASURES, Values, facts, speech_ratio_column
from explorer.sound.signal_meter import SignalMeter, full_scale
from tests.explorer.sounds import voice

RATE = 16_000


def measured(samples: np.ndarray, rate: int = RATE, *, size: int = 65_536, scale: str = "PCM_16") -> Values:
    frames = samples.astype(np.float32)[:, None] if samples.ndim == 1 else samples.astype(np.float32)
    meter = SignalMeter(rate, frames.shape[1], full_scale=full_scale(scale))
    for start in range(0, len(frames), size):
        meter.add(frames[start : start + size])
    return meter.values()


def sine(hz: float, seconds: float = 1.0, *, amplitude: float = 0.5, rate: int = RATE) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def noise(seconds: float, *, level: float = 0.1, seed: int = 0, rate: int = RATE) -> np.ndarray:
    return level * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def test_a_sine_at_minus_6_dbfs() -> None:
    values = measured(sine(1000, amplitude=10 ** (-6 / 20)))
    assert values["peak"] == pytest.approx(-6.0, abs=0.001)
    assert values["rms"] == pytest.approx(-9.0103, abs=0.001)
    assert values["clipped"] == 0
    assert values["dc_offset"] == pytest.approx(0, abs=1e-6)
    assert values["leading_silence"] == values["trailing_silence"] == 0
    assert values["snr"] is None  # a steady tone has no contrast
    assert values["bandwidth"] == pytest.approx(1000, abs=4 * 31.25)  # the window's main lobe


def test_silence_has_no_level_and_is_silent_from_both_ends() -> None:
    values = measured(np.zeros(RATE))
    assert [values[name] for name in ("peak", "rms", "bandwidth", "bandwidth_share", "snr")] == [None] * 5
    assert values["leading_silence"] == values["trailing_silence"] == 1.0
    assert values["clipped_share"] == values["dc_offset"] == 0


@pytest.mark.parametrize("count", [0, 1, 159, 160, 161, 511, 512])
def test_sound_shorter_than_any_window(count: int) -> None:
    values = measured(np.full(count, 0.25))
    assert values["peak"] == (pytest.approx(-12.041, abs=0.001) if count else None)
    assert values["bandwidth"] is None or count >= 512
    assert values["snr"] is None


def test_the_share_of_a_clipped_sine_is_that_of_geometry() -> None:
    driven = np.clip(sine(97, 10, amplitude=2.0), -1, 32767 / 32768)
    share = 1 - 2 / np.pi * math.asin(1 / 2)  # the part of a period in which |2 sin| > 1
    assert measured(driven)["clipped_share"] == pytest.approx(share, abs=0.001)


@pytest.mark.parametrize(
    ("drawn", "count"),
    [
        (".....", 0),
        ("..+..", 0),
        (".++.+", 0),  # one and two are a peak
        (".+++.", 3),
        ("+++++", 5),
        ("++--+", 0),  # a run has one sign
        ("+++---", 6),
        ("---.++.+++", 6),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_clipped_runs_as_drawn_in_blocks_of_any_size(drawn: str, count: int, size: int) -> None:
    samples = np.array([{".": 0.1, "+": 1.0, "-": -1.0}[sign] for sign in drawn])
    assert measured(samples, size=size)["clipped"] == count


def test_full_scale_is_that_of_the_sample_format(tmp_path: Path) -> None:
    driven = np.clip(sine(50, amplitude=3.0), -1, 1)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW", "ALAW"):
        path = tmp_path / f"{subtype}.wav"
        soundfile.write(path, driven, RATE, subtype=subtype)
        info = audio.info(path)
        samples = np.concatenate(list(audio.frames(path)))
        share = measured(samples, scale=info.subtype)["clipped_share"]
        assert share == pytest.approx(1 - 2 / np.pi * math.asin(1 / 3), abs=0.02), subtype
        assert measured(samples * 0.9, scale=info.subtype)["clipped"] == 0


def test_dc_offset_is_the_mean_and_does_not_change_the_bandwidth() -> None:
    speech = voice(3.0)
    plain, moved = measured(0.5 * speech), measured(0.5 * speech + 0.25)
    assert moved["dc_offset"] == pytest.approx(0.25 + float(np.mean(0.5 * speech)), abs=1e-6)
    assert moved["bandwidth"] == plain["bandwidth"]
    two = np.stack([0.5 * speech, 0.5 * speech - 0.1], axis=1)
    assert measured(two)["dc_offset"] == pytest.approx(-0.1 + float(np.mean(0.5 * speech)), abs=1e-6)


@pytest.mark.parametrize("cutoff", [1000, 3400, 6000])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_the_bandwidth_of_band_limited_noise_is_its_cutoff(cutoff: int, rate: int) -> None:
    taps = scipy.signal.firwin(1201, cutoff, fs=rate, window=("kaiser", 12))
    limited = scipy.signal.lfilter(taps, 1, noise(5, rate=rate))
    found = measured(limited, rate)
    assert found["bandwidth"] == pytest.approx(cutoff, abs=150)
    assert found["bandwidth_share"] == pytest.approx(found["bandwidth"] / (rate / 2), abs=1e-4)  # type: ignore[operator]


def test_white_noise_fills_the_band() -> None:
    assert measured(noise(2))["bandwidth_share"] == 1.0


def test_the_bandwidth_is_that_of_scipys_welch() -> None:
    samples = voice(4.0, seed=3) + noise(4, level=1e-4)
    hz, power = scipy.signal.welch(
        samples.astype(np.float64), RATE, "blackmanharris", nperseg=512, detrend="constant", scaling="spectrum"
    )
    expected = hz[np.flatnonzero(power >= power.max() * 1e-5)[-1]]
    assert measured(samples)["bandwidth"] == pytest.approx(expected, abs=31.25)


def padded_voice(seconds: float = 3.0, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A voice with 0.7 s of nothing before and 0.4 s after; and which samples are voice."""
    speech = np.where(np.abs(voice(seconds, seed=seed)) > 0.01, voice(seconds, seed=seed), 0)
    before, after = np.zeros(round(0.7 * RATE)), np.zeros(round(0.4 * RATE))
    samples = np.concatenate([before, speech, after])
    spoken = np.concatenate([before > 0, np.ones(len(speech), bool), after > 0])
    return samples, spoken


@pytest.mark.parametrize("snr", [10, 20, 30])
def test_the_snr_and_the_silences_of_a_voice_in_noise(snr: float) -> None:
    samples, _ = padded_voice()
    active = samples[np.abs(scipy.signal.convolve(samples**2, np.ones(160) / 160, "same")) > 1e-4]
    background = noise(len(samples) / RATE, level=np.sqrt(np.mean(active**2) / 10 ** (snr / 10)), seed=1)
    values = measured(samples + background)
    assert values["snr"] == pytest.approx(snr, abs=1.5)
    assert values["leading_silence"] == pytest.approx(0.7, abs=0.06)
    assert values["trailing_silence"] == pytest.approx(0.4 + _tail(samples), abs=0.06)


def _tail(samples: np.ndarray) -> float:
    """How long the voice itself is silent at its end."""
    return (len(samples) - np.flatnonzero(samples)[-1]) / RATE - 0.4


def test_no_noise_has_no_snr_and_digital_silence_around_is_found_exactly() -> None:
    samples = np.concatenate([np.zeros(8000), sine(440), np.zeros(4000)])
    values = measured(samples)
    assert values["snr"] is None
    assert (values["leading_silence"], values["trailing_silence"]) == (0.5, 0.25)


def test_a_click_before_the_speech_does_not_end_the_silence() -> None:
    samples, _ = padded_voice()
    samples = samples + noise(len(samples) / RATE, level=0.001)
    samples[2000] = 0.4
    assert measured(samples)["leading_silence"] == pytest.approx(0.7, abs=0.06)


@settings(max_examples=25)
@given(gain_db=st.floats(-30, 6), seed=st.integers(0, 5))
def test_gain_moves_the_levels_and_nothing_else(gain_db: float, seed: int) -> None:
    samples = 0.4 * voice(2.0, seed=seed)
    plain, louder = measured(samples), measured(samples * 10 ** (gain_db / 20))
    for name in ("peak", "rms"):
        assert louder[name] == pytest.approx(plain[name] + gain_db, abs=0.005)  # type: ignore[operator]
    for name in ("bandwidth", "leading_silence", "trailing_silence"):
        assert louder[name] == plain[name]
    assert louder["snr"] == pytest.approx(plain["snr"], abs=0.01)


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=6), channels=st.integers(1, 3))
def test_blocks_of_any_size_give_the_same(sizes: Sequence[int], channels: int) -> None:
    samples = np.stack([voice(1.5, seed=n) * (2.5 if n else 1) for n in range(channels)], axis=1).clip(-1, 1)
    meter = SignalMeter(RATE, channels)
    start, turn = 0, 0
    while start < len(samples):
        size = sizes[turn % len(sizes)]
        meter.add(samples[start : start + size])
        start, turn = start + size, turn + 1
    whole = measured(samples)
    for name, value in meter.values().items():
        assert value == pytest.approx(whole[name], abs=2e-3), name


def test_turning_time_around_exchanges_the_silences() -> None:
    samples, _ = padded_voice()
    samples = samples + noise(len(samples) / RATE, level=0.002)
    there, back = measured(samples), measured(samples[::-1])
    assert back["leading_silence"] == pytest.approx(there["trailing_silence"], abs=0.021)
    assert back["trailing_silence"] == pytest.approx(there["leading_silence"], abs=0.021)


def test_every_channel_counts_for_level_and_clipping() -> None:
    left, right = sine(300, amplitude=0.25), np.clip(sine(300, amplitude=2.0), -1, 1)
    both = measured(np.stack([left, right], axis=1))
    assert both["peak"] == pytest.approx(0, abs=0.001)
    assert both["clipped_share"] == pytest.approx(measured(right)["clipped_share"] / 2, abs=1e-6)  # type: ignore[operator]
    power = (np.mean(left**2) + np.mean(right**2)) / 2
    assert both["rms"] == pytest.approx(10 * math.log10(power), abs=0.001)


def test_damaged_floats_do_not_overflow() -> None:
    values = measured(np.full(RATE, 3e38))
    assert values["peak"] == pytest.approx(180)
    assert values["rms"] == pytest.approx(180, abs=0.01)


def test_ffmpeg_agrees_on_levels_and_dc(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "voice.wav"
    soundfile.write(path, 0.8 * voice(3.0, seed=2) + 0.02, RATE, subtype="PCM_16")
    graph = av.filter.Graph()
    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        source, stats = graph.add_abuffer(template=stream), graph.add("astats", "metadata=1:reset=0")
        sink = graph.add("abuffersink")
        source.link_to(stats)
        stats.link_to(sink)
        graph.configure()
        told: dict[str, str] = {}
        for frame in container.decode(stream):
            graph.push(frame)
            while True:
                try:
                    told = dict(graph.pull().metadata)
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
    values = measured(np.concatenate(list(audio.frames(path))))
    key = "lavfi.astats.Overall."
    assert values["peak"] == pytest.approx(float(told[f"{key}Peak_level"]), abs=0.002)
    assert values["rms"] == pytest.approx(float(told[f"{key}RMS_level"]), abs=0.002)
    assert values["dc_offset"] == pytest.approx(float(told["lavfi.astats.1.DC_offset"]), abs=2e-6)


def test_the_facts_of_a_file_against_its_manifest(tmp_path: Path) -> None:
    path = tmp_path / "two.flac"
    soundfile.write(path, np.zeros((RATE, 2)), RATE)
    info = audio.info(path)
    told = facts(info, offset=0.25, duration=1.0, decoded=12_000, promised=12_000)
    assert told == {
        "sample_rate": RATE,
        "channels": 2,
        "codec": "FLAC PCM_16",
        "file_duration": 1.0,
        "duration_difference": -0.25,
        "lost": 0.0,
    }
    damaged = facts(info, offset=0, duration=None, decoded=8_000, promised=16_000)
    assert (damaged["duration_difference"], damaged["lost"]) == (None, 0.5)


def test_every_measure_explains_itself_and_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, voice(1.0), RATE)
    values = measured(voice(1.0)) | facts(audio.info(path), offset=0, duration=1, decoded=1, promised=1)
    assert list(values) == list(MEASURES)
    for column in (*MEASURES.values(), speech_ratio_column("energy")):
        assert column.help.endswith(".")
        assert column.name.startswith("signal_")
        assert column.origin == "signal"
        assert column.unit or column.kind == "text" or column.style == "integer"


def test_activity_without_contrast_is_none_at_all() -> None:
    for samples in (noise(3), sine(200)):
        powers = FramePowers(RATE)
        powers.add(samples.astype(np.float32))
        found = activity(powers.powers())
        assert found.contrast_db is not None
        assert found.contrast_db < CONTRAST_DB
        assert not found.smooth.any()
    assert activity(np.zeros(7, np.float32)).contrast_db is None
