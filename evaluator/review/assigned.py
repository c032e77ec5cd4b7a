"""Whose an utterance is, as a column beside a corpus, and what somebody has still to do, as a filter.

The column follows from the plan alone (assignments.py), so it is made once for each plan. A preview, a corpus without a
plan, and a ledger that cannot be read leave the corpus as it is.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.ledger import Ledger
from evaluator.review.assignments import Plan, plan_of, plan_space
from evaluator.runs.overlay_files import hashed, overlay_file
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import LedgerError

LOOK_SECONDS = 1.0
AWAY_SECONDS = 30.0
REMEMBERED = 8
_AT_ONCE = 50_000

ASSIGNED = Column(
    name="assigned",
    label="Assigned to",
    kind="text",
    origin="run",
    help="Whose utterance it is by the plan on the page Progress; two names where two people are to decide.",
)


@dataclass(slots=True)
class _Planned:
    """The plan of a corpus as of a revision, and from when on to look again."""

    revision: int = 0
    plan: Plan | None = None
    again: float = 0.0


class AssignedOverlays:
    """Lays the column ASSIGNED; safe from several threads."""

    def __init__(self, ledger: Ledger, cache: Path) -> None:
        self._ledger = ledger
        self._cache = cache
        self._lock = threading.Lock()
        self._planned: dict[str, _Planned] = {}
        self._laid: OrderedDict[str, tuple[int, Corpus]] = OrderedDict()

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with the column, if its work is split."""
        if not corpus.complete or not self._ledger.begun:
            return corpus
        with self._lock:
            planned = self._look(corpus.name)
            if planned.plan is None:
                return corpus
            laid = self._laid.get(corpus.key)
            if laid is None or laid[0] != planned.revision:
                file = self._written(corpus, planned.plan)
                laid = planned.revision, corpus.laid(Overlay("assigned", file, (ASSIGNED,)))
                self._laid[corpus.key] = laid
                while len(self._laid) > REMEMBERED:
                    self._laid.popitem(last=False)
            return laid[1]

    def _look(self, name: str) -> _Planned:
        planned = self._planned.setdefault(name, _Planned())
        now = time.monotonic()
        if now >= planned.again:
            planned.again = now + LOOK_SECONDS
            try:
                revision = self._ledger.revision(plan_space(name))
                if revision != planned.revision:
                    planned.plan = plan_of(self._ledger, name)
                    planned.revision = revision
            except LedgerError:
                planned.again = now + AWAY_SECONDS
        return planned

    def _written(self, corpus: Corpus, plan: Plan) -> Path:
        stem = hashed(f"{corpus.content_key}\0assigned")
        version = hashed(repr(plan))
        return overlay_file(self._cache, stem, version, lambda made: pq.write_table(assigned(corpus, plan), made))


def assigned(corpus: Corpus, plan: Plan) -> pa.Table:
    """``row`` and the column ASSIGNED of all rows."""
    names = pa.array([*plan.people, *(f"{one}, {other}" for one in plan.people for other in plan.people)])
    number, parts = len(plan.people), []
    for start in range(0, corpus.size, _AT_ONCE):
        rows = np.arange(start, min(corpus.size, start + _AT_ONCE), dtype=np.int32)
        first, second = plan.owners([id for id, _ in corpus.listed(rows, ())])
        parts.append(np.where(second < 0, first, number + first * number + second))
    places = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    row = pa.array(np.arange(len(places), dtype=np.int32))
    return pa.table({"row": row, ASSIGNED.name: names.take(pa.array(places))})


def to_do(who: str, everybody: Iterable[str]) -> str:
    """The expression of the filter box for what is somebody's and not decided by them yet.

    ``everybody`` are the names there are: a name that is a part of another needs more words.
    """
    alone = not any(who.lower() in name.lower() for name in everybody if name != who)
    named = _contains if alone else _has
    mine, done = named("assigned", who), named("decided_by", who)
    return f"{mine} && !{done}"


def _contains(column: str, who: str) -> str:
    return f"{{{column}}} contains {_quoted(who)}"


def _has(column: str, who: str) -> str:
    """The name is one of a list of names."""
    tests = {"=": who, "starts with": f"{who}, ", "ends with": f", {who}", "contains": f", {who}, "}
    return f"({' || '.join(f'{{{column}}} {test} {_quoted(text)}' for test, text in tests.items())})"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
