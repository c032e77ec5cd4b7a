"""Results of listening tests: made in the background once for each state of the ratings, the last ones kept meanwhile.

Ratings come while results are resampled. What is being made is made to its end, and only then what has come since: so a
test that is rated all the time has results that are a little old, and never none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from evaluator.comparison_store import ComparisonStore, Making
from evaluator.listening.design import ListeningTest
from evaluator.listening.ratings import Answer
from evaluator.listening.results import Results, results
from evaluator.listening.store import ListeningTests

T = TypeVar("T")
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Results over the first ``answers`` answers; ``making`` when newer ones are made."""

    results: Results
    answers: tuple[Answer, ...]
    making: Making | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is made: results of a test as its file says it, with so many answers at least."""

    test: ListeningTest
    screened: bool
    answers: int


class ResultStore:
    """The results of every test, with and without screening; safe from several threads."""

    def __init__(self, tests: ListeningTests, made: ComparisonStore | None = None) -> None:
        self._tests = tests
        self._made = made or ComparisonStore()
        self._lock = threading.Lock()
        self._last: dict[tuple[ListeningTest, bool], Found] = {}
        self._begun: dict[tuple[ListeningTest, bool], _Wish] = {}

    def of(self, test: ListeningTest, *, screened: bool = True) -> Found | Making:
        """The newest results there are; how far the first ones are when there are none.

        Raises:
            LedgerUnavailable: the ratings cannot be read.
            CancelledComparison: somebody has given up the making, which begins anew the next time.
        """
        place, now = (test, screened), len(self._tests.answers(test))
        with self._lock:
            last = self._last.get(place)
            if last is not None and len(last.answers) == now:
                return last
            wish = self._begun.setdefault(place, _Wish(test, screened, now))
        try:
            found = self._made.get(wish, lambda tell: self._make(wish, tell))
        except BaseException:
            self._settle(place, wish, None)
            raise
        if isinstance(found, Making):
            return found if last is None else replace(last, making=found)
        self._settle(place, wish, found)
        return found if len(found.answers) >= now else self.of(test, screened=screened)

    def beside(self, key: object, make: Callable[[Tell], T]) -> T | Making:
        """Something else that is made of ratings, under a key that names all it depends on."""
        return self._made.get(("beside", key), make)

    def cancel(self, test: ListeningTest, *, screened: bool = True) -> None:
        """Give up what is being made."""
        with self._lock:
            wish = self._begun.pop((test, screened), None)
        if wish is not None:
            self._made.cancel(wish)

    def cancel_beside(self, key: object) -> None:
        """Give up that."""
        self._made.cancel(("beside", key))

    def close(self) -> None:
        """Give up everything."""
        self._made.close()

    def _make(self, wish: _Wish, tell: Tell) -> Found:
        answers = self._tests.answers(wish.test)  # those that have come since the wish, too
        made = results(wish.test, answers, screened=wish.screened, tell=tell)
        return Found(results=made, answers=tuple(answers))

    def _settle(self, place: tuple[ListeningTest, bool], wish: _Wish, found: Found | None) -> None:
        """What was begun is there, or is not to come."""
        with self._lock:
            if self._begun.get(place) == wish:
                del self._begun[place]
            known = self._last.get(place)
            if found is not None and (known is None or len(known.answers) < len(found.answers)):
                self._last[place] = found
