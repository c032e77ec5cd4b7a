"""Each system on its own utterances as documents: those of the leaderboard, without differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from evaluator.comparing.comparison import RESAMPLES, SEED, Standing
from evaluator.comparing.comparison_columns import few, shown_columns
from evaluator.comparing.comparison_report import csv_of, latex_of, markdown_of, row_report
from evaluator.normalizers.registry import Normalizer
from explorer.formatting import count, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRates:
    """The standings of systems that may have been scored on different utterances, as ``own_standings`` makes them."""

    normalizer: Normalizer
    standings: tuple[Standing, ...]
    blocks: str | None = None


def caption(own: OwnRates) -> str:
    """The base of every system, the normalizer, and how the intervals were made."""
    bases = ", ".join(f"{row.system}: {counted(row.utterances, 'utterance')}" for row in own.standings)
    unit = f'whole values of "{own.blocks}"' if own.blocks else "utterances"
    return (
        f"Normalizer {own.normalizer.name} version {own.normalizer.version}. Each system on all it was scored on "
        f"({bases}): these rates are not compared with each other. Intervals: {count(RESAMPLES)} bootstrap resamples "
        f"of {unit}, seed {SEED}."
    )


def as_json(own: OwnRates) -> str:
    """Rates and counts of every system as indented JSON: fractions and null."""
    report = {
        "normalizer": {"name": own.normalizer.name, "version": own.normalizer.version},
        "rows": "own",
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "blocks": own.blocks},
        "systems": {row.system: _about(row) for row in own.standings},
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()


def as_csv(own: OwnRates) -> str:
    """One line a system; fractions, empty where undefined: so are all differences."""
    used = f"{own.normalizer.name}-{own.normalizer.version}"
    return csv_of(own.standings, {"baseline": "", "normalizer": used})


def as_markdown(own: OwnRates) -> str:
    """A table with its caption."""
    return f"{markdown_of(shown_columns(own.standings, against=False), own.standings)}\n\n{caption(own)}\n"


def as_latex(own: OwnRates) -> str:
    """A table for a paper."""
    return latex_of(few(shown_columns(own.standings, against=False)), own.standings, caption(own))


_ABOUT_DIFFERENCES: Sequence[str] = ("delta", "improvement", "p_", "segments", "wins", "ties", "losses")


def _about(row: Standing) -> dict[str, object]:
    told = row_report(row)
    return {name: value for name, value in told.items() if not name.startswith(tuple(_ABOUT_DIFFERENCES))}
