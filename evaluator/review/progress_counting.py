"""Counting progress: once over everything that was said, then only over what was said since.

What an utterance adds to the numbers follows from its own events alone, so when something new was said about it, what
it added before is taken off and what it adds now put on. Only the pauses between a person's edits run across
utterances; they go on from each person's last edit. Nothing is kept of an utterance but what pages list: what no longer
fits, and what several people said.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from evaluator.ledger import Event, Ledger, review_space
from evaluator.normalizers.registry import Normalizer
from evaluator.review.agreement import Agreement, agreement, between_texts
from evaluator.review.assignments import Plan
from evaluator.review.corrections import Correction, Gone, corrected, gone_rows, newest
from evaluator.review.opinions import Opinions, Overlapping, opinions, overlapping, standing
from evaluator.review.overlap import Overlap
from evaluator.review.progress import PAUSE_SECONDS, Person, ReviewProgress
from evaluator.scoring.error_rate import ErrorCounts
from explorer.corpora.corpus import Corpus

LISTED = 20
"""Edits that no longer fit, and those whose row is gone, that are told one by one."""
_AT_ONCE = 50_000
_HOUR = 3600
_Key = tuple[str, ...] | tuple[str, int, str]
_Tell = Callable[[int], None]


@dataclass(slots=True)
class _Pace:
    """One person's work so far, in seconds, the decisions that ended a pause which counts, and their last edit."""

    working: float = 0.0
    paced: int = 0
    last: float = 0.0

    def edit(self, at: float, *, decision: bool) -> None:
        """They saved something."""
        pause = at - self.last
        if self.last and 0 < pause <= PAUSE_SECONDS:
            self.working += pause
            self.paced += decision
        self.last = at


class ProgressCount:
    """The numbers of one corpus under one plan; not to be used by two threads at once."""

    def __init__(self, corpus: Corpus, plan: Plan | None, normalizer: Normalizer) -> None:
        self._corpus, self._plan, self._normalizer = corpus, plan, normalizer
        self._space = review_space(corpus.name)
        self.revision = 0
        self._tally: Counter[_Key] = Counter()
        self._paces: dict[str, _Pace] = defaultdict(_Pace)
        self._problems: dict[str, Correction] = {}
        self._lost: dict[str, dict[str, Event]] = {}
        self._gone: tuple[Gone, ...] = ()
        self._decisions: dict[str, Mapping[str, str]] = {}
        self._texts: dict[str, tuple[ErrorCounts, int]] = {}
        self._assigned = _shares(corpus, plan)

    def update(self, ledger: Ledger, tell: _Tell = lambda _events: None) -> None:
        """Count what was said since the last time; ``tell`` hears of the number of events that were read.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        revision = ledger.revision(self._space)
        if revision == self.revision:
            return
        for who, at, field, new in ledger.paces(self._space, after=self.revision, until=revision):
            self._paces[who].edit(at, decision=field == "decision" and new != "null")
        done = 0
        for part in self._parts(ledger):
            said = {id: [e for e in events if e.id <= revision] for id, events in part.items()}
            if self.revision:
                before = {id: [e for e in events if e.id <= self.revision] for id, events in said.items()}
                self._count({id: events for id, events in before.items() if events}, -1)
            self._count({id: events for id, events in said.items() if events}, 1)
            done += sum(map(len, part.values()))
            tell(done)
        self._gone = gone_rows(dict(list(self._lost.items())[:LISTED]), self._corpus, ledger)
        self.revision = revision

    def progress(self) -> ReviewProgress:
        """The numbers as they are."""
        tally = self._tally
        people = [
            self._person(name) for name in {**self._paces, **dict.fromkeys(self._plan.people if self._plan else ())}
        ]
        return ReviewProgress(
            total=self._corpus.size,
            accepted=tally["accept",],
            rejected=tally["reject",],
            corrected=tally["corrected",],
            outdated=tally["outdated",],
            waiting=tally["waiting",],
            problems=len(self._problems),
            conflicts=tuple(sorted(self._problems.values(), key=lambda one: one.row)[:LISTED]),
            lost=len(self._lost),
            gone=self._gone,
            people=tuple(sorted(people, key=lambda person: (-person.decided, person.name))),
            hours=_hours(tally),
            agreement=self._agreement(),
            plan=self._plan,
            revision=self.revision,
        )

    def _parts(self, ledger: Ledger) -> Iterable[dict[str, list[Event]]]:
        """The events of every subject about which something was said, in parts."""
        if not self.revision:
            yield from ledger.walked(self._space)
            return
        subjects = dict.fromkeys(event.subject for event in ledger.events(self._space, after=self.revision))
        found: dict[str, list[Event]] = {subject: [] for subject in subjects}
        for event in ledger.histories(self._space, subjects):
            found[event.subject].append(event)
        yield found

    def _count(self, said: Mapping[str, Sequence[Event]], sign: int) -> None:
        """Put what these utterances add to the numbers on, or take it off."""
        rows, lost = corrected(self._corpus, self._plan, said)
        added: Counter[_Key] = Counter()
        for one in rows:
            self._row(one, added, sign)
        for id in lost:
            self._lost.pop(id, None)
            if sign > 0:
                self._lost[id] = newest(said[id])
        shares = _owners(self._plan, list(said))
        shared = {one.id: one.overlap for one in rows if one.overlap is not None}
        for id, events in said.items():
            _people(id, events, shares.get(id, ()), added, since=shared[id].since if id in shared else 0)
            self._together(id, shared.get(id), sign)
        for key, number in added.items():
            self._tally[key] += sign * number

    def _row(self, one: Correction, added: Counter[_Key], sign: int) -> None:
        if one.stands:
            added[one.stands,] += 1
        added["corrected",] += one.text is not None
        added["outdated",] += one.changed_by is not None and (one.holds or not one.waiting)
        added["waiting",] += one.waiting
        self._problems.pop(one.id, None)
        if sign > 0 and one.problem:
            self._problems[one.id] = one

    def _together(self, id: str, overlap: Overlap | None, sign: int) -> None:
        """What two people said about one utterance, each before they saw the other's opinion."""
        self._decisions.pop(id, None)
        self._texts.pop(id, None)
        if sign < 0 or overlap is None or not overlap.independent:
            return
        found = overlapping(overlap.independent)
        self._decisions.update(found.decisions)
        if found.texts:
            self._texts[id] = between_texts(found.texts, self._normalizer)

    def _agreement(self) -> Agreement:
        found: Opinions = self._decisions
        agreed = agreement(Overlapping(decisions=found, texts={}), self._normalizer)
        counts = sum((counts for counts, _ in self._texts.values()), ErrorCounts.zero())
        return replace(agreed, between_texts=counts, text_pairs=sum(pairs for _, pairs in self._texts.values()))

    def _person(self, name: str) -> Person:
        pace = self._paces.get(name, _Pace())
        return Person(
            name=name,
            assigned=self._assigned.get(name, 0) if self._plan else None,
            assigned_decided=self._tally["done", name],
            accepted=self._tally["accept", name],
            rejected=self._tally["reject", name],
            corrected=self._tally["text", name],
            working=pace.working,
            paced=pace.paced,
            last=datetime.fromtimestamp(pace.last, UTC) if pace.last else None,
        )


def review_progress(corpus: Corpus, ledger: Ledger, plan: Plan | None, normalizer: Normalizer) -> ReviewProgress:
    """How far the corpus is by now, counted from the beginning.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    count = ProgressCount(corpus, plan, normalizer)
    count.update(ledger)
    return count.progress()


def _people(id: str, events: Sequence[Event], owners: Sequence[str], added: Counter[_Key], *, since: int) -> None:
    """What each person says about one utterance, which is its owners' to decide since that event."""
    for event in standing(events, "decision"):
        added[event.new, event.who] += 1
        added["hour", int(event.at.timestamp()) // _HOUR, event.who] += 1
        added["done", event.who] += event.who in owners and event.id >= since
    if any(event.field == "reference" for event in events):
        for who in opinions(events, "reference").get(id, {}):
            added["text", who] += 1


def _owners(plan: Plan | None, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if plan is None or not ids:
        return {}
    first, second = (found.tolist() for found in plan.owners(ids))
    names = plan.people
    return {
        id: (names[one], names[other]) if other >= 0 else (names[one],)
        for id, one, other in zip(ids, first, second, strict=True)
    }


def _hours(tally: Mapping[_Key, int]) -> tuple[tuple[datetime, dict[str, int]], ...]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for key, number in tally.items():
        if len(key) == 3 and number:
            found[int(key[1])][str(key[2])] = number
    return tuple((datetime.fromtimestamp(hour * _HOUR, UTC), people) for hour, people in sorted(found.items()))


def _shares(corpus: Corpus, plan: Plan | None) -> dict[str, int]:
    """How many utterances are whose."""
    assigned: Counter[str] = Counter()
    for batch in range(0, corpus.size if plan is not None else 0, _AT_ONCE):
        rows = np.arange(batch, min(corpus.size, batch + _AT_ONCE), dtype=np.int32)
        for people in _owners(plan, [id for id, _ in corpus.listed(rows, ())]).values():
            assigned.update(people)
    return dict(assigned)
