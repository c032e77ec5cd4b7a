"""The desk where pages order jobs: what can be started here, queueing it, taking it up again, clearing it away.

Every order is a run folder with its input and a row of the job table (launching.py); the desk sees that a worker lives.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from evaluator.detectors import choosable
from evaluator.jobs.job_table import Job, JobStore
from evaluator.jobs.supervisor import Supervisor
from evaluator.launching import (
    Rows,
    measure_options,
    queue_checkpoints,
    queue_detection,
    queue_measuring,
    queue_synthesis,
    queue_transcription,
    transcribe_options,
)
from evaluator.runs.run_store import RunStore
from evaluator.spoken import spoken_form as find_spoken_form
from evaluator.transcribing.checkpoints import checkpoint_folder
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import Options
from evaluator.tts.sentences import free_name
from evaluator.tts.speaking import Voice
from evaluator.tts.stimuli import StimulusSets, is_tts
from evaluator.tts.synthesis import Line, SynthesisOptions
from evaluator.tts.synthesized import TYPED
from evaluator.voices.judges import JUDGES, missing_judges
from explorer.config import Config
from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library
from explorer.errors import ConfigError, JobError, SpeechDataError
from explorer.querying.query import Query

_LOOK_EVERY = 0.5  # s between looks whether a corpus has been loaded


@dataclass(frozen=True, kw_only=True)
class JobDesk:
    """Orders jobs with what is configured; ``library`` and ``stimuli`` are what orders are about."""

    config: Config
    jobs: JobStore
    runs: RunStore
    supervisor: Supervisor
    library: Library
    stimuli: StimulusSets

    @cached_property
    def systems(self) -> Mapping[str, System]:
        """The configured recognizers by name: all that can be started from a page."""
        return {name: System(name=name, **asdict(system)) for name, system in self.config.systems.items()}

    def options(self, **chosen: object) -> Options:
        """Options of a job: those chosen, else the configured ones.

        Raises:
            ConfigError: a value is out of range.
        """
        return transcribe_options(self.config, **chosen)

    @property
    def detectors(self) -> Sequence[str]:
        """The detectors of speech that can be chosen here, the configured one first."""
        first = self.config.transcribe.detector
        return sorted(choosable(self.config.detectors), key=lambda name: name != first)

    def transcribe(self, corpus: Corpus, rows: Rows, system: str, *, options: Options, scope: str) -> Job:
        """Queue a configured system to transcribe rows of a corpus, and see that a worker lives.

        Raises:
            ConfigError: no configured system has that name.
            JobError: there are no rows, or the job table cannot be written.
        """
        if system not in self.systems:
            raise ConfigError(f'There is no system "{system}"; configured are: {", ".join(self.systems) or "none"}.')
        chosen = self.systems[system]
        return self._ordered(
            queue_transcription(self.jobs, self.runs, corpus, rows, system=chosen, options=options, scope=scope)
        )

    @cached_property
    def checkpoints(self) -> Mapping[str, Path]:
        """The configured folders of checkpoints by name."""
        return self.config.checkpoints

    def transcribe_checkpoints(self, corpus: Corpus, rows: Rows, name: str, *, options: Options, scope: str) -> Job:
        """Queue all checkpoints of a configured folder, as it is now, to transcribe rows; and see that a worker lives.

        Raises:
            ConfigError: no folder is configured under that name, or it holds no checkpoint.
            JobError: there are no rows, or the job table cannot be written.
        """
        if name not in self.checkpoints:
            raise ConfigError(f'There is no folder "{name}" under checkpoints: in the configuration.')
        folder = checkpoint_folder(name, self.checkpoints[name])
        return self._ordered(
            queue_checkpoints(self.jobs, self.runs, corpus, rows, folder=folder, options=options, scope=scope)
        )

    def detect(self, corpus: Corpus, rows: Rows, *, options: Options, scope: str) -> Job:
        """Queue a detector to look for speech in rows of a corpus, and see that a worker lives."""
        return self._ordered(queue_detection(self.jobs, self.runs, corpus, rows, options=options, scope=scope))

    def measure(self, corpus: Corpus, rows: Rows, *, scope: str, detector: str | None = None) -> Job:
        """Queue the measuring of the rows' sound, and see that a worker lives.

        ``detector`` tells the share of speech; None: the configured one, "none": nobody does.

        Raises:
            ConfigError: there is no such detector.
            JobError: there are no rows, or the job table cannot be written.
        """
        options = measure_options(self.config, detector)
        return self._ordered(queue_measuring(self.jobs, self.runs, corpus, rows, options=options, scope=scope))

    def score_voices(self, corpus: Corpus) -> Job:
        """Queue the scoring of every reading of a stimulus set by all judges that are installed.

        Raises:
            JobError: there are no rows, or the job table cannot be written.
        """
        absent = missing_judges()
        options = measure_options(self.config, judges=[name for name in JUDGES if name not in absent])
        material = self.stimuli.of(self.library.get(corpus.name))
        scope = f"the voices of {corpus.name}"
        return self._ordered(
            queue_measuring(self.jobs, self.runs, corpus, Query(), options=options, scope=scope, material=material)
        )

    def measure_when_loaded(self) -> None:
        """Queue the measuring of every open corpus as soon as it is loaded; returns at once."""
        threading.Thread(target=self._measure_all, name="measure-when-loaded", daemon=True).start()

    def _measure_all(self) -> None:
        for name in self.library.names():
            try:
                while (now := self.library.progress(name)) is not None and now.stage != "failed":
                    time.sleep(_LOOK_EVERY)
                self.measure(self.library.get(name), Query(), scope="the whole corpus")
            except SpeechDataError as error:
                print(f"earmark: the sound of {name} is not measured: {error}", file=sys.stderr, flush=True)

    @cached_property
    def voices(self) -> Mapping[str, Voice]:
        """The configured synthesizers by name: all that can be started from a page."""
        return {name: Voice(name=name, **asdict(voice)) for name, voice in self.config.voices.items()}

    def synthesize(self, corpus: Corpus, lines: Sequence[Line], voice: str, *, spoken_form: str, scope: str) -> Job:
        """Queue a configured voice to read sentences aloud, and see that a worker lives.

        The sounds join the corpus when it is a stimulus set, else the corpus of typed texts.

        Raises:
            ConfigError: no configured voice, or text normalization, has that name.
            JobError: there are no sentences, or the job table cannot be written.
        """
        if voice not in self.voices:
            raise ConfigError(f'There is no voice "{voice}"; configured are: {", ".join(self.voices) or "none"}.')
        options = SynthesisOptions(
            spoken_form=find_spoken_form(spoken_form).name, longest_text=self.config.synthesis.longest_text
        )
        joins = is_tts(corpus) and corpus.name != TYPED
        return self._ordered(
            queue_synthesis(
                self.jobs,
                self.runs,
                lines,
                corpus=corpus.name if joins else TYPED,
                sources=self.runs.without_runs(corpus.sources) if joins else (),
                voice=replace(self.voices[voice], name=free_name(voice, self.stimuli.of(corpus), lines)),
                options=options,
                scope=scope,
            )
        )

    def delete(self, job_id: int) -> str:
        """Take a job off the list and its run, with its columns, out of the workspace; where it is kept, in words.

        Raises:
            JobError: there is no such job, or it waits or runs.
            RunError: its run cannot be moved.
        """
        job = self.jobs.get(job_id)
        if job.active:
            raise JobError(f"Job {job_id} is {job.state}; cancel it before it is deleted.")
        others = {run for one in self.jobs.recent(limit=10_000) if one.id != job_id for run in one.runs}
        known = {one.id for one in self.runs.all()}
        moved = [self.runs.discard(run) for run in job.runs if run in known and run not in others]
        kept = f" Its results are kept in {', '.join(map(str, moved))}." if moved else ""
        self.jobs.forget(job_id)
        return f"Job {job_id} was deleted.{kept}"

    def resume(self, job_id: int) -> Job:
        """Queue a failed or cancelled job again, and see that a worker lives."""
        return self._ordered(self.jobs.resume(job_id))

    def _ordered(self, job: Job) -> Job:
        self.supervisor.ensure_worker()
        return job
