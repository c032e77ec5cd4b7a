"""The rows of a query as they are written: which columns, under which names, with which values; manifests and tables.

A column's outside name is the field it came from; the audio, offset, duration and reference of every format are called
as in a NeMo manifest, hypotheses of runs as its predictions. A name that is taken gets ``_field`` behind it.
A missing value is a missing field in a manifest and an empty cell in CSV; the empty text is a pair of quotation marks
there. Nested values, and fields of mixed type, come out exactly as they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from explorer.columns import Column
from explorer.exporting import Written
from explorer.formats.nemo import FIXED_FIELDS, prediction_field
from explorer.places.sounds import Sound
from explorer.querying.query import Query
from explorer.spreadsheet import Formulas, exact_json, line

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

ROWS_AT_ONCE = 20_000
WRITTEN = ("audio", "duration", "reference")


def outside_columns(corpus: Corpus) -> list[Column]:
    """The columns a manifest has, in the order of the source's fields, then the hypotheses of runs."""
    places = {field: index for index, field in enumerate(corpus.order)}
    always = WRITTEN if corpus.column("offset").hidden else (*WRITTEN, "offset")
    own = [c for c in corpus.columns if c.origin == "manifest" and (c.field in places or c.name in always)]
    runs = [c for c in corpus.columns if c.origin != "manifest" and c.system and c.name == f"hypothesis_{c.system}"]
    return sorted(own, key=lambda column: places.get(column.field or "", len(places))) + runs


def spreadsheet_columns(corpus: Corpus) -> list[Column]:
    """Everything a manifest of the corpus has, then what was derived and scored."""
    written = outside_columns(corpus)
    seen = {column.name for column in written}
    made = ("derived", "signal", "score")
    return written + [c for c in corpus.columns if c.origin in made and not c.hidden and c.name not in seen]


def chosen_columns(corpus: Corpus, names: Sequence[str] | None) -> list[Column] | None:
    """The columns of these names; None when none are chosen. QueryError for one that is not there."""
    return None if names is None else [corpus.column(name) for name in names]


def outside_names(columns: Sequence[Column]) -> list[str]:
    """What the columns are called in a file, each name once."""
    taken: dict[str, None] = {}
    for column in columns:
        name = _outside_name(column)
        while name in taken:
            name += "_field"
        taken[name] = None
    return list(taken)


def _outside_name(column: Column) -> str:
    if column.name in FIXED_FIELDS:
        return FIXED_FIELDS[column.name]
    if column.system is not None and column.name == f"hypothesis_{column.system}":
        return column.field or prediction_field(column.system)
    return column.name if column.field is None else column.field


def records(corpus: Corpus, query: Query, columns: Sequence[Column], *, absolute: bool = False) -> Iterator[list[Any]]:
    """The values of the columns, row by row in the query's order.

    ``absolute`` writes paths of sounds in full; members of tars keep their names.
    """
    rows = corpus.rows(query)
    names = [column.name for column in columns]
    audio = names.index("audio") if absolute and "audio" in names else None
    for start in range(0, rows.size, ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        listed = corpus.listed(part, names)
        if audio is None:
            yield from (values for _, values in listed)
        else:
            for (_, values), place in zip(listed, sound_places(corpus, part), strict=True):
                if Sound.parse(place).size is None:
                    values[audio] = place
                yield values


def sound_places(corpus: Corpus, rows: np.ndarray) -> list[str]:
    """Where the rows' sounds are: absolute paths, URLs, or locators of parts of a file (see sounds.py)."""
    shards = ("shard_id",) if any(column.name == "shard_id" for column in corpus.columns) else ()
    listed = corpus.listed(rows, ("audio", "source", *shards))
    locate = corpus.whereabouts.locator
    return [locate(values[0], values[1], shard=values[2] if shards else None) for _, values in listed]


def write_manifest(path: Path, columns: Sequence[Column], found: Iterator[list[Any]]) -> Written:
    """JSON lines without missing values."""
    written, names = Written(), outside_names(columns)
    with path.open("wb") as stream:
        for values in found:
            entry = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            stream.write(_line(entry))
            written.rows += 1
    return written


def write_csv(path: Path, columns: Sequence[Column], found: Iterator[list[Any]], *, formulas: Formulas) -> Written:
    """A table as spreadsheet.py writes it."""
    written = Written()
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(line(outside_names(columns), formulas=formulas))
        for values in found:
            stream.write(line(values, formulas=formulas))
            written.rows += 1
    return written


def _line(entry: dict[str, Any]) -> bytes:
    """One JSON line; numbers that the fast writer would lose (NaN, more than 64 bits) go the exact way."""
    try:
        line = orjson.dumps(entry)
    except TypeError:  # an integer of more than 64 bits
        return exact_json(entry).encode() + b"\n"
    if b"null" in line:  # orjson writes NaN and infinity as null
        return exact_json(entry).encode() + b"\n"
    return line + b"\n"
