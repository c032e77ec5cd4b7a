"""Watching the work on a run: who wants to know how far it is, what is told, and how it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from evaluator.jobs.job_table import Progress
from evaluator.runs.journal import Journal, Totals


class Monitor(Protocol):
    """Who wants to know how far a run is."""

    def report(self, progress: Progress) -> bool:
        """Called after each batch; the answer True stops the run, what was done stays."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the work on a run ended: stopped by the monitor or worked through, and all its journal holds.

    ``note`` is what else there is to say, as a sentence.
    """

    stopped: bool
    totals: Totals
    note: str = ""


class Stopped(Exception):
    """The monitor said stop."""


class Teller:
    """Tells a monitor how far one process is with a run whose results go into a journal; its clock starts now.

    The run has ``total`` utterances that last ``audio_total`` seconds, as far as is known.
    """

    def __init__(self, journal: Journal, monitor: Monitor, *, total: int, audio_total: float) -> None:
        self._journal = journal
        self._monitor = monitor
        self._total = total
        self._audio_total = audio_total
        self._audio_done = journal.totals.audio_seconds
        self._audio_worked = 0.0
        self._began = time.monotonic()

    @property
    def rtfx(self) -> float | None:
        """Seconds of audio worked through for each second that passed; None before the first."""
        elapsed = time.monotonic() - self._began
        return self._audio_worked / elapsed if elapsed > 0 and self._audio_worked else None

    def settled(self, seconds: float, *, known: float = 0.0) -> None:
        """So many more seconds of audio are in the journal; of those ``known``, an earlier run had done the work."""
        self._audio_done += seconds
        self._audio_worked += seconds - known

    def tell(self, stage: str) -> None:
        """Tell the monitor how far it is.

        Raises:
            Stopped: the monitor says so.
        """
        done = len(self._journal.done) + len(self._journal.failed)
        rtfx, audio_left = self.rtfx, max(0.0, self._audio_total - self._audio_done)
        stop = self._monitor.report(
            Progress(
                stage=stage,
                done=done,
                total=self._total,
                failures=len(self._journal.failed),
                audio_done=self._audio_done,
                audio_total=max(self._audio_total, self._audio_done),
                rtfx=rtfx,
                left_seconds=audio_left / rtfx if rtfx and done < self._total else None,
            )
        )
        if stop:
            raise Stopped
