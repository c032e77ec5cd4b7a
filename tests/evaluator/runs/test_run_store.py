"""Run folders: kept for good, found again by their corpus, damaged ones explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.runs.journal import Journal, read_journal
from evaluator.runs.run_store import Run, RunStore
from explorer.errors import RunError
from explorer.segments import Segment

SOURCES = (Path("/data/a.json"), Path("/data/b.json"))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def a_run(
    store: RunStore, *, kind: str = "transcribe", system: str = "tiny", sources: tuple[Path, ...] = SOURCES
) -> Run:
    return store.create(
        kind=kind, system=system, corpus="a", sources=sources, roots=(), settings={"options": {"vad": "off"}}
    )


def write(run: Run, *lines: dict[str, object]) -> None:
    with Journal(run.journal) as journal:
        journal.append(lines)


def test_a_run_is_what_was_written(store: RunStore) -> None:
    run = a_run(store)
    assert (run.kind, run.system, run.corpus, run.sources) == (
        "transcribe",
        "tiny",
        "a",
        ("/data/a.json", "/data/b.json"),
    )
    assert run.settings["options"] == {"vad": "off"}
    assert store.get(run.id) == run
    assert store.all() == [run]
    assert not run.ended


def test_describe_adds_and_keeps(store: RunStore) -> None:
    run = a_run(store)
    described = run.describe({"model": {"sha256": "ab"}, "ended": "2026-01-01"})
    assert described.settings == {**run.settings, "model": {"sha256": "ab"}, "ended": "2026-01-01"}
    assert described.ended
    assert store.get(run.id) == described
    assert [path.name for path in run.folder.iterdir()] == ["run.yaml"]


@pytest.mark.parametrize("name", ["", "../evil", "a/b", "-x", ".x", "a b", "x" * 65, 'a"b'])
def test_a_system_name_that_cannot_be_a_folder_is_refused(store: RunStore, name: str) -> None:
    with pytest.raises(RunError, match="cannot name a system"):
        a_run(store, system=name)
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["../runs", "20260101-000000-x/../y", "", "nope", "20260101-000000-gone"])
def test_a_run_that_is_not_there_is_said_so(store: RunStore, name: str) -> None:
    with pytest.raises(RunError):
        store.get(name)


@pytest.mark.parametrize("damage", ["", "[]", "kind: dance", "a: [", "kind: transcribe\nsystem: x"])
def test_a_damaged_run_is_left_out_and_explained(store: RunStore, damage: str) -> None:
    good, bad = a_run(store), a_run(store)
    (bad.folder / "run.yaml").write_text(damage)
    assert store.all() == [good]
    with pytest.raises(RunError, match="damaged"):
        store.get(bad.id)


def test_runs_belong_to_the_corpus_of_the_same_sources(store: RunStore) -> None:
    mine, other = a_run(store), a_run(store, sources=(Path("/elsewhere/a.json"),))
    detect = a_run(store, kind="detect", system="silero")
    assert store.of(SOURCES, kind="transcribe") == [mine]
    assert store.of(SOURCES, kind="detect") == [detect]
    assert store.of((Path("/elsewhere/a.json"),), kind="transcribe") == [other]


def test_segments_come_from_the_newest_detection_that_saw_the_utterance(store: RunStore) -> None:
    assert store.segments(SOURCES, "u1") is None
    write(a_run(store, kind="detect", system="silero"), {"id": "u1", "segments": [[0.5, 1.5, "speech"]]})
    assert store.segments(SOURCES, "u1") == (Segment(0.5, 1.5, "speech"),)
    write(a_run(store, kind="detect", system="silero"), {"id": "u2", "segments": []}, {"id": "u1", "error": "broken"})
    assert store.segments(SOURCES, "u2") == ()
    assert store.segments(SOURCES, "u1") == (Segment(0.5, 1.5, "speech"),)
    assert store.segments((Path("/x"),), "u1") is None


def test_a_discarded_run_is_kept_in_the_trash_and_no_run_any_more(store: RunStore) -> None:
    run = a_run(store)
    write(run, {"id": "u", "text": "one"})
    with Journal(run.journal), pytest.raises(RunError, match="Somebody is working on the run"):
        store.discard(run.id)
    kept = store.discard(run.id)
    assert store.all() == []
    assert kept == store.folder.parent / "trash" / run.id
    assert [line["text"] for line in read_journal(kept / "hypotheses.jsonl")] == ["one"]
    with pytest.raises(RunError, match="deleted already"):
        store.discard(run.id)
    with pytest.raises(RunError):
        store.discard("../runs")


def test_words_with_times_come_from_each_systems_newest_run_that_heard_the_utterance(store: RunStore) -> None:
    assert store.words(SOURCES, "u1") == {}
    old = {"id": "u1", "text": "old word", "words": [["old", 0.1, 0.4], ["word", 0.5, 0.9]]}
    write(a_run(store, kind="transcribe", system="whisper"), old)
    write(a_run(store, kind="transcribe", system="small"), {"id": "u1", "text": "no times"})
    new = {"id": "u1", "text": "new", "words": [["b", 0.5, 0.6], ["a", 0.2, 0.3]]}
    write(a_run(store, kind="transcribe", system="whisper"), new)
    write(a_run(store, kind="transcribe", system="whisper"), {"id": "u2", "text": "other"}, {"id": "u1", "error": "x"})
    assert store.words(SOURCES, "u1") == {"whisper": (Segment(0.2, 0.3, "a"), Segment(0.5, 0.6, "b"))}
    assert store.words(SOURCES, "u2") == {}
    assert store.words((Path("/x"),), "u1") == {}
