"""Parquet tables of any columns; what they mean is in tables.py. A row's "line" is its number, counted from 1.

Dates and times become ISO 8601 texts, decimal numbers floats, nested values stay nested. A column of structs with a
``path`` (as the Hugging Face ``datasets`` library stores sound) gives that path. Binary columns are left out, with a
Problem: sound that lies inside the table itself cannot be played from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading
from explorer.formats.rows import ROWS_AT_FIRST, ROWS_AT_ONCE
from explorer.formats.tables import FIXED_FIELDS, layout, role, table_batch
from explorer.records import Problem

__all__ = ["FIXED_FIELDS", "files", "read", "recognizes", "role"]

MAGIC = b"PAR1"
NO_VALUE = "holds bytes that are no value of the column's type, such as a text that is not UTF-8"


def recognizes(path: Path, start: bytes) -> bool:
    """Whether it begins as Parquet does."""
    return start.startswith(MAGIC)


def files(path: Path) -> tuple[Path, ...]:
    """The table itself."""
    return (path,)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The rows of a table.

    Raises:
        ManifestError: the file cannot be read, or has no column for the sound.
    """
    try:
        file = pyarrow.parquet.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ManifestError(f"{path} cannot be read as Parquet: {_reason(error)}") from error
    names = list(dict.fromkeys(schema.names))
    left_out = [name for name in names if schema.names.count(name) > 1 or _is_binary(schema.field(name).type)]
    place = layout([name for name in names if name not in left_out], reading.columns, path)
    problems = [Problem(reading.source, None, name, "holds binary data and is left out", "binary") for name in left_out]
    size, total, first = path.stat().st_size, max(1, file.metadata.num_rows), 1
    kept = [name for name in names if name not in left_out]
    for batch, failure in _batches(file, kept):
        if failure:
            problems.append(Problem(reading.source, first, None, failure, "truncated"))
        count = batch.num_rows if batch is not None else 0
        bad: dict[int, str] = {}
        columns = {name: _readable(batch.column(name), name, bad) if batch is not None else [] for name in kept}
        numbers = list(range(first, first + count))
        if bad:
            problems += [Problem(reading.source, first + i, name, NO_VALUE, "damaged") for i, name in bad.items()]
            good = [index for index in range(count) if index not in bad]
            numbers = [numbers[index] for index in good]
            columns = {name: [values[index] for index in good] for name, values in columns.items()}
        first += count
        position = round(size * (first - 1) / total)
        yield table_batch(numbers, columns, place, reading, problems, position=position)
        problems = []


def _batches(file: pyarrow.parquet.ParquetFile, names: list[str]) -> Iterator[tuple[pa.RecordBatch | None, str]]:
    """The rows, few at first for the preview, and at the end why there are no more if the file is damaged."""
    told = 0
    try:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=names, use_threads=False):
            cut = ROWS_AT_FIRST if not told else 0
            if cut and batch.num_rows > cut:
                yield batch.slice(0, cut), ""
                batch = batch.slice(cut)
            told += 1
            yield batch, ""
    except (pa.ArrowException, OSError, ValueError) as error:
        yield None, f"the rows from here on cannot be read: {_reason(error)}"
        return
    if not told:
        yield None, ""


def _is_binary(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary))


def _readable(column: pa.Array, name: str, bad: dict[int, str]) -> list[Any]:
    """The column's values; places of those that cannot be read are added to ``bad``."""
    try:
        return _values(column)
    except (ValueError, OverflowError, pa.ArrowException):  # find out which
        values: list[Any] = []
        for index in range(len(column)):
            try:
                values += _values(column.slice(index, 1))
            except (ValueError, OverflowError, pa.ArrowException):
                values.append(None)
                bad.setdefault(index, name)
        return values


def _values(column: pa.Array) -> list[Any]:
    """The column's values as JSON has them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.dictionary_decode())
    if pa.types.is_struct(kind) and "path" in kind.names:
        return _values(pc.struct_field(column, "path"))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64()).to_pylist()
    if pa.types.is_nested(kind):
        return [_plain(value) for value in column.to_pylist()]
    if pa.types.is_temporal(kind):
        return column.cast(pa.string()).to_pylist()
    return column.to_pylist()


def _plain(value: Any) -> Any:
    """A nested value with everything inside it that JSON does not have as a text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
