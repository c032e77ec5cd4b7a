"""What runs measured, as columns beside a corpus: one overlay of all measures, one for each detector's speech ratio,
one of all scores of voices.

Runs override each other, and are laid anew, as laid_runs.py has it; a failure overrides nothing. While a run goes on
its values come from the journal, afterwards from measures.parquet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.measuring.measure_results import journal_tables, result_path, schema
from evaluator.runs.laid_runs import LaidRuns, runs_file
from evaluator.runs.run_store import Run, RunStore
from evaluator.voices.measures import VOICE_MEASURES
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.sound.signal_measures import MEASURES, speech_ratio_column

_RATIO = "speech_ratio"


class MeasureOverlays:
    """Lays the measures of a workspace's runs beside corpora; remembers the last snapshot of each corpus."""

    def __init__(self, runs: RunStore, cache: Path) -> None:
        self._cache = cache
        self._laid = LaidRuns(runs, "measure", self._measured)

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with the columns of MEASURES if any of its runs measured something; a preview stays as it is."""
        return self._laid.beside(corpus)

    def _measured(self, corpus: Corpus, runs: Sequence[Run]) -> Corpus:
        laid = corpus.laid(self._overlay(corpus, "signal", runs, MEASURES))
        detectors = dict.fromkeys(detector for run in runs if (detector := _detector(run)) is not None)
        for detector in detectors:
            asked = [run for run in runs if _detector(run) == detector]
            ratio = {_RATIO: speech_ratio_column(detector)}
            laid = laid.laid(self._overlay(corpus, f"signal:{detector}", asked, ratio))
        scored = [run for run in runs if _options(run).get("voice") is not None]
        if scored:
            columns = {column.name: column for column in VOICE_MEASURES.values()}
            laid = laid.laid(self._overlay(corpus, "voice", scored, columns))
        return laid

    def _overlay(self, corpus: Corpus, name: str, runs: Sequence[Run], columns: Mapping[str, Column]) -> Overlay:
        path = runs_file(self._cache, corpus, name, runs, lambda made: _write(made, corpus, runs, columns))
        return Overlay(name=name, path=path, columns=tuple(columns.values()))


def _detector(run: Run) -> str | None:
    """The detector that a run asked for its share of speech."""
    detector = _options(run).get("detector")
    return None if detector is None else str(detector)


def _options(run: Run) -> Mapping[str, Any]:
    return run.settings.get("options") or {}


def _write(path: Path, corpus: Corpus, runs: Sequence[Run], columns: Mapping[str, Column]) -> None:
    """Rows and values, oldest run first: of a row that occurs twice the last values count."""
    kinds = schema()
    fields = [("row", pa.int32()), *((column.name, kinds.field(name).type) for name, column in columns.items())]
    with pq.ParquetWriter(path, pa.schema(fields)) as writer:
        for table in _tables(runs):
            measured = table.filter(table["key"].is_valid())
            rows = corpus.rows_of(measured["id"].to_pylist())
            arrays = [pa.array(rows), *(measured[name].combine_chunks() for name in columns)]
            laid = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
            writer.write_table(laid.filter(pa.array(np.greater_equal(rows, 0))))


def _tables(runs: Sequence[Run]) -> Iterator[pa.Table]:
    for run in runs:
        if run.ended and result_path(run).exists():
            for batch in pq.ParquetFile(result_path(run)).iter_batches():
                yield pa.Table.from_batches([batch])
        else:
            yield from journal_tables(run.journal)
