"""Which utterances have the keys of a file of predictions in a column: a join that DuckDB does, whatever its size."""

# ruff: noqa: S608  (every name in this SQL is ours)
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from explorer.corpora.corpus import Corpus
from explorer.predictions.prediction_files import as_text
from explorer.predictions.sound_places import Tell, watched

MEMORY_MB = 1024
ROWS_AT_ONCE = 200_000


class KeyPlaces:
    """The keys of a file, in the order of its rows, and the utterances of a corpus that have them."""

    def __init__(self, spill: Path) -> None:
        settings: dict[str, Any] = {"memory_limit": f"{MEMORY_MB}MB", "temp_directory": str(spill), "threads": 2}
        settings["autoinstall_known_extensions"] = settings["autoload_known_extensions"] = False
        self._database = duckdb.connect(":memory:", config=settings)
        self._database.execute("CREATE TABLE asked (place BIGINT, key VARCHAR)")
        self._size = 0

    def __enter__(self) -> KeyPlaces:
        return self

    def __exit__(self, *_error: object) -> None:
        self._database.close()

    def ask(self, keys: Sequence[str | None]) -> None:
        """Add keys; their places count on from those that were added before."""
        places = np.arange(self._size, self._size + len(keys))
        self._insert("asked", pa.table({"place": places, "key": pa.array(keys, pa.string())}))
        self._size += len(keys)

    def distinct(self) -> pa.Array:
        """All keys, each once, ascending."""
        found = self._database.sql("SELECT DISTINCT key FROM asked WHERE key IS NOT NULL ORDER BY key")
        return found.to_arrow_table()["key"].combine_chunks()

    def look(self, corpus: Corpus, column: str, tell: Tell, key_of: Callable[[Any], str | None] = as_text) -> bool:
        """Find the utterances whose value in a column is one of the keys; whether there is any."""
        self._fresh()
        for batch in watched(corpus, (column,), tell):
            values = batch.column(column)
            if key_of is not as_text or not pa.types.is_string(values.type):
                values = pa.array(list(map(key_of, values.to_pylist())), pa.string())
            self._insert("arriving_keys", pa.table({"row": batch.column("row"), "key": values}))
            self._database.execute(
                "INSERT INTO found SELECT row, key FROM arriving_keys WHERE key IN (SELECT key FROM asked)"
            )
            self._database.execute("DELETE FROM arriving_keys")
        return bool(self._database.execute("SELECT 1 FROM found LIMIT 1").fetchone())

    def know(self, keys: pa.Array, rows: np.ndarray) -> None:
        """Take it that these keys are those of these utterances."""
        self._fresh()
        self._insert("found", pa.table({"row": pa.array(rows, pa.int32()), "key": keys}))

    def answers(self) -> Iterator[tuple[np.ndarray, np.ndarray, list[str | None]]]:
        """For all keys in their order, some at a time: how many utterances have it, the first one, the key."""
        counted = "SELECT key, count(*) AS number, min(row) AS row FROM found GROUP BY key"
        self._database.execute(f"CREATE OR REPLACE TABLE counted AS {counted}")
        for first in range(0, self._size, ROWS_AT_ONCE):
            some = f"SELECT * FROM asked WHERE place >= {first} AND place < {first + ROWS_AT_ONCE}"
            answer = self._database.sql(
                f"SELECT coalesce(number, 0) AS number, coalesce(row, -1) AS row, a.key AS key"
                f" FROM ({some}) AS a LEFT JOIN counted USING (key) ORDER BY place"
            ).to_arrow_table()
            yield answer["number"].to_numpy(), answer["row"].to_numpy(), answer["key"].to_pylist()

    def _fresh(self) -> None:
        self._database.execute("CREATE OR REPLACE TABLE found (row INTEGER, key VARCHAR)")
        self._database.execute("CREATE OR REPLACE TABLE arriving_keys (row INTEGER, key VARCHAR)")

    def _insert(self, table: str, rows: pa.Table) -> None:
        arriving = rows  # noqa: F841  (found by its variable's name)
        self._database.execute(f"INSERT INTO {table} SELECT * FROM arriving")
