"""Speed: the audio that each system of a corpus was given, and the time it took, where that is known.

Runs made here write both into their run.yaml; a corpus of Open ASR Leaderboard rows has ``time``, the seconds that each
utterance took. RTFx is their ratio, pooled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.runs.run_store import RunStore
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query

TIME_COLUMN = "time"


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of audio, and seconds of work on it."""

    audio_seconds: float
    wall_seconds: float


def speeds(corpus: Corpus, runs: RunStore) -> Mapping[str, Speed]:
    """How fast the systems were: from finished runs over the corpus, else from the corpus's own rows."""
    found = _told_by_rows(corpus)
    audio: dict[str, float] = {}
    wall: dict[str, float] = {}
    for run in runs.of(corpus.sources, kind="transcribe"):
        if run.ended:
            audio[run.system] = audio.get(run.system, 0.0) + float(run.settings.get("audio_seconds") or 0)
            wall[run.system] = wall.get(run.system, 0.0) + float(run.settings.get("wall_seconds") or 0)
    return {**found, **{system: Speed(audio[system], wall[system]) for system in wall if wall[system] > 0}}


def _told_by_rows(corpus: Corpus) -> dict[str, Speed]:
    """What leaderboard rows tell: their ``time`` is of the one system whose hypotheses they hold."""
    if not any(source.name.startswith("MODEL_") for source in corpus.sources):
        return {}
    told = [column for column in corpus.columns if column.name == TIME_COLUMN and column.kind == "number"]
    own = [c.system for c in corpus.columns if c.name.startswith("hypothesis_") and c.origin == "manifest" and c.system]
    if not told or len(own) != 1:
        return {}
    sums = corpus.totals(Query(), [TIME_COLUMN, "duration"])
    return {own[0]: Speed(sums["duration"], sums[TIME_COLUMN])} if sums[TIME_COLUMN] > 0 else {}
