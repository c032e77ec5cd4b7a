"""Comparisons and what is found out beside them: made in the background, remembered, told about while they are made.

Resampling and aligning a big corpus takes longer than a page should wait; the page asks again until it is done. Keys
name everything that a result depends on, so what is remembered is never stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any, TypeVar

from explorer.errors import SpeechDataError

REMEMBERED = 32
MOST_BYTES = 200_000_000
WAIT_SECONDS = 0.4

T = TypeVar("T")
Tell = Callable[[int, int], None]


class CancelledComparison(SpeechDataError):
    """Somebody pressed Cancel."""


@dataclass(frozen=True, slots=True)
class Making:
    """A result that is not there yet: steps (systems, rows...) done, of all."""

    done: int
    total: int


@dataclass(slots=True)
class _Work:
    future: Future[Any] | None = None
    done: int = 0
    total: int = 0
    nbytes: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)


class ComparisonStore:
    """Makes results one at a time and remembers the last ones; safe from several threads.

    At most ``remembered`` of them, and ``most_bytes`` together as far as they say how large they are (``nbytes``), but
    always the last one that was made.
    """

    def __init__(
        self, *, wait_seconds: float = WAIT_SECONDS, remembered: int = REMEMBERED, most_bytes: int = MOST_BYTES
    ) -> None:
        self._wait = wait_seconds
        self._remembered = remembered
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._works: OrderedDict[Hashable, _Work] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="compare")

    def get(self, key: Hashable, make: Callable[[Tell], T]) -> T | Making:
        """The result under ``key``, begun now if nobody has; how far it is when it takes longer than a moment.

        Raises:
            SpeechDataError: what ``make`` raised; it is tried again the next time.
        """
        work = self._begun(key, make)
        assert work.future is not None
        try:
            found: T = work.future.result(timeout=self._wait)
            return found
        except NotYet:
            return Making(work.done, work.total)
        except BaseException:
            with self._lock:
                if self._works.get(key) is work:
                    del self._works[key]
            raise

    def begin(self, key: Hashable, make: Callable[[Tell], Any]) -> None:
        """Have the result under ``key`` made, unless it is; nobody waits for it."""
        self._begun(key, make)

    def _begun(self, key: Hashable, make: Callable[[Tell], Any]) -> _Work:
        with self._lock:
            work = self._works.get(key)
            if work is None:
                work = self._works[key] = _Work()
                work.future = self._pool.submit(self._make, key, work, make)
                while len(self._works) > self._remembered:
                    self._works.popitem(last=False)
            self._works.move_to_end(key)
            return work

    def cancel(self, key: Hashable) -> None:
        """Give up what is made under ``key`` before its next step."""
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

    def _make(self, key: Hashable, work: _Work, make: Callable[[Tell], T]) -> T:
        def tell(done: int, total: int) -> None:
            if work.cancelled.is_set():
                raise CancelledComparison("the comparison was cancelled")
            work.done, work.total = done, total

        made = make(tell)
        with self._lock:
            work.nbytes = _bytes(made)
            while sum(one.nbytes for one in self._works.values()) > self._most_bytes:
                oldest = next((other for other, one in self._works.items() if one.nbytes and other != key), None)
                if oldest is None:
                    break
                del self._works[oldest]
        return made


def _bytes(made: object) -> int:
    """How large a result is, as far as it or its parts say."""
    if isinstance(made, tuple):
        return sum(map(_bytes, made))
    return int(getattr(made, "nbytes", 0))
