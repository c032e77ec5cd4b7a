"""Opening the stores of a configuration: where each of them keeps its files, and how much each remembers."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.comparing.contribution_store import ContributionStore
from evaluator.comparing.table_store import TableStore
from evaluator.comparison_store import ComparisonStore
from evaluator.jobs.job_table import JobStore
from evaluator.jobs.supervisor import Supervisor
from evaluator.ledger import open_ledger
from evaluator.listening.result_store import ResultStore
from evaluator.listening.store import ListeningTests
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.normalizers.registry import normalizer, registry
from evaluator.review.assigned import AssignedOverlays
from evaluator.review.overlays import ReviewOverlays
from evaluator.review.recipe_files import RecipeFiles
from evaluator.runs.run_overlays import RunOverlays
from evaluator.runs.run_store import RunStore
from evaluator.scoring.edit_store import EditStore
from evaluator.scoring.flag_store import FlagStore
from evaluator.scoring.scores import ScoreStore
from evaluator.scoring.written_store import WrittenStore
from evaluator.stores import EvaluatorStores
from evaluator.suspicion.store import SuspicionStore
from evaluator.tts.stimuli import StimulusSets
from evaluator.workspace import Workspace
from explorer.config import Config
from explorer.corpora.library import Library
from explorer.stores import Action, HeaderControl, OverviewSection, UtterancePanel

FINDINGS = 16
"""Slices, scatters and lists of words that stay in memory."""

CONFUSIONS = 6
"""Lists of errors that do; the largest, of a million lines, less (CONFUSION_BYTES)."""
CONFUSION_BYTES = 300_000_000


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
