"""Parquet: all columns with their types, derived ones and scores too (as fractions); nested values are JSON texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

from explorer.columns import Column
from explorer.exporting import Wanted, Written
from explorer.exporting.rows import (
    ROWS_AT_ONCE,
    chosen_columns,
    exact_json,
    outside_names,
    records,
    spreadsheet_columns,
)
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus


def write(corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
    """Write the table; see Writer."""
    columns = chosen_columns(corpus, wanted.columns) or spreadsheet_columns(corpus)
    kinds = list(map(_type, columns))
    schema = pa.schema(list(zip(outside_names(columns), kinds, strict=True)))
    found = records(corpus, query, columns, absolute=wanted.absolute)
    written = Written()
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := list(islice(found, ROWS_AT_ONCE)):
            arrays = [_array([row[index] for row in rows], kind) for index, kind in enumerate(kinds)]
            writer.write_table(pa.table(arrays, schema=schema))
            written.rows += len(rows)
    return written


def _type(column: Column) -> pa.DataType:
    if column.kind == "flag":
        return pa.bool_()
    if column.kind == "number":
        return pa.int64() if column.style == "integer" else pa.float64()
    return pa.string()


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.string():
        values = [value if value is None or isinstance(value, str) else exact_json(value) for value in values]
    return pa.array(values, kind)
