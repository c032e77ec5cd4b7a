"""What the evaluator's pages are given besides the explorer's stores: runs, jobs and scores of one workspace."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

from evaluator.comparing.comparison import Means
from evaluator.comparing.contribution_store import ContributionStore
from evaluator.comparing.speed import told_by_runs
from evaluator.comparing.table_store import TableStore
from evaluator.comparison_store import ComparisonStore
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
from evaluator.ledger import Ledger, open_ledger, review_space
from evaluator.listening.result_store import ResultStore
from evaluator.listening.store import ListeningTests
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.normalizers.registry import ABSENT, NORMALIZERS, Normalizer, normalizer, registry
from evaluator.review.assigned import AssignedOverlays
from evaluator.review.assignments import Plan, plan_of, plan_space
from evaluator.review.import_store import ImportStore
from evaluator.review.overlays import ReviewOverlays
from evaluator.review.progress import ReviewProgress
from evaluator.review.progress_store import Counting as CountingProgress
from evaluator.review.progress_store import ProgressStore
from evaluator.review.recipe_files import RecipeFiles
from evaluator.runs.run_overlays import RunOverlays
from evaluator.runs.run_store import RunStore
from evaluator.scoring.edit_store import EditStore
from evaluator.scoring.flag_store import FlagStore
from evaluator.scoring.scores import ScoreStore, ScoringProgress
from evaluator.scoring.word_accuracy import folding, word_accuracies
from evaluator.scoring.written_store import WrittenStore
from evaluator.spoken import spoken_form as find_spoken_form
from evaluator.suspicion.store import SuspicionStore
from evaluator.transcribing.checkpoints import checkpoint_folder
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import Options
from evaluator.tts.sayings import Sayings
from evaluator.tts.sentences import free_name
from evaluator.tts.speaking import Voice
from evaluator.tts.stimuli import StimulusSets, is_tts
from evaluator.tts.synthesis import Line, SynthesisOptions
from evaluator.tts.synthesized import TYPED, Synthesized
from evaluator.voices.judges import JUDGES, missing_judges
from evaluator.workspace import Workspace
from explorer.config import Config
from explorer.corpora.corpus import Corpus, Utterance
from explorer.corpora.library import Library
from explorer.errors import ConfigError, JobError, SpeechDataError
from explorer.lanes.lane import Lane
from explorer.querying.query import Query
from explorer.stores import Action, HeaderControl, OverviewSection, Stores, UtterancePanel
from explorer.vocabulary.vocabulary_store import Counting
from explorer.vocabulary.word_listing import WordAccuracy
from explorer.vocabulary.words import Folding

FINDINGS = 16
"""Slices, scatters and lists of words that stay in memory."""

CONFUSIONS = 6
"""Lists of errors that do; the largest, of a million lines, less (CONFUSION_BYTES)."""
CONFUSION_BYTES = 300_000_000

_LOOK_EVERY = 0.5  # s between looks whether a corpus has been loaded


@dataclass(frozen=True, kw_only=True)
class EvaluatorStores(Stores):
    """The stores of both rooms. ``workspace`` is the folder that must last."""

    workspace: Path
    jobs: JobStore
    runs: RunStore
    overlays: RunOverlays
    measures: MeasureOverlays
    scores: ScoreStore
    suspicions: SuspicionStore
    standings: ComparisonStore
    own_standings: ComparisonStore
    stimuli: StimulusSets
    listening: ListeningTests
    listened: ResultStore
    edits: EditStore
    contributions: ContributionStore
    written: WrittenStore
    findings: ComparisonStore
    confusions: ComparisonStore
    tables: TableStore
    flags: FlagStore
    supervisor: Supervisor
    ledger: Ledger
    reviews: ReviewOverlays
    recipes: RecipeFiles
    assigned: AssignedOverlays
    progresses: ProgressStore = field(default_factory=ProgressStore)
    imports: ImportStore = field(default_factory=ImportStore)
    normalizers: Mapping[str, Normalizer] = field(default_factory=lambda: NORMALIZERS)

    sayings: Sayings = field(default_factory=Sayings)

    @cached_property
    def synthesized(self) -> Synthesized:
        """What joins synthesized sounds to the corpora they were made for."""
        return Synthesized(self.runs, self.library)

    @property
    def normalizer(self) -> str:
        """What texts go through first unless the URL says otherwise."""
        return self.config.normalizer

    @cached_property
    def systems(self) -> Mapping[str, System]:
        """The configured recognizers by name: all that can be started from a page."""
        return {name: System(name=name, **asdict(system)) for name, system in self.config.systems.items()}

    def corpus(self, parameters: Mapping[str, str]) -> Corpus:
        """The corpus of the URL with what runs measured and recognized, its scores, edits, rules, punctuation..."""
        suspected = self.suspicions.lay_for(self.scored(parameters), parameters)
        written = self.written.lay(self.contributions.lay(self.edits.lay(suspected, parameters), parameters))
        return self.reviews.lay(self.assigned.lay(self.flags.lay(written)))

    def headless_columns(self, parameters: Mapping[str, str]) -> frozenset[str]:
        """The columns that a command line knows, too: without what people said and what only pages work out."""
        suspected = self.suspicions.lay_for(self.scored(parameters), parameters)
        laid = self.written.lay(self.edits.lay(suspected, parameters))
        return frozenset(column.name for column in laid.columns)

    def scored(self, parameters: Mapping[str, str]) -> Corpus:
        """``corpus`` without edits, rules and suspicion, made from it: its key stays the same when they come."""
        base = self.measures.lay(super().corpus(parameters))
        return self.scores.lay(self.overlays.lay(base), parameters.get("normalizer") or self.normalizer)

    def revision(self, parameters: Mapping[str, str]) -> str:
        """Changes with the manifest, with results of runs, detected speech, scores, edits, suspicion and reviews."""
        corpus = super().corpus(parameters)
        self.synthesized.join(self.library.get(corpus.name))
        self.synthesized.open_typed()
        made = f"{self.overlays.revision(corpus)} {self.scores.revision(corpus.name)}"
        scored = self.scored(parameters)
        made += f" {self.edits.revision(scored)} {self.contributions.revision(scored)} {self.written.revision(scored)}"
        made += f" {self.flags.revision(scored)}"
        made += f" {self.suspicions.revision(corpus.name)} {self.reviews.revision(corpus.name)}"
        made += f" {self.reviews.laid(corpus.name)}"
        return f"{super().revision(parameters)} {made}"

    def pending(self, parameters: Mapping[str, str]) -> bool:
        """Whether the corpus is being loaded or scored under the normalizer of the URL, or edits that it names or
        signals of suspicion are made."""
        corpus = self.corpus(parameters)
        chosen = self.chosen_normalizer(parameters)
        working = self.scores.progress(corpus, chosen) is not None or self.edits.pending(corpus, parameters)
        working = working or self.contributions.pending(corpus, parameters) or self.written.pending(corpus)
        working = working or self.reviews.progress(corpus.name) is not None
        return super().pending(parameters) or working or self.suspicions.working(self.scored(parameters))

    def lanes(self, corpus: Corpus, utterance: Utterance) -> tuple[Lane, ...]:
        """The utterance's own lanes, where speech was detected, and the words of every system that told their times."""
        speech = self.runs.segments(corpus.sources, utterance.id)
        found = () if speech is None else (Lane("speech", "speech", speech),)
        words = tuple(
            Lane(system, "words", heard) for system, heard in self.runs.words(corpus.sources, utterance.id).items()
        )
        return (*found, *(lane.clipped(utterance.duration) for lane in words), *super().lanes(corpus, utterance))

    def foldings(self) -> Sequence[Folding]:
        """Every normalizer is a way to fold words."""
        return tuple(folding(known) for known in self.normalizers.values() if known.version != ABSENT)

    def folding(self, parameters: Mapping[str, str]) -> Folding:
        """The normalizer of the address."""
        return folding(self.chosen_normalizer(parameters))

    def chosen_normalizer(self, parameters: Mapping[str, str]) -> Normalizer:
        """The normalizer of the address, else the configured one.

        Raises:
            ConfigError: there is none of that name.
        """
        return normalizer(parameters.get("normalizer") or self.normalizer, self.normalizers)

    def folding_progress(self, parameters: Mapping[str, str]) -> Counting:
        """How far the normalised texts are, which scoring makes."""
        corpus = self.corpus(parameters)
        now = self.scores.progress(corpus, self.chosen_normalizer(parameters)) or ScoringProgress(0, corpus.size)
        return Counting(now.done, now.total, now.failure)

    def word_accuracies(self, corpus: Corpus) -> Sequence[WordAccuracy]:
        """What scoring counted for every word."""
        return word_accuracies(corpus)

    def means(self, corpus: Corpus) -> Means:
        """What comparisons of a corpus are made with."""
        known = {**self.tables.speeds(corpus), **told_by_runs(corpus, self.runs)}
        return Means(self.tables, self.config.cache.folder / "comparisons", known)

    def review_progress(self, parameters: Mapping[str, str]) -> ReviewProgress | CountingProgress:
        """How far people are with the corpus of the address, or how far the first count of it.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        corpus = self.library.get(parameters.get("corpus") or self.library.first())
        return self.progresses.get(corpus, self.ledger, self.chosen_normalizer(parameters))

    def review_plan(self, parameters: Mapping[str, str]) -> Plan | None:
        """Who does what of the corpus of the address; None while it is not split.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        return plan_of(self.ledger, parameters.get("corpus") or self.library.first())

    def review_revision(self, parameters: Mapping[str, str]) -> str:
        """Changes with everything that is said about the corpus of the address, and with its plan; pages poll it."""
        name = parameters.get("corpus") or self.library.first()
        said, planned = self.ledger.revision(review_space(name)), self.ledger.revision(plan_space(name))
        return f"{self.library.revision(name)} {said} {planned}"

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
        job = queue_transcription(self.jobs, self.runs, corpus, rows, system=chosen, options=options, scope=scope)
        self.supervisor.ensure_worker()
        return job

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
        job = queue_checkpoints(self.jobs, self.runs, corpus, rows, folder=folder, options=options, scope=scope)
        self.supervisor.ensure_worker()
        return job

    def detect(self, corpus: Corpus, rows: Rows, *, options: Options, scope: str) -> Job:
        """Queue a detector to look for speech in rows of a corpus, and see that a worker lives."""
        job = queue_detection(self.jobs, self.runs, corpus, rows, options=options, scope=scope)
        self.supervisor.ensure_worker()
        return job

    def measure(self, corpus: Corpus, rows: Rows, *, scope: str, detector: str | None = None) -> Job:
        """Queue the measuring of the rows' sound, and see that a worker lives.

        ``detector`` tells the share of speech; None: the configured one, "none": nobody does.

        Raises:
            ConfigError: there is no such detector.
            JobError: there are no rows, or the job table cannot be written.
        """
        options = measure_options(self.config, detector)
        job = queue_measuring(self.jobs, self.runs, corpus, rows, options=options, scope=scope)
        self.supervisor.ensure_worker()
        return job

    def score_voices(self, corpus: Corpus) -> Job:
        """Queue the scoring of every reading of a stimulus set by all judges that are installed.

        Raises:
            JobError: there are no rows, or the job table cannot be written.
        """
        absent = missing_judges()
        options = measure_options(self.config, judges=[name for name in JUDGES if name not in absent])
        material = self.stimuli.of(self.library.get(corpus.name))
        scope = f"the voices of {corpus.name}"
        job = queue_measuring(self.jobs, self.runs, corpus, Query(), options=options, scope=scope, material=material)
        self.supervisor.ensure_worker()
        return job

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
        job = queue_synthesis(
            self.jobs,
            self.runs,
            lines,
            corpus=corpus.name if joins else TYPED,
            sources=self.runs.without_runs(corpus.sources) if joins else (),
            voice=replace(self.voices[voice], name=free_name(voice, self.stimuli.of(corpus), lines)),
            options=options,
            scope=scope,
        )
        self.supervisor.ensure_worker()
        return job

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
        job = self.jobs.resume(job_id)
        self.supervisor.ensure_worker()
        return job

    def close(self) -> None:
        """Let go of corpora and threads; the worker goes on with its jobs."""
        self.supervisor.close()
        self.scores.close()
        self.suspicions.close()
        self.standings.close()
        self.own_standings.close()
        self.flags.close()
        self.edits.close()
        self.contributions.close()
        self.written.close()
        self.listened.close()
        self.sayings.close()
        self.findings.close()
        self.confusions.close()
        self.vocabularies.close()
        self.comparisons.close()
        self.decoders.close()
        self.library.close()
        self.jobs.close()
        self.imports.close()
        self.ledger.close()


def open_stores(
    config: Config,
    *,
    panels: Sequence[UtterancePanel] = (),
    sections: Sequence[OverviewSection] = (),
    actions: Sequence[Action] = (),
    controls: Sequence[HeaderControl] = (),
) -> EvaluatorStores:
    """The stores of a configuration, with no corpus open yet and the supervisor watching.

    Raises:
        JobError: the workspace's job table cannot be opened.
    """
    workspace = Workspace(config.workspace)
    cache = config.cache.folder
    jobs = JobStore(workspace.jobs)
    runs = RunStore(workspace.runs)
    times = config.jobs
    normalizers = registry(config.normalizers)
    normalizer(config.normalizer, normalizers)  # a wrong name is told now, not on every page
    supervisor = Supervisor(
        workspace,
        jobs,
        grace_s=times.grace_s,
        stale_s=times.stale_s,
        idle_exit_s=times.idle_exit_s,
        heartbeat_s=times.heartbeat_s,
    )
    supervisor.start()
    ledger = open_ledger(config)
    listening = ListeningTests(workspace.listening, ledger)
    return EvaluatorStores(
        config=config,
        library=Library(cache, memory_mb=config.cache.memory_mb),
        panels=tuple(panels),
        sections=tuple(sections),
        actions=tuple(actions),
        controls=tuple(controls),
        workspace=workspace.folder,
        jobs=jobs,
        runs=runs,
        overlays=RunOverlays(runs, cache / "runs"),
        measures=MeasureOverlays(runs, cache / "measures"),
        scores=ScoreStore(cache / "scores", normalizers=normalizers),
        normalizers=normalizers,
        suspicions=SuspicionStore(cache / "suspicion", fallback=normalizer(config.normalizer, normalizers)),
        standings=ComparisonStore(),
        own_standings=ComparisonStore(),
        stimuli=StimulusSets(),
        listening=listening,
        listened=ResultStore(listening),
        edits=EditStore(),
        contributions=ContributionStore(),
        written=WrittenStore(cache / "written"),
        findings=ComparisonStore(remembered=FINDINGS),
        confusions=ComparisonStore(remembered=CONFUSIONS, most_bytes=CONFUSION_BYTES),
        tables=TableStore(folder=cache / "words"),
        flags=FlagStore(cache / "flags", config.hallucination),
        supervisor=supervisor,
        ledger=ledger,
        recipes=RecipeFiles(workspace.recipes),
        reviews=ReviewOverlays(ledger, cache / "reviews"),
        assigned=AssignedOverlays(ledger, cache / "reviews"),
    )
