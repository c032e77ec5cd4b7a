"""Spectrogram, envelope, level and bandwidth against hand-computed values, librosa and scipy."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer import acoustics, pictures
from explorer.acoustics import Level
from explorer.audio import Audio

RATE = 16_000


def tone(hz: float, *, seconds: float = 1.0, amplitude: float = 0.5, rate: int = RATE) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio((amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32), rate)


def noise(frames: int, *, rate: int = RATE, seed: int = 0) -> Audio:
    return Audio((0.1 * np.random.default_rng(seed).standard_normal(frames)).astype(np.float32), rate)


def power(picture: acoustics.Spectrogram) -> np.ndarray:
    return 10 ** (picture.db.astype(np.float64) / 10)


class TestSpectrogram:
    def test_frames_tile_the_sound(self) -> None:
        picture = acoustics.spectrogram(noise(16_000))
        assert picture.db.shape == (257, 100)
        assert picture.db.dtype == np.float32
        assert picture.hop == pytest.approx(0.01)
        np.testing.assert_allclose(picture.hz[[0, 1, 256]], [0, 31.25, 8_000])

    @pytest.mark.parametrize("frames", [1, 7, 100, 5_000])
    @pytest.mark.parametrize("samples", [1, 2, 300, 16_001, 100_000])
    def test_never_more_frames_than_asked_and_they_span_the_sound(self, samples: int, frames: int) -> None:
        picture = acoustics.spectrogram(noise(samples), frames=frames)
        assert 1 <= picture.db.shape[1] <= frames
        assert picture.db.shape[1] * picture.hop == pytest.approx(samples / RATE)

    def test_a_tone_is_a_line_at_its_frequency(self) -> None:
        picture = acoustics.spectrogram(tone(1_000))
        assert set(picture.hz[picture.db[:, 2:-2].argmax(axis=0)]) == {1_000.0}
        assert picture.db.max() == 0.0
        # A periodic Hann window has side lobes 31.5 dB down and falling: 1 kHz away nothing is left above -80 dB.
        assert picture.db[picture.hz > 2_000, 2:-2].max() == -80.0

    def test_a_click_is_in_the_column_of_its_time(self) -> None:
        samples = np.zeros(16_000, np.float32)
        samples[4_000] = 1.0  # 0.25 s, the border of columns 24 and 25
        columns = np.flatnonzero(acoustics.spectrogram(Audio(samples, RATE)).db.max(axis=0) > -10)
        assert columns.min() in (23, 24)
        assert columns.max() in (25, 26)

    @pytest.mark.slow  # librosa compiles for a while when it is first used
    def test_it_agrees_with_librosa(self) -> None:
        import librosa

        sound = noise(16_000)
        # Column k is centred on (k + 0.5) * 160, so its window starts 256 - 80 = 176 samples before k * 160.
        padded = np.concatenate([np.zeros(176, np.float32), sound.samples, np.zeros(512, np.float32)])
        expected = np.abs(librosa.stft(padded, n_fft=512, hop_length=160, center=False)[:, :100]) ** 2
        expected /= expected.max()
        np.testing.assert_allclose(power(acoustics.spectrogram(sound, floor_db=-200)), expected, rtol=1e-3, atol=1e-8)

    def test_it_agrees_with_scipy(self) -> None:
        from scipy.signal import ShortTimeFFT
        from scipy.signal.windows import hann

        sound = noise(16_000, seed=3)
        reference = ShortTimeFFT(hann(512, sym=False), hop=160, fs=RATE)
        padded = np.concatenate([np.zeros(176), sound.samples, np.zeros(512)])
        # ShortTimeFFT centres slice p on p * hop: shift the sound so that centre 256 falls on a multiple of 160.
        shifted = np.concatenate([np.zeros(64), padded])
        expected = np.abs(reference.stft(shifted, p0=2, p1=102)) ** 2
        expected /= expected.max()
        np.testing.assert_allclose(power(acoustics.spectrogram(sound, floor_db=-200)), expected, rtol=1e-3, atol=1e-8)

    def test_blocks_give_the_same_picture(self) -> None:
        sound = noise(50_000)
        whole = acoustics.spectrogram(sound, frames=40)
        for size in (97, 512, 7_000, 49_999):
            parts = [sound.samples[i : i + size] for i in range(0, 50_000, size)]
            again = acoustics.spectrogram_of_blocks(parts, 50_000, RATE, frames=40)
            np.testing.assert_array_equal(again.db, whole.db)

    def test_a_sound_that_ends_early_is_silent_from_there(self) -> None:
        sound = noise(16_000)
        picture = acoustics.spectrogram_of_blocks([sound.samples[:8_000]], 16_000, RATE)
        assert picture.db.shape == (257, 100)
        assert (picture.db[:, 52:] == -80).all()
        assert picture.db[:, :48].mean() > -40

    def test_long_columns_average_several_windows(self) -> None:
        # Columns of 0.5 s with a beep from 0.03 s to 0.1 s: four windows lie 62, 188, 312 and 438 ms into the column,
        # and only the first one hears it; a single window in the middle would hear nothing.
        time = np.arange(160_000) / RATE
        beeps = np.where((time % 0.5 > 0.03) & (time % 0.5 < 0.1), np.sin(2 * np.pi * 1_000 * time), 0)
        picture = acoustics.spectrogram(Audio(beeps.astype(np.float32), RATE), frames=20)
        assert picture.db.shape[1] == 20
        assert (picture.db.max(axis=0) > -1).all()

    @pytest.mark.parametrize("value", [0.0, np.nan])
    def test_silence_is_the_floor(self, value: float) -> None:
        picture = acoustics.spectrogram(Audio(np.full(8_000, value, np.float32), RATE))
        assert (picture.db == -80).all()

    def test_numbers_of_a_damaged_file_do_no_harm(self) -> None:
        samples = noise(16_000).samples.copy()
        samples[[10, 500, 900, 5_000]] = [np.nan, np.inf, -np.inf, 3e38]
        picture = acoustics.spectrogram(Audio(samples, RATE))
        assert np.isfinite(picture.db).all()
        assert picture.db.max() == 0.0

    @settings(max_examples=40, deadline=None)
    @given(st.integers(1, 4_000), st.sampled_from([8_000, 11_025, 16_000, 44_100]), st.integers(0, 99))
    def test_values_stay_between_floor_and_zero(self, samples: int, rate: int, seed: int) -> None:
        picture = acoustics.spectrogram(noise(samples, rate=rate, seed=seed), floor_db=-60)
        assert picture.db.min() >= -60
        assert picture.db.max() == 0.0
        assert picture.hz[0] == 0
        assert picture.hz[-1] == pytest.approx(rate / 2, rel=0.02)

    def test_gain_does_not_change_the_picture(self) -> None:
        sound = noise(8_000)
        quiet = Audio(sound.samples / 4096, RATE)
        np.testing.assert_allclose(acoustics.spectrogram(quiet).db, acoustics.spectrogram(sound).db, atol=1e-3)


class TestEnvelope:
    def test_by_hand(self) -> None:
        #  samples  0    1    2  | 3    4    5    6     floor(7 * 1 / 2) = 3
        values = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6, -0.7]
        shape = acoustics.envelope(Audio(np.array(values, np.float32), 8), bins=2)
        np.testing.assert_allclose(shape, [[-0.2, -0.7], [0.3, 0.6]])

    def test_fewer_samples_than_bins(self) -> None:
        shape = acoustics.envelope(Audio(np.array([0.5, -0.5], np.float32), 8), bins=10)
        assert shape.tolist() == [[0.5, -0.5], [0.5, -0.5]]

    def test_no_samples(self) -> None:
        assert acoustics.envelope(Audio(np.zeros(0, np.float32), 8)).tolist() == [[0.0], [0.0]]

    def test_a_sound_that_ends_early_is_zero_from_there(self) -> None:
        meter = acoustics.EnvelopeMeter(10, bins=5)
        meter.add(np.ones(5, np.float32))
        assert meter.envelope().tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]
        assert meter.samples == 5

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 70))
    def test_every_part_holds_its_extremes_however_it_comes(self, values: list[float], bins: int, size: int) -> None:
        samples = np.array(values, np.float32)
        n, used = len(samples), min(bins, len(samples))
        parts = [samples[b * n // used : (b + 1) * n // used] for b in range(used)]
        expected = [[p.min() for p in parts], [p.max() for p in parts]]
        assert acoustics.envelope(Audio(samples, RATE), bins=bins).tolist() == expected
        meter = acoustics.EnvelopeMeter(n, bins=bins)
        for start in range(0, n, size):
            meter.add(samples[start : start + size])
        assert meter.envelope().tolist() == expected


class TestLevel:
    def test_a_full_scale_sine(self) -> None:
        found = acoustics.level(tone(1_000, amplitude=1.0))
        assert found.peak_db == pytest.approx(0.0, abs=1e-3)
        assert found.rms_db == pytest.approx(10 * math.log10(0.5), abs=1e-3)

    def test_a_square_wave_has_equal_peak_and_rms(self) -> None:
        found = acoustics.level(Audio(np.array([0.1, -0.1] * 50, np.float32), RATE))
        assert found.peak_db == pytest.approx(-20, abs=1e-4)
        assert found.rms_db == pytest.approx(-20, abs=1e-4)

    def test_silence_has_no_level(self) -> None:
        assert acoustics.level(Audio(np.zeros(10, np.float32), RATE)) == Level(None, None)
        assert acoustics.level(Audio(np.zeros(0, np.float32), RATE)) == Level(None, None)


class TestBandwidth:
    def test_sound_of_a_lower_rate_in_a_file_of_a_higher(self) -> None:
        from explorer.audio import resample

        telephone = resample(noise(16_000, rate=8_000), 16_000)
        assert acoustics.bandwidth(telephone) == pytest.approx(3_900, abs=150)
        assert acoustics.bandwidth(noise(32_000)) == pytest.approx(8_000, abs=40)

    def test_silence_and_snippets_have_none(self) -> None:
        assert acoustics.bandwidth(Audio(np.zeros(16_000, np.float32), RATE)) is None
        assert acoustics.bandwidth(noise(100)) is None


class TestPicture:
    def test_loud_is_bright_low_is_at_the_bottom(self) -> None:
        picture = acoustics.spectrogram(tone(1_000))
        image = Image.open(io.BytesIO(pictures.png(picture)))
        assert (image.size, image.mode) == ((100, 257), "P")
        cells = np.array(image)
        # 1000 Hz is bin 32 of 257, so row 256 - 32 from the top; the loudest cell has the last colour.
        assert int(cells[:, 50].argmax()) == 224
        assert cells.max() == 255
        assert cells.min() == 0
        assert image.convert("RGB").getpixel((50, 0)) == (0, 0, 4)

    def test_high_rates_are_grouped_by_their_loudest(self) -> None:
        picture = acoustics.spectrogram(tone(12_000, rate=48_000))
        assert len(picture.db) == 769
        cells = np.array(Image.open(io.BytesIO(pictures.png(picture))))
        assert cells.shape[0] == 257  # ceil(769 / 3)
        assert abs(int(cells[:, 50].argmax()) - 128) <= 1  # half of the way up
        assert cells.max() == 255

    def test_the_palette_rises_evenly_in_lightness(self) -> None:
        colours = pictures.palette() / 255
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)  # CIE L*
        assert (np.diff(lightness) > 0).all()
        assert lightness[[0, 255]] == pytest.approx([0, 98], abs=2)
        assert np.abs(lightness - np.linspace(lightness[0], lightness[-1], 256)).max() < 6
