"""The results of measuring as tables: the Parquet file of a run that has ended, a journal read as one, look-up by key.

    measures.parquet    at, id, key, seconds, error, a column for every measure, speech_ratio, and a column for every
                        score of voices (null where they were not asked for); ``at`` ascending

``key`` stands for the version of a file, a cut, a detector and the formulas: the same key has the same results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.runs.journal import read_journal
from evaluator.runs.run_store import Run
from evaluator.voices.measures import VOICE_MEASURES
from explorer.sound.signal_measures import INTEGERS, MEASURES

VOICE_COLUMNS = tuple(column.name for column in VOICE_MEASURES.values())

_LINES_AT_ONCE = 50_000
_REMEMBERED = 8  # runs that are looked into


def result_path(run: Run) -> Path:
    """The file of all results of a run that has ended."""
    return run.folder / "measures.parquet"


class KnownResults:
    """The results of earlier runs by key."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        keys = np.asarray(table["key"].to_numpy(zero_copy_only=False), dtype="S32")
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> KnownResults:
        """What these runs have measured."""
        files = [result_path(run) for run in runs if result_path(run).exists()]
        tables = [pq.read_table(path) for path in files[-_REMEMBERED:]]
        # Files of older versions lack columns.
        table = pa.concat_tables([schema().empty_table(), *tables], promote_options="default")
        return cls(table.filter(table["key"].is_valid()))

    def results(self, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """For each key the newest result, None where there is none."""
        if not len(self._keys) or not keys:
            return [None] * len(keys)
        wanted = np.asarray(keys, dtype="S32")
        places = np.searchsorted(self._keys, wanted, side="right") - 1
        hits = np.flatnonzero((places >= 0) & (self._keys[places] == wanted))
        found: list[dict[str, Any] | None] = [None] * len(keys)
        for place, values in zip(hits, self._table.take(self._order[places[hits]]).to_pylist(), strict=True):
            seconds = values["seconds"]
            measured = {name: values[name] for name in MEASURES}
            beside = ("speech_ratio", *VOICE_COLUMNS)
            measured |= {name: values[name] for name in beside if values[name] is not None}
            found[place] = {"seconds": seconds, "values": measured}
        return found


def schema() -> pa.Schema:
    """The columns of measures.parquet."""
    kinds = {name: pa.string() if column.kind == "text" else pa.float64() for name, column in MEASURES.items()}
    kinds |= {name: pa.int64() for name in INTEGERS}
    own = {"at": pa.int64(), "id": pa.string(), "key": pa.string(), "seconds": pa.float64(), "error": pa.string()}
    beside = [(name, pa.float64()) for name in ("speech_ratio", *VOICE_COLUMNS)]
    return pa.schema([*own.items(), *kinds.items(), *beside])


def journal_tables(path: Path) -> Iterator[pa.Table]:
    """The lines of a journal as tables with the columns of ``schema``, in their order."""
    lines = read_journal(path)
    while chunk := list(islice(lines, _LINES_AT_ONCE)):
        flat = [{**line, **line.get("values", {})} for line in chunk]
        yield pa.Table.from_pylist(flat, schema=schema())


def write_result(run: Run) -> None:
    """Write measures.parquet from the journal: every row once, by its last line, in the order of the run."""
    table = pa.concat_tables([schema().empty_table(), *journal_tables(run.journal)])
    at = table["at"].to_numpy()
    last = np.full(int(at.max(initial=-1)) + 1, -1, np.int64)
    last[at] = np.arange(len(at))
    beside = result_path(run).with_suffix(".building")
    pq.write_table(table.take(last[last >= 0]), beside, compression="zstd")
    beside.replace(result_path(run))
