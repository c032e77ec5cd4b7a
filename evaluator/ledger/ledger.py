"""Ledger: append events, read them, and the current state that follows from them.

Opened when it is first used; safe from several threads and, over one database, from several processes. Events are
never changed or deleted, by triggers in the database. All times are UTC.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from evaluator.ledger.events import NEWEST, Draft, Event, SeenRow, as_json
from explorer.errors import LedgerError, LedgerReadOnly, StaleEdit

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Engine

    from explorer.config import Config

FILE = "ledger.sqlite"
LATELY_SECONDS = 1.0
_PACES = 50_000
_AT_ONCE = 500  # values in one IN (...): SQLite takes 32,766 parameters, and plans shorter lists faster

Place = tuple[str, str, str]
Item = TypeVar("Item")


def review_space(corpus: str) -> str:
    """The space of what people say about the utterances of a corpus."""
    return f"review:{corpus}"


def open_ledger(config: Config) -> Ledger:
    """The ledger that the configuration names; nothing is opened yet."""
    url = config.ledger.url or f"sqlite:///{config.workspace / FILE}"
    return Ledger(url, read_only=config.review.read_only)


class Ledger:
    """What people said, in the database at ``url``; a file's path also does."""

    def __init__(self, url: str | Path, *, read_only: bool = False) -> None:
        self._url = f"sqlite:///{url}" if isinstance(url, Path) else url
        self._only_read = read_only
        self._opening = threading.Lock()
        self._turn = threading.Lock()  # in order of arrival, where SQLite would have writers poll for their turn
        self._opened: Engine | None = None
        self._lately: dict[tuple[str, str], tuple[float, list[Event]]] = {}

    @property
    def begun(self) -> bool:
        """Whether there can be anything in it: a file that nobody has written to is not made by asking."""
        return self._opened is not None or self._file is None or self._file.exists()

    @property
    def read_only(self) -> bool:
        """Whether nobody may write, or nobody can: the file lies on storage that is only to be read."""
        return bool(self.reading_only)

    @property
    def reading_only(self) -> str:
        """Why nothing can be written, as a sentence; "" where it can."""
        from evaluator.ledger.database import can_be_written

        if self._only_read:
            return "This Earmark is read-only (review.read_only): edits and ratings are not taken."
        if self._file is not None and not can_be_written(self._file):
            return f"The ledger {self._file} lies where nothing can be written: it can be read, nothing can be saved."
        return ""

    @property
    def _file(self) -> Path | None:
        sqlite = self._url.startswith("sqlite:///")
        return Path(self._url.removeprefix("sqlite:///")) if sqlite else None

    @property
    def _engine(self) -> Engine:
        from evaluator.ledger.database import connected, database_url, empty

        if self._opened is not None:
            return self._opened
        with self._opening:
            if self._opened is None:
                reading_only = self.read_only
                if reading_only and not self.begun:
                    return empty()  # which may be written elsewhere by and by
                self._opened = connected(database_url(self._url), reading_only=reading_only)
            return self._opened

    def append(self, drafts: Iterable[Draft]) -> list[Event]:
        """Write the drafts, all or none; when it returns they are on disk. In the order of the drafts.

        A draft whose key is known is not written again: the event that has it is returned.

        Raises:
            StaleEdit: a draft was made over a state that is no longer the newest.
            LedgerReadOnly: nobody may write.
            LedgerUnavailable: the database is locked, full, unreachable...
            LedgerError: a key is known, but belongs to another edit.
        """
        from evaluator.ledger.database import writing

        wanted = list(drafts)
        if reason := self.reading_only:
            raise LedgerReadOnly(reason)
        if not wanted:
            return []
        with self._turn, writing(self._engine) as connection:
            events = _written(connection, wanted)
        spaces = {event.space for event in events}
        for place in [place for place in list(self._lately) if place[0] in spaces]:
            self._lately.pop(place, None)
        return events

    def events(
        self, space: str, subject: str | None = None, field: str | None = None, *, after: int = 0
    ) -> list[Event]:
        """The events of a space, of one subject, of one field, oldest first; only those numbered above ``after``."""
        from sqlalchemy import select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        chosen = select(EVENTS).where(EVENTS.c.space == space)
        if field is not None:
            chosen = chosen.where(EVENTS.c.field == field)
        if subject is None:
            chosen = chosen.where(EVENTS.c.id > after).order_by(EVENTS.c.id)
        else:  # few; told to look at numbers and order, SQLite would walk the whole space instead of the subject
            chosen = chosen.where(EVENTS.c.subject == subject)
        with reading(self._engine) as connection:
            found = list(map(_event, connection.execute(chosen).all()))
        return sorted((event for event in found if event.id > after), key=lambda event: event.id)

    def state(self, space: str, subjects: Iterable[str] | None = None) -> dict[str, dict[str, Event]]:
        """The newest event of every field, by subject; only of ``subjects``, if they are named.

        A subject nobody has said anything about is left out. For a whole space of many subjects, see ``latest``.
        """
        from evaluator.ledger.database import reading

        found: dict[str, dict[str, Event]] = defaultdict(dict)
        with reading(self._engine) as connection:
            for some in [None] if subjects is None else chunks(dict.fromkeys(subjects)):
                for event in map(_event, connection.execute(_heads(space, subjects=some)).all()):
                    found[event.subject][event.field] = event
        return dict(found)

    def histories(self, space: str, subjects: Iterable[str], field: str | None = None) -> list[Event]:
        """The events of these subjects, of one field if it is named, oldest first."""
        from sqlalchemy import select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        found: list[Event] = []
        chosen = select(EVENTS).where(EVENTS.c.space == space)
        if field is not None:
            chosen = chosen.where(EVENTS.c.field == field)
        with reading(self._engine) as connection:
            for some in chunks(dict.fromkeys(subjects)):
                rows = connection.execute(chosen.where(EVENTS.c.subject.in_(some))).all()
                found += map(_event, rows)
        return sorted(found, key=lambda event: event.id)

    def lately(self, space: str, subject: str) -> list[Event]:
        """The events of a subject that is asked for often and seldom written to, oldest first.

        Read again when this ledger wrote to the space, and after LATELY_SECONDS, for others may have written.
        """
        place, now = (space, subject), time.monotonic()
        read = self._lately.get(place)
        if read is None or now - read[0] > LATELY_SECONDS:
            read = self._lately[place] = now, self.events(space, subject)
        return read[1]

    def walked(self, space: str, *, at_once: int = 20_000) -> Iterator[dict[str, list[Event]]]:
        """All events of a space, in parts of many subjects, each subject's oldest first; every part is a short read."""
        from sqlalchemy import select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        c, after = EVENTS.c, ""
        while True:
            chosen = select(EVENTS).where(c.space == space, c.subject > after)
            with reading(self._engine) as connection:
                rows = connection.execute(chosen.order_by(c.subject, c.field, c.base).limit(at_once)).all()
            found: dict[str, list[Event]] = defaultdict(list)
            for event in map(_event, rows):
                found[event.subject].append(event)
            if not found:
                return
            after = rows[-1].subject
            if len(rows) == at_once:  # the last subject may have more than there was room for
                found[after] = self.histories(space, [after])
            for events in found.values():
                events.sort(key=lambda event: event.id)
            yield dict(found)

    def paces(self, space: str, *, after: int, until: int) -> Iterator[tuple[str, float, str, str]]:
        """Who saved when (seconds since the epoch) which field, and its new value as JSON, in the order of numbers."""
        from sqlalchemy import select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        c = EVENTS.c
        chosen = select(c.id, c.who, c.at, c.field, c.new).where(c.space == space, c.id <= until).order_by(c.id)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(chosen.where(c.id > after).limit(_PACES)).all()
            for number, who, at, field, new in rows:
                after = number
                yield intern(who), at, field, new
            if len(rows) < _PACES:
                return

    def size(self, space: str) -> int:
        """How many events a space has."""
        from sqlalchemy import func, select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        with reading(self._engine) as connection:
            counted = select(func.count()).select_from(EVENTS).where(EVENTS.c.space == space)
            return int(connection.execute(counted).scalar() or 0)

    def latest(self, space: str, field: str) -> pa.Table:
        """The newest event of a field for every subject that has one, as columns, in no order.

        ``subject``, ``id`` (int64), ``at`` (seconds since the epoch), ``who``, ``new`` (JSON text), ``seen``,
        ``comment``.
        """
        import pyarrow as pa

        from evaluator.ledger.database import reading

        kinds = {"subject": pa.string(), "id": pa.int64(), "at": pa.float64(), "who": pa.string(), "new": pa.string()}
        kinds |= {"seen": pa.string(), "comment": pa.string()}
        with reading(self._engine) as connection:
            rows = connection.execute(_heads(space, field=field, columns=tuple(kinds))).all()
        columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
        return pa.table({name: pa.array(column, kinds[name]) for name, column in zip(kinds, columns, strict=True)})

    def revision(self, space: str) -> int:
        """The number of the newest event of a space, 0 when there is none; pages poll it."""
        from sqlalchemy import func, select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        with reading(self._engine) as connection:
            newest = select(func.max(EVENTS.c.id)).where(EVENTS.c.space == space)
            return int(connection.execute(newest).scalar() or 0)

    def spaces(self) -> list[str]:
        """The spaces that have events."""
        from sqlalchemy import select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import EVENTS

        with reading(self._engine) as connection:
            return list(connection.execute(select(EVENTS.c.space).distinct().order_by(EVENTS.c.space)).scalars())

    def seen_rows(self, fingerprints: Iterable[str]) -> Mapping[str, SeenRow]:
        """The rows that events were made over, by their fingerprints."""
        from sqlalchemy import select

        from evaluator.ledger.database import reading
        from evaluator.ledger.schema import SEEN_ROWS

        found = {}
        with reading(self._engine) as connection:
            for some in chunks(dict.fromkeys(fingerprints)):
                for row in connection.execute(select(SEEN_ROWS).where(SEEN_ROWS.c.fingerprint.in_(some))):
                    found[row.fingerprint] = SeenRow(
                        audio=row.audio,
                        offset=row.offset_s,
                        duration=row.duration_s,
                        reference=None if row.reference is None else orjson.loads(row.reference),
                    )
        return found

    def sign(self, space: str, subject: str, who: str, *, editing: bool) -> None:
        """Tell that somebody is at a subject; for everybody who shares the database (signs.py).

        Raises:
            LedgerReadOnly, LedgerUnavailable: nobody may write, or nobody can.
        """
        from evaluator.ledger.signs import put_sign

        if reason := self.reading_only:
            raise LedgerReadOnly(reason)
        put_sign(self._engine, space, subject, who, editing=editing)

    def signs(self, space: str, subject: str) -> list[tuple[str, bool, float]]:
        """Who gave a sign at a subject, whether they edit, and how many seconds ago."""
        from evaluator.ledger.signs import signs_at

        return signs_at(self._engine, space, subject)

    def signers(self) -> list[str]:
        """Everybody who gave a sign anywhere within the last minute."""
        from evaluator.ledger.signs import signers

        return signers(self._engine)

    def close(self) -> None:
        """Let go of the database."""
        with self._opening:
            if self._opened is not None:
                self._opened.dispose()
                self._opened = None


def chunks(items: Iterable[Item], size: int = _AT_ONCE) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``."""
    every = list(items)
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _written(connection: Connection, drafts: Sequence[Draft]) -> list[Event]:
    """Write those whose keys are new; the events of all. Nobody else writes meanwhile, so numbers can be counted on."""
    from sqlalchemy import func, insert, select

    from evaluator.ledger.schema import EVENTS

    known: dict[str, Event] = {}
    for some in chunks(draft.key for draft in drafts):
        rows = connection.execute(select(EVENTS).where(EVENTS.c.key.in_(some)))
        known |= {row.key: _event(row) for row in rows}
    heads = _newest(connection, [draft for draft in drafts if draft.key not in known])
    number = int(connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0)
    now = time.time()
    new: list[dict[str, Any]] = []
    for draft in drafts:
        if draft.key in known:
            if not known[draft.key].repeats(draft):
                raise LedgerError(f'The key "{draft.key}" belongs to another edit; nothing was saved. Make a new key.')
            continue
        place = (draft.space, draft.subject, draft.field)
        head = heads.get(place)
        if draft.base != NEWEST and draft.base != (head.id if head else None):
            raise StaleEdit(_stale(head), newer=head)
        number += 1
        known[draft.key] = heads[place] = _numbered(draft, number, now, head)
        new.append(_row(heads[place]))
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
            for row in connection.execute(_heads(space, subjects=some)):
                found[row.space, row.subject, row.field] = _event(row)
    return found


def _heads(
    space: str, *, subjects: Sequence[str] | None = None, field: str | None = None, columns: Sequence[str] = ()
) -> Any:
    """The query for the events without a successor: bases grow along a chain, so it is the largest base of each."""
    from sqlalchemy import func, select

    from evaluator.ledger.schema import EVENTS

    c = EVENTS.c
    last = select(c.subject, c.field, func.max(c.base).label("base")).where(c.space == space)
    if subjects is not None:
        last = last.where(c.subject.in_(subjects))
    if field is not None:
        last = last.where(c.field == field)
    ends = last.group_by(c.subject, c.field).subquery()
    joined = EVENTS.join(ends, (c.subject == ends.c.subject) & (c.field == ends.c.field) & (c.base == ends.c.base))
    return select(*(c[name] for name in columns or c.keys())).select_from(joined).where(c.space == space)


def _numbered(draft: Draft, number: int, now: float, head: Event | None) -> Event:
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


def _row(event: Event) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in Event.__slots__}
    values |= {"at": event.at.timestamp(), "old": as_json(event.old), "new": as_json(event.new)}
    return values | {"base": event.base or 0}


def _event(row: Any) -> Event:
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


def _keep_rows(connection: Connection, seen: Mapping[str, SeenRow]) -> None:
    """Keep the rows that are not kept yet."""
    from sqlalchemy import insert, select

    from evaluator.ledger.schema import SEEN_ROWS

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
