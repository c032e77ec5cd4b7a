"""Export of a query's rows, a few thousand at a time: as a manifest again, as CSV, or as the list engines work on.

Fields get their outside names back, in the order of their first appearance in the source; what runs recognized follows
as predictions of their systems. A missing value is a missing field in a manifest and an empty cell in CSV. Nested
values, and fields of mixed type, come out exactly as they were read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet

from explorer.columns import Column
from explorer.formats.nemo import prediction_field
from explorer.query import Query

if TYPE_CHECKING:
    from explorer.corpus import Corpus

ROWS_AT_ONCE = 20_000
WRITTEN = ("audio", "duration", "reference")
AUDIO_LIST = pa.schema(
    {"id": pa.string(), "row": pa.int32(), "path": pa.string(), "offset": pa.float64(), "duration": pa.float64()}
)


def export(
    corpus: Corpus,
    query: Query,
    path: Path,
    *,
    kind: Literal["manifest", "csv"],
    columns: Sequence[str] | None = None,
) -> None:
    """Write the rows of the query in its order; without ``columns`` the source's own and every hypothesis.

    Raises:
        QueryError: the query or a column does not fit the corpus.
    """
    chosen = outside_columns(corpus) if columns is None else [corpus.column(name) for name in columns]
    names = [outside_name(column) for column in chosen]
    write = {"manifest": _write_manifest, "csv": _write_csv}[kind]
    write(path, names, _records(corpus, query, chosen))


def outside_columns(corpus: Corpus) -> list[Column]:
    """The columns a manifest has, in the order of the source's fields, then the hypotheses of runs."""
    places = {field: index for index, field in enumerate(corpus.order)}
    own = [c for c in corpus.columns if c.origin == "manifest" and (c.field in places or c.name in WRITTEN)]
    runs = [c for c in corpus.columns if c.origin != "manifest" and c.system and c.name == f"hypothesis_{c.system}"]
    return sorted(own, key=lambda column: places.get(column.field or "", len(places))) + runs


def outside_name(column: Column) -> str:
    """What a column is called in a file."""
    if column.field is not None:
        return column.field
    is_hypothesis = column.system is not None and column.name == f"hypothesis_{column.system}"
    return prediction_field(column.system) if is_hypothesis and column.system else column.name


def write_audio_list(corpus: Corpus, query: Query, path: Path) -> None:
    """Write id, row, locator of the sound (an absolute path, or see sounds.py), offset and duration to Parquet.

    The rows are those of the query, in row order.
    """
    shards = ("shard_id",) if any(column.name == "shard_id" for column in corpus.columns) else ()
    rows = np.sort(corpus.rows(query))
    with pyarrow.parquet.ParquetWriter(path, AUDIO_LIST, compression="zstd") as writer:
        for start in range(0, max(1, rows.size), ROWS_AT_ONCE):
            wanted = rows[start : start + ROWS_AT_ONCE]
            found = corpus.listed(wanted, ("audio", "offset", "duration", "source", *shards))
            content = {
                "id": [id for id, _ in found],
                "row": pa.array(wanted, pa.int32()),
                "path": [corpus.whereabouts.locator(v[0], v[3], shard=v[4] if shards else None) for _, v in found],
                "offset": pa.array([v[1] for _, v in found], pa.float64()),
                "duration": pa.array([v[2] for _, v in found], pa.float64()),
            }
            writer.write_table(pa.table(content, schema=AUDIO_LIST))


def _records(corpus: Corpus, query: Query, columns: Sequence[Column]) -> Iterator[list[Any]]:
    rows = corpus.rows(query)
    names = [column.name for column in columns]
    for start in range(0, rows.size, ROWS_AT_ONCE):
        yield from (values for _, values in corpus.listed(rows[start : start + ROWS_AT_ONCE], names))


def _write_manifest(path: Path, names: Sequence[str], records: Iterator[list[Any]]) -> None:
    with path.open("wb") as stream:
        for values in records:
            entry = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            stream.write(_line(entry))


def _line(entry: dict[str, Any]) -> bytes:
    """One JSON line; numbers that the fast writer would lose (NaN, more than 64 bits) go the exact way."""
    try:
        line = orjson.dumps(entry)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(entry, ensure_ascii=False).encode() + b"\n"
    if b"null" in line:  # orjson writes NaN and infinity as null
        return json.dumps(entry, ensure_ascii=False).encode() + b"\n"
    return line + b"\n"


def _write_csv(path: Path, names: Sequence[str], records: Iterator[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        for values in records:
            writer.writerow([_cell(value) for value in values])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
