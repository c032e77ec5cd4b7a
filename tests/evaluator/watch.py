"""A monitor for tests of the work on runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from evaluator.jobs.job_table import Progress


@dataclass
class Watch:
    """Notes every report; says stop at the report with this number."""

    stop_at: int | None = None
    reports: list[Progress] = field(default_factory=list)

    def report(self, progress: Progress) -> bool:
        self.reports.append(progress)
        return self.stop_at is not None and len(self.reports) >= self.stop_at
