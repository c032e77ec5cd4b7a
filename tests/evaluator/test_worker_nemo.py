"""The real worker with a real NeMo checkpoint: the demo's own, on words it knows, killed in the middle."""

from __future__ import annotations

import os
import signal
import time
from hashlib import sha256
from pathlib import Path

import pytest
import soundfile

from evaluator.jobs.job_table import JobStore
from evaluator.jobs.supervisor import Supervisor
from evaluator.runs.journal import read_journal
from evaluator.runs.run_store import RunStore
from evaluator.synthesizers.espeak import EspeakSynthesizer
from evaluator.workspace import Workspace
from tests.evaluator.tones import write_input

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINTS = sorted((ROOT / "configs" / "demo").glob("*.nemo"))
SENTENCES = ("turn on the light", "open the door", "set a timer", "stop the music", "play the next song")
pytestmark = pytest.mark.slow


@pytest.mark.skipif(not CHECKPOINTS, reason="configs/demo has no checkpoint")
def test_a_checkpoint_transcribes_and_survives_a_kill(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    jobs, runs = JobStore(workspace.jobs), RunStore(workspace.runs)
    voice, rows = EspeakSynthesizer(), []
    for number in range(30):
        sound = voice.synthesize(SENTENCES[number % 5], rate=0.8 + 0.02 * (number % 10), seed=number)
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, sound.samples, sound.sample_rate)  # 22.05 kHz: resampled on the way
        rows.append((f"u{number}", path, sound.duration))
    run = runs.create(kind="transcribe", system="demo", corpus="c", sources=(), roots=(tmp_path,), settings={})
    write_input(run, rows)
    system = {"name": "demo", "engine": "nemo", "model": str(CHECKPOINTS[-1]), "device": "cpu"}
    job = jobs.submit("transcribe", {"run": run.id, "system": system, "options": {"batch_size": 2}})
    supervisor = Supervisor(workspace, jobs, grace_s=5, stale_s=60, idle_exit_s=5, heartbeat_s=0.5)
    killed = False
    deadline = time.monotonic() + 240
    while jobs.get(job.id).active:
        assert time.monotonic() < deadline, workspace.log(job.id).read_text()
        supervisor.look()
        if not killed and len(list(read_journal(run.journal))) >= 4:
            os.kill(int(workspace.lock.read_text()), signal.SIGKILL)
            killed = True
        time.sleep(0.02)
    ended = jobs.get(job.id)
    lines = list(read_journal(run.journal))
    os.kill(int(workspace.lock.read_text()), signal.SIGKILL)
    assert (ended.state, killed, ended.tries) == ("done", True, 2)
    assert sorted(line["id"] for line in lines) == sorted(row[0] for row in rows)
    assert sum(bool(line["text"]) for line in lines) >= 25
    for line in lines:
        assert " ".join(word for word, _, _ in line.get("words", [])) == line["text"]
        assert all(0 <= start <= end <= line["seconds"] for _, start, end in line.get("words", []))
    recognizer = runs.get(run.id).settings["recognizer"]
    assert recognizer["sha256"] == sha256(CHECKPOINTS[-1].read_bytes()).hexdigest()
    assert recognizer["class"] == "EncDecCTCModel"
