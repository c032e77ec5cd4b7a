"""The pyramid equals a direct look at the samples, at every width and place, however the sound came in."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.sound import pyramid, stft
from explorer.sound.pyramid import BASE, Pyramid

RATE = 8_000


def made(folder: Path, samples: np.ndarray, *, block: int = 10_000, rate: int = RATE) -> Pyramid:
    """A pyramid of ``(n, channels)``, fed in blocks."""
    file = (folder / "pyramid").open("w+b")
    blocks = [samples[at : at + block] for at in range(0, len(samples), block)]
    pyramid.build(blocks, sample_rate=rate, channels=samples.shape[1], file=file)
    file.flush()
    return Pyramid(file)


def noise(frames: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (frames, channels)).astype(np.float32)


def test_by_hand(tmp_path: Path) -> None:
    # 600 frames: two whole bins of 256 and one of 88.
    samples = np.zeros((600, 1), np.float32)
    samples[3], samples[255], samples[256], samples[599] = 0.5, -0.25, 0.75, -1.0
    made_of = made(tmp_path, samples)
    wave = made_of.wave(0, 600, 2, lambda first, last: pytest.fail("read the sound"))
    assert (wave.first, wave.step) == (0, 256)
    assert wave.low.tolist() == [[-0.25, 0.0, -1.0]]
    assert wave.high.tolist() == [[0.5, 0.75, 0.0]]
    assert made_of.header.peaks == (1.0,)
    assert made_of.header.frames == 600


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_it_equals_the_extremes_of_the_samples(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    frames = data.draw(st.integers(1, 400_000))
    channels = data.draw(st.integers(1, 3))
    samples = noise(frames, channels, seed=frames)
    built = made(tmp_path_factory.mktemp("p"), samples, block=data.draw(st.sampled_from([997, 65_536, 500_000])))
    first = data.draw(st.integers(0, frames - 1))
    last = data.draw(st.integers(first + 1, frames))
    width = data.draw(st.integers(1, 3_000))
    asked = []

    def decode(start: int, stop: int) -> np.ndarray:
        asked.append(stop - start)
        return samples[start:stop]

    wave = built.wave(first, last, width, decode)
    assert wave.first <= first
    assert wave.first + wave.low.shape[1] * wave.step >= last
    assert wave.step == 1 or width <= (last - first) / wave.step < 2 * width
    # A view finer than a bin reads what it shows and no more.
    assert not asked or (wave.step < BASE and asked[0] <= last - first + 2 * wave.step)
    for channel in range(channels):
        for bin_ in range(wave.low.shape[1]):
            part = samples[wave.first + bin_ * wave.step : wave.first + (bin_ + 1) * wave.step, channel]
            assert wave.low[channel, bin_] == part.min()
            assert wave.high[channel, bin_] == part.max()


def test_blocks_of_any_size_give_the_same_file(tmp_path: Path) -> None:
    samples = noise(100_000, 2)
    contents = set()
    for size in (1, 300, 4_096, 99_999):
        if size == 1:
            blocks = [samples[:1], samples[1:2], samples[2:]]
        else:
            blocks = [samples[at : at + size] for at in range(0, len(samples), size)]
        file = io.BytesIO()
        pyramid.build(blocks, sample_rate=RATE, channels=2, file=file)
        contents.add(file.getvalue())
    assert len(contents) == 1


def test_stored_columns_are_the_spectrum_of_their_windows(tmp_path: Path) -> None:
    samples = noise(20_000)
    built = made(tmp_path, samples)
    window, hop = stft.Window.of(pyramid.WINDOW, RATE), built.header.hop
    assert hop == 2048  # the power of two nearest 0.256 s
    columns = built.columns(0, 100)
    assert columns.shape == (10, window.bins)  # 20,000 frames fill 9 columns and part of a tenth
    padded = np.pad(samples[:, 0], (0, 480 + 1_000))
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window.length) / window.length)
    for number in (0, 4, 9):
        power = np.zeros(window.bins)
        for part in range(4):
            start = int(number * hop + (part + 0.5) * hop / 4) - window.length // 2
            spectrum = np.fft.rfft(padded[start : start + window.length] * taper, n=window.size)
            power += np.abs(spectrum / (taper.sum() / 2)) ** 2 / 4
        expected = np.clip(np.rint(2 * (10 * np.log10(power) + 120)), 0, 255)
        assert np.abs(columns[number] - expected).max() <= 1


def test_a_sine_of_full_scale_is_the_loudest_there_is(tmp_path: Path) -> None:
    time = np.arange(RATE * 3) / RATE
    built = made(tmp_path, np.sin(2 * np.pi * 1000 * time)[:, None].astype(np.float32))
    assert stft.decibels(np.array(built.header.loudest)) == 0.0


def test_many_frequencies_are_pooled_around_their_middles(tmp_path: Path) -> None:
    time = np.arange(48_000 * 2) / 48_000
    built = made(tmp_path, np.sin(2 * np.pi * 5_000 * time)[:, None].astype(np.float32), rate=48_000)
    assert built.header.column_bins <= 258
    loudest = int(built.columns(1, 2)[0].argmax())
    assert loudest * built.header.hz_step == pytest.approx(5_000, abs=built.header.hz_step / 2)


def test_silence_and_a_single_sample(tmp_path: Path) -> None:
    silent = made(tmp_path, np.zeros((10, 1), np.float32))
    assert (silent.header.peaks, silent.header.loudest) == ((0.0,), 0)
    one = made(tmp_path, np.array([[0.5]], np.float32))
    assert one.wave(0, 1, 500, lambda first, last: np.array([[0.5]], np.float32)).low.tolist() == [[0.5]]


def test_the_estimate_of_its_size_is_on_the_safe_side(tmp_path: Path) -> None:
    for frames, channels, rate in ((1_000_000, 1, 16_000), (1_000_000, 2, 44_100), (1_000_000, 1, 8_000)):
        file = io.BytesIO()
        pyramid.build([noise(frames, channels)], sample_rate=rate, channels=channels, file=file)
        size = len(file.getvalue())
        assert size <= pyramid.size_estimate(frames, rate, channels) <= 2 * size
