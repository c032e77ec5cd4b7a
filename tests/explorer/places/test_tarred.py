"""Rows that are members of tar files: NeMo's layouts, indexes kept and given, missing and broken tars."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.corpora import build
from explorer.corpora.corpus import Corpus
from explorer.corpora.loading import sentence
from explorer.corpora.opening import open_corpus
from explorer.corpora.sound_list import write_audio_list
from explorer.doors import media
from explorer.errors import ForbiddenAudio, MissingAudio, UnreadableAudio
from explorer.places.sounds import Sound
from explorer.places.tar_index import TarIndex, TarIndexes, dali_members, scanned
from explorer.querying.query import Query
from explorer.sound import audio
from explorer.sound.media_cache import MediaCache
from tests.explorer.sounds import voice
from tests.explorer.tarred import dali_index, tarred


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tarred(tmp_path / "data")


def opened(tmp_path: Path, *sources: Path | str, **options: Any) -> Corpus:
    return open_corpus("tarred", sources, cache=tmp_path / "cache", **options)


def utterances(corpus: Corpus) -> list[Any]:
    return [corpus.utterance(row["id"]) for row in corpus.page(Query(), 0, corpus.size, ["audio"])]


def assert_all_heard(corpus: Corpus, *, shards: int = 3) -> None:
    """Every row gives the very samples that were written for it."""
    found = utterances(corpus)
    assert len(found) == 4 * shards
    for utterance in found:
        shard, row = map(int, utterance.reference.split())
        heard = audio.load(corpus.audio_path(utterance), offset=utterance.offset, duration=utterance.duration)
        start = round(utterance.offset * 16_000)
        expected = voice(1 + row / 4, seed=10 * shard + row)[start : start + len(heard.samples)]
        assert len(heard.samples) == round(utterance.duration * 16_000)
        np.testing.assert_allclose(heard.samples, expected, atol=1e-4)


class TestLayouts:
    def test_sharded_manifests_find_their_tars_by_number(self, tmp_path: Path, folder: Path) -> None:
        assert_all_heard(opened(tmp_path, folder / "sharded_manifests" / "manifest__OP_0..2_CL_.json"))

    def test_one_manifest_finds_tars_by_shard_id(self, tmp_path: Path, folder: Path) -> None:
        assert_all_heard(opened(tmp_path, folder / "tarred_audio_manifest.json"))

    @pytest.mark.parametrize("tars", ["", "audio__OP_0..2_CL_.tar", "audio_{0..2}.tar"])
    def test_tars_elsewhere(self, tmp_path: Path, folder: Path, tars: str) -> None:
        manifests = tmp_path / "manifests"
        manifests.mkdir()
        for path in (folder / "sharded_manifests").glob("*.json"):
            path.rename(manifests / path.name.replace("manifest", "train"))
        assert_all_heard(opened(tmp_path, manifests / "train_{0..2}.json", tars=str(folder / tars)))

    def test_one_tar_for_one_manifest(self, tmp_path: Path) -> None:
        folder = tarred(tmp_path / "one", shards=1)
        manifest = (folder / "tarred_audio_manifest.json").rename(tmp_path / "any.json")
        assert_all_heard(opened(tmp_path, manifest, tars=str(folder / "audio_0.tar")), shards=1)

    def test_without_shard_id_all_tars_are_looked_through(self, tmp_path: Path, folder: Path) -> None:
        manifest = folder / "tarred_audio_manifest.json"
        rows = [json.loads(line) for line in manifest.read_text().splitlines()]
        for row in rows:
            del row["shard_id"]
        manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert_all_heard(opened(tmp_path, manifest))

    def test_names_that_nemo_wrote_from_whole_paths(self, tmp_path: Path) -> None:
        """NeMo's reader compares names without folders and endings; so do we, when nothing else fits."""
        folder = tarred(tmp_path / "one", shards=1)
        manifest = folder / "tarred_audio_manifest.json"
        manifest.write_text(manifest.read_text().replace('"rec_', '"/old/disk/rec_').replace(".flac", ".wav"))
        assert_all_heard(opened(tmp_path, manifest, tars=str(folder / "audio_0.tar")), shards=1)

    def test_durations_are_read_from_the_members(self, tmp_path: Path) -> None:
        folder = tarred(tmp_path / "unknown", durations=False)
        corpus = opened(tmp_path, folder / "tarred_audio_manifest.json")
        assert not corpus.problems
        lengths = [u.duration for u in utterances(corpus)][:4]
        assert lengths == pytest.approx([1.0, 1.25, 1.5, 1.0])

    def test_the_audio_list_of_a_run_can_be_read_by_itself(self, tmp_path: Path, folder: Path) -> None:
        corpus = opened(tmp_path, folder / "tarred_audio_manifest.json")
        write_audio_list(corpus, Query(), tmp_path / "list.parquet")
        rows = pq.read_table(tmp_path / "list.parquet").to_pylist()
        assert len(rows) == 12
        for row, utterance in zip(rows, utterances(corpus), strict=True):
            heard = audio.load(row["path"], offset=row["offset"], duration=row["duration"])
            expected = audio.load(corpus.audio_path(utterance), offset=utterance.offset, duration=utterance.duration)
            np.testing.assert_array_equal(heard.samples, expected.samples)

    def test_the_page_hears_and_sees_a_member(self, tmp_path: Path, folder: Path) -> None:
        corpus = opened(tmp_path, folder / "tarred_audio_manifest.json")
        server = Flask("test")
        media.add_routes(server, lambda name: corpus, MediaCache(tmp_path / "media", limit=2**28))
        client = server.test_client()
        whole = utterances(corpus)[1]
        answer = client.get(media.address("tarred", whole.id) + "/audio", headers={"Range": "bytes=0-9"})
        assert (answer.status_code, answer.mimetype, len(answer.data)) == (206, "audio/flac", 10)
        assert answer.data.startswith(b"fLaC")
        facts = client.get(media.address("tarred", whole.id) + "/peaks").get_json()
        assert facts["frames"] == 20_000
        cut = utterances(corpus)[3]
        assert client.get(media.address("tarred", cut.id) + "/audio").data.startswith(b"RIFF")


class TestWrong:
    def test_a_missing_member_names_tar_and_member(self, tmp_path: Path, folder: Path) -> None:
        manifest = folder / "tarred_audio_manifest.json"
        manifest.write_text('{"audio_filepath": "gone.flac", "text": "x", "shard_id": 1}\n')
        corpus = opened(tmp_path, manifest)
        assert [p.kind for p in corpus.problems] == ["missing audio"]
        assert "audio_1.tar has no member gone.flac" in corpus.problems[0].message
        with pytest.raises(MissingAudio, match=r"audio_1\.tar has no member gone\.flac; the manifest may belong"):
            corpus.audio_path(utterances(corpus)[0])

    def test_a_missing_tar(self, tmp_path: Path, folder: Path) -> None:
        corpus = opened(tmp_path, folder / "sharded_manifests" / "manifest_0.json", tars=str(folder / "audio_7.tar"))
        with pytest.raises(MissingAudio, match=r"audio_7\.tar does not exist"):
            corpus.audio_path(utterances(corpus)[0])

    @pytest.mark.parametrize(("mode", "kind"), [("w:gz", "gzip"), ("w:bz2", "bzip2"), ("w:xz", "xz")])
    def test_compressed_tars_are_refused(self, tmp_path: Path, folder: Path, mode: str, kind: str) -> None:
        packed = tmp_path / f"audio_0.tar.{mode[2:]}"
        with tarfile.open(packed, mode) as tar:  # type: ignore[call-overload]
            tar.add(folder / "audio_0.tar", "rec_0_0.flac")
        corpus = opened(tmp_path, folder / "sharded_manifests" / "manifest_0.json", tars=str(packed))
        with pytest.raises(UnreadableAudio, match=f"is compressed with {kind}.*unpack it to a plain .tar"):
            corpus.audio_path(utterances(corpus)[0])

    def test_no_tar_at_all(self, tmp_path: Path) -> None:
        (tmp_path / "junk.tar").write_bytes(b"this is no tar " * 100)
        with pytest.raises(UnreadableAudio, match=r"junk\.tar is not a tar file"):
            TarIndexes(tmp_path / "cache").of(str(tmp_path / "junk.tar"))

    def test_a_tar_outside_the_roots_is_not_read(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "inside").mkdir()
        (tmp_path / "inside" / "audio_0.tar").symlink_to(folder / "audio_0.tar")
        manifest = tmp_path / "inside" / "tarred_audio_manifest.json"
        manifest.write_text((folder / "sharded_manifests" / "manifest_0.json").read_text())
        corpus = opened(tmp_path, manifest)
        with pytest.raises(ForbiddenAudio, match=r"audio_0\.tar.* lies outside the corpus's folders"):
            corpus.audio_path(utterances(corpus)[0])
        allowed = opened(tmp_path, manifest, roots=[folder])
        assert audio.info(allowed.audio_path(utterances(allowed)[0])).frames == 16_000

    def test_links_and_devices_in_a_tar_are_no_members(self, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "t.tar", "w") as tar:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
                entry = tarfile.TarInfo(f"bad{kind!r}")
                entry.type, entry.linkname = kind, "/etc/passwd"
                tar.addfile(entry)
            entry = tarfile.TarInfo("../../good.wav")
            entry.size = 4
            tar.addfile(entry, io.BytesIO(b"RIFF"))
        assert [name for name, _, _ in scanned(Sound(str(tmp_path / "t.tar")))] == ["../../good.wav"]

    def test_a_tar_that_is_cut_short_keeps_what_comes_before(self, tmp_path: Path, folder: Path) -> None:
        tar = folder / "audio_0.tar"
        second = TarIndexes(tmp_path / "cache").of(str(tar)).sound("rec_0_1.flac")
        assert second is not None
        tar.write_bytes(tar.read_bytes()[: second.start + 100])
        index = TarIndexes(tmp_path / "cache").of(str(tar))
        assert audio.info(index.sound("rec_0_0.flac")).frames == 16_000  # type: ignore[arg-type]
        with pytest.raises(UnreadableAudio, match=r"ends before its member rec_0_1\.flac does"):
            audio.info(index.sound("rec_0_1.flac"))  # type: ignore[arg-type]


class TestIndexes:
    def test_an_index_is_made_once_for_a_version(self, tmp_path: Path, folder: Path, monkeypatch: Any) -> None:
        tar = str(folder / "audio_0.tar")
        first = TarIndexes(tmp_path / "cache").of(tar)
        with monkeypatch.context() as patch:
            patch.setattr("explorer.places.tar_index.scanned", lambda sound, **_: pytest.fail("it was kept"))
            assert TarIndexes(tmp_path / "cache").of(tar).sound("rec_0_1") == first.sound("rec_0_1") is not None
        with tarfile.open(tar, "w") as fresh:
            entry = tarfile.TarInfo("new.wav")
            fresh.addfile(entry)
        assert len(TarIndexes(tmp_path / "cache").of(tar)) == 1

    def test_how_far_the_reading_of_the_tars_is_is_told(self, tmp_path: Path, folder: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr(build, "_sparingly", lambda progress: progress)
        pattern = folder / "sharded_manifests" / "manifest__OP_0..2_CL_.json"
        told: list[tuple[str, int, int]] = []
        opened(tmp_path, pattern, progress=lambda *now: told.append(now))
        heard = [(done, total) for stage, done, total in told if stage == "tars"]
        assert heard == sorted(heard)
        sentences = dict.fromkeys(sentence("tars", done, total) for done, total in heard)
        assert list(sentences) == [f"Reading the index of shard {number} of 3" for number in (1, 2, 3)]
        assert len(list((tmp_path / "cache" / "tars").iterdir())) == 3
        told.clear()
        (tmp_path / "again").mkdir()
        (tmp_path / "again" / "tars").symlink_to(tmp_path / "cache" / "tars")
        open_corpus("again", [pattern], cache=tmp_path / "again", progress=lambda *now: told.append(now))
        assert not [stage for stage, _, _ in told if stage == "tars"]  # what is known is not read again

    def test_of_many_tars_none_is_read_before_it_is_needed(
        self, tmp_path: Path, folder: Path, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(build, "MOST_TARS", 2)
        opened(tmp_path, folder / "sharded_manifests" / "manifest__OP_0..2_CL_.json")
        assert not (tmp_path / "cache" / "tars").exists()

    def test_a_damaged_index_file_is_made_again(self, tmp_path: Path, folder: Path) -> None:
        TarIndexes(tmp_path / "cache").of(str(folder / "audio_0.tar"))
        for path in (tmp_path / "cache" / "tars").glob("*.parquet"):
            path.write_bytes(b"PAR1 no")
        assert len(TarIndexes(tmp_path / "cache").of(str(folder / "audio_0.tar"))) == 3

    @pytest.mark.parametrize("given", [True, False])
    def test_dalis_index_saves_reading_the_tar(
        self, tmp_path: Path, folder: Path, given: bool, monkeypatch: Any
    ) -> None:
        home = tmp_path / "elsewhere" if given else folder / "dali_index"
        home.mkdir()
        for number in range(3):
            (home / f"audio_{number}.index").write_text(dali_index(folder / f"audio_{number}.tar"))
        monkeypatch.setattr(
            "explorer.places.tar_index.scanned", lambda sound, **_: pytest.fail("DALI's index was there")
        )
        manifest = folder / "tarred_audio_manifest.json"
        assert_all_heard(opened(tmp_path, manifest, dali=str(home) if given else None))

    @pytest.mark.parametrize("text", ["v1.1 1\nflac 512 10\n", "v1.2 1\nflac 1024 99999 other.flac\n", "", "\0\0"])
    def test_a_dali_index_that_does_not_fit_is_passed_over(self, tmp_path: Path, folder: Path, text: str) -> None:
        (folder / "dali_index").mkdir()
        (folder / "dali_index" / "audio_0.index").write_text(text)
        assert len(TarIndexes(tmp_path / "cache").of(str(folder / "audio_0.tar"))) == 3

    @given(st.text(max_size=200))
    def test_any_text_is_a_dali_index_or_is_not(self, text: str) -> None:
        found = dali_members("v1.2 1\n" + text)
        assert found is None or all(size >= 0 <= start for _, start, size in found)

    @given(st.binary(max_size=3_000), st.integers(0, 10_240))
    @settings(max_examples=100)
    def test_a_mutated_tar_never_hangs_or_raises_anything_else(
        self, tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int
    ) -> None:
        folder = tmp_path_factory.mktemp("mutated")
        content = bytearray((tarred(folder / "t", shards=1) / "audio_0.tar").read_bytes())
        content[place : place + len(junk)] = junk
        (folder / "m.tar").write_bytes(content)
        try:
            members = scanned(Sound(str(folder / "m.tar")))
        except UnreadableAudio:
            return
        for name, _, _ in members:
            found = TarIndex(str(folder / "m.tar"), members).sound(name)
            if found is not None:
                try:
                    audio.info(found)
                except (UnreadableAudio, MissingAudio):
                    continue

    def test_long_and_odd_names(self, tmp_path: Path) -> None:
        names = ["ü" * 120 + ".wav", "a/b c/d.wav", "./dot.wav", "x" * 300 + ".flac"]
        with tarfile.open(tmp_path / "t.tar", "w") as tar:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.size = 3
                tar.addfile(entry, io.BytesIO(b"abc"))
        index = TarIndexes(tmp_path / "cache").of(str(tmp_path / "t.tar"))
        for name in names:
            found = index.sound(name)
            assert found is not None
            with found.open() as file:
                assert file.read() == b"abc"
