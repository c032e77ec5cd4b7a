"""Telling how far a run is: hand-computed speed and time left, work of earlier runs and processes, and stopping."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.jobs.job_table import Progress
from evaluator.runs import watching
from evaluator.runs.journal import Journal
from evaluator.runs.watching import Stopped, Teller
from tests.evaluator.watch import Watch


class Clock:
    """A steady clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watching, "time", clock)
    return clock


def test_what_an_earlier_process_did_counts_as_done_but_not_for_the_speed(tmp_path: Path, clock: Clock) -> None:
    with Journal(tmp_path / "a.jsonl") as journal:
        journal.append([{"id": "u0", "seconds": 30.0}])
    watch = Watch()
    with Journal(tmp_path / "a.jsonl") as journal:
        teller = Teller(journal, watch, total=4, audio_total=100.0)
        teller.tell("begun")
        clock.now += 2.0
        journal.append([{"id": "u1", "seconds": 30.0}, {"id": "u2", "error": "damaged"}])
        teller.settled(30.0, known=10.0)  # 20 s worked through in 2 s
        teller.tell("going on")
    assert watch.reports == [
        Progress(stage="begun", done=1, total=4, audio_done=30.0, audio_total=100.0),
        Progress(
            stage="going on",
            done=3,
            total=4,
            failures=1,
            audio_done=60.0,
            audio_total=100.0,
            rtfx=10.0,
            left_seconds=4.0,
        ),
    ]


def test_nothing_is_left_at_the_end_and_sound_longer_than_foreseen_is_all_of_it(tmp_path: Path, clock: Clock) -> None:
    watch = Watch()
    with Journal(tmp_path / "a.jsonl") as journal:
        teller = Teller(journal, watch, total=1, audio_total=0.0)
        clock.now += 1.0
        journal.append([{"id": "u0", "seconds": 5.0}])
        teller.settled(5.0)
        teller.tell("finishing")
    last = watch.reports[-1]
    assert (last.audio_done, last.audio_total, last.rtfx, last.left_seconds) == (5.0, 5.0, 5.0, None)


def test_the_answer_of_the_monitor_stops_the_work(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.jsonl") as journal:
        teller = Teller(journal, Watch(stop_at=2), total=1, audio_total=1.0)
        teller.tell("once")
        with pytest.raises(Stopped):
            teller.tell("twice")
