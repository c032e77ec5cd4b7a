"""Containers that libsndfile does not know: exact cuts, unknown lengths, damage; and long MP3s by their index."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from explorer.errors import UnreadableAudio
from explorer.places.sounds import Sound
from explorer.sound import audio, mp3
from explorer.sound.av_sound import DEMUXERS, demuxer_of
from tests.explorer.sounds import voice

KINDS = {
    "m4a": ("ipod", "aac", 16_000),
    "aac": ("adts", "aac", 16_000),
    "webm": ("webm", "libopus", 48_000),
    "opus.mkv": ("matroska", "libopus", 48_000),
    "opus.mp4": ("mp4", "libopus", 48_000),
    "flac.mkv": ("matroska", "flac", 16_000),
    "alac.m4a": ("ipod", "alac", 16_000),
    "ts": ("mpegts", "mp2", 16_000),
    "wv": ("wv", "wavpack", 16_000),
}
LOSSLESS = {"flac.mkv", "alac.m4a"}
SECONDS = 12.0


def encode(path: Path, container: str, codec: str, sound: np.ndarray, rate: int, *, video: bool = False) -> Path:
    """Write mono sound; with ``video`` beside a second of a grey picture."""
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.layout = "mono"
        pictures = out.add_stream("mpeg4", rate=10) if video else None
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
            for number in range(10):
                picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="rgb24")
                picture.pts = number
                out.mux(pictures.encode(picture))
            out.mux(pictures.encode(None))
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("containers")
    return {
        kind: encode(folder / f"a.{kind}", container, codec, voice(SECONDS, rate=rate), rate)
        for kind, (container, codec, rate) in KINDS.items()
    }


def delay(sound: np.ndarray, original: np.ndarray) -> int:
    """By how many samples ``sound`` is late: the peak of the cross-correlation over whole files."""
    size = 1 << (len(sound) + len(original)).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(original, size)))
    peak = int(product.argmax())
    return peak if peak < size // 2 else peak - size


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_opens_and_holds_what_was_put_in(files: dict[str, Path], kind: str) -> None:
    original = voice(SECONDS, rate=KINDS[kind][2])
    facts = audio.info(files[kind])
    assert facts.duration == pytest.approx(SECONDS, abs=0.1)
    assert (facts.sample_rate, facts.channels, facts.playable) == (KINDS[kind][2], 1, False)
    found = audio.load(files[kind])
    assert len(found.samples) == pytest.approx(facts.frames, abs=0.02 * facts.sample_rate)
    # ADTS and MPEG-TS have no field for the encoder's delay
    assert abs(delay(found.samples, original)) <= (1_200 if kind in ("aac", "ts") else 8)
    if kind in LOSSLESS:
        assert np.abs(found.samples - original).max() < 1e-4
    else:
        assert np.std(found.samples) == pytest.approx(np.std(original), rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_has_the_samples_that_reading_from_the_start_has(files: dict[str, Path], kind: str) -> None:
    whole = audio.load(files[kind]).samples
    rate = KINDS[kind][2]
    for offset in (0.0, 1 / rate, 0.4, 0.6, 3.21, 7.7777, 11.4):
        cut = audio.load(files[kind], offset=offset, duration=0.5).samples
        start = round(offset * rate)
        np.testing.assert_allclose(cut, whole[start : start + len(cut)], atol=1e-5, err_msg=f"{kind} at {offset}")
        assert len(cut) == pytest.approx(0.5 * rate, abs=1)


def test_a_container_that_does_not_tell_its_length(tmp_path: Path) -> None:
    """As browsers record: the header has no duration, and no table of places to jump to."""
    out = io.BytesIO()
    out.seekable = lambda: False  # type: ignore[method-assign]
    rate, sound = 48_000, voice(6.0, rate=48_000)
    with av.open(out, "w", format="webm", options={"live": "1"}) as container:
        stream = container.add_stream("libopus", rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    path = tmp_path / "live.webm"
    path.write_bytes(out.getvalue())
    with av.open(str(path)) as container:
        assert container.duration is None
    assert audio.info(path).duration == pytest.approx(6.0, abs=0.03)
    whole = audio.load(path).samples
    cut = audio.load(path, offset=3.3, duration=1.0).samples
    np.testing.assert_allclose(cut, whole[round(3.3 * rate) :][: len(cut)], atol=1e-5)


def test_the_sound_of_a_film(tmp_path: Path) -> None:
    path = encode(tmp_path / "film.mp4", "mp4", "aac", voice(5.0), 16_000, video=True)
    assert audio.info(path).duration == pytest.approx(5.0, abs=0.1)
    assert abs(delay(audio.load(path).samples, voice(5.0))) <= 8


def test_a_film_without_sound_says_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "mute.mp4"), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    with pytest.raises(UnreadableAudio, match=r"mute\.mp4 cannot be decoded as sound \(there is no sound in it"):
        audio.info(tmp_path / "mute.mp4")


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_file_gives_what_is_left_or_a_sentence(files: dict[str, Path], tmp_path: Path, kind: str) -> None:
    half = tmp_path / f"half.{kind}"
    half.write_bytes(files[kind].read_bytes()[: files[kind].stat().st_size // 2])
    if kind in ("m4a", "opus.mp4", "alac.m4a"):  # their table of contents comes last
        with pytest.raises(UnreadableAudio, match=r"half\..* cannot be decoded as sound \(.*\); it may be damaged"):
            audio.load(half)
    else:
        left = audio.load(half)
        assert 0.3 * SECONDS < left.duration < 0.7 * SECONDS


def test_only_named_demuxers_are_tried() -> None:
    for start in (b"#EXTM3U\nhttp://127.0.0.1/", b"ffconcat version 1.0\nfile /etc/passwd", b"<SMIL>", b"", b"\x47"):
        assert demuxer_of(start) is None
    for place, mark, demuxer, name in DEMUXERS:
        assert demuxer_of(b"\0" * place + mark + b"\0" * 400) == (demuxer, name)


class TestLongMp3:
    """A file long enough for an index of its packets."""

    RATE = 24_000

    @pytest.fixture(scope="class")
    def path(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        path = tmp_path_factory.mktemp("mp3") / "long.mp3"
        with soundfile.SoundFile(path, "w", self.RATE, 2, "MPEG_LAYER_III") as out:
            for seed in range(6):
                left, right = voice(40.0, rate=self.RATE, seed=seed), voice(40.0, rate=self.RATE, seed=seed + 10)
                out.write(np.stack([left, right], axis=1))
        assert path.stat().st_size > mp3.SHORTEST
        return path

    def test_its_facts_and_cuts_are_libsndfiles(self, path: Path) -> None:
        assert mp3.index_of(Sound(str(path))) is not None
        facts = audio.info(path)
        with soundfile.SoundFile(path) as file:
            assert (facts.frames, facts.channels, facts.sample_rate) == (file.frames, file.channels, file.samplerate)
            assert (facts.format, facts.subtype, facts.playable) == (file.format, file.subtype, True)
            for start in (0, 1, 575, 1_000_003, facts.frames - self.RATE):
                file.seek(start)
                expected = file.read(self.RATE, dtype="float32")
                cut = np.concatenate(list(audio.frames(path, offset=start / self.RATE, duration=1.0)))
                np.testing.assert_allclose(cut, expected, atol=1e-4)

    def test_a_cut_reads_its_own_packets_and_a_few_before(self, path: Path) -> None:
        index = mp3.index_of(Sound(str(path)))
        assert index is not None
        with path.open("rb", buffering=0) as file:
            sound = mp3.Mp3Sound(file, index)
            sound.seek(200 * self.RATE)
            assert len(sound.read(self.RATE)) == self.RATE
            packets = self.RATE // index.packet_samples + mp3.WARM_UP + 2
            first = index.starts[(200 * self.RATE + index.skipped) // index.packet_samples - mp3.WARM_UP]
            assert file.tell() - first < packets * np.diff(index.starts).max()

    def test_a_changed_file_is_indexed_again(self, path: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy.mp3"
        copy.write_bytes(path.read_bytes())
        assert mp3.index_of(Sound(str(copy))) is not None
        copy.write_bytes(path.read_bytes()[: mp3.SHORTEST + 100_000])  # its Info packet now promises too much
        assert mp3.index_of(Sound(str(copy))) is None

    def test_a_damaged_file_still_plays(self, path: Path, tmp_path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[900_000:900_200] = bytes(200)
        copy = tmp_path / "damaged.mp3"
        copy.write_bytes(content)
        assert audio.load(copy, offset=1.0, duration=1.0).duration == pytest.approx(1.0, abs=0.01)

    def test_what_has_no_sound_of_its_kind_has_no_index(self, tmp_path: Path) -> None:
        junk = tmp_path / "junk.mp3"
        junk.write_bytes(b"\xff\xfb\x90\x00" + bytes(2 << 20))
        assert mp3.index_of(Sound(str(junk))) is None
        with pytest.raises(UnreadableAudio, match=r"junk\.mp3"):
            audio.info(junk)


def test_eight_channels_stay_apart(tmp_path: Path) -> None:
    """PyAV's own conversion of eight planes reads memory that is none of the frame's."""
    path, rate = tmp_path / "eight.m4a", 48_000
    sound = np.stack([0.1 * (k + 1) * voice(2.0, rate=rate, seed=k) for k in range(8)], axis=1)
    with av.open(str(path), "w", format="ipod") as out:
        stream = out.add_stream("aac", rate=rate)
        stream.layout, stream.bit_rate = "7.1", 640_000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound).reshape(1, -1), format="flt", layout="7.1")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert audio.info(path).channels == 8
    for channel in (0, 1, 2, 4, 5, 6, 7):  # 3 is the woofer's, of which the coder keeps the lowest frequencies alone
        heard = audio.load(path, channel=channel).samples
        start = min(len(heard), len(sound))
        assert np.corrcoef(heard[:start], sound[:start, channel])[0, 1] > 0.95
    whole, cut = audio.load(path, channel=6).samples, audio.load(path, offset=1.0, duration=0.5, channel=6).samples
    np.testing.assert_allclose(cut, whole[rate:][: len(cut)], atol=0.02)  # the coder's substituted noise is drawn anew
