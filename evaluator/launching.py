"""Starting runs: the rows of a query, or one utterance, become a run folder with its input, and a queued job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from evaluator.detectors import DETECTORS
from evaluator.jobs.job_table import Job, JobStore
from evaluator.measuring.measurement import MeasureOptions
from evaluator.plugins import chosen
from evaluator.runs.run_store import Run, RunStore
from evaluator.transcribing.checkpoints import CheckpointFolder
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import Options
from evaluator.tts.speaking import Voice
from evaluator.tts.stimulus_set import StimulusSet
from evaluator.tts.synthesis import Line, SynthesisOptions, write_input
from evaluator.voices.pairing import write_pairings
from explorer.config import Config
from explorer.corpora.corpus import Corpus, Utterance
from explorer.corpora.sound_list import write_audio_list
from explorer.errors import JobError
from explorer.querying.query import Query

Rows = Query | Utterance


def transcribe_options(config: Config, **given: Any) -> Options:
    """Options of a job: those given (None: not given), else the configured ones.

    Raises:
        ConfigError: a value is out of range, or there is no such detector.
    """
    defaults = config.transcribe
    wanted = {name: value for name, value in given.items() if value is not None}
    detector = chosen(DETECTORS, wanted.get("detector", defaults.detector), kind="detector").name
    return Options.of(
        {
            "vad": defaults.vad,
            "detector": detector,
            "chunk_seconds": defaults.chunk_seconds,
            "batch_seconds": defaults.batch_seconds,
            "batch_size": defaults.batch_size,
            "detector_options": dict(config.detectors.get(detector, {})),
            **wanted,
        }
    )


def measure_options(
    config: Config, detector: str | None = None, *, judges: Sequence[str] | None = None
) -> MeasureOptions:
    """Options of measuring with a detector, the configured one (None), or "none".

    ``judges`` scores voices, too, by these trained models (evaluator/voices/judges.py).

    Raises:
        ConfigError: there is no such detector.
    """
    name = detector or config.measure.detector
    if name == "none":
        return MeasureOptions(detector=None, voice=judges)
    known = chosen(DETECTORS, name, kind="detector").name
    return MeasureOptions(detector=known, detector_options=dict(config.detectors.get(known, {})), voice=judges)


def queue_transcription(
    jobs: JobStore, runs: RunStore, corpus: Corpus, rows: Rows, *, system: System, options: Options, scope: str
) -> Job:
    """Queue a system to transcribe the rows. ``scope`` says in words which rows they are.

    Raises:
        JobError: there are no rows.
    """
    run = new_run(runs, corpus, rows, kind="transcribe", system=system.name, settings=describe(system, options, scope))
    spec = {"run": run.id, "corpus": corpus.name, "scope": scope, "system": system.spec(), "options": plain(options)}
    return jobs.submit("transcribe", spec)


def queue_checkpoints(
    jobs: JobStore,
    runs: RunStore,
    corpus: Corpus,
    rows: Rows,
    *,
    folder: CheckpointFolder,
    options: Options,
    scope: str,
    device: str = "auto",
) -> Job:
    """Queue one job in which every checkpoint of a folder transcribes the rows; errors as for queue_transcription."""
    systems = [System(name=one.system, engine="nemo", model=str(one.path), device=device) for one in folder.checkpoints]
    made = [
        new_run(runs, corpus, rows, kind="transcribe", system=one.name, settings=describe(one, options, scope))
        for one in systems
    ]
    spec = {
        "runs": [run.id for run in made],
        "systems": [system.spec() for system in systems],
        "folder": folder.name,
        "left_out": list(folder.left_out),
    }
    return jobs.submit(
        "checkpoints", {**spec, "corpus": corpus.name, "scope": scope, "options": plain(options), "run": made[0].id}
    )


def queue_detection(jobs: JobStore, runs: RunStore, corpus: Corpus, rows: Rows, *, options: Options, scope: str) -> Job:
    """Queue a detector to look for speech in the rows; arguments and errors as for queue_transcription."""
    settings = {"scope": scope, "options": plain(options)}
    run = new_run(runs, corpus, rows, kind="detect", system=options.detector, settings=settings)
    return jobs.submit("detect", {"run": run.id, "corpus": corpus.name, "scope": scope, "options": plain(options)})


def queue_measuring(
    jobs: JobStore,
    runs: RunStore,
    corpus: Corpus,
    rows: Rows,
    *,
    options: MeasureOptions,
    scope: str,
    material: StimulusSet | None = None,
) -> Job:
    """Queue the measuring of the rows' sound; arguments and errors as for queue_transcription.

    Where voices are scored ``material`` says what was to be read, and which recordings to compare with.
    """
    settings = {"scope": scope, "options": options.plain()}
    run = new_run(runs, corpus, rows, kind="measure", system="signal", settings=settings)
    if material is not None:
        write_pairings(corpus, material, run.folder)
    return jobs.submit("measure", {"run": run.id, "corpus": corpus.name, "scope": scope, "options": options.plain()})


def queue_synthesis(
    jobs: JobStore,
    runs: RunStore,
    lines: Sequence[Line],
    *,
    corpus: str,
    sources: Sequence[Path],
    voice: Voice,
    options: SynthesisOptions,
    scope: str,
) -> Job:
    """Queue a voice to read sentences aloud for the corpus of that name and sources.

    Raises:
        JobError: there are no sentences.
        RunError: the voice's name cannot name a system.
    """
    if not lines:
        raise JobError("There is no sentence to read aloud; write one, or choose sentences of the corpus.")
    settings = {"scope": scope, "voice": voice.public(), "options": options.plain()}
    run = runs.create(kind="synthesize", system=voice.name, corpus=corpus, sources=sources, roots=(), settings=settings)
    write_input(run, lines)
    spec = {"run": run.id, "corpus": corpus, "scope": scope, "voice": voice.spec(), "options": options.plain()}
    return jobs.submit("synthesize", spec)


def new_run(runs: RunStore, corpus: Corpus, rows: Rows, *, kind: str, system: str, settings: Mapping[str, Any]) -> Run:
    """A run folder over the rows.

    Raises:
        JobError: there are no rows, or the corpus is still loading and not all are known.
        RunError: the system's name cannot name a column.
    """
    if not corpus.complete and not isinstance(rows, Utterance):
        raise JobError(f'Corpus "{corpus.name}" is still loading; start the job when all its rows are there.')
    if not isinstance(rows, Utterance) and not corpus.extent(rows).utterances:
        raise JobError("This view has no utterances; remove a filter.")
    run = runs.create(
        kind=kind,
        system=system,
        corpus=corpus.name,
        sources=corpus.sources,
        roots=corpus.roots,
        settings=settings,
    )
    if isinstance(rows, Utterance):
        pyarrow.parquet.write_table(_one(corpus, rows), run.input)
    else:
        write_audio_list(corpus, rows, run.input)
    return run


def describe(system: System, options: Options, scope: str) -> dict[str, Any]:
    """What run.yaml says before the run begins."""
    spec = system.spec()
    chosen = {"engine": spec["engine"], "model": spec["model"], "engine_options": spec["options"]}
    return {"scope": scope, **chosen, "options": plain(options)}


def plain(options: Options) -> dict[str, Any]:
    """As JSON values; ``Options.of`` reads them."""
    return {**asdict(options), "detector_options": dict(options.detector_options)}


def _one(corpus: Corpus, utterance: Utterance) -> pa.Table:
    shard = utterance.extra.get("shard_id")
    return pa.table(
        {
            "id": [utterance.id],
            "row": pa.array([utterance.row], pa.int32()),
            "path": [corpus.whereabouts.locator(utterance.audio, utterance.source, shard=shard)],
            "offset": [float(utterance.offset)],
            "duration": pa.array([utterance.duration], pa.float64()),
        }
    )
