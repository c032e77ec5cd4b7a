"""Resampling several systems together: one bootstrap of utterances, from which every interval and difference follows.

The same resamples serve all systems, so the difference of any two is paired, and changing the baseline, or leaving a
system out, draws nothing anew: a system's interval does not depend on which others are compared. What is drawn are sums
of errors and of reference words, a row for each resample; they are kept in a folder under the hash of everything they
were made of, so that the same numbers are never resampled twice.

Each resample draws as many utterances (whole blocks, where ``blocks`` says which belong together) as there are, with
replacement. That is the bootstrap of significance.py, drawn utterance by utterance, because the joint counts of several
systems hardly ever repeat; beyond MOST_UNITS it would take too long, and each pair is resampled on its own there.

Source: Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from evaluator.comparing.significance import (
    Difference,
    Interval,
    difference,
    difference_of,
    interval_of,
    rate_interval,
    summed,
)
from evaluator.scoring import kept_arrays
from evaluator.scoring.score_table import ScoreTable

MOST_UNITS = 250_000
AT_ONCE = 20
KEPT = 200
"""Files in the folder; the oldest are removed."""

Tell = Callable[[int, int], None]


class Bootstrap(Protocol):
    """What resampling tells about the systems of a table; None where nothing can vary: no reference words, or fewer
    than two utterances (blocks)."""

    def interval(self, system: str) -> Interval | None:
        """Where the system's word error rate lies."""

    def difference(self, baseline: str, system: str) -> Difference | None:
        """The system's rate minus the baseline's."""


def bootstrap(
    table: ScoreTable,
    systems: Sequence[str],
    *,
    resamples: int,
    seed: int,
    folder: Path | None = None,
    tell: Tell = lambda done, total: None,
) -> Bootstrap:
    """The bootstrap of systems that were scored on all rows of the table; ``tell(done, total)`` counts resamples.

    Results are kept in, and taken from, ``folder``.
    """
    counts = np.column_stack([*(table.errors(name) for name in systems), table.lengths(systems[0])]).astype(np.int64)
    units = counts if table.blocks is None else summed(counts, table.blocks)
    if len(units) > MOST_UNITS:
        return Apart(table, resamples, seed)
    if len(units) < 2 or units[:, -1].sum() == 0:
        return Together({name: place for place, name in enumerate(systems)}, units.sum(axis=0), None)
    path = kept_arrays.place(folder, f"sums {resamples} {seed}", [units])
    found = kept_arrays.read(path, "sums")
    sums = _drawn(units, resamples=resamples, seed=seed, tell=tell) if found is None else found[0]
    if found is None:
        kept_arrays.keep(path, {"sums": sums}, most=KEPT)
    return Together({name: place for place, name in enumerate(systems)}, units.sum(axis=0), sums[sums[:, -1] > 0])


@dataclass(frozen=True, slots=True)
class Together:
    """Systems that share their resamples: the ``columns`` they have in ``totals`` and in ``sums`` (resamples, columns),
    whose last column has the reference words; no sums where nothing can vary."""

    columns: dict[str, int]
    totals: np.ndarray
    sums: np.ndarray | None

    def interval(self, system: str) -> Interval | None:
        """Where the system's word error rate lies."""
        if self.sums is None:
            return None
        return interval_of(self.sums[:, self.columns[system]] / self.sums[:, -1])

    def difference(self, baseline: str, system: str) -> Difference | None:
        """The system's rate minus the baseline's."""
        if self.sums is None:
            return None
        more = self.sums[:, self.columns[system]] - self.sums[:, self.columns[baseline]]
        delta = (self.totals[self.columns[system]] - self.totals[self.columns[baseline]]) / self.totals[-1]
        return difference_of(more / self.sums[:, -1], float(delta), resamples=len(more))


@dataclass(frozen=True, slots=True)
class Apart:
    """Systems, and pairs of them, that are each resampled when they are asked about."""

    table: ScoreTable
    resamples: int
    seed: int

    def interval(self, system: str) -> Interval | None:
        """Where the system's word error rate lies."""
        errors, lengths = self.table.errors(system), self.table.lengths(system)
        return rate_interval(errors, lengths, blocks=self.table.blocks, resamples=self.resamples, seed=self.seed)

    def difference(self, baseline: str, system: str) -> Difference | None:
        """The system's rate minus the baseline's."""
        return difference(
            self.table.errors(baseline),
            self.table.errors(system),
            self.table.lengths(baseline),
            blocks=self.table.blocks,
            resamples=self.resamples,
            seed=self.seed,
        )


def kept_interval(
    errors: np.ndarray,
    lengths: np.ndarray,
    *,
    blocks: np.ndarray | None,
    resamples: int,
    seed: int,
    folder: Path | None,
) -> Interval | None:
    """``rate_interval``, kept in and taken from ``folder``."""
    path = kept_arrays.place(
        folder, f"interval {resamples} {seed}", [errors, lengths, *([] if blocks is None else [blocks])]
    )
    found = kept_arrays.read(path, "ends")
    if found is not None:
        return Interval(*found[0].tolist()) if len(found[0]) else None
    made = rate_interval(errors, lengths, blocks=blocks, resamples=resamples, seed=seed)
    kept_arrays.keep(path, {"ends": np.array([] if made is None else [made.low, made.high])}, most=KEPT)
    return made


def _drawn(units: np.ndarray, *, resamples: int, seed: int, tell: Tell) -> np.ndarray:
    """Sums over the units of each resample, int64 of shape (resamples, columns); the sums are exact."""
    generator = np.random.default_rng(seed)
    size = len(units)
    values = units.astype(np.float64)
    sums = np.empty((resamples, units.shape[1]), dtype=np.int64)
    times = np.empty((AT_ONCE, size))
    for start in range(0, resamples, AT_ONCE):
        step = min(AT_ONCE, resamples - start)
        for place in range(step):
            times[place] = np.bincount(generator.integers(0, size, size, dtype=np.uint32), minlength=size)
        sums[start : start + step] = np.rint(times[:step] @ values)
        tell(start + step, resamples)
    return sums
