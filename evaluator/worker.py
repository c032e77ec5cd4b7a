"""The worker: one process that does the jobs of a workspace one after the other and keeps its models warm.

    python -m evaluator.worker WORKSPACE

It lives apart from the web server: it survives its restarts and closed tabs, and ends itself when it has been idle
for long. A lock lets only one live per workspace. While a job runs, a thread reports a heartbeat, so that loading a
model does not look like death; everything a job prints goes to ``logs/job-<id>.log``. If the process dies, the next
worker finds its job still marked as running, queues it again, and goes on after the last line of the run's journal.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import platform
import secrets
import sys
import threading
import time
import tomllib
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson

from evaluator.detectors import Detector, load_detector
from evaluator.engines import Recognizer
from evaluator.jobs.job_table import Job, JobStore, Progress
from evaluator.jobs.locks import exclusively
from evaluator.measuring.measurement import MeasureOptions, measure
from evaluator.runs.journal import Totals, failures
from evaluator.runs.run_store import Run, RunStore
from evaluator.runs.watching import Monitor, Outcome
from evaluator.synthesizers import Synthesizer
from evaluator.transcribing.several_runs import Several
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import Options, detect, transcribe
from evaluator.tts.speaking import Voice
from evaluator.tts.synthesis import SynthesisOptions, synthesize
from evaluator.workspace import Workspace
from explorer.child import PROJECT
from explorer.errors import JobError, OutOfMemory, SpeechDataError
from explorer.formatting import hours

_POLL = 0.2  # s between looks at the queue
_WARM = 2  # recognizers kept in memory


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker until it has been idle for long enough; 0 also when another one lives already."""
    parser = argparse.ArgumentParser(prog="evaluator.worker", description="Do the jobs of a workspace.")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--idle-exit", type=float, default=900.0, metavar="SECONDS")
    parser.add_argument("--heartbeat", type=float, default=1.0, metavar="SECONDS")
    options = parser.parse_args(arguments)
    faulthandler.enable()
    workspace = Workspace(options.workspace.resolve())
    workspace.folder.mkdir(parents=True, exist_ok=True)
    with workspace.lock.open("a+") as lock:
        if not _locked(lock):
            print("Another worker of this workspace is alive.", flush=True)
            return 0
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        os.nice(5)  # the page stays quick while a model uses every core
        Worker(workspace, heartbeat_s=options.heartbeat).serve(idle_exit_s=options.idle_exit)
    return 0


def _locked(lock: Any) -> bool:
    """Take the lock; a supervisor that looks whether we live holds it for a moment, so ask more than once."""
    for _ in range(5):
        if exclusively(lock):
            return True
        time.sleep(0.1)
    return False


class Worker:
    """Does jobs; its models and detectors are the only things it keeps between them."""

    def __init__(self, workspace: Workspace, *, heartbeat_s: float) -> None:
        self.workspace = workspace
        self.jobs = JobStore(workspace.jobs)
        self.runs = RunStore(workspace.runs)
        self.name = f"{platform.node()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._heartbeat_s = heartbeat_s
        self._recognizers: dict[bytes, Recognizer] = {}
        self._detectors: dict[bytes, Detector] = {}
        self._speakers: dict[bytes, Synthesizer] = {}
        workspace.logs.mkdir(parents=True, exist_ok=True)

    def serve(self, *, idle_exit_s: float) -> None:
        """Do jobs until none came for ``idle_exit_s`` seconds. Call it only while holding the workspace's lock."""
        self.jobs.requeue()  # no other worker lives, so whatever is marked as running lost its worker
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < idle_exit_s:
            job = self.jobs.claim(self.name)
            if job is None:
                time.sleep(_POLL)
                continue
            self.do(job)
            idle_since = time.monotonic()

    def do(self, job: Job) -> None:
        """Do one claimed job and say how it ended."""
        with _output_to(self.workspace.log(job.id)), _Pulse(self.jobs, job, every=self._heartbeat_s) as pulse:
            print(f"--- {_now()} job {job.id} ({job.kind}), try {job.tries}: {orjson.dumps(dict(job.spec)).decode()}")
            try:
                outcome = self._work(job, pulse)
            except SpeechDataError as error:
                print(f"Failed: {error}")
                self.jobs.fail(job, str(error))
            except Exception as error:  # noqa: BLE001 (the worker must outlive any job; the traceback is in its log)
                traceback.print_exc()
                self.jobs.fail(job, f"Something unexpected went wrong ({type(error).__name__}: {error}); see the log.")
            else:
                self._conclude(job, outcome)

    def _conclude(self, job: Job, outcome: Outcome) -> None:
        sentence = " ".join(filter(None, (summary(outcome.totals), outcome.note)))
        print(f"{'Stopped' if outcome.stopped else 'Done'}: {sentence}")
        if outcome.stopped:
            self.jobs.stopped(job, f"Cancelled. {sentence}")
        elif outcome.totals.failures and outcome.totals.failures == outcome.totals.utterances:
            first = next(iter(failures(self.runs.get(job.runs[0]).journal).values()), "")
            self.jobs.fail(job, f"No utterance succeeded. {first}")
        else:
            self.jobs.finish(job, sentence)

    def _work(self, job: Job, pulse: _Pulse) -> Outcome:
        if job.kind == "checkpoints":
            return self._several(job, pulse)
        run = self.runs.get(str(job.spec["run"]))
        # Only a person's wish (a new or resumed job) tries failures again, not the death of a worker.
        retry: Literal["failures", "nothing"] = "failures" if job.deaths == 0 else "nothing"
        facts: dict[str, Any] = {"started": _now(), "worker": machine()}
        if job.kind == "measure":
            run = run.describe(facts)
            measured = MeasureOptions(**job.spec.get("options", {}))
            outcome = measure(run, options=measured, monitor=pulse, earlier=self.runs.measured(run), retry=retry)
            return self._described(run, outcome)
        if job.kind == "synthesize":
            run = run.describe(facts)
            return self._described(run, self._spoken(run, job, pulse, retry))
        options = Options.of(job.spec.get("options", {}))
        if job.kind == "detect":
            detector = self._detector(options)
            run = run.describe({**facts, "detector": dict(detector.description)})
            outcome = detect(run, detector, options=options, monitor=pulse, retry=retry)
        else:
            pulse.report(replace(job.progress, stage="loading the model"))
            return self._transcribed(run, System(**job.spec["system"]), options, pulse, retry)
        return self._described(run, outcome)

    def _spoken(self, run: Run, job: Job, pulse: _Pulse, retry: Literal["failures", "nothing"]) -> Outcome:
        """Read the run's sentences aloud."""
        pulse.report(replace(job.progress, stage="loading the voice"))
        voice = Voice(**job.spec["voice"])
        options = SynthesisOptions(**job.spec.get("options", {}))
        return synthesize(run, self._speaker(voice), voice, options=options, monitor=pulse, retry=retry)

    def _speaker(self, voice: Voice) -> Synthesizer:
        """The voice's synthesizer: still warm, or loaded now in place of the one before."""
        versions = [_file_version(voice.model), _file_version(voice.vocoder)]
        settings = {"name": "", "voice": None, "rate": 1.0, "seed": 0}  # these are told with every text
        key = orjson.dumps([{**voice.spec(), **settings}, versions], option=orjson.OPT_SORT_KEYS)
        if key not in self._speakers:
            for old in list(self._speakers):
                self._speakers.pop(old).close()
            self._speakers[key] = voice.load()
        return self._speakers[key]

    def _transcribed(
        self, run: Run, system: System, options: Options, monitor: Monitor, retry: Literal["failures", "nothing"]
    ) -> Outcome:
        """What a system hears in a run's utterances, and what run.yaml says about it."""
        recognizer = self._recognizer(system)
        facts: dict[str, Any] = {"started": _now(), "worker": machine(), "recognizer": dict(recognizer.description)}
        listener = None if options.vad == "off" else self._detector(options)
        if listener is not None:
            facts["detector"] = dict(listener.description)
        run = run.describe(facts)
        outcome = transcribe(run, recognizer, detector=listener, options=options, monitor=monitor, retry=retry)
        return self._described(run, outcome)

    def _several(self, job: Job, pulse: _Pulse) -> Outcome:
        """One run after the other, each with its system; one whose model cannot be used does not stop the others."""
        retry: Literal["failures", "nothing"] = "failures" if job.deaths == 0 else "nothing"
        options, whole = Options.of(job.spec.get("options", {})), Several(pulse, len(job.runs))
        refused: list[SpeechDataError] = []
        notes = [f"{told}." for told in job.spec.get("left_out", ())]
        for run_id, spec in zip(job.runs, job.spec["systems"], strict=True):
            system = System(**spec)
            try:
                with whole.part(system.name) as monitor:
                    outcome = self._transcribed(self.runs.get(run_id), system, options, monitor, retry)
            except SpeechDataError as error:
                print(f"{system.name} failed: {error}")
                refused.append(error)
                notes.append(f"{system.name} was left out: {error}")
                continue
            whole.add(outcome.totals)
            if outcome.stopped:
                return Outcome(stopped=True, totals=whole.totals, note=" ".join(notes))
        if len(refused) == len(job.runs):
            raise refused[0]
        return Outcome(stopped=False, totals=whole.totals, note=" ".join(notes))

    @staticmethod
    def _described(run: Run, outcome: Outcome) -> Outcome:
        """The outcome, written into run.yaml when the run was worked through."""
        if not outcome.stopped:
            run.describe(ending(outcome.totals))
        return outcome

    def _detector(self, options: Options) -> Detector:
        key = orjson.dumps([options.detector, dict(options.detector_options)], option=orjson.OPT_SORT_KEYS)
        if key not in self._detectors:
            self._detectors[key] = load_detector(options.detector, **dict(options.detector_options))
        return self._detectors[key]

    def _recognizer(self, system: System) -> Recognizer:
        """The system's recognizer: still warm, or loaded now in place of the one unused for longest."""
        spec = system.spec()
        spec.pop("name")  # two names for the same model share it
        key = orjson.dumps([spec, _file_version(system.model)], option=orjson.OPT_SORT_KEYS)
        recognizer = self._recognizers.pop(key, None)
        if recognizer is None:
            while len(self._recognizers) >= _WARM:
                self._forget_oldest()
            recognizer = self._loaded(system)
        self._recognizers[key] = recognizer
        return recognizer

    def _loaded(self, system: System) -> Recognizer:
        try:
            return system.load()
        except OutOfMemory:
            if not self._recognizers:
                raise
            while self._recognizers:
                self._forget_oldest()
            return system.load()

    def _forget_oldest(self) -> None:
        self._recognizers.pop(next(iter(self._recognizers))).close()


class _Pulse(threading.Thread):
    """A job's heartbeat, and its Monitor: knows from either that the job has to stop."""

    def __init__(self, jobs: JobStore, job: Job, *, every: float) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._jobs, self._job, self._every = jobs, job, every
        self._stop_asked = threading.Event()
        self._ended = threading.Event()

    def __enter__(self) -> _Pulse:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Beat until the job ends."""
        while not self._ended.wait(self._every):
            with contextlib.suppress(JobError):  # a table that is locked for long must not end the heartbeat
                if self._jobs.beat(self._job):
                    self._stop_asked.set()

    def report(self, progress: Progress) -> bool:
        """Write the progress; True when the job has to stop."""
        return self._jobs.progress(self._job, progress) or self._stop_asked.is_set()


def summary(totals: Totals) -> str:
    """What a journal holds, as a sentence."""
    rtfx = "" if totals.rtfx is None else f", RTFx {totals.rtfx:.1f}"
    failed = f", {totals.failures:,} of them failed" if totals.failures else ""
    utterances = "1 utterance" if totals.utterances == 1 else f"{totals.utterances:,} utterances"
    return f"{utterances}{failed}, {hours(totals.audio_seconds / 3600)} of audio{rtfx}."


def ending(totals: Totals) -> dict[str, Any]:
    """What run.yaml says about a run that was worked through."""
    return {
        "ended": _now(),
        "utterances": totals.utterances,
        "failures": totals.failures,
        "audio_seconds": round(totals.audio_seconds, 3),
        "wall_seconds": round(totals.wall_seconds, 3),
        "rtfx": None if totals.rtfx is None else round(totals.rtfx, 3),
    }


def machine() -> Mapping[str, Any]:
    """Versions and machine, for run.yaml."""
    return {
        "earmark": version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
    }


@lru_cache(maxsize=1)
def version() -> str:
    """Earmark's version."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _file_version(model: str | None) -> list[int]:
    """Changes when the model file does."""
    try:
        status = Path(model or "").expanduser().stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Everything printed meanwhile, by any library in any language, goes to the end of a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    before = os.dup(1), os.dup(2)
    with path.open("ab", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, saved in enumerate(before, start=1):
            os.dup2(saved, target)
            os.close(saved)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except JobError as problem:
        print(f"earmark: {problem}", file=sys.stderr)
        sys.exit(2)
