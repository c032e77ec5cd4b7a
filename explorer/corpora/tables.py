"""Tables: the DuckDB side of a corpus snapshot. All its SQL is made here and in query.py, from our own names only.

Overlays become in-memory tables with exactly one line per row, in row order.
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from explorer.columns import Column
from explorer.corpora.database import Database, Lay
from explorer.corpora.schema import CATALOG, UTTERANCES
from explorer.errors import QueryError, SpeechDataError
from explorer.querying.conditions import Case
from explorer.querying.query import Compiled

BASE = "utterances"
SAFE_INTEGER = (1 << 53) - 1
LOOKED_AT_ONCE = 500_000
"""Rows that a search with a time limit looks at between two glances at the clock: a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column and where it is stored: the key of its table and the SQL expression of its value.

    ``case`` is that of all its texts, if they agree; ``ordered`` what its order is kept under (see orders.py).
    """

    column: Column
    table: str
    sql: str
    case: Case | None = None
    ordered: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of one snapshot. ``stored`` are the fixed and own columns with the name they are stored under,
    ``measured`` says that missing durations were looked for in the sound, ``ordered`` and ``cases`` see orders.py."""

    database: Database
    size: int
    stored: tuple[tuple[Column, str], ...]
    source_names: tuple[str, ...]
    measured: bool = False
    ordered: frozenset[str] = frozenset()
    cases: Mapping[str, Case | None] = field(default_factory=dict)
    lays: tuple[Lay, ...] = ()

    def places(self) -> dict[str, Place]:
        """All columns by name; a column of an overlay hides an earlier one of the same name."""
        places = {
            column.name: Place(
                column, BASE, f'{BASE}."{name}"', self.cases.get(name), name if name in self.ordered else None
            )
            for column, name in self.stored
        }
        for number, lay in enumerate(self.lays):
            for index, column in enumerate(lay.columns):
                places[column.name] = Place(column, f"o{number}", f"o{number}.c{index}")
        return places

    def without(self, name: str) -> Tables:
        """The tables without the overlay of that name."""
        return replace(self, lays=tuple(lay for lay in self.lays if lay.name != name))

    def laid(self, name: str, path: Path, columns: tuple[Column, ...]) -> Tables:
        """The tables with an overlay from Parquet; of a row that occurs twice the last values count.

        Raises:
            SpeechDataError: the file is damaged or does not belong to this corpus.
        """
        try:
            table = pyarrow.parquet.ParquetFile(path).read(columns=["row", *(column.name for column in columns)])
            rows = table["row"].to_numpy().astype(np.int64)
            values = [table[column.name] for column in columns]
        except (OSError, KeyError, pa.ArrowException) as error:
            raise SpeechDataError(f"{path} cannot be laid beside the corpus: {error}") from error
        if rows.size and not (rows.min() >= 0 and rows.max() < self.size):
            raise SpeechDataError(f"{path} belongs to another version of the corpus: it has rows beyond {self.size:,}")
        place = np.full(self.size, -1, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        dense = pa.array(place, mask=place < 0)
        arrays = {f"c{index}": column.take(dense) for index, column in enumerate(values)}
        row = pa.array(np.arange(self.size, dtype=np.int32))
        return replace(self, lays=(*self.lays, self.database.keep(name, pa.table({"row": row, **arrays}), columns)))

    def rows(self, query: Compiled) -> np.ndarray:
        """The ordered row numbers of a query, int32."""
        start, joins = self._from(query.tables)
        where = f" WHERE {query.where}" if query.where else ""
        order = f" ORDER BY {', '.join((*query.order, f'{start}.row'))}" if query.order else ""
        found = self._run(f"SELECT {start}.row AS row FROM {joins}{where}{order}", query.parameters)
        rows = found["row"].to_numpy().astype(np.int32, copy=True)
        return rows if query.order else np.sort(rows)

    def order(self, place: Place, *, descending: bool) -> np.ndarray | None:
        """All rows in the order of a column, int32, where that order is kept."""
        if place.ordered is None:
            return None
        return self.database.order(place.ordered).arranged(self.size, descending=descending)

    def sums(self, query: Compiled, places: Sequence[Place]) -> list[float]:
        """The sums of numbers over the rows of a query."""
        if not places:
            return []
        for place in places:
            if place.column.kind != "number":
                raise QueryError(f'"{place.column.name}" has no numbers to add up')
        _, joins = self._from(query.tables | {place.table for place in places})
        wanted = ", ".join(f"coalesce(sum({place.sql}), 0)::DOUBLE" for place in places)
        where = f" WHERE {query.where}" if query.where else ""
        return list(self._fetch(f"SELECT {wanted} FROM {joins}{where}", query.parameters)[0])

    def page(self, rows: np.ndarray, places: Sequence[Place]) -> list[dict[str, Any]]:
        """The values of these rows, in this order, safe as JSON."""
        names = [place.column.name for place in places]
        found = self._values(rows, places)
        return [
            {"id": id, "row": row, **{name: _safe(value) for name, value in zip(names, values, strict=True)}}
            for row, id, *values in found
        ]

    def listed(self, rows: np.ndarray, places: Sequence[Place]) -> list[tuple[str, list[Any]]]:
        """The ids and values of these rows, in this order, exactly as they were read, nested ones decoded."""
        nested = [place.column.kind == "json" for place in places]
        return [
            (id, [json.loads(v) if n and v is not None else v for v, n in zip(values, nested, strict=True)])
            for _row, id, *values in self._values(rows, places)
        ]

    def values(self, row: int, places: Sequence[Place]) -> dict[str, Any]:
        """The values of one row by column name, nested ones decoded."""
        names = [place.column.name for place in places]
        return dict(zip(names, self.listed(np.array([row], np.int32), places)[0][1], strict=True))

    def first(self, query: Compiled, most: int, *, seconds: float) -> tuple[np.ndarray, int]:
        """At most ``most`` selected rows, int32, and how many rows were looked at.

        It stops looking when it has them, or after so many ``seconds`` and the range of rows that it is at.
        """
        start, joins = self._from(query.tables)
        where = f" AND {query.where}" if query.where else ""
        until, first = time.monotonic() + seconds, 0
        found: list[int] = []
        while first < self.size and len(found) < most and time.monotonic() < until:
            span = f"{start}.row >= {first} AND {start}.row < {first + LOOKED_AT_ONCE}"
            sql = f"SELECT {start}.row FROM {joins} WHERE {span}{where} LIMIT {int(most) - len(found)}"
            found += [row for (row,) in self._fetch(sql, query.parameters)]
            first += LOOKED_AT_ONCE
        return np.array(found, np.int32), min(first, self.size)

    def starting(self, prefix: str, most: int) -> np.ndarray:
        """At most ``most`` rows whose id begins with ``prefix``, int32."""
        sql = f"SELECT row FROM {UTTERANCES} WHERE starts_with(id, ?) ORDER BY row LIMIT {int(most)}"
        return np.array([row for (row,) in self._fetch(sql, (prefix,))], np.int32)

    def row_of(self, id: str) -> int | None:
        """The row with that id."""
        found = self._fetch(f"SELECT row FROM {UTTERANCES} WHERE id = ?", (id,))
        return int(found[0][0]) if found else None

    def rows_of(self, ids: pa.Array) -> np.ndarray:
        """The rows with these ids in the same order, int32, -1 where there is none."""
        cursor = self.database.cursor()
        cursor.register("wanted", pa.table({"id": ids, "place": pa.array(np.arange(len(ids)))}))
        sql = f"SELECT wanted.place, u.row FROM wanted JOIN {UTTERANCES} AS u ON u.id = wanted.id"
        found = cursor.sql(sql).to_arrow_table()
        rows = np.full(len(ids), -1, dtype=np.int32)
        rows[found["place"].to_numpy()] = found["row"].to_numpy()
        return rows

    def numbers(self, place: Place) -> np.ndarray:
        """A whole number column as float64, NaN where there is no value."""
        start, joins = self._from(frozenset({place.table}))
        found = self._run(f"SELECT {place.sql}::DOUBLE AS number, {start}.row AS row FROM {joins}", ())
        numbers = np.full(self.size, np.nan)
        numbers[found["row"].to_numpy()] = found["number"].to_numpy()
        return numbers

    def batches(self, query: Compiled, places: Sequence[Place], size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query as record batches in row order, read a range of rows at a time."""
        start, joins = self._from(query.tables | {place.table for place in places})
        wanted = ", ".join([f"{start}.row AS row", *(f"{p.sql} AS c{i}" for i, p in enumerate(places))])
        where = f" AND {query.where}" if query.where else ""
        names = ["row", *(place.column.name for place in places)]
        for first in range(0, self.size, size):
            condition = f"{start}.row >= {first} AND {start}.row < {first + size}{where}"
            found = self._run(f"SELECT {wanted} FROM {joins} WHERE {condition} ORDER BY {start}.row", query.parameters)
            yield from found.rename_columns(names).combine_chunks().to_batches()

    def counted(self, query: Compiled, place: Place, limit: int) -> tuple[list[tuple[Any, int]], int, int, int]:
        """The most frequent values, the number of distinct ones, and of rows without and with a value."""
        _, joins = self._from(query.tables | {place.table})
        where = f" WHERE {query.where}" if query.where else ""
        groups = f"WITH groups AS (SELECT {place.sql} AS v, count(*) AS n FROM {joins}{where} GROUP BY 1)"
        top = self._fetch(
            f"{groups} SELECT v, n FROM groups WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT {int(limit)}",
            query.parameters,
        )
        known = "count(*) FILTER (v IS NOT NULL), coalesce(sum(n) FILTER (v IS NULL), 0)"
        [(distinct, missing, rows)] = self._fetch(
            f"{groups} SELECT {known}, coalesce(sum(n) FILTER (v IS NOT NULL), 0) FROM groups", query.parameters
        )
        return [(_safe(value), count) for value, count in top], int(distinct), int(missing), int(rows)

    def words(self, limit: int) -> list[tuple[str, int]]:
        """The most frequent words of the references."""
        return [
            (word, count)
            for word, count in self._fetch(
                f"SELECT word, count FROM {CATALOG}.vocabulary ORDER BY count DESC, word LIMIT {int(limit)}", ()
            )
        ]

    def _values(self, rows: np.ndarray, places: Sequence[Place]) -> list[tuple[Any, ...]]:
        """Rows as (row, id, values...) in the given order."""
        if not rows.size:
            return []
        _, joins = self._from(frozenset({BASE, *(place.table for place in places)}))
        wanted = ", ".join([f"{BASE}.row", f"{BASE}.id", *(place.sql for place in places)])
        # A join with the rows takes an eighth of the time of IN (...): it fetches the other columns only where needed.
        rows_given = f"SEMI JOIN (SELECT unnest(?::INTEGER[]) AS row) AS given ON given.row = {BASE}.row"
        found = self._fetch(f"SELECT {wanted} FROM {joins} {rows_given}", (rows.tolist(),))
        by_row = {values[0]: values for values in found}
        return [by_row[row] for row in rows.tolist()]

    def _from(self, tables: frozenset[str]) -> tuple[str, str]:
        """The first table's alias and a FROM clause with all of them; every table has every row."""
        stored = {BASE: UTTERANCES} | {f"o{number}": lay.table for number, lay in enumerate(self.lays)}
        used = [key for key in stored if key in tables] or [BASE]
        joins = [f"{stored[used[0]]} AS {used[0]}"]
        joins += [f"JOIN {stored[key]} AS {key} ON {key}.row = {used[0]}.row" for key in used[1:]]
        return used[0], " ".join(joins)

    def _run(self, sql: str, parameters: Sequence[Any]) -> pa.Table:
        with _told_as_query_errors():
            return self.database.cursor().sql(sql, params=list(parameters)).to_arrow_table()

    def _fetch(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with _told_as_query_errors():
            return self.database.cursor().execute(sql, list(parameters)).fetchall()


class _told_as_query_errors:
    """What DuckDB refuses because of a user's value (a pattern, a number out of range), as a QueryError."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, duckdb.InvalidInputException | duckdb.ConversionException | duckdb.OutOfRangeException):
            reason = str(error).split(": ", 1)[-1].split("\n")[0]
            raise QueryError(f"the filter cannot be evaluated: {reason}") from error


def _safe(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE_INTEGER:
        return str(value)
    return value
