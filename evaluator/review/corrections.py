"""Corrections: what the ledger says about the rows that a corpus has now, and where the two no longer fit together.

An edit was made over a row that somebody saw. If the manifest says something else there now, the edit is a *conflict*:
it is shown and never applied; saving it again over the new row settles it. A row that already says what the correction
says (a manifest that was exported and opened again) is none. Edits whose row the corpus no longer has are *gone*, with
the rows of the same sound and offset that may be meant. What two people decide about each for themselves (overlap.py)
says nothing until both have, and agree: before it is *waiting*, or *disputed*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.ledger import Event, Ledger, SeenRow, review_space
from evaluator.review.accepted import outdated
from evaluator.review.assignments import plan_of
from evaluator.review.overlap import Overlap, overlaps
from explorer.corpora.corpus import Corpus

_COLUMNS = ("audio", "offset", "duration", "reference", "source", "line")
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What was said about one row: the newest event of each field, and the fields that are conflicts.

    ``changed_by`` is who changed the text since it was accepted (accepted.py); ``overlap`` is there where two people
    decide.
    """

    id: str
    row: int
    source: str
    line: int
    now: SeenRow
    events: Mapping[str, Event]
    conflicts: tuple[str, ...]
    changed_by: str | None = None
    overlap: Overlap | None = None

    @property
    def waiting(self) -> bool:
        """Whether one of two people has still to decide about it."""
        return self.overlap is not None and self.overlap.state == "apart"

    @property
    def disputed(self) -> bool:
        """Whether two people decided otherwise, and nobody has since."""
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
            return f"{' and '.join(self.overlap.people)} decided otherwise"
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

    def _said(self, field: str) -> Any:
        event = self.events.get(field)
        undecided = self.waiting or (self.disputed and field in ("reference", "decision"))
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
        """How many rows wait for the second of two people."""
        return sum(one.waiting for one in self.rows)


def corrections(corpus: Corpus, ledger: Ledger) -> Corrections:
    """What the ledger says about the corpus.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    space, plan = review_space(corpus.name), plan_of(ledger, corpus.name)
    state = ledger.state(space)
    ids = list(state)
    places = corpus.rows_of(ids).tolist() if ids else []
    here = sorted((row, id) for row, id in zip(places, ids, strict=True) if row >= 0)
    found = []
    for start in range(0, len(here), _AT_ONCE):
        part = here[start : start + _AT_ONCE]
        listed = corpus.listed(_numbers([row for row, _ in part]), _COLUMNS)
        references = {id: values[3] for id, values in listed}
        shared = overlaps(ledger, corpus.name, plan, references)
        later = outdated(ledger, space, {id: state[id] for _, id in part if id not in shared}, references)
        later |= {id: who for id, one in shared.items() if (who := one.changed_by(state[id].get("decision")))}
        for (row, id), (_, values) in zip(part, listed, strict=True):
            found.append(_correction(id, row, values, state[id], later.get(id), shared.get(id)))
    lost = [id for row, id in zip(places, ids, strict=True) if row < 0]
    return Corrections(rows=tuple(found), gone=_gone(lost, state, corpus, ledger))


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
    id: str,
    row: int,
    values: Sequence[Any],
    events: Mapping[str, Event],
    changed_by: str | None,
    overlap: Overlap | None,
) -> Correction:
    audio, offset, duration, reference, source, line = values
    now = SeenRow(audio=audio, offset=offset, duration=duration, reference=reference)
    unfit = conflicts(events, now)
    return Correction(
        id=id, row=row, source=source, line=line, now=now, events=events, conflicts=unfit,
        changed_by=None if "decision" in unfit else changed_by, overlap=overlap,
    )  # fmt: skip


def _gone(
    ids: Sequence[str], state: Mapping[str, Mapping[str, Event]], corpus: Corpus, ledger: Ledger
) -> tuple[Gone, ...]:
    if not ids:
        return ()
    newest = {id: max(state[id].values(), key=lambda event: event.id) for id in ids}
    rows = ledger.seen_rows(event.seen for event in newest.values() if event.seen is not None)
    seen = {id: rows.get(event.seen or "") for id, event in newest.items()}
    alike = _alike(corpus, {(row.audio, row.offset) for row in seen.values() if row is not None})
    return tuple(
        Gone(id=id, events=state[id], seen=row, alike=alike.get((row.audio, row.offset), ()) if row else ())
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
