"""The web server's side of the worker: start it when there is work, end it when it does not obey.

One light thread looks once a second. It starts a worker when jobs wait and none lives, kills one whose job was
cancelled more than ``grace_s`` ago (a stuck GPU kernel, a single hour-long file), and kills one whose heartbeat stood
still for ``stale_s`` of our own time (a computer that slept does not count). A killed worker's job is cancelled or
queued again, and the next worker goes on after the last line of the run's journal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from evaluator.jobs.job_table import Job, JobStore
from evaluator.jobs.locks import exclusively
from evaluator.workspace import Workspace
from explorer.child import PROJECT
from explorer.errors import JobError

_LOOK_EVERY = 1.0  # s


class Supervisor:
    """Keeps the worker of one workspace as the jobs need it. Several may watch one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        jobs: JobStore,
        *,
        grace_s: float,
        stale_s: float,
        idle_exit_s: float,
        heartbeat_s: float,
        module: str = "evaluator.worker",
    ) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._grace_s = grace_s
        self._stale_s = stale_s
        self._command: Sequence[str] = (
            *(sys.executable, "-m", module, str(workspace.folder.resolve())),
            *("--idle-exit", str(idle_exit_s), "--heartbeat", str(heartbeat_s)),
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._false_starts = 0  # workers in a row that ended with an error of their own
        self._not_before = 0.0  # our clock
        self._seen: tuple[int, float | None, float] | None = None  # job, its heartbeat, since when (our clock)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching. The worker lives on: it finishes its jobs and ends itself when idle."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            # A full disk or a locked database must not end the watching; the next look may succeed.
            with contextlib.suppress(JobError, OSError):
                self.look()

    def look(self) -> None:
        """One look: end a worker that does not obey or does not live, start one if there is work and none."""
        with self._lock:
            if self._disobeys():
                self._kill()
                self._jobs.requeue()
            self._ensure()

    def ensure_worker(self) -> None:
        """Start a worker if jobs wait and none lives."""
        with self._lock:
            self._ensure()

    def alive(self) -> bool:
        """Whether a worker of this workspace lives, whoever started it."""
        try:
            with self._workspace.lock.open("a") as lock:
                return not exclusively(lock)
        except FileNotFoundError:
            return False

    def _ensure(self) -> None:
        self._bury()
        if self._process is not None or time.monotonic() < self._not_before:
            return
        if not self._jobs.active() or self.alive():
            return
        self._workspace.logs.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}
        with (self._workspace.logs / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # neither Ctrl+C nor the end of the server reaches it
                close_fds=True,  # it must not keep the server's port
            )

    def _bury(self) -> None:
        """Take note of our worker's end; after one with an error of its own the next has to wait, up to a minute."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return
        self._process = None
        self._false_starts = self._false_starts + 1 if code > 0 else 0
        self._not_before = time.monotonic() + min(60.0, 2.0**self._false_starts - 1.0)

    def _disobeys(self) -> bool:
        job = next(iter(self._jobs.running()), None)
        if job is None:
            self._seen = None
            return False
        return self._too_late(job) or self._stands_still(job)

    def _too_late(self, job: Job) -> bool:
        return job.cancel_asked is not None and time.time() - job.cancel_asked > self._grace_s

    def _stands_still(self, job: Job) -> bool:
        now = time.monotonic()
        if self._seen is None or self._seen[:2] != (job.id, job.beat):
            self._seen = (job.id, job.beat, now)
        return now - self._seen[2] > self._stale_s

    def _kill(self) -> None:
        """End the worker and its children, and wait until the lock is free."""
        try:
            process_id = int(self._workspace.lock.read_text())
        except (OSError, ValueError):
            return
        if self.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process_id, signal.SIGKILL)
        if self._process is not None and self._process.pid == process_id:
            self._process.wait()
        for _ in range(50):
            if not self.alive():
                return
            time.sleep(0.1)
