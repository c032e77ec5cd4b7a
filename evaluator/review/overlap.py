"""Overlaps: utterances that two people decide about, each for themselves, so that their agreement means something.

    apart      until both have decided: each works over what they said themselves, and is shown what the other said only
               once they have decided; so two texts are two opinions, and neither is saved over the other
    agreed     both have decided the same, about the same text if they accept it: that is what is said about the row
    disputed   they have not: nothing of it applies, until somebody who has seen both decides again
    settled    somebody has

What was said before the utterance became theirs, or is said by others, stays: it is where both start from, and stands
until both have decided otherwise. Whoever takes their decision back is apart again. Events made apart are told with
what their own author had before them.
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


SPOKEN = ("decision", "reference")
"""The fields that two people are asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two people who decide about an utterance, and the event since which they are to."""

    people: tuple[str, str]
    since: int = 0


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

    ``since`` is the number of the event with which it became theirs, ``opened`` that of the decision with which both
    had decided, None while they are apart; ``reference`` is the manifest's text. ``earlier`` is the newest of each
    field of what was said before or by others, until both had decided; ``outdated_by`` changed the text it accepted.
    """

    people: tuple[str, str]
    since: int
    events: tuple[Event, ...]
    opened: int | None
    reference: str | None
    earlier: Mapping[str, Event]
    outdated_by: str | None

    @classmethod
    def of(cls, pair: Pair, events: Sequence[Event], reference: str | None) -> Overlap:
        """The overlap of these events of one utterance, in any order."""
        every = sorted(events, key=lambda event: event.id)
        opened = _opened(pair, every)
        kept = _earlier(pair, [event for event in every if opened is None or event.id <= opened])
        earlier = {event.field: event for event in kept}
        texts = [event for event in kept if event.field == "reference"]
        change = changed_since(earlier["decision"], texts, reference) if "decision" in earlier else None
        return cls(
            people=pair.people,
            since=pair.since,
            events=_own_before(pair, every, opened),
            opened=opened,
            reference=reference,
            earlier=earlier,
            outdated_by=None if change is None else change.who,
        )

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

    @property
    def holds(self) -> bool:
        """Whether what was said earlier stands: while the two are apart, or in dispute and one of them agrees to it."""
        if not any(event.new is not None for event in self.earlier.values()):
            return False
        state = self.state
        return state == "apart" or (state == "disputed" and any(self._upheld(who) for who in self.people))

    @property
    def before(self) -> str:
        """Who decided about it last, or corrected it, before it became theirs; "" when nobody had."""
        said = [e.who for e in self.events if e.id < self.since and e.field in SPOKEN and e.new is not None]
        return said[-1] if said else ""

    @property
    def applying(self) -> dict[str, Event]:
        """The newest event of each field, of what applies; of all that was said where nothing does."""
        found = {event.field: event for event in self.events}
        state = self.state
        if state == "apart" and self.holds:
            return dict(self.earlier)
        if state == "disputed" and self.holds:
            rest = {name: event for name, event in found.items() if name not in SPOKEN}
            return rest | {name: event for name, event in self.earlier.items() if name in SPOKEN}
        if state == "agreed":  # about a text of theirs, or that they started from
            texts = [e for e in self.events if e.field == "reference" and not self._is_others(e)]
            found.pop("reference", None)
            return found | {event.field: event for event in texts}
        return found

    @property
    def independent(self) -> tuple[Event, ...]:
        """What the two said before either saw the other's, once both have decided."""
        if self.opened is None:
            return ()
        return tuple(event for event in self.events if self._is_apart(event) and event.who in self.people)

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
        return [event for event in self.events if not blind or self._is_own(event, who)]

    def newest(self, who: str) -> dict[str, Event]:
        """The newest event of each field, for somebody: while they work apart, of their own over what was before."""
        own = self.works_apart(who)
        return {event.field: event for event in self.shown(who) if not own or self._is_own(event, who)}

    def opinion(self, who: str) -> Opinion:
        """What one of the two said before they saw the other's, else says by now."""
        last = {event.field: event for event in self.events if event.who == who and self._is_apart(event)}
        decision, text = last.get("decision"), last.get("reference")
        said = None if decision is None else decision.new
        return Opinion(
            who=who,
            decision=said,
            reason=decision.comment if decision is not None and said is not None else "",
            text=self._text(text if text is not None else self._start()),
        )

    def changed_by(self, decision: Event | None) -> str | None:
        """Who changed the text since this decision accepted it; what another wrote apart changes nothing."""
        if decision is None:
            return None
        closed = self.opened is None or decision.id <= self.opened
        texts = [
            event for event in self.events
            if event.field == "reference"
            and not (closed and self._is_apart(event) and event.who != decision.who)
        ]  # fmt: skip
        change = changed_since(decision, texts, self.reference)
        return None if change is None else change.who

    def deciders(self) -> list[str]:
        """Who has nothing left to do here: nobody while the two are in dispute."""
        state = self.state
        if state == "disputed":
            return []
        last = {
            event.who: event for event in self.events
            if event.field == "decision" and (event.id >= self.since or event.who not in self.people)
        }  # fmt: skip
        standing = {who: event for who, event in last.items() if event.new is not None}
        if state == "settled" and not self.changed_by(max(standing.values(), key=lambda event: event.id, default=None)):
            return sorted(standing)
        return sorted(who for who, event in standing.items() if not self.changed_by(event))

    def _is_apart(self, event: Event) -> bool:
        return event.id >= self.since and (self.opened is None or event.id <= self.opened)

    def _is_own(self, event: Event, who: str) -> bool:
        return event.who == who or event.id < self.since

    def _is_others(self, event: Event) -> bool:
        return self._is_apart(event) and event.who not in self.people

    def _start(self) -> Event | None:
        """The newest text from before it became theirs."""
        return next((e for e in reversed(self.events) if e.field == "reference" and e.id < self.since), None)

    def _text(self, event: Event | None) -> str | None:
        return self.reference if event is None or event.new is None else event.new

    def _upheld(self, who: str) -> bool:
        """Whether one of the two says what was said earlier."""
        opinion, decision = self.opinion(who), self.earlier.get("decision")
        if decision is not None and decision.new == "reject":
            return opinion.decision == "reject"
        return opinion.decision == "accept" and opinion.text == self._text(self.earlier.get("reference"))


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


def pairs(plan: Plan | None, ids: Sequence[str]) -> dict[str, Pair]:
    """Whose the utterances are that are two people's, and since when: a plan that leaves them so changes nothing."""
    people = _people(plan, ids)
    if plan is None or not people:
        return {}
    since = dict.fromkeys(people, plan.since)
    same, earlier = list(people), plan.before
    while earlier is not None and same:
        were = _people(earlier, same)
        same = [id for id in same if set(were.get(id, ())) == set(people[id])]
        since |= dict.fromkeys(same, earlier.since)
        earlier = earlier.before
    return {id: Pair(people=both, since=since[id]) for id, both in people.items()}


def _people(plan: Plan | None, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Whose the utterances are that are two people's under one plan."""
    if plan is None or not plan.overlap or not ids:
        return {}
    first, second = plan.owners(ids)
    people = plan.people
    return {
        id: (people[one], people[other])
        for id, one, other in zip(ids, first.tolist(), second.tolist(), strict=True)
        if other >= 0
    }


def _opened(pair: Pair, events: Iterable[Event]) -> int | None:
    last: dict[str, Any] = {}
    opened = None
    for event in events:
        if event.field != "decision" or event.id < pair.since:
            continue
        last[event.who] = event.new
        if any(last.get(who) is None for who in pair.people):
            opened = None
        elif opened is None:
            opened = event.id
    return opened


def _earlier(pair: Pair, events: Sequence[Event]) -> list[Event]:
    """What was said before it became theirs, or by others, without what was taken back since.

    Others see everything, so a text that they accept is said by them, too, whoever wrote it.
    """
    kept: dict[int, Event] = {}
    text: Event | None = None
    for event in events:
        text = event if event.field == "reference" else text
        others = event.who not in pair.people
        if event.id >= pair.since and others and event.new == "accept" and event.field == "decision" and text:
            kept[text.id] = text
        if event.id < pair.since or others or event.undoes in kept:
            kept[event.id] = event
    return [kept[number] for number in sorted(kept)]


def _own_before(pair: Pair, events: Sequence[Event], opened: int | None) -> tuple[Event, ...]:
    """The events, those made apart with what their author had there before, in place of what the other had."""
    start: dict[str, Any] = {}
    own: dict[tuple[str, str], Any] = {}
    told = []
    for event in events:
        start.setdefault(event.field, event.old)
        if event.id < pair.since:
            start[event.field] = event.new
            told.append(event)
        elif opened is None or event.id <= opened:
            place = event.who, event.field
            told.append(replace(event, old=own.get(place, start[event.field])))
            own[place] = event.new
        else:
            told.append(event)
    return tuple(told)
