"""The columns of the leaderboard: what each says about a standing, how it is printed, and by what it is sorted.

The page, the printed tables and the order of both read the one table COLUMNS; CSV and JSON have the bare numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluator.comparing.comparison import Comparison, Standing
from evaluator.comparing.significance import Interval
from evaluator.scoring.metrics import METRICS, Metric
from explorer.errors import QueryError
from explorer.formatting import EMPTY, count, decimal, percent
from explorer.querying.conditions import nearest

SOMETIMES = ("punctuation_error_rate", "capitalization_error_rate", "rtfx")
"""Metrics that are shown only where somebody has them."""
MORE = ("wmr", "mwa", "punctuation_error_rate", "capitalization_error_rate", "words", "improvement")
"""Columns that a page shows when it is asked for more: with all of them the table is wider than a laptop's screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A column: ``text`` of a standing, the ``order`` it is sorted by (None goes last), and its explanation.

    ``needs`` says whether anything in it could be told about any standing; ``against`` whether it is about the
    difference from the baseline, which standings on their own utterances do not have.
    """

    name: str
    title: str
    help: str
    text: Callable[[Standing], str]
    order: Callable[[Standing], float | str | None]
    needs: Callable[[Standing], bool] = lambda row: True
    against: bool = False


def points(fraction: float) -> str:
    """A difference of rates in percentage points, with its sign: "-1.25"; what is printed as zero has none."""
    printed = f"{100 * fraction:+.2f}"
    return "0.00" if printed in ("+0.00", "-0.00") else printed


def span(interval: Interval | None, *, signed: bool = False) -> str:
    """An interval as "4.10 to 5.25", in percent or percentage points."""
    if interval is None:
        return EMPTY
    if signed:
        return f"{points(interval.low)} to {points(interval.high)}"
    return f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"


def p_value(p: float | None) -> str:
    """``0.03`` as "= 0.030", tiny ones as "< 0.001"; a dash where there is none."""
    return EMPTY if p is None else "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _or_dash(fraction: float | None) -> str:
    return EMPTY if fraction is None else percent(fraction)


def _has(metric: Metric, row: Standing) -> bool:
    """Whether a metric has a value, or at least a reason to have none."""
    return metric.base(row.counts) is not None or (metric.name == "rtfx" and bool(row.counts.time_told))


def _metric(name: str) -> Shown:
    metric = METRICS[name]

    def text(row: Standing) -> str:
        value = metric.value(row.counts)
        return EMPTY if value is None else percent(value) if metric.style == "percent" else decimal(value)

    return Shown(
        name=name,
        title=metric.label,
        help=f"{metric.title.capitalize()}. {metric.help}",
        text=text,
        order=lambda row: metric.value(row.counts),
        needs=(lambda row: _has(metric, row)) if name in SOMETIMES else (lambda row: True),
    )


def _number(name: str, title: str, help: str, number: Callable[[Standing], int | None], *, against: bool) -> Shown:
    def text(row: Standing) -> str:
        found = number(row)
        return EMPTY if found is None else count(found)

    return Shown(name=name, title=title, help=help, text=text, order=number, against=against)


COLUMNS: Mapping[str, Shown] = {
    column.name: column
    for column in (
        Shown(
            name="system",
            title="System",
            help="What recognized: a field pred_text_NAME of the manifest, a joined file, or a run.",
            text=lambda row: row.system,
            order=lambda row: row.system.casefold(),
        ),
        _metric("wer"),
        Shown(
            name="interval",
            title="95 %",
            help="Where the WER lies with 95 % probability, had other utterances of the same kind been drawn "
            "(bootstrap). The bar shows it on one scale for all systems, the mark is the WER itself; an arrow stands "
            "for a system that lies far beyond the others.",
            text=lambda row: span(row.interval),
            order=lambda row: None if row.interval is None else row.interval.high - row.interval.low,
        ),
        *map(_metric, ("cer", "substitution_rate", "deletion_rate", "insertion_rate", "wmr", "mwa", *SOMETIMES)),
        _number(
            "words",
            "Words",
            "Words of the references that were scored, after normalization: what the rates are divided by.",
            lambda row: row.counts.words.length,
            against=False,
        ),
        Shown(
            name="delta",
            title="Delta",
            help="WER minus the baseline's WER on the same utterances, in percentage points. Negative is better.",
            text=lambda row: EMPTY if row.difference is None else points(row.difference.delta),
            order=lambda row: None if row.difference is None else row.difference.delta,
            against=True,
        ),
        Shown(
            name="delta_interval",
            title="Delta 95 %",
            help="Where the difference lies with 95 % probability (paired bootstrap), in percentage points.",
            text=lambda row: EMPTY if row.difference is None else span(row.difference.interval, signed=True),
            order=lambda row: None if row.difference is None else row.difference.interval.high,
            against=True,
        ),
        Shown(
            name="p",
            title="p",
            help="Matched pairs sentence segment word error test (MAPSSWE), two-sided, with Holm's correction for "
            "testing several systems: how often luck alone would make a difference this large between equally good "
            "systems. On a number stand the other tests: Wilcoxon's signed rank test, and the paired bootstrap.",
            text=lambda row: p_value(row.p_holm).removeprefix("= "),
            order=lambda row: row.p_holm,
            against=True,
        ),
        Shown(
            name="improvement",
            title="Better",
            help="Probability of improvement (Bisani and Ney): the share of bootstrap resamples of the utterances in "
            "which the system makes fewer errors than the baseline.",
            text=lambda row: EMPTY if row.difference is None else f"{100 * row.difference.improvement:.1f}\u00a0%",
            order=lambda row: None if row.difference is None else row.difference.improvement,
            against=True,
        ),
        _number(
            "wins", "Wins", "Utterances with fewer errors than the baseline's.", lambda row: row.wins, against=True
        ),
        _number(
            "ties", "Ties", "Utterances with as many errors as the baseline's.", lambda row: row.ties, against=True
        ),
        _number(
            "losses", "Losses", "Utterances with more errors than the baseline's.", lambda row: row.losses, against=True
        ),
    )
}


def shown_columns(standings: Sequence[Standing], *, against: bool = True) -> list[Shown]:
    """The columns that have something to say about these standings; those ``against`` a baseline only if so asked."""
    return [
        column
        for column in COLUMNS.values()
        if (against or not column.against) and (not standings or any(map(column.needs, standings)))
    ]


def few(columns: Sequence[Shown], *, kept: str = "") -> list[Shown]:
    """Those that are shown first; ``kept`` names one that is shown even though it is one of MORE."""
    return [column for column in columns if column.name not in MORE or column.name == kept]


def ordered(standings: Sequence[Standing], order: str) -> tuple[Standing, ...]:
    """The standings by a column's name, downwards with a "-" before it; "" leaves them as they are (best first).

    Raises:
        QueryError: there is no such column.
    """
    if not order:
        return tuple(standings)
    name = order.removeprefix("-")
    if name not in COLUMNS:
        raise QueryError(f'the standings cannot be ordered by "{name}"{nearest(name, COLUMNS)}')
    key = COLUMNS[name].order
    known = [row for row in standings if key(row) is not None]
    unknown = [row for row in standings if key(row) is None]
    return (*sorted(known, key=key, reverse=order.startswith("-")), *unknown)  # type: ignore[arg-type]


def in_order(compared: Comparison, order: str) -> Comparison:
    """The comparison with its standings ordered."""
    return replace(compared, standings=ordered(compared.standings, order))
