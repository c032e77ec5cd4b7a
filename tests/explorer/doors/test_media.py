"""Sound, peaks and pictures over HTTP: ranges, cuts, versions, and every way to be refused."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.doors import media
from explorer.errors import UnknownCorpus, UnreadableAudio
from explorer.querying.query import Query
from explorer.sound import audio, indexing, views
from explorer.sound.media_cache import MediaCache
from tests.explorer.sounds import manifest, voice

RATE = 16_000
KINDS = ("audio", "peaks", "wave?first=0&last=100&width=50", "tile.png?window=32&scale=mel&level=8&number=0")


class House:
    """A Flask app with the media routes over one corpus, and the ids of its rows in manifest order."""

    def __init__(self, folder: Path, rows: list[dict[str, object]], *, limit: int = 50_000_000) -> None:
        self.corpus = open_corpus("demo", [manifest(folder, rows)], cache=folder.parent / "corpus-cache")
        self.ids = [row["id"] for row in self.corpus.page(Query(), 0, self.corpus.size, ["audio"])]
        self.cache = MediaCache(folder.parent / "media-cache", limit=limit)
        self.server = Flask("media-test")
        media.add_routes(self.server, self.find, self.cache)
        self.client: FlaskClient = self.server.test_client()

    def find(self, name: str) -> Corpus:
        if name != "demo":
            raise UnknownCorpus(f'no corpus is called "{name}"; open are: demo')
        return self.corpus

    def get(self, row: int, kind: str, **headers: str) -> TestResponse:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.get(f"{media.address('demo', self.ids[row])}/{kind}", headers=named)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    return place


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    """Rows: 0 a whole WAV; 1 a cut of a FLAC; 2 a stereo AIFF; 3 an 8 kHz file with a rounded duration."""
    soundfile.write(folder / "a.wav", voice(3.0), RATE)
    soundfile.write(folder / "long.flac", voice(60.0), RATE)
    soundfile.write(folder / "s.aiff", np.stack([voice(2.0), -voice(2.0)], axis=1), RATE)
    soundfile.write(folder / "t.wav", voice(1.234, rate=8_000), 8_000)
    made = House(
        folder,
        [
            {"audio_filepath": "a.wav", "duration": 3.0, "text": "whole"},
            {"audio_filepath": "long.flac", "offset": 20.0, "duration": 2.5, "text": "cut"},
            {"audio_filepath": "s.aiff", "duration": 2.0, "text": "stereo"},
            {"audio_filepath": "t.wav", "duration": 1.2, "text": "rounded"},
        ],
    )
    yield made
    made.cache.close()


def wav(answer: TestResponse) -> tuple[np.ndarray, int]:
    return soundfile.read(io.BytesIO(answer.data), dtype="float32", always_2d=True)


class TestSound:
    def test_a_whole_playable_file_goes_out_as_it_is(self, house: House, folder: Path) -> None:
        answer = house.get(0, "audio")
        assert answer.status_code == 200
        assert answer.mimetype == "audio/wav"
        assert answer.data == (folder / "a.wav").read_bytes()
        assert answer.headers["Accept-Ranges"] == "bytes"

    def test_a_cut_is_exact(self, house: House) -> None:
        samples, rate = wav(house.get(1, "audio"))
        assert (rate, samples.shape) == (RATE, (40_000, 1))
        np.testing.assert_allclose(samples[:, 0], voice(60.0)[320_000:360_000], atol=1 / 32_768)

    def test_what_browsers_cannot_play_becomes_wav_with_both_channels(self, house: House) -> None:
        answer = house.get(2, "audio")
        assert answer.mimetype == "audio/wav"
        samples, _ = wav(answer)
        np.testing.assert_allclose(samples, np.stack([voice(2.0), -voice(2.0)], axis=1), atol=1 / 16_384)

    def test_a_rounded_duration_means_the_whole_file(self, house: House, folder: Path) -> None:
        assert house.get(3, "audio").data == (folder / "t.wav").read_bytes()

    def test_ranges(self, house: House) -> None:
        for row in (0, 1, 2):
            self.check_ranges(house, row)

    def check_ranges(self, house: House, row: int) -> None:
        whole = house.get(row, "audio").data
        size = len(whole)
        for wanted, first, last in (
            ("bytes=0-0", 0, 0),
            ("bytes=0-", 0, size - 1),
            ("bytes=100-299", 100, 299),
            ("bytes=-500", size - 500, size - 1),
            (f"bytes={size - 10}-{size + 10}", size - 10, size - 1),
        ):
            answer = house.get(row, "audio", Range=wanted)
            assert answer.status_code == 206, wanted
            assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
            assert answer.data == whole[first : last + 1]
        assert house.get(row, "audio", Range=f"bytes={size}-").status_code == 416

    def test_a_changed_file_is_a_new_version(self, house: House, folder: Path) -> None:
        first = house.get(0, "audio")
        tag = first.headers["ETag"]
        assert not tag.startswith("W/")
        again = house.get(0, "audio", If_None_Match=tag)
        assert (again.status_code, again.data) == (304, b"")
        resumed = house.get(0, "audio", Range="bytes=10-19", If_Range=tag)
        assert resumed.status_code == 206
        soundfile.write(folder / "a.wav", voice(2.0, seed=1), RATE)
        changed = house.get(0, "audio", If_None_Match=tag)
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag
        restarted = house.get(0, "audio", Range="bytes=10-19", If_Range=tag)
        assert restarted.status_code == 200
        assert house.get(0, "peaks").json["duration"] == 2.0

    def test_browsers_ask_again_and_proxies_keep_nothing(self, house: House) -> None:
        for kind in KINDS:
            assert house.get(1, kind).headers["Cache-Control"] == "private, no-cache"

    def test_the_channel_that_the_row_names(self, folder: Path) -> None:
        soundfile.write(folder / "s.wav", np.stack([voice(1.0), voice(1.0, seed=1)], axis=1), RATE)
        made = House(
            folder,
            [{"audio_filepath": "s.wav", "duration": 1.0, "text": "", "channel": channel} for channel in (0, 1, 7)],
        )
        for channel in (0, 1):
            samples, _ = wav(made.get(channel, "audio"))
            np.testing.assert_allclose(samples[:, 0], voice(1.0, seed=channel), atol=1 / 16_384)
        assert made.get(2, "peaks").status_code == 422
        assert "no channel 7" in made.get(2, "audio").json["error"]


class TestPeaks:
    def test_they_describe_the_sound(self, house: House) -> None:
        facts = house.get(0, "peaks").json
        assert (facts["duration"], facts["frames"], facts["sample_rate"]) == (3.0, 48_000, RATE)
        assert (facts["channels"], facts["note"]) == (1, None)
        assert facts["peak"] == pytest.approx(0.5, abs=1e-3)
        assert facts["peak_db"] == pytest.approx(-6.02, abs=0.02)
        assert -40 < facts["loudest_db"] < -6.02  # no harmonic is as loud as all of them
        assert facts["wave"]["step"] == 32
        assert max(map(abs, facts["wave"]["low"][0] + facts["wave"]["high"][0])) == 32_767
        assert {name: len(hz) for name, hz in facts["scales"].items()} == {"linear": 256, "mel": 256, "log": 256}

    def test_they_are_light(self, house: House) -> None:
        assert len(house.get(0, "peaks").data) < 30_000

    def test_silence(self, folder: Path) -> None:
        soundfile.write(folder / "z.wav", np.zeros(RATE), RATE)
        facts = House(folder, [{"audio_filepath": "z.wav", "duration": 1.0, "text": ""}]).get(0, "peaks").json
        assert (facts["peak"], facts["peak_db"], facts["loudest_db"]) == (0.0, None, -120.0)
        assert set(facts["wave"]["low"][0] + facts["wave"]["high"][0]) == {0}

    def test_a_file_that_is_cut_short_says_so(self, folder: Path) -> None:
        soundfile.write(folder / "t.flac", voice(10.0), RATE)
        content = (folder / "t.flac").read_bytes()
        (folder / "t.flac").write_bytes(content[: len(content) // 2])
        made = House(folder, [{"audio_filepath": "t.flac", "duration": 10.0, "text": ""}])
        facts = made.get(0, "peaks").json
        assert 3 < facts["duration"] < 7
        assert facts["note"] == f"The file is cut short: {facts['duration']:.2f} s of 10.00 s can be decoded."
        # What can be decoded fills the picture: no silence at its end.
        assert max(facts["wave"]["high"][0][-150:]) > 5_000
        assert made.get(0, "tile.png?window=32&scale=linear&level=8&number=0").status_code == 200
        assert made.get(0, "tile.png?window=32&scale=linear&level=8&number=1").status_code == 422

    def test_a_row_that_promises_more_than_the_file_has_is_told(self, folder: Path) -> None:
        soundfile.write(folder / "short.wav", voice(2.5), RATE)
        cuts = [(1.5, 9.0), (0.0, 4.0), (1.5, 1.0), (0.0, 2.53)]
        rows = [{"audio_filepath": "short.wav", "offset": at, "duration": long, "text": ""} for at, long in cuts]
        made = House(folder, rows)
        told = [made.get(row, "peaks").json for row in range(len(cuts))]
        assert [facts["duration"] for facts in told] == [1.0, 2.5, 1.0, 2.5]
        assert [facts["note"] for facts in told] == [
            "The row promises 8.00 s more than the file has: that ends at 2.50 s.",
            "The row promises 1.50 s more than the file has: that ends at 2.50 s.",
            None,
            None,  # durations are rounded
        ]

    def test_a_float_file_beyond_full_scale_and_with_broken_numbers(self, folder: Path) -> None:
        samples = voice(1.0).copy() * 4
        samples[100:103] = np.nan, np.inf, -1e30
        soundfile.write(folder / "f.wav", samples, RATE, "FLOAT")
        made = House(folder, [{"audio_filepath": "f.wav", "duration": 1.0, "text": ""}])
        assert made.get(0, "peaks").json["peak"] == 1e9
        assert made.get(0, "tile.png?window=32&scale=mel&level=7&number=0").status_code == 200


class TestWave:
    def wave(self, house: House, row: int, first: int, last: int, width: int) -> dict[str, list[list[int]]]:
        answer = house.get(row, f"wave?first={first}&last={last}&width={width}")
        assert answer.status_code == 200
        return answer.json

    def test_bins_are_the_extremes_of_the_cut(self, house: House) -> None:
        wave = self.wave(house, 1, 8_000, 24_000, 500)
        peak = house.get(1, "peaks").json["peak"]
        assert (wave["first"], wave["step"]) == (8_000, 32)
        cut = voice(60.0)[320_000 + 8_000 : 320_000 + 24_000].reshape(500, 32)
        np.testing.assert_allclose(np.array(wave["high"][0]) * peak / 32_767, cut.max(axis=1), atol=1e-4)
        np.testing.assert_allclose(np.array(wave["low"][0]) * peak / 32_767, cut.min(axis=1), atol=1e-4)

    def test_down_to_the_samples(self, house: House) -> None:
        wave = self.wave(house, 0, 1_000, 1_050, 800)
        assert (wave["first"], wave["step"], wave["high"]) == (1_000, 1, None)
        peak = house.get(0, "peaks").json["peak"]
        np.testing.assert_allclose(np.array(wave["low"][0]) * peak / 32_767, voice(3.0)[1_000:1_050], atol=1e-4)

    def test_each_channel_of_all_and_one_by_choice(self, house: House) -> None:
        both = self.wave(house, 2, 0, 32_000, 1_000)
        assert len(both["low"]) == 2
        np.testing.assert_allclose(both["low"][0], -np.array(both["high"][1]), atol=2)
        right = house.get(2, "wave?first=0&last=32000&width=1000&channel=1").json
        assert len(right["low"]) == 1
        assert right["low"][0] == both["low"][1]
        assert house.get(2, "peaks?channel=0").json["channels"] == 2
        samples, _ = wav(house.get(2, "audio?channel=1"))
        np.testing.assert_allclose(samples[:, 0], -voice(2.0), atol=1 / 16_384)

    def test_opposite_channels_cancel_in_the_picture_of_the_mix(self, house: House) -> None:
        def loudest(channel: str) -> int:
            query = f"tile.png?window=32&scale=linear&level=8&number=0&channel={channel}"
            return int(np.asarray(Image.open(io.BytesIO(house.get(2, query).data))).max())

        assert loudest("mix") < 70  # -85 dB: the noise of 16 bits
        assert loudest("0") > 150

    def test_beyond_the_end_there_is_nothing(self, house: House) -> None:
        assert self.wave(house, 0, 47_990, 60_000, 100)["low"][0].__len__() == 10
        answer = house.get(0, "wave?first=90000&last=95000&width=100")
        assert (answer.status_code, "48000 frames long" in answer.json["error"]) == (422, True)


class TestTiles:
    def test_it_is_grey_and_covers_the_cut(self, house: House) -> None:
        answer = house.get(1, "tile.png?window=32&scale=mel&level=8&number=0")
        assert answer.mimetype == "image/png"
        image = Image.open(io.BytesIO(answer.data))
        assert (image.mode, image.size) == ("L", (157, 256))  # 40,000 frames of 256 a column

    def test_it_is_kept_and_has_a_version(self, house: House) -> None:
        query = "tile.png?window=32&scale=mel&level=8&number=0"
        tag = house.get(1, query).headers["ETag"]
        assert house.get(1, query, If_None_Match=tag).status_code == 304
        assert house.get(1, query.replace("mel", "log")).headers["ETag"] != tag

    @pytest.mark.parametrize(
        ("query", "part"),
        [
            ("tile.png?window=33&scale=mel&level=8&number=0", "not 33"),
            ("tile.png?window=32&scale=bark&level=8&number=0", '"bark"'),
            ("tile.png?window=32&scale=mel&level=8&number=77", "no tile 77"),
            ("tile.png?window=32&scale=mel&level=8", '"number"'),
            ("tile.png?window=32&scale=mel&level=-1&number=0", '"level"'),
            ("wave?first=0&last=9e9&width=10", '"last"'),
            ("wave?first=0&last=100&width=99999", '"width"'),
            ("wave?first=\u0663&last=100&width=10", '"first"'),
            ("peaks?channel=1", "no channel"),
            ("peaks?channel=../x", "no channel"),
        ],
    )
    def test_what_makes_no_sense_is_refused_with_a_sentence(self, house: House, query: str, part: str) -> None:
        answer = house.get(0, query)
        assert answer.status_code == 422
        assert part in answer.json["error"]


class TestIndexing:
    """Long sound: indexed in the background, with progress, given up when nobody asks any more."""

    @pytest.fixture
    def long(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
        monkeypatch.setattr(indexing, "LONG", 100_000)
        monkeypatch.setattr(indexing, "WAIT", 0.01)
        soundfile.write(folder / "long.wav", np.tile(voice(30.0), 4), RATE)
        made = House(folder, [{"audio_filepath": "long.wav", "duration": 120.0, "text": ""}])
        yield made
        made.cache.close()

    def slow(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[int]:
        """Each block takes so long; the list has the frames of every block that was read."""
        blocks, frames = [], audio.frames

        def slowly(*arguments: object, **options: object) -> Iterator[np.ndarray]:
            for block in frames(*arguments, **options):  # type: ignore[arg-type]
                time.sleep(seconds)
                blocks.append(len(block))
                yield block

        monkeypatch.setattr(views.audio, "frames", slowly)
        return blocks

    def test_progress_then_the_facts(self, long: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slow(monkeypatch, 0.05)
        shares = []
        for _ in range(400):
            answer = long.get(0, "peaks")
            if answer.status_code == 200:
                break
            assert answer.status_code == 202
            assert answer.headers["Cache-Control"] == "no-store"
            shares.append(answer.json["indexing"])
            refused = long.get(0, "wave?first=0&last=100&width=10")
            assert refused.status_code in (200, 422)
        assert answer.json["frames"] == 120 * RATE
        assert shares == sorted(shares)
        assert 0 <= shares[0] <= shares[-1] <= 1
        assert any(0 < share < 1 for share in shares)
        assert long.get(0, "wave?first=0&last=100&width=10").status_code == 200

    def test_it_is_made_once(self, long: House, monkeypatch: pytest.MonkeyPatch) -> None:
        blocks = self.slow(monkeypatch, 0.01)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: long.get(0, "peaks"), range(24)))
        while long.get(0, "peaks").status_code == 202:
            pass
        assert sum(blocks[:8]) == 120 * RATE  # 7.3 blocks, and what the first look at the facts reads

    def test_it_is_given_up_when_nobody_asks(self, long: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(indexing, "PATIENCE", 0.05)
        blocks = self.slow(monkeypatch, 0.1)
        assert long.get(0, "peaks").status_code == 202
        time.sleep(0.5)
        read = len(blocks)
        assert 1 <= read < 5
        time.sleep(0.4)
        assert len(blocks) == read
        monkeypatch.setattr(indexing, "PATIENCE", 5.0)
        while (answer := long.get(0, "peaks")).status_code == 202:
            pass
        assert answer.status_code == 200

    def test_a_fault_met_on_the_way_is_told(self, long: House, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_arguments: object, **_options: object) -> Iterator[np.ndarray]:
            yield np.zeros((1000, 1), np.float32)
            raise UnreadableAudio("the disk is on fire")

        monkeypatch.setattr(views.audio, "frames", broken)
        while (answer := long.get(0, "peaks")).status_code == 202:
            pass
        assert (answer.status_code, answer.json["error"]) == (422, "the disk is on fire")


class TestRefusals:
    """No answer is a traceback, and no request reaches a file that the corpus does not own."""

    def refused(self, answer: TestResponse, status: int, part: str) -> None:
        assert answer.status_code == status
        assert answer.mimetype == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert part in answer.json["error"]

    def test_unknown_names(self, house: House) -> None:
        for kind in KINDS:
            self.refused(house.client.get(f"/media/other/{house.ids[0]}/{kind}"), 404, 'called "other"')
            self.refused(house.client.get(f"/media/demo/0123456789abcdef/{kind}"), 404, "0123456789abcdef")

    def test_an_id_is_never_a_path_nor_a_query(self, house: House) -> None:
        for name in (
            "../../etc/passwd",
            "..%2f..%2fetc%2fpasswd",
            "%2e%2e%2fa.wav",
            "/etc/passwd",
            "a.wav",
            "0",
            "' OR 1=1 --",
            "%00",
            "<script>",
            "é" * 16,
        ):
            answer = house.client.get(f"/media/demo/{name}/audio")
            assert answer.status_code in (301, 308, 404), name
            assert b"root:" not in answer.data, name
            assert answer.mimetype != "audio/wav", name

    def test_links_and_absolute_paths_out_of_the_roots(self, folder: Path, tmp_path: Path) -> None:
        secret = tmp_path / "secret.wav"
        soundfile.write(secret, voice(1.0), RATE)
        (folder / "link.wav").symlink_to(secret)
        (folder / "folder").symlink_to(tmp_path)
        names = ["link.wav", str(secret), "../secret.wav", "folder/secret.wav"]
        made = House(folder, [{"audio_filepath": name, "duration": 1.0, "text": ""} for name in names])
        assert len(made.ids) == len(names)
        for row in range(len(names)):
            for kind in KINDS:
                self.refused(made.get(row, kind), 403, "secret.wav")

    def test_broken_files(self, folder: Path) -> None:
        (folder / "empty.wav").touch()
        (folder / "junk.wav").write_bytes(os.urandom(4_000))
        soundfile.write(folder / "a.wav", voice(1.0), RATE)
        made = House(
            folder,
            [
                {"audio_filepath": "none.wav", "duration": 1.0, "text": ""},
                {"audio_filepath": "empty.wav", "duration": 1.0, "text": ""},
                {"audio_filepath": "junk.wav", "duration": 1.0, "text": ""},
                {"audio_filepath": "a.wav", "offset": 9.5, "duration": 1.0, "text": ""},
            ],
        )
        for row, (status, part) in enumerate(
            [(404, "none.wav"), (422, "is empty (0 bytes)"), (422, "cannot be decoded"), (422, "lasts 1.000 s")]
        ):
            for kind in KINDS:
                self.refused(made.get(row, kind), status, part)

    def test_a_file_that_goes_away_while_open_pages_still_show_it(self, house: House, folder: Path) -> None:
        assert house.get(0, "peaks").status_code == 200
        (folder / "a.wav").unlink()
        self.refused(house.get(0, "peaks"), 404, "a.wav")

    def test_a_conversion_that_the_cache_cannot_hold(self, folder: Path) -> None:
        soundfile.write(folder / "s.aiff", voice(60.0), RATE)
        made = House(folder, [{"audio_filepath": "s.aiff", "duration": 60.0, "text": ""}], limit=2_000_000)
        self.refused(made.get(0, "audio"), 422, "raise cache.media_mb")
        assert made.get(0, "peaks").status_code == 200

    def test_an_index_that_the_cache_cannot_hold(self, folder: Path) -> None:
        soundfile.write(folder / "a.wav", voice(60.0), RATE)
        made = House(folder, [{"audio_filepath": "a.wav", "duration": 60.0, "text": ""}], limit=100_000)
        self.refused(made.get(0, "peaks"), 422, "raise cache.media_mb")


class TestCache:
    def test_a_value_is_made_once(self, tmp_path: Path) -> None:
        cache, calls = MediaCache(tmp_path / "c", limit=10_000_000), []

        def make() -> bytes:
            calls.append(1)
            return b"x" * 100_000

        with ThreadPoolExecutor(8) as pool:
            values = set(pool.map(lambda _: cache.value("key", make), range(32)))
        assert (values, len(calls)) == ({b"x" * 100_000}, 1)
        again = MediaCache(tmp_path / "c", limit=10_000_000)
        assert again.value("key", make) == b"x" * 100_000
        assert len(calls) == 1

    def test_it_stays_under_its_limit(self, tmp_path: Path) -> None:
        cache = MediaCache(tmp_path / "c", limit=2_000_000)
        for number in range(60):
            cache.value(str(number), lambda: os.urandom(100_000))
        stored = sum(path.stat().st_size for path in (tmp_path / "c").rglob("*.val"))
        assert 500_000 < stored <= 2_200_000

    def test_an_open_file_outlives_its_removal(self, tmp_path: Path) -> None:
        cache = MediaCache(tmp_path / "c", limit=1_000_000)
        kept = cache.file("first", lambda file: file.write(b"a" * 300_000))
        kept.close()
        kept = cache.file("first", lambda file: pytest.fail("made twice"))
        for number in range(10):
            cache.file(str(number), lambda file: file.write(os.urandom(300_000))).close()
        assert kept.read() == b"a" * 300_000

    def test_a_failure_is_not_kept(self, tmp_path: Path) -> None:
        cache = MediaCache(tmp_path / "c", limit=1_000_000)

        def fail(file: io.BufferedIOBase) -> None:
            file.write(b"half")
            raise ValueError("the disk is on fire")

        with pytest.raises(ValueError, match="fire"):
            cache.file("key", fail)
        with cache.file("key", lambda file: file.write(b"whole")) as file:
            assert file.read() == b"whole"

    def test_nothing_is_pickled_and_no_pickle_is_read(self, tmp_path: Path) -> None:
        import diskcache

        cache = MediaCache(tmp_path / "c", limit=1_000_000)
        with pytest.raises(TypeError, match="is bytes, not dict"):
            cache.value("key", lambda: {"not": "bytes"})
        with pytest.raises(TypeError, match="is a str, not tuple"):
            cache.value(("a", 1), lambda: b"")
        cache.close()
        planted = diskcache.Cache(str(tmp_path / "c"), disk=diskcache.Disk)
        planted.set("key", {"a": "pickle"})
        planted.close()
        with pytest.raises(TypeError, match="holds a pickle"):
            MediaCache(tmp_path / "c", limit=1_000_000).value("key", lambda: b"")


def test_an_address_quotes_what_a_path_may_not_hold() -> None:
    assert media.address("a b/c", "0123456789abcdef") == "/media/a%20b%2Fc/0123456789abcdef"


def test_two_apps_in_one_process(house: House, folder: Path, tmp_path: Path) -> None:
    other = Flask("other")
    media.add_routes(other, house.find, MediaCache(tmp_path / "other", limit=1_000_000))
    path = f"{media.address('demo', house.ids[0])}/peaks"
    assert json.loads(other.test_client().get(path).data) == house.get(0, "peaks").json
