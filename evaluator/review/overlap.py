"""Overlaps: utterances that two people decide about, each for themselves, so that their agreement means something.

    apart      until both have decided: each works over what they said themselves, and is shown what the other said only
               once they have decided; so two texts are two opinions, and neither is saved over the other
    agreed     both have decided the same, about the same text if they accept it: that is what is said about the row
    disputed   they have not: nothing of it applies, until somebody who has seen both decides again
    settled    somebody has

Whoever takes their decision back is apart again. Events made apart are told with what their own author had before them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from evaluator.ledger import Event, Ledger, review_space
from evaluator.review.accepted import changed_since
from evaluator.review.assignments import Plan

State = Literal["apart", "agreed", "disputed", "settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one of the two says: a decision with its reason, and the text they hold to be right."""

    who: str
    decision: str | None
    reason: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What was said about one utterance by its two ``people`` and others, oldest first.

    ``opened`` is the number of the decision with which both had decided, None while they are apart; ``reference`` is
    the manifest's text.
    """

    people: tuple[str, str]
    events: tuple[Event, ...]
    opened: int | None
    reference: str | None

    @classmethod
    def of(cls, people: tuple[str, str], events: Sequence[Event], reference: str | None) -> Overlap:
        """The overlap of these events of one utterance, in any order."""
        every = sorted(events, key=lambda event: event.id)
        opened = _opened(people, every)
        return cls(people=people, events=_own_before(every, opened), opened=opened, reference=reference)

    @property
    def state(self) -> State:
        """How far the two are."""
        if self.opened is None:
            return "apart"
        if any(e.field == "decision" and e.new is not None and e.id > self.opened for e in self.events):
            return "settled"
        one, other = (self.opinion(who) for who in self.people)
        same = one.decision == other.decision and (one.decision != "accept" or one.text == other.text)
        return "agreed" if same else "disputed"

    def is_blind(self, who: str) -> bool:
        """Whether somebody must not be shown what others say: one of the two who has not decided, and the nameless."""
        if self.opened is not None:
            return False
        return not who or (who in self.people and self.opinion(who).decision is None)

    def works_apart(self, who: str) -> bool:
        """Whether somebody works over their own state, whatever the other says."""
        return self.opened is None and who in self.people

    def shown(self, who: str) -> list[Event]:
        """The events that somebody may see."""
        blind = self.is_blind(who)
        return [event for event in self.events if not blind or event.who == who]

    def newest(self, who: str) -> dict[str, Event]:
        """The newest event of each field, for somebody: while they work apart, of their own."""
        own = self.works_apart(who)
        return {event.field: event for event in self.shown(who) if not own or event.who == who}

    def opinion(self, who: str) -> Opinion:
        """What one of the two said before they saw the other's, else says by now."""
        last = {event.field: event for event in self.events if event.who == who and self._is_apart(event)}
        decision, text = last.get("decision"), last.get("reference")
        said = None if decision is None else decision.new
        return Opinion(
            who=who,
            decision=said,
            reason=decision.comment if decision is not None and said is not None else "",
            text=text.new if text is not None and text.new is not None else self.reference,
        )

    def changed_by(self, decision: Event | None) -> str | None:
        """Who changed the text since this decision accepted it; what the other wrote apart changes nothing."""
        if decision is None:
            return None
        texts = [
            event for event in self.events
            if event.field == "reference"
            and not (self._is_apart(event) and self._is_apart(decision) and event.who != decision.who)
        ]  # fmt: skip
        change = changed_since(decision, texts, self.reference)
        return None if change is None else change.who

    def deciders(self) -> list[str]:
        """Who has nothing left to do here: nobody while the two are in dispute."""
        state = self.state
        if state == "disputed":
            return []
        last = {event.who: event for event in self.events if event.field == "decision"}
        standing = {who: event for who, event in last.items() if event.new is not None}
        if state == "settled" and not self.changed_by(max(standing.values(), key=lambda event: event.id, default=None)):
            return sorted(standing)
        return sorted(who for who, event in standing.items() if not self.changed_by(event))

    def _is_apart(self, event: Event) -> bool:
        return self.opened is None or event.id <= self.opened


def told(opinion: Opinion) -> str:
    """An opinion in words, on one line: ``bo: reject (noise)``."""
    text = f" {opinion.text!r}" if opinion.decision == "accept" else ""
    reason = f" ({opinion.reason})" if opinion.reason else ""
    return f"{opinion.who}: {opinion.decision or 'undecided'}{reason}{text}"


def overlaps(
    ledger: Ledger, corpus: str, plan: Plan | None, references: Mapping[str, str | None]
) -> dict[str, Overlap]:
    """Those of the utterances that two people decide about, said about or not; ``references`` are their texts.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    shared = pairs(plan, list(references))
    if not shared:
        return {}
    said: dict[str, list[Event]] = defaultdict(list)
    for event in ledger.histories(review_space(corpus), shared):
        said[event.subject].append(event)
    return {id: Overlap.of(people, said[id], references[id]) for id, people in shared.items()}


def pairs(plan: Plan | None, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Whose the utterances are that are two people's."""
    if plan is None or not plan.overlap or not ids:
        return {}
    first, second = plan.owners(ids)
    people = plan.people
    return {
        id: (people[one], people[other])
        for id, one, other in zip(ids, first.tolist(), second.tolist(), strict=True)
        if other >= 0
    }


def _opened(people: tuple[str, str], events: Iterable[Event]) -> int | None:
    last: dict[str, Any] = {}
    opened = None
    for event in events:
        if event.field != "decision":
            continue
        last[event.who] = event.new
        if any(last.get(who) is None for who in people):
            opened = None
        elif opened is None:
            opened = event.id
    return opened


def _own_before(events: Sequence[Event], opened: int | None) -> tuple[Event, ...]:
    """The events, those made apart with what their author had there before, in place of what the other had."""
    first: dict[str, Any] = {}
    own: dict[tuple[str, str], Any] = {}
    told = []
    for event in events:
        first.setdefault(event.field, event.old)
        if opened is None or event.id <= opened:
            place = event.who, event.field
            told.append(replace(event, old=own.get(place, first[event.field])))
            own[place] = event.new
        else:
            told.append(event)
    return tuple(told)
