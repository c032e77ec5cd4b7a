"""Sound files of every kind, whole and cut, good and broken."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import MissingAudio, UnreadableAudio
from explorer.sound import audio

RATE = 16_000


def ramp(frames: int) -> np.ndarray:
    """A signal whose every 16-bit sample is known: 0, 1, 2 ... in steps of 1/32768."""
    return (np.arange(frames) % 30_000 / 32_768).astype(np.float32)


def noise(seconds: float, rate: int = RATE) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(round(seconds * rate))).astype(np.float32)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "ramp.wav"
    soundfile.write(path, ramp(RATE), RATE, subtype="PCM_16")
    return path


def test_info_tells_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros((12_000, 2), np.float32), 8_000)
    assert audio.info(path) == audio.AudioInfo(path, 12_000, 8_000, 2, "FLAC", "PCM_16")
    assert audio.info(path).duration == 1.5


def test_load_returns_the_samples_at_the_native_rate(wav: Path) -> None:
    loaded = audio.load(wav)
    assert loaded.sample_rate == RATE
    assert loaded.samples.dtype == np.float32
    assert loaded.duration == 1.0
    np.testing.assert_array_equal(loaded.samples, ramp(RATE))


def test_a_cut_is_half_open_and_rounded_to_samples(wav: Path) -> None:
    #  frames      0 ... 3999 [4000 ... 5599] 5600 ...
    cut = audio.load(wav, offset=0.25, duration=0.1)
    np.testing.assert_array_equal(cut.samples, ramp(RATE)[4_000:5_600])
    np.testing.assert_array_equal(audio.load(wav, offset=0.9).samples, ramp(RATE)[14_400:])
    np.testing.assert_array_equal(audio.load(wav, offset=0.9, duration=5).samples, ramp(RATE)[14_400:])
    np.testing.assert_array_equal(audio.load(wav, offset=1.4 / RATE, duration=2.2 / RATE).samples, ramp(RATE)[1:4])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 15_999), st.integers(1, 16_000), st.integers(1, 5_000))
def test_blocks_are_what_load_returns(
    tmp_path_factory: pytest.TempPathFactory, start: int, frames: int, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "blocks.wav"
    if not path.exists():
        soundfile.write(path, ramp(RATE), RATE, subtype="PCM_16")
    parts = list(audio.blocks(path, offset=start / RATE, duration=frames / RATE, size=size))
    assert all(0 < len(part) <= size for part in parts)
    np.testing.assert_array_equal(np.concatenate(parts), ramp(RATE)[start : start + frames])


def test_channels_are_chosen_explicitly(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.array([[0.5, 0.25], [-0.5, 0.75]], np.float32), 8_000, subtype="FLOAT")
    assert audio.load(path, channel=0).samples.tolist() == [0.5, -0.5]
    assert audio.load(path, channel=1).samples.tolist() == [0.25, 0.75]
    assert audio.load(path).samples.tolist() == [0.375, 0.125]
    with pytest.raises(UnreadableAudio, match=r"stereo\.wav has 2 channel\(s\).*no channel 2"):
        audio.load(path, channel=2)


@pytest.mark.parametrize(
    ("name", "subtype", "playable"),
    [
        ("a.wav", "PCM_16", True),
        ("a.wav", "PCM_24", True),
        ("a.wav", "ULAW", True),
        ("a.wav", "DOUBLE", False),
        ("a.flac", "PCM_16", True),
        ("a.ogg", "VORBIS", True),
        ("a.ogg", "OPUS", True),
        ("a.mp3", "MPEG_LAYER_III", True),
        ("a.aiff", "PCM_16", False),
        ("a.au", "PCM_16", False),
        ("a.caf", "PCM_16", False),
        ("a.w64", "PCM_16", False),
    ],
)
def test_formats_open_and_tell_whether_a_browser_plays_them(
    tmp_path: Path, name: str, subtype: str, playable: bool
) -> None:
    path = tmp_path / name
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    soundfile.write(path, tone, RATE, subtype=subtype)
    facts = audio.info(path)
    assert facts.playable is playable
    assert not playable or facts.format in audio.MIME_TYPES
    assert facts.duration == pytest.approx(1.0, abs=0.1)
    # Lossy coders move single samples; the level they keep.
    assert np.std(audio.load(path).samples) == pytest.approx(0.2 / np.sqrt(2), rel=0.05)


class TestBroken:
    """Every kind of unusable file is a sentence with its path and what to do."""

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(MissingAudio, match=r"none\.wav does not exist; check the audio path"):
            audio.info(tmp_path / "none.wav")
        (tmp_path / "file").write_text("x")
        with pytest.raises(MissingAudio):
            audio.load(tmp_path / "file" / "a.wav")

    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "a.wav").touch()
        with pytest.raises(UnreadableAudio, match=r"a\.wav is empty \(0 bytes\)"):
            audio.load(tmp_path / "a.wav")

    def test_header_only(self, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "a.wav", np.zeros(0, np.float32), RATE)
        with pytest.raises(UnreadableAudio, match=r"a\.wav is a WAV file without a single sample"):
            audio.load(tmp_path / "a.wav")

    def test_junk(self, tmp_path: Path) -> None:
        (tmp_path / "a.wav").write_bytes(b"this is not sound " * 100)
        with pytest.raises(UnreadableAudio, match=r"a\.wav cannot be decoded as sound \(.*ffmpeg"):
            audio.load(tmp_path / "a.wav")

    def test_headerless(self, tmp_path: Path) -> None:
        (tmp_path / "a.raw").write_bytes(bytes(1000))
        with pytest.raises(UnreadableAudio, match=r"a\.raw has no header"):
            audio.info(tmp_path / "a.raw")

    def test_a_folder_and_a_pipe_are_not_files(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.wav")
        for path in (tmp_path, tmp_path / "pipe.wav"):
            with pytest.raises(UnreadableAudio, match="is not a file"):
                audio.info(path)

    def test_a_name_that_no_file_can_have(self) -> None:
        with pytest.raises(UnreadableAudio, match="cannot be opened"):
            audio.info("a\0b.wav")

    def test_offset_beyond_the_end_tells_the_duration(self, wav: Path) -> None:
        with pytest.raises(UnreadableAudio, match=r"ramp\.wav lasts 1\.000 s, .* offset 1 s; correct the offset"):
            audio.load(wav, offset=1.0)
        with pytest.raises(UnreadableAudio, match="offset -1 s"):
            audio.load(wav, offset=-1)

    def test_a_cut_shorter_than_a_sample(self, wav: Path) -> None:
        with pytest.raises(UnreadableAudio, match=r"a cut of 1e-06 s at 0\.5 s holds no sample"):
            audio.load(wav, offset=0.5, duration=1e-6)

    @pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
    def test_a_truncated_file_gives_what_is_left(self, tmp_path: Path, name: str) -> None:
        whole, half = tmp_path / name, tmp_path / f"half_{name}"
        soundfile.write(whole, noise(10.0), RATE)
        half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        left = audio.load(half).samples
        assert 4.0 < len(left) / RATE < 5.1
        # Up to the fault the samples are those of the whole file (a coder may end its last block differently).
        np.testing.assert_allclose(left[: 4 * RATE], audio.load(whole).samples[: 4 * RATE], atol=1e-4)

    def test_a_cut_in_the_lost_part(self, tmp_path: Path) -> None:
        for name in ("a.flac", "a.mp3"):
            path = tmp_path / name
            soundfile.write(path, noise(10.0), RATE)
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            with pytest.raises(UnreadableAudio, match=name):
                audio.load(path, offset=8.0, duration=1.0)


def test_nan_and_infinity_become_silence_and_full_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([np.nan, np.inf, -np.inf, 2.5, 0.125], np.float32), RATE, subtype="FLOAT")
    assert audio.load(path).samples.tolist() == [0.0, 1.0, -1.0, 2.5, 0.125]


class TestCuts:
    def test_a_cut_of_16_bit_sound_is_exact(self, wav: Path) -> None:
        buffer = io.BytesIO()
        assert audio.write_cut(wav, buffer, offset=0.25, duration=0.1) == 1_600
        samples, rate = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="float32")
        assert rate == RATE
        np.testing.assert_array_equal(samples, ramp(RATE)[4_000:5_600])

    def test_two_channels_stay_and_more_are_mixed(self, tmp_path: Path) -> None:
        for channels, expected in ((1, 1), (2, 2), (3, 1)):
            path = tmp_path / f"{channels}.aiff"
            soundfile.write(path, np.tile(ramp(100)[:, None], channels), RATE)
            buffer = io.BytesIO()
            audio.write_cut(path, buffer)
            samples, _ = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="float32", always_2d=True)
            assert samples.shape == (100, expected)
            np.testing.assert_allclose(samples[:, 0], ramp(100), atol=1 / 32_768)

    def test_one_channel_of_two(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, np.stack([ramp(100), -ramp(100)], axis=1), RATE, subtype="PCM_16")
        buffer = io.BytesIO()
        audio.write_cut(path, buffer, channel=1)
        samples, _ = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="float32")
        np.testing.assert_array_equal(samples, -ramp(100))

    def test_float_sound_beyond_full_scale_is_clipped_not_wrapped(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, np.array([1.5, -1.5, np.nan], np.float32), RATE, subtype="FLOAT")
        buffer = io.BytesIO()
        audio.write_cut(path, buffer)
        samples, _ = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="int16")
        assert samples.tolist() == [32_767, -32_768, 0]

    def test_long_vorbis_is_read_in_blocks(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ogg"
        with soundfile.SoundFile(path, "w", RATE, 1, format="OGG", subtype="VORBIS") as out:
            for _ in range(6):
                out.write(noise(10.0))
        with (tmp_path / "cut.wav").open("w+b") as target:
            assert audio.write_cut(path, target) == 60 * RATE


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=300))
def test_wav_bytes_keep_every_16_bit_sample(values: list[int]) -> None:
    sound = audio.Audio((np.array(values) / 32_768).astype(np.float32), 8_000)
    samples, rate = soundfile.read(io.BytesIO(audio.wav_bytes(sound)), dtype="int16")
    assert rate == 8_000
    assert samples.tolist() == values


class TestResample:
    def test_a_tone_keeps_its_pitch_and_level(self) -> None:
        time = np.arange(48_000) / 48_000
        tone = audio.Audio(np.sin(2 * np.pi * 440 * time).astype(np.float32), 48_000)
        low = audio.resample(tone, 16_000)
        assert (low.sample_rate, len(low.samples)) == (16_000, 16_000)
        expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
        np.testing.assert_allclose(low.samples[500:-500], expected[500:-500], atol=1e-3)

    def test_what_the_new_rate_cannot_hold_is_removed(self) -> None:
        time = np.arange(48_000) / 48_000
        tone = audio.Audio(np.sin(2 * np.pi * 12_000 * time).astype(np.float32), 48_000)
        assert np.abs(audio.resample(tone, 16_000).samples[500:-500]).max() < 1e-3

    def test_the_same_rate_is_the_same_object(self) -> None:
        sound = audio.Audio(ramp(10), RATE)
        assert audio.resample(sound, RATE) is sound
