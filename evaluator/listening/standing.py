"""How a listening test stands: its raters and answers, kept in memory and brought up to date by what is new.

A rater's browser asks often, and the ledger of a long test is long; only the events after the last one known are read.
They are numbered without gaps by one writer at a time (evaluator/ledger/ledger.py), so none can appear behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from evaluator.ledger import Ledger
from evaluator.ledger.events import Event
from evaluator.listening.plans import Screen
from evaluator.listening.ratings import PLAN, RATING, Answer, Rater, answer_of, rater_of, space_of

NOTHING: Mapping[str, tuple[int, ...]] = MappingProxyType({})


class Standing:
    """One test's raters and answers so far; safe from several threads."""

    def __init__(self, test_id: str, ledger: Ledger) -> None:
        self._space, self._ledger = space_of(test_id), ledger
        self._lock = threading.Lock()
        self._revision = 0
        self._raters: dict[str, Rater] = {}
        self._names: dict[str, str] = {}
        self._screens: dict[tuple[str, str], Screen] = {}
        self._answers: list[Answer] = []
        self._answered: dict[str, dict[str, tuple[int, ...]]] = {}

    def follow(self) -> int:
        """Read what is new; the number of the newest event, 0 where there is none.

        Raises:
            LedgerUnavailable: it cannot be read.
        """
        with self._lock:
            self._take(self._ledger.events(self._space, after=self._revision))
            return self._revision

    def rater(self, id: str) -> Rater | None:
        """Whose link has that id."""
        return self._raters.get(id)

    def named(self, name: str) -> Rater | None:
        """Who goes by that name; capitals make no difference."""
        return self._raters.get(self._names.get(name.casefold(), ""))

    def answered(self, rater: str) -> dict[str, tuple[int, ...]]:
        """What a rater has answered, by screen."""
        with self._lock:
            return dict(self._answered.get(rater, NOTHING))

    def raters(self) -> dict[str, Rater]:
        """Everybody by id, in the order in which they came."""
        with self._lock:
            return dict(self._raters)

    def answers(self) -> list[Answer]:
        """Every answer, in the order of the ledger."""
        with self._lock:
            return list(self._answers)

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            self._revision = event.id
            if event.field == PLAN:
                rater = rater_of(event)
                self._raters[rater.id] = rater
                self._names.setdefault(rater.name.casefold(), rater.id)
                self._screens |= {(rater.id, screen.id): screen for screen in rater.screens}
            elif event.field == RATING:
                answer = answer_of(event, self._screens)
                self._answers.append(answer)
                self._answered.setdefault(answer.rater, {})[answer.screen.id] = answer.values
