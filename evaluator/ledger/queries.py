"""Questions to the ledger: its events, whole, newest, in parts, and what follows from them, each in short reads.

Each may raise LedgerUnavailable: the database is locked, unreachable...
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Engine, func, select

from evaluator.ledger.chunks import chunks
from evaluator.ledger.database import reading
from evaluator.ledger.event_rows import event_of, heads
from evaluator.ledger.events import Event, SeenRow
from evaluator.ledger.schema import EVENTS, SEEN_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

_PACES = 50_000


def events(
    engine: Engine, space: str, subject: str | None = None, field: str | None = None, *, after: int = 0
) -> list[Event]:
    """The events of a space, of one subject, of one field, oldest first; only those numbered above ``after``."""
    chosen = select(EVENTS).where(EVENTS.c.space == space)
    if field is not None:
        chosen = chosen.where(EVENTS.c.field == field)
    if subject is None:
        chosen = chosen.where(EVENTS.c.id > after).order_by(EVENTS.c.id)
    else:  # few; told to look at numbers and order, SQLite would walk the whole space instead of the subject
        chosen = chosen.where(EVENTS.c.subject == subject)
    with reading(engine) as connection:
        found = list(map(event_of, connection.execute(chosen).all()))
    return sorted((event for event in found if event.id > after), key=lambda event: event.id)


def state(engine: Engine, space: str, subjects: Iterable[str] | None = None) -> dict[str, dict[str, Event]]:
    """The newest event of every field, by subject; only of ``subjects``, if they are named.

    A subject nobody has said anything about is left out. For a whole space of many subjects, see ``latest``.
    """
    found: dict[str, dict[str, Event]] = defaultdict(dict)
    with reading(engine) as connection:
        for some in [None] if subjects is None else chunks(dict.fromkeys(subjects)):
            for event in map(event_of, connection.execute(heads(space, subjects=some)).all()):
                found[event.subject][event.field] = event
    return dict(found)


def histories(engine: Engine, space: str, subjects: Iterable[str], field: str | None = None) -> list[Event]:
    """The events of these subjects, of one field if it is named, oldest first."""
    found: list[Event] = []
    chosen = select(EVENTS).where(EVENTS.c.space == space)
    if field is not None:
        chosen = chosen.where(EVENTS.c.field == field)
    with reading(engine) as connection:
        for some in chunks(dict.fromkeys(subjects)):
            rows = connection.execute(chosen.where(EVENTS.c.subject.in_(some))).all()
            found += map(event_of, rows)
    return sorted(found, key=lambda event: event.id)


def walked(engine: Engine, space: str, *, at_once: int = 20_000) -> Iterator[dict[str, list[Event]]]:
    """All events of a space, in parts of many subjects, each subject's oldest first; every part is a short read."""
    c, after = EVENTS.c, ""
    while True:
        chosen = select(EVENTS).where(c.space == space, c.subject > after)
        with reading(engine) as connection:
            rows = connection.execute(chosen.order_by(c.subject, c.field, c.base).limit(at_once)).all()
        found: dict[str, list[Event]] = defaultdict(list)
        for event in map(event_of, rows):
            found[event.subject].append(event)
        if not found:
            return
        after = rows[-1].subject
        if len(rows) == at_once:  # the last subject may have more than there was room for
            found[after] = histories(engine, space, [after])
        for events in found.values():
            events.sort(key=lambda event: event.id)
        yield dict(found)


def paces(engine: Engine, space: str, *, after: int, until: int) -> Iterator[tuple[str, float, str, str]]:
    """Who saved when (seconds since the epoch) which field, and its new value as JSON, in the order of numbers."""
    c = EVENTS.c
    chosen = select(c.id, c.who, c.at, c.field, c.new).where(c.space == space, c.id <= until).order_by(c.id)
    while True:
        with reading(engine) as connection:
            rows = connection.execute(chosen.where(c.id > after).limit(_PACES)).all()
        for number, who, at, field, new in rows:
            after = number
            yield intern(who), at, field, new
        if len(rows) < _PACES:
            return


def size(engine: Engine, space: str) -> int:
    """How many events a space has."""
    with reading(engine) as connection:
        counted = select(func.count()).select_from(EVENTS).where(EVENTS.c.space == space)
        return int(connection.execute(counted).scalar() or 0)


def latest(engine: Engine, space: str, field: str) -> pa.Table:
    """The newest event of a field for every subject that has one, as columns, in no order.

    ``subject``, ``id`` (int64), ``at`` (seconds since the epoch), ``who``, ``new`` (JSON text), ``seen``,
    ``comment``.
    """
    import pyarrow as pa

    kinds = {"subject": pa.string(), "id": pa.int64(), "at": pa.float64(), "who": pa.string(), "new": pa.string()}
    kinds |= {"seen": pa.string(), "comment": pa.string()}
    with reading(engine) as connection:
        rows = connection.execute(heads(space, field=field, columns=tuple(kinds))).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pa.table({name: pa.array(column, kinds[name]) for name, column in zip(kinds, columns, strict=True)})


def revision(engine: Engine, space: str) -> int:
    """The number of the newest event of a space, 0 when there is none; pages poll it."""
    with reading(engine) as connection:
        newest = select(func.max(EVENTS.c.id)).where(EVENTS.c.space == space)
        return int(connection.execute(newest).scalar() or 0)


def spaces(engine: Engine) -> list[str]:
    """The spaces that have events."""
    with reading(engine) as connection:
        return list(connection.execute(select(EVENTS.c.space).distinct().order_by(EVENTS.c.space)).scalars())


def seen_rows(engine: Engine, fingerprints: Iterable[str]) -> Mapping[str, SeenRow]:
    """The rows that events were made over, by their fingerprints."""
    found = {}
    with reading(engine) as connection:
        for some in chunks(dict.fromkeys(fingerprints)):
            for row in connection.execute(select(SEEN_ROWS).where(SEEN_ROWS.c.fingerprint.in_(some))):
                found[row.fingerprint] = SeenRow(
                    audio=row.audio,
                    offset=row.offset_s,
                    duration=row.duration_s,
                    reference=None if row.reference is None else orjson.loads(row.reference),
                )
    return found
