"""Ledger: append events, read them, and the current state that follows from them.

Opened when it is first used; safe from several threads and, over one database, from several processes. Events are
never changed or deleted, by triggers in the database. All times are UTC. What a method asks of the database is in
``queries``, what is written in ``appending``: both need SQLAlchemy, so they are imported when they are first used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.ledger.events import Draft, Event, SeenRow
from explorer.errors import LedgerReadOnly

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Engine

    from explorer.config import Config

FILE = "ledger.sqlite"
LATELY_SECONDS = 1.0


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
        from evaluator.ledger import appending
        from evaluator.ledger.database import writing

        wanted = list(drafts)
        if reason := self.reading_only:
            raise LedgerReadOnly(reason)
        if not wanted:
            return []
        with self._turn, writing(self._engine) as connection:
            events = appending.append(connection, wanted)
        spaces = {event.space for event in events}
        for place in [place for place in list(self._lately) if place[0] in spaces]:
            self._lately.pop(place, None)
        return events

    def events(
        self, space: str, subject: str | None = None, field: str | None = None, *, after: int = 0
    ) -> list[Event]:
        """The events of a space, of one subject, of one field, oldest first; only those numbered above ``after``."""
        from evaluator.ledger import queries

        return queries.events(self._engine, space, subject, field, after=after)

    def state(self, space: str, subjects: Iterable[str] | None = None) -> dict[str, dict[str, Event]]:
        """The newest event of every field, by subject; only of ``subjects``, if they are named.

        A subject nobody has said anything about is left out. For a whole space of many subjects, see ``latest``.
        """
        from evaluator.ledger import queries

        return queries.state(self._engine, space, subjects)

    def histories(self, space: str, subjects: Iterable[str], field: str | None = None) -> list[Event]:
        """The events of these subjects, of one field if it is named, oldest first."""
        from evaluator.ledger import queries

        return queries.histories(self._engine, space, subjects, field)

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
        from evaluator.ledger import queries

        yield from queries.walked(self._engine, space, at_once=at_once)

    def paces(self, space: str, *, after: int, until: int) -> Iterator[tuple[str, float, str, str]]:
        """Who saved when (seconds since the epoch) which field, and its new value as JSON, in the order of numbers."""
        from evaluator.ledger import queries

        yield from queries.paces(self._engine, space, after=after, until=until)

    def size(self, space: str) -> int:
        """How many events a space has."""
        from evaluator.ledger import queries

        return queries.size(self._engine, space)

    def latest(self, space: str, field: str) -> pa.Table:
        """The newest event of a field for every subject that has one, as columns, in no order.

        ``subject``, ``id`` (int64), ``at`` (seconds since the epoch), ``who``, ``new`` (JSON text), ``seen``,
        ``comment``.
        """
        from evaluator.ledger import queries

        return queries.latest(self._engine, space, field)

    def revision(self, space: str) -> int:
        """The number of the newest event of a space, 0 when there is none; pages poll it."""
        from evaluator.ledger import queries

        return queries.revision(self._engine, space)

    def spaces(self) -> list[str]:
        """The spaces that have events."""
        from evaluator.ledger import queries

        return queries.spaces(self._engine)

    def seen_rows(self, fingerprints: Iterable[str]) -> Mapping[str, SeenRow]:
        """The rows that events were made over, by their fingerprints."""
        from evaluator.ledger import queries

        return queries.seen_rows(self._engine, fingerprints)

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
