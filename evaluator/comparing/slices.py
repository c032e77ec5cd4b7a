"""Slices: error rates of systems on parts of a test set, each with its base, its interval, and its difference.

Conventions: all systems are counted on the utterances that every one of them was scored on (comparison.py says why).
Intervals are bootstrapped within a slice, over utterances, or over blocks (speakers) when a column is named. Those of a
slice do not depend on what else is looked at, and those of all rows are the leaderboard's. A difference is the system
minus the baseline on the slice: negative is better. A slice is ``small`` when it has fewer than LEAST_UTTERANCES
utterances or LEAST_WORDS reference words: one bad sentence then moves the rate by points, and even the interval, which
knows only these few sentences, is too narrow. It is shown in grey and should not be quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from evaluator.comparing.comparison import Means, resampled
from evaluator.comparing.resampling import Apart, Bootstrap, bootstrap
from evaluator.comparing.shared_rows import shared
from evaluator.comparing.significance import RESAMPLES as WHOLE_RESAMPLES
from evaluator.comparing.significance import SEED, Difference, Interval
from evaluator.comparing.slicing import narrowed, slicing
from evaluator.comparing.slots import Slot
from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.score_columns import normalizer_of, scored_systems, unknown_system
from evaluator.scoring.score_table import ScoreTable
from explorer.columns import Column
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.query import Query

LEAST_UTTERANCES = 10
LEAST_WORDS = 100
RESAMPLES = 2_000
"""Of each interval of a slice: enough for the two digits that a cell shows."""
TOGETHER = 2_000
"""Utterances up to which all systems are resampled with the same draws."""
WHOLE_STEPS = 10
"""What all rows count for in the progress, in slices."""
NUMBERS = ("hits", "substitutions", "deletions", "insertions")


@dataclass(frozen=True, slots=True)
class Cell:
    """A system on a slice; ``difference`` is None for the baseline and where there is nothing to resample."""

    counts: ErrorCounts
    interval: Interval | None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of the rows: ``query`` selects exactly its ``utterances``; ``words`` are those of its references."""

    label: str
    query: Query
    utterances: int
    words: int
    cells: dict[str, Cell]

    @property
    def small(self) -> str:
        """Why nothing should be concluded from it; "" when something can."""
        if self.utterances < LEAST_UTTERANCES:
            return f"fewer than {LEAST_UTTERANCES} utterances"
        return f"fewer than {LEAST_WORDS} words" if self.words < LEAST_WORDS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """All slices of a column, and the ``whole`` they are parts of; ``note`` says what to know about the column."""

    slot: Slot
    column: Column
    normalizer: Normalizer
    systems: tuple[str, ...]
    baseline: str
    whole: Slice
    slices: tuple[Slice, ...]
    note: str
    blocks: str | None
    seed: int
    resamples: int
    whole_resamples: int


def sliced(
    corpus: Corpus,
    query: Query,
    slot: Slot,
    *,
    systems: Sequence[str] = (),
    baseline: str = "",
    blocks: str | None = None,
    resamples: int = RESAMPLES,
    whole_resamples: int = WHOLE_RESAMPLES,
    means: Means | None = None,
    whole: Slice | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Slices:
    """The error rates of systems (none named: all that are scored) on the slices of a slot.

    ``whole`` is that of another slot under the same options, which spares counting it again; ``progress(done, total)``
    counts slices, all rows as WHOLE_STEPS of them.

    Raises:
        QueryError: a system or column does not exist, or the slot does not fit its column.
    """
    column, chosen, known = corpus.column(slot.column), normalizer_of(corpus), scored_systems(corpus)
    names = tuple(dict.fromkeys(systems)) or known
    for name in (*names, *([baseline] if baseline else [])):
        if name not in known:
            raise unknown_system(name, known)
    if chosen is None or not names:
        raise QueryError(f'"{corpus.name}" has no scored system to slice')
    first = baseline or names[0]
    names = names if first in names else (first, *names)
    rows = replace(shared(corpus, query, names), sort=())
    wanted = list(
        dict.fromkeys([column.name, *(f"{n}_{s}" for s in names for n in NUMBERS), *([blocks] if blocks else [])])
    )
    batches = list(corpus.batches([corpus.column(name).name for name in wanted], rows))
    table = pa.Table.from_batches(batches) if batches else _nothing(wanted, column)
    numbers = {s: np.stack([table[f"{n}_{s}"].to_numpy().astype(np.int64) for n in NUMBERS]) for s in names}
    of_block = _codes(table[blocks]) if blocks else None
    words = numbers[first][:3].sum(axis=0)
    found = slicing(column, table[column.name], words, slot)

    order = np.argsort(found.places, kind="stable")
    ends = np.cumsum(np.bincount(found.places, minlength=len(found.labels)))
    steps = WHOLE_STEPS + len(ends)
    if whole is None:

        def tell(done: int, total: int) -> None:
            progress(WHOLE_STEPS * done // total, steps)

        drawn = _drawn(means or Means(), corpus, query, names, blocks, whole_resamples, tell)
        cells = _cells(numbers, first, drawn)
        whole = Slice(label="all", query=rows, utterances=table.num_rows, words=int(words.sum()), cells=cells)
    slices = []
    for number, places in enumerate(np.split(order, ends[:-1]) if len(ends) else []):
        progress(WHOLE_STEPS + number, steps)
        here = {system: counts[:, places] for system, counts in numbers.items()}
        part = _within(here, None if of_block is None else of_block[places], resamples)
        slices.append(
            Slice(
                label=found.labels[number],
                query=narrowed(rows, found.queries[number]),
                utterances=places.size,
                words=int(words[places].sum()),
                cells=_cells(here, first, part),
            )
        )
    return Slices(
        slot=slot,
        column=column,
        normalizer=chosen,
        systems=names,
        baseline=first,
        whole=whole,
        slices=tuple(slices),
        note=found.note if table.num_rows else "No utterance was scored for all of these systems.",
        blocks=blocks,
        seed=SEED,
        resamples=resamples,
        whole_resamples=whole_resamples,
    )


def _drawn(
    used: Means,
    corpus: Corpus,
    query: Query,
    names: Sequence[str],
    blocks: str | None,
    resamples: int,
    tell: Callable[[int, int], None],
) -> Bootstrap:
    """The leaderboard's bootstrap of these systems."""
    table = used.tables.table(corpus, query, blocks)
    together = table.of(table.together(names))
    known = scored_systems(corpus)
    return resampled(together, known, resamples=resamples, seed=SEED, folder=used.folder, tell=tell)


def _within(numbers: dict[str, np.ndarray], blocks: np.ndarray | None, resamples: int) -> Bootstrap:
    """The bootstrap of a slice; ``numbers`` of a system are int64 (4, utterances)."""
    count = next(iter(numbers.values())).shape[1]
    every = dict.fromkeys(numbers, np.ones(count, bool))
    of_system = {system: dict(zip(NUMBERS, counts, strict=True)) for system, counts in numbers.items()}
    table = ScoreTable(np.arange(count), every, of_system, blocks)
    if count <= TOGETHER:
        # One draw for all systems and differences: of many small slices, drawing is what takes the time.
        return bootstrap(table, list(numbers), resamples=resamples, seed=SEED)
    return Apart(table, resamples, SEED)


def _cells(numbers: dict[str, np.ndarray], baseline: str, drawn: Bootstrap) -> dict[str, Cell]:
    """The cells of a slice; ``numbers`` of a system are int64 (4, utterances)."""
    return {
        system: Cell(
            ErrorCounts(*(int(total) for total in counts.sum(axis=1))),
            drawn.interval(system),
            None if system == baseline else drawn.difference(baseline, system),
        )
        for system, counts in numbers.items()
    }


def _codes(values: pa.ChunkedArray) -> np.ndarray:
    """A number for each value; rows without one are blocks of their own."""
    codes = values.combine_chunks().dictionary_encode().indices.cast(pa.int64())
    known = codes.is_valid().to_numpy(zero_copy_only=False)
    numbers = np.arange(len(known)) + len(known)
    numbers[known] = codes.drop_null().to_numpy()
    return numbers


def _nothing(names: Sequence[str], column: Column) -> pa.Table:
    kind = {"number": pa.float64(), "flag": pa.bool_()}.get(column.kind, pa.string())
    return pa.table({name: pa.array([], kind if name == column.name else pa.int64()) for name in names})
