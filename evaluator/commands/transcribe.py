"""``app.py transcribe``: run a recognizer over manifests in this process and write a manifest with its texts.

The same run folder, loop and options as a job of the Runs page, without a server. An interrupted command goes on where
it stopped when it is given again: an unfinished run of the same model over the same sources is continued.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluator.commands.opening import selected_rows
from evaluator.commands.run_output import Lines, OnlyRun, check_output, list_failures
from evaluator.detectors import DETECTORS, load_detector
from evaluator.engines import Recognizer
from evaluator.launching import describe, new_run, transcribe_options
from evaluator.runs.journal import failures
from evaluator.runs.run_overlays import RunOverlays
from evaluator.runs.run_store import SYSTEM_NAME, Run, RunStore
from evaluator.transcribing.checkpoints import checkpoint_folder
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import Options, transcribe
from evaluator.worker import ending, machine, summary
from evaluator.workspace import Workspace
from explorer.config import Config
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, EngineError
from explorer.exporting import export_beside
from explorer.querying.query import Query


def transcribe_manifest(
    corpus: Corpus,
    config: Config,
    *,
    model: str | None,
    name: str | None,
    output: Path,
    engine: str | None = None,
    vad: str | None = None,
    detector: str | None = None,
    device: str | None = None,
    query: Query | None = None,
) -> int:
    """Transcribe a corpus and write it with the column ``pred_text_<name>``; 0, or 1 when utterances failed.

    With a ``query``, its rows are transcribed, and the output has them alone.

    ``vad`` is a mode (off, chunk, skip), or a detector's name, which means to chunk with it.

    Raises:
        ConfigError: it is not clear which system is meant, or an option is wrong.
        EngineError: the model cannot be loaded or run.
        RunError: the name cannot name a system.
    """
    system = chosen_system(config, model=model, name=name, engine=engine, device=device)
    return _with_systems(corpus, config, [system], output=output, vad=vad, detector=detector, query=query or Query())


def transcribe_checkpoints(
    corpus: Corpus,
    config: Config,
    *,
    folder: Path,
    name: str | None,
    output: Path,
    vad: str | None = None,
    detector: str | None = None,
    device: str | None = None,
    query: Query | None = None,
) -> int:
    """Transcribe a corpus with every checkpoint of a folder and write it with a column for each; exit code as above.

    ``name`` begins the names of the systems (None: the folder's name). A checkpoint that cannot be loaded is told and
    left out.

    Raises:
        ConfigError: there is no checkpoint, or an option is wrong.
        EngineError: none of the checkpoints can be loaded or run.
    """
    place = folder.expanduser().absolute()
    own = place.parent.name if place.name == "checkpoints" else place.name
    found = checkpoint_folder(name or own, place)
    for told in found.left_out:
        print(f"Left out: {told}.", file=sys.stderr)
    systems = [
        System(name=one.system, engine="nemo", model=str(one.path), device=device or "auto")
        for one in found.checkpoints
    ]
    return _with_systems(corpus, config, systems, output=output, vad=vad, detector=detector, query=query or Query())


def _with_systems(
    corpus: Corpus,
    config: Config,
    systems: Sequence[System],
    *,
    output: Path,
    vad: str | None,
    detector: str | None,
    query: Query,
) -> int:
    """Transcribe with one system after the other; of several, those that cannot be loaded are told and left out."""
    mode, named = ("chunk", vad) if vad in DETECTORS else (vad, None)
    options = transcribe_options(config, vad=mode, detector=detector or named)
    check_output(output, corpus)
    runs = RunStore(Workspace(config.workspace).runs)
    rows = query.selection()
    listener = None if options.vad == "off" else load_detector(options.detector, **dict(options.detector_options))
    monitor, done, refused = Lines(sys.stderr), list[Run](), 0
    for system in systems:
        print(f"Loading {system.model or system.engine} ...", file=sys.stderr, flush=True)
        try:
            recognizer = system.load()
        except EngineError as error:
            refused += 1
            if refused == len(systems):
                raise
            print(f"{system.name} was left out: {error}", file=sys.stderr)
            continue
        run = _run(runs, corpus, rows, system, options, recognizer)
        facts: dict[str, Any] = {"worker": dict(machine()), "recognizer": dict(recognizer.description)}
        if listener is not None:
            facts["detector"] = dict(listener.description)
        run = run.describe(facts)
        outcome = transcribe(run, recognizer, detector=listener, options=options, monitor=monitor, retry="failures")
        done.append(run.describe(ending(outcome.totals)))
        recognizer.close()
        monitor.finish(f"{system.name}: {summary(outcome.totals)}")
    overlays = RunOverlays(OnlyRun(runs.folder, *done), config.cache.folder / "runs")
    beside = output.with_name(f".{output.name}.{done[0].id}")
    export_beside(overlays.lay(corpus), rows, beside, format="nemo")
    beside.replace(output)
    print(f"Written to {output}.", file=sys.stderr)
    faults = [(run, failures(run.journal)) for run in done]
    for run, failed in faults:
        list_failures(corpus, failed, run)
    return 1 if refused or any(failed for _, failed in faults) else 0


def chosen_system(
    config: Config, *, model: str | None, name: str | None, engine: str | None, device: str | None
) -> System:
    """The system the flags mean: a configured one by its name, or a model given here.

    Raises:
        ConfigError: no model is named and no configured system has that name, or the name is not one.
    """
    if name is not None and not SYSTEM_NAME.fullmatch(name):
        raise ConfigError(f'"{name}" cannot name a system: use up to 64 letters, digits, "_", "-" or ".".')
    changes: dict[str, Any] = {} if device is None else {"device": device}
    configured = config.systems.get(name or "")
    if model is None and configured is not None and engine in (None, configured.engine):
        return System(name=str(name), **{**asdict(configured), **changes})
    if model is None and engine in (None, "nemo"):
        known = ", ".join(config.systems) or "none"
        raise ConfigError(
            f"Give --model X.nemo with --name, or the --name of a configured system; configured are: {known}."
        )
    if name is None:
        raise ConfigError("Give the system a name with --name: it becomes the field pred_text_NAME.")
    return System(name=name, engine=engine or "nemo", model=model, **changes)


def _run(runs: RunStore, corpus: Corpus, rows: Query, system: System, options: Options, recognizer: Recognizer) -> Run:
    """An unfinished run of exactly this model, these options, sources and rows, or a new one."""
    scope = rows.sentence(corpus) if rows.selects else "whole corpus"
    identity = {"version": corpus.content_key, "recognizer_sha256": recognizer.description.get("sha256")}
    identity |= {"where": rows.where} if rows.selects else {}
    settings = {**describe(system, options, f"{scope}, from the command line"), **identity}
    for run in reversed(runs.of(corpus.sources, kind="transcribe")):
        same = run.system == system.name and all(run.settings.get(key) == value for key, value in settings.items())
        if same and not run.ended and run.input.exists():
            print(f"Going on with the unfinished run {run.id}.", file=sys.stderr)
            return run
    return new_run(runs, corpus, rows, kind="transcribe", system=system.name, settings=settings)


def run(options: argparse.Namespace) -> int:
    """``app.py transcribe MANIFEST... --model X.nemo --name SYS -o OUT.json``"""
    corpus, query, config = selected_rows(options)
    if options.checkpoints is not None:
        if options.model is not None or options.engine not in (None, "nemo"):
            raise ConfigError("--checkpoints has its own models; leave out --model and --engine.")
        return transcribe_checkpoints(
            corpus,
            config,
            folder=config.checkpoints.get(str(options.checkpoints), options.checkpoints),
            name=options.name,
            vad=options.vad,
            detector=options.detector,
            device=options.device,
            output=options.output,
            query=query,
        )
    return transcribe_manifest(
        corpus,
        config,
        model=options.model,
        name=options.name,
        engine=options.engine,
        vad=options.vad,
        detector=options.detector,
        device=options.device,
        output=options.output,
        query=query,
    )
