"""Object storage: corpora, sound and tars in an S3-compatible server on loopback; servers that are away or silent."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library
from explorer.corpora.opening import open_corpus
from explorer.doors import media
from explorer.errors import ForbiddenAudio, ManifestError, MissingAudio, StorageError, UnreadableAudio
from explorer.places import outages, storage
from explorer.places.paths import is_allowed, resolved_path
from explorer.places.sounds import Sound
from explorer.querying.query import Query
from explorer.sound import audio
from explorer.sound.media_cache import MediaCache
from tests.explorer.places.test_tarred import assert_all_heard
from tests.explorer.sounds import voice
from tests.explorer.tarred import dali_index, tarred

BUCKET = "speech"
RATE = 16_000


class Bucket:
    """A bucket of a server of our own."""

    def __init__(self, address: str) -> None:
        import boto3

        self.address = address
        self._client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        self._client.create_bucket(Bucket=BUCKET)

    def put(self, key: str, content: bytes) -> str:
        """Store an object; its URL."""
        self._client.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        server.start()
        host, port = server.get_host_and_port()
        patch.setenv("FSSPEC_S3", "{}")
        storage.configure({"s3": {"endpoint_url": f"http://{host}:{port}"}})
        yield Bucket(f"http://{host}:{port}")
        server.stop()


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what is fetched from now on."""
    sizes: list[int] = []
    fetch = storage._bytes

    def counted(url: str, start: int, end: int, settings: str) -> bytes:
        sizes.append(end - start)
        return fetch(url, start, end, settings)

    monkeypatch.setattr(storage, "_bytes", counted)
    return sizes


def file_bytes(folder: Path, name: str, sound: np.ndarray) -> bytes:
    soundfile.write(folder / name, sound, RATE)
    return (folder / name).read_bytes()


def opened(tmp_path: Path, *sources: str, **options: Any) -> Corpus:
    return open_corpus("remote", sources, cache=tmp_path / "cache", **options)


def first(corpus: Corpus) -> Any:
    return corpus.utterance(corpus.page(Query(), 0, 1, ["audio"])[0]["id"])


class TestCorpora:
    def test_a_manifest_with_sound_beside_it(self, tmp_path: Path, bucket: Bucket) -> None:
        bucket.put("near/wav/a.flac", file_bytes(tmp_path, "a.flac", voice(2.0)))
        url = bucket.put("near/m.json", b'{"audio_filepath": "wav/a.flac", "text": "one"}\n{broken\n')
        corpus = opened(tmp_path, url)
        assert [(p.source, p.line) for p in corpus.problems] == [("m.json", 2)]
        utterance = first(corpus)
        assert utterance.duration == 2.0  # from the header of the remote file
        assert corpus.audio_path(utterance) == Sound(f"s3://{BUCKET}/near/wav/a.flac")
        np.testing.assert_allclose(audio.load(corpus.audio_path(utterance)).samples, voice(2.0), atol=1e-4)

    def test_a_local_manifest_with_a_remote_base(self, tmp_path: Path, bucket: Bucket) -> None:
        bucket.put("base/a.wav", file_bytes(tmp_path, "a.wav", voice(1.0)))
        manifest = tmp_path / "m.json"
        manifest.write_text('{"audio_filepath": "a.wav", "duration": 1.0}\n')
        (tmp_path / "a.wav").unlink()
        corpus = opened(tmp_path, str(manifest), audio_root=f"s3://{BUCKET}/base")
        assert audio.info(corpus.audio_path(first(corpus))).frames == RATE

    def test_tarred_corpora_with_and_without_dalis_index(self, tmp_path: Path, bucket: Bucket) -> None:
        folder = tarred(tmp_path / "local")
        for path in [*folder.glob("*.tar"), *folder.glob("*/*.json")]:
            bucket.put(f"tarred/{path.relative_to(folder)}", path.read_bytes())
        shards = f"s3://{BUCKET}/tarred/sharded_manifests/manifest__OP_0..2_CL_.json"
        assert_all_heard(opened(tmp_path, shards))
        assert_all_heard(opened(tmp_path, shards, tars=f"s3://{BUCKET}/tarred/audio__OP_0..2_CL_.tar"))
        for number in range(3):
            index = dali_index(folder / f"audio_{number}.tar").encode()
            bucket.put(f"elsewhere/audio_{number}.index", index)
        assert_all_heard(
            opened(tmp_path, shards, tars=f"s3://{BUCKET}/tarred", dali=f"s3://{BUCKET}/elsewhere", memory_mb=512)
        )

    def test_a_changed_manifest_is_another_version(self, tmp_path: Path, bucket: Bucket) -> None:
        url = bucket.put("change/m.json", b'{"audio_filepath": "a.wav", "duration": 1.0, "text": "old"}\n')
        assert first(opened(tmp_path, url)).reference == "old"
        bucket.put("change/m.json", b'{"audio_filepath": "a.wav", "duration": 1.0, "text": "new"}\n')
        storage._state.cache_clear()  # as FRESH seconds later
        assert first(opened(tmp_path, url)).reference == "new"

    def test_the_library_opens_it_with_its_child_process(self, tmp_path: Path, bucket: Bucket) -> None:
        url = bucket.put("library/m.jsonl", b'{"audio_filepath": "a.wav", "duration": 1.0, "text": "hello"}\n' * 1)
        library = Library(tmp_path / "cache")
        try:
            library.open("remote", [url])
            began = time.monotonic()
            while library.progress("remote") is not None and time.monotonic() - began < 60:
                time.sleep(0.05)
            assert library.progress("remote") is None
            assert first(library.get("remote")).reference == "hello"
            assert not library.changed("remote")
        finally:
            library.close()

    def test_what_is_not_there_is_a_sentence(self, tmp_path: Path, bucket: Bucket) -> None:
        with pytest.raises(ManifestError, match=rf"s3://{BUCKET}/none\.json does not exist in the storage"):
            opened(tmp_path, f"s3://{BUCKET}/none.json")
        with pytest.raises(ManifestError, match=r"s3://no-such-bucket/m\.json"):
            opened(tmp_path, "s3://no-such-bucket/m.json")
        url = bucket.put("gone/m.json", b'{"audio_filepath": "gone.wav", "text": "x"}\n')
        assert "gone/gone.wav does not exist in the storage" in opened(tmp_path, url).problems[0].message

    def test_remote_roots_are_prefixes(self, tmp_path: Path, bucket: Bucket) -> None:
        bucket.put("private/a.wav", file_bytes(tmp_path, "a.wav", voice(1.0)))
        rows = [f"s3://{BUCKET}/private/a.wav", "../private/a.wav", f"s3://{BUCKET}/open/../private/a.wav"]
        content = "".join(json.dumps({"audio_filepath": row, "duration": 1.0}) + "\n" for row in rows)
        url = bucket.put("open/m.json", content.encode())
        corpus = opened(tmp_path, url)
        for row in corpus.page(Query(), 0, corpus.size, ["audio"]):
            with pytest.raises(ForbiddenAudio, match=rf"--root s3://{BUCKET}/private"):
                corpus.audio_path(corpus.utterance(row["id"]))
        allowed = opened(tmp_path, url, roots=[f"s3://{BUCKET}/private"])
        assert audio.info(allowed.audio_path(first(allowed))).frames == RATE

    def test_a_local_manifest_cannot_reach_into_storage_unasked(self, tmp_path: Path, bucket: Bucket) -> None:
        manifest = tmp_path / "m.json"
        manifest.write_text(json.dumps({"audio_filepath": f"s3://{BUCKET}/a.wav", "duration": 1.0}) + "\n")
        corpus = opened(tmp_path, str(manifest))
        with pytest.raises(ForbiddenAudio):
            corpus.audio_path(first(corpus))


class TestReading:
    def test_ten_seconds_of_half_an_hour_fetch_a_few_blocks(
        self, tmp_path: Path, bucket: Bucket, requests: list[int]
    ) -> None:
        for name in ("long.wav", "long.flac"):
            content = file_bytes(tmp_path, name, np.tile(voice(30.0), 60))
            url = bucket.put(f"long/{name}", content)
            heard = audio.load(url, offset=1234.5, duration=10)
            np.testing.assert_allclose(heard.samples, np.tile(voice(30.0), 60)[19_752_000:19_912_000], atol=1e-4)
            assert sum(requests) < 8 * storage.BLOCK < len(content) / 4
            fetched = len(requests)
            audio.load(url, offset=1235, duration=5)
            assert len(requests) == fetched  # the blocks are remembered
            requests.clear()

    def test_ranges_through_the_page(self, tmp_path: Path, bucket: Bucket) -> None:
        content = file_bytes(tmp_path, "a.wav", voice(20.0))
        bucket.put("page/a.wav", content)
        corpus = opened(tmp_path, bucket.put("page/m.json", b'{"audio_filepath": "a.wav", "duration": 20.0}\n'))
        server = Flask("test")
        media.add_routes(server, lambda name: corpus, MediaCache(tmp_path / "media", limit=2**28))
        address = media.address("remote", first(corpus).id)
        answer = server.test_client().get(f"{address}/audio", headers={"Range": "bytes=600000-600009"})
        assert (answer.status_code, answer.data) == (206, content[600_000:600_010])
        assert server.test_client().get(f"{address}/peaks").get_json()["frames"] == 20 * RATE

    def test_a_file_is_read_like_any_file(self, bucket: Bucket) -> None:
        content = os.urandom(3 * storage.BLOCK + 17)
        with storage.open_ranges(bucket.put("any/bytes", content)) as file:
            assert file.read(10) == content[:10]
            file.seek(storage.BLOCK - 5)
            assert file.read(10) == content[storage.BLOCK - 5 : storage.BLOCK + 5]
            file.seek(-7, os.SEEK_END)
            assert file.read() == content[-7:]
            assert file.read(5) == b""
            file.seek(0)
            assert file.read() == content

    def test_a_copy_of_an_object(self, tmp_path: Path, bucket: Bucket) -> None:
        content = os.urandom(20 * storage.BLOCK + 3)
        copy = storage.fetched(bucket.put("any/long", content), tmp_path)
        assert copy.name == "long"
        assert copy.read_bytes() == content


class TestAway:
    """Whatever is wrong with the storage is a sentence within seconds."""

    @pytest.fixture
    def server(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
        """A port that takes connections and never says a word."""
        monkeypatch.setenv("FSSPEC_S3", os.environ["FSSPEC_S3"])
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            yield silent

    def test_nobody_there(self, server: socket.socket) -> None:
        port = server.getsockname()[1]
        server.close()
        storage.configure({"s3": {"endpoint_url": f"http://127.0.0.1:{port}"}})
        began = time.monotonic()
        with pytest.raises(UnreadableAudio, match=r"cannot be reached \(.*\); check the network and storage.s3"):
            audio.info(f"s3://{BUCKET}/a.wav")
        assert time.monotonic() - began < 10

    def test_a_server_that_says_nothing(self, server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
        storage.configure({"s3": {"endpoint_url": f"http://127.0.0.1:{server.getsockname()[1]}"}})
        began = time.monotonic()
        with pytest.raises(StorageError, match="cannot be reached"):
            storage.state(f"s3://{BUCKET}/a.wav")
        assert time.monotonic() - began < storage.TRIES * storage.READ_SECONDS + 4
        # Whoever asks next does not wait again, and hears when it will be tried.
        again = time.monotonic()
        with pytest.raises(StorageError, match=r"b.wav: its storage cannot be reached .*; it is tried again in 1\d s"):
            storage.state(f"s3://{BUCKET}/b.wav")
        assert time.monotonic() - again < 0.5
        monkeypatch.setattr(outages.time, "monotonic", lambda: again + outages.REMEMBERED + 1)
        assert storage._outages().of(("s3", BUCKET, storage._settings("s3://a/b"))) is None

    def test_the_network_goes_away_while_reading(
        self, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = bucket.put("away/a.wav", file_bytes(tmp_path, "a.wav", voice(60.0)))
        fetch = storage._block

        def broken(url: str, version: str, number: int, size: int, settings: str) -> bytes:
            if number:
                raise StorageError(f"{url} cannot be reached (test)")
            return fetch(url, version, number, size, settings)

        monkeypatch.setattr(storage, "_block", broken)
        assert audio.load(url, duration=1.0).duration == 1.0
        with pytest.raises(UnreadableAudio, match="cannot be reached"):
            audio.load(url, offset=50.0, duration=1.0)

    def test_copies_have_a_limit_and_the_longest_unused_go_first(
        self, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EARMARK_REMOTE_MB", "1")
        urls = [bucket.put(f"copies/{name}", name.encode() * 400_000) for name in "abc"]
        first, second = (storage.fetched(url, tmp_path) for url in urls[:2])
        os.utime(first.parent, (1, 1))
        os.utime(second.parent, (2, 2))
        assert storage.fetched(urls[0], tmp_path) == first  # used again: the other one is older now
        third = storage.fetched(urls[2], tmp_path)
        assert [copy.exists() for copy in (first, second, third)] == [True, False, True]

    def test_other_schemes_are_not_opened(self) -> None:
        for url in ("https://example.org/a.wav", "ftp://a/b.wav", "memory://a.wav"):
            with pytest.raises(MissingAudio, match="does not exist"):
                audio.info(url)
            with pytest.raises(StorageError, match="only s3, gs, az addresses"):
                storage.state(url)
        with pytest.raises(StorageError, match='no storage "ftp"; known are s3, gs, az'):
            storage.configure({"ftp": {}})

    def test_a_missing_package_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
        with pytest.raises(StorageError, match="gs addresses need the package gcsfs; install it with pip"):
            storage.state("gs://bucket/a.wav")


@given(st.lists(st.sampled_from(["..", ".", "a", "b c", "ü", ""]), max_size=8))
def test_no_url_leaves_its_bucket_or_an_allowed_prefix(parts: list[str]) -> None:
    """However it is spelled, what is fetched is what was compared with the roots."""
    url = storage.url_of(f"s3://bucket/{'/'.join(parts)}")
    assert url.startswith("s3://bucket")
    assert not {"..", "."} & set(url.split("/"))
    root = resolved_path(Path("s3://bucket/a"))
    if is_allowed(Sound(url), [root]):
        assert url == "s3://bucket/a" or url.startswith(("s3://bucket/a/", "s3://bucket//"))
