"""The way out: what people said about a corpus, as a corrected manifest, a list of differences, a table, or an audit.

    manifest     the manifest itself, corrected (rewriting.py): ``text`` is the corrected text, ``text_original`` what
                 stood there; rejected rows are left out, or stay with the reason in ``rejected``
    differences  JSON Lines, one for each row about which something was said: before, after, decision, who, when
    decisions    the same as CSV, for a spreadsheet
    audit        JSON Lines of every event there ever was, with the row it was made over; imports into another ledger

Conflicts, edits whose row is gone, and what two people decide about each for themselves until they agree are in
differences and decisions, named as such, and never applied; what was decided before they were to stands until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from evaluator.ledger import Event, Ledger, SeenRow, review_space
from evaluator.ledger.events import written_time
from evaluator.review.corrections import Correction, Corrections, corrections
from evaluator.review.overlap import told
from evaluator.review.rewriting import REJECTED, Change, rewrite, written_whole
from explorer import spreadsheet
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.query import Query

Rejected = Literal["out", "flag", "keep"]
REJECTED_ROWS: tuple[Rejected, ...] = ("out", "flag", "keep")
RECORD = (
    "id", "audio_filepath", "offset", "duration", "text_before", "text_after", "decision", "reason", "tags", "comment",
    "who", "at", "state",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewExport:
    """A way out: what to call it, the ending of its file, and who writes it."""

    name: str
    title: str
    help: str
    ending: str
    media_type: str


REVIEW_EXPORTS: Mapping[str, ReviewExport] = {
    one.name: one
    for one in (
        ReviewExport(
            name="manifest",
            title="Corrected manifest",
            help="the manifest with corrected texts; untouched lines keep their bytes",
            ending="jsonl",
            media_type="application/x-ndjson",
        ),
        ReviewExport(
            name="differences",
            title="Differences",
            help="JSON Lines: before and after of every row that somebody said something about",
            ending="jsonl",
            media_type="application/x-ndjson",
        ),
        ReviewExport(
            name="decisions",
            title="Decisions",
            help="CSV: decision, reason, texts, tags, comment, who and when",
            ending="csv",
            media_type="text/csv",
        ),
        ReviewExport(
            name="audit",
            title="Audit",
            help="JSON Lines: every event there ever was; can be imported into another ledger",
            ending="jsonl",
            media_type="application/x-ndjson",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewWritten:
    """What was written, in words; ``not_applied`` counts conflicts and edits whose row is gone."""

    sentence: str
    not_applied: int = 0


def export_review(
    corpus: Corpus, ledger: Ledger, query: Query, output: Path, *, kind: str, rejected: Rejected = "out"
) -> ReviewWritten:
    """Write one of REVIEW_EXPORTS for the rows of the query.

    Raises:
        QueryError: there is no such export, or the query does not fit the corpus.
        ConfigError: the file cannot be written.
        LedgerUnavailable: the ledger cannot be read.
    """
    if kind not in REVIEW_EXPORTS:
        raise QueryError(f'there is no export "{kind}"; there are {", ".join(REVIEW_EXPORTS)}')
    if rejected not in REJECTED_ROWS:
        raise QueryError(f'rejected rows can be {", ".join(REJECTED_ROWS)}, not "{rejected}"')
    if kind == "audit":
        return _audit(ledger, corpus, output)
    said = _only(corrections(corpus, ledger), corpus, query)
    if kind == "manifest":
        return _manifest(corpus, query, said, output, rejected=rejected)
    records = _records(said, ledger)
    with written_whole(output) as stream:
        for part in spreadsheet.lines(RECORD, map(_flat, records)) if kind == "decisions" else map(_line, records):
            stream.write(part)
    count = len(said.rows) + len(said.gone)
    return ReviewWritten(sentence=f"{count:,} rows written", not_applied=len(said.conflicts) + len(said.gone))


def changes(said: Corrections, *, rejected: Rejected) -> dict[int, Change]:
    """What becomes of the rows that something was said about; conflicts change nothing."""
    made = {}
    for one in said.rows:
        refused = one.decision == "reject"
        flags = {REJECTED: one.reason or True} if refused and rejected == "flag" else {}
        change = Change(text=one.text, fields=flags, left_out=refused and rejected == "out")
        if not change.nothing:
            made[one.row] = change
    return made


def _only(said: Corrections, corpus: Corpus, query: Query) -> Corrections:
    """Those of the query's rows; what has no row belongs to the whole corpus only."""
    if not query.selects:
        return said
    wanted = set(corpus.rows(query).tolist())
    return Corrections(rows=tuple(one for one in said.rows if one.row in wanted), gone=())


def _manifest(corpus: Corpus, query: Query, said: Corrections, output: Path, *, rejected: Rejected) -> ReviewWritten:
    made = rewrite(corpus, query, changes(said, rejected=rejected), output)
    parts = [f"{made.rows:,} utterances written", f"{made.changed:,} of them changed"]
    parts += [f"{made.left_out:,} rejected ones left out"] if made.left_out else []
    changed, disputed = (
        sum(bool(one.conflicts) for one in said.rows),
        sum(one.disputed and not one.holds for one in said.rows),
    )
    parts += [f"{changed:,} not corrected, because their rows have changed"] if changed else []
    parts += [f"{disputed:,} left as they were, because two people do not agree"] if disputed else []
    kept = sum(one.disputed and one.holds for one in said.rows)
    parts += [f"{kept:,} as decided before, because two people do not agree"] if kept else []
    parts += [f"{said.held:,} as decided before, until two people have decided again"] if said.held else []
    parts += [f"{said.waiting:,} wait for a second opinion"] if said.waiting else []
    parts += [f"{len(said.gone):,} edits belong to rows that are gone"] if said.gone else []
    parts += [f"{made.no_utterances:,} lines that are no utterances left out"] if made.no_utterances else []
    return ReviewWritten(sentence=", ".join(parts), not_applied=len(said.conflicts) + len(said.gone))


def _records(said: Corrections, ledger: Ledger) -> Iterator[list[Any]]:
    """The values of RECORD, first of the rows, then of what is gone."""
    every = [one.events for one in said.rows] + [one.events for one in said.gone]
    seen = ledger.seen_rows(events["reference"].seen or "" for events in every if "reference" in events)
    for one in said.rows:
        yield _record(one.id, one.events, one.now, seen, _state(one))
    for lost in said.gone:
        state = "gone" + (f"; perhaps {', '.join(lost.alike)}" if lost.alike else "")
        yield _record(lost.id, lost.events, lost.seen, seen, state)


def _state(one: Correction) -> str:
    """Whether what was said about a row applies."""
    if one.conflicts:
        return f"conflict: {', '.join(one.conflicts)}"
    if one.waiting:
        return "applies; waits for a second opinion" if one.holds else "waits for a second opinion"
    if one.overlap is not None and one.disputed:
        opinions = "; ".join(map(told, map(one.overlap.opinion, one.overlap.people)))
        return f"{'applies; ' if one.holds else ''}two opinions: {opinions}"
    return f"applies; accepted before the text was changed by {one.changed_by}" if one.changed_by else "applies"


def _record(
    id: str, events: Mapping[str, Event], row: SeenRow | None, seen: Mapping[str, SeenRow], state: str
) -> list[Any]:
    said = {name: event.new for name, event in events.items()}
    place = (row.audio, row.offset, row.duration) if row else (None, None, None)
    over = seen.get(events["reference"].seen or "", row) if "reference" in events else row
    before = over.reference if over else None
    after = said.get("reference") if said.get("reference") is not None else before
    reason = events["decision"].comment if said.get("decision") else ""
    newest = max(events.values(), key=lambda event: event.id)
    rest = (said.get("decision"), reason, said.get("tags") or [], said.get("comment") or "")
    return [id, *place, before, after, *rest, newest.who, written_time(newest.at), state]


def _flat(record: list[Any]) -> list[Any]:
    return [", ".join(cell) if isinstance(cell, list) else cell for cell in record]


def _line(record: list[Any]) -> bytes:
    return _dumped(dict(zip(RECORD, record, strict=True))) + b"\n"


def _audit(ledger: Ledger, corpus: Corpus, output: Path) -> ReviewWritten:
    events = ledger.events(review_space(corpus.name))
    rows = ledger.seen_rows(event.seen for event in events if event.seen is not None)
    with written_whole(output) as stream:
        for event in events:
            seen = rows.get(event.seen or "")
            row = None if seen is None else {
                "audio": seen.audio, "offset": seen.offset, "duration": seen.duration, "reference": seen.reference
            }  # fmt: skip
            stream.write(_dumped({**event.plain(), "row": row}) + b"\n")
    return ReviewWritten(sentence=f"{len(events):,} events written")


def _dumped(value: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # the name of a file with undecodable bytes
        import json

        return json.dumps(value).encode()
