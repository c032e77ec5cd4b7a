"""The way back in: a previous export into the ledger, as often as one likes; what was said already is not said again.

    audit                    every event under its own key, with its author and time
    differences              texts, decisions, tags and comments, unless that was said of the row at any time
    a corrected manifest     texts that differ from ``text_original``, and rows flagged as rejected, in the same way

So a row whose correction was changed or taken back since the export stays as it is now, and so does one of which the
ledger says something else that is newer, or, where the file does not tell when, anything else. What was said over a row
that has another text now is written as that, so it is a conflict to look at (corrections.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from evaluator.ledger import NEWEST, Draft, Event, Ledger, SeenRow, review_space
from evaluator.ledger.chunks import chunks
from evaluator.ledger.events import as_json
from evaluator.review.edits import FIELDS
from evaluator.review.rewriting import ORIGINAL, REJECTED
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import LedgerError, ManifestError
from explorer.formats.lines import blocks, sniff
from explorer.querying.query import Query

_EVENT = ("id", "key", "who", "at", "subject", "field", "old", "new")
_TOGETHER = 500  # events of an audit in one transaction
_COLUMNS = ("audio", "offset", "duration", "reference")


@dataclass(slots=True)
class Imported:
    """What became of a file's edits, and, while it is read, how many of its ``total`` lines are ``done``.

    They were written (``changed`` of them over a text that the row does not have any more), known, ``older`` than what
    the ledger says or, without a time, ``differing`` from it, or about no row here.
    """

    written: int = 0
    changed: int = 0
    known: int = 0
    older: int = 0
    differing: int = 0
    no_row: int = 0
    done: int = 0
    total: int = 0

    def sentence(self) -> str:
        """In words."""
        over = f" ({self.changed:,} of them over rows that have changed since)" if self.changed else ""
        parts = [f"{self.written:,} edits written{over}", f"{self.known:,} known already"]
        parts += [f"{self.older:,} older than what the ledger says"] if self.older else []
        parts += [f"{self.differing:,} other than what the ledger says, which stays"] if self.differing else []
        parts += [f"{self.no_row:,} about rows that the corpus does not have"] if self.no_row else []
        return ", ".join(parts)


class ImportStopped(Exception):
    """Somebody ended the import."""


@dataclass(frozen=True, slots=True)
class _Said:
    """Something that a file says about a row."""

    subject: str
    field: str
    new: Any
    comment: str = ""
    who: str = ""
    at: datetime | None = None
    before: str | None = None
    """The text that the row had, where the file says."""


def import_review(
    corpus: Corpus,
    ledger: Ledger,
    path: Path,
    *,
    who: str,
    cache: Path,
    told: Imported | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Imported:
    """Write what the file says and the ledger does not know; ``who`` said it where the file does not say.

    ``told`` is kept up to date meanwhile; ``stop`` is asked now and then whether to end.

    Raises:
        ImportStopped: it was ended; what was written stays.
        ManifestError: the file cannot be read, or a line of it is damaged.
        LedgerReadOnly, LedgerUnavailable: it cannot be written.
    """
    told = Imported() if told is None else told
    first = next((line for line in sniff(path).split(b"\n") if line.strip()), b"{}")
    keys = _object(first, path, 1).keys()
    if {"key", "space", "field", "new"} <= keys:
        return _audit(ledger, corpus, [_object(line, path, n, _EVENT) for n, line in _lines(path)], told, stop)
    if {"id", "text_after", "decision"} <= keys:
        records = (_object(line, path, number, ("id", "text_after", "decision")) for number, line in _lines(path))
        said = [one for record in records for one in _of_record(record, who)]
    else:
        said = list(_of_manifest(open_corpus("import", [path], cache=cache), who))
    return _written(corpus, ledger, said, told, stop)


def _written(
    corpus: Corpus, ledger: Ledger, said: Sequence[_Said], told: Imported, stop: Callable[[], bool]
) -> Imported:
    space, told.total = review_space(corpus.name), len(said)
    events = ledger.events(space)
    known = {(event.subject, event.field, as_json(event.new)) for event in events}
    newest = {(event.subject, event.field): event for event in events}
    for some in chunks(said, 2_000):
        if stop():
            raise ImportStopped
        rows = _rows(corpus, [one.subject for one in some])
        drafts = []
        for one in some:
            row = rows.get(one.subject)
            if row is None:
                told.no_row += 1
            elif (one.subject, one.field, as_json(one.new)) in known or _goes_without(one, row):
                told.known += 1
            elif (now := newest.get((one.subject, one.field))) is not None and one.at is None:
                told.differing += 1
            elif now is not None and one.at is not None and now.at > one.at:
                told.older += 1
            else:
                seen = row if one.before is None else replace(row, reference=one.before)
                told.changed += seen != row
                drafts.append(_draft(one, row, seen, space))
        written = ledger.append(drafts)
        known |= {(event.subject, event.field, as_json(event.new)) for event in written}
        told.written += len(written)
        told.done += len(some)
    return told


def _goes_without(one: _Said, row: SeenRow) -> bool:
    """Whether the row itself says so."""
    return one.field == "reference" and one.new == row.reference


def _draft(one: _Said, row: SeenRow, seen: SeenRow, space: str) -> Draft:
    wrong = FIELDS[one.field].check(one.new)
    if wrong:
        raise LedgerError(f"{one.subject}: the {FIELDS[one.field].label} {wrong}.")
    return Draft(
        key=str(uuid5(NAMESPACE_URL, f"{space}\0{one.subject}\0{one.field}\0{as_json(one.new)}\0{one.comment}")),
        who=one.who,
        space=space,
        subject=one.subject,
        field=one.field,
        new=one.new,
        old=row.reference if one.field == "reference" else None,
        comment=one.comment,
        base=NEWEST,
        seen=seen,
        at=one.at,
    )


def _of_record(record: Mapping[str, Any], who: str) -> Iterator[_Said]:
    """What a line of differences says."""
    author, at = str(record.get("who") or who), _time(record.get("at"))
    subject, before = str(record["id"]), record.get("text_before")
    before = before if isinstance(before, str) else None
    if isinstance(record["text_after"], str) and record["text_after"] != record.get("text_before"):
        yield _Said(subject, "reference", record["text_after"], who=author, at=at, before=before)
    if record["decision"] is not None:
        yield _Said(subject, "decision", record["decision"], str(record.get("reason") or ""), author, at, before)
    for field in ("tags", "comment"):
        if record.get(field):
            yield _Said(subject, field, record[field], who=author, at=at)


def _of_manifest(corpus: Corpus, who: str) -> Iterator[_Said]:
    """What a corrected manifest says."""
    names = {column.name for column in corpus.columns}
    columns = [name for name in ("reference", ORIGINAL, REJECTED) if name in names]
    for rows in chunks(corpus.rows(Query()).tolist(), 20_000):
        for id, values in corpus.listed(_numbers(rows), columns):
            entry = dict(zip(columns, values, strict=True))
            text = entry.get("reference")
            if entry.get(ORIGINAL) is not None and isinstance(text, str) and text != entry[ORIGINAL]:
                yield _Said(id, "reference", text, who=who, before=entry[ORIGINAL])
            if entry.get(REJECTED):
                reason = entry[REJECTED] if isinstance(entry[REJECTED], str) and entry[REJECTED] != "true" else ""
                yield _Said(id, "decision", "reject", reason, who, before=entry.get(ORIGINAL) or text)


def _audit(
    ledger: Ledger, corpus: Corpus, entries: Sequence[Mapping[str, Any]], told: Imported, stop: Callable[[], bool]
) -> Imported:
    space, told.total = review_space(corpus.name), len(entries)
    here: dict[str, Event] = {event.key: event for event in ledger.events(space)}
    keys = {str(entry["key"]) for entry in entries}
    own: dict[tuple[str, str], datetime] = {}
    for event in here.values():
        if event.key not in keys:
            own[event.subject, event.field] = max(own.get((event.subject, event.field), event.at), event.at)
    by_number = {entry["id"]: str(entry["key"]) for entry in entries}
    waiting: dict[str, Draft] = {}

    def write() -> None:
        written = ledger.append(waiting.values())
        here.update({event.key: event for event in written})
        told.written += len(written)
        waiting.clear()

    for entry in entries:
        if told.done % _TOGETHER == 0 and stop():
            raise ImportStopped
        told.done += 1
        if entry["key"] in here or entry["key"] in waiting:
            told.known += 1
            continue
        at = _time(entry["at"])
        newest = own.get((entry["subject"], entry["field"]))
        if newest is not None and at is not None and newest > at:
            told.older += 1
            continue
        if by_number.get(entry.get("undoes"), "") in waiting or len(waiting) >= _TOGETHER:
            write()  # what is taken back has to have a number
        taken_back = here.get(by_number.get(entry.get("undoes"), ""))
        row = entry.get("row")
        draft = Draft(
            **{name: entry[name] for name in ("key", "who", "subject", "field", "new", "old")},
            comment=entry.get("comment") or "",
            space=space,
            base=NEWEST,
            seen=None if row is None else SeenRow(**row),
            undoes=None if taken_back is None else taken_back.id,
            at=at,
        )
        waiting[draft.key] = draft
    write()
    return told


def _rows(corpus: Corpus, ids: list[str]) -> dict[str, SeenRow]:
    places = [(row, id) for row, id in zip(corpus.rows_of(ids).tolist(), ids, strict=True) if row >= 0]
    listed = corpus.listed(_numbers([row for row, _ in places]), _COLUMNS)
    return {id: SeenRow(**dict(zip(_COLUMNS, values, strict=True))) for id, values in listed}


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    for block in blocks(path):
        yield from ((number, line) for number, line in enumerate(block.lines, block.first) if line.strip())


def _object(line: bytes, path: Path, number: int, needed: Sequence[str] = ()) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"{path}:{number}: this is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ManifestError(f"{path}:{number}: expected a JSON object.")
    if lacking := [name for name in needed if name not in found]:
        raise ManifestError(f"{path}:{number}: it lacks {', '.join(lacking)}.")
    if wrong := [
        name for name in ("key", "subject", "who", "field") if not isinstance(found.get(name, ""), str | None)
    ]:
        raise ManifestError(f'{path}:{number}: "{wrong[0]}" must be a text.')
    return found


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _numbers(rows: list[int]) -> Any:
    import numpy as np

    return np.array(rows, dtype=np.int32)
