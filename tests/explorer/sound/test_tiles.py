"""Tiles equal one direct spectrogram, levels are right on every scale, and scales are those of librosa."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.errors import QueryError
from explorer.sound import frequency, stft, tiles
from explorer.sound.pyramid import Pyramid
from explorer.sound.tiles import Lens
from tests.explorer.sound.test_pyramid import made
from tests.explorer.sounds import voice

RATE = 16_000


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return voice(40.0)


@pytest.fixture(scope="module")
def built(sound: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Pyramid:
    return made(tmp_path_factory.mktemp("tiles"), sound[:, None], rate=RATE)


def direct(sound: np.ndarray, window: stft.Window, hop: int) -> np.ndarray:
    """Power of every column of the whole sound, one window at a time, in float64."""
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window.length) / window.length)
    repeats = 4 if hop > 2 * window.length else 1
    reach = window.length + hop
    padded = np.pad(sound.astype(np.float64), reach)
    columns = []
    for column in range(math.ceil(len(sound) / hop)):
        power = np.zeros(window.bins)
        for part in range(repeats):
            start = math.floor((part + 0.5) * hop / repeats + column * hop) - window.length // 2
            windowed = padded[start + reach : start + reach + window.length] * taper
            power += np.abs(np.fft.rfft(windowed, n=window.size) / (taper.sum() / 2)) ** 2
        columns.append(power / repeats)
    return np.array(columns)


@pytest.mark.parametrize(("window_ms", "level"), [(32, 7), (4, 6), (128, 9), (32, 11)])
def test_tiles_side_by_side_are_one_spectrogram(sound: np.ndarray, built: Pyramid, window_ms: int, level: int) -> None:
    part = sound[:120_000]
    window = stft.Window.of(window_ms / 1000, RATE)
    expected = stft.codes(direct(part, window, 1 << level).astype(np.float32))
    count = math.ceil(len(part) / (1 << level))
    got = []
    for first in range(0, count, tiles.COLUMNS):
        columns = min(tiles.COLUMNS, count - first)
        got.append(tiles.computed(lambda a, b: part[a:b], len(part), window, 1 << level, first, columns))
    assert np.abs(stft.codes(np.concatenate(got)).astype(int) - expected).max() <= 1
    assert built.header.frames == len(sound)


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 11), st.sampled_from(tiles.WINDOWS_MS), st.sampled_from(list(frequency.SCALES)), st.data())
def test_a_tile_reads_only_what_it_shows(
    sound: np.ndarray, built: Pyramid, level: int, window_ms: int, scale: str, data: st.DataObject
) -> None:
    last = (math.ceil(len(sound) / 2**level) - 1) // tiles.COLUMNS
    number = data.draw(st.integers(0, last))
    read = []

    def decode(first: int, stop: int) -> np.ndarray:
        assert 0 <= first <= stop <= len(sound)
        read.append(stop - first)
        return sound[first:stop]

    picture = tiles.tile(built, decode, Lens(window_ms, scale), level=level, number=number)
    columns = min(tiles.COLUMNS, math.ceil(len(sound) / 2**level) - number * tiles.COLUMNS)
    assert picture.shape == (frequency.ROWS, columns)
    assert sum(read) <= tiles.COLUMNS * 2**level + 2 * round(window_ms * RATE / 1000)


@pytest.mark.parametrize("level", [12, 13, 15])
def test_tiles_from_stored_columns_are_means_of_the_direct_ones(sound: np.ndarray, built: Pyramid, level: int) -> None:
    picture = tiles.tile(built, lambda a, b: pytest.fail("read the sound"), Lens(32, "linear"), level=level, number=0)
    window = stft.Window.of(0.032, RATE)
    power = direct(np.pad(sound, (0, -len(sound) % 4096)), window, 4096)
    ratio = 2**level // 4096
    means = [power[at : at + ratio].mean(axis=0) for at in range(0, len(power), ratio)]
    # Rows 0, 255: the lowest and highest frequency; 256 rows for 257 bins, each row the loudest of its bins.
    expected = frequency.rows(stft.decibels(stft.codes(np.array(means, np.float32))), window.hz_step, "linear", RATE)
    assert picture.shape[1] == len(means)
    assert np.abs(stft.decibels(picture[::-1].T) - expected).max() <= 1.0


@pytest.mark.parametrize("scale", list(frequency.SCALES))
@pytest.mark.parametrize("hz", [220.0, 1_000.0, 6_500.0])
def test_a_tone_has_its_level_at_its_frequency_on_every_scale(tmp_path: Path, scale: str, hz: float) -> None:
    tone = (0.1 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)
    built = made(tmp_path, tone[:, None], rate=RATE)
    picture = tiles.tile(built, lambda a, b: tone[a:b], Lens(64, scale), level=8, number=0)
    column = stft.decibels(picture[::-1, 30])
    row = int(column.argmax())
    borders = frequency.edges(scale, RATE)
    assert borders[max(0, row - 1)] - 16 <= hz <= borders[min(row + 2, 256)] + 16
    assert column[row] == pytest.approx(-20, abs=1.6)  # between bins a Hann window loses at most 1.42 dB


def test_mel_is_slaneys_as_in_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    hz = np.array([0.0, 60.0, 440.0, 999.0, 1000.0, 1001.0, 4000.0, 11_025.0])
    np.testing.assert_allclose(frequency.hz_to_mel(hz), librosa.hz_to_mel(hz), rtol=1e-12)
    np.testing.assert_allclose(frequency.mel_to_hz(frequency.hz_to_mel(hz)), hz, atol=1e-9)
    borders = frequency.edges("mel", RATE)
    np.testing.assert_allclose(borders, librosa.mel_frequencies(n_mels=257, fmin=0, fmax=8_000), atol=1e-9)


def test_axes_by_hand() -> None:
    assert frequency.edges("linear", RATE)[[0, 1, 128, 256]].tolist() == [0, 31.25, 4000, 8000]
    log = frequency.edges("log", RATE)
    assert (log[0], log[256]) == (pytest.approx(50), 8000)
    assert log[128] == pytest.approx(math.sqrt(50 * 8000))
    assert frequency.hz_to_mel(np.array([1000.0, 6400.0])).tolist() == [15.0, 42.0]
    for scale in frequency.SCALES:
        middle, borders = frequency.centres(scale, RATE), frequency.edges(scale, RATE)
        assert ((borders[:-1] < middle) & (middle < borders[1:])).all()


def test_rows_show_the_loudest_bin_or_a_line_between_two() -> None:
    # Bins at 0, 1000, ... 8000 Hz: 256 rows of 31.25 Hz, most of them between two bins.
    db = np.full((1, 9), -60.0, np.float32)
    db[0, 4] = -20.0
    rows = frequency.rows(db, 1000.0, "linear", RATE)[0]
    assert rows[128] == -20.0  # 4000 to 4031.25 Hz holds the bin
    assert rows[112] == pytest.approx(-60 + 40 * (3515.625 - 3000) / 1000, abs=1e-4)
    assert rows[255] == -60.0
    # Many bins a row: 2049 bins of 3.9 Hz.
    fine = np.full((1, 2049), -90.0, np.float32)
    fine[0, 1030] = -10.0
    assert int(frequency.rows(fine, 8000 / 2048, "linear", RATE)[0].argmax()) == 128


def test_power_is_that_of_scipy_and_librosa(sound: np.ndarray) -> None:
    from scipy.signal import ShortTimeFFT

    librosa = pytest.importorskip("librosa")
    part = np.ascontiguousarray(sound[:16_000])
    window, hop = stft.Window.of(0.032, RATE), 128
    mine = window.power(part, np.arange(0, 16_000 - 512, hop))
    taper = np.hanning(513)[:-1]
    theirs = np.abs(librosa.stft(part, n_fft=512, hop_length=hop, window="hann", center=False)) ** 2
    theirs /= (taper.sum() / 2) ** 2
    np.testing.assert_allclose(mine, theirs.T[: len(mine)], rtol=1e-3, atol=1e-9)
    short = ShortTimeFFT(taper, hop, RATE, mfft=512, scale_to=None)
    third = np.abs(short.stft(part.astype(np.float64))) ** 2 / (taper.sum() / 2) ** 2
    # scipy's slice p is centred at p * hop, the first of them before the sound.
    np.testing.assert_allclose(mine[0], third[:, 256 // hop - short.p_min], rtol=1e-3, atol=1e-9)


def test_codes_keep_half_decibels() -> None:
    db = np.array([-200.0, -120, -119.5, -80.2, -20, 0, 7.5, 30])
    codes = stft.codes((10 ** (db / 10)).astype(np.float32))
    assert codes.tolist() == [0, 0, 1, 80, 200, 240, 255, 255]
    assert stft.decibels(codes).tolist() == [-120, -120, -119.5, -80, -20, 0, 7.5, 7.5]
    assert stft.powers(np.array([0, 240], np.uint8)).tolist() == [0.0, 1.0]


def test_a_tile_is_a_grey_picture_of_its_codes(sound: np.ndarray, built: Pyramid) -> None:
    codes = tiles.tile(built, lambda a, b: sound[a:b], Lens(32, "mel"), level=8, number=4)
    image = Image.open(io.BytesIO(tiles.png(codes)))
    assert image.mode == "L"
    np.testing.assert_array_equal(np.asarray(image), codes)
    assert codes.shape[1] == math.ceil(40 * RATE / 256) - 4 * tiles.COLUMNS


@pytest.mark.parametrize(
    ("level", "number", "part"),
    [(3, 0, "levels 4 to 40"), (41, 0, "levels 4"), (8, 99, "no tile 99"), (8, -1, "no tile")],
)
def test_what_cannot_be_drawn_is_a_sentence(built: Pyramid, level: int, number: int, part: str) -> None:
    with pytest.raises(QueryError, match=part):
        tiles.tile(built, lambda a, b: np.zeros(0, np.float32), Lens(32, "mel"), level=level, number=number)


def test_only_known_lenses() -> None:
    with pytest.raises(QueryError, match="not 33"):
        Lens(33, "mel")
    with pytest.raises(QueryError, match='"bark"; known are: linear, mel, log'):
        Lens(32, "bark")
