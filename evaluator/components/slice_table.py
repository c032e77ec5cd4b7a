"""Slices drawn: a heat map of slices by systems that is a table; colour comes to the numbers, never instead of them.

Every number of a row is a link to exactly the utterances of its slice, those of a system worst first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparing.comparison_columns import points, span
from evaluator.comparing.slices import Cell, Slice, Slices
from evaluator.comparing.slices_report import caption
from explorer.components.cards import attributes, help_mark, icon
from explorer.formatting import EMPTY, count, percent
from explorer.querying.parameters import Parameters
from explorer.querying.query import Sort

DARKEST = 46
"""Percent of colour in the darkest cell: the text on it stays readable in both themes."""

HELP = (
    "A row is a part of the utterances, a column a system. Numbers are word error rates with their 95 % intervals; the "
    "darker, the higher. Click one to see and hear exactly these utterances, the system's worst first."
)
DELTA_HELP = (
    "WER of the system minus that of the baseline on the same utterances, in percentage points, with the 95 % interval "
    "(paired bootstrap). Blue and negative is better than the baseline, brown and positive is worse."
)

Href = Callable[[Slice, str], str]


def slice_table(found: Slices, place: Parameters, *, deltas: bool, tools: Sequence[Component]) -> Component:
    """The heat map of one slot; ``place`` is what links to utterances begin with, ``tools`` stand beside the title."""
    head = html.Div(
        [
            html.H2(f"{'Difference' if deltas else 'WER'} by {found.column.label}{_unit(found)}"),
            help_mark(DELTA_HELP if deltas else HELP),
            html.Div(list(tools), className="aside"),
        ],
        className="panel-head",
    )
    if not found.slices:
        return html.Section([head, html.Div(html.P(found.note), className="panel-body")], className="panel slices")
    shown = [system for system in found.systems if not (deltas and system == found.baseline)]
    scale = max(
        (abs(_height(part.cells[s], deltas)) for part in found.slices if not part.small for s in shown), default=0
    )
    columns = [html.Th("Slice", scope="col"), html.Th("Utterances, words", scope="col", className="num base")]
    columns += [html.Th(system, scope="col", className="num", title=system) for system in shown]

    def href(part: Slice, system: str) -> str:
        worst = (Sort(f"wer_{system}", descending=True),) if system else ()
        return place.plus(replace(part.query, sort=worst).pairs()).href("/utterances")

    def why_href(part: Slice) -> str:
        return place.replaced(baseline=found.baseline).plus(part.query.pairs()).href("/errors")

    rows = [_row(part, shown, deltas, scale, href, why_href) for part in (*found.slices, found.whole)]
    drawn = html.Table([html.Thead(html.Tr(columns)), html.Tbody(rows)], className="plain heat")
    region = attributes(role="region", aria_label=f"Error rates by {found.column.label}")
    notes = [found.note, _greyed(found), caption(found) if not deltas else _delta_caption(found)]
    return html.Section(
        [
            head,
            html.Div(drawn, className="table-scroll", tabIndex=0, **region),
            html.P(" ".join(filter(None, notes)), className="rates-key"),
        ],
        className="panel slices",
    )


def _unit(found: Slices) -> str:
    return f" ({found.column.unit or 's'})" if found.column.unit or found.column.style == "seconds" else ""


def _row(
    part: Slice, systems: Sequence[str], deltas: bool, scale: float, href: Href, why_href: Callable[[Slice], str]
) -> Component:
    name = dcc.Link(part.label, href=href(part, ""), title=f"See and hear these {count(part.utterances)} utterances")
    base = [html.B(count(part.utterances)), html.Span(count(part.words))]
    cells: list[Component] = [html.Td(base, className="num base", title="utterances, and reference words")]
    cells += [_cell(part, system, deltas, scale, href(part, system)) for system in systems]
    why = dcc.Link(
        [icon("bi-list-columns-reverse"), html.Span(f"Errors of {part.label}", className="visually-hidden")],
        href=why_href(part),
        className="heat-why",
        title=f"Which errors are made here: confusions, deletions and insertions of {part.label}",
    )
    grey = html.Span(part.small, className="badge-soft") if part.small else None
    names = " ".join(filter(None, ("too-small" if part.small else "", "whole" if part.label == "all" else "")))
    return html.Tr([html.Th([name, why, grey], scope="row"), *cells], className=names)


def _cell(part: Slice, system: str, deltas: bool, scale: float, href: str) -> Component:
    cell = part.cells[system]
    against = cell.difference
    if deltas:
        shown = EMPTY if against is None else points(against.delta)
        ends = span(against.interval, signed=True) if against else ""
    else:
        shown = EMPTY if cell.counts.rate is None else percent(cell.counts.rate)
        ends = span(cell.interval) if cell.interval else ""
    height = _height(cell, deltas)
    # The root keeps one bad system from making all others look alike.
    share = 0 if part.small or not scale else math.sqrt(min(1.0, abs(height) / scale))
    colour = "--insertion" if height < 0 else "--substitution"
    mixed = f"color-mix(in srgb, var({colour}) {share * DARKEST:.0f}%, transparent)"
    counts = cell.counts
    kinds = f"{count(counts.substitutions)} S, {count(counts.deletions)} D, {count(counts.insertions)} I"
    told = f"{system}, {part.label}: {count(counts.errors)} errors ({kinds}) in {count(counts.length)} words"
    link = dcc.Link([html.B(shown), html.Span(ends)], href=href, title=told)
    return html.Td(link, className="heat-cell", style={"background": mixed} if share else {})


def _height(cell: Cell, deltas: bool) -> float:
    """The number that the colour shows."""
    if deltas:
        return cell.difference.delta if cell.difference else 0.0
    return cell.counts.rate or 0.0


def _greyed(found: Slices) -> str:
    small = sum(bool(part.small) for part in found.slices)
    return f"{count(small)} of {count(len(found.slices))} slices are too small to say anything." if small else ""


def _delta_caption(found: Slices) -> str:
    return f"Differences from {found.baseline} in percentage points; negative is better. {caption(found)}"
