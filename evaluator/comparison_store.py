"""Comparisons that were asked for: made in the background, one at a time, remembered, told about while they are made.

Resampling and aligning a big corpus takes longer than a page should wait; the page asks again until it is done. Keys
name everything that a comparison depends on, so what is remembered is never stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field

from evaluator.comparison import Comparison
from explorer.errors import SpeechDataError

REMEMBERED = 32
WAIT_SECONDS = 0.8

Tell = Callable[[int, int], None]


class CancelledComparison(SpeechDataError):
    """Somebody pressed Cancel."""


@dataclass(frozen=True, slots=True)
class Making:
    """A comparison that is not there yet: systems done, of all."""

    done: int
    total: int


@dataclass(slots=True)
class _Work:
    future: Future[Comparison] | None = None
    done: int = 0
    total: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)


class ComparisonStore:
    """Makes and remembers comparisons; safe from several threads."""

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait = wait_seconds
        self._lock = threading.Lock()
        self._works: OrderedDict[Hashable, _Work] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="compare")

    def get(self, key: Hashable, make: Callable[[Tell], Comparison]) -> Comparison | Making:
        """The comparison under ``key``, begun now if nobody has; how far it is when it takes longer than a moment.

        Raises:
            SpeechDataError: what ``make`` raised; it is tried again the next time.
        """
        with self._lock:
            work = self._works.get(key)
            if work is None:
                work = self._works[key] = _Work()
                work.future = self._pool.submit(self._make, work, make)
                while len(self._works) > REMEMBERED:
                    self._works.popitem(last=False)
            self._works.move_to_end(key)
        assert work.future is not None
        try:
            return work.future.result(timeout=self._wait)
        except NotYet:
            return Making(work.done, work.total)
        except BaseException:
            with self._lock:
                if self._works.get(key) is work:
                    del self._works[key]
            raise

    def cancel(self, key: Hashable) -> None:
        """Give up the comparison under ``key`` before its next system."""
        with self._lock:
            work = self._works.pop(key, None)
        if work is not None:
            work.cancelled.set()

    def close(self) -> None:
        """Give up everything."""
        with self._lock:
            works = list(self._works.values())
            self._works.clear()
        for work in works:
            work.cancelled.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _make(work: _Work, make: Callable[[Tell], Comparison]) -> Comparison:
        def tell(done: int, total: int) -> None:
            if work.cancelled.is_set():
                raise CancelledComparison("the comparison was cancelled")
            work.done, work.total = done, total

        return make(tell)
