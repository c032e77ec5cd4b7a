"""What reviewers said, as columns beside a corpus: decision, reviewer, corrected text, and so on.

They are laid as soon as somebody has said something about the corpus, and anew when there is more, but not without
end: at most every PAUSE_SECONDS, and at most a tenth of the time goes into it. A ledger that cannot be read leaves the
columns as they are, and is asked again after a while: tables must not wait for a database that is away. Nothing is laid
beside a preview.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.ledger import Ledger, review_space
from evaluator.review.assignments import plan_space
from evaluator.review.corrections import Correction, corrections
from evaluator.review.opinions import opinions
from evaluator.runs.run_overlays import hashed, swept
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import LedgerError

OVERLAY = "review"
PAUSE_SECONDS = 1.0
AWAY_SECONDS = 30.0
PATIENCE_SECONDS = 0.2
"""Columns that took longer are made anew in the background, while those from before are shown."""
SHARE = 0.1
"""Of the time that may go into laying columns anew."""

COLUMNS = (
    Column(
        name="decision",
        label="Decision",
        kind="text",
        origin="run",
        help='What a reviewer decided: "accept" or "reject"; missing while nobody has, when the text was changed after '
        "it was accepted, and where two people decide until both have decided alike.",
    ),
    Column(
        name="reviewer", label="Reviewer", kind="text", origin="run", help="Who decided about or corrected it last."
    ),
    Column(
        name="decided_by",
        label="Decided by",
        kind="text",
        origin="run",
        help="Everybody who has decided about it, has not taken it back, and accepted the text as it is now; by name, "
        "with commas between them.",
        hidden=True,
    ),
    Column(
        name="corrected",
        label="Corrected",
        kind="text",
        origin="run",
        help="The text as a reviewer corrected it; missing where the reference stands.",
    ),
    Column(
        name="reject_reason",
        label="Reject reason",
        kind="text",
        origin="run",
        help="Why a reviewer rejected it.",
        hidden=True,
    ),
    Column(name="review_tags", label="Tags", kind="text", origin="run", help="Reviewers' tags.", hidden=True),
    Column(
        name="review_comment", label="Comment", kind="text", origin="run", help="A reviewer's comment.", hidden=True
    ),
    Column(
        name="changed_since",
        label="Changed since accepted by",
        kind="text",
        origin="run",
        help="Who changed the text after it was accepted; missing where the text is the one that was accepted.",
        hidden=True,
    ),
    Column(
        name="edit_conflict",
        label="Edit conflict",
        kind="text",
        origin="run",
        help="What was said over another row than the manifest has now, or two opinions that differ: not applied until "
        "it is saved again.",
        hidden=True,
    ),
)
"""The columns; the page and the exports of a review say more."""


REMEMBERED = 8
"""Snapshots that the columns are laid beside at once: views of a corpus under different normalizers and weights."""


@dataclass(slots=True)
class _Known:
    """What is known of a corpus's part of the ledger, from when on it is worth another look, and what the last took."""

    revision: int = 0
    again: float = 0.0
    spent: float = 0.0


class ReviewOverlays:
    """Lays what the ledger says beside corpora; safe from several threads."""

    def __init__(self, ledger: Ledger, cache: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._cache = cache
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._laid: OrderedDict[str, tuple[int, Corpus]] = OrderedDict()  # by the key of the bare snapshot
        self._working = threading.Lock()

    def revision(self, name: str) -> int:
        """The number of the newest event that is, or could now be, beside the corpus of that name."""
        known = self._known.setdefault(name, _Known())
        if self._clock() < known.again or not self._ledger.begun:
            return known.revision
        known.again = self._clock() + PAUSE_SECONDS  # the others do not ask meanwhile
        try:
            said = self._ledger.revision(review_space(name))
            known.revision = said and max(said, self._ledger.revision(plan_space(name)))  # which hides what is blind
        except LedgerError:
            known.again = self._clock() + AWAY_SECONDS
        return known.revision

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with the columns of COLUMNS, if anything was said about it; a preview stays as it is."""
        revision = self.revision(corpus.name) if corpus.complete else 0
        if not revision:
            return corpus
        laid = self._laid.get(corpus.key)
        if laid is not None and laid[0] == revision:
            return laid[1]
        if laid is not None and self._known[corpus.name].spent > PATIENCE_SECONDS:
            if not self._working.locked():
                work = threading.Thread(
                    target=self._settled, args=(corpus, revision), name="review-columns", daemon=True
                )
                work.start()
            return laid[1]
        return self._settled(corpus, revision)

    def _settled(self, corpus: Corpus, revision: int) -> Corpus:
        """The corpus with its columns as of a revision; made by one thread at a time."""
        with self._working:
            laid = self._laid.get(corpus.key)
            if laid is not None and laid[0] >= revision:
                return laid[1]
            try:
                return self._anew(corpus, revision)
            except (LedgerError, OSError):  # a database or a disk that fails: the table does without the news
                self._known[corpus.name].again = self._clock() + AWAY_SECONDS
                return corpus if laid is None else laid[1]

    def _anew(self, corpus: Corpus, revision: int) -> Corpus:
        started = self._clock()
        made = corpus.laid(Overlay(OVERLAY, self._written(corpus, revision), COLUMNS))
        self._laid[corpus.key] = revision, made
        while len(self._laid) > REMEMBERED:
            self._laid.popitem(last=False)
        spent = self._clock() - started
        known = self._known[corpus.name]
        known.spent, known.again = spent, self._clock() + max(PAUSE_SECONDS, spent / SHARE)
        return made

    def _written(self, corpus: Corpus, revision: int) -> Path:
        stem = hashed(f"{corpus.content_key}\0{corpus.name}\0{OVERLAY}")
        form = hashed(",".join(column.name for column in COLUMNS))  # another version may have had others
        path = self._cache / f"{stem}-{revision}-{form}.parquet"
        if not path.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            building = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
            pq.write_table(said(corpus, self._ledger), building)
            building.replace(path)
            swept(self._cache, stem)
        return path


def said(corpus: Corpus, ledger: Ledger) -> pa.Table:
    """What was said about the rows of a corpus: ``row`` and the columns of COLUMNS, one line for each such row.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    rows = corrections(corpus, ledger).rows
    decided = _deciders(rows, corpus, ledger)
    values = {
        "decision": [one.stands for one in rows],
        "reviewer": [None if one.waiting else _reviewer(one) for one in rows],
        "decided_by": [decided.get(one.id) for one in rows],
        "corrected": [one.text for one in rows],
        "reject_reason": [one.reason or None if one.decision == "reject" else None for one in rows],
        "review_tags": [", ".join(one.tags) or None for one in rows],
        "review_comment": [one.comment or None for one in rows],
        "changed_since": [None if one.waiting else one.changed_by for one in rows],
        "edit_conflict": ["two opinions" if one.disputed else ", ".join(one.conflicts) or None for one in rows],
    }
    row = pa.array([one.row for one in rows], pa.int32())
    return pa.table({"row": row, **{name: pa.array(column, pa.string()) for name, column in values.items()}})


def _deciders(rows: Sequence[Correction], corpus: Corpus, ledger: Ledger) -> dict[str, str]:
    """The names of who decided about each row; only where more than one decision was made is its history asked for."""
    found = {one.id: ", ".join(one.overlap.deciders()) for one in rows if one.overlap is not None}
    alone = {one.id: one for one in rows if one.overlap is None and "decision" in one.events}
    decisions = [one.events["decision"] for one in alone.values()]
    several = [event.subject for event in decisions if event.base is not None]
    said = opinions(ledger.histories(review_space(corpus.name), several, "decision"), "decision")
    said |= {event.subject: {event.who: event.new} for event in decisions if event.base is None and event.new}
    for subject, people in said.items():
        outdated = alone[subject].changed_by is not None
        found[subject] = ", ".join(sorted(who for who, new in people.items() if not (outdated and new == "accept")))
    return {subject: names for subject, names in found.items() if names}


def _reviewer(one: Correction) -> str | None:
    """Who decided about it or corrected it last."""
    events = [one.events[field] for field in ("decision", "reference") if field in one.events]
    return max(events, key=lambda event: event.id).who if events else None
