"""Progress: how much of a corpus is decided, by whom, how fast, and how long the rest will take.

    decided        utterances with a decision that still fits their row and text; of both where two people decide, or
                   one from before they were to
    waiting        utterances that somebody said something about, and of whose two people not both have decided
    agreement      of what two people said, who decide each for themselves, before either saw the other's
    working time   the sum of a person's pauses between edits that are at most PAUSE_SECONDS long
    pace           decisions that ended such a pause / working time
    by the hour    everybody's decisions that stand, in the hour they were made; two people's about one are two
    left           undecided utterances / pace of all: hours of work of one person

None where there is nothing to divide by. Hours are those of UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from evaluator.review.agreement import Agreement
from evaluator.review.assignments import Plan
from evaluator.review.corrections import Correction, Gone

PAUSE_SECONDS = 300.0
COLUMNS = (
    "person", "assigned", "assigned_decided", "decided", "accepted", "rejected", "corrected", "working_hours",
    "per_hour", "last_edit",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one person did; ``assigned`` is None without a plan. Times in seconds."""

    name: str
    assigned: int | None
    assigned_decided: int
    accepted: int
    rejected: int
    corrected: int
    working: float
    paced: int
    last: datetime | None

    @property
    def decided(self) -> int:
        """Utterances they have decided about, whatever others say."""
        return self.accepted + self.rejected

    @property
    def per_hour(self) -> float | None:
        """Their pace in decisions per hour of work."""
        return self.paced * 3600 / self.working if self.working else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewProgress:
    """How far a corpus is; ``hours`` are decisions by the hour they were made in, and by person.

    ``outdated`` acceptances are of an earlier text. ``conflicts`` are the first of the ``problems``: rows of which
    something does not apply; ``gone`` the first of the ``lost``: edits whose row the corpus does not have.
    """

    total: int
    accepted: int
    rejected: int
    corrected: int
    outdated: int
    waiting: int
    problems: int
    conflicts: tuple[Correction, ...]
    lost: int
    gone: tuple[Gone, ...]
    people: tuple[Person, ...]
    hours: tuple[tuple[datetime, dict[str, int]], ...]
    agreement: Agreement
    plan: Plan | None
    revision: int

    @property
    def decided(self) -> int:
        """Utterances with a decision."""
        return self.accepted + self.rejected

    @property
    def share(self) -> float | None:
        """The decided part of all, a fraction."""
        return self.decided / self.total if self.total else None

    @property
    def per_hour(self) -> float | None:
        """The pace of all, in decisions per hour of one person's work."""
        working = sum(person.working for person in self.people)
        return sum(person.paced for person in self.people) * 3600 / working if working else None

    @property
    def hours_left(self) -> float | None:
        """Hours of work of one person for what is not decided."""
        return (self.total - self.decided) / self.per_hour if self.per_hour else None

    def records(self) -> Iterator[list[object]]:
        """The people as the values of COLUMNS."""
        for one in self.people:
            pace = None if one.per_hour is None else round(one.per_hour, 1)
            last = None if one.last is None else one.last.isoformat(timespec="seconds")
            yield [
                one.name, one.assigned, None if one.assigned is None else one.assigned_decided, one.decided,
                one.accepted, one.rejected, one.corrected, round(one.working / 3600, 3), pace, last,
            ]  # fmt: skip
