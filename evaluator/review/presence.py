"""Presence: who looks at which subject just now, so that two people do not do the same work unawares.

People who gave no sign for GONE_SECONDS are gone. Signs are in the ledger's database, so that the people of several
servers see each other; while it cannot be written, in the memory of this one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evaluator.ledger import Ledger
from explorer.errors import LedgerError

GONE_SECONDS = 15.0
AWAY_SECONDS = 10.0
"""How long a database that failed is left alone."""
MOST = 10_000
"""People at places that are remembered at once."""


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody at a subject; ``seconds`` since their last sign."""

    who: str
    editing: bool
    seconds: float


class SharedBoard:
    """Who is where, on all servers that share the ledger; safe from several threads."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._own = PresenceBoard(clock)
        self._again = 0.0  # when to try the database again

    def sign(self, space: str, subject: str, who: str, *, editing: bool) -> None:
        """Somebody is at a subject, and nowhere else in this space."""
        self._own.sign(space, subject, who, editing=editing)
        self._asked(lambda: self._ledger.sign(space, subject, who, editing=editing), lambda: None)

    def at(self, space: str, subject: str, *, but: str = "") -> list[Present]:
        """Who is at a subject, without ``but``, the latest sign first."""
        return self._asked(
            lambda: [
                Present(*sign) for sign in self._ledger.signs(space, subject)
                if sign[0] != but and sign[2] <= GONE_SECONDS
            ],
            lambda: self._own.at(space, subject, but=but),
        )  # fmt: skip

    def names(self) -> list[str]:
        """Everybody who is anywhere."""
        return self._asked(self._ledger.signers, self._own.names)

    def _asked(self, ask: Callable[[], Answer], otherwise: Callable[[], Answer]) -> Answer:
        """What the database says; for a while not asked again when it fails, or may not be written."""
        if self._clock() < self._again:
            return otherwise()
        try:
            return ask()
        except LedgerError:
            self._again = self._clock() + AWAY_SECONDS
            return otherwise()


class PresenceBoard:
    """Who is where, in the memory of this server; safe from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._signs: dict[tuple[str, str], tuple[str, bool, float]] = {}

    def sign(self, space: str, subject: str, who: str, *, editing: bool) -> None:
        """Somebody is at a subject, and nowhere else in this space."""
        now = self._clock()
        with self._lock:
            self._signs.pop((space, who), None)  # to the end: the oldest sign stands first
            self._signs[space, who] = (subject, editing, now)
            while self._signs:
                first = next(iter(self._signs))
                if len(self._signs) <= MOST and now - self._signs[first][2] <= GONE_SECONDS:
                    break
                del self._signs[first]

    def at(self, space: str, subject: str, *, but: str = "") -> list[Present]:
        """Who is at a subject, without ``but``, the latest sign first."""
        now = self._clock()
        with self._lock:
            found = [
                Present(who, editing, now - at)
                for (here, who), (place, editing, at) in self._signs.items()
                if here == space and place == subject and who != but and now - at <= GONE_SECONDS
            ]
        return sorted(found, key=lambda one: one.seconds)

    def names(self) -> list[str]:
        """Everybody who is anywhere."""
        with self._lock:
            return sorted({who for _, who in self._signs})


def in_words(present: Sequence[Present]) -> str:
    """``Bo is editing this; Cy is here, too``; "" when nobody is."""
    editing = [one.who for one in present if one.editing]
    looking = [one.who for one in present if not one.editing]
    words = []
    if editing:
        words.append(f"{_listed(editing)} {'is' if len(editing) == 1 else 'are'} editing this")
    if looking:
        words.append(f"{_listed(looking)} {'looks' if len(looking) == 1 else 'look'} at this, too")
    return "; ".join(words)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
