"""The formats that a query's rows can be written in: EXPORTS, one writer module per format.

A writer has one function, ``write(corpus, query, path, wanted)``, which returns what it wrote and what it had to leave
out and why: a format that needs a duration cannot hold an utterance without one.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from explorer.errors import QueryError
from explorer.querying.query import Query
from explorer.spreadsheet import Formulas

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be written.

    ``system``: the text is what this system heard, instead of the reference (formats of references and hypotheses).
    ``columns``: those of a table or manifest, instead of the format's usual ones. ``absolute``: paths of sounds are
    written in full, for a file that will not lie where the corpus does. ``formulas``: see spreadsheet.py.
    """

    system: str | None = None
    columns: tuple[str, ...] | None = None
    absolute: bool = False
    formulas: Formulas = "guarded"


@dataclass(slots=True)
class Written:
    """How many rows were written, and how many were left out for which reason."""

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def sentence(self) -> str:
        """What became of the rows, in words."""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.most_common())
        return f"{self.rows:,} utterances written" + (f"; left out: {reasons}" if reasons else "")


class Writer(Protocol):
    """The module of a format."""

    def write(self, corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
        """Write the rows of the query to a new file or folder.

        Raises:
            QueryError: the query or a column does not fit the corpus.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A format to write: the ending of its files; ``is_folder`` ones are a folder, or a zip of it."""

    name: str
    title: str
    help: str
    icon: str
    ending: str
    media_type: str
    module: str
    is_folder: bool = False

    def writer(self) -> Writer:
        """The writer module, imported when it is first needed."""
        return import_module(self.module)


EXPORTS: dict[str, Export] = {
    entry.name: entry
    for entry in (
        Export(
            name="nemo",
            title="NeMo manifest",
            help="NeMo JSON lines: every field, times that were read from the sound, and new systems",
            icon="bi-file-earmark-code",
            ending="jsonl",
            media_type="application/x-ndjson",
            module="explorer.exporting.nemo",
        ),
        Export(
            name="csv",
            title="CSV",
            help="for a spreadsheet: all columns, scores as fractions",
            icon="bi-file-earmark-spreadsheet",
            ending="csv",
            media_type="text/csv",
            module="explorer.exporting.csv",
        ),
        Export(
            name="parquet",
            title="Parquet",
            help="for pandas, DuckDB, Spark: all columns with their types, scores as fractions",
            icon="bi-table",
            ending="parquet",
            media_type="application/vnd.apache.parquet",
            module="explorer.exporting.parquet",
        ),
        Export(
            name="kaldi",
            title="Kaldi data folder",
            help="wav.scp, segments, text, utt2spk... as a zip; absolute paths",
            icon="bi-folder2",
            ending="zip",
            media_type="application/zip",
            module="explorer.exporting.kaldi",
            is_folder=True,
        ),
        Export(
            name="lhotse",
            title="Lhotse cuts",
            help="JSON lines with gzip, word times as alignments; absolute paths",
            icon="bi-scissors",
            ending="jsonl.gz",
            media_type="application/gzip",
            module="explorer.exporting.lhotse",
        ),
        Export(
            name="stm",
            title="STM",
            help="texts with their times, for sclite and its kin",
            icon="bi-card-text",
            ending="stm",
            media_type="text/plain",
            module="explorer.exporting.stm",
        ),
        Export(
            name="ctm",
            title="CTM",
            help="words with their times, where the corpus has them",
            icon="bi-list-columns",
            ending="ctm",
            media_type="text/plain",
            module="explorer.exporting.ctm",
        ),
    )
}

BY_ENDING = {export.ending.replace(".", "-"): export for export in EXPORTS.values()}
"""The last part of a download's address -> the format: jsonl, csv, parquet, zip, jsonl-gz, stm, ctm."""


def leads_elsewhere(corpus: Corpus, folder: Path) -> bool:
    """Whether relative paths of sounds, written into a file in this folder, would no longer lead to them."""
    return any(own != folder for own in corpus.folders_by_name.values())


def export_beside(
    corpus: Corpus,
    query: Query,
    path: Path,
    *,
    format: str,
    columns: Sequence[str] | None = None,
    formulas: Formulas = "guarded",
) -> Written:
    """Write the query's rows as ``export_to`` does, for a file that stays at ``path``.

    Paths of sounds are written in full where the file lies in another folder than the sources.
    """
    absolute = leads_elsewhere(corpus, path.absolute().parent)
    wanted = Wanted(columns=None if columns is None else tuple(columns), absolute=absolute, formulas=formulas)
    return export_to(corpus, query, path, format=format, wanted=wanted)


def export_to(corpus: Corpus, query: Query, path: Path, *, format: str, wanted: Wanted) -> Written:
    """Write the query's rows in a format of EXPORTS; a folder format writes a zip when the path ends in .zip.

    Raises:
        QueryError: there is no such format or system, or the query does not fit the corpus.
    """
    if format not in EXPORTS:
        raise QueryError(f'there is no export "{format}"; there are {", ".join(EXPORTS)}')
    if wanted.system is not None and wanted.system not in corpus.systems:
        known = ", ".join(corpus.systems) or "none"
        raise QueryError(f'corpus "{corpus.name}" has no system "{wanted.system}"; its systems: {known}')
    export = EXPORTS[format]
    if not (export.is_folder and path.suffix == ".zip"):
        return export.writer().write(corpus, query, path, wanted)
    name = "".join(mark if mark.isalnum() or mark in "-_." else "_" for mark in corpus.name).strip(".") or "corpus"
    folder = path.with_name(path.name + ".folder") / name
    try:
        written = export.writer().write(corpus, query, folder, wanted)
        shutil.make_archive(str(path.with_suffix("")), "zip", folder.parent, folder.name)
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)
    return written
