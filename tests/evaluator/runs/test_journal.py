"""Journals: append-only, readable after a crash, never wrong about what is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.runs.journal import Journal, Totals, failures, line_of, read_journal
from explorer.errors import RunError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hypotheses.jsonl"


def write(path: Path, *lines: dict[str, object]) -> None:
    with Journal(path) as journal:
        journal.append(lines)


def test_a_journal_remembers_results_and_failures(path: Path) -> None:
    write(path, {"id": "u1", "text": "hé", "seconds": 2.0, "wall": 0.5}, {"id": "u2", "error": "broken"})
    with Journal(path) as journal:
        assert (journal.done, journal.failed) == ({"u1"}, {"u2"})
        assert journal.totals == Totals(utterances=2, failures=1, audio_seconds=2.0, wall_seconds=0.5)
        assert journal.totals.rtfx == 4.0
    assert failures(path) == {"u2": "broken"}
    assert line_of(path, "u1") == {"id": "u1", "text": "hé", "seconds": 2.0, "wall": 0.5}
    assert line_of(path, "u") is None


def test_a_result_is_never_written_twice_but_a_failure_may_become_one(path: Path) -> None:
    write(path, {"id": "u1", "text": "first"}, {"id": "u2", "error": "broken"})
    write(path, {"id": "u1", "text": "second"}, {"id": "u2", "text": "mended"})
    assert [(line["id"], line.get("text")) for line in read_journal(path)] == [
        ("u1", "first"),
        ("u2", None),
        ("u2", "mended"),
    ]
    assert failures(path) == {}
    with Journal(path) as journal:
        assert (journal.totals.utterances, journal.totals.failures) == (2, 0)


def test_two_cannot_work_on_the_same_run(path: Path) -> None:
    with Journal(path), pytest.raises(RunError, match="Another process"):
        Journal(path)
    with Journal(path):
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


def test_a_long_torn_line_is_cut_off_too(path: Path) -> None:
    path.write_bytes(b'{"id":"u1","text":"x"}\n{"id":"u2","text":"' + b"y" * 200_000)
    with Journal(path) as journal:
        assert journal.done == {"u1"}
    assert path.read_bytes() == b'{"id":"u1","text":"x"}\n'


def test_a_damaged_line_counts_as_not_done(path: Path) -> None:
    path.write_bytes(b'{"id":"u1","text":"x"}\n\x00\xff garbage\n[1]\n{"id":7}\n{"id":"u3","text":""}\n')
    with Journal(path) as journal:
        assert journal.done == {"u1", "u3"}
