"""The progress of corpora: counted once, in the background where that takes a while, then kept up to date."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from evaluator.ledger import Ledger, review_space
from evaluator.normalizers.registry import Normalizer
from evaluator.review.assignments import plan_of, plan_space
from evaluator.review.progress import ReviewProgress
from evaluator.review.progress_counting import ProgressCount
from explorer.corpora.corpus import Corpus
from explorer.errors import LedgerError, LedgerUnavailable

AT_ONCE = 20_000
"""Events that a page waits for; more are read in the background."""

_Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Counting:
    """How many of how many events are read."""

    done: int
    total: int


@dataclass(slots=True)
class _Kept:
    """A count, what it is of, and the thread that is at it."""

    key: _Key
    count: ProgressCount | None = None
    found: ReviewProgress | None = None
    done: int = 0
    total: int = 0
    failure: str = ""
    thread: threading.Thread | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def told(self, events: int) -> None:
        """So many events are read."""
        self.done = events


class ProgressStore:
    """Remembers the count of every corpus; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def get(self, corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> ReviewProgress | Counting:
        """How far the corpus is, or how far the first count of it.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        kept = self._of(corpus, ledger, normalizer)
        with self._lock:
            if kept.thread is not None and kept.thread.is_alive():
                return kept.found or Counting(kept.done, kept.total)
            if kept.failure:
                failure, kept.failure = kept.failure, ""
                raise LedgerUnavailable(failure)
            space = review_space(corpus.name)
            known = kept.count.revision if kept.count is not None else 0
            new = ledger.revision(space) - known  # of all spaces, so at least those of this one
            if new > AT_ONCE and ledger.size(space) > AT_ONCE:
                kept.done, kept.total = 0, ledger.size(space)
                kept.thread = threading.Thread(
                    target=self._quietly, args=(kept, corpus, ledger, normalizer), name="review-progress", daemon=True
                )
                kept.thread.start()
                return kept.found or Counting(0, kept.total)
        return self._counted(kept, corpus, ledger, normalizer)

    def whole(self, corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> ReviewProgress:
        """How far the corpus is, however long it takes.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        return self._counted(self._of(corpus, ledger, normalizer), corpus, ledger, normalizer)

    def _of(self, corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> _Kept:
        key = corpus.content_key, normalizer.tag, ledger.revision(plan_space(corpus.name))
        with self._lock:
            kept = self._kept.get(corpus.name)
            if kept is None or kept.key != key:
                kept = self._kept[corpus.name] = _Kept(key)
            return kept

    def _quietly(self, kept: _Kept, corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> None:
        try:
            self._counted(kept, corpus, ledger, normalizer)
        except LedgerError as error:
            kept.failure = str(error)

    def _counted(self, kept: _Kept, corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> ReviewProgress:
        with kept.turn:
            count = kept.count or ProgressCount(corpus, plan_of(ledger, corpus.name), normalizer)
            before = count.revision
            try:
                count.update(ledger, kept.told)
            except BaseException:
                kept.count = None  # half of it is counted
                raise
            kept.count = count
            if kept.found is None or count.revision != before:
                kept.found = count.progress()
            return kept.found
