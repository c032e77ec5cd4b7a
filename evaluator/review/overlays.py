"""What reviewers said, as columns beside a corpus: decision, reviewer, corrected text, and so on.

They are laid as soon as somebody has said something about the corpus, and anew when there is more, but not without
end: at most every PAUSE_SECONDS, and at most a tenth of the time goes into it. A ledger that cannot be read leaves the
columns as they are, and is asked again after a while: tables must not wait for a database that is away. Nothing is laid
beside a preview.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.ledger import Event, Ledger, review_space
from evaluator.review.assignments import plan_of, plan_space
from evaluator.review.corrections import Correction, corrected
from evaluator.runs.overlay_files import hashed, overlay_file
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import LedgerError

OVERLAY = "review"
PAUSE_SECONDS = 1.0
AWAY_SECONDS = 30.0
PATIENCE_SECONDS = 0.2
"""Columns that took longer are made anew in the background, while those from before are shown."""
AT_ONCE = 20_000
"""Events of a first look that a page waits for; more are read in the background."""
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
    """What is known of a corpus's part of the ledger, from when on it is worth another look, what the last took, and
    how many of how many events were read for the columns that are being made."""

    revision: int = 0
    again: float = 0.0
    spent: float = 0.0
    done: int = 0
    total: int = 0

    def told(self, events: int) -> None:
        """So many events are read."""
        self.done = events


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
            self._in_the_background(corpus, revision)
            return laid[1]
        if laid is None and revision > AT_ONCE and self._ledger.size(review_space(corpus.name)) > AT_ONCE:
            self._in_the_background(corpus, revision)
            return corpus
        return self._settled(corpus, revision)

    def progress(self, name: str) -> tuple[int, int] | None:
        """How many of how many events are read for a corpus's first columns; None when none are being made."""
        known = self._known.get(name)
        return (known.done, known.total) if known is not None and known.total else None

    def laid(self, name: str) -> int:
        """The revision whose columns were laid last beside a corpus."""
        return max((revision for revision, corpus in list(self._laid.values()) if corpus.name == name), default=0)

    def _in_the_background(self, corpus: Corpus, revision: int) -> None:
        if not self._working.locked():
            work = threading.Thread(target=self._settled, args=(corpus, revision), name="review-columns", daemon=True)
            work.start()

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
        plan = repr(plan_of(self._ledger, corpus.name))
        form = hashed(",".join(column.name for column in COLUMNS) + plan)  # under another plan other things are told
        version = f"{revision}-{form}"
        return overlay_file(
            self._cache, stem, version, lambda made: pq.write_table(self._table(corpus, stem, form), made)
        )

    def _table(self, corpus: Corpus, stem: str, form: str) -> pa.Table:
        """What was said; from the newest file that there is, if one is."""
        known = [(int(file.name.split("-")[1]), file) for file in self._cache.glob(f"{stem}-*-{form}.parquet")]
        for revision, file in sorted(known, reverse=True)[:1]:
            try:
                return said_since(pq.read_table(file), corpus, self._ledger, revision)
            except (OSError, pa.ArrowInvalid):  # somebody cleared the cache, or a file is damaged
                break
        known_events = self._known[corpus.name]
        known_events.total = self._ledger.size(review_space(corpus.name))
        try:
            return said(corpus, self._ledger, known_events.told)
        finally:
            known_events.total = known_events.done = 0


def said(corpus: Corpus, ledger: Ledger, tell: Callable[[int], None] = lambda _events: None) -> pa.Table:
    """What was said about the rows of a corpus: ``row`` and the columns of COLUMNS, one line for each such row.

    ``tell`` hears of the number of events that were read.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    plan, parts, events = plan_of(ledger, corpus.name), [_table([])], 0
    for part in ledger.walked(review_space(corpus.name)):
        parts.append(_table(corrected(corpus, plan, part)[0]))
        events += sum(map(len, part.values()))
        tell(events)
    return pa.concat_tables(parts)


def said_since(before: pa.Table, corpus: Corpus, ledger: Ledger, revision: int) -> pa.Table:
    """``said`` from what it was at an earlier revision: only of what was said since it is asked."""
    space = review_space(corpus.name)
    subjects = dict.fromkeys(event.subject for event in ledger.events(space, after=revision))
    histories: dict[str, list[Event]] = {subject: [] for subject in subjects}
    for event in ledger.histories(space, subjects):
        histories[event.subject].append(event)
    new = _table(corrected(corpus, plan_of(ledger, corpus.name), histories)[0])
    kept = before.filter(pc.invert(pc.is_in(before["row"], new["row"].combine_chunks())))
    return pa.concat_tables([kept, new])


def _table(rows: Sequence[Correction]) -> pa.Table:
    values = {
        "decision": [one.stands for one in rows],
        "reviewer": [None if one.waiting and not one.holds else _reviewer(one) for one in rows],
        "decided_by": [", ".join(one.deciders) or None for one in rows],
        "corrected": [one.text for one in rows],
        "reject_reason": [one.reason or None if one.decision == "reject" else None for one in rows],
        "review_tags": [", ".join(one.tags) or None for one in rows],
        "review_comment": [one.comment or None for one in rows],
        "changed_since": [None if one.waiting and not one.holds else one.changed_by for one in rows],
        "edit_conflict": ["two opinions" if one.disputed else ", ".join(one.conflicts) or None for one in rows],
    }
    row = pa.array([one.row for one in rows], pa.int32())
    return pa.table({"row": row, **{name: pa.array(column, pa.string()) for name, column in values.items()}})


def _reviewer(one: Correction) -> str | None:
    """Who decided about it or corrected it last."""
    events = [one.events[field] for field in ("decision", "reference") if field in one.events]
    return max(events, key=lambda event: event.id).who if events else None
