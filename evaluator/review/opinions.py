"""Opinions: what each person says about each subject by now, whatever others said after them.

The state of the ledger is what was said last by anybody; agreement needs what everybody said for themselves. An opinion
is a person's newest value that they have not taken back themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.ledger import Event
from evaluator.ledger.history import next_undo

Opinions = Mapping[str, Mapping[str, Any]]
"""By subject, by person: the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlapping:
    """What several people said about the same subjects: decisions, and the text each holds to be right."""

    decisions: Opinions
    texts: Opinions


def opinions(events: Iterable[Event], field: str) -> dict[str, dict[str, Any]]:
    """What each person says a field is; those who took everything back or say nothing are left out."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in standing(events, field):
        found[event.subject][event.who] = event.new
    return dict(found)


def standing(events: Iterable[Event], field: str) -> list[Event]:
    """The event behind each opinion: by subject and person in the order in which they first said something."""
    said: dict[str, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        if event.field == field:
            said[event.subject][event.who].append(event)
    last = [next_undo(history, who) for people in said.values() for who, history in people.items()]
    return [event for event in last if event is not None and event.new is not None]


def overlapping(events: Iterable[Event]) -> Overlapping:
    """The subjects two or more people have decided about, and their texts where somebody corrected one.

    Whoever accepted a text without a correction of their own holds it to be right as it was at first.
    """
    every = list(events)
    decided, corrected = opinions(every, "decision"), opinions(every, "reference")
    original: dict[str, Any] = {}
    for event in every:
        if event.field == "reference":
            original.setdefault(event.subject, event.old)
    texts = {}
    for subject, own in corrected.items():
        accepted = {who: original[subject] for who, said in decided.get(subject, {}).items() if said == "accept"}
        held = {who: text for who, text in {**accepted, **own}.items() if isinstance(text, str)}
        if len(held) > 1:
            texts[subject] = held
    several = {subject: people for subject, people in decided.items() if len(people) > 1}
    return Overlapping(decisions=several, texts=texts)
