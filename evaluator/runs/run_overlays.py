"""What runs heard, as columns beside a corpus: one overlay per system, made from its journals when they have grown.

A newer run overrides an older one utterance by utterance, and both override what the manifest says of the same
system. While a run goes on its column is made anew each time its journal has doubled, and once more when it has been
quiet or has ended: looking is a stat per run, and all the work together is at most twice the last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from evaluator.runs.journal import read_journal
from evaluator.runs.overlay_files import hashed, overlay_file
from evaluator.runs.run_store import JOURNALS, Run, RunStore
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay

_QUIET = 10.0  # s without growth after which a journal counts as complete for now
_LINES_AT_ONCE = 20_000


class RunOverlays:
    """Lays the hypotheses of a workspace's runs beside corpora; remembers the last snapshot of each."""

    def __init__(self, runs: RunStore, cache: Path) -> None:
        self._runs = runs
        self._cache = cache
        self._laid: dict[str, tuple[tuple[str, str], Corpus]] = {}
        self._lock = threading.Lock()

    def revision(self, corpus: Corpus) -> str:
        """Changes whenever a run or a detection over the corpus's sources has something new."""
        kinds = [token(self._runs.of(corpus.sources, kind=kind)) for kind in JOURNALS]
        return hashed("\0".join(kinds))

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with a hypothesis column for every system that has run over it; a preview stays as it is."""
        if not corpus.complete:
            return corpus
        runs = [run for run in self._runs.of(corpus.sources, kind="transcribe") if extent(run) != "0"]
        if not runs:
            return corpus
        key = corpus.key, token(runs)
        with self._lock:
            remembered = self._laid.get(corpus.name)
            if remembered is not None and remembered[0] == key:
                return remembered[1]
            laid = corpus
            for system in dict.fromkeys(run.system for run in runs):
                laid = laid.laid(self._overlay(corpus, system, [run for run in runs if run.system == system]))
            self._laid[corpus.name] = key, laid
            return laid

    def _overlay(self, corpus: Corpus, system: str, runs: Sequence[Run]) -> Overlay:
        column = _column(corpus, system)
        stem = hashed(f"{corpus.content_key}\0{system}")
        version = hashed(token(runs))
        path = overlay_file(self._cache, stem, version, lambda made: _write(made, corpus, column, runs))
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


def token(runs: Sequence[Run]) -> str:
    """Changes when one of the runs has something new that is worth a new overlay."""
    return " ".join(f"{run.id}:{extent(run)}" for run in runs)


def extent(run: Run) -> str:
    """How far a journal has come: exactly when it rests, else in powers of two."""
    try:
        status = run.journal.stat()
    except FileNotFoundError:
        return "0"
    if not status.st_size:
        return "0"
    rests = run.ended or time.time() - status.st_mtime > _QUIET
    return str(status.st_size) if rests else f"~{status.st_size.bit_length()}"
