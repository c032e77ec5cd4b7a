"""Identities: which rows of a corpus are repetitions of an earlier one, in 16 bytes a row.

The identities seen so far are 64-bit numbers in sorted runs, each with the place where it was first seen. A new batch
is looked up in every run and then becomes a run itself; runs of similar length are merged, so there are few of them. A
dictionary would take nine times the memory: 1.4 GB for ten million rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NEW = -1


class Identities:
    """The identities of all rows so far; not for several threads."""

    def __init__(self) -> None:
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, digests: Sequence[bytes], places: Sequence[int] | np.ndarray) -> np.ndarray:
        """Remember rows by digests of 8 bytes; for each, int64, the place of its first occurrence, NEW if that is it.

        ``places`` are numbers >= 0 that the caller chooses; rows of one place and identity count as one row.
        """
        keys = np.frombuffer(b"".join(digests), dtype=np.uint64)
        here = np.asarray(places, dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        distinct, first, number = _firsts(keys[order])
        earliest = here[order][first]
        known = np.zeros(len(distinct), dtype=bool)
        for run, at in self._runs:
            found = np.minimum(np.searchsorted(run, distinct), len(run) - 1)
            match = run[found] == distinct
            earliest[match] = at[found[match]]
            known |= match
        self._keep(distinct[~known], earliest[~known])
        seen = np.empty(len(keys), dtype=np.int64)
        seen[order] = earliest[number]
        return np.where(seen == here, NEW, seen)

    def _keep(self, keys: np.ndarray, places: np.ndarray) -> None:
        """Add a sorted run; the last one is at most half as long as the one before it."""
        if not len(keys):
            return
        self._runs.append((keys, places))
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) > len(self._runs[-2][0]):
            one, other = self._runs.pop(), self._runs.pop()
            both = np.concatenate([one[0], other[0]])
            order = np.argsort(both, kind="stable")
            self._runs.append((both[order], np.concatenate([one[1], other[1]])[order]))


def _firsts(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different values of sorted ``keys``, where each begins, and for every key the number of its value."""
    new = np.ones(len(keys), dtype=bool)
    new[1:] = keys[1:] != keys[:-1]
    first = np.flatnonzero(new)
    return keys[first], first, np.cumsum(new) - 1
