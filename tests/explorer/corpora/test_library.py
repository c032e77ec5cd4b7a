"""Library: preview, then the whole corpus from a child process, then measured durations; reload, failure, overlays."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.corpora.library import Library
from explorer.errors import ManifestError, SpeechDataError, UnknownCorpus
from explorer.querying.query import Query
from tests.explorer.manifests import ids, row, write_manifest, write_sound

pytestmark = pytest.mark.slow


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "cache")
    yield library
    library.close()


def wait_until(true: Callable[[], object], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def loaded(library: Library, name: str) -> Corpus:
    wait_until(lambda: library.progress(name) is None)
    return library.get(name)


def test_first_rows_come_before_the_whole_corpus(library: Library, tmp_path: Path):
    rows = [row(f"{n}.wav", text="word " * 60) for n in range(20_000)]
    library.open("big", [write_manifest(tmp_path / "big.json", rows)])
    first = library.get("big")
    assert not first.complete
    assert 1_000 < first.size < 20_000
    assert first.page(Query(), 0, 1, ["reference"])[0]["row"] == 0
    revision = library.revision("big")
    whole = loaded(library, "big")
    assert whole.complete
    assert whole.size == 20_000
    assert library.revision("big") > revision
    assert first.utterance(ids(whole)[5]).row == 5  # a snapshot that was taken stays usable


def test_a_corpus_that_was_built_before_opens_at_once(library: Library, tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row()])
    library.open("one", [path])
    key = loaded(library, "one").key
    again = Library(tmp_path / "cache")
    again.open("one", [path])
    assert again.get("one").complete
    assert again.get("one").key == key
    again.close()


def test_missing_durations_arrive_later(library: Library, tmp_path: Path):
    write_sound(tmp_path / "a.wav", seconds=2)
    library.open(
        "m", [write_manifest(tmp_path / "m.json", [row("a.wav", duration=None), row("gone.wav", duration=None)])]
    )
    corpus = loaded(library, "m")
    assert corpus.extent(Query()).unknown_durations == 1
    assert corpus.page(Query(), 0, 1, ["duration"])[0]["duration"] == 2.0
    assert corpus.problem_kinds == {"missing audio": 1}
    write_sound(tmp_path / "gone.wav", seconds=1)
    library.reload("m")
    corpus = loaded(library, "m")
    assert corpus.extent(Query()).unknown_durations == 0
    assert corpus.problem_count == 0


def test_a_changed_file_is_noticed_and_reloaded(library: Library, tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row("a.wav")])
    library.open("m", [path])
    assert loaded(library, "m").size == 1
    assert library.changed("m") == ()
    write_manifest(path, [row("b.wav"), row("a.wav")])
    assert library.changed("m") == (path,)
    library.reload("m")
    wait_until(lambda: library.get("m").size == 2)
    assert loaded(library, "m").size == 2
    assert library.changed("m") == ()
    path.unlink()
    assert library.changed("m") == (path,)


def test_what_cannot_be_read_is_told_with_its_reason(library: Library, tmp_path: Path):
    bad = tmp_path / "bad.json"
    bad.write_text("[1]")
    for name, path, reason in (("gone", tmp_path / "none.json", "no such file"), ("bad", bad, "JSON array")):
        library.open(name, [path])
        wait_until(lambda name=name: library.progress(name).stage == "failed")  # type: ignore[union-attr]
        with pytest.raises(ManifestError, match=reason):
            library.get(name)


def test_a_source_that_turns_bad_behind_the_preview_keeps_the_preview_and_says_so(library: Library, tmp_path: Path):
    good = write_manifest(tmp_path / "good.json", [row()])
    bad = tmp_path / "bad.json"
    bad.write_text("[1]")
    library.open("both", [good, bad])
    wait_until(lambda: (now := library.progress("both")) is not None and now.stage == "failed")
    assert not library.get("both").complete
    assert "JSON array" in library.progress("both").message  # type: ignore[union-attr]


def test_names_that_are_not_open_are_told_with_the_nearest(library: Library, tmp_path: Path):
    with pytest.raises(UnknownCorpus, match="no corpus is open"):
        library.first()
    library.open("train-clean", [write_manifest(tmp_path / "m.json", [row()])])
    assert (library.first(), library.names()) == ("train-clean", ("train-clean",))
    for ask in (library.get, library.progress, library.revision, library.changed, library.reload):
        with pytest.raises(UnknownCorpus, match='did you mean "train-clean"'):
            ask("train-claen")


def test_listeners_hear_of_every_snapshot(tmp_path: Path):
    heard: list[tuple[str, int, bool]] = []
    library = Library(
        tmp_path / "cache", listeners=[lambda name, corpus: heard.append((name, corpus.size, corpus.complete))]
    )
    library.open("m", [write_manifest(tmp_path / "m.json", [row()])])
    loaded(library, "m")
    library.close()
    assert heard == [("m", 1, False), ("m", 1, True)]


def overlay(folder: Path, rows: list[int]) -> Overlay:
    path = folder / "o.parquet"
    pq.write_table(pa.table({"row": pa.array(rows, pa.int32()), "x": [0.5] * len(rows)}), path)
    return Overlay("o", path, (Column(name="x", label="x", kind="number", help="", origin="score"),))


def test_an_overlay_stays_until_the_sources_change(library: Library, tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row()])
    library.open("m", [path])
    loaded(library, "m")
    revision = library.revision("m")
    library.attach("m", overlay(tmp_path, [0]))
    assert library.get("m").totals(Query(), ["x"]) == {"x": 0.5}
    assert library.revision("m") == revision + 1
    library.attach("m", overlay(tmp_path, [0]))
    os.utime(path, ns=(1, 1))
    library.reload("m")
    assert loaded(library, "m").overlays == ()
    with pytest.raises(SpeechDataError, match="another version"):
        library.attach("m", overlay(tmp_path, [7]))


def test_a_damaged_cache_file_is_made_again(tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row()])
    for damage in (False, True):
        for file in (tmp_path / "cache").glob("*.duckdb"):
            file.write_bytes(b"damaged" if damage else file.read_bytes())
        library = Library(tmp_path / "cache")
        library.open("m", [path])
        assert loaded(library, "m").complete
        library.close()


def test_opening_again_under_the_same_name_replaces_and_closing_ends_the_child(tmp_path: Path):
    library = Library(tmp_path / "cache")
    rows = [json.dumps(row(f"{n}.wav", text="word " * 100)) for n in range(60_000)]
    library.open("m", [write_manifest(tmp_path / "big.json", rows)])
    wait_until(lambda: library._entries["m"].child is not None)
    child = library._entries["m"].child
    assert child is not None
    library.open("m", [write_manifest(tmp_path / "small.json", [row(), row("b.wav")])])
    assert child.wait(10) != 0
    assert loaded(library, "m").size == 2
    library.close()
