"""Taken: which row of a file of predictions each utterance has got, and what became of the other rows.

Held as arrays, a few bytes for each utterance and the texts as Arrow: a file of ten million rows is nothing special.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from explorer.predictions.join_report import REPEATED
from explorer.records import Problem

LISTED = 2_000
"""Problems that are listed, those of the first lines; all are counted."""
WRITTEN_AT_ONCE = 500_000
NOBODY = -1


class Taken:
    """The rows of the file called ``source`` that the utterances of a corpus of this size have got."""

    def __init__(self, size: int, source: str) -> None:
        self.rows = 0
        self.faulty = 0
        self.left_out: Counter[str] = Counter()
        self._source = source
        self._lines = np.full(size, NOBODY, np.int64)
        self._places = np.full(size, NOBODY, np.int64)
        self._texts: list[pa.Array] = []
        self._held = 0
        self._times: list[tuple[np.ndarray, np.ndarray]] = []
        self._problems: list[Problem] = []
        self._last = math.inf

    @property
    def without(self) -> np.ndarray:
        """The utterances that have got nothing, ascending."""
        return np.flatnonzero(self._lines == NOBODY)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The first of what could not be joined, by their lines."""
        return tuple(sorted(self._problems, key=_line)[:LISTED])

    def take(self, rows: np.ndarray, lines: np.ndarray, texts: Sequence[str] | pa.Array) -> None:
        """Give utterances their hypotheses, unless an earlier line of the file has.

        ``rows`` are utterances, ``lines`` those of the file, ``texts`` their hypotheses.
        """
        self._texts.append(pa.array(texts, pa.string()) if not isinstance(texts, pa.Array) else texts)
        places = np.arange(self._held, self._held + len(rows))
        self._held += len(rows)
        _, inverse, counts = np.unique(rows, return_inverse=True, return_counts=True)
        easy = (counts[inverse] == 1) & (self._lines[rows] == NOBODY)
        self._lines[rows[easy]], self._places[rows[easy]] = lines[easy], places[easy]
        for row, line, place in zip(*(values[~easy].tolist() for values in (rows, lines, places)), strict=True):
            other = int(self._lines[row])
            if other == NOBODY or line < other:
                self._lines[row], self._places[row] = line, place
            if other != NOBODY:
                message = f"the row is for the same utterance as line {min(line, other)}"
                self.leave(max(line, other), message, REPEATED)

    def leave(self, line: int, message: str, kind: str) -> None:
        """Note a row that is joined with nothing."""
        self.left_out[kind] += 1
        self._list(Problem(self._source, line, None, message, kind))

    def fault(self, problem: Problem) -> None:
        """Note a line that the file's format could not read; repeated rows are rows."""
        if problem.kind == "duplicate":
            self.rows += 1
            self.leave(problem.line or 0, problem.message, REPEATED)
        else:
            self.faulty += 1
            self._list(problem)

    def time(self, lines: Sequence[int], seconds: Sequence[float | None]) -> None:
        """Note how long the system took for the rows of these lines."""
        known = np.array([math.nan if time is None else time for time in seconds], np.float64)
        kept = ~np.isnan(known)
        if kept.any():
            self._times.append((np.asarray(lines, np.int64)[kept], known[kept]))

    def tables(self, text: str, time: str) -> Iterator[pa.Table]:
        """What the utterances have got, ascending: ``row``, the column ``text`` and, where any is known, ``time``."""
        texts = pa.chunked_array(self._texts, pa.string())
        given = np.flatnonzero(self._places != NOBODY)
        timed = self._sorted_times()
        for start in range(0, max(1, len(given)), WRITTEN_AT_ONCE):
            rows = given[start : start + WRITTEN_AT_ONCE]
            columns = {"row": pa.array(rows.astype(np.int32)), text: texts.take(pa.array(self._places[rows]))}
            if timed is not None:
                columns[time] = _times_of(self._lines[rows], *timed)
            yield pa.table(columns)

    def _sorted_times(self) -> tuple[np.ndarray, np.ndarray] | None:
        if not self._times:
            return None
        lines, seconds = (np.concatenate(values) for values in zip(*self._times, strict=True))
        order = np.argsort(lines, kind="stable")
        return lines[order], seconds[order]

    def _list(self, problem: Problem) -> None:
        if _line(problem) > self._last:
            return
        self._problems.append(problem)
        if len(self._problems) >= 2 * LISTED:
            self._problems = sorted(self._problems, key=_line)[:LISTED]
            self._last = _line(self._problems[-1])


def _line(problem: Problem) -> int:
    return problem.line or 0


def _times_of(wanted: np.ndarray, lines: np.ndarray, seconds: np.ndarray) -> pa.Array:
    places = np.minimum(np.searchsorted(lines, wanted), len(lines) - 1)
    return pa.array(seconds[places], pa.float64(), mask=lines[places] != wanted)
