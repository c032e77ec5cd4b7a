"""Corpus: a read-only snapshot of a queryable table of utterances and what was wrong with its sources.

A snapshot never changes: reading a changed source, measuring missing durations or laying an overlay beside it gives a
new one. Rows are numbered from 0 in source order; a query gives their ordered numbers, a page gives a few of their
values, and no call makes a list of all utterances. All calls are safe from several threads.

Overlays (scores, runs, measurements) are Parquet files with an int32 column ``row``; rows they lack have no value. A
query reads only the tables whose columns it needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.columns import Column
from explorer.corpora.orders import selected
from explorer.corpora.tables import Place, Tables
from explorer.corpora.whereabouts import Whereabouts
from explorer.errors import MissingAudio, QueryError, UnknownUtterance
from explorer.places.paths import folder_of
from explorer.places.sounds import Place as SoundPlace
from explorer.querying.query import Query, compiled, find
from explorer.querying.row_memory import RowMemory
from explorer.records import Problem, Utterance

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Corpus", "Extent", "Overlay", "Problem", "Utterance"]

WARMED_ROWS = 100
ROWS_AT_ONCE = 50_000
_ID_START = re.compile("[0-9a-f]{2,16}")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a query selects: ``hours`` of known duration, and how many durations are unknown."""

    utterances: int
    hours: float
    unknown_durations: int


@dataclass(frozen=True, slots=True)
class Overlay:
    """Columns laid beside a corpus: a Parquet file with the int32 column ``row`` and one column per Column."""

    name: str
    path: Path
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """A snapshot; made by opening.py or a Library, never directly.

    ``complete`` is False for a preview of the first rows while loading goes on. ``problems`` lists at most 10,000,
    ``problem_count`` counts all, ``problem_kinds`` by cause. ``roots`` are the folders sound may come from, resolved.
    ``order`` are the source's own field names as they first appeared, ``counts`` and ``alphabet`` what was counted
    while reading (see stats.py).
    ``key`` is the version of everything, ``content_key`` that of the sources alone.
    """

    name: str
    key: str
    sources: tuple[Path, ...]
    roots: tuple[Path, ...]
    audio_root: Path | None
    size: int
    complete: bool
    problems: tuple[Problem, ...]
    problem_count: int
    problem_kinds: Mapping[str, int]
    order: tuple[str, ...]
    counts: Mapping[str, int]
    alphabet: Mapping[str, int]
    overlays: tuple[Overlay, ...] = ()
    tables: Tables
    whereabouts: Whereabouts
    loaded_key: str | None = None

    @cached_property
    def _memory(self) -> RowMemory:
        return RowMemory()

    @cached_property
    def _places(self) -> dict[str, Place]:
        return self.tables.places()

    @property
    def content_key(self) -> str:
        """The version of what was loaded, whatever is laid beside it: for caches that do not depend on overlays."""
        return self.loaded_key or self.key

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns: the manifest's, derived ones, then those of the overlays."""
        return tuple(place.column for place in self._places.values())

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """The systems that have a hypothesis column."""
        return tuple(c.system for c in self.columns if c.system is not None and c.name == f"hypothesis_{c.system}")

    def column(self, name: str) -> Column:
        """The column of that name; QueryError naming the nearest when there is none."""
        return find(name, self._places).column

    def rows(self, query: Query) -> np.ndarray:
        """The selected row numbers in the query's order, int32, not to be written to.

        Raises:
            QueryError: the query does not fit the columns.
        """
        return self._memory.get(query, self._find_rows)

    def extent(self, query: Query) -> Extent:
        """How many utterances and hours the query selects."""
        durations = self._durations if not query.selects else self._durations[self.rows(query)]
        unknown = int(np.isnan(durations).sum())
        return Extent(len(durations), float(np.nansum(durations)) / 3600, unknown)

    def page(self, query: Query, start: int, stop: int, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows ``start`` <= position < ``stop`` of the query, each with "id", "row" and the columns.

        Values are safe as JSON: nested ones as JSON text, NaN and infinity as None, integers beyond 2**53 as text.
        """
        rows = self.rows(query)[max(0, start) : max(0, stop)]
        return self.tables.page(rows, [find(name, self._places) for name in columns])

    def glimpse(
        self, text: str, most: int, columns: Sequence[str], *, seconds: float = math.inf
    ) -> tuple[list[dict[str, Any]], int]:
        """At most ``most`` rows as ``page`` gives them: whose id begins with ``text``, then with it in a text.

        For somebody who is still typing: it stops looking when it has enough, or after so many ``seconds``, where a
        query finds all. Also how many rows it looked at.
        """
        known = self.tables.starting(text, most) if _ID_START.fullmatch(text) else np.array([], np.int32)
        looked = self.size
        if len(known) < most:
            search = compiled(Query(search=text), self._places, self._texts)
            said, looked = self.tables.first(search, most, seconds=seconds)
            known = np.array(list(dict.fromkeys([*known.tolist(), *said.tolist()]))[:most], np.int32)
            looked = self.size if len(known) >= most else looked
        return self.tables.page(known, [find(name, self._places) for name in columns]), looked

    def warm(self) -> None:
        """Read a few rows from everywhere, so that the first page of a sorted view need not wait for the file.

        A tenth of a second to half a second, once: a page of scattered rows touches nearly every part of the file, and
        the first one would take a hundred milliseconds where later ones take five.
        """
        spread = np.linspace(0, self.size - 1, min(self.size, WARMED_ROWS)).astype(np.int32)
        self.tables.page(spread, tuple(self._places.values()))

    def utterance(self, id: str) -> Utterance:
        """The utterance with that id; UnknownUtterance when there is none."""
        row = self.tables.row_of(id)
        if row is None:
            raise UnknownUtterance(f'corpus "{self.name}" has no utterance "{id[:40]}"; its manifest may have changed')
        values = self.tables.values(row, self._told)
        hypotheses = {s: values.pop(f"hypothesis_{s}") for s in self.systems}
        source, audio = values.pop("source"), values.pop("audio")
        speaker, language = values.pop("speaker", None), values.pop("language", None)
        return Utterance(
            id=id,
            row=row,
            audio=audio,
            path=self.whereabouts.label(audio, source, shard=values.get("shard_id")),
            offset=values.pop("offset"),
            duration=values.pop("duration"),
            reference=values.pop("reference"),
            hypotheses={system: text for system, text in hypotheses.items() if text is not None},
            speaker=None if speaker is None else str(speaker),
            language=None if language is None else str(language),
            source=source,
            line=values.pop("line"),
            extra={name: value for name, value in values.items() if value is not None},
        )

    def rows_of(self, ids: Sequence[str]) -> np.ndarray:
        """The rows of many utterances at once, in the order of their ids, int32; -1 for an id that is not here."""
        import pyarrow as pa

        return self.tables.rows_of(pa.array(ids, pa.string()))

    def position(self, query: Query, id: str) -> int | None:
        """The utterance's place in the ordered view, None when it is not part of it."""
        row = self.tables.row_of(id)
        if row is None:
            return None
        found = np.flatnonzero(self.rows(query) == row)
        return int(found[0]) if found.size else None

    def neighbour(self, query: Query, id: str, step: int) -> str | None:
        """The id of the utterance ``step`` places further in the ordered view, None beyond its ends."""
        position = self.position(query, id)
        if position is None or not 0 <= position + step < len(self.rows(query)):
            return None
        return str(self.page(query, position + step, position + step + 1, ())[0]["id"])

    def totals(self, query: Query, columns: Sequence[str]) -> dict[str, float]:
        """The sums of number columns over the query's rows; rows without a value count nothing, no rows give 0."""
        places = [find(name, self._places) for name in columns]
        sums = self.tables.sums(compiled(replace(query, sort=()), self._places, self._texts), places)
        return dict(zip(columns, sums, strict=True))

    def batches(
        self, columns: Sequence[str], query: Query | None = None, *, size: int = ROWS_AT_ONCE
    ) -> Iterator[pa.RecordBatch]:
        """The columns as Arrow record batches in row order, the int32 column ``row`` first."""
        found = compiled(replace(query, sort=()) if query else Query(), self._places, self._texts)
        yield from self.tables.batches(found, [find(name, self._places) for name in columns], size)

    def laid(self, overlay: Overlay) -> Corpus:
        """A snapshot with the overlay's columns too; an overlay of the same name is replaced."""
        kept = tuple(present for present in self.overlays if present.name != overlay.name)
        tables = self.tables.without(overlay.name).laid(overlay.name, overlay.path, overlay.columns)
        stat = overlay.path.stat()
        version = f"{self.key}\0{overlay.name}\0{overlay.path}\0{stat.st_size}\0{stat.st_mtime_ns}"
        key = blake2b(version.encode(), digest_size=16).hexdigest()
        return replace(self, key=key, loaded_key=self.content_key, overlays=(*kept, overlay), tables=tables)

    def audio_path(self, utterance: Utterance) -> SoundPlace:
        """Where the sound is, symbolic links resolved, inside the roots: a path, or a Sound in a tar or in storage.

        Raises:
            ForbiddenAudio: it lies outside the roots.
            MissingAudio: it is not there.
            UnreadableAudio: the tar that it is in cannot be read, or its storage is away.
        """
        shard = utterance.extra.get("shard_id")
        place = self.whereabouts.allowed(self.whereabouts.place(utterance.audio, utterance.source, shard=shard))
        if isinstance(place, Path) and not place.is_file():
            raise MissingAudio(f"{place} is not there; if it lies elsewhere, say where with --audio-base-path")
        return place

    def listed(self, rows: np.ndarray, columns: Sequence[str]) -> list[tuple[str, list[Any]]]:
        """The ids and exact values of these rows, in this order: as they were read, nested values decoded."""
        return self.tables.listed(rows, [find(name, self._places) for name in columns])

    def numbers(self, column: str) -> np.ndarray:
        """A number column of all rows as float64, NaN where there is no value; QueryError when it has no numbers."""
        place = find(column, self._places)
        if place.column.kind != "number":
            raise QueryError(f'"{column}" has no numbers')
        return self._durations if column == "duration" else self.tables.numbers(place)

    def counted(self, query: Query, column: str, limit: int) -> tuple[list[tuple[Any, int]], int, int, int]:
        """A column's most frequent values with counts; how many are distinct; rows without and with a value."""
        found = compiled(replace(query, sort=()), self._places, self._texts)
        return self.tables.counted(found, find(column, self._places), limit)

    def words(self, limit: int = 100) -> list[tuple[str, int]]:
        """The most frequent words of the references with their counts."""
        return self.tables.words(limit)

    @cached_property
    def sources_by_name(self) -> dict[str, Path]:
        """The sources by the short names that Problems and the column ``source`` use."""
        return dict(zip(self.tables.source_names, self.sources, strict=True))

    @cached_property
    def folders_by_name(self) -> dict[str, Path]:
        """The folders that relative paths count from, by the sources' short names."""
        return {name: folder_of(source) for name, source in self.sources_by_name.items()}

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return ("reference", *(f"hypothesis_{system}" for system in self.systems))

    @cached_property
    def _told(self) -> tuple[Place, ...]:
        """The columns an Utterance is made of: all of the manifest and the hypotheses of runs."""
        hypotheses = {f"hypothesis_{system}" for system in self.systems}
        return tuple(
            place
            for name, place in self._places.items()
            if place.column.origin == "manifest" or name in hypotheses or name in ("source", "line")
        )

    @cached_property
    def _durations(self) -> np.ndarray:
        """Seconds of every row, NaN where unknown: 8 bytes a row buy every extent without a query."""
        return self.tables.numbers(self._places["duration"])

    def _find_rows(self, query: Query) -> np.ndarray:
        if query == Query():
            return np.arange(self.size, dtype=np.int32)
        if len(query.sort) == 1:
            (key,) = query.sort
            order = self.tables.order(find(key.column, self._places), descending=key.descending)
            if order is not None:
                return selected(order, self.rows(query.selection())) if query.selects else order
        return self.tables.rows(compiled(query, self._places, self._texts))
