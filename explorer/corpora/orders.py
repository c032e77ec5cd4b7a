"""Orders: the rows of a large corpus in the order of a text, found once when the corpus is read.

Sorting ten million texts takes seconds, whatever is selected of them; picking the selected rows out of an order that
is known takes a tenth of one. So the order of the reference and of every hypothesis is kept in the cache file: for
each a table of ``row`` in ascending order (rows of equal texts as in the source) and ``fresh``, whether the text
differs from the one before. Rows without a text are not in it; they come last whichever way it is sorted.

Also found out then: which texts are all in lower (or upper) case, since looking for something in those, case aside,
takes two thirds of the time.
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from explorer.corpora.schema import CATALOG, UTTERANCES
from explorer.querying.conditions import Case

FROM_ROWS = 200_000
"""Rows from which an order is kept: below that sorting takes less than a tenth of a second."""

BATCH = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The rows that have a text, ascending, int32; ``fresh`` (bool) marks the first of each run of equal texts."""

    rows: np.ndarray
    fresh: np.ndarray

    def arranged(self, size: int, *, descending: bool) -> np.ndarray:
        """All of ``size`` rows in order, int32: rows of equal texts as in the source, those without one last."""
        absent = np.ones(size, bool)
        absent[self.rows] = False
        rest = np.flatnonzero(absent).astype(np.int32)
        return np.concatenate([self._descending() if descending else self.rows, rest])

    def _descending(self) -> np.ndarray:
        """The runs of equal texts backwards, each in itself forwards."""
        starts = np.flatnonzero(self.fresh)
        if len(starts) == len(self.rows):
            return self.rows[::-1]
        lengths = np.diff(np.append(starts, len(self.rows)))[::-1]
        before = np.cumsum(lengths) - lengths
        return self.rows[np.repeat(starts[::-1] - before, lengths) + np.arange(len(self.rows))]


def selected(order: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Those of ``order`` (a permutation of all rows) that are in ``rows``."""
    wanted = np.zeros(len(order), bool)
    wanted[rows] = True
    return order[wanted[order]]


def write(connection: duckdb.DuckDBPyConnection, columns: Iterable[str]) -> None:
    """Keep the orders of these columns (by the names they are stored under), and what case they are in."""
    reader, writer = connection.cursor(), connection.cursor()
    cases = {}
    for column in columns:
        cases[column] = case_of(reader, column)
        table = _table(column)
        writer.execute(f"CREATE TABLE {table} (row INTEGER, fresh BOOLEAN)")
        texts = f'SELECT row, "{column}" AS text FROM {UTTERANCES} WHERE "{column}" IS NOT NULL ORDER BY text, row'
        last = None
        for batch in reader.sql(texts).to_arrow_reader(BATCH):
            if not batch.num_rows:
                continue
            before = pa.concat_arrays([pa.array([last], batch["text"].type), batch["text"][:-1]])
            fresh = pc.fill_null(pc.not_equal(batch["text"], before), True)
            writer.register("arriving", pa.table({"row": batch["row"], "fresh": fresh}))
            writer.execute(f"INSERT INTO {table} SELECT row, fresh FROM arriving")
            writer.unregister("arriving")
            last = batch["text"][-1].as_py()
    writer.execute(f"INSERT INTO {CATALOG}.meta VALUES ('cases', ?)", [json.dumps(cases)])


def read(cursor: duckdb.DuckDBPyConnection, column: str) -> Order:
    """The order of a column that was kept."""
    found = cursor.sql(f"SELECT row, fresh FROM {_table(column)}").fetchnumpy()
    return Order(np.asarray(found["row"], np.int32), np.asarray(found["fresh"], bool))


def kept(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The columns whose order was kept."""
    sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND starts_with(table_name, 'order_')"
    return frozenset(name.removeprefix("order_") for (name,) in cursor.execute(sql, [CATALOG]).fetchall())


def case_of(cursor: duckdb.DuckDBPyConnection, column: str) -> Case | None:
    """ "lower" or "upper" when all texts of a column are that; None when they are mixed.

    Upper case means here that going to lower case and back changes nothing, so that both ways of comparing agree.
    """
    sql = f'SELECT 1 FROM {UTTERANCES} WHERE "{column}" <> '
    if not cursor.execute(f'{sql} lower("{column}") LIMIT 1').fetchall():
        return "lower"
    return None if cursor.execute(f'{sql} upper(lower("{column}")) LIMIT 1').fetchall() else "upper"


def _table(column: str) -> str:
    return f'{CATALOG}."order_{column}"'
