"""Several runs as one job: their progress, one that cannot be used, and what is kept when it is cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator import engines
from evaluator.engines import Engine
from evaluator.jobs.job_table import JobStore, Progress
from evaluator.runs.journal import Totals, read_journal
from evaluator.runs.run_store import RunStore
from evaluator.transcribing.several_runs import Several
from evaluator.worker import Worker
from evaluator.workspace import Workspace
from tests.evaluator.tones import write_input, write_sentence


class Kept:
    """A monitor that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Progress] = []

    def report(self, progress: Progress) -> bool:
        self.told.append(progress)
        return len(self.told) > 3


def test_progress_is_that_of_the_whole() -> None:
    kept = Kept()
    whole = Several(kept, 3)
    with whole.part("a") as monitor:
        assert not monitor.report(Progress(done=2, total=4, audio_done=1, audio_total=2, rtfx=2.0, left_seconds=0.5))
    whole.add(Totals(4, 1, 2.0, 1.0))
    with whole.part("b") as monitor:
        assert monitor.report(Progress(stage="transcribing", done=1, total=4, failures=1, audio_done=1, audio_total=2))
    first, last = kept.told[1], kept.told[3]
    assert (first.done, first.total, first.audio_total, first.left_seconds) == (2, 12, 6, 2.5)
    assert (last.done, last.total, last.failures, last.audio_done) == (5, 12, 2, 3.0)
    assert last.stage == "transcribing (b, 2 of 3)"


def test_a_model_that_cannot_be_loaded_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tones = Engine("tones", "tests.evaluator.tone_worker:SlowToneRecognizer", "Whistles.", "", (), False)
    monkeypatch.setattr(engines, "ENGINES", {**engines.ENGINES, "tones": tones})
    workspace = Workspace(tmp_path / "workspace")
    jobs, runs = JobStore(workspace.jobs), RunStore(workspace.runs)
    seconds = write_sentence(tmp_path / "a.wav", "one two")
    made = []
    for name in ("m-step1", "m-step2", "m-step3"):
        run = runs.create(kind="transcribe", system=name, corpus="c", sources=(), roots=(tmp_path,), settings={})
        write_input(run, [("u0", tmp_path / "a.wav", seconds)])
        made.append(run)
    systems = [{"name": run.system, "engine": "tones"} for run in made]
    systems[1] = {"name": "m-step2", "engine": "nemo", "model": str(tmp_path / "gone.ckpt"), "device": "cpu"}
    spec = {"runs": [run.id for run in made], "systems": systems, "folder": "m", "run": made[0].id}
    job = jobs.submit("checkpoints", {**spec, "left_out": ["x.ckpt is empty"]})
    assert job.runs == tuple(run.id for run in made)
    worker = Worker(workspace, heartbeat_s=0.5)
    claimed = worker.jobs.claim(worker.name)
    assert claimed is not None
    worker.do(claimed)
    ended = jobs.get(job.id)
    assert ended.state == "done", ended.message
    assert "2 utterances" in ended.message
    assert "x.ckpt is empty." in ended.message
    assert "m-step2 was left out: There is no model file" in ended.message
    assert [[line["text"] for line in read_journal(run.journal)] for run in made] == [["one two"], [], ["one two"]]
    assert [runs.get(run.id).ended for run in made] == [True, False, True]
