"""Several: the progress of runs that one job works through one after the other, told as that of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from evaluator.jobs.job_table import Progress
from evaluator.runs.journal import Totals
from evaluator.runs.watching import Monitor

NOTHING = Totals(0, 0, 0.0, 0.0)


class Several:
    """Sums up ``parts`` runs over the same utterances for the one ``monitor``."""

    def __init__(self, monitor: Monitor, parts: int) -> None:
        self._monitor = monitor
        self._parts = parts
        self._begun = 0
        self.totals = NOTHING

    @contextmanager
    def part(self, name: str) -> Iterator[Monitor]:
        """The monitor of the next run, whose system is ``name``."""
        self._begun += 1
        part = _Part(self, f"{name}, {self._begun} of {self._parts}")
        part.report(Progress(stage="loading the model"))
        yield part

    def add(self, totals: Totals) -> None:
        """Count a run that has ended."""
        before = self.totals
        self.totals = Totals(
            before.utterances + totals.utterances,
            before.failures + totals.failures,
            before.audio_seconds + totals.audio_seconds,
            before.wall_seconds + totals.wall_seconds,
        )

    def report(self, stage: str, progress: Progress) -> bool:
        """Tell the monitor how far the whole is, given how far the run is that goes on."""
        to_come = self._parts - self._begun
        left = progress.left_seconds
        if left is not None and progress.rtfx:
            left += to_come * progress.audio_total / progress.rtfx
        before = self.totals
        return self._monitor.report(
            replace(
                progress,
                stage=f"{progress.stage} ({stage})",
                done=before.utterances + progress.done,
                total=before.utterances + progress.total * (1 + to_come),
                failures=before.failures + progress.failures,
                audio_done=before.audio_seconds + progress.audio_done,
                audio_total=before.audio_seconds + progress.audio_total * (1 + to_come),
                left_seconds=left,
            )
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """The monitor of one run of several."""

    whole: Several
    stage: str

    def report(self, progress: Progress) -> bool:
        """Tell how far the whole is."""
        return self.whole.report(self.stage, progress)
