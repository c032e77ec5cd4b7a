"""What the evaluator's pages are given besides the explorer's stores: runs, jobs and scores of one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from evaluator.comparing.comparison import Means
from evaluator.comparing.contribution_store import ContributionStore
from evaluator.comparing.speed import told_by_runs
from evaluator.comparing.table_store import TableStore
from evaluator.comparison_store import ComparisonStore
from evaluator.job_desk import JobDesk
from evaluator.jobs.job_table import JobStore
from evaluator.jobs.supervisor import Supervisor
from evaluator.ledger import Ledger, review_space
from evaluator.listening.result_store import ResultStore
from evaluator.listening.store import ListeningTests
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.normalizers.registry import ABSENT, NORMALIZERS, Normalizer, normalizer
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
from evaluator.suspicion.store import SuspicionStore
from evaluator.tts.sayings import Sayings
from evaluator.tts.stimuli import StimulusSets
from evaluator.tts.synthesized import Synthesized
from explorer.corpora.corpus import Corpus, Utterance
from explorer.lanes.lane import Lane
from explorer.stores import Stores
from explorer.vocabulary.vocabulary_store import Counting
from explorer.vocabulary.word_listing import WordAccuracy
from explorer.vocabulary.words import Folding


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

    @cached_property
    def desk(self) -> JobDesk:
        """Where jobs are ordered."""
        return JobDesk(
            config=self.config,
            jobs=self.jobs,
            runs=self.runs,
            supervisor=self.supervisor,
            library=self.library,
            stimuli=self.stimuli,
        )

    @property
    def normalizer(self) -> str:
        """What texts go through first unless the URL says otherwise."""
        return self.config.normalizer

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
