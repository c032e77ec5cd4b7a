"""Listing: a small read-only table of anything (words, characters) that a Query filters, sorts and searches.

The same filters, the same addresses and the same meaning as for utterances (explorer/querying/query.py); only the
rows are other things. A listing stands in memory: it is made for up to a million lines, not for a corpus.
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from explorer.columns import Column
from explorer.errors import QueryError
from explorer.querying.conditions import Case
from explorer.querying.query import Query, compiled, find
from explorer.querying.row_memory import RowMemory

TABLE = "listing"
MEMORY_MB = 512
THREADS = 2
LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """A column and the SQL expression of its value."""

    column: Column
    table: str
    sql: str
    case: Case | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Listing:
    """Rows of ``content``, a table with a field for each of ``columns``; ``search`` looks into the fields ``searched``.

    Fields of ``content`` beyond the columns can be read with ``values`` and not be filtered.
    """

    content: pa.Table
    columns: tuple[Column, ...]
    searched: tuple[str, ...]
    _places: dict[str, Place] = field(init=False)
    _memory: RowMemory = field(init=False)
    _database: duckdb.DuckDBPyConnection = field(init=False)

    def __post_init__(self) -> None:
        settings: dict[str, Any] = {"memory_limit": f"{MEMORY_MB}MB", "threads": THREADS}
        settings["autoinstall_known_extensions"] = settings["autoload_known_extensions"] = False
        database = duckdb.connect(":memory:", config=settings)
        arrays = {f"c{number}": self.content[column.name] for number, column in enumerate(self.columns)}
        database.register("arriving", pa.table({"row": pa.array(np.arange(self.size, dtype=np.int32)), **arrays}))
        database.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM arriving")
        database.unregister("arriving")
        places = {column.name: Place(column, TABLE, f"c{number}") for number, column in enumerate(self.columns)}
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_memory", RowMemory())
        object.__setattr__(self, "_database", database)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.content.num_rows

    @cached_property
    def nbytes(self) -> int:
        """The memory of the rows: as they are read, and as they are filtered."""
        [(stored,)] = self._database.cursor().execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()
        return int(self.content.nbytes) + int(stored or 0)

    def column(self, name: str) -> Column:
        """The column of that name; QueryError naming the nearest when there is none."""
        return find(name, self._places).column

    def rows(self, query: Query) -> np.ndarray:
        """The selected row numbers in the query's order, int32, not to be written to.

        Raises:
            QueryError: the query does not fit the columns.
        """
        return self._memory.get(query, self._find)

    def values(self, rows: np.ndarray, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The values of these rows by field name; without ``names`` those of all columns."""
        wanted = [column.name for column in self.columns] if names is None else list(names)
        found: list[dict[str, Any]] = self.content.select(wanted).take(pa.array(rows, pa.int64())).to_pylist()
        return found

    def _find(self, query: Query) -> np.ndarray:
        asked = compiled(query, self._places, self.searched)
        where = f" WHERE {asked.where}" if asked.where else ""
        order = ", ".join((*asked.order, "row"))
        try:
            found = self._database.cursor().execute(
                f"SELECT row FROM {TABLE}{where} ORDER BY {order}", list(asked.parameters)
            )
            return np.array(found.fetchnumpy()["row"], dtype=np.int32)
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            reason = str(error).split(": ", 1)[-1].split("\n")[0]
            raise QueryError(f"the filter cannot be evaluated: {reason}") from error
