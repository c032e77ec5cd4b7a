"""Speed: the audio that each system of a corpus was given, and the time it took, where that is known.

Runs made here write both into their run.yaml. Joined files of predictions may have a field ``time`` (or another of
explorer/predictions/prediction_files.py, TIMES), and so have the rows of a corpus from the Open ASR Leaderboard: the
seconds that each utterance took. RTFx is the ratio of the sums. It is defined when the time and the duration of every
utterance that the system was scored on are known: a sum over those that are would flatter whoever hid the slow ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evaluator.runs.run_store import RunStore
from evaluator.scoring.counting import EMPTY_REFERENCE, SCORED
from evaluator.scoring.metrics import SystemCounts
from evaluator.scoring.score_columns import scored_systems
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, counted
from explorer.predictions.joining import time_column
from explorer.querying.query import Filter, Query, Test

TIME_COLUMN = "time"


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of audio, and seconds of work on it, None where they are not known; ``told`` says where they come from,
    or why there are none."""

    audio_seconds: float | None
    wall_seconds: float | None
    told: str

    def timed(self, counts: SystemCounts) -> SystemCounts:
        """The counts of a system with its speed."""
        times = {"audio_seconds": self.audio_seconds, "wall_seconds": self.wall_seconds, "time_told": self.told}
        return replace(counts, **times)  # type: ignore[arg-type]


def told_by_runs(corpus: Corpus, runs: RunStore) -> dict[str, Speed]:
    """How fast the systems were in finished runs over the corpus; others are not there."""
    audio: dict[str, float] = {}
    wall: dict[str, float] = {}
    number: dict[str, int] = {}
    for run in runs.of(corpus.sources, kind="transcribe"):
        if run.ended:
            audio[run.system] = audio.get(run.system, 0.0) + float(run.settings.get("audio_seconds") or 0)
            wall[run.system] = wall.get(run.system, 0.0) + float(run.settings.get("wall_seconds") or 0)
            number[run.system] = number.get(run.system, 0) + 1
    return {
        system: Speed(audio[system], wall[system], f"From {counted(number[system], 'finished run')} made here.")
        for system in wall
        if wall[system] > 0
    }


def told_by_rows(corpus: Corpus) -> dict[str, Speed]:
    """What the times of utterances tell, of every scored system that has any."""
    known = {column.name for column in corpus.columns if column.kind == "number"}
    columns = {system: time_column(system) for system in scored_systems(corpus) if time_column(system) in known}
    if TIME_COLUMN in known and (own := _of_leaderboard(corpus)) is not None and own in scored_systems(corpus):
        columns.setdefault(own, TIME_COLUMN)
    return {system: _pooled(corpus, system, column) for system, column in columns.items()}


def _of_leaderboard(corpus: Corpus) -> str | None:
    """The one system whose hypotheses, and times, leaderboard rows hold."""
    if not any(source.name.startswith("MODEL_") for source in corpus.sources):
        return None
    own = [c.system for c in corpus.columns if c.name.startswith("hypothesis_") and c.origin == "manifest"]
    return own[0] if len(own) == 1 else None


def _pooled(corpus: Corpus, system: str, column: str) -> Speed:
    """The sums over the utterances that a system was scored on; None where one of them is not known."""
    scored = Filter(f"scoring_{system}", (Test("eq", SCORED), Test("eq", EMPTY_REFERENCE)))
    rows = corpus.rows(Query((scored,)))
    took, lasts = corpus.numbers(column)[rows], corpus.numbers("duration")[rows]
    for name, values in (("time", took), ("duration", lasts)):
        if unknown := int(np.isnan(values).sum()):
            told = f"Undefined: of {count(len(rows))} utterances that {system} was scored on, the {name} of "
            return Speed(None, None, f"{told}{count(unknown)} is not known.")
    audio, wall = float(lasts.sum()), float(took.sum())
    if wall <= 0:
        return Speed(None, None, "Undefined: the times of the utterances are all zero.")
    return Speed(audio, wall, f"From the times of {count(len(rows))} utterances that {system} was scored on.")
