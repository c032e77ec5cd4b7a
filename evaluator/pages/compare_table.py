"""The leaderboard as a table: one row a system, every number with its base and its explanation."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from evaluator.comparison import Standing
from evaluator.comparison_report import p_value, points, span
from evaluator.metrics import METRICS
from explorer.components.cards import attributes, help_mark
from explorer.formatting import EMPTY, count, percent

HELP = {
    "System": "What recognized: a field pred_text_NAME of the manifest, a joined file, or a run.",
    "WER": METRICS["wer"].help,
    "95 %": "Where the WER lies with 95 % probability, had other utterances of the same kind been drawn (bootstrap). "
    "The bar shows it on one scale for all systems, the mark is the WER itself.",
    "CER": METRICS["cer"].help,
    "S": METRICS["substitution_rate"].help,
    "D": METRICS["deletion_rate"].help,
    "I": METRICS["insertion_rate"].help,
    "Difference": "WER minus the baseline's WER on the same utterances, in percentage points, with its 95 % interval "
    "(paired bootstrap). Negative is better.",
    "p": "Matched pairs sentence segment word error test (MAPSSWE), two-sided, with Holm's correction for testing "
    "several systems: how often luck alone would make a difference this large between equally good systems.",
    "Win / tie / loss": "Utterances with fewer, as many, and more errors than the baseline's.",
}


def standings_table(rows: Sequence[Standing], columns: Sequence[str], baseline: str) -> Component:
    """The standings in the ``columns`` (keys of HELP), the intervals on one scale."""
    ends = [end for row in rows if row.interval for end in (row.interval.low, row.interval.high)]
    scale = (min(ends), max(ends)) if ends else (0.0, 1.0)
    head = [
        html.Th([name, help_mark(HELP[name])], scope="col", className="" if name == "System" else "num")
        for name in columns
    ]
    body = [html.Tr(_cells(row, columns, baseline, scale)) for row in rows]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="plain rates compare")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Standings"))


def _cells(row: Standing, columns: Sequence[str], baseline: str, scale: tuple[float, float]) -> list[Component]:
    words = row.counts.words
    found = row.difference
    rates = {label: METRICS[name].value(row.counts) for label, name in _RATE_COLUMNS.items()}
    base = f"of {count(words.length)} words, {count(row.utterances)} utterances"
    cells: dict[str, Component] = {
        "System": html.Td(
            [row.system, html.Span("baseline", className="badge-soft") if row.system == baseline else None],
            className="system",
            title=row.system,
        ),
        "95 %": html.Td([_whisker(row, scale), html.Span(span(row.interval))], className="num whiskered"),
        "Difference": html.Td(
            EMPTY if found is None else [html.B(points(found.delta)), f" ({span(found.interval, signed=True)})"],
            className="num",
        ),
        "p": html.Td(p_value(row.p_holm).removeprefix("= "), className="num", title=_tests(row)),
        "Win / tie / loss": html.Td(_outcomes(row), className="num"),
        **{
            label: html.Td(EMPTY if rate is None else percent(rate), className="num", title=base)
            for label, rate in rates.items()
        },
    }
    return [cells[name] for name in columns]


def _outcomes(row: Standing) -> str:
    if row.wins is None or row.ties is None or row.losses is None:
        return EMPTY
    return " / ".join(map(count, (row.wins, row.ties, row.losses)))


_RATE_COLUMNS = {"WER": "wer", "CER": "cer", "S": "substitution_rate", "D": "deletion_rate", "I": "insertion_rate"}


def _tests(row: Standing) -> str:
    """The other tests of the same question, on hover."""
    if row.difference is None:
        return ""
    pairs = row.pairs
    parts = [f"p of the paired bootstrap {p_value(row.difference.p_bootstrap)}"]
    parts += (
        [f"MAPSSWE uncorrected {p_value(pairs.p)}, Z = {pairs.z:.3f}, {count(pairs.segments)} segments"]
        if pairs
        else []
    )
    parts += [f"Wilcoxon signed rank {p_value(row.p_wilcoxon)}"] if row.p_wilcoxon is not None else []
    return "; ".join(parts)


def _whisker(row: Standing, scale: tuple[float, float]) -> Component | None:
    """The interval as a bar on the scale of all systems, the rate as a mark on it."""
    if row.interval is None or row.wer is None or scale[1] <= scale[0]:
        return None
    left, right, mark = (_place(end, scale) for end in (row.interval.low, row.interval.high, row.wer))
    return html.Span(
        [
            html.I(className="whisker-bar", style={"left": f"{left:.2f}%", "width": f"{max(0.6, right - left):.2f}%"}),
            html.I(className="whisker-mark", style={"left": f"{mark:.2f}%"}),
        ],
        className="whisker",
        **attributes(aria_hidden="true"),
    )


def _place(value: float, scale: tuple[float, float]) -> float:
    return 100 * min(1.0, max(0.0, (value - scale[0]) / (scale[1] - scale[0])))
