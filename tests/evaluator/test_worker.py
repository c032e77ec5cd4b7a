"""The real worker process and its supervisor: kill -9, cancels, hangs, restarts, and each result exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet
import pytest

from evaluator.jobs.job_table import Job, JobStore
from evaluator.jobs.supervisor import Supervisor
from evaluator.measuring.measure_results import result_path
from evaluator.runs.journal import failures, read_journal
from evaluator.runs.run_store import Run, RunStore
from evaluator.workspace import Workspace
from tests.evaluator.tones import spoken_run, write_input, write_sentence

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("one", "two", "three", "four", "five")
pytestmark = pytest.mark.slow


class Bench:
    """A workspace with a supervisor whose worker knows the whistles; looks are taken by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace(folder / "workspace")
        self.jobs = JobStore(self.workspace.jobs)
        self.runs = RunStore(self.workspace.runs)
        self.supervisor = self.another_server()

    def another_server(self) -> Supervisor:
        return Supervisor(
            self.workspace,
            self.jobs,
            grace_s=1.0,
            stale_s=2.0,
            idle_exit_s=20.0,
            heartbeat_s=0.2,
            module="tests.evaluator.tone_worker",
        )

    def submit(
        self, said: dict[str, str], *, seconds: float = 0.0, model: str | None = None, size: int = 2
    ) -> tuple[Job, Run]:
        run = spoken_run(self.runs, self.folder, said)
        system = {"name": "tones", "engine": "tones", "model": model, "options": {"seconds": seconds}}
        job = self.jobs.submit("transcribe", {"run": run.id, "system": system, "options": {"batch_size": size}})
        return job, run

    def wait(self, condition: Callable[[], object], *, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.state()
            self.supervisor.look()
            time.sleep(0.05)

    def wait_for_end(self, job: Job) -> Job:
        self.wait(lambda: not self.jobs.get(job.id).active)
        return self.jobs.get(job.id)

    def state(self) -> str:
        logs = [path.read_text() for path in sorted(self.workspace.logs.glob("*.log"))]
        return "\n".join([*map(str, self.jobs.recent()), *logs])

    def pid(self) -> int:
        return int(self.workspace.lock.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    if made.supervisor.alive():
        os.kill(made.pid(), signal.SIGKILL)


def sentences(count: int) -> dict[str, str]:
    return {f"u{n:03}": " ".join(WORDS[(n + k) % 5] for k in range(1 + n % 3)) for n in range(count)}


def texts(run: Run) -> list[tuple[str, str]]:
    return sorted((line["id"], line["text"]) for line in read_journal(run.journal) if "text" in line)


def lines(run: Run) -> int:
    return len(list(read_journal(run.journal)))


def test_a_job_is_done_and_described(bench: Bench) -> None:
    said = sentences(8)
    job, run = bench.submit(said)
    done = bench.wait_for_end(job)
    assert (done.state, done.progress.done, done.progress.total) == ("done", 8, 8)
    assert done.message.startswith("8 utterances, 7.5\u00a0s of audio, RTFx ")
    assert texts(run) == sorted(said.items())
    settings = bench.runs.get(run.id).settings
    assert settings["recognizer"]["class"] == "SlowToneRecognizer"
    assert settings["utterances"] == 8
    assert settings["failures"] == 0
    assert settings["rtfx"] > 0
    assert set(settings["worker"]) == {"earmark", "python", "platform", "processors"}
    log = bench.workspace.log(job.id).read_text()
    assert "loaded the tones" in log
    assert "a library in C speaks" in log


def test_kill_minus_nine_loses_and_repeats_nothing(bench: Bench) -> None:
    said = sentences(60)
    job, run = bench.submit(said, seconds=0.05)
    pids = set()
    for part in (10, 25):
        bench.wait(lambda part=part: lines(run) >= part)
        pids.add(bench.pid())
        os.kill(bench.pid(), signal.SIGKILL)
        bench.wait(lambda: not bench.supervisor.alive() or bench.pid() not in pids)
    done = bench.wait_for_end(job)
    assert (done.state, done.tries) == ("done", 3)
    assert texts(run) == sorted(said.items())
    assert failures(run.journal) == {}
    assert bench.pid() not in pids


def test_the_second_job_finds_the_model_warm(bench: Bench) -> None:
    first, one = bench.submit(sentences(2))
    second, two = bench.submit(sentences(3))
    bench.wait_for_end(first)
    bench.wait_for_end(second)
    assert "loaded the tones" in bench.workspace.log(first.id).read_text()
    assert "loaded the tones" not in bench.workspace.log(second.id).read_text()
    pids = [bench.runs.get(run.id).settings["recognizer"]["pid"] for run in (one, two)]
    assert pids[0] == pids[1] == bench.pid()


def test_a_cancel_is_obeyed_and_the_job_resumed(bench: Bench) -> None:
    said = sentences(40)
    job, run = bench.submit(said, seconds=0.1)
    bench.wait(lambda: lines(run) >= 4)
    pid = bench.pid()
    bench.jobs.cancel(job.id)
    cancelled = bench.wait_for_end(job)
    assert cancelled.state == "cancelled"
    assert cancelled.message.startswith("Cancelled. ")
    kept = texts(run)
    assert 4 <= len(kept) < 40
    assert "ended" not in bench.runs.get(run.id).settings
    bench.jobs.resume(job.id)
    assert bench.wait_for_end(job).state == "done"
    assert texts(run) == sorted(said.items())
    assert bench.pid() == pid


def test_a_cancel_that_is_not_obeyed_ends_the_worker_and_the_next_job_is_done(bench: Bench) -> None:
    stuck, run = bench.submit({**sentences(4), "stuck": "hang"}, size=1)
    behind, other = bench.submit(sentences(3))
    bench.wait(lambda: lines(run) >= 2 and "present" in (run.folder / "attempt.json").read_text())
    bench.wait(lambda: lines(run) == 4)
    pid = bench.pid()
    bench.jobs.cancel(stuck.id)
    ended = bench.wait_for_end(stuck)
    assert ended.state == "cancelled"
    assert bench.wait_for_end(behind).state == "done"
    assert texts(other) == sorted(sentences(3).items())
    assert len(texts(run)) == 4
    assert bench.pid() != pid


def test_a_worker_that_stands_still_is_replaced(bench: Bench) -> None:
    said = sentences(30)
    job, run = bench.submit(said, seconds=0.05)
    bench.wait(lambda: lines(run) >= 4)
    os.kill(bench.pid(), signal.SIGSTOP)
    done = bench.wait_for_end(job)
    assert (done.state, done.tries) == ("done", 2)
    assert texts(run) == sorted(said.items())


def test_audio_that_kills_the_worker_is_given_up_and_the_rest_is_done(bench: Bench) -> None:
    said = sentences(12)
    job, run = bench.submit({**said, "killer": "boom"}, size=4)
    done = bench.wait_for_end(job)
    assert (done.state, done.tries) == ("done", 4)
    assert texts(run) == sorted(said.items())
    assert list(failures(run.journal)) == ["killer"]
    assert "1 of them failed" in done.message


def test_a_job_that_only_kills_fails_with_a_sentence_and_the_worker_goes_on(bench: Bench) -> None:
    job, run = bench.submit({"killer": "boom"})
    other, _ = bench.submit(sentences(2))
    ended = bench.wait_for_end(job)
    assert (ended.state, ended.tries) == ("failed", 4)
    assert "No utterance succeeded. The worker process died three times" in ended.message
    assert list(failures(run.journal)) == ["killer"]
    assert bench.wait_for_end(other).state == "done"


def test_a_wrong_model_ends_the_job_with_a_sentence_and_the_worker_lives(bench: Bench) -> None:
    bad, _ = bench.submit(sentences(2), model="wrong")
    good, run = bench.submit(sentences(2))
    ended = bench.wait_for_end(bad)
    assert (ended.state, ended.message) == ("failed", "wrong.nemo is not a model; give another.")
    assert bench.wait_for_end(good).state == "done"
    assert len(texts(run)) == 2


def test_a_damaged_run_ends_the_job_with_a_sentence(bench: Bench) -> None:
    job, run = bench.submit(sentences(2))
    run.input.write_bytes(b"junk")
    assert "cannot be read" in bench.wait_for_end(job).message
    gone = bench.jobs.submit("transcribe", {"run": "20260101-000000-gone", "system": {}})
    assert "There is no run" in bench.wait_for_end(gone).message


def test_everything_failing_is_a_failed_job_that_can_be_resumed(bench: Bench) -> None:
    job, run = bench.submit({"a": "one"})
    sound = bench.folder / "a.wav"
    sound.rename(bench.folder / "hidden.wav")
    assert bench.wait_for_end(job).state == "failed"
    (bench.folder / "hidden.wav").rename(sound)
    bench.jobs.resume(job.id)
    assert bench.wait_for_end(job).state == "done"
    assert texts(run) == [("a", "one")]


def test_two_servers_and_two_tabs_share_one_worker(bench: Bench) -> None:
    first, one = bench.submit(sentences(20), seconds=0.05)
    second, two = bench.submit(sentences(20), seconds=0.05)
    other = bench.another_server()
    for _ in range(3):
        other.ensure_worker()
        bench.supervisor.ensure_worker()
    bench.wait_for_end(first)
    bench.wait_for_end(second)
    assert texts(one) == texts(two) == sorted(sentences(20).items())
    assert bench.jobs.get(first.id).tries == bench.jobs.get(second.id).tries == 1


def test_the_worker_survives_the_server_and_a_new_server_finds_it(bench: Bench) -> None:
    said = sentences(30)
    job, run = bench.submit(said, seconds=0.1)
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from tests.evaluator.test_worker import Bench\n"
            "bench = Bench(Path(sys.argv[1])); bench.supervisor.start(); bench.supervisor.ensure_worker()\n"
            "import time; time.sleep(600)",
            str(bench.folder),
        ],
        cwd=ROOT,
    )
    deadline = time.monotonic() + 30
    while lines(run) < 4:
        assert time.monotonic() < deadline, bench.state()
        time.sleep(0.05)
    pid = bench.pid()
    server.kill()
    server.wait()
    assert bench.supervisor.alive()
    done = bench.wait_for_end(job)
    assert (done.state, done.tries, bench.pid()) == ("done", 1, pid)
    assert texts(run) == sorted(said.items())


def test_an_idle_worker_ends_itself(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.worker", str(folder), "--idle-exit", "0.3"], cwd=ROOT, timeout=60
    )
    assert done.returncode == 0
    assert (folder / "jobs.sqlite").exists()


def test_a_job_of_speech_detection(bench: Bench) -> None:
    run = spoken_run(bench.runs, bench.folder, {"a": "one . . two", "b": "three"}, kind="detect")
    job = bench.jobs.submit("detect", {"run": run.id, "options": {"detector": "energy"}})
    assert bench.wait_for_end(job).state == "done"
    found = bench.runs.segments((bench.folder / "c.json",), "a")
    assert found is not None
    assert [(round(s.start, 1), round(s.end, 1)) for s in found] == [(0.0, 0.3), (2.5, 2.8)]


def measuring_run(bench: Bench, count: int) -> Run:
    """A run over ``count`` slow sounds, and one that is not there."""
    run = bench.runs.create(
        kind="measure",
        system="signal",
        corpus="c",
        sources=(bench.folder / "c.json",),
        roots=(bench.folder,),
        settings={"options": {"detector": None}},
    )
    rows: list[tuple[str, Path, float | None]] = [("gone", bench.folder / "slow-010x.wav", 1.0)]
    for number in range(count):
        path = bench.folder / f"slow-{number:03}.wav"
        if not path.exists():
            write_sentence(path, WORDS[number % 5])
        rows.append((f"u{number}", path, 0.5))
    write_input(run, rows)
    return run


def test_measuring_killed_and_resumed_leaves_the_same_bytes(bench: Bench) -> None:
    options = {"options": {"detector": None}}
    killed = measuring_run(bench, 120)
    job = bench.jobs.submit("measure", {"run": killed.id, **options})
    for part in (10, 60):
        bench.wait(lambda part=part: lines(killed) >= part)
        pid = bench.pid()
        os.kill(pid, signal.SIGKILL)
        bench.wait(lambda pid=pid: not bench.supervisor.alive() or bench.pid() != pid)
    done = bench.wait_for_end(job)
    assert (done.state, done.tries) == ("done", 3)
    assert (done.progress.done, done.progress.failures) == (121, 1)
    whole = measuring_run(bench, 120)
    result_path(killed).rename(kept := bench.folder / "kept.parquet")  # nothing is known from the killed run
    done = bench.wait_for_end(bench.jobs.submit("measure", {"run": whole.id, **options}))
    assert done.tries == 1
    assert "121 measured now" in done.message
    assert killed.journal.read_bytes() == whole.journal.read_bytes()
    assert kept.read_bytes() == result_path(whole).read_bytes()
    assert list(failures(whole.journal)) == ["gone"]
    assert bench.runs.get(whole.id).ended


def test_measuring_is_cancelled_at_once_and_resumed(bench: Bench) -> None:
    run = measuring_run(bench, 120)
    job = bench.jobs.submit("measure", {"run": run.id, "options": {"detector": None}})
    bench.wait(lambda: lines(run) >= 8)
    bench.jobs.cancel(job.id)
    cancelled = bench.wait_for_end(job)
    assert cancelled.state == "cancelled"
    assert 8 <= lines(run) < 121
    assert not result_path(run).exists()
    bench.jobs.resume(job.id)
    assert bench.wait_for_end(job).state == "done"
    assert pyarrow.parquet.read_metadata(result_path(run)).num_rows == 121
