"""Ingest: batches of a format into the DuckDB tables of a corpus.

Tables, all in the catalog ``corpus``: ``utterances`` (a row per utterance, in source order, ``row`` from 0),
``problems``, ``vocabulary`` (word, count), ``meta`` (key, JSON value: fields, statistics, what it was made from).
Columns of the format's own fields are called ``x0``, ``x1``...: no outside text is ever a name in SQL, and fields that
differ only in case, or are empty, are no trouble. Their type is found while reading and widened when it must be:

    true/false -> BOOLEAN   integers -> BIGINT   numbers -> DOUBLE   text -> VARCHAR   any mixture, nested -> JSON text

In a JSON column every value is encoded, so that the exact value comes back out. Integers widen to DOUBLE only while
that is exact (up to 2**53), otherwise to JSON.
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from explorer.columns import Column
from explorer.corpora.schema import CATALOG, FIXED_TYPES, MOST_PROBLEMS, UTTERANCES, field_column
from explorer.formats import Batch, Role
from explorer.records import Problem

MOST_FIELDS = 1_000
EXACT = 1 << 53
LONGEST = (1 << 63) - 1
NO_TYPE = type(None)
MOST_LOOSE_WORDS = 2_000_000
ASCII_SPACES = " \t\n\r\v\f"
OTHER_SPACES = (
    "\x1c\x1d\x1e\x1f\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)

ARROW_TYPES = {"BOOLEAN": pa.bool_(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "VARCHAR": pa.string()}
ARROW_TYPES |= {"INTEGER": pa.int32(), "JSON": pa.string()}
SQL_TYPES = {"JSON": "VARCHAR"}


@dataclass(slots=True)
class Field:
    """A field of the format while it is being read: where it is stored, as what, and the largest integer in it."""

    outside: str
    role: Role
    physical: str
    storage: str | None = None
    largest: int = 0

    def column(self, name: str) -> Column:
        """What pages see of it, under that name."""
        storage = self.storage or "VARCHAR"
        return field_column(name, outside=self.outside, system=self.role.system, storage=storage)


@dataclass(slots=True)
class Tally:
    """What is counted over the whole corpus while reading it."""

    whitespace: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    characters: int = 0
    without_reference: int = 0


class Ingest:
    """Writes batches into an attached, empty catalog; call ``finish`` once at the end."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._fields: dict[str, Field] = {}
        self._silent: dict[str, Role] = {}  # systems that have heard nothing yet
        self._order: dict[str, None] = {}
        self._vocabulary: list[pa.Table] = []
        self._listed = 0
        self.tally = Tally()
        columns = ", ".join(f'"{name}" {kind}' for name, kind in FIXED_TYPES.items())
        # Uncompressed text takes three times the space (as much as the manifest), but half the time to build, two
        # thirds of the time to search and a quarter of the time to fetch scattered rows (measured with 300,000 rows).
        connection.execute("SET force_compression = 'uncompressed'")
        connection.execute("BEGIN")
        connection.execute(f"CREATE TABLE {UTTERANCES} ({columns})")
        texts = "source VARCHAR, line BIGINT, field VARCHAR, message VARCHAR, kind VARCHAR"
        connection.execute(f"CREATE TABLE {CATALOG}.problems ({texts})")
        connection.execute(f"CREATE TABLE {CATALOG}.vocabulary (word VARCHAR, count BIGINT)")
        connection.execute(f"CREATE TABLE {CATALOG}.meta (key VARCHAR, value VARCHAR)")

    def append(self, batch: Batch, *, source: str, role: Any) -> None:
        """Add the rows and problems of a batch; ``role`` is the format's function of that name."""
        self._order.update(dict.fromkeys(batch.order))
        self.add_problems(batch.problems)
        count = len(batch.ids)
        if not count:
            return
        arrays = self._fixed(batch, source)
        for outside, values in batch.fields.items():
            types = set(map(type, values)) - {NO_TYPE}
            if types:
                entry = self._fields.get(outside) or self._field(outside, role(outside))
                if entry is not None:
                    arrays[entry.physical] = self._typed(entry, values, types)
            elif outside not in self._fields and (known := role(outside)).system is not None:
                self._silent[outside] = known
        self._insert("utterances", arrays)
        self.tally.rows += count

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Count the problems, and list them while the list is not full."""
        found = list(problems)
        self.tally.problems.update(problem.kind for problem in found)
        listed = found[: MOST_PROBLEMS - self._listed]
        if listed:
            names = ("source", "line", "field", "message", "kind")
            self._insert("problems", {name: pa.array([getattr(p, name) for p in listed]) for name in names})
            self._listed += len(listed)

    @property
    def texts(self) -> tuple[str, ...]:
        """The names under which the reference and the hypotheses are stored."""
        heard = (e.physical for e in self._fields.values() if e.role.system is not None and e.storage == "VARCHAR")
        return ("reference", *heard)

    def finish(self, meta: dict[str, Any]) -> None:
        """Write vocabulary and meta values and commit."""
        for outside in [name for name in self._silent if name not in self._fields]:
            # A system that heard nothing anywhere is one, too: its hypotheses are missing, which is counted and shown.
            if (entry := self._field(outside, self._silent[outside])) is not None:
                self._typed(entry, [], {str})
        words = self._counted_words()
        self._insert("vocabulary", {"word": words["word"], "count": words["count"]})
        described = meta | {
            "fields": [
                {
                    "name": name,
                    "physical": entry.physical,
                    "storage": entry.storage,
                    "column": asdict(entry.column(name)),
                }
                for name, entry in self._named().items()
            ],
            "order": list(self._order),
            "problem_kinds": dict(self.tally.problems),
            "alphabet": alphabet(words, self.tally.whitespace),
            "counts": {
                "words": pc.sum(words["count"]).as_py() or 0,
                "vocabulary": words.num_rows,
                "characters": self.tally.characters,
                "without_reference": self.tally.without_reference,
            },
        }
        self._connection.executemany(
            f"INSERT INTO {CATALOG}.meta VALUES (?, ?)", [[key, json.dumps(value)] for key, value in described.items()]
        )
        self._connection.execute("COMMIT")

    def _fixed(self, batch: Batch, source: str) -> dict[str, pa.Array]:
        """The arrays of the columns every corpus has, derived ones included."""
        reference = pa.array(batch.reference, pa.string())
        duration = pa.array(batch.duration, pa.float64())
        words = self._words(batch.reference, reference)
        characters = pc.utf8_length(reference)
        self.tally.characters += pc.sum(characters).as_py() or 0
        self.tally.without_reference += reference.null_count
        size = len(batch.ids)
        return {
            "row": pa.array(np.arange(self.tally.rows, self.tally.rows + size, dtype=np.int32)),
            "id": pa.array(batch.ids),
            "audio": pa.array(batch.audio),
            "offset": pa.array(batch.offset, pa.float64()),
            "duration": duration,
            "reference": reference,
            "words": words,
            "characters": characters,
            "word_rate": pc.divide(words.cast(pa.float64()), duration),
            "character_rate": pc.divide(characters.cast(pa.float64()), duration),
            "source": pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int8)), pa.array([source])),
            "line": pa.array(batch.lines, pa.int32()),
        }

    def _words(self, texts: list[str | None], array: pa.Array) -> pa.Array:
        """Words per text; counts the vocabulary and the white space.

        Words are what ``str.split`` gives. Arrow splits three times faster, but only at ASCII's white space, so texts
        with any other take Python's way.
        """
        joined = "".join(filter(None, texts))
        for space in ASCII_SPACES:
            self.tally.whitespace[space] += joined.count(space)
        others = {space: joined.count(space) for space in OTHER_SPACES if space in joined}
        self.tally.whitespace.update(others)
        if others:
            split = pa.array([None if text is None else text.split() for text in texts], pa.list_(pa.string()))
            counts = pc.list_value_length(split)
        else:
            trimmed = pc.ascii_trim_whitespace(array)
            split = pc.ascii_split_whitespace(trimmed)
            counts = pc.if_else(pc.equal(trimmed, ""), 0, pc.list_value_length(split))
        found = pa.Table.from_struct_array(pc.value_counts(split.flatten()))
        self._vocabulary.append(found.rename_columns(["word", "count"]))
        if sum(part.num_rows for part in self._vocabulary) > MOST_LOOSE_WORDS:
            self._vocabulary = [self._counted_words()]
        return counts.cast(pa.int32())

    def _counted_words(self) -> pa.Table:
        """The vocabulary so far: word, count."""
        if not self._vocabulary:
            return pa.table({"word": pa.array([], pa.string()), "count": pa.array([], pa.int64())})
        parts = pa.concat_tables(self._vocabulary)
        summed = parts.group_by("word").aggregate([("count", "sum")]).select(["word", "count_sum"])
        whole = summed.rename_columns(["word", "count"])
        return whole.filter(pc.not_equal(whole["word"], ""))

    def _field(self, outside: str, role: Role) -> Field | None:
        """Register a field that has its first value; None when there are too many fields already."""
        if len(self._fields) >= MOST_FIELDS:
            if not self.tally.problems["too many fields"]:
                message = f"and later new fields are left out: a corpus can have {MOST_FIELDS:,} fields"
                self.add_problems([Problem("", None, outside, message, "too many fields")])
            return None
        self._fields[outside] = Field(outside, role, f"x{len(self._fields)}")
        return self._fields[outside]

    def _typed(self, entry: Field, values: list[Any], types: set[type]) -> pa.Array:
        """The values as an array of the field's storage type, which is widened first where it must be."""
        needed = _storage(types)
        if int in types and bool not in types:
            entry.largest = max(entry.largest, *(abs(value) for value in values if value.__class__ is int))
        storage = _wider(entry.storage, needed, entry.largest)
        if entry.storage is None:
            self._connection.execute(
                f'ALTER TABLE {UTTERANCES} ADD COLUMN "{entry.physical}" {SQL_TYPES.get(storage, storage)}'
            )
        elif storage != entry.storage:
            kind, name = SQL_TYPES.get(storage, storage), f'"{entry.physical}"'
            value = f"to_json({name})::VARCHAR" if storage == "JSON" else f"{name}::{storage}"
            self._connection.execute(f"ALTER TABLE {UTTERANCES} ALTER {name} TYPE {kind} USING {value}")
        entry.storage = storage
        if storage == "JSON":
            values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
        return pa.array(values, ARROW_TYPES[storage])

    def _insert(self, table: str, arrays: dict[str, pa.Array]) -> None:
        names = ", ".join(f'"{name}"' for name in arrays)
        # Found by its variable's name; a registered table would be kept in memory until the transaction ends.
        arriving = pa.table(arrays)  # noqa: F841
        self._connection.execute(f"INSERT INTO {CATALOG}.{table} ({names}) SELECT {names} FROM arriving")

    def _named(self) -> dict[str, Field]:
        """The fields by their column names, which are unique: a name that is taken gets ``_field`` behind it."""
        taken = set(FIXED_TYPES) | {"row", "id"}
        named: dict[str, Field] = {}
        for entry in (self._fields[outside] for outside in self._order if outside in self._fields):
            name = entry.role.name
            while name in taken or not name:
                name += "_field"
            taken.add(name)
            named[name] = entry
        return named


def alphabet(words: pa.Table, whitespace: Counter[str]) -> dict[str, int]:
    """How often each character occurs in the references, most frequent first; ``words`` has word and count."""
    characters = Counter({character: count for character, count in whitespace.items() if count})
    for word, count in zip(words["word"].to_pylist(), words["count"].to_pylist(), strict=True):
        for character in word:
            characters[character] += count
    return dict(sorted(characters.items(), key=lambda entry: (-entry[1], entry[0])))


def _storage(types: set[type]) -> str:
    if types == {str}:
        return "VARCHAR"
    if types == {bool}:
        return "BOOLEAN"
    if types == {int}:
        return "BIGINT"
    if types <= {int, float}:
        return "DOUBLE"
    return "JSON"


def _wider(held: str | None, needed: str, largest: int) -> str:
    """The storage that holds both exactly."""
    storage = needed if held in (None, needed) else "DOUBLE" if {held, needed} == {"BIGINT", "DOUBLE"} else "JSON"
    if (storage == "DOUBLE" and largest > EXACT) or (storage == "BIGINT" and largest > LONGEST):
        return "JSON"
    return storage
