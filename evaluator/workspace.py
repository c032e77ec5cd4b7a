"""Where a workspace keeps what must last: runs, jobs, logs, and the lock that lets only one worker live."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths inside a workspace folder."""

    folder: Path

    @property
    def runs(self) -> Path:
        """One folder per run."""
        return self.folder / "runs"

    @property
    def jobs(self) -> Path:
        """The job table."""
        return self.folder / "jobs.sqlite"

    @property
    def listening(self) -> Path:
        """One YAML file per listening test."""
        return self.folder / "listening"

    @property
    def recipes(self) -> Path:
        """One YAML file per recipe of rules."""
        return self.folder / "recipes"

    @property
    def logs(self) -> Path:
        """What the worker and its jobs printed."""
        return self.folder / "logs"

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives; its text is the worker's process id."""
        return self.folder / "worker.lock"

    def log(self, job_id: int) -> Path:
        """What one job printed."""
        return self.logs / f"job-{job_id}.log"
