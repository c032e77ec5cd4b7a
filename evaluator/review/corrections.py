"""Corrections: what the ledger says about the rows that a corpus has now, and where the two no longer fit together.

An edit was made over a row that somebody saw. If the manifest says something else there now, the edit is a *conflict*:
it is shown and never applied; saving it again over the new row settles it. A row that already says what the correction
says (a manifest that was exported and opened again) is none. Edits whose row the corpus no longer has are *gone*, with
the rows of the same sound and offset that may be meant. What two people decide about each for themselves (overlap.py)
says nothing until both have, and agree: before it is *waiting*, or *disputed*. What was said about it before it became
theirs, or by others, stands meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.ledger import Event, Ledger, SeenRow, review_space
from evaluator.review.accepted import changed_since
from evaluator.review.assignments import Plan, plan_of
from evaluator.review.opinions import opinions
from evaluator.review.overlap import SPOKEN, Overlap, pairs
from explorer.corpora.corpus import Corpus

_COLUMNS = ("audio", "offset", "duration", "reference", "source", "line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What was said about one row: all of it, the newest event of each field, and the fields that are conflicts.

    ``changed_by`` is who changed the text since it was accepted (accepted.py); ``overlap`` is there where two people
    decide.
    """

    id: str
    row: int
    source: str
    line: int
    now: SeenRow
    events: Mapping[str, Event]
    history: Sequence[Event]
    conflicts: tuple[str, ...]
    changed_by: str | None = None
    overlap: Overlap | None = None

    @property
    def waiting(self) -> bool:
        """Whether one of two people has still to decide about it."""
        return self.overlap is not None and self.overlap.state == "apart"

    @property
    def holds(self) -> bool:
        """Whether what was said before two people decide about it, or by others, stands meanwhile."""
        return self.overlap is not None and self.overlap.holds

    @property
    def disputed(self) -> bool:
        """Whether two people do not agree, and nobody has decided since."""
        return self.overlap is not None and self.overlap.state == "disputed"

    @property
    def text(self) -> str | None:
        """The text to put in place of the manifest's; None when that stays."""
        new = self._said("reference")
        return new if isinstance(new, str) and new != self.now.reference else None

    @property
    def decision(self) -> str | None:
        """accept, reject or None; None, too, when it is a conflict."""
        said = self._said("decision")
        return None if said is None else str(said)

    @property
    def problem(self) -> str:
        """Why something that was said about it does not apply, in words; "" when all of it does."""
        if self.conflicts:
            return f"the row has changed since {self.newest.who} saved its {' and '.join(self.conflicts)}"
        if self.disputed and self.overlap is not None:
            stands = "; what was decided before stands" if self.holds else ""
            return f"{' and '.join(self.overlap.people)} do not agree{stands}"
        return ""

    @property
    def stands(self) -> str | None:
        """The decision, unless it accepted another text than there is now."""
        return None if self.changed_by else self.decision

    @property
    def reason(self) -> str:
        """Why it was rejected, or what was said with the decision."""
        return self.events["decision"].comment if self.decision is not None else ""

    @property
    def comment(self) -> str:
        """What was remarked."""
        return str(self._said("comment") or "")

    @property
    def tags(self) -> list[str]:
        """Its tags."""
        return list(self._said("tags") or ())

    @property
    def newest(self) -> Event:
        """What was said last."""
        return max(self.events.values(), key=lambda event: event.id)

    @property
    def deciders(self) -> list[str]:
        """Who has decided, has not taken it back, and accepted the text as it is now."""
        if self.overlap is not None:
            return self.overlap.deciders()
        decisions = [event for event in self.history if event.field == "decision"]
        if len(decisions) == 1:  # nearly always
            said = {decisions[0].who: decisions[0].new} if decisions[0].new is not None else {}
        else:
            said = opinions(decisions, "decision").get(self.id, {})
        return sorted(who for who, new in said.items() if not (self.changed_by and new == "accept"))

    def _said(self, field: str) -> Any:
        event = self.events.get(field)
        undecided = not self.holds and (self.waiting or (self.disputed and field in SPOKEN))
        return None if event is None or undecided or field in self.conflicts else event.new


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Edits whose row the corpus does not have; ``seen`` is what it said, ``alike`` the ids that may be meant."""

    id: str
    events: Mapping[str, Event]
    seen: SeenRow | None
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """All that was said about a corpus: in row order, and what has no row any more."""

    rows: tuple[Correction, ...]
    gone: tuple[Gone, ...]

    @property
    def conflicts(self) -> tuple[Correction, ...]:
        """The rows with at least one edit that no longer fits, or that two people do not agree about."""
        return tuple(one for one in self.rows if one.problem)

    @property
    def waiting(self) -> int:
        """How many rows wait for the second of two people, and nothing is said about them meanwhile."""
        return sum(one.waiting and not one.holds for one in self.rows)

    @property
    def held(self) -> int:
        """How many wait for the second of two people, while what was said before stands."""
        return sum(one.waiting and one.holds for one in self.rows)


def corrections(corpus: Corpus, ledger: Ledger) -> Corrections:
    """What the ledger says about the corpus.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    plan, rows = plan_of(ledger, corpus.name), []
    lost: dict[str, dict[str, Event]] = {}
    for part in ledger.walked(review_space(corpus.name)):
        found, gone = corrected(corpus, plan, part)
        rows += found
        lost |= {id: newest(part[id]) for id in gone}
    rows.sort(key=lambda one: one.row)
    return Corrections(rows=tuple(rows), gone=gone_rows(lost, corpus, ledger))


def corrected(
    corpus: Corpus, plan: Plan | None, said: Mapping[str, Sequence[Event]]
) -> tuple[list[Correction], list[str]]:
    """What was said about the rows that a corpus has of these subjects, by row, and the subjects it does not have."""
    ids = list(said)
    places = corpus.rows_of(ids).tolist() if ids else []
    here = sorted((row, id) for row, id in zip(places, ids, strict=True) if row >= 0)
    listed = corpus.listed(_numbers([row for row, _ in here]), _COLUMNS)
    shared = pairs(plan, [id for _, id in here])
    found = []
    for (row, id), (_, values) in zip(here, listed, strict=True):
        overlap = Overlap.of(shared[id], said[id], values[3]) if id in shared else None
        found.append(_correction(id, row, values, said[id], overlap))
    return found, [id for row, id in zip(places, ids, strict=True) if row < 0]


def newest(events: Sequence[Event]) -> dict[str, Event]:
    """The newest event of each field; ``events`` are oldest first."""
    return {event.field: event for event in events}


def conflicts(events: Mapping[str, Event], now: SeenRow) -> tuple[str, ...]:
    """The fields whose newest event was made over another row than ``now``."""
    if all(event.seen is None for event in events.values()):
        return ()
    text = events.get("reference")
    if text is not None and text.new is not None and text.new == now.reference:
        return ()  # the manifest has taken the correction over
    fingerprint = now.fingerprint
    kept = (None, fingerprint)
    return tuple(sorted(field for field, event in events.items() if event.seen not in kept and event.new is not None))


def _correction(
    id: str, row: int, values: Sequence[Any], history: Sequence[Event], overlap: Overlap | None
) -> Correction:
    audio, offset, duration, reference, source, line = values
    now = SeenRow(audio=audio, offset=offset, duration=duration, reference=reference)
    events = newest(history) if overlap is None else overlap.applying
    unfit = conflicts(events, now)
    changed_by = None
    if "decision" in events and "decision" not in unfit:
        if overlap is not None:
            changed_by = overlap.outdated_by if overlap.holds else overlap.changed_by(events["decision"])
        elif "reference" in events:
            texts = [event for event in history if event.field == "reference"]
            change = changed_since(events["decision"], texts, reference)
            changed_by = None if change is None else change.who
    return Correction(
        id=id, row=row, source=source, line=line, now=now, events=events, history=history, conflicts=unfit,
        changed_by=changed_by, overlap=overlap,
    )  # fmt: skip


def gone_rows(lost: Mapping[str, Mapping[str, Event]], corpus: Corpus, ledger: Ledger) -> tuple[Gone, ...]:
    """Edits whose row the corpus does not have, with the rows that may be meant."""
    if not lost:
        return ()
    last = {id: max(events.values(), key=lambda event: event.id) for id, events in lost.items()}
    rows = ledger.seen_rows(event.seen for event in last.values() if event.seen is not None)
    seen = {id: rows.get(event.seen or "") for id, event in last.items()}
    alike = _alike(corpus, {(row.audio, row.offset) for row in seen.values() if row is not None})
    return tuple(
        Gone(id=id, events=lost[id], seen=row, alike=alike.get((row.audio, row.offset), ()) if row else ())
        for id, row in seen.items()
    )


def _alike(corpus: Corpus, wanted: set[tuple[str, float]]) -> dict[tuple[str, float], tuple[str, ...]]:
    """The ids of the rows of these sounds and offsets."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sounds = pa.array(sorted({audio for audio, _ in wanted}), pa.string())
    found: dict[tuple[str, float], list[int]] = defaultdict(list)
    for batch in corpus.batches(("audio", "offset")):
        for one in batch.filter(pc.is_in(batch["audio"], sounds)).to_pylist():
            if (one["audio"], one["offset"]) in wanted:
                found[one["audio"], one["offset"]].append(one["row"])
    return {place: tuple(id for id, _ in corpus.listed(_numbers(rows), ("audio",))) for place, rows in found.items()}


def _numbers(rows: Sequence[int]) -> Any:
    import numpy as np

    return np.array(rows, dtype=np.int32)
