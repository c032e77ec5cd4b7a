"""The job table: what was asked for, how far it is, and who works on it, in one SQLite file.

The file outlives the web server, the worker and the browser tab. It is in WAL mode, so pages read while the worker
writes; any thread may use a JobStore, and each process makes its own.

A job is ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``. ``claim`` hands a job to one worker and
counts a try; everything the worker says afterwards carries its name and its try, so a worker that was given up for
dead and wakes up again cannot touch the job of its successor: its next call answers "stop".
Times are seconds since the epoch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from sqlite3 import DatabaseError, Row, connect
from typing import Any, Literal

import orjson

from explorer.errors import JobError

State = Literal["queued", "running", "done", "failed", "cancelled"]
ACTIVE: tuple[State, ...] = ("queued", "running")
KINDS = ("transcribe", "checkpoints", "detect", "measure", "synthesize")
"""What a job does; ``checkpoints`` is one that transcribes with several systems, one run after the other."""
MOST_DEATHS = 4
"""Workers a job may lose in a row, without a single new result between, before it fails. One more than an utterance
may kill (attempts.py), so that a job is only given up for what is not the fault of one utterance: loading the model."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    stage TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    audio_done REAL NOT NULL DEFAULT 0,
    audio_total REAL NOT NULL DEFAULT 0,
    rtfx REAL,
    left_seconds REAL,
    cancel_asked REAL,
    beat REAL,
    worker TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL,
    ended REAL
);
CREATE INDEX IF NOT EXISTS jobs_state ON jobs (state, id);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is: utterances and audio seconds done and in all, RTFx, and the seconds that are left."""

    stage: str = ""
    done: int = 0
    total: int = 0
    failures: int = 0
    audio_done: float = 0.0
    audio_total: float = 0.0
    rtfx: float | None = None
    left_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the job table.

    ``message`` is the sentence that tells how it ended; ``tries`` counts its claims, ``deaths`` the workers it lost
    since its last result or since a person asked for it.
    """

    id: int
    kind: str
    spec: Mapping[str, Any]
    state: State
    message: str
    progress: Progress
    cancel_asked: float | None
    beat: float | None
    worker: str | None
    tries: int
    deaths: int
    created: float
    started: float | None
    ended: float | None

    @property
    def active(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in ACTIVE

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of the runs it works through, in order."""
        return tuple(map(str, self.spec.get("runs") or [self.spec.get("run", "")]))

    @property
    def resumable(self) -> bool:
        """Whether it ended before its work was done."""
        return self.state in ("failed", "cancelled")


_PROGRESS = tuple(field.name for field in fields(Progress))
_OWN = "id = ? AND worker = ? AND tries = ? AND state = 'running'"


class JobStore:
    """The jobs of a workspace.

    Raises:
        JobError: from every method, when the file cannot be opened, read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Kept open: the last connection to close tidies the file up under a lock, and a process that is stopped
            # or killed just then would block all others.
            self._connection = connect(path, timeout=20.0, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except (DatabaseError, OSError) as error:
            raise JobError(f"The job table {path} cannot be opened ({error}).") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement, all its rows."""
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except DatabaseError as error:
                raise JobError(f"The job table {self.path} cannot be used now ({error}); try again.") from error

    def submit(self, kind: str, spec: Mapping[str, Any]) -> Job:
        """Put a job at the end of the queue. ``spec`` must be JSON.

        Raises:
            JobError: there is no such kind of job.
        """
        if kind not in KINDS:
            raise JobError(f'There is no kind of job "{kind}"; known are: {", ".join(KINDS)}.')
        (row,) = self._rows(
            "INSERT INTO jobs (kind, spec, created) VALUES (?, ?, ?) RETURNING *",
            (kind, orjson.dumps(dict(spec)).decode(), time.time()),
        )
        return _job(row)

    def claim(self, worker: str) -> Job | None:
        """The oldest queued job, now running in ``worker``; None when nothing waits."""
        now = time.time()
        rows = self._rows(
            "UPDATE jobs SET state = 'running', worker = ?, tries = tries + 1, beat = ?, started = ?, ended = NULL,"
            " message = '', stage = 'starting' WHERE id = (SELECT id FROM jobs WHERE state = 'queued'"
            " ORDER BY id LIMIT 1) RETURNING *",
            (worker, now, now),
        )
        return _job(rows[0]) if rows else None

    def beat(self, job: Job) -> bool:
        """Say that the worker lives; the answer is True when it has to stop (cancelled, or the job is not its own)."""
        return self._report(job, "beat = ?", (time.time(),))

    def progress(self, job: Job, progress: Progress) -> bool:
        """Write the progress; the answer is True when the worker has to stop."""
        assignments = ", ".join(f"{name} = ?" for name in _PROGRESS)
        values = [getattr(progress, name) for name in _PROGRESS]
        deaths = "deaths = CASE WHEN ? > done THEN 0 ELSE deaths END"  # whoever gets on may die again
        return self._report(job, f"{deaths}, {assignments}, beat = ?", (progress.done, *values, time.time()))

    def _report(self, job: Job, assignments: str, values: Sequence[Any]) -> bool:
        rows = self._rows(
            f"UPDATE jobs SET {assignments} WHERE {_OWN} RETURNING cancel_asked",  # noqa: S608 (constants only)
            (*values, job.id, job.worker, job.tries),
        )
        return not rows or rows[0]["cancel_asked"] is not None

    def finish(self, job: Job, message: str = "") -> None:
        """The work is done. A worker that lost the job changes nothing."""
        self._end(job, "done", message)

    def fail(self, job: Job, message: str) -> None:
        """The work could not be done; ``message`` says why and what to do."""
        self._end(job, "failed", message)

    def stopped(self, job: Job, message: str = "Cancelled; what was done is kept.") -> None:
        """The worker obeyed a cancel."""
        self._end(job, "cancelled", message)

    def _end(self, job: Job, state: State, message: str) -> None:
        self._rows(
            f"UPDATE jobs SET state = ?, message = ?, stage = '', left_seconds = NULL, ended = ? WHERE {_OWN}",  # noqa: S608 (constants only)
            (state, message, time.time(), job.id, job.worker, job.tries),
        )

    def cancel(self, job_id: int) -> Job:
        """Cancel at once what is queued; ask a running job to stop.

        Raises:
            JobError: there is no such job.
        """
        now = time.time()
        self._rows(
            "UPDATE jobs SET state = 'cancelled', ended = ?, message = 'Cancelled before it started.'"
            " WHERE id = ? AND state = 'queued'",
            (now, job_id),
        )
        self._rows(
            "UPDATE jobs SET cancel_asked = coalesce(cancel_asked, ?) WHERE id = ? AND state = 'running'",
            (now, job_id),
        )
        return self.get(job_id)

    def resume(self, job_id: int) -> Job:
        """Queue a failed or cancelled job again; it goes on after the last result of its run.

        Raises:
            JobError: there is no such job, or it waits, runs or is done.
        """
        rows = self._rows(
            "UPDATE jobs SET state = 'queued', cancel_asked = NULL, deaths = 0, worker = NULL, message = '',"
            " ended = NULL WHERE id = ? AND state IN ('failed', 'cancelled') RETURNING *",
            (job_id,),
        )
        if not rows:
            raise JobError(f"Job {job_id} is {self.get(job_id).state}; only a failed or cancelled job can be resumed.")
        return _job(rows[0])

    def forget(self, job_id: int) -> None:
        """Take a job that neither waits nor runs off the table.

        Raises:
            JobError: there is no such job, or it waits or runs.
        """
        rows = self._rows(
            "DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running') RETURNING id", (job_id,)
        )
        if not rows:
            raise JobError(f"Job {job_id} is {self.get(job_id).state}; cancel it before it is deleted.")

    def requeue(self, *, silent_for: float = 0.0) -> list[Job]:
        """Take running jobs away from workers that gave no sign for ``silent_for`` seconds, and return them.

        0 takes all of them: right when it is certain that no worker lives. A job whose cancel was asked is cancelled,
        one that has lost MOST_DEATHS workers in a row fails, any other is queued again.
        """
        now = time.time()
        rows = self._rows(
            "UPDATE jobs SET deaths = deaths + 1,"
            " state = CASE WHEN cancel_asked IS NOT NULL THEN 'cancelled' WHEN deaths + 1 >= ?1 THEN 'failed'"
            " ELSE 'queued' END,"
            " message = CASE WHEN cancel_asked IS NOT NULL THEN 'Cancelled; what was done is kept.'"
            " WHEN deaths + 1 >= ?1 THEN 'The worker process died ' || (deaths + 1) || ' times in a row over this job"
            " (out of memory is the usual reason). See the log, choose a smaller batch, and resume.' ELSE '' END,"
            " ended = CASE WHEN cancel_asked IS NOT NULL OR deaths + 1 >= ?1 THEN ?2 END,"
            " worker = NULL, stage = '', left_seconds = NULL"
            " WHERE state = 'running' AND coalesce(beat, 0) <= ?3 RETURNING *",
            (MOST_DEATHS, now, now - silent_for),
        )
        return [_job(row) for row in rows]

    def get(self, job_id: int) -> Job:
        """The job of that number.

        Raises:
            JobError: there is none.
        """
        rows = self._rows("SELECT * FROM jobs WHERE id = ?", (job_id,))
        if not rows:
            raise JobError(f"There is no job {job_id}; it may have been made in another workspace.")
        return _job(rows[0])

    def recent(self, *, limit: int = 50) -> list[Job]:
        """The newest jobs, newest first."""
        return [_job(row) for row in self._rows("SELECT * FROM jobs ORDER BY id DESC LIMIT ?", (limit,))]

    def running(self) -> list[Job]:
        """The jobs a worker has claimed."""
        return [_job(row) for row in self._rows("SELECT * FROM jobs WHERE state = 'running' ORDER BY id")]

    def active(self) -> bool:
        """Whether any job waits or runs."""
        return bool(self._rows("SELECT 1 FROM jobs WHERE state IN ('queued', 'running') LIMIT 1"))


def _job(row: Row) -> Job:
    values = dict(row)
    progress = Progress(**{name: values.pop(name) for name in _PROGRESS})
    return Job(**{**values, "spec": orjson.loads(values["spec"])}, progress=progress)
