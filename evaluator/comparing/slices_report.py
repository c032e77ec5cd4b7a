"""Slices as people and programs read them: JSON, CSV and text tables. JSON and CSV have fractions and null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluator.comparing.comparison_columns import points, span
from evaluator.comparing.significance import Interval
from evaluator.comparing.slices import LEAST_UTTERANCES, LEAST_WORDS, Cell, Slice, Slices
from evaluator.comparing.text_table import aligned
from explorer import spreadsheet
from explorer.formatting import EMPTY, count, counted, percent

COLUMNS = (
    "by", "slice", "utterances", "words", "too_small", "system", "wer", "wer_low", "wer_high", "substitutions",
    "deletions", "insertions", "delta", "delta_low", "delta_high", "p_bootstrap",
)  # fmt: skip


def report(found: Sequence[Slices]) -> dict[str, Any]:
    """What ``slices --json`` prints, for slots over the same rows and systems."""
    first = found[0]
    return {
        "normalizer": {"name": first.normalizer.name, "version": first.normalizer.version},
        "utterances": first.whole.utterances,
        "words": first.whole.words,
        "baseline": first.baseline,
        "bootstrap": {
            "resamples": first.resamples,
            "whole_resamples": first.whole_resamples,
            "seed": first.seed,
            "blocks": first.blocks,
        },
        "whole": _systems(first.whole),
        "slices": [
            {
                "by": str(one.slot),
                "column": one.column.name,
                "note": one.note or None,
                "parts": [_part(part) for part in one.slices],
            }
            for one in found
        ],
    }


def _part(part: Slice) -> dict[str, Any]:
    return {
        "slice": part.label,
        "utterances": part.utterances,
        "words": part.words,
        "too_small": part.small or None,
        "systems": _systems(part),
    }


def _systems(part: Slice) -> dict[str, Any]:
    return {system: _cell(cell) for system, cell in part.cells.items()}


def _cell(cell: Cell) -> dict[str, Any]:
    counts, against = cell.counts, cell.difference
    return {
        "wer": counts.rate,
        "wer_ci": _ends(cell.interval),
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
        "delta": None if against is None else against.delta,
        "delta_ci": None if against is None else _ends(against.interval),
        "p_bootstrap": None if against is None else against.p_bootstrap,
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def as_csv(found: Sequence[Slices]) -> str:
    """A line for every slice and system; the whole is the slice "all"."""
    records = []
    for one in found:
        for part in (*one.slices, one.whole):
            for system, cell in part.cells.items():
                told = _cell(cell)
                counts = [told[name] for name in ("substitutions", "deletions", "insertions")]
                rates = [told["wer"], *(told["wer_ci"] or (None, None)), *counts]
                delta = [told["delta"], *(told["delta_ci"] or (None, None)), told["p_bootstrap"]]
                base = [str(one.slot), part.label, part.utterances, part.words, part.small or None]
                records.append([*base, system, *rates, *delta])
    return b"".join(spreadsheet.lines(COLUMNS, records)).decode()


def as_text(found: Sequence[Slices]) -> str:
    """A table for each slot, for a terminal; ``*`` marks slices that are too small."""
    return "\n\n".join([*map(_table, found), caption(found[0])])


def _table(one: Slices) -> str:
    rows = [[str(one.slot), "utterances", "words", *one.systems]]
    for part in (*one.slices, one.whole):
        cells = [_told(part.cells[system]) for system in one.systems]
        rows.append([f"{part.label}{' *' if part.small else ''}", count(part.utterances), count(part.words), *cells])
    return "\n".join([*aligned(rows), *([one.note] if one.note else [])])


def _told(cell: Cell) -> str:
    rate = EMPTY if cell.counts.rate is None else percent(cell.counts.rate)
    return f"{rate} ({span(cell.interval)})" if cell.interval else rate


def caption(one: Slices) -> str:
    """What stands under every table: bases, normalizer, how intervals were made, and what is too small."""
    unit = f'whole values of "{one.blocks}"' if one.blocks else "utterances"
    return (
        f"{counted(one.whole.utterances, 'utterance')} that all systems were scored on; normalizer "
        f"{one.normalizer.printed}; 95 % intervals by {count(one.resamples)} bootstrap resamples of "
        f"{unit} (all: {count(one.whole_resamples)}, as on the leaderboard), seed {one.seed}. "
        f"Slices of fewer than {LEAST_UTTERANCES} utterances or {LEAST_WORDS} words say "
        "little and are marked."
    )


def delta_told(cell: Cell) -> str:
    """The difference from the baseline in points, with its interval."""
    return EMPTY if cell.difference is None else points(cell.difference.delta)
