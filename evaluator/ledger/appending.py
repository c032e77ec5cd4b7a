"""Appending to the ledger, in a transaction that no other writer is in (database.writing)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from evaluator.ledger.chunks import chunks
from evaluator.ledger.event_rows import event_of, heads, row_of
from evaluator.ledger.events import NEWEST, Draft, Event, SeenRow, as_json
from evaluator.ledger.schema import EVENTS, SEEN_ROWS
from explorer.errors import LedgerError, StaleEdit

Place = tuple[str, str, str]
"""The space, subject and field of a chain."""


def append(connection: Connection, drafts: Sequence[Draft]) -> list[Event]:
    """Write those whose keys are new; the events of all. Nobody else writes meanwhile, so numbers can be counted on.

    Raises:
        StaleEdit: a draft was made over a state that is no longer the newest.
        LedgerError: a key is known, but belongs to another edit.
    """
    known: dict[str, Event] = {}
    for some in chunks(draft.key for draft in drafts):
        rows = connection.execute(select(EVENTS).where(EVENTS.c.key.in_(some)))
        known |= {row.key: event_of(row) for row in rows}
    newest = _newest(connection, [draft for draft in drafts if draft.key not in known])
    number = int(connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0)
    now = time.time()
    new: list[dict[str, Any]] = []
    for draft in drafts:
        if draft.key in known:
            if not known[draft.key].repeats(draft):
                raise LedgerError(f'The key "{draft.key}" belongs to another edit; nothing was saved. Make a new key.')
            continue
        place = (draft.space, draft.subject, draft.field)
        head = newest.get(place)
        if draft.base != NEWEST and draft.base != (head.id if head else None):
            raise StaleEdit(_stale(head), newer=head)
        number += 1
        known[draft.key] = newest[place] = numbered(draft, number, now, head)
        new.append(row_of(newest[place]))
    rows_seen = {draft.seen.fingerprint: draft.seen for draft in drafts if draft.seen is not None}
    _keep_rows(connection, rows_seen)
    if new:
        connection.execute(insert(EVENTS), new)
    return [known[draft.key] for draft in drafts]


def _newest(connection: Connection, drafts: Sequence[Draft]) -> dict[Place, Event]:
    """The newest events of the chains that the drafts are for."""
    by_space: dict[str, dict[str, None]] = defaultdict(dict)
    for draft in drafts:
        by_space[draft.space][draft.subject] = None
    found = {}
    for space, subjects in by_space.items():
        for some in chunks(subjects):
            for row in connection.execute(heads(space, subjects=some)):
                found[row.space, row.subject, row.field] = event_of(row)
    return found


def numbered(draft: Draft, number: int, now: float, head: Event | None) -> Event:
    """What a draft becomes: the event after ``head``, the newest of its chain, at ``now`` (seconds since the epoch)."""
    return Event(
        id=number,
        key=draft.key,
        at=draft.at or datetime.fromtimestamp(now, UTC),
        who=draft.who,
        space=draft.space,
        subject=draft.subject,
        field=draft.field,
        old=draft.old if head is None else head.new,
        new=draft.new,
        comment=draft.comment,
        base=None if head is None else head.id,
        seen=None if draft.seen is None else draft.seen.fingerprint,
        undoes=draft.undoes,
    )


def _keep_rows(connection: Connection, seen: Mapping[str, SeenRow]) -> None:
    """Keep the rows that are not kept yet."""
    kept: set[str] = set()
    for some in chunks(seen):
        kept.update(
            connection.execute(select(SEEN_ROWS.c.fingerprint).where(SEEN_ROWS.c.fingerprint.in_(some))).scalars()
        )
    new = [
        {
            "fingerprint": fingerprint,
            "audio": row.audio.encode(errors="backslashreplace").decode(),
            "offset_s": row.offset,
            "duration_s": row.duration,
            "reference": None if row.reference is None else as_json(row.reference),
        }
        for fingerprint, row in seen.items()
        if fingerprint not in kept
    ]
    if new:
        connection.execute(insert(SEEN_ROWS), new)


def _stale(head: Event | None) -> str:
    if head is None:
        return "This was saved over an edit that the ledger does not have; open it again. Nothing was saved."
    return f'{head.who} has changed "{head.field}" meanwhile; nothing was saved.'
