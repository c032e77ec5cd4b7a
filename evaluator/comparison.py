"""Comparison: several systems on the same utterances, each against one baseline, with how sure the differences are.

Conventions: all systems are counted on the utterances that every one of them was scored on ("common"), so that nobody
wins by having skipped the hard ones; ``own_standings`` counts each on what it was scored on, and compares nothing. A
difference is system minus baseline: negative is better. A win is an utterance with fewer errors than the baseline's.
Counts come from the score columns beside the corpus (scores.py), so they are those of every other page.

p-values are two-sided. ``p_mapsswe`` is the test to quote; Holm's correction is applied over all systems that are
tested against the one baseline. Intervals and tests: significance.py, matched_pairs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.error_rate import ErrorCounts
from evaluator.matched_pairs import MatchedPairs, matched_pairs
from evaluator.metrics import SystemCounts
from evaluator.normalize import Normalizer
from evaluator.score_columns import normalizer_of, scored_systems
from evaluator.scoring import EMPTY_REFERENCE, NORMALIZED, SCORED
from evaluator.significance import RESAMPLES, SEED, Difference, Interval, difference, holm, p_wilcoxon, rate_interval
from explorer.corpus import Corpus
from explorer.errors import QueryError
from explorer.query import Query, nearest

NUMBERS = ("hits", "substitutions", "deletions", "insertions", "character_errors", "reference_characters")


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


@dataclass(frozen=True, slots=True)
class _Table:
    """The score columns of the compared systems for the rows of a query: int64 arrays of shape (rows,)."""

    rows: np.ndarray
    scored: dict[str, np.ndarray]
    numbers: dict[str, dict[str, np.ndarray]]
    blocks: np.ndarray | None

    def errors(self, system: str) -> np.ndarray:
        number = self.numbers[system]
        return np.asarray(number["substitutions"] + number["deletions"] + number["insertions"])

    def lengths(self, system: str) -> np.ndarray:
        number = self.numbers[system]
        return np.asarray(number["hits"] + number["substitutions"] + number["deletions"])

    def of(self, chosen: np.ndarray) -> _Table:
        """The rows where ``chosen`` holds."""
        return _Table(
            self.rows[chosen],
            {system: scored[chosen] for system, scored in self.scored.items()},
            {system: {k: v[chosen] for k, v in numbers.items()} for system, numbers in self.numbers.items()},
            None if self.blocks is None else self.blocks[chosen],
        )


def compare(
    corpus: Corpus,
    query: Query,
    *,
    systems: Sequence[str] = (),
    baseline: str = "",
    blocks: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare systems (none named: all that are scored) with the baseline (none named: the first of them).

    ``blocks`` names a column, speaker for example, whose values are resampled whole; rows without a value are a block
    each. ``progress(done, total)`` counts systems.

    Raises:
        QueryError: a system has no scores here, or there is no such column.
    """
    chosen, known = normalizer_of(corpus), scored_systems(corpus)
    names = tuple(dict.fromkeys(systems)) or known
    for name in (*names, *([baseline] if baseline else [])):
        if name not in known:
            raise QueryError(f'no system "{name}" is scored here{nearest(name, known)}')
    if chosen is None or not names:
        raise QueryError(f'"{corpus.name}" has no scored system to compare')
    first = baseline or names[0]
    names = names if first in names else (first, *names)
    whole = _table(corpus, query, names, blocks)
    together = np.logical_and.reduce([whole.scored[name] for name in names])
    table = whole.of(together)
    standings = []
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        standing = _alone(table, name, resamples=resamples, seed=seed)
        if name != first:
            standing = _against(standing, table, first, resamples=resamples, seed=seed)
            standing = replace(standing, pairs=matched_pairs(_texts(corpus, query, table, first, name, chosen)))
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
        block_count=len(table.rows) if table.blocks is None else len(np.unique(table.blocks)),
        seed=seed,
        resamples=resamples,
    )


def own_standings(
    corpus: Corpus, query: Query, systems: Sequence[str], *, blocks: str | None = None, resamples: int = RESAMPLES
) -> tuple[Standing, ...]:
    """Each system on all utterances it was scored on, maybe others than its neighbour's: rates, no differences."""
    table = _table(corpus, query, systems, blocks)
    return _ranked([_alone(table.of(table.scored[s]), s, resamples=resamples, seed=SEED) for s in systems])


def _ranked(standings: Sequence[Standing]) -> tuple[Standing, ...]:
    """Best first; those without a rate last."""
    return tuple(sorted(standings, key=lambda row: (row.wer is None, row.wer or 0.0)))


def _alone(table: _Table, system: str, *, resamples: int, seed: int) -> Standing:
    total = {name: int(values.sum()) for name, values in table.numbers[system].items()}
    return Standing(
        system=system,
        utterances=len(table.rows),
        counts=SystemCounts(
            words=ErrorCounts(total["hits"], total["substitutions"], total["deletions"], total["insertions"]),
            characters=total["reference_characters"],
            character_errors=total["character_errors"],
        ),
        interval=rate_interval(
            table.errors(system), table.lengths(system), blocks=table.blocks, resamples=resamples, seed=seed
        ),
    )


def _against(standing: Standing, table: _Table, baseline: str, *, resamples: int, seed: int) -> Standing:
    """The standing with its difference from the baseline on the same rows."""
    ours, theirs, lengths = table.errors(standing.system), table.errors(baseline), table.lengths(baseline)
    rated = lengths > 0
    return replace(
        standing,
        difference=difference(theirs, ours, lengths, blocks=table.blocks, resamples=resamples, seed=seed),
        p_wilcoxon=p_wilcoxon(theirs[rated] / lengths[rated], ours[rated] / lengths[rated]),
        wins=int((ours < theirs).sum()),
        ties=int((ours == theirs).sum()),
        losses=int((ours > theirs).sum()),
    )


def _table(corpus: Corpus, query: Query, systems: Sequence[str], blocks: str | None) -> _Table:
    wanted = [f"{name}_{system}" for system in systems for name in ("scoring", *NUMBERS)]
    wanted += [corpus.column(blocks).name] if blocks else []
    batches = list(corpus.batches(wanted, query))
    if not batches:
        none = np.zeros(0, np.int64)
        return _Table(none, dict.fromkeys(systems, none > 0), {s: dict.fromkeys(NUMBERS, none) for s in systems}, None)
    found = pa.Table.from_batches(batches)
    counted = pa.array([SCORED, EMPTY_REFERENCE])
    return _Table(
        found["row"].to_numpy(),
        {s: pc.is_in(found[f"scoring_{s}"].cast(pa.string()), counted).to_numpy() for s in systems},
        {
            s: {name: pc.fill_null(found[f"{name}_{s}"], 0).to_numpy().astype(np.int64) for name in NUMBERS}
            for s in systems
        },
        _blocks(found[blocks]) if blocks else None,
    )


def _blocks(values: pa.ChunkedArray) -> np.ndarray:
    """A number for each value; rows without one are blocks of their own."""
    codes = pc.fill_null(values.combine_chunks().dictionary_encode().indices.cast(pa.int64()), -1).to_numpy().copy()
    unknown = codes < 0
    codes[unknown] = codes.max(initial=-1) + 1 + np.arange(unknown.sum())
    return codes


def _texts(
    corpus: Corpus, query: Query, table: _Table, first: str, second: str, chosen: Normalizer
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The words of reference and both hypotheses, for the rows of the table where either system erred."""
    erred = set(table.rows[(table.errors(first) > 0) | (table.errors(second) > 0)].tolist())
    names = ["reference", f"hypothesis_{first}", f"hypothesis_{second}"]
    # What a slow normalizer made of the texts is there already, and needs to be split only.
    kept = {column.name for column in corpus.columns}
    made = [f"{NORMALIZED}{name}" for name in names]
    names, split = (made, str.split) if kept.issuperset(made) else (names, chosen.words)
    for batch in corpus.batches(names, query) if erred else ():
        columns = [batch.column(name).to_pylist() for name in ("row", *names)]
        for row, *texts in zip(*columns, strict=True):
            if row in erred:
                reference, heard_a, heard_b = (split(text) for text in texts)
                yield list(reference), list(heard_a), list(heard_b)
