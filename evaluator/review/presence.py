"""Presence: who looks at which subject just now, so that two people do not do the same work unawares.

In the memory of one server: it is worth nothing a minute later. People who gave no sign for GONE_SECONDS are gone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GONE_SECONDS = 15.0
MOST = 10_000
"""People at places that are remembered at once."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody at a subject; ``seconds`` since their last sign."""

    who: str
    editing: bool
    seconds: float


class PresenceBoard:
    """Who is where; safe from several threads."""

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
