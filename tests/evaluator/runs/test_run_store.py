"""Run folders and their journals: append-only, readable after a crash, never wrong about what is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.runs.run_store import Journal, Run, RunStore, Totals, failures, line_of, read_journal
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


def test_a_journal_remembers_results_and_failures(store: RunStore) -> None:
    run = a_run(store)
    write(run, {"id": "u1", "text": "hé", "seconds": 2.0, "wall": 0.5}, {"id": "u2", "error": "broken"})
    with Journal(run.journal) as journal:
        assert (journal.done, journal.failed) == ({"u1"}, {"u2"})
        assert journal.totals == Totals(utterances=2, failures=1, audio_seconds=2.0, wall_seconds=0.5)
        assert journal.totals.rtfx == 4.0
    assert failures(run.journal) == {"u2": "broken"}
    assert line_of(run.journal, "u1") == {"id": "u1", "text": "hé", "seconds": 2.0, "wall": 0.5}
    assert line_of(run.journal, "u") is None


def test_a_result_is_never_written_twice_but_a_failure_may_become_one(store: RunStore) -> None:
    run = a_run(store)
    write(run, {"id": "u1", "text": "first"}, {"id": "u2", "error": "broken"})
    write(run, {"id": "u1", "text": "second"}, {"id": "u2", "text": "mended"})
    assert [(line["id"], line.get("text")) for line in read_journal(run.journal)] == [
        ("u1", "first"),
        ("u2", None),
        ("u2", "mended"),
    ]
    assert failures(run.journal) == {}
    with Journal(run.journal) as journal:
        assert (journal.totals.utterances, journal.totals.failures) == (2, 0)


def test_two_cannot_work_on_the_same_run(store: RunStore) -> None:
    run = a_run(store)
    with Journal(run.journal), pytest.raises(RunError, match="Another process"):
        Journal(run.journal)
    with Journal(run.journal):
        pass


def test_nothing_done_has_no_speed() -> None:
    assert Totals(0, 0, 0.0, 0.0).rtfx is None


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 200), text=st.text(min_size=1))
def test_a_torn_last_line_is_cut_off_and_written_again(
    tmp_path_factory: pytest.TempPathFactory, cut: int, text: str
) -> None:
    path = tmp_path_factory.mktemp("torn") / "hypotheses.jsonl"
    whole = b"".join(
        json.dumps({"id": f"u{n}", "text": text}, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        for n in range(3)
    )
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    survived = path.read_bytes().count(b"\n")
    with Journal(path) as journal:
        assert journal.done == {f"u{n}" for n in range(survived)}
        journal.append([{"id": f"u{n}", "text": text} for n in range(3)])
    assert [line["id"] for line in read_journal(path)] == ["u0", "u1", "u2"]


def test_a_long_torn_line_is_cut_off_too(tmp_path: Path) -> None:
    path = tmp_path / "hypotheses.jsonl"
    path.write_bytes(b'{"id":"u1","text":"x"}\n{"id":"u2","text":"' + b"y" * 200_000)
    with Journal(path) as journal:
        assert journal.done == {"u1"}
    assert path.read_bytes() == b'{"id":"u1","text":"x"}\n'


def test_a_damaged_line_counts_as_not_done(tmp_path: Path) -> None:
    path = tmp_path / "hypotheses.jsonl"
    path.write_bytes(b'{"id":"u1","text":"x"}\n\x00\xff garbage\n[1]\n{"id":7}\n{"id":"u3","text":""}\n')
    with Journal(path) as journal:
        assert journal.done == {"u1", "u3"}


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
