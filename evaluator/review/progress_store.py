"""The progress of corpora, remembered until something new was said, and not counted again all the time.

Counting a ledger of many events takes seconds; while people work it changes every second. So a count is good for ten
times as long as it took.
"""

from __future__ import annotations

import threading
import time

from evaluator.ledger import Ledger, review_space
from evaluator.normalizers.registry import Normalizer
from evaluator.review.assignments import plan_space
from evaluator.review.progress import ReviewProgress, review_progress
from explorer.corpora.corpus import Corpus

RESTS = 10
"""Times that counting took, for which a count is good."""

_Key = tuple[str, str, int]


class ProgressStore:
    """Remembers the last count of every corpus; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting: dict[str, threading.Lock] = {}
        self._made: dict[str, tuple[_Key, int, float, ReviewProgress]] = {}

    def get(self, corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> ReviewProgress:
        """How far the corpus is, or was a moment ago.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        key = corpus.content_key, normalizer.tag, ledger.revision(plan_space(corpus.name))
        with self._lock:
            turn = self._counting.setdefault(corpus.name, threading.Lock())
        with turn:
            revision = ledger.revision(review_space(corpus.name))
            made = self._made.get(corpus.name)
            if made is not None and made[0] == key and (made[1] == revision or time.monotonic() < made[2]):
                return made[3]
            started = time.monotonic()
            progress = review_progress(corpus, ledger, normalizer)
            ended = time.monotonic()
            self._made[corpus.name] = (key, revision, ended + RESTS * (ended - started), progress)
            return progress
