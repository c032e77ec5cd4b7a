"""What one person is shown of what was said about utterances, and whether they have something left to do there.

That is the newest event of every field; on an overlap of an assignment it depends on who looks (overlap.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.ledger import Event, Ledger, SeenRow, review_space
from evaluator.review.accepted import outdated
from evaluator.review.assignments import plan_lately
from evaluator.review.corrections import conflicts
from evaluator.review.overlap import Overlap, overlaps
from explorer.corpora.corpus import Corpus

_ROW = ("audio", "offset", "duration", "reference")
_FIRST_LOOK, _MOST_AT_ONCE = 200, 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What somebody is shown of one utterance: its newest events by field, and who changed the text since the decision
    accepted it."""

    events: Mapping[str, Event]
    changed_by: str | None = None
    overlap: Overlap | None = None
    decided: bool = False


def shown(ledger: Ledger, corpus: str, references: Mapping[str, str | None], who: str) -> dict[str, Shown]:
    """What somebody is shown of these utterances; ``references`` are the manifest's texts by id.

    ``decided`` tells whether they have nothing left to do: they, or on no overlap anybody, have decided about the text
    as it is.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    if not ledger.begun:
        return {}
    shared = overlaps(ledger, corpus, plan_lately(ledger, corpus), references)
    found = {id: _of_overlap(overlap, who) for id, overlap in shared.items()}
    states = ledger.state(review_space(corpus), [id for id in references if id not in shared])
    later = outdated(ledger, review_space(corpus), states, references)
    for id, events in states.items():
        decided = "decision" in events and events["decision"].new is not None and id not in later
        found[id] = Shown(events=events, changed_by=later.get(id), decided=decided)
    return found


def first_undecided(ledger: Ledger, corpus: Corpus, rows: np.ndarray, who: str, *, start: int) -> int | None:
    """The first place from ``start`` on whose row somebody has still to decide about; None when there is none.

    Looked for in parts that grow, so that the next one costs little, and the end of a million not too much.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    place, step = start, _FIRST_LOOK
    while place < len(rows):
        listed = corpus.listed(rows[place : place + step], _ROW)
        known = shown(ledger, corpus.name, {id: values[-1] for id, values in listed}, who)
        for number, (id, values) in enumerate(listed):
            now = SeenRow(**dict(zip(_ROW, values, strict=True)))
            if id not in known or not known[id].decided or "decision" in conflicts(known[id].events, now):
                return place + number
        place, step = place + step, min(4 * step, _MOST_AT_ONCE)
    return None


def news(ledger: Ledger, events: Sequence[Event], corpus: Corpus, who: str) -> list[Event]:
    """Those of the events that somebody may see."""
    plan = plan_lately(ledger, corpus.name) if events else None
    subjects = dict.fromkeys(event.subject for event in events) if plan is not None and plan.overlap else {}
    shared = overlaps(ledger, corpus.name, plan, dict.fromkeys(subjects))
    allowed = {id: {event.id: event for event in overlap.shown(who)} for id, overlap in shared.items()}
    return [
        event if event.subject not in allowed else allowed[event.subject][event.id]
        for event in events
        if event.subject not in allowed or event.id in allowed[event.subject]
    ]


def _of_overlap(overlap: Overlap, who: str) -> Shown:
    events = overlap.newest(who)
    decision = events.get("decision")
    changed_by = overlap.changed_by(decision)
    if overlap.works_apart(who):  # what was decided before it became theirs is not theirs
        mine = overlap.opinion(who).decision is not None
    else:
        mine = overlap.state in ("agreed", "settled")
    decided = decision is not None and decision.new is not None and changed_by is None and mine
    return Shown(events=events, changed_by=changed_by, overlap=overlap, decided=decided)
