"""The leaderboard as a table: one row a system, every number with its base and its explanation, sorted by the address.

Wins, ties and losses are links to exactly the utterances that were counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparing.comparison import Comparison, Standing
from evaluator.comparing.comparison_columns import Shown, few, ordered, p_value, shown_columns
from evaluator.scoring.metrics import METRICS
from explorer.components.cards import attributes, help_mark, icon
from explorer.components.whisker import whisker
from explorer.formatting import count
from explorer.querying.expression import field_text
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query

ORDER = "order"
"""The parameter of the address that names the column which the standings are sorted by."""

COLUMNS = "columns"
"""The parameter that is "all" where every column is shown."""

FAR = 5
"""How many times farther from the median than usual a rate has to be to be left off the common scale."""

OUTCOMES = {"wins": "<", "ties": "=", "losses": ">"}


def standings_table(
    path: str, standings: Sequence[Standing], query: Parameters, compared: Comparison | None
) -> Component:
    """The standings in the order of the address; without ``compared`` nothing is said about a baseline.

    ``query`` has the parameters that links to other orders keep.
    """
    columns = shown_columns(standings, against=compared is not None)
    order = query.get(ORDER, "")
    if query.get(COLUMNS) != "all":
        columns = few(columns, kept=order.removeprefix("-"))
    scale = common_scale(standings)
    head = [_heading(path, column, order, query) for column in columns]
    body = [
        html.Tr([_cell(row, column, scale, query, compared) for column in columns]) for row in ordered(standings, order)
    ]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="plain rates compare")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Standings"))


def common_scale(standings: Sequence[Standing]) -> tuple[float, float]:
    """The ends of the scale on which the intervals are drawn: those of all systems but the far ones.

    One system that is wrong throughout would leave the others no room to differ. It is far when its rate is FAR times
    as far from the median rate as the median system, and as an interval is wide.
    """
    drawn = [(row.wer, row.interval) for row in standings if row.interval is not None and row.wer is not None]
    if not drawn:
        return 0.0, 1.0
    middle = median(rate for rate, _ in drawn)
    usual = max(median(abs(rate - middle) for rate, _ in drawn), median(one.high - one.low for _, one in drawn))
    near = [one for rate, one in drawn if abs(rate - middle) <= FAR * usual]
    return min(one.low for one in near), max(one.high for one in near)


def _heading(path: str, column: Shown, order: str, query: Parameters) -> Component:
    """The title as a link that sorts by it, the other way round when it does already."""
    up, down = order == column.name, order == f"-{column.name}"
    wanted = f"-{column.name}" if up else None if down else column.name
    mark = icon("bi-caret-up-fill" if up else "bi-caret-down-fill") if up or down else None
    told = attributes(aria_sort="ascending" if up else "descending") if up or down else {}
    link = dcc.Link([column.title, mark], href=query.replaced(order=wanted).href(path), title=f"Sort by {column.title}")
    names = "" if column.name == "system" else "num"
    return html.Th([link, help_mark(column.help)], scope="col", className=names, **told)


def _cell(
    row: Standing, column: Shown, scale: tuple[float, float], query: Parameters, compared: Comparison | None
) -> Component:
    text = column.text(row)
    if column.name == "system":
        is_baseline = compared is not None and row.system == compared.baseline and len(compared.standings) > 1
        mark = html.Span("baseline", className="badge-soft") if is_baseline else None
        return html.Td([row.system, mark], className="system", title=row.system)
    if column.name == "interval":
        return html.Td([_whisker(row, scale), html.Span(text)], className="num whiskered")
    if column.name in OUTCOMES and compared is not None and row.system != compared.baseline:
        address = query.only(PLACE).plus(outcome_query(query, compared, row.system, column.name).pairs())
        link = dcc.Link(text, href=address.href("/utterances"), title=f"Show these utterances: {column.help}")
        return html.Td(link, className="num")
    if column.name == "p":
        return html.Td(text, className="num", title=_tests(row))
    if column.name == "delta" and row.difference is not None:
        return html.Td(html.B(text), className="num")
    return html.Td(text, className="num", title=_base(row, column.name))


def _base(row: Standing, name: str) -> str:
    """What a rate is divided by, on hover."""
    metric = METRICS.get(name)
    if name == "rtfx":
        return row.counts.time_told or "Nobody has told how long it took."
    base = None if metric is None else metric.base(row.counts)
    if metric is None or base is None:
        return ""
    return f"of {count(round(base))} {metric.base_unit}, {count(row.utterances)} utterances"


def outcome_query(query: Parameters, compared: Comparison, system: str, outcome: str) -> Query:
    """The utterances of the view that all systems were scored on and where ``system`` makes fewer ("wins"), as many
    ("ties") or more ("losses") errors than the baseline."""
    ours, theirs = (field_text(f"errors_{name}") for name in (system, compared.baseline))
    scored = [
        f"{field_text(f'errors_{name}')} is not empty"
        for name, lacking in compared.lacking.items()
        if lacking or outcome == "ties"
    ]
    asked = Query.from_pairs(query.pairs)
    parts = [f"({asked.where})"] if asked.where else []
    where = " && ".join([*parts, f"{ours} {OUTCOMES[outcome]} {theirs}", *scored])
    return replace(asked, where=where, sort=())


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
    if row.interval is None or row.wer is None:
        return None
    return whisker(row.interval.low, row.interval.high, row.wer, scale)
