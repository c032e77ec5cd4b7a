"""Sound decoded by children: the same samples and sentences, and a sound that ends its decoder ends nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Flask

from explorer.child import Child
from explorer.corpora.opening import open_corpus
from explorer.doors import media
from explorer.errors import AudioError, MissingAudio, UnreadableAudio
from explorer.places.sounds import Sound
from explorer.querying.query import Query
from explorer.sound import audio, decoders
from explorer.sound.decoders import Decoders
from explorer.sound.media_cache import MediaCache
from tests.explorer.sounds import manifest, voice

RATE = 16_000


@pytest.fixture(scope="module")
def pool() -> Iterator[Decoders]:
    with Decoders() as made:
        yield made


@pytest.fixture
def deadly() -> Iterator[Decoders]:
    with Decoders(module="tests.explorer.deadly_decoder", most=2) as made:
        yield made


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_child_gives_the_samples_that_this_process_would(tmp_path: Path, pool: Decoders, name: str) -> None:
    path = tmp_path / name
    soundfile.write(path, np.stack([voice(3.0), -0.5 * voice(3.0)], axis=1), RATE)
    assert audio.info(path, through=pool.opened) == audio.info(path)
    for cut in ({}, {"offset": 1.25, "duration": 0.5}, {"offset": 2.9, "duration": 9.0}):
        mine, distant = (
            np.concatenate(list(audio.frames(path, **cut, size=10_000, through=through)))
            for through in (audio.opened, pool.opened)
        )
        np.testing.assert_array_equal(mine, distant)


def test_parts_of_files_and_odd_names_reach_the_child(tmp_path: Path, pool: Decoders) -> None:
    whole = tmp_path / os.fsdecode(b"caf\xe9 \xf0\x9f\x8e\xb5.wav")
    with whole.open("wb") as file:
        soundfile.write(file, voice(1.0), RATE, format="WAV")
    assert audio.info(whole, through=pool.opened).frames == RATE
    packed = tmp_path / "packed.bin"
    packed.write_bytes(b"x" * 777 + whole.read_bytes())
    member = Sound(str(packed), 777, whole.stat().st_size, "b c.wav")
    assert audio.info(member, through=pool.opened).frames == RATE


def test_what_is_wrong_with_a_sound_is_said_in_the_same_words(tmp_path: Path, pool: Decoders) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "half.webm").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(2_000))
    for name in ("none.wav", "empty.wav", "text.wav", "half.webm"):
        said = []
        for through in (audio.opened, pool.opened):
            with pytest.raises(AudioError) as refused:
                audio.info(tmp_path / name, through=through)
            said.append((type(refused.value), str(refused.value)))
        assert said[0] == said[1]
    assert said[0][0] is UnreadableAudio
    with pytest.raises(MissingAudio):
        audio.info(tmp_path / "none.wav", through=pool.opened)


def test_a_view_that_is_given_up_gives_its_child_back(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", voice(8.0), RATE)
    with Decoders(most=1, patience=20) as pool:
        for _ in range(3):
            blocks = audio.frames(tmp_path / "a.wav", size=1_000, through=pool.opened)
            next(blocks)
            blocks.close()  # type: ignore[attr-defined]
        assert audio.info(tmp_path / "a.wav", through=pool.opened).frames == 8 * RATE


def test_many_threads_share_few_children(tmp_path: Path) -> None:
    for number in range(6):
        soundfile.write(tmp_path / f"{number}.flac", voice(1.0, seed=number), RATE)

    def heard(number: int) -> bool:
        found = np.concatenate(list(audio.frames(tmp_path / f"{number % 6}.flac", size=3_000, through=pool.opened)))
        return bool(np.allclose(found[:, 0], voice(1.0, seed=number % 6), atol=1e-4))

    with Decoders(most=2) as pool, ThreadPoolExecutor(8) as threads:
        assert all(threads.map(heard, range(60)))
        assert len(pool._members) == 2


class TestDeadly:
    def test_a_sound_that_ends_its_decoder_is_a_sentence_and_the_server_answers_on(
        self, tmp_path: Path, deadly: Decoders, capfd: pytest.CaptureFixture[str]
    ) -> None:
        for name in ("a.wav", "killer.wav", "b.flac"):
            soundfile.write(tmp_path / name, voice(1.0), RATE)
        rows = [{"audio_filepath": n, "duration": 1.0, "text": "x"} for n in ("a.wav", "killer.wav", "b.flac")]
        corpus = open_corpus("demo", [manifest(tmp_path, rows)], cache=tmp_path / "cache")
        ids = [row["id"] for row in corpus.page(Query(), 0, 3, ["audio"])]
        server = Flask("deadly")
        cache = MediaCache(tmp_path / "media", limit=1 << 26)
        media.add_routes(server, lambda _name: corpus, cache, through=deadly.opened)
        client = server.test_client()

        def status(row: int) -> int:
            return client.get(f"{media.address('demo', ids[row])}/peaks").status_code

        assert [status(row) for row in (0, 1, 2, 1, 0)] == [200, 422, 200, 422, 200]
        told = client.get(f"{media.address('demo', ids[1])}/audio").json
        assert told is not None
        assert "killer.wav cannot be decoded" in told["error"]
        assert "was ended by signal 11" in told["error"]
        assert "a library complains" not in capfd.readouterr().err
        cache.close()

    def test_it_is_left_alone_for_a_while_and_its_other_versions_are_not(
        self, tmp_path: Path, deadly: Decoders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "killer.wav"
        soundfile.write(path, voice(1.0), RATE)
        started: list[str] = []
        ask = Child.ask
        monkeypatch.setattr(Child, "ask", lambda self, work, **how: started.append("") or ask(self, work, **how))
        for _ in range(5):
            with pytest.raises(UnreadableAudio, match="signal 11"):
                audio.info(path, through=deadly.opened)
        assert len(started) == 1
        os.utime(path, ns=(1, 1))
        with pytest.raises(UnreadableAudio, match="signal 11"):
            audio.info(path, through=deadly.opened)
        assert len(started) == 2
        monkeypatch.setattr(decoders, "LEFT_ALONE", 0.0)
        with pytest.raises(UnreadableAudio, match="signal 11"):
            audio.info(path, through=deadly.opened)
        assert len(started) == 3

    def test_one_that_takes_for_ever_is_given_up(self, tmp_path: Path) -> None:
        for name in ("sleeper.wav", "a.wav"):
            soundfile.write(tmp_path / name, voice(1.0), RATE)
        with Decoders(module="tests.explorer.deadly_decoder", patience=1.0, most=1) as pool:
            audio.info(tmp_path / "a.wav", through=pool.opened)
            began = time.monotonic()
            with pytest.raises(UnreadableAudio, match="did not end within 1 s"):
                audio.info(tmp_path / "sleeper.wav", through=pool.opened)
            assert time.monotonic() - began < 5
            assert audio.info(tmp_path / "a.wav", through=pool.opened).frames == RATE

    def test_who_waits_for_a_busy_child_is_told_so(self, tmp_path: Path) -> None:
        for name in ("sleeper.wav", "a.wav"):
            soundfile.write(tmp_path / name, voice(1.0), RATE)
        pool = Decoders(module="tests.explorer.deadly_decoder", patience=2.0, most=1)
        entered = threading.Event()

        def hold() -> None:
            with pool.opened(tmp_path / "a.wav"):
                entered.set()
                time.sleep(4)

        holder = threading.Thread(target=hold)
        holder.start()
        entered.wait(20)
        with pytest.raises(UnreadableAudio, match="busy with other sounds"):
            audio.info(tmp_path / "a.wav", through=pool.opened)
        holder.join()
        pool.close()
        with pytest.raises(UnreadableAudio, match="being stopped"):
            audio.info(tmp_path / "a.wav", through=pool.opened)

    def test_a_child_that_was_ended_while_it_was_idle_is_nobodys_fault(self, tmp_path: Path, deadly: Decoders) -> None:
        soundfile.write(tmp_path / "a.wav", voice(1.0), RATE)
        audio.info(tmp_path / "a.wav", through=deadly.opened)
        process = deadly._members[0].child._process
        assert process is not None
        process.kill()
        process.wait()
        assert audio.info(tmp_path / "a.wav", through=deadly.opened).frames == RATE

    def test_children_end_with_the_pool(self, tmp_path: Path) -> None:
        pool = Decoders()
        pool.start(2)
        processes = [member.child._process for member in pool._members]
        assert len(processes) == 2
        pool.close()
        assert all(process is not None and process.returncode is not None for process in processes)
