"""Events as rows of the table ``events``: how one becomes the other, and which rows are the newest of their chains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from sys import intern
from typing import Any

import orjson
from sqlalchemy import func, select

from evaluator.ledger.events import Event, as_json
from evaluator.ledger.schema import EVENTS


def event_of(row: Any) -> Event:
    """The event of a row of all columns in their order; by place, because asking a row by name takes longer."""
    number, key, at, who, space, subject, field, old, new, comment, base, seen, undoes = row
    return Event(
        id=number,
        key=key,
        at=datetime.fromtimestamp(at, UTC),
        who=intern(who),  # few names in many events
        space=intern(space),
        subject=subject,
        field=intern(field),
        old=orjson.loads(old),
        new=orjson.loads(new),
        comment=comment,
        base=base or None,
        seen=seen,
        undoes=undoes,
    )


def row_of(event: Event) -> dict[str, Any]:
    """The row of an event, its columns by their names."""
    values = {name: getattr(event, name) for name in Event.__slots__}
    values |= {"at": event.at.timestamp(), "old": as_json(event.old), "new": as_json(event.new)}
    return values | {"base": event.base or 0}


def heads(
    space: str, *, subjects: Sequence[str] | None = None, field: str | None = None, columns: Sequence[str] = ()
) -> Any:
    """The query for the events without a successor: bases grow along a chain, so it is the largest base of each."""
    c = EVENTS.c
    last = select(c.subject, c.field, func.max(c.base).label("base")).where(c.space == space)
    if subjects is not None:
        last = last.where(c.subject.in_(subjects))
    if field is not None:
        last = last.where(c.field == field)
    ends = last.group_by(c.subject, c.field).subquery()
    joined = EVENTS.join(ends, (c.subject == ends.c.subject) & (c.field == ends.c.field) & (c.base == ends.c.base))
    return select(*(c[name] for name in columns or c.keys())).select_from(joined).where(c.space == space)
