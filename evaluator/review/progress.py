"""Progress: how much of a corpus is decided, by whom, how fast, and how long the rest will take.

    decided        utterances with a decision that still fits their row and text, of both where two people decide
    agreement      of what two people said before either saw the other's
    working time   the sum of a person's pauses between edits that are at most PAUSE_SECONDS long
    pace           decisions that ended such a pause / working time
    by the hour    everybody's decisions that stand, in the hour they were made; two people's about one are two
    left           undecided utterances / pace of all: hours of work of one person

None where there is nothing to divide by. Hours are those of UTC.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from evaluator.ledger import Event, Ledger, review_space
from evaluator.normalizers.registry import Normalizer
from evaluator.review.agreement import Agreement, agreement
from evaluator.review.assignments import Plan, plan_of
from evaluator.review.corrections import Corrections, corrections
from evaluator.review.opinions import opinions, overlapping, standing
from evaluator.review.overlap import made_apart
from explorer.corpora.corpus import Corpus

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
    """How far a corpus is; ``hours`` are decisions by the hour they were made in, and by person."""

    total: int
    accepted: int
    rejected: int
    corrected: int
    said: Corrections
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


def review_progress(corpus: Corpus, ledger: Ledger, normalizer: Normalizer) -> ReviewProgress:
    """How far the corpus is by now.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    space = review_space(corpus.name)
    events = ledger.events(space)
    said, plan = corrections(corpus, ledger), plan_of(ledger, corpus.name)
    decisions = Counter(one.stands for one in said.rows)
    return ReviewProgress(
        total=corpus.size,
        accepted=decisions["accept"],
        rejected=decisions["reject"],
        corrected=sum(one.text is not None for one in said.rows),
        said=said,
        people=_people(corpus, events, plan),
        hours=_hours(events),
        agreement=agreement(overlapping(made_apart(events, plan)), normalizer),
        plan=plan,
        revision=events[-1].id if events else 0,
    )


def _people(corpus: Corpus, events: Sequence[Event], plan: Plan | None) -> tuple[Person, ...]:
    own: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        own[event.who].append(event)
    decided, corrected = opinions(events, "decision"), opinions(events, "reference")
    by_person: dict[str, dict[str, str]] = defaultdict(dict)
    for subject, people in decided.items():
        for who, decision in people.items():
            by_person[who][subject] = decision
    texts = Counter(who for people in corrected.values() for who in people)
    assigned, done = _shares(corpus, plan, by_person)
    names = [*own, *(name for name in (plan.people if plan else ()) if name not in own)]
    found = []
    for name in names:
        counts = Counter(by_person[name].values())
        working, paced = _work(own[name])
        found.append(
            Person(
                name=name,
                assigned=assigned.get(name, 0) if plan else None,
                assigned_decided=done.get(name, 0),
                accepted=counts["accept"],
                rejected=counts["reject"],
                corrected=texts[name],
                working=working,
                paced=paced,
                last=own[name][-1].at if own[name] else None,
            )
        )
    return tuple(sorted(found, key=lambda person: (-person.decided, person.name)))


def _work(events: Sequence[Event]) -> tuple[float, int]:
    """Working time in seconds, and the decisions that ended a pause which counts."""
    working, paced = 0.0, 0
    for before, after in pairwise(events):
        pause = (after.at - before.at).total_seconds()
        if 0 < pause <= PAUSE_SECONDS:
            working += pause
            paced += after.field == "decision" and after.new is not None
    return working, paced


def _shares(
    corpus: Corpus, plan: Plan | None, by_person: dict[str, dict[str, str]]
) -> tuple[dict[str, int], dict[str, int]]:
    """How many utterances are whose, and how many of those they have decided about."""
    if plan is None:
        return {}, {}
    assigned: Counter[str] = Counter()
    for batch in range(0, corpus.size, 50_000):
        rows = np.arange(batch, min(corpus.size, batch + 50_000), dtype=np.int32)
        ids = [id for id, _ in corpus.listed(rows, ())]
        for name in plan.people:
            assigned[name] += int(plan.share(name, ids).sum())
    done = {name: int(plan.share(name, list(by_person[name])).sum()) for name in plan.people if by_person[name]}
    return dict(assigned), done


def _hours(events: Sequence[Event]) -> tuple[tuple[datetime, dict[str, int]], ...]:
    found: dict[datetime, Counter[str]] = defaultdict(Counter)
    for event in standing(events, "decision"):
        found[event.at.replace(minute=0, second=0, microsecond=0)][event.who] += 1
    return tuple((hour, dict(people)) for hour, people in sorted(found.items()))
