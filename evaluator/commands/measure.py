"""``app.py measure``: measure the sound of manifests in this process; a table on the terminal, or a file with columns.

The same run folder, work and options as a job of the Runs page, without a server. An interrupted command goes on where
it stopped when it is given again; what was measured before in unchanged files is taken over.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluator.commands.opening import selected_rows
from evaluator.commands.run_output import Lines, OnlyRun, check_output, list_failures
from evaluator.launching import measure_options, new_run
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.measuring.measurement import MeasureOptions, measure
from evaluator.runs.journal import failures
from evaluator.runs.run_store import Run, RunStore
from evaluator.tts.stimuli import stimulus_set
from evaluator.voices.pairing import write_pairings
from evaluator.worker import ending, machine, summary
from evaluator.workspace import Workspace
from explorer.columns import Column
from explorer.config import Config
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError
from explorer.exporting import export_beside
from explorer.exporting.rows import outside_columns
from explorer.formatting import count, value
from explorer.querying.query import Query

_FORMATS = {".csv": "csv", ".json": "nemo", ".jsonl": "nemo"}


def measure_manifest(
    corpus: Corpus,
    config: Config,
    *,
    query: Query | None = None,
    detector: str | None = None,
    judges: Sequence[str] | None = None,
    output: Path | None = None,
) -> int:
    """Measure a corpus, or what ``query`` selects of it; 0, or 1 when utterances failed.

    ``judges`` scores voices, too: those of a stimulus set with their texts and reference recordings. ``output`` gets
    the manifest with the fields ``signal_*`` and ``voice_*`` (.json, .jsonl) or the same as a table (.csv); without it
    a summary is printed.

    Raises:
        ConfigError: there is no such detector, or the output cannot be written.
        EngineError: the detector cannot be loaded.
    """
    options = measure_options(config, detector, judges=judges)
    if output is not None:
        if output.suffix not in _FORMATS:
            raise ConfigError(f"{output} is neither .csv nor .json; give the output one of these endings.")
        check_output(output, corpus)
    runs = RunStore(Workspace(config.workspace).runs)
    rows = (query or Query()).selection()
    run = _run(runs, corpus, rows, options)
    if judges is not None:
        write_pairings(corpus, stimulus_set(corpus), run.folder)
    monitor = Lines(sys.stderr)
    run = run.describe({"worker": dict(machine())})
    outcome = measure(run, options=options, monitor=monitor, earlier=runs.measured(run), retry="failures")
    run = run.describe(ending(outcome.totals))
    laid = MeasureOverlays(OnlyRun(runs.folder, run), config.cache.folder / "measures").lay(corpus)
    columns = [column for column in laid.columns if column.origin in ("signal", "voice")]
    if output is not None:
        beside = output.with_name(f".{output.name}.{run.id}")
        names = [column.name for column in (*outside_columns(corpus), *columns)]
        format = _FORMATS[output.suffix]
        export_beside(laid, rows, beside, format=format, columns=names, formulas=config.csv.formulas)
        beside.replace(output)
    written = "" if output is None else f" Written to {output}."
    monitor.finish(f"{summary(outcome.totals)} {outcome.note}{written}")
    if output is None:
        _print_summary(laid, columns)
    failed = failures(run.journal)
    list_failures(corpus, failed, run)
    return 1 if failed else 0


def _run(runs: RunStore, corpus: Corpus, rows: Query, options: MeasureOptions) -> Run:
    """An unfinished run of exactly these options, sources and rows, or a new one."""
    scope = rows.sentence(corpus) if rows.selects else "whole corpus"
    settings = {
        "scope": f"{scope}, from the command line",
        "where": rows.where,
        "options": options.plain(),
        "version": corpus.content_key,
    }
    for run in reversed(runs.of(corpus.sources, kind="measure")):
        same = all(run.settings.get(key) == wanted for key, wanted in settings.items())
        if same and not run.ended and run.input.exists():
            print(f"Going on with the unfinished run {run.id}.", file=sys.stderr)
            return run
    return new_run(runs, corpus, rows, kind="measure", system="signal", settings=settings)


def _print_summary(corpus: Corpus, columns: Sequence[Column]) -> None:
    """Smallest, median and largest value of every number, and how many utterances have one."""
    print(f"{'measure':26}{'smallest':>14}{'median':>14}{'largest':>14}{'utterances':>12}")
    for column in columns:
        if column.kind != "number":
            continue
        numbers = corpus.numbers(column.name)
        known = numbers[~np.isnan(numbers)]
        places = [float(place) for place in np.percentile(known, [0, 50, 100])] if len(known) else [None] * 3
        shown = "".join(f"{value(column, place):>14}" for place in places)
        print(f"{column.label:26}{shown}{count(len(known)):>12}")


def run(options: argparse.Namespace) -> int:
    """``app.py measure MANIFEST... [--detector NAME] [--voices] [-o OUT.csv|OUT.json]``"""
    corpus, query, config = selected_rows(options)
    judges = None
    if options.voices:
        from evaluator.voices.judges import JUDGES, missing_judges

        absent = missing_judges()
        judges = [name for name in JUDGES if name not in absent]
    given = {"detector": options.detector, "judges": judges, "output": options.output}
    return measure_manifest(corpus, config, query=query, **given)
