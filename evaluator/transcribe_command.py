"""``app.py transcribe``: run a recognizer over manifests in this process and write a manifest with its texts.

The same run folder, loop and options as a job of the Runs page, without a server. An interrupted command goes on where
it stopped when it is given again: an unfinished run of the same model over the same sources is continued.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from evaluator.detectors import load_detector
from evaluator.engines import Recognizer
from evaluator.jobs import Progress
from evaluator.launching import describe, new_run
from evaluator.run_overlays import RunOverlays
from evaluator.runs import SYSTEM_NAME, Run, RunStore, failures
from evaluator.systems import System
from evaluator.transcription import Options, transcribe
from evaluator.worker import ending, machine, summary
from evaluator.workspace import Workspace
from explorer.config import Config
from explorer.corpus import Corpus
from explorer.errors import ConfigError
from explorer.formatting import hours
from explorer.query import Query

_LISTED = 20  # failures printed; all are in the run folder
_EVERY = 0.5  # s between progress lines


def transcribe_manifest(
    corpus: Corpus,
    config: Config,
    *,
    model: str | None,
    name: str | None,
    output: Path,
    engine: str | None = None,
    vad: str | None = None,
    device: str | None = None,
) -> int:
    """Transcribe a corpus and write it with the column ``pred_text_<name>``; 0, or 1 when utterances failed.

    Raises:
        ConfigError: it is not clear which system is meant, or an option is wrong.
        EngineError: the model cannot be loaded or run.
        RunError: the name cannot name a system.
    """
    system = chosen_system(config, model=model, name=name, engine=engine, device=device)
    options = _options(config, vad)
    _check_output(output, corpus)
    runs = RunStore(Workspace(config.workspace).runs)
    print(f"Loading {system.model or system.engine} ...", file=sys.stderr, flush=True)
    recognizer = system.load()
    detector = None if options.vad == "off" else load_detector(options.detector, **dict(options.detector_options))
    run = _run(runs, corpus, system, options, recognizer)
    facts: dict[str, Any] = {"worker": dict(machine()), "recognizer": dict(recognizer.description)}
    if detector is not None:
        facts["detector"] = dict(detector.description)
    run = run.describe(facts)
    monitor = _Lines(sys.stderr)
    outcome = transcribe(run, recognizer, detector=detector, options=options, monitor=monitor, retry="failures")
    run = run.describe(ending(outcome.totals))
    recognizer.close()
    overlays = RunOverlays(_OnlyRun(runs.folder, run), config.cache.folder / "runs")
    beside = output.with_name(f".{output.name}.{run.id}")
    overlays.lay(corpus).export(Query(), beside, kind="manifest")
    beside.replace(output)
    monitor.finish(f"{summary(outcome.totals)} Written to {output}.")
    failed = failures(run.journal)
    _list_failures(corpus, failed, run)
    return 1 if failed else 0


def _check_output(output: Path, corpus: Corpus) -> None:
    """Say before hours of work that the output cannot be written."""
    if not output.parent.is_dir():
        raise ConfigError(f"The folder {output.parent} does not exist; make it, or write {output.name} elsewhere.")
    if output.resolve() in {source.resolve() for source in corpus.sources}:
        raise ConfigError(f"{output} is the manifest that is read; give another name with -o.")


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


def _options(config: Config, vad: str | None) -> Options:
    defaults = config.transcribe
    return Options.of(
        {
            "vad": vad or defaults.vad,
            "chunk_seconds": defaults.chunk_seconds,
            "batch_seconds": defaults.batch_seconds,
            "batch_size": defaults.batch_size,
            "detector_options": dict(defaults.vad_options),
        }
    )


def _run(runs: RunStore, corpus: Corpus, system: System, options: Options, recognizer: Recognizer) -> Run:
    """An unfinished run of exactly this model, these options and sources, or a new one."""
    identity = {"version": corpus.content_key, "recognizer_sha256": recognizer.description.get("sha256")}
    settings = {**describe(system, options, "whole corpus, from the command line"), **identity}
    for run in reversed(runs.of(corpus.sources, kind="transcribe")):
        same = run.system == system.name and all(run.settings.get(key) == value for key, value in settings.items())
        if same and not run.ended and run.input.exists():
            print(f"Going on with the unfinished run {run.id}.", file=sys.stderr)
            return run
    return new_run(runs, corpus, Query(), kind="transcribe", system=system.name, settings=settings)


class _OnlyRun(RunStore):
    """A view of a workspace that holds one run: the output has the texts of this command, not of earlier runs."""

    def __init__(self, folder: Path, run: Run) -> None:
        super().__init__(folder)
        self._run = run

    def all(self) -> list[Run]:
        return [self._run]


class _Lines:
    """A Monitor that writes progress to a terminal, one line that changes, or now and then a line to a file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._last = 0.0

    def report(self, progress: Progress) -> bool:
        """Write how far it is; never asks to stop."""
        now = time.monotonic()
        if now - self._last >= (_EVERY if self._terminal else 20 * _EVERY):
            self._last = now
            self._write(_sentence(progress), end="\r" if self._terminal else "\n")
        return False

    def finish(self, sentence: str) -> None:
        """Write the last line."""
        self._write(sentence, end="\n")

    def _write(self, text: str, *, end: str) -> None:
        print(f"\x1b[2K{text}" if self._terminal else text, end=end, file=self._stream, flush=True)


def _sentence(progress: Progress) -> str:
    parts = [f"{progress.done:,}/{progress.total:,} utterances", hours(progress.audio_done / 3600)]
    if progress.rtfx is not None:
        parts.append(f"RTFx {progress.rtfx:.1f}")
    if progress.left_seconds is not None:
        parts.append(f"{progress.left_seconds:,.0f} s left")
    if progress.failures:
        parts.append(f"{progress.failures:,} failed")
    return ", ".join(parts)


def _list_failures(corpus: Corpus, failed: Mapping[str, str], run: Run) -> None:
    for utterance, sentence in list(failed.items())[:_LISTED]:
        place = corpus.utterance(utterance)
        print(f"failed: {place.source}:{place.line}: {sentence}", file=sys.stderr)
    if len(failed) > _LISTED:
        print(f"... and {len(failed) - _LISTED:,} more; all are in {run.journal}", file=sys.stderr)
