"""Comparison: several systems on the same utterances, each against one baseline, with how sure the differences are.

Conventions: all systems are counted on the utterances that every one of them was scored on ("common"), so that nobody
wins by having skipped the hard ones; ``own_standings`` counts each on what it was scored on, and compares nothing. A
difference is system minus baseline: negative is better. A win is an utterance with fewer errors than the baseline's.
Counts come from the score columns beside the corpus (scores.py), so they are those of every other page.

p-values are two-sided. ``p_mapsswe`` is the test to quote; Holm's correction is applied over all systems that are
tested against the one baseline. Intervals and tests: significance.py, matched_pairs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from evaluator.comparing.matched_pairs import MatchedPairs, matched_pairs
from evaluator.comparing.resampling import Bootstrap, bootstrap, kept_interval
from evaluator.comparing.significance import RESAMPLES, SEED, Difference, Interval, holm, p_wilcoxon
from evaluator.comparing.speed import Speed
from evaluator.comparing.table_store import TableStore
from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.metrics import SystemCounts
from evaluator.scoring.score_columns import normalizer_of, scored_systems, unknown_system
from evaluator.scoring.score_table import ScoreTable
from evaluator.scoring.written import system_counts
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.query import Query

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What comparisons are made with: the tables in memory, the folder that resampled sums are kept in (None: nowhere),
    and how fast systems were."""

    tables: TableStore = field(default_factory=TableStore)
    folder: Path | None = None
    speeds: Mapping[str, Speed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One system's row: what was counted, its interval, and how it differs from the baseline (None for the baseline
    itself and wherever there is nothing to tell). ``p_holm`` is ``p_mapsswe`` corrected, of the matched pairs test."""

    system: str
    utterances: int
    counts: SystemCounts
    interval: Interval | None
    difference: Difference | None = None
    pairs: MatchedPairs | None = None
    p_holm: float | None = None
    p_wilcoxon: float | None = None
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None

    @property
    def p_mapsswe(self) -> float | None:
        """The matched pairs test's p-value."""
        return None if self.pairs is None else self.pairs.p

    @property
    def wer(self) -> float | None:
        """The pooled word error rate, a fraction."""
        return self.counts.words.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The standings, best first. ``selected`` utterances were asked for, all systems were scored on ``common`` of them;
    ``lacking`` counts for each system those it was not scored on. ``blocks`` is the column that was resampled by."""

    normalizer: Normalizer
    baseline: str
    selected: int
    common: int
    lacking: dict[str, int]
    standings: tuple[Standing, ...]
    blocks: str | None
    block_count: int
    seed: int
    resamples: int

    def standing(self, system: str) -> Standing:
        """The row of a system that is compared."""
        return next(row for row in self.standings if row.system == system)


def compare(
    corpus: Corpus,
    query: Query,
    *,
    systems: Sequence[str] = (),
    baseline: str = "",
    blocks: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    means: Means | None = None,
    progress: Tell = lambda done, total: None,
) -> Comparison:
    """Compare systems (none named: all that are scored) with the baseline (none named: the first of them).

    ``blocks`` names a column, speaker for example, whose values are resampled whole; rows without a value are a block
    each. ``progress(done, total)`` counts resamples.

    Raises:
        QueryError: a system has no scores here, or there is no such column.
    """
    used = means or Means()
    chosen, known = normalizer_of(corpus), scored_systems(corpus)
    names = tuple(dict.fromkeys(systems)) or known
    for name in (*names, *([baseline] if baseline else [])):
        if name not in known:
            raise unknown_system(name, known)
    if chosen is None or not names:
        raise QueryError(f'"{corpus.name}" has no scored system to compare')
    first = baseline or names[0]
    names = names if first in names else (first, *names)
    whole = used.tables.table(corpus, query, blocks)
    together = whole.together(names)
    table = whole.of(together)
    drawn = resampled(table, known, resamples=resamples, seed=seed, folder=used.folder, tell=progress)
    marks = {name: used.tables.marks(corpus, query, name) for name in names}
    words = used.tables.words(corpus, query)
    said = words.said(together)
    standings = []
    for name in names:
        standing = _alone(table, name, drawn.interval(name), used.speeds.get(name))
        vocabulary, accuracies = words.accuracies(said, together, marks[name])
        counts = replace(standing.counts, vocabulary=vocabulary, word_accuracies=accuracies)
        counts = _with_written(counts, used.tables.written(corpus, query, name), together)
        standing = replace(standing, counts=counts)
        if name != first:
            # Insertions into empty references are errors, but without a word no rate differs that could be tested.
            has_words = counts.words.length > 0
            pairs = matched_pairs(marks[first].of(together), marks[name].of(together)) if has_words else None
            standing = _against(replace(standing, pairs=pairs), table, first, drawn)
        standings.append(standing)
    corrected = holm({row.system: row.p_mapsswe for row in standings if row.p_mapsswe is not None})
    return Comparison(
        normalizer=chosen,
        baseline=first,
        selected=len(whole.rows),
        common=int(together.sum()),
        lacking={name: int((~whole.scored[name]).sum()) for name in names},
        standings=_ranked([replace(row, p_holm=corrected.get(row.system)) for row in standings]),
        blocks=blocks,
        block_count=len(table.rows) if table.blocks is None else len(set(table.blocks.tolist())),
        seed=seed,
        resamples=resamples,
    )


def resampled(
    table: ScoreTable,
    known: Sequence[str],
    *,
    resamples: int,
    seed: int,
    folder: Path | None,
    tell: Tell = lambda done, total: None,
) -> Bootstrap:
    """The bootstrap behind every interval of the same rows, whichever page shows it.

    Whoever of the ``known`` systems was scored on all of them is resampled, so that adding a system later draws nothing
    anew.
    """
    able = [name for name in known if table.scored[name].all()]
    return bootstrap(table, able, resamples=resamples, seed=seed, folder=folder, tell=tell)


def own_standings(
    corpus: Corpus,
    query: Query,
    systems: Sequence[str],
    *,
    blocks: str | None = None,
    resamples: int = RESAMPLES,
    means: Means | None = None,
    progress: Tell = lambda done, total: None,
) -> tuple[Standing, ...]:
    """Each system on all utterances it was scored on, maybe others than its neighbour's: rates, no differences.

    ``progress(done, total)`` counts resamples, or systems where they were scored on different utterances.

    Raises:
        QueryError: a system has no scores here, or there is no column ``blocks``.
    """
    used, known = means or Means(), scored_systems(corpus)
    whole = used.tables.table(corpus, query, blocks)
    words = used.tables.words(corpus, query)
    # On the same rows an interval is that of the leaderboard; where rows differ, each system is resampled on its own.
    kept = partial(resampled, whole, known, resamples=resamples, seed=SEED, folder=used.folder, tell=progress)
    shared = kept() if known and whole.together(known).all() else None
    standings = []
    for done, name in enumerate(systems):
        if name not in known:
            raise unknown_system(name, known)
        if shared is None:
            progress(done, len(systems))
        table = whole.of(whole.scored[name])
        errors, lengths = table.errors(name), table.lengths(name)
        apart = partial(kept_interval, blocks=table.blocks, resamples=resamples, seed=SEED, folder=used.folder)
        interval = apart(errors, lengths) if shared is None else shared.interval(name)
        standing = _alone(table, name, interval, used.speeds.get(name))
        scored, marks = whole.scored[name], used.tables.marks(corpus, query, name)
        vocabulary, accuracies = words.accuracies(words.said(scored), scored, marks)
        counts = replace(standing.counts, vocabulary=vocabulary, word_accuracies=accuracies)
        counts = _with_written(counts, used.tables.written(corpus, query, name), whole.scored[name])
        standings.append(replace(standing, counts=counts))
    return _ranked(standings)


def _with_written(counts: SystemCounts, numbers: np.ndarray | None, chosen: np.ndarray) -> SystemCounts:
    """The counts with those of punctuation and capitals on the chosen rows, where they were counted."""
    return counts if numbers is None else replace(counts, **system_counts(numbers[:, chosen].sum(axis=1).tolist()))


def _ranked(standings: Sequence[Standing]) -> tuple[Standing, ...]:
    """Best first; those without a rate last."""
    return tuple(sorted(standings, key=lambda row: (row.wer is None, row.wer or 0.0)))


def _alone(table: ScoreTable, system: str, interval: Interval | None, speed: Speed | None) -> Standing:
    total = {name: int(values.sum()) for name, values in table.numbers[system].items()}
    counts = SystemCounts(
        words=ErrorCounts(total["hits"], total["substitutions"], total["deletions"], total["insertions"]),
        characters=total["reference_characters"],
        character_errors=total["character_errors"],
    )
    counts = counts if speed is None else speed.timed(counts)
    return Standing(system=system, utterances=len(table.rows), counts=counts, interval=interval)


def _against(standing: Standing, table: ScoreTable, baseline: str, drawn: Bootstrap) -> Standing:
    """The standing with its difference from the baseline on the same rows."""
    ours, theirs, lengths = table.errors(standing.system), table.errors(baseline), table.lengths(baseline)
    rated = lengths > 0
    return replace(
        standing,
        difference=drawn.difference(baseline, standing.system),
        p_wilcoxon=p_wilcoxon(theirs[rated] / lengths[rated], ours[rated] / lengths[rated]),
        wins=int((ours < theirs).sum()),
        ties=int((ours == theirs).sum()),
        losses=int((ours > theirs).sum()),
    )
