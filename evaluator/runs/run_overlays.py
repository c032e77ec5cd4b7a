"""What runs heard, as columns beside a corpus: one overlay per system, made from its journals when they have grown.

Runs override each other, and are laid anew, as laid_runs.py has it; all override what the manifest says of the same
system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from evaluator.runs.journal import read_journal
from evaluator.runs.laid_runs import LaidRuns, runs_file, token
from evaluator.runs.overlay_files import hashed
from evaluator.runs.run_store import JOURNALS, Run, RunStore
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay

_LINES_AT_ONCE = 20_000


class RunOverlays:
    """Lays the hypotheses of a workspace's runs beside corpora; remembers the last snapshot of each."""

    def __init__(self, runs: RunStore, cache: Path) -> None:
        self._runs = runs
        self._cache = cache
        self._laid = LaidRuns(runs, "transcribe", self._heard)

    def revision(self, corpus: Corpus) -> str:
        """Changes whenever a run or a detection over the corpus's sources has something new."""
        kinds = [token(self._runs.of(corpus.sources, kind=kind)) for kind in JOURNALS]
        return hashed("\0".join(kinds))

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with a hypothesis column for every system that has run over it; a preview stays as it is."""
        return self._laid.beside(corpus)

    def _heard(self, corpus: Corpus, runs: Sequence[Run]) -> Corpus:
        laid = corpus
        for system in dict.fromkeys(run.system for run in runs):
            laid = laid.laid(self._overlay(corpus, system, [run for run in runs if run.system == system]))
        return laid

    def _overlay(self, corpus: Corpus, system: str, runs: Sequence[Run]) -> Overlay:
        column = _column(corpus, system)
        path = runs_file(self._cache, corpus, system, runs, lambda made: _write(made, corpus, column, runs))
        return Overlay(name=f"run:{system}", path=path, columns=(column,))


def _column(corpus: Corpus, system: str) -> Column:
    name = f"hypothesis_{system}"
    help_text = f"What {system} recognized in runs of this workspace; the newest run counts."
    for column in corpus.columns:
        if column.name == name:
            return replace(column, origin="run", help=f"{help_text} Elsewhere it is the manifest's.")
    return Column(name=name, label=system, kind="text", help=help_text, origin="run", system=system)


def _write(path: Path, corpus: Corpus, column: Column, runs: Sequence[Run]) -> None:
    """Rows and texts, oldest first: of a row that occurs twice the last text counts."""
    schema = pa.schema([("row", pa.int32()), (column.name, pa.string())])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for part in _parts(corpus, column, runs):
            writer.write_table(part.cast(schema))


def _parts(corpus: Corpus, column: Column, runs: Sequence[Run]) -> Iterator[pa.Table]:
    if any(present.name == column.name for present in corpus.columns):
        for batch in corpus.batches((column.name,)):
            table = pa.Table.from_batches([batch])
            yield table.filter(table[column.name].is_valid())
    for run in runs:
        lines = (line for line in read_journal(run.journal) if isinstance(line.get("text"), str))
        while chunk := list(islice(lines, _LINES_AT_ONCE)):
            rows = corpus.rows_of([line["id"] for line in chunk])
            table = pa.table({"row": pa.array(rows), column.name: [line["text"] for line in chunk]})
            yield table.filter(pa.array(np.greater_equal(rows, 0)))
